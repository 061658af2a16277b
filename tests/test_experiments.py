"""Replications and comparisons: what the tables say, how sure they are, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import sim
from sim.experiments.portfolios import measures_in_full
from sim.experiments.compare import COMPARISON_COLUMNS, comparison_of
from sim.experiments.frames import CAREERS, COLUMNS, PROFIT_OF_FIRST, gini
from sim.experiments.simulate import Runs, interval_half_width

SCHEMES = ("fixed-solo-weekly", "performance-solo-weekly", "performance-paired-daily")
REPLICATIONS = 40

OF_LOANS = {name for name, measure in sim.list_measures().items() if measure.needs}          # only where customers borrow
ELSEWHERE = {*CAREERS, *measures_in_full(), *OF_LOANS, *PROFIT_OF_FIRST}                      # the horizon here is shorter than a quarter


@pytest.fixture(scope="module")
def world(changzhou) -> sim.Scenario:
    return changzhou.with_changes({"calendar.days": 45, "parameters.customers_per_manager": 80.0})


@pytest.fixture(scope="module")
def comparison(world) -> sim.Comparison:
    return sim.compare(world, [sim.load_policy(name) for name in SCHEMES], replications=REPLICATIONS, seed=11, confidence=0.9)


@pytest.fixture(scope="module")
def runs(comparison) -> Runs:
    return comparison.runs[2]


def of(frame: pd.DataFrame, **keys: Any) -> pd.DataFrame:
    """The rows with these keys."""
    for key, value in keys.items():
        frame = frame[frame[key] == value]
    return frame


# --- the long frame ---------------------------------------------------------------------------------------------------


def test_results_are_one_row_a_replication_unit_period_and_measure(runs, world) -> None:
    frame = runs.frame
    assert tuple(frame.columns) == COLUMNS == (
        "scenario", "policy", "replication", "seed", "level", "id", "period", "measure", "value")
    assert not frame.duplicated(["replication", "level", "id", "period", "measure"]).any()
    assert frame.notna().all(axis=None) and np.isfinite(frame["value"]).all()
    assert set(frame["replication"]) == set(range(REPLICATIONS))
    assert set(frame["seed"]) == {11} and set(frame["policy"]) == {SCHEMES[2]} and set(frame["scenario"]) == {world.name}
    assert set(of(frame, level="manager")["id"]) == set("ABCDEFG") and set(of(frame, level="branch")["id"]) == {"changzhou"}
    assert set(frame["measure"]) == set(sim.list_measures()) - ELSEWHERE
    assert set(frame["period"]) == {"total", *world.timeline.week_labels, *world.timeline.month_labels, *world.timeline.quarter_labels}


@pytest.mark.parametrize("measure", [name for name, measure in sim.list_measures().items() if measure.kind == "sum" and name not in CAREERS and name not in measures_in_full()])
def test_a_branch_has_what_its_managers_have(runs, measure) -> None:
    rows = of(runs.frame, measure=measure)
    managers = of(rows, level="manager").groupby(["replication", "period"], observed=True)["value"].sum()
    branch = of(rows, level="branch").set_index(["replication", "period"])["value"]
    assert branch.to_dict() == pytest.approx(managers.to_dict())


@pytest.mark.parametrize("measure", [name for name, measure in sim.list_measures().items() if measure.kind in ("mean", "last") and name not in CAREERS and name not in measures_in_full()])
def test_a_branch_is_the_mean_of_its_managers(runs, measure) -> None:
    rows = of(runs.frame, measure=measure)
    managers = of(rows, level="manager").groupby(["replication", "period"], observed=True)["value"].mean()
    branch = of(rows, level="branch").set_index(["replication", "period"])["value"]
    assert branch.to_dict() == pytest.approx(managers.to_dict())


@pytest.mark.parametrize("measure", ["accounts", "pay"])
def test_weeks_and_months_add_up_to_the_total(runs, measure) -> None:
    rows = of(runs.frame, measure=measure)
    total = of(rows, period="total").set_index(["replication", "id"])["value"]
    parts = rows[rows["period"] != "total"].groupby(["replication", "id"], observed=True)["value"].sum()
    assert parts.to_dict() == pytest.approx(total.to_dict())


def test_levels_of_the_horizon_are_those_of_its_last_week(runs, world) -> None:
    for measure in ("skill", "leaning"):
        rows = of(runs.frame, measure=measure, level="manager")
        last = of(rows, period=world.timeline.week_labels[-1])["value"].to_numpy()
        assert np.array_equal(of(rows, period="total")["value"].to_numpy(), last)


def test_effort_over_the_horizon_is_the_mean_over_its_days(runs, world) -> None:
    rows = of(runs.frame, measure="effort", level="manager", id="C", replication=0)
    days = np.bincount(world.timeline.week)
    weeks = rows[rows["period"] != "total"]["value"].to_numpy()
    assert of(rows, period="total")["value"].item() == pytest.approx(np.average(weeks, weights=days))


def test_accounts_come_from_somewhere(runs) -> None:
    totals = runs.totals("manager")
    origins = [name for name in totals if str(name).startswith("accounts_") and name not in ("accounts_per_10k_pay", "accounts_gini")]
    assert len(origins) == 5
    assert totals[origins].sum(axis=1).tolist() == totals["accounts"].tolist()


def test_ratios_are_of_the_branch_as_a_whole(runs) -> None:
    totals = runs.totals()
    assert totals["accounts_per_10k_pay"].to_numpy() == pytest.approx((1e4 * totals["accounts"] / totals["pay"]).to_numpy())
    paid = runs.totals("manager")["pay"].unstack()
    assert totals["pay_gini"].to_numpy() == pytest.approx(gini(paid.to_numpy()))


def test_gini_of_known_cases() -> None:
    known = {(3.0, 3.0, 3.0): 0.0, (0.0, 0.0, 0.0): 0.0, (0.0, 0.0, 6.0): 2 / 3, (1.0, 2.0, 3.0): 2 / 9}
    assert gini(np.array(list(known))) == pytest.approx(list(known.values()))


def test_summary_holds_the_mean_its_interval_and_the_spread(runs) -> None:
    summary = runs.summary(confidence=0.9).set_index("measure").loc["accounts"]
    values = runs.totals()["accounts"].to_numpy()
    low, high = stats.t.interval(0.9, len(values) - 1, values.mean(), stats.sem(values))
    assert (summary["mean"], summary["ci_low"], summary["ci_high"]) == pytest.approx((values.mean(), low, high))
    assert (summary["p05"], summary["median"], summary["p95"]) == pytest.approx(tuple(np.quantile(values, [0.05, 0.5, 0.95])))
    assert (summary["replications"], summary["seed"], summary["confidence"], summary["unit"]) == (REPLICATIONS, 11, 0.9, "accounts")


def test_one_replication_has_a_mean_and_no_interval(short, fact_policy) -> None:
    summary = sim.simulate(short, fact_policy, 1).summary()
    assert summary["mean"].notna().all() and summary[["ci_low", "ci_high"]].isna().all(axis=None)


def test_progress_tells_of_every_replication(short, fact_policy, tmp_path) -> None:
    for _ in range(2):                                            # computed, then found again
        finished: list[int] = []
        sim.simulate(short, fact_policy, 43, progress=finished.append, store=tmp_path)
        assert sum(finished) == 43


def test_branches_are_taken_together(short) -> None:
    """What adds up is added; the scenario's other measures are means over its branches."""
    more = {"X": {"cohort": "veteran", "tenure_months": 40, "customers": 30},
            "Y": {"cohort": "newcomer", "tenure_months": 5, "customers": 9}}
    runs = sim.simulate(short.with_changes({"branches.second": {"managers": more}}), sim.load_policy("performance-pay"), 3)
    rows = of(runs.frame, level="branch", period="total")
    for measure, gather in (("accounts", "sum"), ("pay", "sum"), ("churned", "sum"), ("effort", "mean"), ("skill", "mean")):
        by_hand = of(rows, measure=measure).groupby("replication")["value"].agg(gather)
        assert runs.totals()[measure].to_numpy() == pytest.approx(by_hand.to_numpy())


