"""What managers achieve under a plan, period by period, as its schedules read it; and the warnings that follow."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from sim.experiments.simulate import check_numbers
from sim.policy import Element, LinearSchedule, Policy
from sim.policy.facts import Along, along, is_fixed
from sim.policy.lint import PlanWarning, Reached, known_codes, warnings_of, word
from sim.policy.payment import Crediting, Terms
from sim.world import Calendar, Scenario, check_fit
from sim.world.fit import counted, marks_beyond

QUICK = 50               # replications: enough for a median, and done in a second
SCALE = 1e6              # CNY a unit, so that rounding to the fen loses nothing
WHOLE = 0.85             # of an average period's days: less is a period cut short
DAYS = {"month": 365.25 / 12, "quarter": 365.25 / 4, "half_year": 365.25 / 2, "year": 365.25}


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
    known = simulated_part(policy, scenario)
    drawn = {name: found for name, element in known.pay.items() if (found := along(element)) is not None and _is_counted(found)}
    beyond = Reached(np.array([]), np.nan, how=word("given"), simulated=False)
    if drawn:
        check_fit(scenario, known)
    how = word("simulated", replications=replications, seed=seed, scenario=scenario.title)
    groups: dict[tuple[str, str, str], Reached] = {}
    results: dict[str, Reached] = {}
    for name, element in policy.pay.items():
        if name not in drawn:
            if not is_fixed(element):
                results[name] = beyond
            continue
        key = (drawn[name].reading.measure, element.period, element.payee)
        if key not in groups:
            each = _paid(known, scenario, _probe(*key, rate=SCALE), replications, seed)
            alone = element.payee == "self"
            shares = np.full_like(each, SCALE) if alone else _paid(known, scenario, _probe(*key, floor=SCALE), replications, seed)
            members = SCALE / shares.mean() if shares.size else np.nan
            groups[key] = Reached(np.round(each / shares, 6), float(members), how)
        results[name] = groups[key]
    return results


def simulated_part(policy: Policy, scenario: Scenario) -> Policy:
    """The policy with the elements that can be simulated in the scenario, unless they refer to others; terms for the whole plan are left aside,
    and rules about people where they ask for what nobody counts."""
    from sim.policy.schedule import not_simulated

    asked = {place.split(".")[1] for place, _ in not_simulated(policy, counted(scenario)) if place.startswith("stand_ins.")}
    policy = policy.model_copy(update={"stand_ins": {name: by for name, by in policy.stand_ins.items() if name not in asked}})
    if any(marks_beyond(scenario, policy)):
        policy = policy.model_copy(update={"people": None})
    places = [place for place, _ in not_simulated(policy, counted(scenario))]
    pay = {name: element for name, element in policy.pay.items()
           if not any(place == f"pay.{name}" or place.startswith(f"pay.{name}.") for place in places)}
    while linked := [name for name, element in pay.items() if any(other not in pay for other in _others(element))]:
        pay = {name: element for name, element in pay.items() if name not in linked}
    return policy.model_copy(update={"pay": pay, "overrides": (), "terms": Terms(), "crediting": Crediting()})


def _others(element: Element) -> tuple[str, ...]:
    """The elements that one refers to."""
    carried = element.payment.carry_over if element.payment else None
    return (*(element.less or ()), *(carried or ()))


def _is_counted(found: Along) -> bool:
    """Whether what an element is drawn against is a count of the whole period."""
    return found.by == "units" and found.per is None and found.reading.over == "period" and not found.reading.annualised


def _probe(measure: str, period: Any, payee: Any, rate: float = 0.0, floor: float | None = None) -> Element:
    """An element that pays by the unit, or the same to every group, over this measure and period to this payee."""
    return Element(measure=measure, period=period, payee=payee, floor=floor, schedule=LinearSchedule(kind="linear", rate=rate))


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
    """Places among the calendar's months of those in which a whole period ends."""
    places: np.ndarray = getattr(line, period)
    ends = np.flatnonzero(getattr(line, f"last_of_{period}"))
    enough = WHOLE * DAYS[period] * (1.0 if line.spec.weekends else 5 / 7)
    return [int(line.month[end]) for end in ends if np.sum(places == places[end]) >= enough]
