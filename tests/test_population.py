"""Who is there at the start, and that nobody and nothing is lost on the way: people, customers, prospects, accounts, fen."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from scipy import stats
from scipy.special import beta

import sim
from sim.engine.state import FINALS, RECORDS
from sim.policy import Policy
from sim.world import Scenario

PINNED = {            # what these tests assume of the world, whatever the library's values are
    "parameters.segment_share": {"micro": 0.6, "small": 0.3, "large": 0.1},
    "parameters.balance_median": {"micro": 20_000.0, "small": 200_000.0, "large": 2_000_000.0},
    "parameters.balance_log_sd": {"micro": 0.9, "small": 1.2, "large": 1.5},
    "parameters.satisfaction_start": 0.5, "parameters.satisfaction_spread": 0.08, "parameters.satisfaction_rest": 0.5,
    "parameters.churn_yearly": 0.12, "parameters.churn_shape": 1.3, "parameters.churn_response": 1.0,
    "parameters.talent_spread": 0.4, "parameters.intrinsic_spread": 0.3, "parameters.lean_start": 0.3,
}


@pytest.fixture(scope="module")
def world(changzhou) -> Scenario:
    return changzhou.with_changes({**PINNED, "parameters.customers_per_manager": 1000.0})


@pytest.fixture(scope="module")
def customers(world, fact_policy):
    return sim.BankModel(world, fact_policy, seed=1).teams[0].customers.frame()


@pytest.fixture(scope="module")
def crowd(changzhou) -> Scenario:
    """Two hundred managers of one branch, so that people can be counted; tenures from one month to 200."""
    people = {f"M{i:03d}": {"cohort": "veteran" if i < 100 else "newcomer", "tenure_months": 200 - i, "customers": 0}
              for i in range(200)}
    emptied = {f"branches.changzhou.managers.{name}": None for name in "BCDEFG"}
    crowd = changzhou.with_changes({**PINNED, **emptied, "branches.changzhou.managers": people, "calendar.days": 1})
    return crowd.with_changes({"branches.changzhou.managers.A": None})


def first_day(scenario: Scenario, policy: Policy, replications: int = 6) -> np.ndarray:
    """Managers' records on the first morning, replication by replication."""
    return np.array([sim.BankModel(scenario, policy, replication=r).teams[0].state.managers.copy() for r in range(replications)])


# --- customers at the start -------------------------------------------------------------------------------------------


def test_every_manager_starts_with_the_portfolio_stated(world, fact_policy) -> None:
    scenario = world.with_changes({"branches.changzhou.managers.C.customers": 12, "branches.changzhou.managers.G.customers": 0})
    model = sim.BankModel(scenario, fact_policy)
    held = {m.name: len(m.customers) for m in model.teams[0].managers}
    assert held == {"A": 1000, "B": 1000, "C": 12, "D": 1000, "E": 1000, "F": 1000, "G": 0}
    model.run_model()


def test_segments_have_their_shares(customers) -> None:
    counts = customers["segment"].value_counts()[["micro", "small", "large"]]
    assert stats.chisquare(counts, 7000 * np.array([0.6, 0.3, 0.1])).pvalue > 1e-3


@pytest.mark.parametrize(("segment", "median", "sd"), [("micro", 2e4, 0.9), ("small", 2e5, 1.2), ("large", 2e6, 1.5)])
def test_balances_are_lognormal_in_each_segment(customers, segment, median, sd) -> None:
    logs = np.log(customers[customers["segment"] == segment]["balance"])
    assert stats.kstest(logs, stats.norm(np.log(median), sd).cdf).pvalue > 1e-3


def test_satisfaction_scatters_about_its_start(customers) -> None:
    assert stats.kstest(customers["satisfaction"], stats.norm(0.5, 0.08).cdf).pvalue > 1e-3


def test_satisfaction_never_leaves_its_scale(world, fact_policy) -> None:
    wild = sim.BankModel(world.with_changes({"parameters.satisfaction_spread": 3.0}), fact_policy).teams[0].customers.frame()
    assert wild["satisfaction"].between(0, 1).all() and {0.0, 1.0} <= set(wild["satisfaction"])


