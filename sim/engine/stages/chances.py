"""What a contact promises: pools, chances, and what an account is worth to a manager besides pay."""

from __future__ import annotations

import math

import numpy as np

from sim.compiled import rule
from sim.engine.state import INTERMEDIARIES, SHARED
from sim.engine.streams import normal, uniform
from sim.policy.kernel import QUARTER
from sim.rules.peers import leaning_factor
from sim.rules.prospecting import blocked, conversion, mean_contacts, partner_worth, reach


@rule
def pool_row(i: int, k: int, n: int) -> int:
    """The pool that manager i works on channel k: one's own, or the branch's."""
    return n if SHARED[k] else i


@rule
def reached(m: np.record, k: int, hours: float, eta: float) -> float:
    """What hours on activity k bring, in first hours; kept beside the hours, since a day asks more than once."""
    if hours != m.reach_of[k]:
        m.reach_of[k], m.reach[k] = hours, reach(hours, eta)
    return m.reach[k]


@rule
def fresh_share(pool: np.record, par: np.record) -> float:
    """Share of the pool not worked lately; 1 when saturation is switched off."""
    size = pool.available + pool.worked + pool.won
    if size <= 0.0:
        return 0.0
    return 1.0 - par.saturation * (1.0 - pool.available / size)


@rule
def unblocked(m: np.record, k: int, par: np.record) -> float:
    """Share of conversion that open problems on channel k leave; kept beside them, as `reached` is."""
    if m.problems[k] != m.clear_of[k]:
        m.clear_of[k], m.clear[k] = m.problems[k], blocked(m.problems[k], par.problem_block)
    return m.clear[k]


@rule
def chance(m: np.record, k: int, channel: np.record, par: np.record) -> float:
    """Chance that a contact of manager m on channel k converts, before what the customer adds."""
    p = conversion(m.skill[k], channel.unskilled, channel.skilled) * m.talent * unblocked(m, k, par)
    if k != INTERMEDIARIES:
        p *= m.lure                                     # a price cut
    return min(par.most_chance, p * (1.0 - par.dependence_effect * m.dependence))


@rule
def partner_chance(m: np.record, par: np.record) -> float:
    """Chance that a lead from an intermediary becomes an account."""
    p = conversion(m.skill[INTERMEDIARIES], par.partner_unskilled, par.partner_skilled) * m.talent
    p *= unblocked(m, INTERMEDIARIES, par)
    return min(par.most_chance, p * (1.0 - par.dependence_effect * m.dependence))


@rule
def intrinsic_worth(m: np.record, person: np.record, par: np.record) -> float:
    """What an account is worth to a manager besides pay, CNY: motives, leaning, dependence, accountability."""
    own = person.intrinsic * m.motive * leaning_factor(m.leaning, par.lean_effect) * m.zest
    return own * (1.0 - par.dependence_effect * m.dependence) + m.pressure


@rule
def promise(m: np.record, k: int, channel: np.record, pool: np.record, par: np.record, rules: np.record,
            today: np.record) -> float:
    """Accounts that a first hour on channel k promises today, as skill has it (the manager's belief comes on top)."""
    if rules.attention[k] <= 0.0:
        return 0.0
    pace = mean_contacts(1.0, channel.pace, fresh_share(pool, par)) * rules.access[k]
    p = chance(m, k, channel, par)
    if k == INTERMEDIARIES:
        p *= partner_worth(par.partner_leads, par.partner_fade, max(1.0, today.left[QUARTER])) * partner_chance(m, par)
    return pace * p * today.demand


@rule
def spread(key: np.uint64, sd: float) -> float:
    """A factor drawn under a key: lognormal with mean 1 and this standard deviation of its logarithm."""
    return math.exp(sd * normal(uniform(key, 0)) - 0.5 * sd * sd)
