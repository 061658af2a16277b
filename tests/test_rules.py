"""Every rule at its limits, as its docstring promises them (the compiled functions themselves are called)."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from sim.rules.customers import contacted, exposure
from sim.rules.effort import best_effort, cost_of_effort, marginal_gain, norm_cost, norm_pull
from sim.rules.fading import decayed, left_after
from sim.rules.learning import forget, learn
from sim.rules.meetings import answered, believe, kalman_gain, pressed, worn_excuse
from sim.rules.mentoring import dependence_after, errand_share, taught
from sim.rules.peers import chance_high, leaning_factor, status_after
from sim.rules.prospecting import access, blocked, conversion, mean_contacts, order_attention, partner_worth, reach

SHARE = st.floats(0.0, 1.0)
RATE = st.floats(0.0, 3.0)
NOBODY = 1e30


# --- prospecting ------------------------------------------------------------------------------------------------------


def test_conversion_runs_straight_from_unskilled_to_skilled() -> None:
    assert conversion(0.0, 0.02, 0.1) == 0.02
    assert conversion(1.0, 0.02, 0.1) == pytest.approx(0.1)
    assert conversion(0.5, 0.02, 0.1) == pytest.approx(0.06)


def test_access_closes_as_accounts_are_handed_out() -> None:
    assert access(0.0, 4.0) == 1.0
    assert access(1.0, 4.0) == 0.0
    assert access(0.7, 0.0) == access(1.0, 0.0) == 1.0
    assert access(0.45, 2.0) == pytest.approx(0.55**2)


def test_the_order_of_channels_guides_only_where_it_pulls() -> None:
    assert [order_attention(rank, 0.0) for rank in range(4)] == [1.0] * 4
    assert order_attention(0, 0.7) == 1.0
    assert order_attention(2, 0.5) == pytest.approx(math.exp(-1.0))


def test_contacts_need_hours_and_somebody_to_contact() -> None:
    assert reach(0.0, 0.7) == reach(-1.0, 0.7) == 0.0 and reach(1.0, 0.7) == 1.0
    assert reach(4.0, 0.5) == 2.0 and reach(4.0, 1.0) == 4.0                # eta = 1: in proportion to hours
    assert mean_contacts(4.0, 3.0, 0.0) == mean_contacts(0.0, 3.0, 1.0) == 0.0
    assert mean_contacts(4.0, 3.0, 0.5) == pytest.approx(6.0)


def test_an_intermediary_is_worth_the_leads_still_to_come() -> None:
    assert partner_worth(0.05, 0.0, 60.0) == pytest.approx(3.0)
    assert partner_worth(0.05, 1e-9, 60.0) == pytest.approx(3.0, rel=1e-6)
    assert partner_worth(0.05, 0.02, 1e9) == pytest.approx(2.5)
    assert partner_worth(0.05, 0.02, 60.0) == pytest.approx(quad(lambda t: 0.05 * math.exp(-0.02 * t), 0, 60)[0])


def test_problems_block_in_proportion_to_what_is_left() -> None:
    assert blocked(0.0, 0.25) == blocked(3.0, 0.0) == 1.0
    assert blocked(3.0, 0.25) == pytest.approx(blocked(1.0, 0.25) ** 3)


# --- learning ---------------------------------------------------------------------------------------------------------


@given(SHARE, SHARE, st.floats(0, 50), st.floats(0, 50), st.floats(0, 1))
def test_learning_in_two_steps_is_learning_in_one(skill, ceiling, first, second, rate) -> None:
    at_once = learn(skill, first + second, rate, ceiling)
    assert learn(learn(skill, first, rate, ceiling), second, rate, ceiling) == pytest.approx(at_once, abs=1e-12)
    assert min(skill, at_once) == skill and at_once <= max(skill, ceiling) + 1e-15


def test_skill_above_the_ceiling_is_kept() -> None:
    assert learn(0.97, 100.0, 0.5, 0.95) == 0.97


def test_forgetting_stops_at_the_floor() -> None:
    assert forget(0.6, left_after(0.0, 0.1), 0.2) == forget(0.6, left_after(50.0, 0.0), 0.2) == pytest.approx(0.6)
    assert forget(0.6, left_after(1e6, 0.1), 0.2) == pytest.approx(0.2)
    assert forget(0.1, left_after(10.0, 0.1), 0.2) == 0.1
    assert forget(0.6, left_after(10.0, 0.1), 0.2) == pytest.approx(0.2 + 0.4 * math.exp(-1.0))


# --- meetings ---------------------------------------------------------------------------------------------------------


def test_an_answer_helps_up_and_never_down() -> None:
    assert answered(0.4, 0.3, 0.5) == answered(0.4, 0.4, 0.5) == 0.4
    assert answered(0.4, 0.8, 0.5) == pytest.approx(0.6)
    assert answered(0.4, 0.8, 0.0) == 0.4 and answered(0.4, 0.8, 1.0) == pytest.approx(0.8)


def test_excuses_wear_out_by_being_spent() -> None:
    assert worn_excuse(0.8, 0.0) == 0.8
    assert worn_excuse(worn_excuse(1.0, 0.15), 0.15) == pytest.approx(math.exp(-0.3))


def test_pressure_grows_by_what_excuses_and_habit_let_through() -> None:
    assert pressed(10.0, 1.0, 25.0, 0, 0.0) == 10.0                        # believed entirely: no pressure
    assert pressed(10.0, 0.0, 25.0, 0, 0.1) == pytest.approx(35.0)         # the first meeting, no excuse
    assert pressed(10.0, 0.0, 25.0, 500, 0.1) == pytest.approx(10.0)       # after very many
    assert pressed(10.0, 0.4, 25.0, 3, 0.1) == pytest.approx(10.0 + 25.0 * 0.6 * math.exp(-0.3))


def test_what_fades_on_two_days_fades_as_over_two_days() -> None:
    assert decayed(30.0, 0.0, left_after(1.0, 0.0)) == 30.0
    a_day = left_after(1.0, 0.1)
    assert decayed(decayed(30.0, 0.0, a_day), 0.0, a_day) == pytest.approx(decayed(30.0, 0.0, left_after(2.0, 0.1)))


def test_beliefs_weigh_what_is_seen() -> None:
    assert kalman_gain(0.0, 1.0) == 0.0 and kalman_gain(1e9, 1.0) == pytest.approx(1.0) and kalman_gain(2.0, 2.0) == 0.5
    assert believe(1.2, 3.0, 0.0, 0.1) == 1.2
    assert believe(1.2, 3.0, 1.0, 0.1) == pytest.approx(3.0)
    assert believe(1.2, 0.0, 1.0, 0.1) == 0.1                                 # hope dies last


def test_a_fixed_gain_leaves_the_error_of_e19() -> None:
    """mu <- mu + alpha (x - mu) settles at an error variance of alpha s^2 / (2 - alpha)."""
    alpha, s = 0.3, 0.2
    seen = 1.0 + s * np.random.default_rng(1).standard_normal(60_000)
    mu, errors = 1.0, []
    for x in seen:
        mu = believe(mu, x, alpha, 0.1)
        errors.append(mu - 1.0)
    assert np.var(errors) == pytest.approx(alpha * s * s / (2 - alpha), rel=0.05)


# --- peers ------------------------------------------------------------------------------------------------------------


def test_leanings_without_pull_or_field_are_a_coin() -> None:
    assert chance_high(0.9, 0.0, 0.0) == chance_high(0.0, 1.9, 0.0) == 0.5
    assert chance_high(0.0, 1.0, 40.0) == pytest.approx(1.0) and chance_high(0.0, 1.0, -40.0) == pytest.approx(0.0)
    assert chance_high(-0.6, 1.3, -0.2) == pytest.approx(1.0 - chance_high(0.6, 1.3, 0.2))


@pytest.mark.parametrize(("coupling", "states"), [(0.2, 1), (0.99, 1), (1.01, 3), (2.0, 3)])
def test_two_norms_are_stable_exactly_when_coupling_passes_one(coupling, states) -> None:
    """Where m = 2 P(high) - 1 = tanh(J m): once below J = 1; thrice above, the middle one unstable."""
    grid = np.linspace(-1.0, 1.0, 2002)
    gap = [2.0 * chance_high(m, coupling, 0.0) - 1.0 - m for m in grid]
    assert int(np.sum(np.diff(np.sign(gap)) != 0)) == states


def test_leaning_moves_motivation_both_ways() -> None:
    assert leaning_factor(1.0, 0.0) == leaning_factor(-1.0, 0.0) == 1.0
    assert leaning_factor(1.0, 0.4) == pytest.approx(1.4) and leaning_factor(-1.0, 0.4) == pytest.approx(0.6)


def test_status_moves_toward_relative_results() -> None:
    assert status_after(3.0, 9.0, 1.0, 0.0) == 3.0
    assert status_after(3.0, 9.0, 1.0, 1.0) == pytest.approx(5.0)
    assert status_after(1.0, 4.0, 4.0, 0.5) == pytest.approx(1.0)          # average results keep average standing


# --- mentoring --------------------------------------------------------------------------------------------------------


def test_a_good_mentor_helps_and_a_bad_one_harms() -> None:
    assert taught(0.3, 0.9, 0.5, 0.02, 0.3) > 0.3 > taught(0.3, 0.1, 0.5, 0.02, 0.3)
    assert taught(0.3, 0.9, 0.0, 0.02, 0.3) == taught(0.3, 0.9, 0.5, 0.0, 0.3) == 0.3
    assert taught(0.3, 0.1, 0.5, 0.02, 0.0) == 0.3                         # harm = 0: nobody unlearns
    assert taught(0.3, 0.9, 1e9, 0.02, 0.3) == pytest.approx(0.9)
    assert taught(0.3, 0.1, 1e9, 0.02, 0.5) == pytest.approx(0.2)


def test_errands_are_run_where_they_pay_the_mentor() -> None:
    assert errand_share(5.0, 5.0, 0.6) == errand_share(1.0, 5.0, 0.6) == errand_share(0.0, 0.0, 0.6) == 0.0
    assert errand_share(5.0, 0.0, 0.6) == 0.6
    assert errand_share(3.0, 1.0, 0.6) == pytest.approx(0.3)
    assert errand_share(3.0, 1.0, 0.0) == 0.0


@given(SHARE, SHARE, SHARE, SHARE)
def test_dependence_stays_a_share(dependence, errands, growth, recovery) -> None:
    after = dependence_after(dependence, errands, growth, recovery)
    assert 0.0 <= after <= 1.0
    assert dependence_after(0.0, 0.0, growth, recovery) == 0.0
    assert dependence_after(dependence, errands, 0.0, 0.0) == dependence


# --- customers --------------------------------------------------------------------------------------------------------


def test_what_decays_ends_at_rest() -> None:
    assert left_after(0.0, 0.1) == left_after(30.0, 0.0) == 1.0 and left_after(1e6, 0.1) == 0.0
    assert decayed(0.8, 0.4, 1.0) == pytest.approx(0.8) and decayed(0.8, 0.4, 0.0) == 0.4
    assert decayed(decayed(0.8, 0.4, left_after(3.0, 0.1)), 0.4, left_after(5.0, 0.1)) == pytest.approx(decayed(0.8, 0.4, left_after(8.0, 0.1)))


@given(SHARE, st.floats(0, 20), SHARE, RATE)
def test_a_contact_leaves_satisfaction_between_nought_and_one(satisfaction, irritation, gain, annoyance) -> None:
    assert 0.0 <= contacted(satisfaction, irritation, gain, annoyance) <= 1.0


def test_contact_pleases_until_it_irritates() -> None:
    assert contacted(0.4, 0.0, 0.25, 0.02) == pytest.approx(0.55)
    assert contacted(0.4, 9.0, 0.0, 0.0) == 0.4
    assert contacted(0.4, 5.0, 0.25, 0.02) < 0.4 < contacted(0.4, 1.0, 0.25, 0.02)


def borne(satisfaction: float, rest: float, days: float, rate: float, response: float) -> float:
    return exposure(satisfaction, rest, days, rate, left_after(days, rate), response)


@given(SHARE, SHARE, st.floats(0, 300), st.floats(0, 0.5), st.floats(0, 2))
def test_hazard_borne_never_runs_backward(satisfaction, rest, days, rate, response) -> None:
    assert borne(satisfaction, rest, days, rate, response) >= -1e-9 * (1.0 + days)


def test_hazard_borne_is_the_integral_of_discontent() -> None:
    s, rest, rate, response = 0.9, 0.3, 0.02, 1.2
    integral, _ = quad(lambda t: 1.0 + response * (0.5 - decayed(s, rest, left_after(t, rate))), 0, 45)
    assert borne(s, rest, 45.0, rate, response) == pytest.approx(integral, rel=1e-10)
    assert borne(s, rest, 45.0, 0.0, response) == pytest.approx(45.0 * (1.0 + response * (0.5 - s)))
    assert borne(s, rest, 45.0, 1e-12, response) == pytest.approx(borne(s, rest, 45.0, 0.0, response), rel=1e-4)
    assert borne(0.5, 0.5, 45.0, rate, response) == pytest.approx(45.0)
    assert borne(s, rest, 45.0, rate, 0.0) == pytest.approx(45.0)


# --- effort -----------------------------------------------------------------------------------------------------------


def test_imposed_hours_tire_and_cost_nothing_by_themselves() -> None:
    assert cost_of_effort(0.0, 2.0, 1.6, 2.6) == 0.0
    assert cost_of_effort(3.0, 0.0, 1.6, 2.0) == pytest.approx(1.6 * 9.0 / 2)
    assert cost_of_effort(3.0, 1.0, 1.6, 2.6) > cost_of_effort(3.0, 0.0, 1.6, 2.6)


@pytest.mark.parametrize("effort", [0.5, 2.0, 5.0])
def test_the_pull_of_the_norm_is_the_slope_of_its_cost(effort) -> None:
    below, above, step = 0.6, 0.2, 1e-6
    slope = (norm_cost(effort + step, 3.0, below, above) - norm_cost(effort - step, 3.0, below, above)) / (2 * step)
    assert norm_pull(effort, 3.0, below, above) == pytest.approx(-slope, rel=1e-6)
    assert norm_pull(effort, 3.0, 0.0, 0.0) == norm_cost(effort, 3.0, 0.0, 0.0) == 0.0
    assert norm_cost(3.0, 3.0, below, above) == 0.0


@given(worth=st.floats(0, 80), eta=st.floats(0.2, 1.0), imposed=st.floats(0, 4), cost=st.floats(0.1, 20), gamma=st.floats(1.2, 4),
       norm=st.floats(0, 12), below=RATE, above=RATE, ceiling=st.one_of(st.just(NOBODY), st.floats(0, 12)), pull=st.floats(0, 20),
       guess=st.floats(0, 13))
@example(worth=30.0, eta=0.3631, imposed=0.0, cost=6.639, gamma=2.037, norm=6.1965, below=11.076, above=0.0, ceiling=NOBODY, pull=0.0,
         guess=7.0)                                          # steps that go to and fro across the norm's kink
def test_best_effort_is_where_an_hour_more_gains_nothing(worth, eta, imposed, cost, gamma, norm, below, above, ceiling, pull, guess) -> None:
    capacity = 12.0
    motives = (worth, eta, imposed, cost, gamma, norm, below, above, ceiling, pull)
    effort = best_effort(*motives, capacity, guess)
    assert 0.0 <= effort <= capacity
    if marginal_gain(capacity, *motives) >= 0.0:
        assert effort == capacity
    elif marginal_gain(1e-9 * capacity, *motives) <= 0.0:
        assert effort == 0.0
    else:
        exact = brentq(marginal_gain, 1e-9 * capacity, capacity, args=motives, xtol=1e-13, rtol=1e-14)
        assert effort == pytest.approx(exact, rel=1e-7, abs=1e-9)


def test_no_capacity_no_effort() -> None:
    assert best_effort(100.0, 0.7, 8.0, 1.0, 2.0, 0.0, 0.0, 0.0, NOBODY, 0.0, 0.0, 0.0) == 0.0


def test_a_mentor_s_effort_is_a_ceiling_and_never_a_target() -> None:
    free = best_effort(20.0, 1.0, 0.0, 4.0, 2.0, 0.0, 0.0, 0.0, NOBODY, 0.0, 12.0, 0.0)
    assert best_effort(20.0, 1.0, 0.0, 4.0, 2.0, 0.0, 0.0, 0.0, 2.0, 6.0, 12.0, 0.0) == pytest.approx((20.0 + 12.0) / 10.0)
    assert best_effort(20.0, 1.0, 0.0, 4.0, 2.0, 0.0, 0.0, 0.0, 9.0, 6.0, 12.0, 0.0) == free == pytest.approx(5.0)
    assert best_effort(20.0, 1.0, 0.0, 4.0, 2.0, 0.0, 0.0, 0.0, 2.0, 1e9, 12.0, 0.0) == pytest.approx(2.0, abs=1e-6)
