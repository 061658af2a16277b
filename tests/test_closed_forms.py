"""Closed forms of the literature, through the public planner and the simulated branch (docs/validation.md says where each is held)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import brentq

import sim
from sim.rules.gaming import cheating_gain, moving_gain, pulled
from sim.rules.goals import chance_ahead, passing_density
from sim.rules.learning import learn
from sim.rules.tasks import two_efforts, two_rates

GAMING = ("false_reports", "moved_deals", "dormant", "discounting", "fatigue", "reference_pay", "crowding_out", "present_bias", "loss_framing",
          "noisy_reports")


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
    def surplus(rate: float) -> float:
        answer = sim.best_response(plan(piece=linear(rate)), cost=c, noise_sd=s, risk=r)
        return answer.effort - (rate * answer.effort - answer.utility)

    best = brentq(lambda rate: surplus(rate + 1e-3) - surplus(rate - 1e-3), 0.01, 1.5, xtol=1e-12)      # where it rises no more
    assert best == pytest.approx(1 / (1 + r * c * s * s), abs=1e-6)


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


def test_t4_efforts_and_best_rates_of_two_tasks() -> None:
    """e = C^-1 b, and b* = (I + r C S)^-1 B is where the surplus of employer and manager together rises no more."""
    rng = np.random.default_rng(4)
    for _ in range(50):
        a, b = rng.uniform(0.5, 3.0, 2)
        k = rng.uniform(-0.9, 0.9) * math.sqrt(a * b)
        C, B, S, r = np.array([[a, k], [k, b]]), rng.uniform(0.5, 3.0, 2), np.diag(rng.uniform(0.0, 4.0, 2)), rng.uniform(0.0, 2.0)
        rates = np.array(two_rates(*B, a, b, k, r, S[0, 0], S[1, 1]))
        assert rates == pytest.approx(np.linalg.solve(np.eye(2) + r * C @ S, B), abs=1e-9)
        free = np.linalg.solve(C, rates)
        if np.all(free > 0.0):                                     # both tasks worked: then the employer's optimum is an inner one
            assert two_efforts(*rates, a, b, k) == pytest.approx(free, abs=1e-9)

            def surplus(paid: np.ndarray, C=C, B=B, S=S, r=r, a=a, b=b, k=k) -> float:
                e = np.array(two_efforts(*paid, a, b, k))
                return float(B @ e - e @ C @ e / 2 - r * paid @ S @ paid / 2)

            for step in (1e-4 * np.eye(2)):
                assert surplus(rates + step) - surplus(rates - step) == pytest.approx(0.0, abs=1e-9)


def test_t4_limits() -> None:
    assert two_efforts(1.0, 0.0, 1.0, 1.0, 0.6) == (1.0, 0.0)       # the unmeasured substitute starves
    assert two_efforts(0.0, 2.0, 1.0, 4.0, 0.6) == (0.0, 0.5) and two_efforts(0.0, 0.0, 1.0, 1.0, 0.6) == (0.0, 0.0)
    assert two_efforts(1.0, 1.0, 2.0, 1.0, 0.0) == (0.5, 1.0)       # each for itself
    assert two_efforts(1.0, 0.0, 1.0, 1.0, -0.5)[1] > 0.0           # a complement is done along with the paid task
    assert two_rates(1.0, 1.0, 1.0, 1.0, 0.0, 2.0, 1.0, 0.5) == pytest.approx((1 / 3, 1 / 2))
    assert two_rates(3.0, 2.0, 1.0, 1.0, 0.5, 0.0, 9.0, 9.0) == (3.0, 2.0)
    flat = two_rates(1.0, 1.0, 1.0, 1.0, 0.999, 1.0, 0.05, 1e9)     # one cannot be measured, and it is a near substitute
    assert flat[1] == pytest.approx(0.0, abs=1e-6) and flat[0] < 0.05


@pytest.mark.parametrize(("rate", "duty"), [(300.0, 0.0), (300.0, 20.0), (100.0, 60.0)])
def test_t4_in_the_branch_the_task_not_paid_for_starves(plan, laboratory, rate, duty) -> None:
    """Hours are perfect substitutes, C = c [[1, 1], [1, 1]]: with linear output all go to the task that an hour is worth most on, as
    T4 has it for the nearest C that can be inverted. duty: CNY a service contact is worth without pay."""
    scenario = laboratory.with_changes({"parameters.service_duty": duty, **{f"branches.changzhou.managers.{m}.customers": 500 for m in "ABCD"},
                                        "parameters.contact_pace.chains": 0.0})
    model = sim.BankModel(scenario, plan(piece=linear(rate)), seed=1)
    model.step()
    worths = (rate * best_channel(scenario), duty * scenario.value("service_pace"))
    expected = two_efforts(*worths, 50.0, 50.0, 50.0 * (1.0 - 1e-9))
    for manager in model.teams[0].managers:
        hours = manager.hours
        assert (hours[:4].sum(), hours[4]) == pytest.approx(expected, abs=1e-6)
    assert min(expected) == 0.0 < max(expected)


@pytest.mark.parametrize(("prize", "c", "s"), [(4.0, 1.0, 1.0), (10.0, 2.0, 3.0), (1.0, 0.3, 0.5)])
def test_t5_two_players_with_normal_noise(plan, prize, c, s) -> None:
    """e* = dW/(2 c s sqrt(pi)), a best response to itself; a shock common to both changes nothing."""
    exact = prize / (2.0 * c * s * math.sqrt(math.pi))
    answer = sim.best_response(plan(), cost=c, own_worth=prize * passing_density(0.0, s, s))
    assert answer.effort == pytest.approx(exact, abs=1e-6)

    def gain(e: float) -> float:
        return prize * chance_ahead(e - exact, s, s) - 0.5 * c * e * e

    if prize / (c * s * s) < 4.0:                                  # where noise is small the first order is not all
        found = brentq(lambda e: gain(e + 1e-4) - gain(e - 1e-4), 0.5 * exact, 2.0 * exact, xtol=1e-12)
        grid = np.linspace(0.0, 3.0 * exact + 1.0, 2001)
        assert found == pytest.approx(exact, abs=1e-6) and max(gain(e) for e in grid) <= gain(exact) + 1e-12
    for shock in (-5.0, 2.5):
        assert passing_density((7.0 + shock) - (6.0 + shock), s, s) == passing_density(1.0, s, s)


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


@pytest.mark.parametrize(("now", "later", "d", "k"), [(500.0, 400.0, 0.9, 50.0), (100.0, 400.0, 0.95, 30.0), (300.0, 300.0, 1.0, 20.0)])
def test_t8_deals_are_pulled_forward_until_the_trouble_outweighs_the_gain(now, later, d, k) -> None:
    x = pulled(now, later, d, k)
    assert x == pytest.approx((now - d * later) / k, abs=1e-9)

    def rise(units: float) -> float:
        return moving_gain(units + 0.01, now * (units + 0.01), later, d, k) - moving_gain(units - 0.01, now * (units - 0.01), later, d, k)

    assert brentq(rise, -100.0, 100.0, xtol=1e-12) == pytest.approx(x, abs=1e-6)


@pytest.mark.parametrize("sanction", [0.0, 2000.0, 9000.0])
def test_t9_the_rational_cheat_where_the_gain_passes_the_expected_sanction(sanction) -> None:
    p, gains = 0.2, stats.lognorm(0.8, scale=500.0)
    drawn = gains.rvs(20_000, random_state=1)
    share = np.mean([cheating_gain(g, p, sanction, 0.0) > 0.0 for g in drawn])
    exact = 1.0 - gains.cdf(p * sanction)
    assert share == pytest.approx(exact, abs=4 * math.sqrt(max(exact * (1 - exact), 1e-9) / len(drawn)))
    assert sanction > 0.0 or share == 1.0                           # F = 0: all who gain


@pytest.mark.parametrize(("audit", "fine"), [(0.0, 0.0), (0.3, 500.0), (0.8, 300.0), (0.9, 500.0)])
def test_t9_in_the_branch_the_share_who_cheat_is_one_minus_g_of_p_f(plan, audit, fine) -> None:
    """One false account pays 400 CNY; what it costs the conscience is exponential, so a gain passes x with chance 1 - exp(-(400 - x)/mean)."""
    scenario = sim.load_scenario("retail-branch").with_changes({
        **{f"mechanisms.{name}": name == "false_reports" for name in GAMING}, "parameters.false_most": 1.0, "parameters.scruples": 350.0, "calendar.days": 23})
    policy = plan(practices={"controls": {"audit": audit, "fine": fine, "cancels": False}}, piece=linear(400.0))
    cheats = (sim.simulate(scenario, policy, 150).totals("manager")["misreported"] > 0.0).to_numpy()
    exact = -math.expm1(-max(0.0, 400.0 - audit * fine) / 350.0)
    assert cheats.mean() == pytest.approx(exact, abs=1e-12 + 4 * math.sqrt(exact * (1 - exact) / len(cheats)))


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
