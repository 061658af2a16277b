"""Long horizons: every scenario over three years, demand by month, profit over quarters and years, short- against long-term pay."""

from __future__ import annotations

import numpy as np
import pytest

import sim
from sim.engine.state import F_HELD, G_DEFERRED
from sim.experiments.simulate import interval_half_width
from sim.world.load import list_scenarios

OFFICERS = ("lending-salary", "lending-volume", "lending-salary-liability", "lending-volume-liability")
PROFITS = ("profit_1q", "profit_1y", "profit_3y")


def three_years(scenario: sim.Scenario) -> sim.Scenario:
    """Its calendar stretched; of a bank of many branches one of each kind."""
    one_each = {f"branches.{name}.copies": 1 for name in scenario.branches}
    return scenario.with_changes({"calendar.days": 1100 if scenario.calendar.weekends else 786, **one_each})


def by_period(runs: sim.Runs, measure: str) -> dict[str, np.ndarray]:
    """One value a replication by period, of the branch."""
    rows = runs.frame[(runs.frame["level"] == "branch") & (runs.frame["measure"] == measure)]
    return {str(label): part.sort_values("replication")["value"].to_numpy() for label, part in rows.groupby("period", observed=True)}


# --- three years ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(list_scenarios()))
def test_every_scenario_of_the_library_can_be_lived_for_three_years(name) -> None:
    scenario = three_years(sim.load_scenario(name))
    runs = sim.simulate(scenario, "lending-volume" if scenario.mechanism("credit") else "performance-pay", 1, seed=1)
    line, totals = scenario.timeline, runs.totals()
    assert len(line.month_labels) >= 36 and len(set(line.month_labels)) == len(line.month_labels) == line.month[-1] + 1
    assert sum(line.last_of_year) == len(line.year_labels) >= 3
    assert set(PROFITS) <= set(totals.columns)
    finite = totals.drop(columns=[c for c in totals if c in ("default_rate", "loan_size", "bad_loan_ratio", "time_to_competence")])
    assert np.isfinite(finite.to_numpy()).all()
    assert totals["pay"].iloc[0] > 0 and totals["churned"].iloc[0] > 0.1 * totals["customers"].iloc[0]
    months = by_period(runs, "pay")
    assert all((months[label] > 0).all() for label in line.month_labels)


# --- demand by month --------------------------------------------------------------------------------------------------


def test_demand_by_month_moves_its_month_and_no_other() -> None:
    scenario = sim.load_scenario("branch")
    flat = scenario.with_changes({"calendar.seasonality": {"demand": [1.0] * 12}})
    busy = scenario.with_changes({"calendar.seasonality": {"demand": [1.0] * 7 + [1.5] + [1.0] * 4}})
    august = np.array([day.month == 8 for day in scenario.timeline.dates])
    assert (busy.timeline.demand == np.where(august, 1.5, 1.0)).all() and (flat.timeline.demand == scenario.timeline.demand).all()
    assert len({scenario.digest, flat.digest, busy.digest}) == 3
    plain, same, more = (sim.simulate(world, "fixed-pay", 20, seed=4).totals() for world in (scenario, flat, busy))
    assert (plain == same).all().all()                             # twelve ones are no season
    gap = (more["accounts"] - plain["accounts"]).to_numpy()
    assert gap.mean() > interval_half_width(gap[:, None], 0.99)[0]
    assert busy.ledger().query("name == 'calendar.seasonality.demand.#8'")["value"].item() == 1.5


def test_holidays_come_on_top_of_the_season() -> None:
    line = sim.load_scenario("lending-three-years").timeline
    demand = dict(zip(line.dates, line.demand, strict=True))
    spring = [day for day in demand if demand[day] < 0.5]
    assert {day.year for day in spring} == {2019, 2020, 2021}      # the Spring Festival of each year
    assert all(demand[day] == pytest.approx(0.3 * (0.9 if day.month == 1 else 0.8)) for day in spring)


def test_twelve_months_are_asked_for() -> None:
    with pytest.raises(sim.InputError, match="seasonality"):
        sim.load_scenario("branch").with_changes({"calendar.seasonality": {"demand": [1.0] * 11}})


# --- profit -----------------------------------------------------------------------------------------------------------