def test_yearly_churn_is_beta_distributed_between_customers(customers) -> None:
    yearly = -np.expm1(-365 * customers["hazard"])
    assert stats.kstest(yearly, stats.beta(1.3, 1.3 * 0.88 / 0.12).cdf).statistic < 0.02


@pytest.mark.parametrize("days", [90, 365])
def test_t14_customers_stay_as_a_beta_mixture_says(world, plan, days) -> None:
    """At satisfaction 0.5 throughout, B(a, b + t) / B(a, b) of them are left after t years: the sieve lets the steadfast pass."""
    idle = {"parameters.service_duty": 0.0, "parameters.intrinsic_per_account": 0.0, "parameters.satisfaction_spread": 0.0}
    totals = sim.simulate(world.with_changes({**idle, "calendar.days": days + 1}), plan(), 4).totals()
    a, b = 1.3, 1.3 * 0.88 / 0.12
    left = beta(a, b + days / 365) / beta(a, b)
    assert totals["churned"].mean() / 7000 == pytest.approx(1.0 - left, abs=4 * np.sqrt(left * (1 - left) / 28_000) + 5e-4)


def test_new_accounts_bring_lognormal_balances(changzhou, plan) -> None:
    busy = changzhou.with_changes({
        "parameters.account_balance_median": 30_000.0, "parameters.account_balance_log_sd": 1.1,
        "parameters.customers_per_manager": 0.0, "parameters.conversion_skilled.street": 0.9,
        "parameters.conversion_unskilled.street": 0.5, "parameters.contact_pace.street": 3.0, "parameters.problem_block": 0.0})
    model = sim.BankModel(busy, plan(practices={"leads": {"channels": ["street"]}}), seed=2)
    model.run_model()
    new = model.teams[0].all_customers.frame()
    assert len(new) > 300 and set(new["segment"]) == {"account"}
    assert stats.kstest(np.log(new["balance"]), stats.norm(np.log(30_000), 1.1).cdf).pvalue > 1e-3
    assert model.teams[0].state.weeks[..., RECORDS.index("deposits")].sum() == pytest.approx(new["balance"].sum())


# --- people at the start ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("factor", "sd"), [("talent", 0.4), ("motive", 0.3)])
def test_people_differ_by_lognormal_factors_of_mean_one(crowd, plan, factor, sd) -> None:
    logs = np.log(first_day(crowd, plan())[factor]).ravel()
    assert stats.kstest(logs, stats.norm(-sd * sd / 2, sd).cdf).pvalue > 1e-3


def test_some_lean_high_from_the_start(crowd, plan) -> None:
    high = (first_day(crowd, plan())["leaning"] > 0).sum()
    assert stats.binomtest(int(high), 1200, 0.3).pvalue > 1e-3


def test_skill_at_the_start_grows_with_tenure_up_to_the_ceiling(crowd, plan) -> None:
    skill = first_day(crowd, plan(), 1)["skill"][0]
    assert np.all(np.diff(skill[:, 0]) <= 0) and np.all(skill == skill[:, :1])
    assert crowd.value("skill_new", manager="M199") < skill[-1, 0] < skill[0, 0] <= crowd.value("skill_ceiling")


def test_pools_hold_what_the_people_bring(world, fact_policy) -> None:
    changed = world.with_changes({"parameters.pool_size": {"intermediaries": 4.0, "chains": 0.05, "street": 100.0, "network": 1.0},
                                  "parameters.network_size": 33.0, "branches.changzhou.managers.C.customers": 90})
    available = sim.BankModel(changed, fact_policy).teams[0].state.pools.available
    assert available[-1].tolist() == [28.0, 0.0, 700.0, 0.0]                 # the branch's: intermediaries and streets
    assert available[2].tolist() == [0.0, 4.0, 0.0, 33.0]                    # C's own: 4.5 chains, whole ones; acquaintances
    assert available[0].tolist() == [0.0, 50.0, 0.0, 33.0]


