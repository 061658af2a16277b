"""The model beside the Changzhou case: one parameter set, both quarters, and each practice by itself."""

from __future__ import annotations

import json

import numpy as np
import pytest

import sim
from sim.experiments.fit import FREE, figures, in_force, simulated
from sim.experiments.simulate import Runs, interval_half_width
from sim.reading import resource_folder

REPLICATIONS = 200


@pytest.fixture(scope="module")
def quarters() -> list[Runs]:
    return [sim.simulate(sim.load_scenario(q), sim.load_policy(q), REPLICATIONS, seed=7) for q in ("changzhou-2015", "changzhou-2016")]


@pytest.mark.parametrize("figure", [f for f in figures() if f.name != "assigned_share"], ids=lambda f: f"{f.name}-{f.quarter}")
def test_the_figures_of_the_case_lie_within_the_simulated_90_percent_interval(quarters, figure) -> None:
    low, high = np.quantile(simulated(quarters[figure.quarter], figure.name), [0.05, 0.95])
    assert low <= figure.fact <= high


def test_nearly_half_of_the_accounts_of_2015_came_from_the_branch(quarters) -> None:
    assert 0.38 <= simulated(quarters[0], "assigned_share")[0] <= 0.5
    assert quarters[1].totals()["accounts_assigned"].max() == 0


def test_people_counted_one_by_one_lie_within_their_intervals(quarters) -> None:
    """90 % intervals of ten people known alone; one may fall outside by chance, the case's luck being one draw."""
    outside = []
    for runs, facts in zip(quarters, sim.load_case("changzhou")["quarters"].values(), strict=True):
        accounts = runs.totals("manager")["accounts"].unstack("id")
        for name, person in facts["managers"].items():
            if "accounts" in person:
                low, high = np.quantile(accounts[name], [0.05, 0.95])
                if not low <= person["accounts"] <= high:
                    outside.append((name, person["accounts"], low, high))
    assert len(outside) <= 1, outside


def test_the_record_of_the_fit_is_the_one_in_force() -> None:
    kept = json.loads((resource_folder("data") / "cases" / "changzhou-fit.json").read_text(encoding="utf-8"))
    assert kept["values"] == in_force()
    statuses = {name.split(".")[0]: sim.load_scenario("changzhou-2015").parameter(name.split(".")[0]).status for name in FREE}
    assert set(statuses.values()) == {"calibrated"}


BACK = {        # a practice of 2016 taken back to what it was in 2015
    "self-sourced leads": {"practices.leads.assigned_share": 0.45},
    "daily reporting": {"practices.reporting.every_days": 7, "practices.reporting.minutes": 60.0},
    "newcomer norm": {"practices.norm.status.veteran": 3.0, "practices.norm.status.newcomer": 1.0, "practices.norm.telling": "excuses"},
}


@pytest.mark.parametrize("practice", BACK)
def test_each_practice_of_2016_adds_accounts(quarters, practice) -> None:
    """Taking one back loses accounts, beyond the 95 % interval of the paired difference."""
    now = quarters[1]
    back = sim.simulate(now.scenario, now.policy.with_changes(BACK[practice]), REPLICATIONS, seed=7)
    lost = (now.totals()["accounts"] - back.totals()["accounts"]).to_numpy()
    assert lost.mean() - interval_half_width(lost[:, None], 0.95)[0] > 0


def test_bundled_pairs_cost_accounts_in_2015_under_performance_pay() -> None:
    """The pair's mean halves what one's own account earns, and the mentee works under the mentor's ceiling."""
    scenario = sim.load_scenario("changzhou-2015")
    paired, solo = (sim.simulate(scenario, sim.load_policy(f"performance-{how}-weekly"), REPLICATIONS, seed=7) for how in ("paired", "solo"))
    lost = (solo.totals()["accounts"] - paired.totals()["accounts"]).to_numpy()
    assert lost.mean() - interval_half_width(lost[:, None], 0.95)[0] > 0