# --- the comparison ---------------------------------------------------------------------------------------------------


def test_the_table_has_the_columns_that_stay_fixed(comparison, world) -> None:
    table = comparison.table
    assert tuple(table.columns) == COMPARISON_COLUMNS == (
        "scenario", "baseline", "policy", "measure", "unit", "level", "mean_baseline", "mean", "difference", "ci_low", "ci_high",
        "confidence", "replications", "variance_reduction", "interval", "family")
    assert set(table["interval"]) == {"student"} and set(table["family"]) == {1}
    assert set(table["scenario"]) == {world.name} and set(table["baseline"]) == {SCHEMES[0]}
    assert list(dict.fromkeys(table["policy"])) == list(SCHEMES[1:])
    assert not table.duplicated(["policy", "measure", "level"]).any()
    assert len(table) == 2 * len(set(sim.list_measures()) - ELSEWHERE)
    assert set(table["replications"]) == {REPLICATIONS} and set(table["confidence"]) == {0.9}
    assert [sim.list_measures()[m].unit for m in table["measure"]] == table["unit"].tolist()


def test_differences_are_those_of_the_frame_replication_by_replication(comparison) -> None:
    rows = of(comparison.frame, level="branch", period="total")
    for _, line in comparison.table.iterrows():
        base, other = (of(rows, measure=line["measure"], policy=name).set_index("replication")["value"]
                       for name in (line["baseline"], line["policy"]))
        gap = (other - base).to_numpy()
        assert (line["mean_baseline"], line["mean"], line["difference"]) == pytest.approx((base.mean(), other.mean(), gap.mean()))
        if gap.std() > 0:
            low, high = stats.t.interval(0.9, len(gap) - 1, gap.mean(), stats.sem(gap))
            assert (line["ci_low"], line["ci_high"]) == pytest.approx((low, high))
            assert line["variance_reduction"] == pytest.approx((base.var() + other.var()) / (other - base).var())