# --- pairs ------------------------------------------------------------------------------------------------------------


def paired(scenario: Scenario, plan: Any, replication: int = 0, **pairing: Any) -> list[tuple[sim.Manager, sim.Manager]]:
    model = sim.BankModel(scenario, plan(practices={"mentor_pairing": pairing}), replication=replication)
    return [(m.mentor, m) for m in model.teams[0].managers if m.mentor]


def test_named_pairs_are_as_named(world, plan) -> None:
    pairs = paired(world, plan, rule="named", pairs=[["A", "G"], ["F", "C"]])
    assert {(mentor.name, mentee.name) for mentor, mentee in pairs} == {("A", "G"), ("F", "C")}
    assert all(mentor.row.mentee == mentee.place for mentor, mentee in pairs)


def test_the_best_are_paired_with_the_newest(crowd, plan) -> None:
    pairs = paired(crowd, plan, rule="best_with_newest", count=10)
    assert len(pairs) == 10
    ability = [m.skill[0] * m.talent for m in pairs[0][0].team.managers]
    mentors = {mentor.place for mentor, _ in pairs}
    assert sorted(mentors) == sorted(np.argsort(ability)[-10:])
    assert {mentee.name for _, mentee in pairs} <= {f"M{i:03d}" for i in range(180, 200)}      # newest first, but for mentors
    assert not mentors & {mentee.place for _, mentee in pairs}


def test_random_pairs_are_drawn_anew_in_every_replication(crowd, plan) -> None:
    draws = [{(a.name, b.name) for a, b in paired(crowd, plan, r, rule="random", count=20)} for r in range(3)]
    assert all(len(pairs) == 20 for pairs in draws) and not draws[0] & draws[1]
    for pairs in draws:
        people = [name for pair in pairs for name in pair]
        assert len(set(people)) == 40                                        # nobody twice


def test_as_many_pairs_as_there_are_people_for(world, plan) -> None:
    assert len(paired(world, plan, rule="random")) == 3
    assert len(paired(world, plan, rule="random", count=50)) == 3
    assert paired(world, plan, rule="none") == []


def test_where_mentoring_is_a_choice_the_less_able_stay_away(crowd, plan) -> None:
    """E21: participation rises with ability."""
    scenario = crowd.with_changes({"parameters.opt_in_slope": 8.0, "parameters.opt_in_skill": 0.6})
    asked = [[m for _, m in paired(scenario, plan, r, rule="random")] for r in range(5)]
    joined = [{m.name for _, m in paired(scenario, plan, r, rule="random", participation="voluntary")} for r in range(5)]
    ability = {True: [], False: []}
    for people, names in zip(asked, joined, strict=True):
        assert names < {m.name for m in people}
        for m in people:
            ability[m.name in names].append(m.skill[0] * m.talent)
    assert stats.mannwhitneyu(ability[True], ability[False], alternative="greater").pvalue < 1e-6


def test_pairs_made_by_a_rule_see_each_other(world, plan) -> None:
    """Visible to pairs: the norm of one is the effort of the other, whether the pair was named or drawn."""
    for pairing in ({"rule": "named", "pairs": [["A", "G"]]}, {"rule": "random", "count": 1}):
        policy = plan(practices={"mentor_pairing": pairing, "reporting": {"visible": "pairs"}})
        scenario = world.with_changes({"mechanisms.mentor_example": False})
        model = sim.BankModel(scenario, policy, before_day=lambda m: yesterday.update({x.name: x.effort for x in m.teams[0].managers}))
        yesterday: dict[str, float] = {}
        for _ in range(3):
            model.step()
        (mentee,) = [m for m in model.teams[0].managers if m.mentor]
        assert mentee.norm == pytest.approx(yesterday[mentee.mentor.name])
        assert {m.name for m in model.teams[0].managers if m.norm >= 0.0} == {mentee.name, mentee.mentor.name}


