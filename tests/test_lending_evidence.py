"""Published effects of loan officers' pay, each a paired experiment on common seeds with one parameter set (docs/validation.md).

The setting, data/scenarios/business-lending.yaml, follows the study's description (its note says what was set again); the five calibrated values of
data/parameters/credit.yaml were fitted to the first experiment and to no other.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

import sim
from sim.engine.state import M_LOANS
from sim.experiments.simulate import interval_half_width
from sim.policy import Policy, make_policy

DAYS, TARGET = 261, 1_300_000.0                        # a year; CNY a month and officer


def paying(name: str, **pay: Any) -> Policy:
    """A salary and these elements."""
    return make_policy({"title": {"en": name, "zh": name}, "source": "a test", "effective": date(2019, 1, 1), "author": "tests", "status": "assumed",
                        "pay": {"salary": {"period": "month", "schedule": {"kind": "fixed", "amount": 5000.0}}, **pay}}, name)


def linear(measure: str, rate: float, period: str = "month") -> dict[str, Any]:
    return {"measure": measure, "period": period, "schedule": {"kind": "linear", "rate": rate}}


LASTING = {"interest": linear("interest_collected", 0.045), "liability": linear("principal_lost", -0.2)}
QUOTA = paying("quota", minimum={"measure": "loans_made", "period": "month", "schedule": {"kind": "step", "at": [{"units": TARGET, "pays": 1500.0}]}},
               **LASTING)


def gap(a: np.ndarray, b: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Mean of b - a, pair by pair, and half its interval."""
    return float((b - a).mean()), float(interval_half_width((b - a)[:, None], confidence)[0])


@pytest.fixture(scope="module")
def business() -> sim.Scenario:
    return sim.load_scenario("business-lending")


def test_pay_by_volume_makes_more_loans_larger_ones_and_more_defaults(business, record_property) -> None:
    """Agarwal and Ben-David 2018 (study): new loans +31 %, size +15 %, default +24 %; bands +20..42, +8..22, +12..36 are this project's."""
    salary, volume = (sim.simulate(business, sim.load_policy(name), 40, seed=1, jobs=2).totals() for name in ("lending-salary", "lending-volume"))
    for measure, low, high in (("loans", 0.20, 0.42), ("loan_size", 0.08, 0.22), ("default_rate", 0.12, 0.36)):
        base = salary[measure].mean()
        mean, half = (x / base for x in gap(salary[measure].to_numpy(), volume[measure].to_numpy()))
        record_property(measure, f"{mean:+.1%} ({mean - half:+.1%} to {mean + half:+.1%})")
        assert mean - half > 0.0, measure
        assert low < mean < high, f"{measure}: {mean:+.1%} +- {half:.1%}"
    assert volume["pay"].mean() == pytest.approx(salary["pay"].mean(), rel=0.15)       # in place of a salary, not on top of it


def lived(policy: Policy, scenario: sim.Scenario, seed: int) -> dict[str, np.ndarray]:
    """Day by day (D) and officer (n): CNY lent, loans made and the sum of their hidden chances; whether a month ends; CNY in the month before."""
    model = sim.BankModel(scenario, policy, seed=seed)
    s, known = model.teams[0].state, set()
    out: dict[str, list[np.ndarray]] = {"lent": [], "loans": [], "chances": [], "so_far": []}
    while model.running:
        out["so_far"].append(s.managers.period_units[:, M_LOANS, 0].copy())
        made = s.credit.made.copy()
        model.step()
        loans = s.loans[: s.tally.loans]
        new = loans[[int(key) not in known for key in loans.key]]
        known.update(int(key) for key in new.key)
        out["lent"].append(s.credit.made - made)
        out["loans"].append(np.bincount(new.owner, minlength=len(s.credit)).astype(float))
        out["chances"].append(np.bincount(new.owner, new.chance, len(s.credit)))
    return {**{key: np.array(rows) for key, rows in out.items()}, "ends": np.array(model.timeline.last_of_month)}


@pytest.fixture(scope="module")
def quota_years(business) -> list[dict[str, np.ndarray]]:
    return [lived(QUOTA, business.with_changes({"calendar.days": DAYS}), seed) for seed in range(6)]


def ratio_of_last_days(year: dict[str, np.ndarray]) -> float:
    """CNY lent on a month's last day over that on any other."""
    return float(year["lent"][year["ends"]].mean() / year["lent"][~year["ends"]].mean())


def test_under_a_monthly_minimum_output_jumps_on_the_last_day_and_its_loans_are_worse(business, quota_years) -> None:
    """Tzioumis and Gee 2013: mortgage officers with a monthly minimum quota. Pay by the piece, or no hurry, knows no last day."""
    ratios = np.array([ratio_of_last_days(year) for year in quota_years])
    mean, half = gap(np.ones(len(ratios)), ratios)
    assert mean > half and mean > 0.3
    last, other = (np.array([y["chances"][pick(y)].sum() / y["loans"][pick(y)].sum() for y in quota_years])
                   for pick in (lambda y: y["ends"], lambda y: ~y["ends"]))
    mean, half = gap(other, last, 0.9)
    assert mean > half > 0.0
    year = business.with_changes({"calendar.days": DAYS})
    calm = [ratio_of_last_days(lived(policy, world, seed)) for seed in (0, 1, 2) for policy, world in (
        (QUOTA, year.with_changes({"mechanisms.hurry": False})), (paying("piece", piece=linear("loans_made", 0.002), **LASTING), year))]
    assert 0.7 < np.mean(calm) < 1.2 < ratios.mean()


def test_those_who_may_miss_the_quota_hurry_at_the_month_s_end(quota_years) -> None:
    """Behr et al. 2020: who is at risk does more at the month's end than who has made it."""
    short, safe = [], []
    for year in quota_years:
        before = year["so_far"][year["ends"]]
        lent = year["lent"][year["ends"]]
        short.append(lent[(before < TARGET) & (before > 0.5 * TARGET)].mean())
        safe.append(lent[before >= TARGET].mean())
    mean, half = gap(np.array(safe), np.array(short))
    assert mean > half > 0.0


def test_strong_pay_for_what_performs_screens_more_and_deferral_weakens_it(business) -> None:
    """Cole, Kanz and Klapper 2015: high-powered pay makes officers look harder; paying it later makes them look less hard."""
    impatient = business.with_changes({"calendar.days": DAYS, "parameters.pay_discount": 0.003})
    late = paying("late", interest=linear("interest_collected", 0.045, "year"), liability=linear("principal_lost", -0.2, "year"))
    weak, strong, deferred = (sim.simulate(impatient, policy, 12, seed=3, jobs=2).totals()["vetting"].to_numpy()
                              for policy in (paying("weak"), paying("strong", **LASTING), late))
    for a, b in ((weak, strong), (deferred, strong), (weak, deferred)):
        mean, half = gap(a, b)
        assert mean > half > 0.0
