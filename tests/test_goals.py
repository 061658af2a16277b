"""Goals, contests, judged pay, fatigue, felt pay and gaming: closed forms, what each mechanism moves and leaves, the books, the two norms."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import sim
from sim.engine.state import CONDUCT, RECORDS
from sim.experiments.norms import leaning_after, leanings, meetings_to_switch, stable_leanings, tipping_field, tipping_point
from sim.policy import Policy, make_policy
from sim.policy.framing import felt_knots, framed
from sim.policy.kernel import pay_at
from sim.policy.schedule import Knot, pay_tables
from sim.rules.gaming import lure, price_cut, pulled
from sim.rules.goals import (
    commitment, goal_worth, judged, judged_worth, moved_toward, passing_density, ratchet_weight, ratcheted, rested, tired, weariness,
)
from sim.rules.meetings import believe
from sim.rules.psychology import crowded_out, disappointment, felt, impatience, misheard
from sim.world import Scenario

WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "effective": date(2026, 1, 1), "author": "tests", "status": "assumed"}
BASE = {"period": "month", "schedule": {"kind": "fixed", "amount": 5000.0}}
SURE = 3.0                       # standard errors that a mean difference must lie from nil


def linear(rate: float, period: str = "month") -> dict[str, Any]:
    return {"measure": "accounts", "period": period, "schedule": {"kind": "linear", "rate": rate}}


def quota(bonus: float, mark: float) -> dict[str, Any]:
    return {"measure": "accounts", "period": "month", "schedule": {"kind": "step", "at": [{"units": mark, "pays": bonus}]}}


# --- goals ------------------------------------------------------------------------------------------------------------


def test_a_goal_pulls_in_proportion_to_its_difficulty_and_is_then_given_up() -> None:
    """Locke and Latham: linear up to ability; beyond it commitment is lost."""
    assert [goal_worth(d, 0.5, 0.2) for d in (-1.0, 0.0, 0.5, 1.0)] == [0.0, 0.0, 0.25, 0.5]
    assert goal_worth(1.1, 0.5, 0.2) == pytest.approx(0.25) and goal_worth(1.2, 0.5, 0.2) == goal_worth(9.0, 0.5, 0.2) == 0.0
    assert goal_worth(1.0, 0.5, 0.0) == 0.5 and goal_worth(1.0 + 1e-9, 0.5, 0.0) == 0.0
    assert goal_worth(0.7, 0.0, 0.2) == 0.0


def test_commitment_depends_on_who_set_the_goal_only_where_that_matters() -> None:
    assert commitment(0.0, 0.0) == commitment(1.0, 0.3) == 1.0 and commitment(0.0, 0.3) == pytest.approx(0.7)


def test_the_ratchet_moves_goals_toward_results() -> None:
    assert ratcheted(4.0, 9.0, 0.0) == 4.0 and ratcheted(4.0, 9.0, 1.0) == 9.0 and ratcheted(4.0, 9.0, 0.5) == 6.5
    assert ratcheted(4.0, -9.0, 1.0) == 0.0


@pytest.mark.parametrize(("share", "patience"), [(0.3, 0.9), (1.0, 0.8), (0.05, 0.99), (0.5, 0.0), (0.0, 0.9)])
def test_the_ratchet_taxes_a_bonus_as_weitzman_has_it(share, patience) -> None:
    """Goal g' = g + l (x - g): a unit now raises the goal k periods on by l (1 - l)^(k-1); b (1 - that, discounted) = b/(1 + l/rho)."""
    later = sum(patience**k * share * (1.0 - share) ** (k - 1) for k in range(1, 4000))
    assert ratchet_weight(share, patience) == pytest.approx(later, abs=1e-9)
    if patience > 0.0:
        assert 1.0 - ratchet_weight(share, patience) == pytest.approx(1.0 / (1.0 + share / (1.0 / patience - 1.0)))


@pytest.fixture(scope="module")
def workshop(laboratory) -> Callable[..., Scenario]:
    """The laboratory with mechanisms of this chapter switched on, intrinsic worth 300 CNY an account, nobody new to it."""
    def build(*on: str, **values: Any) -> Scenario:
        return laboratory.with_changes({**{f"mechanisms.{name}": True for name in on}, "parameters.intrinsic_per_account": 300.0,
                                        **{f"parameters.{key}": value for key, value in values.items()}}, name="workshop")
    return build


def first_efforts(scenario: Scenario, policy: Policy) -> np.ndarray:
    model = sim.BankModel(scenario, policy, seed=1)
    model.step()
    return np.array([manager.effort for manager in model.teams[0].managers])


