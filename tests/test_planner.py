"""The planner against dynamic programming, and its expected pay against brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

import sim
from sim.engine.state import PAY_MEASURES
from sim.policy.kernel import expect_count, expect_normal, pay_at
from sim.policy.schedule import pay_tables

DAYS, LEVELS = 60, 48
THETA, COST, GAMMA, ETA, CAPACITY = 0.08, 4.0, 2.5, 0.7, 8.0


def quota_plan(plan, mark: int, bonus: float):
    return plan(quota={"measure": "accounts", "period": "quarter", "schedule": {"kind": "step", "at": [{"units": float(mark), "pays": bonus}]}})


def cost(effort: np.ndarray | float):
    return COST * effort**GAMMA / GAMMA


def counts(mean: float, most: int) -> np.ndarray:
    p = np.array([math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) if mean > 0 else float(n == 0) for n in range(most + 1)])
    p[-1] += 1 - p.sum()
    return p


def optimum(mark: int, bonus: float) -> float:
    """Value of the best policy by backward induction over (day, accounts so far), CNY."""
    efforts = np.linspace(0.0, CAPACITY, LEVELS + 1)
    chances = np.array([counts(THETA * e**ETA, mark) for e in efforts])
    value = np.array([0.0] * mark + [bonus])
    for _ in range(DAYS):
        ahead = np.array([[chances[a, : mark - n] @ value[n:mark] + chances[a, mark - n:].sum() * value[mark] for n in range(mark + 1)]
                          for a in range(len(efforts))])
        value = (ahead - cost(efforts)[:, None]).max(axis=0)
    return float(value[0])


def planned(policy, mark: int, bonus: float) -> float:
    """Exact value, CNY, of following the planner's effort from every (day, accounts so far)."""
    tables = pay_tables(policy, PAY_MEASURES)
    value = np.array([0.0] * mark + [bonus])
    for left in range(1, DAYS + 1):
        before = np.empty(mark + 1)
        for n in range(mark + 1):
            e = sim.best_response(tables, THETA, cost=COST, gamma=GAMMA, eta=ETA, capacity=CAPACITY, done=float(n),
                                  days_left=float(left), levels=12, refinements=6).effort if n < mark else 0.0
            p = counts(THETA * e**ETA, mark)
            before[n] = p[: mark - n] @ value[n:mark] + p[mark - n:].sum() * value[mark] - cost(e)
        value = before
    return float(value[0])


@pytest.mark.parametrize("bonus", [800.0, 2500.0, 8000.0])
@pytest.mark.parametrize("mark", [4, 8, 12, 16, 20, 26])
def test_the_planner_keeps_its_distance_from_dynamic_programming(plan, mark, bonus) -> None:
    """At the simulation's own fineness: 90 % of the optimum where that is 35 % of the bonus or more, never 10 % of the bonus short."""
    best, own = optimum(mark, bonus), planned(quota_plan(plan, mark, bonus), mark, bonus)
    assert own <= best + 0.01 * bonus                     # the optimum is over a grid of efforts
    assert own >= best - 0.10 * bonus
    if best >= 0.35 * bonus:
        assert own >= 0.90 * best


def test_levels_see_the_quota_that_the_marginal_unit_misses(plan) -> None:
    """From nothing done, the next account alone brings almost nothing; kept-up effort brings the bonus."""
    policy = quota_plan(plan, 12, 8000.0)
    answer = sim.best_response(policy, THETA, cost=COST, gamma=GAMMA, eta=ETA, capacity=CAPACITY, days_left=DAYS)
    assert answer.effort > 3.0


schedules = st.one_of(
    st.builds(lambda r, t, m: {"kind": "linear", "rate": r, "threshold": t, "mode": m},
              st.floats(0, 1000), st.integers(0, 20).map(float), st.sampled_from(["from_threshold", "from_first"])),
    st.builds(lambda m, marks, rates: {"kind": "tiers", "mode": m, "tiers": [{"from": float(x), "rate": r} for x, r in zip(marks, rates)]},
              st.sampled_from(["marginal", "retroactive"]), st.lists(st.integers(0, 30), min_size=3, max_size=3, unique=True).map(sorted),
              st.lists(st.floats(0, 900), min_size=3, max_size=3)),
    st.builds(lambda marks, pays: {"kind": "step", "at": [{"units": float(x), "pays": p} for x, p in zip(marks, pays)]},
              st.lists(st.integers(1, 30), min_size=2, max_size=2, unique=True).map(sorted), st.lists(st.floats(0, 9000), min_size=2, max_size=2)),
)


def bounded(schedule: dict, floor: float, room: float, use: int) -> dict:
    element = {"measure": "accounts", "period": "month", "schedule": schedule}
    if use & 1:
        element["floor"] = floor
    if use & 2:
        element["cap"] = floor + room
    return element


