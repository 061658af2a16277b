"""Customers in full: products and offers, value classes and standards, leaving by cause, deals, reception, portfolio rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad
from scipy.special import beta

import sim
from sim.engine.run import branch_seeds
from sim.engine.state import CAUSES, PAY_MEASURES, PRODUCTS, RECEPTION_STEPS, SOLD
from sim.engine.streams import mix, unmix
from sim.experiments.portfolios import explained
from sim.policy import Policy, make_policy
from sim.rules.customers import contacted, exposure
from sim.rules.deals import progress, step_passed, survival
from sim.rules.fading import decayed, left_after
from sim.rules.leaving import hazard_borne, neglect_part, scar_borne
from sim.rules.portfolios import rent_target, room_taken, snake
from sim.rules.selling import attention, fit, mood, perceived, purchases, pushed, rival_pull
from sim.world import Scenario, load_mechanisms

WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "effective": date(2026, 1, 1), "author": "tests",
         "status": "assumed"}
OWN = ("full_customers", "offers", "pushing", "regret", "return_chasing", "fund_advice", "market", "class_attention", "rivals", "hand_overs",
       "referrals", "preferred_channels", "large_deals", "deal_rivals", "visitors", "skipped_steps")
STANDARD = {"tiers": [{"above": 0.0, "every_days": 120}, {"above": 1e5, "every_days": 40},
                      {"above": 1e6, "every_days": 15, "channel": "meeting"}], "reviews": {"above": 1e6, "every": "month"}}
FEW = 4.0                         # Monte Carlo standard errors


def linear(measure: str, rate: float, **more: Any) -> dict[str, Any]:
    return {"measure": measure, "period": "month", "schedule": {"kind": "linear", "rate": rate}, **more}


def policy(practices: dict[str, Any] | None = None, portfolios: dict[str, Any] | None = None, **pay: dict[str, Any]) -> Policy:
    data = {**WORDS, "pay": {"base": {"period": "month", "schedule": {"kind": "fixed", "amount": 5000.0}}, **pay}}
    return make_policy({**data, **({"practices": practices} if practices else {}), **({"portfolios": portfolios} if portfolios else {})}, "test-plan")


PRICES = {"cards": linear("cards", 20.0), "policies": linear("insurance_policies", 50.0), "funds": linear("fund_sales", 0.002),
          "wealth": linear("wealth_sales", 0.0005)}


@pytest.fixture(scope="module")
def full() -> Scenario:
    return sim.load_scenario("retail-branch-full")


def retail(days: int = 20, books: dict[str, int] | None = None, **changes: Any) -> Scenario:
    """The retail branch for some days, with books of a few customers where wanted."""
    full = sim.load_scenario("retail-branch-full")
    gone = {f"branches.retail.managers.{name}": None for name in full.managers if books is not None and name not in books}
    held = {f"branches.retail.managers.{name}.customers": held for name, held in (books or {}).items()}
    return full.with_changes({**gone, **held, "calendar.days": days, **changes}, name="retail")


def still(days: int, books: dict[str, int], *on: str, **parameters: Any) -> Scenario:
    """A branch in which nothing happens but what is named."""
    off = {f"mechanisms.{name}": False for name in load_mechanisms() if name not in (*on, "full_customers")}
    values = {"intrinsic_per_account": 0.0, "service_duty": 0.0, "sale_worth": 0.0, **parameters}
    return retail(days, books, **off, **{f"parameters.{key}": value for key, value in values.items()})


def lived(scenario: Scenario, plan: Policy, seed: int = 1, look: Callable | None = None) -> Any:
    model = sim.BankModel(scenario, plan, seed=seed, after_day=look)
    model.run_model()
    return model.teams[0]


# --- rules at their limits --------------------------------------------------------------------------------------------


def test_an_offer_finds_need_times_pitch_where_trust_is_even() -> None:
    assert purchases(0.2, 0.5, 0.5, 1.2, 1.0) == purchases(0.2, 0.5, 0.9, 0.0, 1.0) == pytest.approx(0.1)
    assert purchases(0.2, 0.5, 0.0, 2.0, 1.0) == purchases(0.0, 1.0, 1.0, 1.0, 1.0) == 0.0
    assert purchases(0.2, 0.5, 0.8, 1.0, 1.0) > purchases(0.2, 0.5, 0.2, 1.0, 1.0)


def test_nobody_presses_what_is_not_paid_for() -> None:
    assert pushed(0.0, 100.0, 0.2) == pushed(-5.0, 100.0, 0.2) == pushed(50.0, 100.0, 0.0) == 0.0
    assert pushed(100.0, 100.0, 0.2) == pytest.approx(0.1) and pushed(1e12, 100.0, 0.2) == pytest.approx(0.2)


def test_what_need_alone_sells_always_fits() -> None:
    assert fit(0.1, 0.0) == fit(0.0, 0.0) == 1.0 and fit(0.0, 0.1) == 0.0 and fit(0.1, 0.1) == pytest.approx(0.5)


def test_insight_runs_from_the_segment_to_the_customer() -> None:
    assert perceived(0.6, 0.1, 0.0) == 0.1 and perceived(0.6, 0.1, 1.0) == pytest.approx(0.6)


def test_full_advice_would_undo_the_chase() -> None:
    assert mood(0.05, 0.0, 0.0) == mood(0.0, 20.0, 0.3) == mood(0.05, 20.0, 1.0) == 1.0
    assert mood(0.05, 20.0, 0.0) == pytest.approx(math.e) and mood(0.05, 20.0, 0.5) == pytest.approx(math.exp(0.5))
    assert mood(-0.05, 20.0, 0.2) < 1.0


def test_the_rich_are_courted_more() -> None:
    assert rival_pull(0.02, 1e5, 1e5, 0.35) == rival_pull(0.02, 2e7, 1e5, 0.0) == pytest.approx(0.02)
    assert rival_pull(0.02, 2e7, 1e5, 0.35) == pytest.approx(0.02 * 200**0.35) and rival_pull(0.02, 0.0, 1e5, 0.35) == 0.0


def test_attention_follows_worth_as_far_as_focus_goes() -> None:
    assert attention(3.0, 12.0, 0.0) == attention(0.0, 0.0, 1.0) == 1.0
    assert attention(3.0, 12.0, 1.0) == pytest.approx(0.25) and attention(-1.0, 12.0, 1.0) == 0.0


@given(st.floats(0, 0.01), st.floats(0, 0.01), st.floats(0, 0.01), st.floats(0, 1), st.floats(1, 300), st.floats(1e-4, 0.1))
def test_hazard_borne_adds_up_over_causes(hazard, rival, scar, satisfaction, days, fade) -> None:
    left = left_after(days, 0.01)
    parts = (hazard * exposure(satisfaction, 0.4, days, 0.01, left, 1.2), rival * exposure(satisfaction, 0.4, days, 0.01, left, 0.7), scar_borne(scar, days, fade))
    assert hazard_borne(hazard, rival, scar, satisfaction, 0.4, days, 0.01, 1.2, 0.7, fade) == pytest.approx(sum(parts), abs=1e-15)
    assert scar_borne(scar, days, fade) == pytest.approx(quad(lambda t: scar * math.exp(-fade * t), 0, days)[0], rel=1e-6, abs=1e-12)
    assert scar_borne(scar, days, 0.0) == scar * days


def test_neglect_is_what_discontent_adds() -> None:
    assert neglect_part(0.1, 0.5, 1.2) == neglect_part(0.1, 0.9, 1.2) == neglect_part(0.1, 0.1, 0.0) == 0.0
    assert neglect_part(0.1, 0.0, 1.0) == pytest.approx(0.05)


def test_deals_and_reception_at_their_limits() -> None:
    assert progress(0.0, 0.5, 1.0, 0.5, 1.5) == 0.0 and progress(4.0, 0.5, 0.0, 0.5, 1.5) == pytest.approx(1.0)
    assert progress(4.0, 1.0, 1.0, 0.5, 1.5) == pytest.approx(6.0)
    assert survival(0.0, 99.0) == 1.0 and survival(0.1, 10.0) == pytest.approx(math.exp(-1.0))
    assert step_passed(0.9, False, 0.5) == step_passed(0.9, True, 0.0) == 0.9 and step_passed(0.9, True, 0.5) == pytest.approx(0.45)


def test_differential_rent_keeps_the_mean_target() -> None:
    own = np.array([1.0, 2.0, 9.0])
    assert [rent_target(10.0, 0.0, x, 4.0) for x in own] == [10.0] * 3 and rent_target(10.0, 0.5, 3.0, 0.0) == 10.0
    assert [rent_target(10.0, 1.0, x, 4.0) for x in own] == pytest.approx(10.0 * own / 4.0)
    assert np.mean([rent_target(10.0, 0.7, x, 4.0) for x in own]) == pytest.approx(10.0)


def test_spans_and_the_snake() -> None:
    load = 0.0
    for _ in range(50):
        load = room_taken(load, 50.0)
    assert load == pytest.approx(1.0) and room_taken(0.3, 0.0) == 0.3
    assert [snake(place, 3) for place in range(9)] == [0, 1, 2, 2, 1, 0, 0, 1, 2]


def test_contact_frequency_has_an_ideal_point() -> None:
    """E38: mean satisfaction over the years rises with the number of contacts a quarter, then falls; off, it only rises."""
    def settled(every: int, annoyance: float) -> float:
        satisfaction, irritation, total = 0.4, 0.0, 0.0
        for day in range(1000):
            satisfaction, irritation = decayed(satisfaction, 0.4, left_after(1.0, 0.008)), decayed(irritation, 0.0, left_after(1.0, 0.02))
            if day % every == 0:
                satisfaction, irritation = contacted(satisfaction, irritation, 0.25, annoyance), irritation + 1.0
            total += satisfaction / 1000
        return total

    every = (60, 30, 20, 12, 8, 4, 2, 1)
    pleased = [settled(n, 0.02) for n in every]
    best = int(np.argmax(pleased))
    assert 0 < best < len(every) - 1 and 1.0 <= 63 / every[best] <= 10.0       # contacts a quarter
    assert np.all(np.diff(pleased[: best + 1]) > 0) and np.all(np.diff(pleased[best:]) < 0)
    assert np.all(np.diff([settled(n, 0.0) for n in every]) > 0)


def test_a_mixed_number_can_be_mixed_back() -> None:
    for z in (0, 1, 2**63 + 12345, 2**64 - 1):
        assert int(unmix(np.uint64(mix(np.uint64(z))))) == z


# --- closed forms in the branch ---------------------------------------------------------------------------------------


def test_t14_cohorts_leave_as_the_shifted_beta_geometric_says() -> None:
    """Equal satisfaction, no rival: yearly chances are beta, so r_t = (b + t - 1) / (a + b + t - 1), year after year."""
    mean, a, n = 0.2, 0.8, 40_000
    b = a * (1.0 - mean) / mean
    scenario = still(4 * 365 + 1, {"R01": n}, "churn", churn_yearly=mean, churn_shape=a, satisfaction_start=0.5, satisfaction_rest=0.5,
                     satisfaction_spread=0.0).with_changes({"calendar.weekends": True})
    clients = sim.BankModel(scenario, policy(), seed=3).teams[0].full.clients[:n]
    stay = [np.sum((clients.leaves < 0) | (clients.leaves > 365 * t)) for t in range(5)]
    for t in range(1, 5):
        survive = beta(a, b + t) / beta(a, b)
        assert abs(stay[t] / n - survive) < FEW * math.sqrt(survive * (1 - survive) / n)
        retention, held = (b + t - 1) / (a + b + t - 1), stay[t] / stay[t - 1]
        assert abs(held - retention) < FEW * math.sqrt(retention * (1 - retention) / stay[t - 1])
    assert stay[4] / stay[3] > stay[2] / stay[1] > stay[1] / stay[0]            # retention rises with no one changing


def test_customers_leave_on_the_day_foreseen_and_not_before() -> None:
    scenario = retail(60, {"R01": 200, "R02": 200}, **{"parameters.churn_yearly": 0.6, "mechanisms.offers": False})
    model = sim.BankModel(scenario, policy(), seed=2)
    team = model.teams[0]
    for day in range(60):
        due = np.flatnonzero(team.full.clients.leaves[: team.state.tally.customers] == day)
        before = team.state.managers.held.sum()
        model.step()
        assert np.all(team.state.customers.patience[due] <= 0.0)
        assert team.state.managers.held.sum() == before - len(due) + team.state.daily_accounts[day].sum()
    assert team.full.weeks[..., SOLD.index("churned_life"):].sum() > 30


def test_t17_purchases_are_negative_binomial() -> None:
    """Needs are gamma of shape r: after t like offers a customer has bought k times as the negative binomial says."""
    n, t, r, mean = 3000, 5, 0.8, 0.3
    nothing = {f"need_{segment}": dict.fromkeys(PRODUCTS, 0.0) for segment in ("affluent", "private")}
    scenario = still(t, {"R01": n}, "offers", **nothing, need_mass={**dict.fromkeys(PRODUCTS, 0.0), "wealth": mean}, need_shape=r, held_history=0.0,
                     offer_unskilled=1.0, offer_skilled=1.0, sale_worth=50.0, offer_pace=1e5, sale_trust=0.0, product_part={"wealth": 1e-6},
                     segment_share={"mass": 1.0, "affluent": 0.0, "private": 0.0}, talent_spread=0.0)
    bought = np.zeros(n)

    def count(model: sim.BankModel) -> None:
        wealth = model.teams[0].full.clients.wealth[:n]
        bought[:] = wealth

    # sizes vary not at all, so that money counts purchases
    scenario = scenario.with_changes({"parameters.product_part_sd": 0.0})
    team = lived(scenario, policy(), look=count)
    offers = team.full.weeks[..., SOLD.index("offers")].sum()
    assert offers == n * t                                                      # everybody, every day
    assets = team.state.customers.balance[:n] + bought
    k = np.rint(bought / (1e-6 * assets)).astype(int)
    law = stats.nbinom(r, 1.0 / (1.0 + t * mean / r))
    assert law.pmf(0) == pytest.approx((r / mean / (r / mean + t)) ** r)
    for least in range(4):
        chance = law.pmf(least)
        assert abs(np.mean(k == least) - chance) < FEW * math.sqrt(chance * (1 - chance) / n)
    assert abs(k.mean() - t * mean) < FEW * k.std() / math.sqrt(n)


def test_t15_the_top_fifth_holds_four_fifths_where_balances_say_so() -> None:
    """Lognormal balances of s = 1.683; the normal forms of the concentration, and of the gain from matching the rich with the able."""
    n, s = 40_000, 1.683
    scenario = still(1, {"R01": n}, balance_log_sd={"mass": s}, segment_share={"mass": 1.0, "affluent": 0.0, "private": 0.0}, held_history=0.0)
    assets = np.sort(sim.BankModel(scenario, policy(), seed=4).teams[0].state.customers.balance[:n])[::-1]
    for p in (0.2, 0.05):
        share = 1.0 - stats.norm.cdf(stats.norm.ppf(1.0 - p) - s)
        draws = [np.sort(np.exp(s * np.random.default_rng(i).standard_normal(n)))[::-1] for i in range(30)]
        error = np.std([x[: int(p * n)].sum() / x.sum() for x in draws])
        assert abs(assets[: int(p * n)].sum() / assets.sum() - share) < FEW * error
    assert 1.0 - stats.norm.cdf(stats.norm.ppf(0.8) - s) == pytest.approx(0.8, abs=5e-4)


def test_t15_matching_the_rich_with_the_able_gains_exp_of_both_spreads() -> None:
    n, s_a, s_v = 400, 0.5, 0.6
    people = {f"M{i:03d}": {"cohort": "veteran", "tenure_months": 60, "customers": 1} for i in range(n)}
    base = still(1, {"R01": 1}, "people_differ", talent_spread=s_a, balance_log_sd={"mass": s_v}, held_history=0.0,
                 segment_share={"mass": 1.0, "affluent": 0.0, "private": 0.0})
    base = base.with_changes({"branches.retail.managers": people}).with_changes({"branches.retail.managers.R01": None})
    ratios = []
    for seed in range(12):
        worth = {}
        for allocation in ("by_skill", "random"):
            state = sim.BankModel(base, policy(portfolios={"allocation": allocation}), seed=seed).teams[0].state
            worth[allocation] = sum(state.managers.talent[i] * state.customers.balance[state.book[i, 0]] for i in range(n))
        ratios.append(worth["by_skill"] / worth["random"])
    error = np.std(ratios, ddof=1) / math.sqrt(len(ratios))
    assert abs(np.mean(ratios) - math.exp(s_a * s_v)) < FEW * error + 0.01      # n is finite: the extremes are cut


@pytest.mark.parametrize("rival", [0.0, 0.05])
def test_deals_are_won_if_no_rival_comes_first(rival) -> None:
    """One deal at a time, hours known: it takes a fixed number of days, each survived with chance exp(-rival)."""
    scenario = still(2, {f"R0{i}": 5 for i in range(1, 9)}, "large_deals", "deal_rivals", deal_leads=0.004, deal_rival=rival, effort_eta=1.0,
                     deal_unskilled=1.0, deal_skilled=1.0, deal_hours={"insider": 4.0, "information": 8.0, "decider": 8.0}
                     ).with_changes({"calendar.days": 500})
    from sim.engine.stages import deals as stage
    from sim.engine.state import DEALS

    model = sim.BankModel(scenario, policy(), seed=1)
    team = model.teams[0]
    sure = np.array(branch_seeds(1, [0], "retail"))[0]
    with np.errstate(over="ignore"):
        for day in range(500):
            stage.deals_arrive(team.state, team.world, team.full, sure, day)
            team.state.managers.hours[:, DEALS] = 4.0
            for i in range(8):
                stage.work_deals(team.state, team.world, team.full, sure, day, i)
    weeks = team.full.weeks
    won, lost, opened, missed = (weeks[..., SOLD.index(f"deals_{word}")].sum() for word in ("won", "lost", "opened", "missed"))
    in_hand = np.sum(team.full.deals.stage > 0)
    assert opened == won + lost + missed + in_hand and opened > 10
    if rival == 0.0:
        assert lost == 0.0
        return
    chance = math.exp(-rival * 4)                          # 20 hours in days of four: the day it comes, and four nights
    done = won + lost
    assert abs(won / done - chance) < FEW * math.sqrt(chance * (1 - chance) / done) + 0.06       # two in hand at once wait a little


def chance_of_reception(passes: float, done: list[float], cost: float) -> float:
    stay = {False: 1.0}                                    # by whether the last step was skipped
    for step, share in zip(RECEPTION_STEPS, done, strict=True):
        after: dict[bool, float] = {True: 0.0, False: 0.0}
        for skipped, p in stay.items():
            p *= passes * (1.0 - cost if skipped else 1.0)
            after[False] += p * share
            after[True] += 0.0 if step == "needs_form" else p * (1.0 - share)
        stay = after
    return sum(stay.values())


@pytest.mark.parametrize("steps", [None, ["needs_form"], list(RECEPTION_STEPS)])
def test_reception_wins_the_share_of_visitors_its_steps_let_through(steps) -> None:
    scenario = still(60, {"R01": 0, "R02": 0}, "visitors", "skipped_steps").with_changes({"parameters.walk_ins": 40.0})
    plan = policy({"reception": {"steps": steps, "discipline": 0.97}} if steps else None)
    weeks = lived(scenario, plan).full.weeks
    visitors, won = weeks[..., SOLD.index("walk_ins")].sum(), weeks[..., SOLD.index("walk_ins_won")].sum()
    done = [0.97 if step in (steps or ()) else 0.7 for step in RECEPTION_STEPS]
    chance = chance_of_reception(0.93, done, 0.3)
    assert visitors > 2000
    assert abs(won / visitors - chance) < FEW * math.sqrt(chance * (1 - chance) / visitors)


# --- nothing is lost --------------------------------------------------------------------------------------------------


def test_customers_handed_over_in_mid_run_are_in_one_book_and_restless() -> None:
    from test_conservation import Auditor

    from sim.engine.stages.portfolios import reassign

    class Mover(Auditor):
        def look(self, model: sim.BankModel) -> None:
            team, day = model.teams[0], model.day
            for row in team.state.book[0, : min(5, team.state.managers.held[0])].copy():
                before = team.full.clients.strange[row]
                reassign(team.state, team.world, team.full, row, 1, day)
                assert team.state.customers.owner[row] == 1 and team.full.clients.strange[row] > before
            super().look(model)

    found = Mover(retail(10, {"R01": 30, "R02": 20}), policy({"service": STANDARD}), 3)
    assert found.model.teams[0].full.sellers.handed_over[1] > 20


# --- what mechanisms and practices do ---------------------------------------------------------------------------------

def totals(scenario: Scenario, plan: Policy, replications: int = 24) -> Any:
    return sim.simulate(scenario, plan, replications).totals()


@pytest.fixture(scope="module")
def branch() -> Scenario:
    """Half the books, a quarter of days; managers sell at a price list, so everything has something to act on."""
    return retail(63, {"R01": 150, "R02": 120, "R04": 100, "R06": 60, "R08": 40})


SELLING = policy(**{**PRICES, "cards": linear("cards", 60.0), "policies": linear("insurance_policies", 150.0)})


def test_in_their_short_form_customers_know_nothing_of_all_this(branch) -> None:
    """full_customers off: every other switch of this chapter is idle, and none of its measures is reported."""
    short = branch.with_changes({"mechanisms.full_customers": False, "calendar.days": 20}, name="short")
    idle = short.with_changes({f"mechanisms.{name}": False for name in OWN}, name="short")
    plan = policy(commission=linear("accounts", 300.0))
    first, second = sim.simulate(short, plan, 3).frame, sim.simulate(idle, plan, 3).frame
    assert first["value"].equals(second["value"]) and not {"sales", "aum"} & set(first["measure"])


def test_pay_for_sales_sells_more_and_pleases_less(branch) -> None:
    """A price list against fixed pay: more sales, more of them unsuitable."""
    paid, fixed = totals(branch, SELLING), totals(branch, policy())
    assert (paid["sales"] - fixed["sales"]).mean() > 0 and (paid["unsuitable_sales"] - fixed["unsuitable_sales"]).min() >= 0
    assert fixed["unsuitable_sales"].sum() == 0.0


def test_a_dearer_product_is_offered_more(branch) -> None:
    cards, funds = (totals(branch, policy(piece=linear(measure, rate))) for measure, rate in (("cards", 200.0), ("fund_sales", 0.05)))
    assert (cards["cards"] - funds["cards"]).mean() > 0 > (cards["fund_sales"] - funds["fund_sales"]).mean()


def test_a_standard_brings_the_valuable_first_and_shows_who_is_overdue(branch) -> None:
    duty = branch.with_changes({"parameters.service_duty": 60.0, "parameters.contact_spread": 200.0})
    lax, strict = (policy({"service": {"tiers": [{"above": 0.0, "every_days": 250}, {"above": 1e5, "every_days": n}]}}) for n in (200, 10))
    none = totals(duty, policy(), 6)
    assert none["overdue_contacts"].sum() == 0.0                                # without a standard nobody is overdue
    assert (totals(duty, strict, 6)["overdue_contacts"] - totals(duty, lax, 6)["overdue_contacts"]).min() > 0

    def waited(plan: Policy) -> float:
        team = lived(duty, plan)
        held = np.concatenate([team.state.book[i, :h] for i, h in enumerate(team.state.managers.held)])
        rich = held[team.full.clients.counted[held] >= 1e5]
        return 62.0 - team.full.clients.touched[rich].mean()

    assert waited(strict) < waited(lax) - 5.0


def test_reviews_are_held_once_a_month_or_quarter(branch) -> None:
    duty = branch.with_changes({"parameters.service_duty": 200.0})
    def reviews(**service: Any) -> float:
        return lived(duty, policy({"service": service})).full.weeks[..., SOLD.index("reviews")].sum()

    tiers = [{"above": 0.0, "every_days": 20}]
    team = lived(duty, policy())
    many = np.sum(team.full.clients.counted[: team.state.tally.customers] >= 2e5)
    assert reviews(tiers=tiers) == 0.0
    assert 0 < reviews(tiers=tiers, reviews={"above": 2e5, "every": "quarter"}) < reviews(tiers=tiers, reviews={"above": 2e5, "every": "month"}) <= 5 * many


def test_large_customers_leave_for_a_rate() -> None:
    """The same hazard of life for all, rivals' by size: those lost to rivals held more than those lost to life."""
    scenario = still(250, {"R01": 4000}, "rivals", "churn", rival_yearly=0.1, churn_yearly=0.1)
    start = sim.BankModel(scenario, policy(), seed=2).teams[0].state.customers.balance[:4000].copy()
    clients = lived(scenario, policy(), seed=2).full.clients[:4000]
    lost = {cause: start[clients.cause == place] for place, cause in enumerate(CAUSES)}
    assert len(lost["unsuitable"]) == len(lost["handover"]) == 0
    assert np.median(lost["rival"]) > 1.5 * np.median(lost["life"])


