"""Careers: who quits and why, how seats are filled, what a hand-over costs, what the wish to keep a job or win a grade calls forth."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sim
from sim.engine.day import live_day
from sim.engine.prepare import begin, new_state, practice_of, world_of
from sim.engine.run import branch_seeds, run_branch
from sim.engine.state import FINALS, PAY_MEASURES, RECORDS
from sim.engine.streams import normal, person_key, stream, uniform
from sim.errors import InputError
from sim.policy import Policy, make_policy
from sim.policy.schedule import lines_a_variant, pay_tables
from sim.rules.careers import (
    chance_of, chance_to_reach, feeling, handed_over, job_stake, outside_option, quit_hazard, similarity, sure_worth, whole_months,
    zest_of,
)
from sim.rules.learning import learn
from sim.world import Scenario

ROOT = Path(__file__).parent.parent
WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "effective": date(2026, 1, 1), "author": "tests",
         "status": "assumed"}
BASE = {"period": "month", "schedule": {"kind": "fixed", "amount": 6000.0}}
EXACT = {"rel": 1e-9, "abs": 1e-12}
F = {name: place for place, name in enumerate(FINALS)}
R = {name: place for place, name in enumerate(RECORDS)}


def policy(people: dict[str, Any] | None = None, practices: dict[str, Any] | None = None, overrides: Any = (), **pay: Any) -> Policy:
    more = {**({"people": people} if people else {}), **({"practices": practices} if practices else {}),
            **({"overrides": list(overrides)} if overrides else {})}
    return make_policy({**WORDS, "pay": pay or {"base": BASE}, **more}, "test-plan")


def piece(rate: float, **more: Any) -> dict[str, Any]:
    return {"measure": "accounts", "period": "month", "schedule": {"kind": "linear", "rate": rate}, **more}


def marks(at_least: float, measure: str = "accounts", **more: Any) -> dict[str, Any]:
    return {"marks": [{"measure": measure, "at_least": at_least}], **more}


def branch(names: str = "ABCD", days: int = 120, customers: int = 20, quits: bool = True, **changes: Any) -> Scenario:
    """A few of twelve people of the neutral branch under the names given, for some working days from a July on."""
    base = sim.load_scenario("branch")
    kept = ["M01", "M04", "M08", "M12", "M02", "M06", "M10", "M03"][: len(names)]
    people = {name: {"cohort": base.managers[old].cohort, "tenure_months": base.managers[old].tenure_months, "customers": customers}
              for name, old in zip(names, kept, strict=True)}
    gone = {f"branches.branch.managers.{name}": None for name in base.managers}
    return base.with_changes({**gone, **{f"branches.branch.managers.{name}": spec for name, spec in people.items()},
                              "calendar.days": days, "mechanisms.quits": quits, **changes}, name="few")


def restless(**changes: Any) -> Scenario:
    """A branch in which people come and go all the time."""
    return branch(**{"parameters.quit_hazard": 0.25, "parameters.vacancy_shortest": 0.0, "parameters.vacancy_longest": 2.0, **changes})


def run(scenario: Scenario, plan: Policy, replications: int = 1, seed: int = 1):
    name = next(iter(scenario.branches))
    return run_branch(world_of(scenario, name), practice_of(plan, scenario, name), *pay_tables(plan, PAY_MEASURES),
                      branch_seeds(seed, range(replications), name))


class Life:
    """One branch, day by day, with everything in view."""

    def __init__(self, scenario: Scenario, plan: Policy, seed: int = 1) -> None:
        name = next(iter(scenario.branches))
        self.world, self.practice = world_of(scenario, name), practice_of(plan, scenario, name)
        self.tables = pay_tables(plan, PAY_MEASURES)
        self.seed = branch_seeds(seed, [0], name)[0]
        self.state = new_state(self.world, *self.tables)
        self.day = 0
        with np.errstate(over="ignore"):
            begin(self.state, self.world, self.practice, self.seed)

    def step(self) -> None:
        with np.errstate(over="ignore"):
            live_day(self.state, self.world, self.practice, *self.tables, self.seed, self.day)
        self.day += 1

    def months(self):
        """Lives through the horizon, stopping after each month."""
        for day in range(len(self.world.days)):
            self.step()
            if self.world.days[day].month_ends:
                yield day


# --- rules ------------------------------------------------------------------------------------------------------------


def test_quits_follow_pay_and_morale() -> None:
    assert quit_hazard(0.02, 6000.0, 6000.0, 2.0, 0.0, 1.0) == pytest.approx(0.02)
    assert quit_hazard(0.02, 3000.0, 6000.0, 2.0, 0.0, 1.0) == pytest.approx(0.02 * math.e)
    assert quit_hazard(0.02, 6000.0, 6000.0, 2.0, -1.0, 1.0) == pytest.approx(0.02 * math.e)
    assert quit_hazard(0.0, 0.0, 6000.0, 5.0, -1.0, 3.0) == 0.0
    assert chance_of(0.3, 1.0) == pytest.approx(1 - math.exp(-0.3)) and chance_of(0.0, 5.0) == 0.0
    assert outside_option(6000.0, 0.0, 2.0) == 6000.0 and outside_option(6000.0, 1.0, 2.0) == 12000.0
    assert outside_option(6000.0, 1.0, 0.0) == 0.0 and outside_option(6000.0, 2.0, 0.1) == 0.0


def test_a_gamble_is_worth_less_than_its_mean_and_no_more_than_its_worst() -> None:
    """The certainty equivalent of equal chances of 2,000 and 10,000; without aversion their mean."""
    pays = np.array([2000.0, 10000.0])
    for risk, worth in ((1e-4, None), (1e-2, 2000 + math.log(2) / 1e-2)):
        sure = sure_worth(pays.mean(), np.exp(-risk * pays).mean(), risk)
        assert 2000 < sure < 6000 and (worth is None or sure == pytest.approx(worth))
    assert sure_worth(6000.0, 1.0, 0.0) == 6000.0


def test_pay_like_the_reference_and_the_peers_leaves_morale_alone() -> None:
    assert feeling(5000.0, 5000.0, 5000.0, 1.0, 0.5) == 0.0
    assert feeling(4000.0, 5000.0, 5000.0, 1.0, 0.5) == pytest.approx(-0.3)
    assert feeling(50000.0, 5000.0, 5000.0, 1.0, 0.5) == 1.0 and feeling(0.0, 0.0, 0.0, 1.0, 1.0) == 0.0
    assert zest_of(0.0, 0.3, 0.0, 0.3) == 1.0 and zest_of(1.0, 0.3, -1.0, 0.1) == pytest.approx(1.2) and zest_of(0.0, 0, -1.0, 5.0) == 0.0


def test_a_double_of_the_leaver_costs_nothing_and_a_stranger_most() -> None:
    assert similarity(True, 0.6, 0.6) == 1.0 and similarity(False, 0.0, 0.6) == 0.0 and similarity(True, 0.0, 0.0) == 1.0
    assert handed_over(0.6, 0.4, 1.0) == 0.6 and handed_over(0.6, 0.4, 0.0) == pytest.approx(0.36) and handed_over(0.6, 0.0, 0.0) == 0.6
    assert job_stake(6000.0, 7000.0, 3.0, 12.0) == 18000.0 and job_stake(6000.0, 5000.0, 3.0, 12.0) == 27000.0


@pytest.mark.parametrize("need,mean", [(1, 0.3), (4, 3.0), (4.5, 6.0), (30, 25.0), (150, 170.0)])
def test_the_chance_to_reach_a_mark_is_poisson_s(need, mean) -> None:
    from scipy.stats import poisson

    chance, slope = chance_to_reach(need, mean)
    assert chance == pytest.approx(poisson.sf(math.ceil(need) - 1, mean), rel=1e-9)
    assert slope == pytest.approx(poisson.pmf(math.ceil(need) - 1, mean), rel=1e-9)
    assert chance_to_reach(0.0, mean) == (1.0, 0.0) and chance_to_reach(-3.0, 0.0) == (1.0, 0.0) and chance_to_reach(2.0, 0.0)[0] == 0.0


def test_a_high_mark_is_counted_by_a_normal_with_the_derivative_to_match() -> None:
    for need, mean in ((400.0, 380.0), (1000.0, 1100.0)):
        chance, slope = chance_to_reach(need, mean)
        step = 1e-4
        assert slope == pytest.approx((chance_to_reach(need, mean + step)[0] - chance_to_reach(need, mean - step)[0]) / (2 * step), rel=1e-5)
        assert 0 < chance < 1


def test_vacancies_last_as_long_as_said_on_average() -> None:
    key = stream(np.uint64(3), 51, np.uint64(5), 0)
    months = np.array([whole_months(4.0, 5.5, uniform(key, 2 * n), uniform(key, 2 * n + 1)) for n in range(20000)])
    assert set(months) <= {4, 5, 6} and months.mean() == pytest.approx(4.75, abs=4 * months.std() / math.sqrt(len(months)))
    assert whole_months(0.0, 0.0, 0.5, 0.999) == 0


def test_every_generation_of_a_seat_has_a_key_of_its_own() -> None:
    with np.errstate(over="ignore"):
        keys = {int(person_key(np.uint64(seat), g)) for seat in range(100) for g in range(20)}
        assert len(keys) == 2000 and int(person_key(np.uint64(77), 0)) == 77


# --- closed forms -----------------------------------------------------------------------------------------------------


def settled(scenario: Scenario, names: str = "ABCDEFGH", **changes: Any) -> Scenario:
    """A branch in which everybody works the same hours every day: nothing but luck, learning and quitting is left."""
    off = {f"mechanisms.{name}": False for name in scenario.switches if name not in ("quits", "learning")}
    return scenario.with_changes({
        **off, "parameters.capacity_hours": 2.0, "parameters.intrinsic_per_account": 1e6, "parameters.service_duty": 0.0,
        "parameters.effort_eta": 1.0, "parameters.quit_pay_response": 0.0, "parameters.vacancy_shortest": 0.0, "parameters.vacancy_longest": 0.0,
        "parameters.skill_new": 0.2, "parameters.tenure_learning": 0.2, "parameters.order_pull": 0.0,
        "parameters.contact_pace": {"intermediaries": 0.0, "chains": 0.0, "street": 5.0, "network": 0.0}, **changes})


def test_t11_ramp_and_quits() -> None:
    """Mean skill p1 - (p1 - p0) h / (h + k): exactly so by months (quits at their ends, contacts Poisson), and T11 in its limit."""
    hazard, rate, pace, effort = 0.12, 0.01, 5.0, 2.0
    scenario = settled(branch("ABCDEFGH", days=1044, customers=0, **{"calendar.start": date(2019, 1, 1)}), **{
        "parameters.quit_hazard": hazard, "parameters.learning_rate": rate})
    runs = run(scenario, policy(), 12)
    line, p1 = scenario.timeline, 0.95
    k = pace * effort * -math.expm1(-rate)                             # a day: E exp(-rate N) = exp(-mean (1 - exp(-rate)))
    street = runs.weeks[..., R["skill"]] * 4 - 3 * 0.2                 # three channels rest at a beginner's skill, where forgetting is off
    ages = {0: 1.0}                                                    # days in post: share of seats (nobody is new on the first day)
    ends = np.flatnonzero(line.last_of_month)
    last_weeks = [int(line.week[day]) for day in range(line.days) if line.last_of_week[day] and day > 400]
    expected = []
    start = math.exp(-0.2 * 36 * 0)                                    # everybody's gap at the start follows from tenure, below
    gap = np.array([p1 - learn(0.2, spec.tenure_months, 0.2, p1) for spec in scenario.managers.values()])
    shares = [(1.0, None)]                                             # (share of seats, day of entry; None: there from the start)
    for day in range(line.days):
        if line.last_of_week[day] and day > 400:
            expected.append(np.mean([sum(share * (p1 - (g if entry is None else p1 - 0.2) * math.exp(-k * (day - (-1 if entry is None else entry))))
                                         for share, entry in shares) for g in gap]))
        if day in ends:
            shares = [(share * math.exp(-hazard), entry) for share, entry in shares] + [(-math.expm1(-hazard), day)]
    seen = street[:, last_weeks, :].mean(axis=(1, 2))
    assert ages and start == 1.0
    assert seen.mean() == pytest.approx(np.mean(expected), abs=4 * seen.std(ddof=1) / math.sqrt(len(seen)))
    monthly = k * 261 / 12
    continuous = p1 - (p1 - 0.2) * hazard / (hazard + monthly)
    assert np.mean(expected) == pytest.approx(continuous, abs=0.02)
    limits = [p1 - (p1 - 0.2) * h / (h + m) for h, m in ((0.0, 1.0), (1e9, 1.0), (1.0, 1e9))]
    assert limits == [pytest.approx(p1), pytest.approx(0.2), pytest.approx(p1)]


def hired_abilities(plan: Policy, replications: int = 60, **changes: Any) -> np.ndarray:
    """Abilities, in standard deviations above the mean, of everybody hired in their first month."""
    scenario = settled(branch("ABCDEFGH", days=22, customers=0, **{"calendar.start": date(2019, 1, 1)}), **{
        "parameters.quit_hazard": 50.0, "mechanisms.people_differ": True, "parameters.talent_spread": 0.4, "parameters.intrinsic_spread": 0.0,
        **changes})
    found = []
    for seed in range(replications):
        life = Life(scenario.with_changes({"calendar.days": 23}), plan, seed)
        while life.state.managers.generation.sum() == 0:
            life.step()
        found += list((np.log(life.state.managers.talent) + 0.08)[life.state.managers.vacancy == 0] / 0.4)
    return np.array(found)


@pytest.mark.parametrize("cutoff,reliability", [(-8.0, 1.0), (0.0, 1.0), (0.7, 1.0), (0.5, 0.6)])
def test_t13_selection_at_a_cutoff(cutoff, reliability) -> None:
    """Whoever passes a test has mean ability rho phi(z) / (1 - Phi(z)); a mark far below selects nobody out."""
    from scipy.stats import norm

    found = hired_abilities(policy({"hiring": {"applicants": 60, "pass_mark": cutoff, "reliability": reliability, "choose": "first"}}))
    mean = reliability * norm.pdf(cutoff) / norm.sf(cutoff)
    assert found.mean() == pytest.approx(mean, abs=4 * found.std(ddof=1) / math.sqrt(len(found)))
    assert reliability < 1.0 or found.min() >= cutoff - 1e-9


def test_the_able_prefer_performance_pay() -> None:
    """Paid alike, the able have better offers elsewhere and stay away; paid by result, they come. T13 in both directions."""
    people = {"hiring": {"applicants": 60, "choose": "first"}}
    fixed = hired_abilities(policy(people), **{"mechanisms.sorting": True, "parameters.outside_slope": 0.5})
    plan = policy(people, base=BASE | {"schedule": {"kind": "fixed", "amount": 3000.0}}, piece=piece(6000.0))
    paid = hired_abilities(plan, **{"mechanisms.sorting": True, "parameters.outside_slope": 0.5})
    either = hired_abilities(policy(people))
    assert fixed.max() <= 0.08 / 0.4 + 1e-9                             # ability 1, where the outside option is the base pay
    assert fixed.mean() < either.mean() - 0.3 and paid.mean() > either.mean() + 0.1
