"""Pay worked out by hand, case by case (tests/pay_cases/*.yaml), against payroll on records and payroll in the simulation.

A case: name, policy (of the library), period, input, output.
period: a month (2015-01), quarter (2015-Q1), half year (2015-H1), year (2015), or [first month, last month].
input: of one payee, or of several by name: measures (a value for every month, or a list by month; 0 where nothing is said), and
grade, state (a text, or texts by the month from which they hold), team, mentor, supervisor, outlet, joined, left, targets (values by
measure, or these by period), portfolio (CNY), deals (with share, value, days), adjustments (CNY by month).
output: CNY by element over the period, and pay, their sum; what is not said is 0. The plan's own terms and adjustments stand under
their names. months: of one payee, CNY by element that is paid in a month.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

import sim
from sim.engine.prepare import new_state, practice_of, world_of
from sim.engine.stages.settling import line_of
from sim.engine.state import PAY_MEASURES
from sim.payroll.book import period_label
from sim.payroll.derived import parts_of
from sim.payroll.records import Records
from sim.payroll.statement import statements
from sim.policy import Policy, list_policies
from sim.policy.exact import SCALE
from sim.policy.kernel import MONTH, QUARTER, to_fen
from sim.policy.measures import pay_measures
from sim.policy.schedule import pay_tables
from sim.policy.schema import MONTHS_OF
from sim.reading import resource_folder

FOLDER = Path(__file__).parent / "pay_cases"
CASES = [pytest.param(case, id=f"{file.stem}: {case['name']}") for file in sorted(FOLDER.glob("*.yaml"))
         for case in yaml.safe_load(file.read_text(encoding="utf-8"))]
ONE = "the payee"
LETTERS = "ABCDEFG"
TEXTS = {"team": "one team", "mentor": "", "supervisor": "", "outlet": "one outlet"}      # what is meant where nothing is said
DAYS = ("joined", "left")
OTHERS = (*TEXTS, *DAYS, "grade", "state", "targets", "portfolio", "deals", "adjustments")


def policy_of(case: dict[str, Any]) -> Policy:
    name = case["policy"]
    return sim.load_policy(resource_folder("policies") / f"{name}.yaml" if "/" in name else name)


def months_of(period: str | int | list[str]) -> list[str]:
    if isinstance(period, list):
        return pd.period_range(*period, freq="M").strftime("%Y-%m").tolist()
    year, _, part = str(period).partition("-")
    length = {"": 12, "H": 6, "Q": 3}.get(part[:1], 1)
    first = 1 if not part else int(part) if length == 1 else length * (int(part[1:]) - 1) + 1
    return [f"{year}-{first + k:02d}" for k in range(length)]


def people_of(case: dict[str, Any]) -> dict[str, dict[str, Any]]:
    several = all(isinstance(value, dict) and value.keys() & {*pay_measures(), *OTHERS} for value in case["input"].values())
    return case["input"] if several else {ONE: case["input"]}


def results_of(person: dict[str, Any], period: str | int | list[str]) -> dict[str, list[float]]:
    """By measure, month by month."""
    months = months_of(period)
    found = {name: value if isinstance(value, list) else [value] * len(months) for name, value in person.items() if name not in OTHERS}
    assert all(len(values) == len(months) for values in found.values())
    return found


def fen(amount: float) -> int:
    return int(Decimal(str(amount)) * 100)


def millionths(value: float) -> int:
    return int(Decimal(str(value)) * SCALE)


def expected(case: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Fen by person and element, `pay` among them."""
    output = case["output"] if ONE not in people_of(case) else {ONE: case["output"]}
    return {who: {name: fen(amount) for name, amount in lines.items()} for who, lines in output.items()}


# --- payroll on records -------------------------------------------------------------------------------------------------