def test_advice_undoes_the_chase_only_partly(branch) -> None:
    world = branch.with_changes({"parameters.return_sd": 0.15, "parameters.offer_pace": 4.0})
    def timing(**change: Any) -> float:
        """Return of late at the purchase of the average yuan, over all replications."""
        run = totals(world.with_changes(change), SELLING)
        return (run["fund_timing"] * run["fund_sales"]).sum() / run["fund_sales"].sum()

    assert timing(**{"mechanisms.return_chasing": False}) < timing() < timing(**{"mechanisms.fund_advice": False})


def test_the_market_is_the_same_in_every_branch(full) -> None:
    people = {"X": {"cohort": "veteran", "tenure_months": 40, "customers": 5}}
    both = retail(45, {"R01": 5}).with_changes({"branches.second": {"managers": people}})
    model = sim.BankModel(both, policy(), seed=3)
    model.run_model()
    first, second = (team.full.board for team in model.teams)
    assert first.index == second.index != 1.0 and first.past == second.past


# --- portfolio rules --------------------------------------------------------------------------------------------------


def shares(scenario: Scenario, seed: int = 1, **rules: Any) -> Any:
    return sim.BankModel(scenario, policy(portfolios=rules or None), seed=seed).teams[0]


def test_the_same_customers_whoever_gets_them(branch) -> None:
    given, *others = (shares(branch, allocation=rule) for rule in ("as_given", "random", "by_skill", "by_segment", "levelled"))
    plain = shares(branch)
    assert np.array_equal(plain.state.customers.balance, given.state.customers.balance)
    for team in others:
        n = team.state.tally.customers
        for field in ("balance", "hazard", "patience", "segment", "holdings"):
            assert np.array_equal(np.sort(team.state.customers[field][:n]), np.sort(plain.state.customers[field][:n]))


