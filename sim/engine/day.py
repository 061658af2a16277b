"""One day, in order. This is the only schedule: the Mesa face, the replications and the printed frame all use it."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.stages import (
    between_days, hold_meeting, meets_on, mentor_day, plan, record, serve, settle_pay, work,
)
from sim.engine.state import Practice, State, World
from sim.policy.kernel import Schedules


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
