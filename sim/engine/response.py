"""The planner by itself: one manager's best response to a pay plan, without a branch around it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.engine.planner import NOBODY, Person, plan_effort
from sim.engine.prepare import new_desk
from sim.engine.state import OUTLOOK, PAY_MEASURES, SERVICE, SERVICE_CONTACTS, rows
from sim.policy.kernel import FURTHER, Schedules
from sim.policy.schedule import pay_tables
from sim.policy.schema import Policy

FINE_LEVELS, FINE_REFINEMENTS = 200, 60


class Response(NamedTuple):
    """effort: hours a day, in all. hours: by activity. utility: certainty equivalent of pay less the cost of effort and
    what else the planner weighs, CNY a day."""

    effort: float
    hours: np.ndarray
    utility: float


def best_response(
    policy: Policy | tuple[Schedules, Schedules], productivity: float | Sequence[float] = 1.0, *, cost: float = 1.0,
    gamma: float = 2.0, eta: float = 1.0, own_worth: float | Sequence[float] = 0.0, capacity: float = 1e6, done: float = 0.0,
    days_left: float = 1.0, noise_sd: float | None = None, risk: float = 0.0, group: int = 1, others: float = 0.0,
    norm: float | None = None, below: float = 0.0, above: float = 0.0, imposed: float = 0.0,
    levels: int = FINE_LEVELS, refinements: int = FINE_REFINEMENTS,
) -> Response:
    """Effort that maximises utility under the policy's pay, by the very planner the simulation uses.

    policy: or its tables (`pay_tables`), where many calls share them. productivity: accounts from the first hour (one
    activity), or of each activity in the order of `sim.engine.state.ACTIVITIES`. cost, gamma: of effort, c E^gamma / gamma in CNY
    a day. eta: returns to hours. own_worth: CNY an account besides pay. done: accounts so far in the period, days_left to its
    end; units of a joint line's other measure count from nothing likewise. noise_sd: standard deviation of a day's accounts where they are normal; None counts them (Poisson). risk: 1/CNY.
    group: people who share a team's pay, others: accounts a day they bring together. norm, below, above: see
    `sim.rules.effort.norm_pull`. imposed: hours a day taken. levels, refinements: fineness of the search.
    """
    merged = (pay_tables(policy, PAY_MEASURES) if isinstance(policy, Policy) else policy)[1]
    desk, outlook = new_desk(merged), rows(OUTLOOK, merged.lines[0].count)
    theta = np.atleast_1d(np.asarray(productivity, dtype=np.float64))
    desk.theta[: len(theta)] = theta
    own = np.atleast_1d(np.asarray(own_worth, dtype=np.float64))
    desk.own_worth[: len(own) if len(own) > 1 else None] = own
    desk.yields[:SERVICE, 0] = 1.0
    desk.yields[SERVICE, SERVICE_CONTACTS] = 1.0
    lines = merged.lines[: merged.lines[0].count]
    mine = lines.joint != FURTHER
    outlook.done, outlook.others, outlook.left, outlook.scale = done * mine, others * mine, days_left, 1.0
    outlook.share = np.where(lines.own, 1.0, 1.0 / group) * lines.weight
    outlook.factor = 1.0                                      # nobody's target differs from the plan's
    outlook.rest, outlook.month, outlook.year, outlook.ends = 1.0, done * mine, done * mine, 12.0
    outlook.sd = 0.0 if noise_sd is None else max(noise_sd, 1e-12)      # 0 is the code for counts
    person = Person(cost, gamma, eta, imposed, capacity, norm or 0.0, below if norm is not None else 0.0,
                    above if norm is not None else 0.0, NOBODY, 0.0, risk, 0.0)
    effort, utility = plan_effort(merged, desk, outlook, person, levels, refinements)
    return Response(float(effort), np.array(desk.split) * effort, float(utility))