def test_effort_rises_in_a_straight_line_with_the_goal_up_to_ability_then_falls_back(workshop, plan) -> None:
    scenario = workshop("goals", goal_pull=0.5, goal_slack=0.1)

    def effort(level: float) -> float:
        return float(first_efforts(scenario, plan(base=BASE, practices={"goals": {"level": level}}))[0])

    none = float(first_efforts(scenario, plan(base=BASE))[0])
    model = sim.BankModel(scenario, plan(base=BASE))
    model.step()
    theta = none * 50.0 / 300.0                                    # e = theta w / c
    able = theta * 20.0 * model.teams[0].world.days.left[0, 0]      # full capacity to the month's end
    rises = [effort(share * able) - none for share in (0.2, 0.4, 0.6, 1.0)]
    assert rises == pytest.approx([0.5 * none * share for share in (0.2, 0.4, 0.6, 1.0)], rel=1e-9)
    assert effort(1.2 * able) == pytest.approx(none) and 0.0 < effort(1.05 * able) - none < rises[-1]
    assert effort(1e-9) == pytest.approx(none)


def test_whoever_foresees_the_ratchet_holds_back(workshop, plan) -> None:
    goal = {"level": 3.0, "ratchet": 0.6}
    policy, fixed = plan(base=BASE, practices={"goals": goal}), plan(base=BASE, practices={"goals": {"level": 3.0}})
    blind, seeing = workshop("goals"), workshop("goals", "ratchet_foresight", ratchet_foresight=1.0, goal_burden=0.3)
    assert np.all(first_efforts(seeing, policy) < first_efforts(blind, policy))
    assert np.array_equal(first_efforts(seeing, fixed), first_efforts(blind, fixed))        # no ratchet, nothing to foresee


# --- contests ---------------------------------------------------------------------------------------------------------


def two(scenario: Scenario) -> Scenario:
    return scenario.with_changes({f"branches.changzhou.managers.{name}": None for name in "CD"})


def test_t5_in_the_branch_and_common_shocks_change_nothing(workshop, plan) -> None:
    scenario = two(workshop(contest_noise=2.0, intrinsic_per_account=0.0))
    prize = 900.0

    def effort(policy: Policy, ahead: float = 0.0) -> np.ndarray:
        def luck(model: sim.BankModel) -> None:
            for manager in model.teams[0].managers:
                manager.row.period_units[0] += ahead
        model = sim.BankModel(scenario, policy, before_day=luck)
        model.step()
        return np.array([manager.effort for manager in model.teams[0].managers])

    policy = plan(base=BASE, practices={"contest": {"prizes": [1000.0, 1000.0 - prize]}})
    piece = effort(plan(base=BASE, one=linear(1.0)))                # theta/c, from a piece rate of one CNY
    expected = piece * prize / (2.0 * 2.0 * math.sqrt(math.pi))
    assert effort(policy) == pytest.approx(expected, rel=1e-8)
    assert np.array_equal(effort(policy), effort(policy, 5.0))


def test_with_equal_prizes_nobody_strives_and_a_table_counts_by_itself(workshop, plan) -> None:
    scenario = workshop("league_table", rank_worth=0.2)
    none = first_efforts(scenario, plan(base=BASE))
    assert np.array_equal(first_efforts(scenario, plan(base=BASE, practices={"contest": {"prizes": [500.0] * 4}})), none)
    assert np.all(first_efforts(scenario, plan(base=BASE, practices={"contest": {"league_table": True}})) > none)


# --- judgement, fairness, fatigue -------------------------------------------------------------------------------------


def test_judgement_tells_people_apart_by_results_liking_and_error() -> None:
    assert judged(3.0, 3.0, 0.5, 0.0, 0.0) == 1.0 and judged(7.0, 3.0, 0.5, 0.0, 0.0) == 1.5
    assert judged(0.0, 9.0, 1.0, 0.1, -3.0) == 0.0 and judged(7.0, 3.0, 0.0, 0.2, 0.1) == pytest.approx(1.3)
    assert judged_worth(800.0, 0.5, 3.0, 1) == 0.0 and judged_worth(800.0, 0.5, 3.0, 4) == pytest.approx(75.0)
    assert moved_toward(0.5, 1.0, 0.0) == 0.5 and moved_toward(0.5, 1.0, 1.0) == 1.0


def test_fatigue_settles_where_growth_and_recovery_meet() -> None:
    assert tired(1.0, 5.0, 6.0, 0.3) == 1.0 and tired(1.0, 8.0, 6.0, 0.3) == pytest.approx(1.6) and tired(1.0, 8.0, 6.0, 0.0) == 1.0
    stock = 0.0
    for _ in range(2000):
        stock = rested(tired(stock, 8.0, 6.0, 0.3), 0.4, 0.35)
    assert stock == pytest.approx(0.6 / (math.exp(0.35 * 0.4) - 1.0))
    assert rested(stock, 0.0, 0.35) == rested(stock, 3.0, 0.0) == stock
    assert weariness(0.0, 0.1) == weariness(5.0, 0.0) == 1.0 and weariness(2.0, 0.1) == pytest.approx(1.2)