def records_of(case: dict[str, Any]) -> Records:
    """The case as a bank's records."""
    people, months = people_of(case), months_of(case["period"])
    table = pd.DataFrame({
        "person": list(people), "name": list(people),
        **{field: [person.get(field, default) for person in people.values()] for field, default in TEXTS.items()},
        "grade": [dict(_from_month(person.get("grade", ""), months)).get(months[0], "") for person in people.values()],
        **{day: pd.Series([pd.Timestamp(person.get(day)) for person in people.values()], dtype="datetime64[s]") for day in DAYS},
    })
    rows = [(who, month, name, millionths(value)) for who, person in people.items()
            for name, values in {**dict.fromkeys(_unsaid(case), [0] * len(months)), **results_of(person, case["period"])}.items()
            for month, value in zip(months, values, strict=True)]
    frames = {
        "targets": [(who, "", "", period, name, millionths(value), pay_measures()[name].unit)
                    for who, person in people.items() for period, name, value in _targets(person, months)],
        "portfolios": [(who, "all", 1, millionths(person["portfolio"])) for who, person in people.items() if "portfolio" in person],
        "adjustments": [(who, month, millionths(amount), "a reason")
                        for who, person in people.items() for month, amount in person.get("adjustments", {}).items()],
        "changes": list(_changes(people, months)),
        "deals": [row for who, person in people.items() for row in (_deal(who, deal) for deal in person.get("deals", ()))],
    }
    given = {name: _frame(name, found) for name, found in frames.items() if found}
    return Records(table, pd.DataFrame(rows, columns=["person", "month", "measure", "value"]), **given)


def _frame(table: str, rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    """Rows in a table's columns, with its types."""
    blank = Records.__dataclass_fields__[table].default_factory()
    columns = ["person", "team", "grade", "period", "measure", "value", "unit"] if table == "targets" else list(blank.columns)
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: kind for name, kind in blank.dtypes.items() if name in columns and kind.kind in "iM"})


def _unsaid(case: dict[str, Any]) -> list[str]:
    """What the policy reads and the case says nothing of."""
    policy = policy_of(case)
    elements = [*policy.pay.values(), *(element for place in range(len(policy.overrides)) for element in policy.pay_with([place]).values())]
    read = {part.measure for element in elements for measure in element.measures() for part in parts_of(measure)}
    people = people_of(case).values()
    said = {*(name for person in people for name in person), *(deal["measure"] for person in people for deal in person.get("deals", ()))}
    return sorted(name for name in read - said if not pay_measures()[name].built_in)


def _from_month(given: str | dict[str, str], months: list[str]) -> Iterator[tuple[str, str]]:
    yield from given.items() if isinstance(given, dict) else [(months[0], given)]


def _changes(people: dict[str, dict[str, Any]], months: list[str]) -> Iterator[tuple[str, str, str, str]]:
    for who, person in people.items():
        found: dict[str, dict[str, str]] = {}
        for field in ("grade", "state"):
            for month, value in _from_month(person.get(field, ""), months):
                if value and not (field == "grade" and month == months[0]):
                    found.setdefault(month, {})[field] = value
        for month in sorted(found):
            yield who, month, found[month].get("grade", ""), found[month].get("state", "")


def _targets(person: dict[str, Any], months: list[str]) -> Iterator[tuple[str, str, float]]:
    """Period, measure and value; what is said without a period holds for each month, quarter, half year and year."""
    given = person.get("targets", {})
    if given and isinstance(next(iter(given.values())), dict):
        yield from ((str(period), name, value) for period, targets in given.items() for name, value in targets.items())
        return
    periods = dict.fromkeys(period_label(month, period) for month in pd.PeriodIndex(months, freq="M") for period in MONTHS_OF)
    yield from ((period, name, value) for period in periods for name, value in given.items())


def _deal(who: str, deal: dict[str, Any]) -> tuple[Any, ...]:
    days = [np.datetime64(deal.get(day, "NaT"), "s") for day in ("opened", "funded", "received", "reversed")]
    part = millionths(deal.get("reversed_share", 1)) if "reversed" in deal else 0
    measure = deal["measure"]
    return (str(deal["deal"]), who, millionths(deal.get("share", 1)), measure, millionths(deal["value"]), pay_measures()[measure].unit,
            deal.get("origin", ""), *days, part)


def on_records(case: dict[str, Any]) -> pd.DataFrame:
    """Fen by person, month and element: exact numbers throughout."""
    found = statements(policy_of(case), records_of(case))
    return found.totals(["person", "month", "element"])


def by_element(lines: pd.DataFrame) -> dict[str, int]:
    """What is not nothing."""
    return {str(name): int(amount) for name, amount in lines.groupby("element", observed=True)["amount"].sum().items() if amount}


