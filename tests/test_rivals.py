"""Benchmarks compare like with like: the plain Mesa model is the same model, and the contact loops do the same work."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import sim
from benchmarks.rivals import contacts
from benchmarks.rivals.docking import Outcomes, dock, of_engine, of_rival
from benchmarks.rivals.mesa_plain import Branch, BranchOfAgents, BranchOfDailyAgents, Setting, read, run
from benchmarks.scale import Cost, exponent, of_size
from benchmarks.timing import in_turns, plain, ratios
from sim.world import Scenario

DAYS, ENGINE, RIVAL, MOST = 21, 300, 40, 4.0  # MOST: standard errors between means


def brief(quarter: str) -> Scenario:
    return sim.load_scenario(quarter).with_changes({"calendar.days": DAYS})


@cache
def engine_of(quarter: str) -> Outcomes:
    return of_engine(brief(quarter), sim.load_policy(quarter), ENGINE, 1)


def gaps(quarter: str, setting: Setting, kind: type[Branch] = Branch, runs: int = RIVAL) -> dict[str, float]:
    """Differences between the means of the two models, in standard errors."""
    rival = of_rival(setting, brief(quarter), range(runs), lambda setting, seed: run(setting, seed, kind))
    return {d.name: d.gap for d in dock(engine_of(quarter), rival)}


@pytest.mark.parametrize("quarter", ["changzhou-2015", "changzhou-2016"])
def test_the_plain_mesa_model_and_the_engine_have_the_same_means(quarter: str) -> None:
    found = gaps(quarter, read(brief(quarter), sim.load_policy(quarter)))
    assert len(found) > 20
    assert {name: gap for name, gap in found.items() if abs(gap) > MOST} == {}


@pytest.mark.parametrize("kind", [BranchOfAgents, BranchOfDailyAgents])
def test_customers_who_are_agents_change_nothing(kind: type[Branch]) -> None:
    setting = read(brief("changzhou-2015"), sim.load_policy("changzhou-2015"))
    assert {name: gap for name, gap in gaps("changzhou-2015", setting, kind, runs=15).items() if abs(gap) > MOST} == {}


@pytest.mark.parametrize(
    ("wrong", "moved"),
    [
        ({"learning_rate": 0.0}, "skill"),
        ({"churn_yearly": 0.2}, "customers lost"),
        ({"mentoring_hours": 0.0}, "effort"),
        ({"pressure_step": 300.0}, "pressure"),
        ({"contact_gain": 0.2}, "satisfaction"),
    ],
)
def test_docking_finds_out_a_model_that_is_wrong_in_one_number(wrong: dict[str, float], moved: str) -> None:
    right = read(brief("changzhou-2015"), sim.load_policy("changzhou-2015"))
    assert abs(gaps("changzhou-2015", right._replace(par=SimpleNamespace(**{**vars(right.par), **wrong})))[moved]) > MOST


@pytest.mark.parametrize(
    ("scenario", "changes"),
    [
        ("retail-branch", {}),
        ("changzhou-2015", {"practices.reporting.visible": "cohort"}),
        ("changzhou-2015", {"pay.commission.schedule.threshold": 3.0}),
    ],
)
def test_the_plain_model_refuses_what_it_does_not_know(scenario: str, changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="knows the practices and pay of the Changzhou quarters only"):
        read(sim.load_scenario(scenario), sim.load_policy("changzhou-2015").with_changes(changes))


# --- the contact loop -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def first() -> contacts.Bank:
    """A small bank whose customers leave soon."""
    bank = contacts.bank(sim.load_scenario("changzhou-2015"), branches=20, room=60)
    bank.customers.hazard *= 5.0
    return bank


def lived(first: contacts.Bank, live: contacts.Contender, days: int = 40) -> contacts.Bank:
    bank = first.twin()
    live(bank, days)
    return bank


def test_c_and_our_rules_leave_the_same_bits(first: contacts.Bank, tmp_path: Path) -> None:
    in_c = contacts.in_c(tmp_path)
    if in_c is None:
        pytest.skip("no C compiler: cc, gcc or clang")
    ours, theirs = lived(first, contacts.by_branch), lived(first, in_c)
    assert ours.totals()["gone"] > 100 and ours.totals()["accounts"] > 100
    for mine, other in zip(ours[:3], theirs[:3], strict=True):
        assert np.array_equal(mine, other)


def test_the_order_of_branches_and_days_changes_no_bit(first: contacts.Bank) -> None:
    for mine, other in zip(lived(first, contacts.by_branch)[:3], lived(first, contacts.by_day)[:3], strict=True):
        assert np.array_equal(mine, other)


def test_the_data_frame_has_the_same_totals_within_four_standard_errors(first: contacts.Bank) -> None:
    pytest.importorskip("polars")
    ours, theirs = lived(first, contacts.by_branch), lived(first, contacts.in_polars)
    for name in ("contacts", "gone", "accounts"):
        a, b = ours.totals()[name], theirs.totals()[name]
        assert abs(a - b) < 4 * np.sqrt(a + b), name
    for name in ("satisfaction", "irritation", "patience"):
        a, b = ours.customers[name], theirs.customers[name]
        assert abs(a.mean() - b.mean()) < 4 * np.sqrt((a.var() + b.var()) / len(a)), name
    kept = [set(row[:held]) for row, held in zip(theirs.book, theirs.sellers.held, strict=True)]
    assert all(len(rows) == held for rows, held in zip(kept, theirs.sellers.held, strict=True))


# --- timing -----------------------------------------------------------------------------------------------------------


def test_contenders_take_turns() -> None:
    order: list[str] = []
    taken = in_turns({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3)
    assert order == ["a", "b"] * 3
    assert [len(times) for times in taken.values()] == [3, 3]
    assert ratios([4.0, 9.0], [2.0, 3.0]) == [2.0, 3.0]
    assert [plain(value) for value in (0.012345, 12.345, 1234.5)] == ["0.0123", "12.3", "1,230"]


def test_a_branch_of_any_size_is_made_of_the_same_people() -> None:
    base = sim.load_scenario("changzhou-2015")
    for n in (2, 7, 16):
        people = of_size(base, n).managers
        assert len(people) == n
        assert [spec.tenure_months for spec in people.values()] == [spec.tenure_months for spec in list(base.managers.values()) * 3][:n]


def test_cost_in_proportion_to_size_has_exponent_one() -> None:
    points = [Cost(630 * n, 1450 * n, 0.002 * n) for n in (1, 10, 100)]
    assert exponent(points, "manager_days") == pytest.approx(1.0)
    assert exponent([p._replace(seconds=p.seconds**2) for p in points], "contacts") == pytest.approx(2.0)