def test_free_days_restore(workshop, plan) -> None:
    """Eight hours a day where five can be kept up: strain grows from Monday to Friday and falls over the weekend."""
    scenario = workshop("fatigue", fatigue_growth=0.2, fatigue_hours=5.0, effort_cost=0.001, capacity_hours=8.0).with_changes(
        {"calendar.weekends": False, "calendar.start": "2015-03-02"})
    model, seen = sim.BankModel(scenario, plan(piece=linear(300.0))), []
    for _ in range(10):
        model.step()
        seen.append(model.teams[0].managers[0].fatigue)
    assert np.all(np.diff(seen[:4]) > 0.0) and seen[4] < seen[3] and np.all(np.diff(seen[5:9]) > 0.0) and seen[9] < seen[8]


# --- pay as it is felt ------------------------------------------------------------------------------------------------


SCHEDULES = st.lists(st.tuples(st.floats(0.5, 5.0), st.floats(0.0, 3000.0), st.one_of(st.just(0.0), st.floats(0.01, 900.0))), min_size=1, max_size=5)


def rising(parts: list[tuple[float, float, float]]) -> list[Knot]:
    """A schedule that never falls, from widths, jumps and slopes; flat at its end."""
    x, v, knots = 0.0, 0.0, []
    for width, jump, slope in parts:
        knots.append(Knot(x, v + jump, slope))
        x, v = x + width, v + jump + slope * width
    return [*knots, Knot(x, v, 0.0)]


def at(knots: list[Knot], x: float) -> float:
    knot = next((k for k in reversed(knots) if k.x <= x), knots[0])
    return knot.v + knot.r * (x - knot.x)


@settings(deadline=None)
@given(SCHEDULES, st.floats(1.0, 3.0), st.floats(-1.0, 30.0), st.floats(0.0, 1.2))
def test_a_felt_schedule_is_the_schedule_as_felt_everywhere(parts, aversion, x, share) -> None:
    knots = rising(parts)
    reference = share * knots[-1].v
    assert at(felt_knots(knots, reference, aversion), x) == pytest.approx(felt(at(knots, x), reference, aversion), abs=1e-5 * (1 + knots[-1].v))


def test_a_loss_schedule_mirrors_a_gain_schedule_exactly_at_one(plan) -> None:
    """The same money told as a loss is planned by the same tables, to the bit, where losses do not weigh more; above 1 a CNY counts
    `aversion` times until all is earned."""
    told = {name: plan(bonus=quota(3000.0, 5.0), practices={"framing": {"frame": name}}) for name in ("gain", "loss")}
    merged = pay_tables(told["loss"], ("accounts", "contacts"))[1]
    assert framed(merged, told["loss"], 1.0) is merged and framed(merged, told["gain"], 2.0) is merged
    heavier = framed(merged, told["loss"], 2.0)
    gains = [pay_at(heavier, 0, 5.0) - pay_at(heavier, 0, x) for x in (0.0, 4.0)]
    assert gains == [6000.0, 6000.0] and pay_at(heavier, 0, 9.0) == 3000.0
    with pytest.raises(sim.InputError, match="units that keep all of it"):
        framed(pay_tables(plan(piece=linear(100.0)), ("accounts", "contacts"))[1], plan(piece=linear(100.0), practices={"framing": {"frame": "loss"}}), 2.0)


def test_told_as_a_loss_a_bonus_calls_forth_more_where_losses_weigh_more(workshop, plan) -> None:
    gain, loss = (plan(piece=linear(200.0), practices={"framing": {"frame": name, "units": 50.0}}) for name in ("gain", "loss"))
    neutral, averse = workshop("loss_framing", loss_aversion=1.0), workshop("loss_framing", loss_aversion=1.5)
    assert np.array_equal(first_efforts(neutral, gain), first_efforts(neutral, loss))
    assert np.all(first_efforts(averse, loss) > first_efforts(averse, gain))


def test_reference_crowding_and_reports_at_their_limits() -> None:
    assert disappointment(5000.0, 4000.0, 0.5) == disappointment(3000.0, 0.0, 0.5) == disappointment(3000.0, 4000.0, 0.0) == 0.0
    assert disappointment(3000.0, 4000.0, 0.4) == pytest.approx(0.1) and disappointment(0.0, 4000.0, 9.0) == 1.0
    assert crowded_out(50.0, 0.0, 100.0, 1.0) == crowded_out(0.0, 70.0, 100.0, 1.0) == crowded_out(50.0, 70.0, 100.0, 0.0) == 0.0
    assert crowded_out(50.0, 100.0, 100.0, 1.0) == 25.0 and crowded_out(50.0, 100.0, 100.0, 8.0) == 50.0     # never more than there is
    assert misheard(1.3, 0.0, 2.0) == 1.3 and misheard(1.0, 0.5, -2.0) == 0.0


def test_impatience_is_beta_delta() -> None:
    assert impatience(0.0, 0.7, 0.1) == 1.0 and impatience(9.0, 1.0, 0.0) == 1.0
    assert impatience(5.0, 0.7, 0.01) == pytest.approx(0.7 * math.exp(-0.05))


