"""One day, in order. This is the only schedule: the Mesa face, the replications and the printed frame all use it."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.stages.aims import after_settling, cancel, close_aims, end_day
from sim.engine.stages.credit import lend
from sim.engine.stages.careers import careers, count_month, open_careers
from sim.engine.stages.customers import serve
from sim.engine.stages.facts import forget_period, look_at_facts, note_month
from sim.engine.stages.gaming import play
from sim.engine.stages.meeting import hold_meeting
from sim.engine.stages.mentoring import mentor_day
from sim.engine.stages.peers import meets_on
from sim.engine.stages.planning import plan
from sim.engine.stages.selling import attend, close_day, open_day
from sim.engine.stages.settling import between_days, record, settle_pay
from sim.engine.stages.work import work
from sim.engine.state import Full, Practice, State, World
from sim.policy.kernel import Schedules


STAGES = (               # number, name, what happens; the order is that of live_day below
    ("4", "morning", "with customers in full: the market moves, customers leave, contacts fall due, deals come up or are lost"),
    ("1", "meeting", "in the morning, if the policy says so and the rhythm calls for it"),
    ("2", "plan", "hours by activity, from expected pay, own motives, the norm of those who see (6) and the cost of effort"),
    ("3", "work", "contacts on four channels, accounts, leads of intermediaries and of the branch, learning"),
    ("1", "meeting", "at the day's end otherwise: questions answered, excuses spent, beliefs, leanings (6) and status revised"),
    ("4", "customers", "service contacts; satisfaction, irritation and churn catch up"),
    ("4", "customers in full", "in its place: contacts in the order of the standard, offers, deals, visitors; at the day's end margins accrue"),
    ("5", "credit", "applications, vetting and decisions; at a month's end interest, loan classes, collection and repayment"),
    ("7", "mentoring", "skill flows; errands of tomorrow are decided"),
    ("9", "gaming", "at a period's end: deals moved, false reports, accounts for the count"),
    ("8", "goals", "at a period's end: goals compared and moved, prizes and judged pay; every day: fatigue"),
    ("10", "month and quarter", "what the month came to is noted, then pay, line by line, at a period's end"),
    ("10", "careers", "at a month's end: grades, training, dismissal, quits, hand-over, hiring, rotation"),
)


@rule
def live_day(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64, day: int,
             f: Full | None) -> None:
    """Stages as numbered in docs/model.md.

    elements: the pay plan line by line. merged: the same pay, one schedule a measure, period and payee, for planning.
    f: None where no further part is in force (`further_parts`); the lines under it then are not compiled at all.
    """
    in_full = w.par.customer_detail > 0.0
    s.tally.number, s.tally.month = w.days[day].number, w.days[day].month
    if f is not None:
        if in_full:
            open_day(s, w, f, q, seed, day)               # 4 in the morning
        if q.par.remembers:
            look_at_facts(s, w, q, f, day)                # 10: what pay reads as it stands
        if day == 0:
            open_careers(s, w, q, elements)               # 10: what is at stake
    if meets_on(q, day) and q.par.meeting_first:
        hold_meeting(s, w, q, seed, day)                  # 1 in the morning
    plan(s, w, q, merged, seed, day, f)                   # 2 with 6: norms are read here
    work(s, w, q, seed, day)                              # 3
    if meets_on(q, day) and not q.par.meeting_first:
        hold_meeting(s, w, q, seed, day)                  # 1 in the evening, with 6: leanings are revised here
    if not in_full:
        serve(s, w, seed, day)                            # 4
    if f is not None:
        if in_full:
            attend(s, w, f, q, seed, day)                 # 4 with customers in full
            close_day(s, w, f, q, day)
        if w.lending.lending > 0.0:
            lend(s, w, q, seed, day)                      # 5
    mentor_day(s, w, q, day)                              # 7
    if f is not None:
        if q.par.remembers and w.days[day].month_ends:
            note_month(s, w, q, f, day)                   # 10
        if q.aims.on and w.days[day].month_ends:
            play(s, w, q, merged, seed, day)              # 9
            close_aims(s, w, q, seed, day)                # 8
            cancel(s, w, q, elements, day)                # 9
        count_month(s, w, q, day)                         # 10, before pay begins to count anew
    settle_pay(s, w, q, elements, day)                    # 10
    if f is not None and q.par.remembers and w.days[day].month_ends:
        forget_period(s, w, f, day)                       # 10
    if f is not None and q.aims.on:
        if w.days[day].month_ends:
            after_settling(s, w, day)                     # 8, 9: what is owed and felt
        end_day(s, w, q, day)                             # 8
    record(s, w, day)
    if f is not None:
        careers(s, w, f, q, elements, seed, day)          # 10, after pay
    between_days(s, w)
