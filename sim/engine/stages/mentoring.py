"""Stage 7, mentoring: teaching, errands, dependence."""

from __future__ import annotations

import numpy as np

from sim.compiled import rule
from sim.engine.stages.chances import intrinsic_worth
from sim.engine.state import SERVICE, Practice, State, World
from sim.rules.mentoring import dependence_after, errand_share, taught


@rule
def mentor_day(s: State, w: World, q: Practice, day: int) -> None:
    """Knowledge flows to the mentee; the mentor decides how much of tomorrow the mentee spends on errands."""
    for i in range(len(s.managers)):
        j = s.managers[i].mentor
        if j < 0:
            s.managers[i].dependence = dependence_after(s.managers[i].dependence, 0.0, w.par.dependence_growth, w.par.dependence_recovery)
            continue
        hours = q.par.mentoring_hours * (1.0 - s.managers[i].errands)
        for k in range(SERVICE):
            s.managers[i].skill[k] = taught(s.managers[i].skill[k], s.managers[j].skill[k], hours, w.par.teach_rate, w.par.teach_harm)
        s.managers[i].dependence = dependence_after(s.managers[i].dependence, s.managers[i].errands, w.par.dependence_growth, w.par.dependence_recovery)
        mentor, mentee = s.managers[j], s.managers[i]
        mine = w.par.errand_efficiency * best_promise(mentor) * (mentor.worth + intrinsic_worth(mentor, s.people[j], w.par))
        theirs = best_promise(mentee) * (w.par.mentor_regard + mentor.worth_of_mentee)
        mentee.errands = errand_share(mine, theirs, w.par.errand_most)


@rule
def best_promise(m: np.record) -> float:
    """Accounts that an hour on the manager's best channel promised this morning."""
    best = 0.0
    for k in range(SERVICE):
        best = max(best, m.promised[k])
    return best