def test_present_bias_cuts_effort_until_the_day_of_pay(workshop, plan) -> None:
    """e_t = beta exp(-rho days) b theta / c, and the whole of it on the day itself."""
    plain, biased = workshop(intrinsic_per_account=0.0), workshop("present_bias", present_bias=0.7, pay_discount=0.01, intrinsic_per_account=0.0)
    model, policy = sim.BankModel(biased, plan(piece=linear(300.0)), seed=3), plan(piece=linear(300.0))
    full = first_efforts(plain, policy)
    efforts = []
    while model.running:
        model.step()
        efforts.append(model.teams[0].managers[0].effort / full[0])
    days = np.arange(20)[::-1]
    assert efforts == pytest.approx(np.where(days > 0, 0.7 * np.exp(-0.01 * days), 1.0), rel=1e-9)


# --- gaming -----------------------------------------------------------------------------------------------------------


def test_discounts_within_authority() -> None:
    assert price_cut(800.0, 300.0, 1.5, 10_000.0, 0.2) == pytest.approx(0.075) and price_cut(800.0, 300.0, 1.5, 10_000.0, 0.05) == 0.05
    assert price_cut(300.0, 300.0, 1.5, 10_000.0, 0.2) == price_cut(800.0, 0.0, 0.0, 10_000.0, 0.2) == price_cut(800.0, 0.0, 1.5, 10_000.0, 0.0) == 0.0
    assert lure(0.0, 1.5) == 1.0 and lure(0.1, 1.5) == pytest.approx(1.15)


# --- in the retail branch ---------------------------------------------------------------------------------------------

PAY = {"base": BASE, "commission": linear(400.0), "quota": quota(2500.0, 4.0)}
FULL = {
    "goals": {"level": 5.0, "ratchet": 0.5, "say": 0.3}, "contest": {"prizes": [3000.0, 1000.0], "league_table": True},
    "discretion": {"amount": 800.0}, "controls": {"audit": 0.3, "fine": 100.0}, "pricing": {"authority": 0.1},
    "framing": {"frame": "loss", "units": 6.0}, "reporting": {"every_days": 5},
}
MINE = ("goals", "ratchet_foresight", "league_table", "judgement", "fairness", "fatigue", "loss_framing", "reference_pay",
        "crowding_out", "present_bias", "noisy_reports", "moved_deals", "discounting", "false_reports", "dormant")


@pytest.fixture(scope="module")
def retail() -> Scenario:
    return sim.load_scenario("retail-branch")


@pytest.fixture(scope="module")
def calm(retail) -> Callable[..., Scenario]:
    """The retail branch for a quarter with none of this chapter's mechanisms but those named."""
    def build(*on: str, **values: Any) -> Scenario:
        return retail.with_changes({**{f"mechanisms.{name}": name in on for name in MINE}, "calendar.days": 64,
                                    **{f"parameters.{key}": value for key, value in values.items()}}, name="calm")
    return build


@dataclass(frozen=True)
class Case:
    """What one mechanism does under some practices. moves: measure to sign (`*`: either way). keeps: bit for bit in every
    replication. idle: practices or pay under which nothing at all moves."""

    says: str
    moves: dict[str, str]
    keeps: tuple[str, ...] = ()
    practices: dict[str, Any] = field(default_factory=dict)
    pay: dict[str, Any] = field(default_factory=lambda: PAY)
    world: dict[str, float] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    idle: dict[str, Any] | None = None