elements = st.builds(bounded, schedules, st.floats(0, 500), st.floats(0, 5000), st.integers(0, 3))


def by_definition(element: dict, x: float) -> float:
    """The element's pay at x units, written out from the conventions."""
    s = element["schedule"]
    if s["kind"] == "linear":
        start = s["threshold"]
        pay = (s["rate"] * (x - start) if s["mode"] == "from_threshold" else s["rate"] * x) if x >= start else 0.0
    elif s["kind"] == "tiers":
        marks = [t["from"] for t in s["tiers"]] + [math.inf]
        rates = [t["rate"] for t in s["tiers"]]
        if s["mode"] == "marginal":
            pay = sum(r * max(0.0, min(x, hi) - lo) for r, lo, hi in zip(rates, marks, marks[1:]))
        else:
            pay = next((r * x for r, lo, hi in zip(rates, marks, marks[1:]) if lo <= x < hi), 0.0)
    else:
        pay = ([0.0] + [a["pays"] for a in s["at"] if x >= a["units"]])[-1]
    return min(element.get("cap", math.inf), max(element.get("floor", 0.0), pay))


@settings(max_examples=examples(150), deadline=None)
@given(elements, st.integers(0, 160).map(lambda k: k / 4))
def test_a_schedule_pays_what_its_words_say(plan, element, x) -> None:
    lines, _ = pay_tables(plan(piece=element), PAY_MEASURES)
    assert pay_at(lines, 0, x) == pytest.approx(by_definition(element, x), abs=1e-6)


@settings(max_examples=examples(120), deadline=None)
@given(st.lists(elements, min_size=1, max_size=3), st.floats(0.05, 25), st.integers(0, 12), st.sampled_from([0.0, 1e-5, 3e-4]))
def test_expected_pay_over_counts_is_the_sum_over_counts(plan, parts, mean, done, risk) -> None:
    """Certainty equivalent and its derivative, several elements together, against the sum over 200 counts."""
    _, merged = pay_tables(plan(**{f"e{i}": part for i, part in enumerate(parts)}), PAY_MEASURES)

    def exact(m: float) -> float:
        p = counts(m, 200)
        pay = np.array([sum(by_definition(e, done + n) for e in parts) for n in range(201)])
        if risk == 0.0:
            return float(p @ pay)
        base = pay.min()
        return base - math.log(p @ np.exp(-risk * (pay - base))) / risk

    value, slope = expect_count(merged, 0, float(done), mean, 1.0, risk, 1.0)
    assert value == pytest.approx(exact(mean), rel=1e-7, abs=1e-5)
    step = 1e-4 * max(1.0, mean)
    assert slope == pytest.approx((exact(mean + step) - exact(mean - step)) / (2 * step), rel=1e-3, abs=0.05)


@settings(max_examples=examples(80), deadline=None)
@given(elements, st.floats(0, 30), st.floats(0.3, 6), st.sampled_from([0.0, 3e-4]))
def test_expected_pay_over_a_normal_measure_is_the_integral(plan, element, mean, sd, risk) -> None:
    _, merged = pay_tables(plan(piece=element), PAY_MEASURES)
    knots = sorted({k.x for k in merged.knots if mean - 10 * sd < k.x < mean + 10 * sd} | {mean - 10 * sd, mean + 10 * sd})
    nodes, weights = np.polynomial.legendre.leggauss(60)
    total, base = 0.0, float(pay_at(merged, 0, mean))
    for low, high in zip(knots, knots[1:]):
        x = 0.5 * (high - low) * nodes + 0.5 * (low + high)
        pay = np.array([pay_at(merged, 0, v - (1e-7 if v == high else 0.0)) for v in x])
        density = np.exp(-0.5 * ((x - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
        total += 0.5 * (high - low) * weights @ (density * (pay if risk == 0 else np.exp(-risk * (pay - base))))
    expected = total if risk == 0 else base - math.log(total) / risk
    value, _ = expect_normal(merged, 0, mean, sd, risk)
    assert value == pytest.approx(expected, rel=1e-5, abs=1e-2)


def test_leads_that_come_anyway_are_counted_on_toward_a_quota(plan, laboratory) -> None:
    """Who has intermediaries enough to reach the quota works less for it than who has none."""
    policy = plan(quota={"measure": "accounts", "period": "quarter", "schedule": {"kind": "step", "at": [{"units": 4.0, "pays": 20000.0}]}})
    efforts = []
    for flow in (0.0, 3.0):
        model = sim.BankModel(laboratory.with_changes({"parameters.effort_cost": 2.0}), policy, seed=1)
        for manager in model.agents_by_type[sim.Manager]:
            manager.partners = flow
        model.step()
        efforts.append(np.mean([manager.effort for manager in model.agents_by_type[sim.Manager]]))
    assert efforts[0] > 1.0
    assert efforts[1] < 0.1 * efforts[0]
