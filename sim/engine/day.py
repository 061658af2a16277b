"""One day, in order. This is the only schedule: the Mesa face, the replications and the printed frame all use it.

A stage has a number, by which places between two stages can be named; replications live all of them in one compiled loop.
"""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.stages.aims import after_settling, cancel, close_aims, end_day
from sim.engine.stages.books import keep_ledger
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


STAGES = (               # number, name, what happens; the order of a day
    ("4", "morning", "with customers in full: the market moves, customers leave, contacts fall due, deals come up or are lost"),
    ("1", "morning meeting", "in the morning, if the policy says so and the rhythm calls for it"),
    ("2", "plan", "hours by activity, from expected pay, own motives, the norm of those who see (6) and the cost of effort"),
    ("3", "work", "contacts on four channels, accounts, leads of intermediaries and of the branch, learning"),
    ("1", "evening meeting", "at the day's end otherwise: questions answered, excuses spent, beliefs, leanings (6) and status revised"),
    ("4", "customers", "service contacts; satisfaction, irritation and churn catch up. In full: contacts in the order of the standard, "
                       "offers, deals, visitors, margins. At a month's end: what deposits and products brought"),
    ("5", "credit", "applications, vetting and decisions; at a month's end interest, loan classes, collection and repayment"),
    ("7", "mentoring", "skill flows; errands of tomorrow are decided"),
    ("9", "gaming", "at a period's end: what the month came to is noted; deals moved, false reports, accounts for the count"),
    ("8", "goals", "at a period's end: goals compared and moved, prizes and judged pay"),
    ("10", "pay", "line by line, at a period's end, less what is cancelled for false reports (9)"),
    ("8", "close", "pay against what one is used to, fatigue; the day is recorded"),
    ("10", "careers", "at a month's end: grades, training, dismissal, quits, hand-over, hiring, rotation"),
    ("1", "night", "pressure fades, some problems solve themselves, settled beliefs grow a little uncertain again"),
)
(MORNING, MORNING_MEETING, PLAN, WORK, EVENING_MEETING, CUSTOMERS, CREDIT, MENTORING, GAMING, GOALS, PAY, CLOSE, CAREERS,
 NIGHT) = range(len(STAGES))


@rule
def live_stage(stage: int, s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64, day: int,
               f: Full | None) -> None:
    """One stage of a day, whether or not there is anything to do in it.

    elements: the pay plan line by line. merged: the same pay, one schedule a measure, period and payee, for planning.
    f: None where no further part is in force (`further_parts`); the lines under it then are not compiled at all.
    """
    in_full = w.par.customer_detail > 0.0
    if stage == MORNING:
        s.tally.number, s.tally.month = w.days[day].number, w.days[day].month
        if f is not None:
            if in_full:
                open_day(s, w, f, q, seed, day)
            if q.par.remembers:
                look_at_facts(s, w, q, f, day)                # what pay reads as it stands
            if day == 0:
                open_careers(s, w, q, elements)               # what is at stake
    elif stage == MORNING_MEETING:
        if meets_on(q, day) and q.par.meeting_first:
            hold_meeting(s, w, q, seed, day)
    elif stage == PLAN:
        plan(s, w, q, merged, seed, day, f)                   # with 6: norms are read here
    elif stage == WORK:
        work(s, w, q, seed, day)
    elif stage == EVENING_MEETING:
        if meets_on(q, day) and not q.par.meeting_first:
            hold_meeting(s, w, q, seed, day)                  # with 6: leanings are revised here
    elif stage == CUSTOMERS:
        if not in_full:
            serve(s, w, day)
        if f is not None:
            if in_full:
                attend(s, w, f, q, seed, day)
                close_day(s, w, f, q, day)
        if w.days[day].month_ends:
            keep_ledger(s, w, day)                            # what deposits and products brought
    elif stage == CREDIT:
        if f is not None:
            if w.lending.lending > 0.0:
                lend(s, w, q, seed, day)
    elif stage == MENTORING:
        mentor_day(s, w, q, day)
    elif stage == GAMING:
        if f is not None:
            if q.par.remembers and w.days[day].month_ends:
                note_month(s, w, q, f, day)
            if q.aims.on and w.days[day].month_ends:
                play(s, w, q, merged, seed, day, f)
    elif stage == GOALS:
        if f is not None:
            if q.aims.on and w.days[day].month_ends:
                close_aims(s, w, q, seed, day)
    elif stage == PAY:
        if f is not None:
            if q.aims.on and w.days[day].month_ends:
                cancel(s, w, q, elements, day)
            count_month(s, w, q, day)                         # for careers, before pay begins to count anew
        settle_pay(s, w, q, elements, day)
        if f is not None:
            if q.par.remembers and w.days[day].month_ends:
                forget_period(s, w, f, day)
    elif stage == CLOSE:
        if f is not None:
            if q.aims.on:
                if w.days[day].month_ends:
                    after_settling(s, w, day)                 # what is owed and felt
                end_day(s, w, q, day)
        record(s, w, day)
    elif stage == CAREERS:
        if f is not None:
            careers(s, w, q, elements, seed, day, f)
    else:
        between_days(s, w)


@rule
def live_stages(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64, day: int, f: Full | None,
                first: int, last: int) -> None:
    """The stages of a day from `first` up to, and without, `last`, by their places in `STAGES`."""
    for stage in range(first, last):
        live_stage(stage, s, w, q, elements, merged, seed, day, f)


@rule
def live_day(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64, day: int,
             f: Full | None) -> None:
    """A whole day."""
    live_stages(s, w, q, elements, merged, seed, day, f, 0, len(STAGES))
