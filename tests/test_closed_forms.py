"""Closed forms of the literature, through the public planner and the simulated branch (docs/model.md names each)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import brentq, minimize_scalar

import sim
from sim.rules.learning import learn


def linear(rate: float, payee: str = "self") -> dict:
    return {"measure": "accounts", "period": "month", "payee": payee, "schedule": {"kind": "linear", "rate": rate}}


def quota(bonus: float, mark: float) -> dict:
    return {"measure": "accounts", "period": "month", "schedule": {"kind": "step", "at": [{"units": mark, "pays": bonus}]}}


@pytest.mark.parametrize("b", [0.2, 0.7, 1.0, 3.0])
@pytest.mark.parametrize("c", [0.5, 2.0])
def test_t1_linear_pay_and_quadratic_cost_call_forth_b_over_c(plan, b, c) -> None:
    answer = sim.best_response(plan(piece=linear(b)), cost=c, noise_sd=1.3, risk=0.4)
    assert answer.effort == pytest.approx(b / c, abs=1e-6)
    assert answer.utility == pytest.approx(b * b / (2 * c) - 0.4 * b * b * 1.3**2 / 2, abs=1e-6)


@pytest.mark.parametrize(("r", "c", "s"), [(0.5, 1.0, 1.0), (2.0, 0.7, 0.5), (0.0, 1.0, 2.0), (1.0, 1.0, 0.0)])
def test_t1_the_best_rate_of_commission_falls_with_risk_and_noise(plan, r, c, s) -> None:
    """The employer's surplus is output less wage cost at the manager's certainty equivalent: best at 1/(1 + r c s^2)."""
    def loss(rate: float) -> float:
        answer = sim.best_response(plan(piece=linear(rate)), cost=c, noise_sd=s, risk=r)
        return -(answer.effort - (rate * answer.effort - answer.utility))

    best = minimize_scalar(loss, bounds=(1e-3, 1.5), method="bounded", options={"xatol": 1e-9}).x
    assert best == pytest.approx(1 / (1 + r * c * s * s), abs=1e-5)


@pytest.mark.parametrize("gamma", [1.5, 2.0, 3.5])
def test_t2_isoelastic_effort_with_intrinsic_motivation(plan, gamma) -> None:
    k = 1 / (gamma - 1)
    efforts = []
    for b, s in ((1.0, 0.0), (2.0, 0.0), (2.0, 0.5)):
        answer = sim.best_response(plan(piece=linear(b)), cost=1.7, gamma=gamma, own_worth=s)
        assert answer.effort == pytest.approx(((s + b) / 1.7) ** k, rel=1e-6)
        efforts.append(answer.effort)
    assert math.log(efforts[1] / efforts[0]) / math.log(2) == pytest.approx(k, abs=1e-6)


def test_t3_linear_pay_gives_the_same_effort_every_day_whatever_happened(plan, laboratory) -> None:
    """No history, no spike at the period's end: effort is b theta / c, day after day."""
    policy = plan(piece=linear(300.0))
    model = sim.BankModel(laboratory, policy, seed=3)
    efforts = []
    while model.running:
        model.step()
        efforts.append([manager.effort for manager in model.agents_by_type[sim.Manager]])
    efforts = np.array(efforts)
    assert len(efforts) == 20
    assert np.ptp(efforts, axis=0) == pytest.approx(0.0, abs=1e-9)
    theta = best_channel(laboratory)
    assert efforts[0] == pytest.approx(np.full(4, 300.0 * theta / 50.0), rel=1e-9)


def best_channel(scenario) -> float:
    """Accounts an hour on the most productive channel, for a manager of the laboratory."""
    skill = learn(scenario.value("skill_new", manager="A"), 12.0, scenario.value("tenure_learning"), scenario.value("skill_ceiling"))
    return max(
        scenario.value("contact_pace", k) * (scenario.value("conversion_unskilled", k) * (1 - skill) + scenario.value("conversion_skilled", k) * skill)
        for k in ("street", "network"))         # nobody in the laboratory has customers whose chains could be worked


@pytest.mark.parametrize("n", [1, 2, 4, 9])
@pytest.mark.parametrize("pressure", [0.0, 0.3])
def test_t6_team_pay_dilutes_the_margin_to_one_over_n(plan, n, pressure) -> None:
    answer = sim.best_response(plan(piece=linear(2.0, "team")), cost=1.5, group=n, others=3.0, own_worth=pressure)
    assert answer.effort == pytest.approx((2.0 / n + pressure) / 1.5, abs=1e-6)