def test_numbers_are_missing_only_where_a_difference_never_varies(comparison) -> None:
    table = comparison.table
    assert table.drop(columns="variance_reduction").notna().all(axis=None)
    still = table["ci_low"] == table["ci_high"]
    assert table["variance_reduction"].isna().equals(still)
    assert not still[table["measure"].isin(["accounts", "pay", "effort"])].any()


def test_common_luck_makes_differences_surer(comparison) -> None:
    """Pairing pays: the same luck explains a good part of what both schemes bring."""
    factors = comparison.table.set_index(["policy", "measure"])["variance_reduction"]
    assert factors[SCHEMES[1], "accounts"] > 1.0
    assert factors[SCHEMES[1], "churned"] > 2.0
    assert factors[SCHEMES[1], "prospect_contacts"] > 2.0


def test_independent_seeds_would_not(world) -> None:
    """The factor compares with what pairing saves: against another seed's runs there is nothing to save."""
    base, other = (sim.simulate(world, sim.load_policy(name), 100, seed=seed) for name, seed in ((SCHEMES[0], 1), (SCHEMES[1], 2)))
    other.provenance["seed"] = base.provenance["seed"]
    factors = comparison_of([base, other]).table.set_index("measure")["variance_reduction"]
    assert 0.6 < factors["churned"] < 1.6


def test_summary_frame_and_provenance_hold_all_policies(comparison, world) -> None:
    assert set(comparison.frame["policy"]) == set(SCHEMES)
    assert len(comparison.frame) == sum(len(run.frame) for run in comparison.runs)
    assert set(comparison.summary(("accounts",))["measure"]) == {"accounts"} and len(comparison.summary(("accounts",))) == 2
    made_by = comparison.provenance
    assert made_by["baseline"] == SCHEMES[0] and list(made_by["policies"]) == list(SCHEMES)
    assert (made_by["seed"], made_by["replications"], made_by["confidence"]) == (11, REPLICATIONS, 0.9)
    assert made_by["scenario_digest"] == world.digest
    assert comparison.baseline is comparison.runs[0] and comparison.scenario is comparison.runs[0].scenario


