"""Who meets when, who sees whom, and stage 6, peers: the norm of those who see, the leaning of those who are seen."""

from __future__ import annotations

from sim.compiled import rule
from sim.engine.state import Practice, State, World


@rule
def meets_on(q: Practice, day: int) -> bool:
    """Whether a meeting is held on this tick (0-based): every n ticks, the first on the n-th."""
    return q.par.every_days > 0 and (day + 1) % q.par.every_days == 0


@rule
def sees(s: State, q: Practice, i: int, j: int) -> bool:
    """Whether i sees the results of j: as the policy lists, or as one of a pair."""
    return q.visible[i, j] > 0.0 or (q.par.pairs_visible and (s.managers[i].mentor == j or s.managers[j].mentor == i))


@rule
def mean_of_colleagues(s: State, q: Practice, i: int, of_seers: bool, nobody: float) -> float:
    """Status-weighted mean over colleagues: effort of those who see i, or leaning of those whom i sees; `nobody` if there are none."""
    total, weight = 0.0, 0.0
    for j in range(len(s.managers)):
        if j != i and (sees(s, q, j, i) if of_seers else sees(s, q, i, j)):
            total += s.managers[j].status * (s.managers[j].effort if of_seers else s.managers[j].leaned)
            weight += s.managers[j].status
    return total / weight if weight > 0.0 else nobody


@rule
def norm_of(s: State, w: World, q: Practice, i: int) -> float:
    """The effort expected of i: status-weighted mean of those who see i (E08: only they pull), the mentor's with a weight of its own;
    -1: none."""
    norm = mean_of_colleagues(s, q, i, True, -1.0)
    if s.managers[i].mentor >= 0 and w.par.mentor_norm_weight > 0.0:
        mentor = s.managers[s.managers[i].mentor].effort
        norm = mentor if norm < 0.0 else norm + w.par.mentor_norm_weight * (mentor - norm)
    return norm
