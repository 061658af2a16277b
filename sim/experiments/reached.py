"""What managers achieve under a plan, period by period, as its schedules read it; and the warnings that follow."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from sim.experiments.simulate import check_numbers
from sim.policy import Element, LinearSchedule, Policy
from sim.policy.facts import along, is_fixed
from sim.policy.lint import PlanWarning, Reached, known_codes, warnings_of, word
from sim.world import Calendar, Scenario, check_fit

QUICK = 50               # replications: enough for a median, and done in a second
SCALE = 1e6              # CNY a unit, so that rounding to the fen loses nothing
WHOLE = 0.85             # of an average month's or quarter's days: less is a period cut short
DAYS = {"month": 365.25 / 12, "quarter": 365.25 / 4}
BEYOND = ("credit", "credit_cap", "windfall", "ramp", "prorated", "less", "in_force", "budget", "split", "payment")   # not simulated


def lint(policy: Policy, scenario: Scenario | None = None, disable: Collection[str] = (), replications: int = QUICK,
         seed: int = 1) -> list[PlanWarning]:
    """Warnings about a policy. With a scenario also those that need to know what people would achieve in it.

    disable: codes of warnings to leave out. Errors: InputError, for instance if the policy does not fit the scenario.
    """
    known_codes(disable)                                 # before the wait
    return warnings_of(policy, reached(policy, scenario, replications, seed) if scenario else None, disable)


def reached(policy: Policy, scenario: Scenario, replications: int = QUICK, seed: int = 1) -> dict[str, Reached]:
    """Simulated results by element: one number a replication, manager and whole period of the calendar.

    Managers plan by the policy's pay, while payroll is made to pay for each unit alone; what it pays tells the units. Elements
    that the simulation does not know are left out of the policy, and say so (`simulated` is False).
    """
    check_numbers(replications, seed, 1)
    order = list(policy.pay)
    known = {name: element for name, element in policy.pay.items() if is_simulated(element)}
    found = {name: Reached(np.array([]), np.nan, how=word("given"), simulated=False) for name, element in policy.pay.items()
             if name not in known and not is_fixed(element)}
    if not any(element.measure for element in known.values()):
        return found
    policy = policy.model_copy(update={"pay": known})
    check_fit(scenario, policy)
    how = word("simulated", replications=replications, seed=seed, scenario=scenario.title)
    groups: dict[tuple[str, str, str], Reached] = {}
    for element in known.values():
        key = (element.measure or "", element.period, element.payee)
        if element.measure and key not in groups:
            each = _paid(policy, scenario, _probe(element, rate=SCALE), replications, seed)
            alone = element.payee == "self"
            shares = np.full_like(each, SCALE) if alone else _paid(policy, scenario, _probe(element, floor=SCALE), replications, seed)
            members = SCALE / shares.mean() if shares.size else np.nan
            groups[key] = Reached(np.round(each / shares, 6), float(members), how)
    tried = {name: groups[element.measure, element.period, element.payee] for name, element in known.items() if element.measure}
    return {name: each for name in order if (each := tried.get(name) or found.get(name))}


def is_simulated(element: Element) -> bool:
    """Whether the simulation knows what an element pays: fixed pay, or pay by one measure that it counts, by month or quarter,
    and at once.
    """
    from sim.engine.state import PAY_MEASURES
    from sim.policy.schedule import PERIODS

    drawn = along(element)
    if drawn is None:
        return element.period in PERIODS
    alone = (drawn.by == "units" and not drawn.others and drawn.per is None and drawn.reading.over == "period"
             and not drawn.reading.annualised and element.measure in PAY_MEASURES)
    ruled = element.target is not None and (element.target.rent is not None or element.target.value is None)
    return alone and not ruled and element.period in PERIODS and not any(getattr(element, key) is not None for key in BEYOND)


def _probe(element: Element, rate: float = 0.0, floor: float | None = None) -> Element:
    """An element that pays by the unit, or the same to every group, over the same measure, period and payee."""
    return Element(measure=element.measure, period=element.period, payee=element.payee, floor=floor,
                   schedule=LinearSchedule(kind="linear", rate=rate))


def _paid(policy: Policy, scenario: Scenario, probe: Element, replications: int, seed: int) -> np.ndarray:
    """What payroll would pay for the probe, CNY, one number a replication, manager and whole period."""
    from sim.engine.prepare import practice_of, world_of
    from sim.engine.run import branch_seeds, run_branch
    from sim.engine.state import PAY_MEASURES
    from sim.policy.schedule import pay_tables

    _, planned = pay_tables(policy, PAY_MEASURES)
    paid, _ = pay_tables(policy.model_copy(update={"pay": {"probe": probe}, "overrides": ()}), PAY_MEASURES)
    months = ends_of_whole_periods(scenario.timeline, probe.period)
    runs = (run_branch(world_of(scenario, branch), practice_of(policy, scenario, branch), paid, planned,
                       branch_seeds(seed, range(replications), branch)) for branch in scenario.branches)
    return np.concatenate([run.months[:, months, :].ravel() for run in runs]) / 100.0


def ends_of_whole_periods(line: Calendar, period: str) -> list[int]:
    """Places among the calendar's months of those in which a whole month or quarter ends."""
    places = line.month if period == "month" else line.quarter
    ends = np.flatnonzero(line.last_of_month if period == "month" else line.last_of_quarter)
    enough = WHOLE * DAYS[period] * (1.0 if line.spec.weekends else 5 / 7)
    return [int(line.month[end]) for end in ends if np.sum(places == places[end]) >= enough]
