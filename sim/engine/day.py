"""One day, in order. This is the only schedule: the Mesa face, the replications and the printed frame all use it."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.stages.customers import serve
from sim.engine.stages.meeting import hold_meeting
from sim.engine.stages.mentoring import mentor_day
from sim.engine.stages.peers import meets_on
from sim.engine.stages.planning import plan
from sim.engine.stages.settling import between_days, record, settle_pay
from sim.engine.stages.work import work
from sim.engine.state import Practice, State, World
from sim.policy.kernel import Schedules


STAGES = (               # number, name, what happens; the order is that of live_day below
    ("1", "meeting", "in the morning, if the policy says so and the rhythm calls for it"),
    ("2", "plan", "hours by activity, from expected pay, own motives, the norm of those who see (6) and the cost of effort"),
    ("3", "work", "contacts on four channels, accounts, leads of intermediaries and of the branch, learning"),
    ("1", "meeting", "at the day's end otherwise: questions answered, excuses spent, beliefs, leanings (6) and status revised"),
    ("4", "customers", "service contacts; satisfaction, irritation and churn catch up"),
    ("7", "mentoring", "skill flows; errands of tomorrow are decided"),
    ("10", "month and quarter", "pay, line by line, at a period's end"),
)


@rule
def live_day(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64, day: int) -> None:
    """Stages as numbered in docs/model.md; 5 (credit), 8 (goals) and 9 (gaming) have their numbers kept for them.

    elements: the pay plan line by line. merged: the same pay, one schedule a measure, period and payee, for planning.
    """
    if meets_on(q, day) and q.par.meeting_first:
        hold_meeting(s, w, q, seed, day)                  # 1 in the morning
    plan(s, w, q, merged, seed, day)                      # 2 with 6: norms are read here
    work(s, w, q, seed, day)                              # 3
    if meets_on(q, day) and not q.par.meeting_first:
        hold_meeting(s, w, q, seed, day)                  # 1 in the evening, with 6: leanings are revised here
    serve(s, w, seed, day)                                # 4
    mentor_day(s, w, q, day)                              # 7
    settle_pay(s, w, q, elements, day)                    # 10
    record(s, w, day)
    between_days(s, w)