def test_the_order_of_policies_decides_only_who_is_the_baseline(comparison, world) -> None:
    policies = [sim.load_policy(name) for name in (SCHEMES[1], SCHEMES[0])]
    turned = sim.compare(world, policies, replications=REPLICATIONS, seed=11, confidence=0.9)
    there = comparison.table[comparison.table["policy"] == SCHEMES[1]].set_index("measure")
    back = turned.table.set_index("measure")
    assert back["difference"].to_numpy() == pytest.approx(-there["difference"].to_numpy())
    assert back["ci_low"].to_numpy() == pytest.approx(-there["ci_high"].to_numpy())


@pytest.mark.parametrize("replications", [2, 5, 40])
@pytest.mark.parametrize("confidence", [0.5, 0.95])
def test_intervals_cover_as_often_as_they_say(replications, confidence) -> None:
    """Known data: normal differences about 3; the share of 4,000 intervals that hold 3."""
    values = 3.0 + 2.0 * np.random.default_rng(7).standard_normal((replications, 4000))
    covered = np.abs(values.mean(axis=0) - 3.0) <= interval_half_width(values, confidence)
    assert covered.mean() == pytest.approx(confidence, abs=4 * np.sqrt(confidence * (1 - confidence) / 4000))


# --- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("numbers", [
    {"replications": 0}, {"replications": -3}, {"replications": 10**9}, {"replications": 2.5}, {"replications": float("nan")},
    {"replications": True}, {"replications": "3"}, {"seed": -1}, {"seed": 1.5}, {"jobs": 0}, {"jobs": -1}, {"jobs": 5000},
])
def test_impossible_numbers_are_refused(short, fact_policy, numbers) -> None:
    with pytest.raises(sim.InputError, match=f"^{next(iter(numbers))}: found .*; expected "):
        sim.simulate(short, fact_policy, **{"replications": 2, **numbers})


@pytest.mark.parametrize("numbers", [{"replications": 1}, {"confidence": 1.5}, {"confidence": 1.0}, {"confidence": 0.0},
                                     {"confidence": float("nan")}, {"seed": -1}])
def test_impossible_comparisons_are_refused_before_anything_runs(short, numbers) -> None:
    started: list[int] = []
    with pytest.raises(sim.InputError, match=f"^{next(iter(numbers))}: found .*; expected "):
        sim.compare(short, [sim.load_policy(name) for name in SCHEMES], progress=started.append, **{"replications": 2, **numbers})
    assert not started


def test_a_comparison_needs_two_different_policies(short, fact_policy) -> None:
    with pytest.raises(sim.InputError, match="`changzhou-2015` twice"):
        sim.compare(short, [fact_policy, sim.load_policy("fixed-pay"), fact_policy], 2)
    for policies in ([], [fact_policy]):
        with pytest.raises(sim.InputError, match="at least two"):
            sim.compare(short, policies, 2)


def test_a_policy_for_other_people_is_refused(fact_policy) -> None:
    """B and D, whom the policy names as mentors, had left by 2016."""
    with pytest.raises(sim.InputError, match="found `B`"):
        sim.simulate(sim.load_scenario("changzhou-2016"), fact_policy, 2)


@pytest.mark.parametrize("other", [{"seed": 2}, {"replications": 4}])
def test_runs_on_different_luck_are_not_compared(short, fact_policy, other) -> None:
    one = sim.simulate(short, fact_policy, 3, seed=1)
    two = sim.simulate(short, sim.load_policy("fixed-pay"), **{"replications": 3, "seed": 1, **other})
    with pytest.raises(sim.InputError, match="pair by pair"):
        comparison_of([one, two])


def test_runs_of_different_scenarios_are_not_compared(short, changzhou, fact_policy) -> None:
    one = sim.simulate(short, fact_policy, 2)
    two = sim.simulate(changzhou, sim.load_policy("fixed-pay"), 2)
    with pytest.raises(sim.InputError, match="scenario_digest"):
        comparison_of([one, two])


def test_names_stand_for_what_they_name() -> None:
    by_name = sim.compare("changzhou-2015", ["fixed-pay", "performance-pay"], replications=2)
    by_object = sim.compare(sim.load_scenario("changzhou-2015"), [sim.load_policy("fixed-pay"), sim.load_policy("performance-pay")], replications=2)
    pd.testing.assert_frame_equal(by_name.table, by_object.table)