FIXED = {"base": BASE}
ALWAYS = ("accounts_assigned", "misreported", "dormant_accounts", "discounts", "prize_pay")
GOAL, RATCHET = {"goals": {"level": 6.0}}, {"goals": {"level": 6.0, "ratchet": 0.6}}
CASES = {
    "goals": Case("A goal within reach calls forth effort without pay.", {"effort": "+", "prospect_contacts": "+"}, ALWAYS, GOAL, FIXED, idle={"practices": {}}),
    "ratchet_foresight": Case("Whoever foresees the ratchet holds back.", {"effort": "-"}, ALWAYS, RATCHET, FIXED, needs=("goals",), idle={"practices": GOAL}),
    "league_table": Case("Ranks that are shown are worth something.", {"effort": "+"}, ALWAYS, {"contest": {"league_table": True}}, FIXED,
                         idle={"practices": {"contest": {"prizes": [500.0]}}}),
    "judgement": Case("Liking and error spread judged pay, and are seen.", {"pay_gini": "+", "fairness_gap": "-"},
                      ("discretionary_pay", "effort", "accounts"), {"discretion": {"amount": 1500.0}}, FIXED, {"judgement_noise": 0.4}, idle={"practices": GOAL}),
    "fairness": Case("No say in one's goals costs the wish to do well.", {"effort": "-"}, ALWAYS, {"goals": {"level": 6.0, "say": 0.0}}, FIXED,
                     needs=("goals",), idle={"practices": {}}),
    "fatigue": Case("Long hours wear out.", {"fatigue": "+", "effort": "-"}, ALWAYS, {}, PAY, {"fatigue_hours": 4.0, "fatigue_growth": 0.5},
                    idle={"world": {"capacity_hours": 4.0, "fatigue_hours": 6.0}}),
    "loss_framing": Case("Told as a loss, the same pay calls forth more.", {"effort": "+"}, ALWAYS, {"framing": {"frame": "loss", "units": 20.0}}, PAY,
                         {"loss_aversion": 1.5}, idle={"practices": {"framing": {"frame": "gain"}}}),
    "reference_pay": Case("A month below what one is used to disappoints.", {"pay_disappointment": "+", "effort": "-"}, ALWAYS, {}, PAY,
                          {"reference_effect": 1.0}, idle={"pay": FIXED}),
    "crowding_out": Case("A bonus takes the force of reviews.", {"effort": "-"}, ALWAYS, {"reporting": {"every_days": 1}}, PAY, {"crowding": 3.0},
                         idle={"practices": {"reporting": {"every_days": None}}}),
    "present_bias": Case("Pay to come counts for less.", {"effort": "-"}, ALWAYS, {}, PAY, {"present_bias": 0.6}, idle={"pay": FIXED}),
    "noisy_reports": Case("Reports that err move beliefs about.", {"effort": "*"}, ALWAYS, {"reporting": {"every_days": 5}}, PAY, {"report_noise": 0.5},
                          idle={"practices": {"reporting": {"every_days": None}}}),
    "moved_deals": Case("Deals are moved over the month's end.", {"pulled_forward": "+", "held_back_deals": "+"}, ALWAYS[:3], {}, {"base": BASE, "quota": quota(2500.0, 4.0)},
                        idle={"pay": FIXED}),
    "discounting": Case("Authority over prices is used.", {"discounts": "+", "accounts": "+"}, ("accounts_assigned",), {"pricing": {"authority": 0.15}}, PAY,
                        idle={"practices": {"pricing": {"authority": 0.0}}}),
    "false_reports": Case("What pays and is hardly checked is claimed.", {"misreported": "+", "pay": "+"}, ("accounts_assigned", "contacts"),
                          {"controls": {"audit": 0.02, "cancels": False}}, PAY, {"scruples": 300.0}, idle={"pay": FIXED}),
    "dormant": Case("Accounts are opened for the count.", {"dormant_accounts": "+", "accounts": "+"}, ("accounts_assigned", "misreported"), {}, PAY,
                    {"dormant_cost": 400.0}, idle={"pay": FIXED}),
}


def test_every_mechanism_of_this_chapter_has_a_case() -> None:
    assert set(CASES) == set(MINE)


def both(calm, plan, name: str, case: Case, replications: int, **instead: Any) -> tuple[sim.Runs, sim.Runs]:
    world = {**case.world, **instead.get("world", {})}
    policy = plan(practices=instead.get("practices", case.practices), **instead.get("pay", case.pay))
    return tuple(sim.simulate(calm(*on, *case.needs, **world), policy, replications) for on in ((name,), ()))  # type: ignore[return-value]


@pytest.mark.parametrize("name", MINE)
def test_a_mechanism_moves_what_it_should_and_nothing_else(calm, plan, name) -> None:
    case = CASES[name]
    with_it, without = (runs.totals() for runs in both(calm, plan, name, case, 30))
    for measure, sign in case.moves.items():
        gap = (with_it[measure] - without[measure]).to_numpy()
        if sign == "*":
            assert (gap != 0.0).mean() > 0.9, measure
            continue
        lean = (gap if sign == "+" else -gap).mean() / max(gap.std(ddof=1) / np.sqrt(len(gap)), 1e-12)
        assert lean > SURE, f"{case.says} But {measure} moves by {gap.mean():.4g}, {lean:.2f} standard errors the right way"
    for measure in case.keeps:
        assert np.array_equal(with_it[measure], without[measure]), measure


@pytest.mark.parametrize("name", MINE)
def test_a_mechanism_with_nothing_to_act_on_moves_nothing(calm, plan, name) -> None:
    case = CASES[name]
    frames = [runs.frame["value"].to_numpy() for runs in both(calm, plan, name, case, 3, **(case.idle or {}))]
    assert np.array_equal(*frames, equal_nan=True)


@pytest.mark.parametrize("scenario", ["changzhou-2015", "branch"])
def test_elsewhere_all_of_it_stands_idle(scenario, plan) -> None:
    known = sim.load_scenario(scenario).with_changes({"calendar.days": 35})
    off = known.with_changes({f"mechanisms.{name}": False for name in MINE})
    frames = [sim.simulate(each, plan(**PAY), 2).frame for each in (known, off)]
    assert np.array_equal(frames[0]["value"], frames[1]["value"], equal_nan=True)
    assert (frames[0][frames[0]["measure"].isin(CONDUCT)]["value"] == 0.0).all()