def test_allocation_rules_do_what_their_names_say(branch) -> None:
    def endowed(team: Any) -> np.ndarray:
        return team.state.managers.endowed / team.state.managers.held

    skilled = shares(branch, allocation="by_skill")
    power = skilled.state.managers.skill[:, 0] * skilled.state.managers.talent
    assert np.array_equal(np.argsort(-power), np.argsort(-endowed(skilled)))
    level = shares(branch, allocation="levelled")
    assert np.ptp(level.state.managers.held) <= 1
    assert np.std(level.state.managers.endowed) < 0.5 * np.std(shares(branch).state.managers.endowed)
    kinds = shares(branch, allocation="by_segment").state
    most = int(np.argmax(power))
    assert kinds.customers.segment[kinds.book[most, : kinds.managers.held[most]]].mean() > 0.3


def test_spans_leave_the_rest_to_nobody(branch) -> None:
    team = shares(branch, allocation="as_given", spans={"mass": 80, "affluent": 40, "private": 20})
    s = team.state
    for i, held in enumerate(s.managers.held):
        kinds = np.bincount(s.customers.segment[s.book[i, :held]], minlength=3)
        assert kinds @ [1 / 80, 1 / 40, 1 / 20] <= 1.0 + 1e-6
    assert s.managers.held.sum() < s.tally.customers == team.world.people.portfolio.sum()
    assert sim.simulate(branch, policy(portfolios={"spans": {"mass": 80}}), 2).totals()["unmanaged"].min() > 0
    with pytest.raises(sim.InputError, match="micro"):
        sim.simulate(branch, policy(portfolios={"spans": {"micro": 80}}), 2)