# --- conservation -----------------------------------------------------------------------------------------------------


def a_line(measure: str, schedule: dict[str, Any], period: str, payee: str) -> dict[str, Any]:
    return {"measure": measure, "period": period, "payee": payee, "schedule": schedule}


SCHEDULES = st.sampled_from([
    {"kind": "linear", "rate": 333.33},
    {"kind": "linear", "rate": 77.7, "threshold": 2, "mode": "from_first"},
    {"kind": "tiers", "mode": "retroactive", "tiers": [{"from": 1, "rate": 100.0}, {"from": 4, "rate": 211.0}]},
    {"kind": "tiers", "mode": "marginal", "tiers": [{"from": 0, "rate": 40.0}, {"from": 3, "rate": 500.0}]},
    {"kind": "step", "at": [{"units": 2, "pays": 999.99}, {"units": 5, "pays": 2500.0}]},
])
PRACTICES = st.fixed_dictionaries({
    "reporting": st.fixed_dictionaries({
        "every_days": st.sampled_from([None, 1, 2, 7]), "minutes": st.sampled_from([0.0, 30.0, 300.0]),
        "time": st.sampled_from(["morning", "evening"]), "visible": st.sampled_from(["everyone", "cohort", "nobody"])}),
    "mentor_pairing": st.one_of(
        st.just({"rule": "none"}),
        st.fixed_dictionaries({"rule": st.sampled_from(["best_with_newest", "random"]), "bundled": st.booleans(),
                               "participation": st.sampled_from(["mandatory", "voluntary"])})),
    "leads": st.fixed_dictionaries({
        "assigned_share": st.sampled_from([0.0, 0.4, 1.0]),
        "channels": st.sampled_from([["street"], ["chains", "network"], ["intermediaries", "chains", "street", "network"]])}),
    "norm": st.fixed_dictionaries({"telling": st.sampled_from(["nothing", "successes", "excuses"])}),
})
PLANS = st.fixed_dictionaries({
    "own": st.builds(a_line, st.just("accounts"), SCHEDULES, st.sampled_from(["month", "quarter"]), st.just("self")),
    "team": st.builds(a_line, st.just("accounts"), SCHEDULES, st.sampled_from(["month", "quarter"]), st.just("team")),
    "service": st.builds(a_line, st.sampled_from(["contacts"]), SCHEDULES, st.just("month"), st.just("self")),
})
WORLDS = st.fixed_dictionaries({
    "parameters.customers_per_manager": st.sampled_from([0.0, 1.0, 15.0]), "parameters.churn_yearly": st.sampled_from([0.0, 0.2, 0.9]),
    "parameters.conversion_skilled": st.sampled_from([0.05, 0.8]), "parameters.saturation": st.sampled_from([0.5, 1.0]),
    "parameters.annoyance": st.sampled_from([0.0, 0.2]), "parameters.effort_eta": st.sampled_from([0.5, 1.0]),
    "parameters.plan_tremble": st.sampled_from([0.0, 0.5]), "parameters.pool_refill": st.sampled_from([0.0, 0.1]),
    "mechanisms.learning": st.booleans(),
})