def test_e27_convex_pay_with_price_authority_costs_margin(calm, plan) -> None:
    """An accelerator calls forth discounts near and above its mark that an even rate of the same cost does not."""
    scenario, practices = calm("discounting"), {"pricing": {"authority": 0.3}}
    tiers = {"kind": "tiers", "mode": "marginal", "tiers": [{"from": 0, "to": 4, "rate": 100.0}, {"from": 4, "rate": 1500.0}]}
    convex = sim.simulate(scenario, plan(base=BASE, practices=practices, fast={**linear(0.0), "schedule": tiers}), 30).totals()
    months = len(set(scenario.timeline.month))
    rate = float((convex["pay"] - 8 * months * 5000.0).mean() / convex["accounts"].mean())
    flat = sim.simulate(scenario, plan(base=BASE, practices=practices, even=linear(rate)), 30).totals()
    assert rate > 300.0                                             # an even rate is above the hurdle too, or this were easy
    gap = convex["discounts"] - flat["discounts"]
    assert gap.mean() > SURE * gap.std(ddof=1) / np.sqrt(len(gap))


def test_c9_a_false_report_found_cancels_the_performance_pay_of_the_month(calm, plan) -> None:
    scenario = calm("false_reports", false_most=2.0, scruples=0.0).with_changes({"calendar.days": 23})
    policy = plan(practices={"controls": {"audit": 0.0}}, **PAY)
    honest = sim.simulate(calm().with_changes({"calendar.days": 23}), policy, 6).totals("manager")
    cheats = sim.simulate(scenario, policy, 6).totals("manager")
    assert (cheats["misreported"] == 2.0).all() and (cheats["caught"] == 0.0).all() and (cheats["pay"] > honest["pay"]).all()
    watched = plan(practices={"controls": {"audit": 1.0, "cancels": False}}, **PAY)           # found, and nothing else: still tempting at F = 0
    found = sim.simulate(scenario, watched, 6).totals("manager")
    assert (found["caught"] == 1.0).all() and np.array_equal(found["pay"], honest["pay"])
    model = sim.BankModel(scenario, plan(practices={"controls": {"audit": 0.5}}, **PAY), seed=4)
    model.run_model()
    state = model.teams[0].state
    lost = state.weeks[..., RECORDS.index("cancelled_pay")].sum(axis=0)
    caught = state.weeks[..., RECORDS.index("caught")].sum(axis=0) > 0
    assert np.array_equal(lost > 0, caught) or not caught.any()
    assert all(m.pay == 5000.0 for m, is_caught in zip(model.teams[0].managers, caught, strict=True) if is_caught)


# --- the books --------------------------------------------------------------------------------------------------------


def test_t8_in_the_branch_what_is_pulled_forward_is_missing_later(calm, plan) -> None:
    """Sales booked over the months, and what is still owed at the end, add up to the sales there were; whole deals nearest to T8."""
    scenario = calm("moved_deals", movable_days=30.0, moving_cost=100.0, next_period_weight=0.5)
    model = sim.BankModel(scenario, plan(base=BASE, piece=linear(400.0)), seed=5)
    booked, owed = np.zeros(8), np.zeros(8)
    for day in range(64):
        ends = model.teams[0].world.days.month_ends[day]
        paid = model.teams[0].state.lines[:, 1].copy()
        model.step()
        if ends:
            month = (model.teams[0].state.lines[:, 1] - paid) / 40_000.0
            booked += month
            owed = -model.teams[0].state.managers.period_units[:, 0, 0]
    assert np.array_equal(booked - owed, model.teams[0].state.managers.total)
    assert len(model.teams[0].all_customers) == 8 * 700 + model.teams[0].accounts
    new = model.teams[0].state.weeks[..., RECORDS.index("pulled_forward")]           # one settlement a week at most
    assert pulled(400.0, 400.0, 0.5, 100.0) == 2.0 and new.max() == 2.0


def test_those_who_are_hurried_or_kept_waiting_trust_less(calm, plan) -> None:
    policy = plan(base=BASE, piece=linear(400.0))
    runs = [sim.simulate(calm("moved_deals", movable_days=30.0, moving_cost=100.0, next_period_weight=0.5, moving_trust=trust, trust_effect=0.0, churn_response=0.0), policy, 6).totals()
            for trust in (0.0, 0.5)]
    moved = runs[0]["pulled_forward"] + runs[0]["held_back_deals"]
    assert (moved > 0).all() and (runs[1]["satisfaction"] < runs[0]["satisfaction"]).all()
    assert np.array_equal(runs[0].drop(columns="satisfaction"), runs[1].drop(columns="satisfaction"), equal_nan=True)


