"""Benchmarks compare like with like: the plain Mesa model is the same model, and the contact loops do the same work."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import sim
from benchmarks.rivals import contacts
from benchmarks.rivals.docking import QUARTERS, Docked, Outcomes, dock, of_engine, of_rival
from benchmarks.rivals.mesa_plain import Branch, BranchOfAgents, BranchOfDailyAgents, Manager, Setting, run
from benchmarks.rivals.same_luck import CLOSE, LuckyBranch, furthest
from benchmarks.rivals.setting import read
from benchmarks.scale import Cost, exponent, of_size
from benchmarks.timing import Alone, in_turns, plain, ratios
from benchmarks.validate import refused
from sim.world import Scenario

# 21 days, 100 customers a manager. With so many runs a mean 0.37 standard deviations of single runs off (2.4 % of effort in 2015, 4.7 %
# in 2016) is found out with probability 90 %; all tests of a quarter together err with probability 1 %.
SMALL = {"calendar.days": 21, "parameters.customers_per_manager": 100}
ENGINE, RIVAL, SHIFT = 3000, 200, 0.37
BOTH = pytest.mark.parametrize("quarter", QUARTERS)


def brief(quarter: str) -> Scenario:
    return sim.load_scenario(quarter).with_changes(SMALL)


def setting(quarter: str, **times: float) -> Setting:
    """The plain model's setting, some of its numbers so many times as large."""
    right = read(brief(quarter), sim.load_policy(quarter))
    return right._replace(par=SimpleNamespace(**{**vars(right.par), **{name: vars(right.par)[name] * by for name, by in times.items()}}))


@cache
def engine_of(quarter: str) -> Outcomes:
    return of_engine(brief(quarter), sim.load_policy(quarter), ENGINE, 1)


def docked(quarter: str, setting: Setting, kind: type[Branch] = Branch) -> list[Docked]:
    return list(dock(engine_of(quarter), of_rival(setting, brief(quarter), range(RIVAL), lambda setting, seed: run(setting, seed, kind))))


def apart(found: list[Docked]) -> dict[str, float]:
    return {d.name: d.gap for d in found if not d.agrees}


class Eager(Manager):
    """Works 3 % more than is best."""

    def best_effort(self, value: float, imposed: float, capacity: float) -> float:
        return 1.03 * super().best_effort(value, imposed, capacity)


class EagerBranch(Branch):
    staff = Eager


@BOTH
def test_the_plain_mesa_model_and_the_engine_have_the_same_distributions(quarter: str) -> None:
    found = docked(quarter, setting(quarter))
    assert len(found) > 20
    assert max(d.shift for d in found) < SHIFT
    assert apart(found) == {}


def test_docking_finds_out_a_model_that_works_three_percent_more() -> None:
    assert "effort" in apart(docked("changzhou-2015", setting("changzhou-2015"), EagerBranch))


@pytest.mark.parametrize(
    ("name", "times", "moved"),
    [
        ("learning_rate", 0.8, "skill"),
        ("churn_yearly", 1.3, "customers lost"),
        ("mentoring_hours", 0.8, "norm"),
        ("pressure_step", 1.5, "pressure"),
        ("contact_gain", 1.3, "satisfaction"),
    ],
)
def test_docking_finds_out_a_model_that_is_wrong_in_one_number(name: str, times: float, moved: str) -> None:
    assert moved in apart(docked("changzhou-2015", setting("changzhou-2015", **{name: times})))


@BOTH
def test_with_the_same_luck_both_live_the_same_days(quarter: str) -> None:
    name, off = furthest(sim.load_scenario(quarter), sim.load_policy(quarter), 5, 1)
    assert off < CLOSE, name


@pytest.mark.parametrize("kind", [BranchOfAgents, BranchOfDailyAgents])
def test_customers_who_are_agents_change_nothing(kind: type[Branch]) -> None:
    lucky = type("Lucky", (LuckyBranch, kind), {})
    name, off = furthest(brief("changzhou-2015"), sim.load_policy("changzhou-2015"), 5, 1, lucky)
    assert off < CLOSE, name


@pytest.mark.parametrize("name", ["learning_rate", "habit_share", "norm_below", "satisfaction_decay", "contact_gain", "lean_effect"])
def test_the_same_luck_finds_out_a_number_that_is_a_thousandth_off(name: str) -> None:
    wrong = setting("changzhou-2016", **{name: 1.001})
    assert furthest(brief("changzhou-2016"), sim.load_policy("changzhou-2016"), 5, 1, setting=wrong)[1] > 100 * CLOSE


def test_the_plain_model_knows_nothing_of_the_engine() -> None:
    code = "import sys, benchmarks.rivals.mesa_plain; sys.exit(bool({'sim', 'numba'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_validation_prints_everything_before_it_says_no(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> Iterator[str]:
        yield "half"
        raise AssertionError("bytes differ")

    parts = {"Good": lambda: ["| x | yes |"], "Bad": lambda: ["| y | NO |", "| z | NO |"], "Broken": broken, "Last": lambda: ["| u | v |"]}
    assert refused(parts) == ["Bad", "Broken"]
    told = capsys.readouterr().out
    assert all(line in told for line in ("| x | yes |", "| z | NO |", "half", "NO: bytes differ", "| u | v |"))


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


def test_a_contender_in_a_process_of_its_own_is_called_once_before_it_is_timed() -> None:
    with Alone("import time\ndef call():\n    assert not time.sleep(0)\n") as alone:
        assert [alone.seconds() >= 0.0 for _ in range(3)] == [True] * 3


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