def without_nothing(lines: dict[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in lines.items() if amount and name != "pay"}


@pytest.mark.parametrize("case", CASES)
def test_payroll_on_records_pays_what_was_worked_out_by_hand(case) -> None:
    found = on_records(case)
    for who, lines in expected(case).items():
        own = found[found["person"] == who]
        assert by_element(own) == without_nothing(lines)
        assert int(own["amount"].sum()) == lines["pay"]
        for month, amounts in case.get("months", {}).items():
            paid = by_element(own[own["month"] == month])
            assert {name: paid.get(name, 0) for name in amounts} == {name: fen(amount) for name, amount in amounts.items()}


# --- payroll in the simulation ------------------------------------------------------------------------------------------


def in_the_simulation(case: dict[str, Any]) -> dict[str, dict[str, int]]:
    """What the branch of the simulation pays when its counters stand at these results: floats, rounded line by line.

    A branch is one team, so each team of the case is settled as a branch.
    """
    policy, people = policy_of(case), people_of(case)
    teams: dict[str, dict[str, dict[str, Any]]] = {}
    for who, person in people.items():
        teams.setdefault(person.get("team", TEXTS["team"]), {})[who] = person
    return {who: lines for members in teams.values() for who, lines in _branch(policy, members, case["period"]).items()}


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


def _simulated(case: dict[str, Any]) -> bool:
    """Whether all that the policy reads is counted day by day in the simulation (what loans bring is tested in test_credit.py)."""
    return all(measure in ("accounts", "contacts") for element in policy_of(case).pay.values() for measure in element.measures())


@pytest.mark.parametrize("case", [parameter for parameter in CASES if _simulated(parameter.values[0])])
def test_payroll_in_the_simulation_pays_it_within_a_fen_a_line(case) -> None:
    """A share of a group's pay is rounded for each member there, so that a fen may be lost or gained."""
    found, right = in_the_simulation(case), expected(case)
    assert {who: set(lines) for who, lines in found.items()} == {who: set(lines) for who, lines in right.items()}
    for who, lines in right.items():
        for name, fen in lines.items():
            assert abs(found[who][name] - fen) <= (1 if name != "pay" else len(lines) - 1)


# --- the cases themselves -----------------------------------------------------------------------------------------------


def test_every_case_adds_up() -> None:
    for parameter in CASES:
        for lines in expected(parameter.values[0]).values():
            assert sum(fen for name, fen in lines.items() if name != "pay") == lines["pay"]


def test_every_case_says_nothing_unknown() -> None:
    """A misspelt measure would count as 0, a misspelt element as unpaid."""
    for parameter in CASES:
        case, policy = parameter.values[0], policy_of(parameter.values[0])
        assert {"name", "policy", "period", "input", "output"} <= case.keys() <= {"name", "policy", "period", "input", "output", "months"}
        assert {name for person in people_of(case).values() for name in person} <= {*pay_measures(), *OTHERS}
        named = {name for lines in (*expected(case).values(), *case.get("months", {}).values()) for name in lines}
        assert named <= {*policy.pay, "pay", "draw", "guarantee", "ceiling", "adjustment"}
        assert case.get("months", {}).keys() <= set(months_of(case["period"]))
        assert not case.get("months") or ONE in people_of(case)


def test_every_pay_plan_of_the_library_has_three_cases() -> None:
    """Schemes that differ in practices alone share a pay plan; whether pairs are bundled belongs to it."""
    def plan(policy: Policy) -> str:
        return str([(n, e.model_dump(exclude={"label", "source", "assumed"})) for n, e in policy.pay.items()])

    counts: dict[str, int] = {}
    for parameter in CASES:
        key = plan(policy_of(parameter.values[0]))
        counts[key] = counts.get(key, 0) + 1
    assert {name for name in list_policies() if counts.get(plan(sim.load_policy(name)), 0) < 3} == set()


def test_every_length_of_period_is_paid_in_some_case() -> None:
    lengths = {element.period for parameter in CASES for element in policy_of(parameter.values[0]).pay.values()
               if MONTHS_OF[element.period] <= len(months_of(parameter.values[0]["period"]))}
    assert lengths == set(MONTHS_OF)