def test_profit_is_counted_alike_in_every_scenario() -> None:
    """Products or the margin of deposits, loans where there are any, less pay as it is earned."""
    short = sim.simulate("branch", "performance-pay", 3, seed=2).totals()
    assert np.allclose(short["profit_after_pay"], short["deposit_margin"] - short["pay"]) and (short["deposit_margin"] > 0).all()
    full = sim.simulate(sim.load_scenario("retail-branch-full").with_changes({"calendar.days": 66}), "performance-pay", 2, seed=2).totals()
    assert np.allclose(full["profit_after_pay"], full["income"] - full["pay"])
    year = sim.load_scenario("lending-three-years").with_changes({"calendar.days": 400})
    lent = sim.simulate(year, "lending-volume-liability", 1, seed=2).totals().iloc[0]
    model = sim.BankModel(year, sim.load_policy("lending-volume-liability"), seed=2)
    model.run_model()
    held = model.teams[0].state.finals[:, F_HELD].sum()
    kept = model.teams[0].state.ledger[..., G_DEFERRED].sum()      # kept back less released
    assert kept == pytest.approx(held) and held > 0.05 * lent["pay"]
    assert lent["profit_after_pay"] == pytest.approx(lent["responsible_profit"] - lent["pay"] - held)


def test_profit_of_the_first_months_is_reported_where_they_were_lived() -> None:
    runs = sim.simulate(sim.load_scenario("business-lending").with_changes({"calendar.days": 400}), "lending-salary", 2, seed=1)
    months, to_date, totals = by_period(runs, "profit_after_pay"), by_period(runs, "profit_to_date"), runs.totals()
    labels = runs.scenario.timeline.month_labels
    assert np.allclose(totals["profit_1q"], sum(months[label] for label in labels[:3]))
    assert np.allclose(totals["profit_1y"], sum(months[label] for label in labels[:12])) and "profit_3y" not in totals
    assert np.allclose(to_date["2019-Q2"], sum(months[label] for label in labels[:6])) and np.allclose(to_date["total"], months["total"])
    part = sim.simulate(sim.load_scenario("business-lending").with_changes({"calendar.days": 50}), "lending-salary", 1, seed=1).totals()
    assert not {*PROFITS} & set(part.columns)                      # a quarter cut short is none


# --- short against long term ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def officers() -> sim.Comparison:
    return sim.compare("lending-three-years", OFFICERS, 30, seed=5, jobs=2)


def told(officers: sim.Comparison, a: str, b: str, measure: str) -> int:
    """1, -1: b is above or below a, by a 99 % interval of the paired difference; 0: cannot be told."""
    totals = {run.policy.name: run.totals()[measure].to_numpy() for run in officers.runs}
    gap = totals[b] - totals[a]
    half = interval_half_width(gap[:, None], 0.99)[0]
    return int(gap.mean() > half) - int(gap.mean() < -half)


def test_volume_pay_leads_in_the_first_quarter_and_trails_after_three_years(officers) -> None:
    salary, volume, salary_liable, volume_liable = OFFICERS
    for measure in ("loans_made", "loans_defaulted", "bad_loan_ratio"):
        assert told(officers, salary, volume, measure) == 1        # lending now, bad loans later
    assert told(officers, salary, volume, "profit_1q") == 1 and told(officers, salary, volume, "profit_3y") == -1
    for a, b in ((salary, salary_liable), (volume, volume_liable)):
        assert told(officers, a, b, "profit_3y") == 1 and told(officers, a, b, "bad_loan_ratio") == -1
    assert told(officers, salary_liable, volume_liable, "profit_1q") == 1 and told(officers, salary_liable, volume_liable, "profit_3y") < 1


def test_the_reversal_is_drawn_and_tabled(officers) -> None:
    from sim.report.findings import measures_shown, takeaway
    from sim.report.series import profit_gaps

    gaps = profit_gaps(officers)["lending-volume"][0]
    assert gaps[0] > 0 > gaps[-1] and len(gaps) == 12
    assert {*PROFITS} <= set(measures_shown(officers)) and "profit" in sim.report.kinds(officers)
    figure = sim.plot(officers, "profit")
    assert len(figure.axes[0].get_lines()) >= 4 and "2021 Q4" in takeaway(officers, "profit", "en")