def test_the_rent_of_a_rich_portfolio_can_be_read(branch) -> None:
    from sim.engine.stages.portfolios import rent_of

    team = shares(branch)
    s = team.state
    factors = np.array([rent_of(m, 1.0) for m in s.managers])
    own = np.array([manager.endowed for manager in team.managers])
    assert factors == pytest.approx(own / own.mean()) and factors.mean() == pytest.approx(1.0)
    assert [rent_of(m, 0.0) for m in s.managers] == [1.0] * len(s.managers)
    balances = [s.customers.balance[s.book[i, : s.managers.held[i]]].sum() for i in range(len(s.managers))]
    assert np.all(own >= np.array(balances) - 1e-6)


def test_pay_by_portfolio_and_by_effort() -> None:
    rng = np.random.default_rng(1)
    endowed, effort = rng.normal(size=(2, 3, 50))
    assert explained(2.0 * endowed, endowed, effort)[0] == pytest.approx(1.0, abs=0.06)
    assert explained(2.0 * effort, endowed, effort)[1] == pytest.approx(1.0, abs=0.06)
    a, b = explained(endowed + effort, endowed, effort)
    assert a + b == pytest.approx(1.0) and np.all(np.abs(a - b) < 0.5)
    for nothing in (np.ones((3, 50)),):
        assert np.all(np.concatenate(explained(nothing, endowed, effort)) == 0.0)


