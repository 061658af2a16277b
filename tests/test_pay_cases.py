"""Pay worked out by hand, case by case (tests/pay_cases/*.yaml), against payroll on records and payroll in the simulation.

A case: name, policy (of the library), period (a month or quarter), input (results of the period, a list by month; of one payee, or of
several by name, with team and mentor) and output (CNY by element over the period, and pay, their sum).
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

import sim
from sim.engine.prepare import new_state, practice_of, world_of
from sim.engine.stages.settling import line_of
from sim.engine.state import PAY_MEASURES
from sim.payroll.statement import statements
from sim.policy import Policy, list_policies
from sim.policy.exact import SCALE
from sim.policy.kernel import MONTH, QUARTER, to_fen
from sim.policy.schedule import pay_tables
from sim.reading import resource_folder

FOLDER = Path(__file__).parent / "pay_cases"
CASES = [pytest.param(case, id=f"{file.stem}: {case['name']}") for file in sorted(FOLDER.glob("*.yaml"))
         for case in yaml.safe_load(file.read_text(encoding="utf-8"))]
ONE = "the payee"
LETTERS = "ABCDEFG"


def policy_of(case: dict[str, Any]) -> Policy:
    name = case["policy"]
    return sim.load_policy(resource_folder("policies") / f"{name}.yaml" if "/" in name else name)


def months_of(period: str) -> list[str]:
    if "Q" not in period:
        return [period]
    year, quarter = period.split("-Q")
    return [f"{year}-{3 * int(quarter) - 2 + k:02d}" for k in range(3)]


def people_of(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    several = isinstance(next(iter(case["input"].values())), dict)
    return case["input"] if several else {ONE: case["input"]}


def results_of(person: dict[str, Any], period: str) -> dict[str, list[float]]:
    """By measure, month by month."""
    found = {name: value if isinstance(value, list) else [value] for name, value in person.items() if name not in ("team", "mentor")}
    assert all(len(values) == len(months_of(period)) for values in found.values())
    return found


def expected(case: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Fen by person and element, `pay` among them."""
    output = case["output"] if ONE not in people_of(case) else {ONE: case["output"]}
    return {who: {name: int(Decimal(str(amount)) * 100) for name, amount in lines.items()} for who, lines in output.items()}


def on_records(case: dict[str, Any]) -> dict[str, dict[str, int]]:
    """What statements say: exact numbers throughout."""
    people = people_of(case)
    table = pd.DataFrame({"person": list(people), "team": [p.get("team", "one team") for p in people.values()],
                          "mentor": [p.get("mentor", "") for p in people.values()]})
    rows = [(who, month, measure, int(Decimal(str(value)) * SCALE)) for who, person in people.items()
            for measure, values in results_of(person, case["period"]).items()
            for month, value in zip(months_of(case["period"]), values, strict=True)]
    found = statements(policy_of(case), table, pd.DataFrame(rows, columns=["person", "month", "measure", "value"]))
    lines = found.frame.groupby(["person", "element"], observed=True)["amount"].sum()
    pay = found.totals().set_index("person")["amount"]
    return {who: {**lines[who].to_dict(), "pay": int(pay[who])} for who in people}


def in_the_simulation(case: dict[str, Any]) -> dict[str, dict[str, int]]:
    """What the branch of the simulation pays when its counters stand at these results: floats, rounded line by line.

    A branch is one team, so each team of the case is settled as a branch.
    """
    policy, people = policy_of(case), people_of(case)
    teams = dict.fromkeys(p.get("team", "one team") for p in people.values())
    return {who: lines for team in teams
            for who, lines in _branch(policy, {w: p for w, p in people.items() if p.get("team", "one team") == team}, case["period"]).items()}


def _branch(policy: Policy, people: dict[str, dict[str, Any]], period: str) -> dict[str, dict[str, int]]:
    scenario = sim.load_scenario("changzhou-2015")
    branch = next(iter(scenario.branches))
    scenario = scenario.with_changes({f"branches.{branch}.managers.{name}": None for name in LETTERS[len(people):]})
    lines, planned = pay_tables(policy, PAY_MEASURES)
    world = world_of(scenario, branch)
    state, practice = new_state(world, lines, planned), practice_of(sim.load_policy("fixed-pay"), scenario, branch)
    practice.par.bundled = policy.practices.mentor_pairing.bundled
    names = list(people)
    for i in range(len(people)):
        state.managers[i].mentor, state.managers[i].mentee = -1, -1
    for i, person in enumerate(people.values()):
        if "mentor" in person and policy.practices.mentor_pairing.rule != "none":
            state.managers[i].mentor = names.index(person["mentor"])
            state.managers[names.index(person["mentor"])].mentee = i
    paid = {who: dict.fromkeys((n for n, e in policy.pay.items() if "Q" in period or e.period == "month"), 0) for who in people}
    months = months_of(period)
    for t, month in enumerate(months):
        for i, person in enumerate(people.values()):
            for measure, values in results_of(person, period).items():
                units = state.managers[i].period_units[PAY_MEASURES.index(measure)]
                units[MONTH], units[QUARTER] = values[t], sum(values[: t + 1])
        for e, (name, element) in enumerate(policy.pay.items()):
            if element.period == "month" or int(month[-2:]) % 3 == 0 and len(months) == 3:
                for i, who in enumerate(people):
                    paid[who][name] += to_fen(line_of(state, practice, lines, e, i))
    return {who: {**found, "pay": sum(found.values())} for who, found in paid.items()}


@pytest.mark.parametrize("case", CASES)
def test_payroll_on_records_pays_what_was_worked_out_by_hand(case) -> None:
    assert on_records(case) == expected(case)


@pytest.mark.parametrize("case", CASES)
def test_payroll_in_the_simulation_pays_it_within_a_fen_a_line(case) -> None:
    """A share of a group's pay is rounded for each member there, so that a fen may be lost or gained."""
    found, right = in_the_simulation(case), expected(case)
    assert {who: set(lines) for who, lines in found.items()} == {who: set(lines) for who, lines in right.items()}
    for who, lines in right.items():
        for name, fen in lines.items():
            assert abs(found[who][name] - fen) <= (1 if name != "pay" else len(lines) - 1)


def test_every_case_adds_up() -> None:
    for parameter in CASES:
        for lines in expected(parameter.values[0]).values():
            assert sum(fen for name, fen in lines.items() if name != "pay") == lines["pay"]


def test_every_pay_plan_of_the_library_has_three_cases() -> None:
    """Schemes that differ in practices alone share a pay plan; whether pairs are bundled belongs to it."""
    def plan(policy: Policy) -> str:
        return str([(n, e.model_dump(exclude={"label", "source", "assumed"})) for n, e in policy.pay.items()])

    counts: dict[str, int] = {}
    for parameter in CASES:
        key = plan(policy_of(parameter.values[0]))
        counts[key] = counts.get(key, 0) + 1
    assert {name for name in list_policies() if counts.get(plan(sim.load_policy(name)), 0) < 3} == set()