def test_t6_in_the_branch_team_pay_quarters_the_effort_of_four(plan, laboratory) -> None:
    own = first_day_effort(laboratory, plan(piece=linear(300.0)))
    team = first_day_effort(laboratory, plan(piece=linear(300.0, "team")))
    assert team == pytest.approx(own / 4, rel=1e-9)


def first_day_effort(scenario, policy) -> np.ndarray:
    model = sim.BankModel(scenario, policy, seed=1)
    model.step()
    return np.array([manager.effort for manager in model.agents_by_type[sim.Manager]])


@pytest.mark.parametrize(("q", "s", "bonus", "c"), [(2.0, 1.0, 6.0, 1.0), (1.0, 0.5, 2.0, 1.2), (3.0, 1.5, 20.0, 1.0)])
def test_t7_quota_bonus_equates_density_and_cost(plan, q, s, bonus, c) -> None:
    answer = sim.best_response(plan(quota=quota(bonus, q)), cost=c, noise_sd=s, capacity=20.0)

    def slope(e: float) -> float:
        return bonus / s * math.exp(-0.5 * ((q - e) / s) ** 2) / math.sqrt(2 * math.pi) - c * e

    grid = np.linspace(0.0, 20.0, 20001)
    values = [bonus * 0.5 * (1 + math.erf((e - q) / s / math.sqrt(2))) - c * e * e / 2 for e in grid]
    near = grid[int(np.argmax(values))]
    exact = brentq(slope, max(0.0, near - 0.01), near + 0.01)
    assert answer.effort == pytest.approx(exact, abs=1e-6)


def test_t7_far_from_the_quota_effort_dies(plan) -> None:
    assert sim.best_response(plan(quota=quota(5.0, 40.0)), cost=1.0, noise_sd=1.0, capacity=20.0).effort < 1e-6
    assert sim.best_response(plan(quota=quota(5.0, 3.0)), cost=1.0, noise_sd=1.0, done=30.0, capacity=20.0).effort < 1e-6


def test_t10_linear_in_means_peers_settle_at_x_over_one_minus_rho(plan, laboratory) -> None:
    """Best responses (b theta + k N)/(c + k) are x + rho N with rho = k/(c + k): everybody ends at x/(1 - rho)."""
    k, c = 30.0, 50.0
    scenario = laboratory.with_changes({
        "mechanisms.norm": True, "parameters.norm_below": k, "parameters.norm_above": k, "parameters.effort_start": 9.0,
        "calendar.days": 60,
    })
    model = sim.BankModel(scenario, plan(practices={"reporting": {"visible": "everyone"}}, piece=linear(300.0)), seed=1)
    model.run_model()
    rho, x = k / (c + k), 300.0 * best_channel(scenario) / (c + k)
    efforts = [manager.effort for manager in model.agents_by_type[sim.Manager]]
    assert efforts == pytest.approx([x / (1 - rho)] * 4, abs=1e-6)


def test_t10_nobody_visible_leaves_everybody_independent(plan, laboratory) -> None:
    scenario = laboratory.with_changes({"mechanisms.norm": True, "parameters.norm_below": 30.0, "parameters.norm_above": 30.0, "parameters.effort_start": 9.0})
    unseen = first_day_effort(scenario, plan(practices={"reporting": {"visible": "nobody"}}, piece=linear(300.0)))
    alone = first_day_effort(laboratory, plan(piece=linear(300.0)))
    assert unseen == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize(("h", "k"), [(0.3, 0.5), (2.0, 0.1), (0.01, 4.0)])
def test_t11_mean_productivity_under_a_constant_hazard_of_leaving(h, k) -> None:
    p0, p1 = 0.2, 0.9
    mean, _ = quad(lambda t: h * math.exp(-h * t) * learn(p0, t, k, p1), 0, np.inf, epsabs=1e-12, limit=200)
    assert mean == pytest.approx(p1 - (p1 - p0) * h / (h + k), abs=1e-6)


def test_t11_limits_no_learning_and_no_leaving() -> None:
    assert learn(0.2, 1e9, 1.0, 0.9) == pytest.approx(0.9)
    assert learn(0.2, 5.0, 0.0, 0.9) == 0.2