def test_prizes_are_paid_whole_and_equals_share(calm, plan) -> None:
    prizes = [1000.0, 500.0, 250.0]
    runs = sim.simulate(calm(), plan(base=BASE, practices={"contest": {"prizes": prizes}}), 10)
    months = len(set(runs.scenario.timeline.month))
    assert np.allclose(runs.totals()["prize_pay"], months * sum(prizes)) and np.allclose(runs.totals()["pay"], months * (sum(prizes) + 8 * 5000.0))


# --- reporting frequency ----------------------------------------------------------------------------------------------

RHYTHMS = (None, 21, 10, 5, 2, 1)


def accounts_by_rhythm(scenario: Scenario, plan, minutes: float) -> np.ndarray:
    policies = [plan(practices={"reporting": {"every_days": n, "minutes": minutes}}, **FIXED) for n in RHYTHMS]
    return np.array([sim.simulate(scenario, policy, 40).totals()["accounts"].mean() for policy in policies])


def test_reporting_has_an_inner_best_frequency_for_some_values_and_none_for_others(calm) -> None:
    """Questions answered against minutes lost: in between is best. Nothing to ask: never. No minutes: the more the better."""
    def plan(practices: dict[str, Any], **pay: Any) -> Policy:
        return make_policy({**WORDS, "pay": pay, "practices": practices}, "rhythm")

    quiet = {"mechanisms.pressure": False, "mechanisms.regimes": False, "mechanisms.beliefs": False, "mechanisms.norm": False}
    asks = calm().with_changes({**quiet, "parameters.problem_chance": 0.6, "parameters.problem_block": 0.5, "parameters.problem_lapse": 0.01})
    nothing = calm().with_changes({**quiet, "mechanisms.problems": False, "mechanisms.answers": False})
    inner = accounts_by_rhythm(asks, plan, 120.0)
    assert 0 < int(np.argmax(inner)) < len(RHYTHMS) - 1 and inner.max() > 1.02 * max(inner[0], inner[-1])
    assert int(np.argmax(accounts_by_rhythm(nothing, plan, 120.0))) == 0
    assert int(np.argmax(accounts_by_rhythm(asks, plan, 0.0))) == len(RHYTHMS) - 1


def test_e19_noisy_reports_mislead_the_more_the_more_often_they_come() -> None:
    """With a fixed gain every report adds an error: a s^2/(2 - a) (1 - (1 - a)^(2k)) after k of them; without noise none does."""
    gain, people = 0.1, np.random.default_rng(19)

    def spread(reports: int, noise: float) -> float:
        beliefs = []
        for draws in people.standard_normal((4000, reports)):
            belief = 1.0
            for draw in draws:
                belief = believe(belief, misheard(1.0, noise, draw), gain, 0.0)
            beliefs.append(belief)
        return float(np.var(beliefs))

    for reports in (2, 6, 20):
        exact = gain * 0.09 / (2.0 - gain) * (1.0 - (1.0 - gain) ** (2 * reports))
        assert spread(reports, 0.3) == pytest.approx(exact, rel=0.1)
    assert spread(20, 0.0) == 0.0


def test_e19_in_the_branch_beliefs_err_more_the_more_often_and_the_noisier_the_reports(retail) -> None:
    """With a fixed weight of every report; the Kalman gain, which trusts a noisy report less, errs less."""
    off = {f"mechanisms.{name}": False for name, on in retail.switches.items() if on and name not in ("beliefs", "noisy_reports")}
    street = {"intermediaries": 0.0, "chains": 0.0, "street": 40.0, "network": 0.0}
    plain = retail.with_changes({**off, "calendar.days": 64, "parameters.contact_pace": street, "parameters.conversion_unskilled.street": 0.05})

    def error(gain: float, noise: float, every: int) -> float:
        scenario = plain.with_changes({"parameters.belief_gain": gain, "parameters.report_noise": noise})
        policy = make_policy({**WORDS, "pay": {"base": BASE, "commission": linear(300.0)}, "practices": {"reporting": {"every_days": every, "minutes": 0.0}}}, "rhythm")
        found = []
        for replication in range(6):
            model = sim.BankModel(scenario, policy, replication=replication)
            model.run_model()
            found += [abs(manager.belief - 1.0) for manager in model.teams[0].managers]
        return float(np.mean(found))

    quiet, noisy = ([error(0.05, noise, every) for every in (20, 5, 1)] for noise in (0.0, 0.8))
    assert quiet[0] < quiet[1] < quiet[2] and noisy[0] < noisy[1] < noisy[2]
    assert all(loud > low for low, loud in zip(quiet, noisy, strict=True))
    assert error(0.0, 0.8, 1) < 0.8 * noisy[2]


# --- two norms --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("coupling", "stable"), [(0.0, 1), (0.5, 1), (0.999, 1), (1.001, 2), (1.6, 2), (2.3, 2)])
def test_two_norms_are_stable_exactly_when_the_coupling_passes_one(coupling, stable) -> None:
    found = stable_leanings(coupling)
    assert len(found) == stable and len(leanings(coupling)) == 2 * stable - 1
    assert found == pytest.approx([-m for m in reversed(found)])
    assert (tipping_point(coupling) is None) == (stable == 1)