def test_pay_on_assets_goes_by_portfolio_until_portfolios_are_level(branch) -> None:
    plan = {"assets": linear("aum", 0.0003)}
    rich, level = (totals(branch, policy(portfolios={"allocation": rule}, **plan), 10)["pay_by_portfolio"].mean() for rule in ("as_given", "levelled"))
    assert rich > 0.6 and level < rich - 0.2


# --- files ------------------------------------------------------------------------------------------------------------


def test_policies_without_the_new_sections_are_what_they_were() -> None:
    for name in ("fixed-pay", "changzhou-2015"):
        content = sim.load_policy(name).content()
        assert "portfolios" not in content and not {"service", "reception"} & set(content["practices"])


@pytest.mark.parametrize("practices, portfolios, words", [
    ({"service": {"tiers": [{"above": 5.0}]}}, None, "every customer belongs"),
    ({"service": {"tiers": [{"above": 0.0}, {"above": 0.0}]}}, None, "more than 0"),
    ({"reception": {"steps": ["greting"]}}, None, "greting"), (None, {"allocation": "by_luck"}, "by_luck"),
])
def test_what_cannot_be_meant_is_refused(practices, portfolios, words) -> None:
    with pytest.raises(sim.InputError, match=words):
        policy(practices, portfolios)


def test_pay_for_sales_needs_customers_in_full(changzhou) -> None:
    from sim.world.catalogue import MEASURES_IN_FULL

    first = PAY_MEASURES.index(MEASURES_IN_FULL[0])
    assert PAY_MEASURES[first:first + len(MEASURES_IN_FULL)] == MEASURES_IN_FULL
    with pytest.raises(sim.InputError, match="pay.cards.measure.*full_customers"):
        sim.simulate(changzhou, policy(**PRICES), 1)