class Auditor:
    """Looks at the books before and after every day, and complains of whatever has come from nowhere or gone nowhere."""

    def __init__(self, model: sim.BankModel) -> None:
        self.prospects = self.total(model)
        self.won = model.teams[0].state.pools.won.copy()
        self.accounts = model.teams[0].state.managers.total.copy()

    @staticmethod
    def total(model: sim.BankModel) -> np.ndarray:
        pools = model.teams[0].state.pools
        return pools.available + pools.worked + pools.won

    def look(self, model: sim.BankModel) -> None:
        self.prospects_stay(model)
        self.hours_fit_the_day(model)
        self.accounts_are_somewhere(model)
        self.customers_are_in_one_book_or_gone(model)
        self.fen_are_on_one_line(model)

    def prospects_stay(self, model: sim.BankModel) -> None:
        pools = model.teams[0].state.pools
        assert self.total(model) == pytest.approx(self.prospects)
        assert np.all(pools.won >= self.won) and np.all(pools.available >= 0.0) and np.all(pools.worked >= 0.0)
        self.won = pools.won.copy()

    def hours_fit_the_day(self, model: sim.BankModel) -> None:
        s, q = model.teams[0].state.managers, model.teams[0].practice.par
        assert np.all(s.hours >= 0.0) and s.hours.sum(axis=1) == pytest.approx(s.effort)
        imposed = q.meeting_hours * (q.every_days > 0 and (model.day + 1) % q.every_days == 0)
        imposed = imposed + q.mentoring_hours * ((s.mentor >= 0) | (s.mentee >= 0))
        free = np.maximum(model.teams[0].world.people.capacity - imposed, 0.0)
        assert np.all(s.effort <= free + 1e-9)

    def accounts_are_somewhere(self, model: sim.BankModel) -> None:
        state = model.teams[0].state
        weeks = {name: state.weeks[..., place] for place, name in enumerate(RECORDS)}
        origins = [values for name, values in weeks.items() if name.startswith("accounts_")]
        assert np.array_equal(sum(origins), weeks["accounts"])
        assert np.array_equal(weeks["accounts"].sum(axis=0), state.managers.total)
        assert np.array_equal(state.daily_accounts.sum(axis=0), state.managers.total)
        assert np.all(state.managers.total >= self.accounts) and np.all(state.managers.total % 1.0 == 0.0)
        self.accounts = state.managers.total.copy()

    def customers_are_in_one_book_or_gone(self, model: sim.BankModel) -> None:
        state, people = model.teams[0].state, model.teams[0].world.people
        rows = int(state.tally.customers)
        assert rows == people.portfolio.sum() + state.managers.total.sum() and state.tally.overflow == 0
        books = [state.book[i, :held] for i, held in enumerate(state.managers.held)]
        listed = np.concatenate(books)
        assert len(set(listed.tolist())) == len(listed)
        for i, book in enumerate(books):
            assert np.all(state.customers.owner[book] == i)
        departed = np.setdiff1d(np.arange(rows), listed)
        assert np.all(state.customers.patience[departed] <= 0.0)
        assert np.all(state.customers.patience[listed] > 0.0)
        known = state.customers[:rows]
        assert np.all((known.satisfaction >= 0.0) & (known.satisfaction <= 1.0)) and np.all(known.irritation >= 0.0)
        assert np.all(known.seen <= model.day)

    def fen_are_on_one_line(self, model: sim.BankModel) -> None:
        state = model.teams[0].state
        assert np.array_equal(state.lines.sum(axis=1), state.months.sum(axis=0)) and np.all(state.lines >= 0)


@settings(max_examples=examples(30), deadline=None)
@given(world=WORLDS, practices=PRACTICES, pay=PLANS, seed=st.integers(0, 10**6))
def test_nothing_is_lost_and_nothing_comes_from_nowhere(changzhou, plan, world, practices, pay, seed) -> None:
    scenario = changzhou.with_changes({**world, "calendar.start": changzhou.calendar.start.replace(day=20), "calendar.days": 20})
    base = {"period": "month", "schedule": {"kind": "fixed", "amount": 1234.565}}
    model = sim.BankModel(scenario, plan(practices=practices, base=base, **pay), seed=seed)
    auditor = Auditor(model)
    model.after_day = auditor.look
    model.run_model()
    state, people = model.teams[0].state, model.teams[0].world.people
    finals = dict(zip(FINALS, state.finals.T, strict=True))
    assert np.array_equal(finals["churned"] + finals["customers"], people.portfolio + state.managers.total)
    assert np.all((finals["satisfaction"] >= 0.0) & (finals["satisfaction"] <= 1.0))
    assert np.all((state.managers.skill >= 0.0) & (state.managers.skill <= 1.0))
    assert np.all(state.months > 0)                                          # wages of January, and of February's days
