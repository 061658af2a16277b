"""From a policy's goals, contests, judged pay, controls and prices to numbers; and whether any of stages 8 and 9 is in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.engine.state import AIMS, PAY_MEASURES, rows
from sim.errors import InputError, nearest
from sim.policy.kernel import plan_row
from sim.policy.schedule import pay_tables

if TYPE_CHECKING:
    from sim.policy.schema import Policy
    from sim.world.scenario import Scenario

PERIODS = {"month": 0, "quarter": 1}
# Parameters of stages 8 and 9 that act without a practice, each with the value at which it is idle.
BY_THEMSELVES = {"fatigue_growth": 0.0, "reference_effect": 0.0, "crowding": 0.0, "movable_days": 0.0, "false_most": 0.0, "dormant_most": 0.0}


def aims_of(policy: Policy, scenario: Scenario) -> np.record:
    """The record `AIMS`."""
    practices, aims = policy.practices, rows(AIMS, 1)[0]
    goals, contest, discretion = practices.goals, practices.contest, practices.discretion
    aims.goal_measure = aims.contest_measure = aims.judged_measure = -1
    if goals:
        aims.goal_measure, aims.goal_period = _measure(policy, "goals", goals.measure), PERIODS[goals.period]
        aims.goal_level, aims.goal_ratchet, aims.participation = goals.level, goals.ratchet, goals.say
    if contest:
        aims.contest_measure, aims.contest_period = _measure(policy, "contest", contest.measure), PERIODS[contest.period]
        aims.prizes, aims.league_table = len(contest.prizes), contest.league_table
        aims.prize[:len(contest.prizes)] = contest.prizes
    if discretion:
        aims.judged_measure, aims.judged_period = _measure(policy, "discretion", discretion.measure), PERIODS[discretion.period]
        aims.judged_amount = discretion.amount
    if practices.controls:
        aims.audit, aims.fine, aims.cancels = practices.controls.audit, practices.controls.fine, practices.controls.cancels
        if aims.cancels and scenario.effective("false_most") > 0.0 and plan_row(pay_tables(policy, PAY_MEASURES)[0]).timed:
            raise InputError(policy.files[0] if policy.files else policy.name, "practices.controls.cancels",
                             found="pay cancelled for a false report, beside pay over time", expected="pay that is paid at once, or `cancels: false`")
    discounts = scenario.effective("discount_response") > 0.0
    if practices.pricing and discounts:
        aims.authority = practices.pricing.authority
    aims.on = bool(goals or contest or discretion or aims.authority > 0.0 or any(
        scenario.effective(name) != idle for name, idle in BY_THEMSELVES.items()))
    return aims


def _measure(policy: Policy, practice: str, measure: str) -> int:
    """The place of a measure among those that a simulated branch counts."""
    if measure not in PAY_MEASURES:
        file = policy.files[0] if policy.files else policy.name
        raise InputError(file, f"practices.{practice}.measure", found=f"`{measure}`", hint=nearest(measure, PAY_MEASURES),
                         expected="a measure that a simulated branch counts: " + ", ".join(PAY_MEASURES))
    return PAY_MEASURES.index(measure)