@pytest.mark.parametrize("coupling", [1.2, 1.6, 2.3])
def test_the_low_norm_gives_way_where_the_field_passes_the_tipping_point(coupling) -> None:
    edge = tipping_field(coupling)
    assert len(stable_leanings(coupling, edge - 1e-3)) == 2 and len(stable_leanings(coupling, edge + 1e-3)) == 1
    assert tipping_field(0.9) == tipping_field(1.0) == 0.0
    assert tipping_point(coupling, 0.5 * edge) < tipping_point(coupling, 0.0) + 1e-9         # a helping field needs fewer to start


def test_the_wait_for_a_switch_grows_with_the_team_only_where_there_are_two_norms() -> None:
    teams = (4, 8, 12, 16, 20)
    slow, fast = ([meetings_to_switch(n, coupling) for n in teams] for coupling in (1.8, 0.5))
    growth = np.diff(np.log(slow))
    assert np.all(growth > 0.3) and np.ptp(growth[1:]) < 0.2 * growth[-1]            # exponential in the team's size
    assert max(fast) / min(fast) < 1.1                                            # one norm: nothing to wait for
    assert meetings_to_switch(8, 1.6, 0.2) < meetings_to_switch(8, 1.6) < meetings_to_switch(8, 1.6, -0.2)
    assert meetings_to_switch(8, 1.6, 0.0, 0.04) == pytest.approx(2.0 * meetings_to_switch(8, 1.6, 0.0, 0.08), rel=0.1)
    with pytest.raises(sim.InputError, match="two managers"):
        meetings_to_switch(1, 1.6)


def test_the_branch_switches_as_the_chain_has_it(laboratory, plan) -> None:
    """Four alike who all see each other, all low at first, a meeting a day: mean days to the high norm."""
    scenario = laboratory.with_changes({"parameters.lean_coupling": 1.1, "parameters.lean_revisit": 0.5, "parameters.lean_start": 0.0,
                                        "calendar.days": 300})
    policy, days = plan(base=BASE, practices={"reporting": {"every_days": 1, "minutes": 0.0}}), []
    for replication in range(60):
        model = sim.BankModel(scenario, policy, replication=replication)
        while sum(m.leaning for m in model.teams[0].managers) <= 0.0:
            model.step()
        days.append(model.day)
    exact = meetings_to_switch(4, 1.1, 0.0, 0.5)
    assert np.mean(days) == pytest.approx(exact, abs=4 * np.std(days, ddof=1) / math.sqrt(len(days)))


@pytest.mark.parametrize(("coupling", "remembers"), [(0.3, False), (0.8, False), (1.6, True), (2.2, True)])
def test_a_branch_remembers_where_it_began_only_where_there_are_two_norms(laboratory, plan, coupling, remembers) -> None:
    """Twenty-four alike, a meeting a day for two months: from all low and from all high the team ends at one leaning, or at two; each
    as the chain of the very rule has it."""
    team, days, revisit = 24, 60, 0.5
    people = {f"branches.changzhou.managers.N{i:02d}": {"cohort": "veteran", "tenure_months": 12, "customers": 0} for i in range(team)}
    gone = {f"branches.changzhou.managers.{name}": None for name in "ABCD"}
    alike = laboratory.with_changes({**people, "calendar.days": days}).with_changes({
        **gone, "parameters.lean_coupling": coupling, "parameters.lean_revisit": revisit})
    policy, ends = plan(base=BASE, practices={"reporting": {"every_days": 1, "minutes": 0.0}}), {}
    for start in (0.0, 1.0):
        seen = sim.simulate(alike.with_changes({"parameters.lean_start": start}), policy, 60).totals()["leaning"].to_numpy()
        expected = leaning_after(days, team, coupling, revisit, all_high=start > 0.5)
        assert seen.mean() == pytest.approx(expected, abs=1e-9 + 4 * seen.std(ddof=1) / math.sqrt(len(seen)))
        ends[start] = seen.mean()
    low, high = stable_leanings(coupling)[0], stable_leanings(coupling)[-1]
    assert (ends[1.0] - ends[0.0] > 0.5) == remembers == (low < high)
    if remembers:
        assert ends[0.0] == pytest.approx(low, abs=0.15) and ends[1.0] == pytest.approx(high, abs=0.15)


def test_the_figure_of_the_norms_says_what_it_shows() -> None:
    from sim.report.norms import norms_figure
    from sim.report.style import png

    for lang in ("en", "zh"):
        figure = norms_figure(lang=lang)
        assert figure.heading and png(figure) == png(norms_figure(lang=lang))


def test_weights_of_a_tie_are_the_density_s_integral() -> None:
    """The chance of passing, added up over all leads, is one."""
    whole, _ = quad(lambda gap: passing_density(gap, 1.0, 2.0), -40, 40)
    assert whole == pytest.approx(1.0, abs=1e-8)
