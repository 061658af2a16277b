"""Nothing is lost and nothing comes from nowhere: accounts, yuan, customers and people, every day, under whatever policy and scenario.

Small branches, short horizons, every optional part of the model on or off as chance has it: customers in full, loans, people who
come and go, goals and gaming, portfolio rules. Two branches at once, so that sums over the bank are checked too.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sim
from sim.engine.state import CHANNELS, FINALS, PLAN_LINES, RECORDS, SHARED, SOLD
from sim.model import Team
from sim.policy import Policy, make_policy
from sim.world import Scenario

WORDS = {"title": {"en": "Books", "zh": "账册"}, "source": "a test", "effective": date(2026, 1, 1), "author": "tests", "status": "assumed"}
R = {name: place for place, name in enumerate(RECORDS)}
F = {name: place for place, name in enumerate(FINALS)}
S = {name: place for place, name in enumerate(SOLD)}
CLOSE = {"rel": 1e-9, "abs": 0.01}                        # a fen


# --- policies and scenarios -------------------------------------------------------------------------------------------


def per_unit(measure: str, rate: float, period: str = "month", **more: Any) -> dict[str, Any]:
    return {"measure": measure, "period": period, "schedule": {"kind": "linear", "rate": rate}, **more}


def marks(at_least: float, **more: Any) -> dict[str, Any]:
    return {"marks": [{"measure": "accounts", "at_least": at_least}], **more}


def or_not(*values: Any) -> st.SearchStrategy:
    return st.sampled_from([None, *values])


ELEMENTS = {                             # of pay; those that count loans or sales only where there are any
    "base": {"period": "month", "schedule": {"kind": "fixed", "amount": 4000.01}},
    "piece": per_unit("accounts", 333.33),
    "quota": {"measure": "accounts", "period": "month", "schedule": {"kind": "step", "at": [{"units": 3, "pays": 1500.0}]}},
    
    "pair": per_unit("accounts", 77.77, payee="pair"),
    "team": per_unit("accounts", 100.0, "quarter", payee="team"),
    "service": per_unit("contacts", 1.11),
    "lent": per_unit("loans_made", 0.0041), "lost": per_unit("principal_lost", -0.05), "balance": per_unit("loan_balance", 0.001, "quarter"),
    "cards": per_unit("cards", 31.0), "funds": per_unit("fund_sales", 0.003), "assets": per_unit("aum", 1e-5), "income": per_unit("income", 0.05, "quarter"),
}
OF_LOANS, OF_SALES = ("lent", "lost", "balance"), ("cards", "funds", "assets", "income")
GRADES = [{"name": "low", "rise": marks(3.0)}, {"name": "high", "keep": marks(2.0)}]
PEOPLE = st.fixed_dictionaries({
    "grades": st.sampled_from([[], [{"name": "one", "keep": marks(2.0)}], GRADES]), "appraisal_months": st.sampled_from([1, 2]),
    "below_lowest": st.sampled_from(["nothing", "training", "dismissal"]), "training": st.just({"months": 1, "passing": marks(1.0)}),
    "startup": or_not(marks(2.0, months=1)), "dismissal": st.fixed_dictionaries({"notice_months": st.integers(0, 1)}),
    "hiring": st.fixed_dictionaries({"applicants": st.integers(1, 3), "pass_mark": or_not(0.0)}),
    "handover": st.fixed_dictionaries({"to": st.sampled_from(["successor", "team_by_load", "similar"])}),
    "rotation": or_not({"every_months": 1}, {"every_months": 2}),
})
PRACTICES = st.fixed_dictionaries({
    "reporting": or_not({"every_days": 1}, {"every_days": 5, "time": "morning"}),
    "mentor_pairing": or_not({"rule": "best_with_newest", "bundled": True, "minutes_per_day": 30.0}, {"rule": "random"}),
    "leads": or_not({"assigned_share": 0.5}), "norm": or_not({"telling": "successes"}),
    "goals": or_not({"level": 4.0, "ratchet": 1.0}, {"level": 9.0, "period": "quarter", "say": 1.0}),
    "contest": or_not({"prizes": [1000.01, 333.33, 0.0]}, {"period": "quarter", "prizes": [77.77] * 12, "league_table": True}),
    "discretion": or_not({"amount": 333.33}, {"period": "quarter", "amount": 1000.0}),
    "controls": or_not({"audit": 0.5, "fine": 50.0}, {"audit": 0.9, "cancels": False}), "pricing": or_not({"authority": 0.3}),
    "lending": or_not({"limit": 20_000.0, "decline_above": 0.2}),
    "service": or_not({"tiers": [{"above": 0.0, "every_days": 9}, {"above": 1e5, "every_days": 3, "channel": "preferred"}]}),
    "reception": or_not({"steps": ["greeting", "needs_form"]}),
})
PORTFOLIOS = or_not({"allocation": "random"}, {"allocation": "by_skill", "spans": {"mass": 9}}, {"allocation": "by_segment"}, {"allocation": "levelled"})
LIVELY = {                               # what makes much happen in little time
    "contact_pace": {"intermediaries": 1.0, "chains": 4.0, "street": 5.0, "network": 3.0}, "conversion_skilled": 0.3, "pool_size.chains": 2.0,
    "partner_leads": 0.1, "quit_hazard": 0.25, "vacancy_shortest": 0.0, "vacancy_longest": 2.0, "churn_yearly": 0.7, "rival_yearly": 0.3,
    "offer_pace": 6.0, "push_strength": 0.4, "deal_leads": 0.2, "deal_hours": 4.0, "walk_ins": 1.0, "referral_rate": 0.3, "return_sd": 0.1,
    "loan_rate": 6.0, "loan_term": 2.0, "loan_grace": 0.0, "default_mean": 0.35, "default_foreseeable": 0.9, "worsen_substandard": 0.7, "worsen_doubtful": 0.7, "write_off": 0.7,
    "fresh_effect": 0.3,
}
GAMING = st.fixed_dictionaries({
    "movable_days": st.sampled_from([0.0, 20.0]), "moving_cost": st.sampled_from([10.0, 300.0]), "moving_trust": st.sampled_from([0.0, 0.5]),
    "false_most": st.sampled_from([0.0, 3.0]), "scruples": st.sampled_from([0.0, 500.0]), "dormant_most": st.sampled_from([0.0, 3.0]),
    "dormant_cost": st.just(60.0), "discount_response": st.sampled_from([0.0, 1.5]), "fatigue_growth": st.sampled_from([0.0, 1.0]),
    "crowding": st.sampled_from([0.0, 1.0]), "reference_effect": st.sampled_from([0.0, 0.3]),
})
BOOKS = st.tuples(st.integers(0, 20), st.integers(0, 20), st.integers(0, 20))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[Scenario, Policy]:
    """A bank of two branches and what its management chose."""
    full, loans, quits, people = (draw(st.booleans()) for _ in range(4))
    base, books = sim.load_scenario("retail-branch-full"), draw(BOOKS)
    names = ("R02", "R05", "R08")
    gone = {f"branches.retail.managers.{name}": None for name in base.managers if name not in names}
    held = {f"branches.retail.managers.{name}.customers": count for name, count in zip(names, books, strict=True)}
    second = {"Y1": {"cohort": "veteran", "tenure_months": 40, "customers": 12}, "Y2": {"cohort": "newcomer", "tenure_months": 0, "customers": 5}}
    values = {**LIVELY, **draw(GAMING)}
    scenario = base.with_changes({
        **gone, **held, "branches.second": {"managers": second}, "calendar.days": draw(st.integers(12, 70)),
        "calendar.start": draw(st.sampled_from([date(2019, 8, 19), date(2019, 11, 25)])),
        "mechanisms.full_customers": full, "mechanisms.credit": loans, "mechanisms.quits": quits,
        **{f"parameters.{name}": value for name, value in values.items()}}, name="books")
    known = [name for name in ELEMENTS if (loans or name not in OF_LOANS) and (full or name not in OF_SALES)]
    practices = {name: value for name, value in draw(PRACTICES).items() if value is not None}
    known = [name for name in known if name != "pair" or "mentor_pairing" in practices]
    paid = draw(st.lists(st.sampled_from(known), min_size=1, max_size=4, unique=True))
    portfolios = draw(PORTFOLIOS)
    rules = {name: value for name, value in draw(PEOPLE).items() if value is not None} if people else None
    if rules:
        rules["hiring"] = {name: value for name, value in rules["hiring"].items() if value is not None}
    more = {"portfolios": portfolios, "people": rules}
    return scenario, make_policy({**WORDS, "pay": {name: ELEMENTS[name] for name in paid}, "practices": practices,
                                  **{name: value for name, value in more.items() if value}}, "books")


# --- the audit --------------------------------------------------------------------------------------------------------


class Auditor:
    """Looks at every branch of a bank every evening."""

    def __init__(self, scenario: Scenario, policy: Policy, seed: int) -> None:
        self.model = sim.BankModel(scenario, policy, seed=seed, after_day=self.look)
        self.full, self.loans = scenario.switches["full_customers"], scenario.switches["credit"]
        self.opening = [self.money(team) for team in self.model.teams]
        self.pools = [self.prospects(team) for team in self.model.teams]
        self.model.run_model()
        for team in self.model.teams:
            self.end(team)

    def look(self, model: sim.BankModel) -> None:
        for place, team in enumerate(model.teams):
            self.accounts(team)
            self.customers(team)
            self.people(team)
            self.pay(team)
            if self.full:
                self.lines(team)
                self.wealth(team)
            else:
                assert self.money(team) == pytest.approx(self.opening[place] + team.state.weeks[..., R["deposits"]].sum(), **CLOSE)
            if self.loans:
                self.lent(team)
            for k, shared in enumerate(SHARED):                          # a hire brings a network of their own
                if shared or CHANNELS[k] == "chains":
                    assert self.prospects(team)[k] == pytest.approx(self.pools[place][k], **CLOSE)

    @staticmethod
    def money(team: Team) -> float:
        return float(team.state.customers.balance[: team.state.tally.customers].sum())

    @staticmethod
    def prospects(team: Team) -> np.ndarray:
        pools = team.state.pools
        return (pools.available + pools.worked + pools.won).sum(axis=0)

    @staticmethod
    def accounts(team: Team) -> None:
        """Every account opened is in exactly one channel count, of one manager and week."""
        s, weeks = team.state, team.state.weeks
        origins = [place for name, place in R.items() if name.startswith("accounts_")] + [R["dormant_accounts"]]
        assert np.array_equal(weeks[..., R["accounts"]], weeks[..., origins].sum(axis=-1))
        assert np.array_equal(weeks[..., R["accounts"]].sum(axis=0), s.daily_accounts.sum(axis=0))

    def customers(self, team: Team) -> None:
        """Every customer was there at the start or opened an account, and is in one book, or gone, or nobody's."""
        s, known = team.state, team.state.tally.customers
        assert s.tally.overflow == 0 and known == team.world.people.portfolio.sum() + s.daily_accounts.sum()
        books = [s.book[i, :held] for i, held in enumerate(s.managers.held)]
        inside = np.concatenate(books)
        assert len(np.unique(inside)) == len(inside)
        assert all((s.customers.owner[book] == i).all() for i, book in enumerate(books))
        outside = np.setdiff1d(np.arange(known), inside)
        left = s.customers.patience[outside] <= 0.0
        if self.full:
            clients = team.full.clients
            assert (s.customers.patience[inside] > 0.0).all() and (clients.cause[inside] < 0).all()
            assert (clients.place[outside] < 0).all() and np.array_equal(left, clients.cause[outside] >= 0)
            assert left.sum() == team.full.weeks[..., S["churned_life"]:].sum()
        if not (self.model.policy.portfolios and self.model.policy.portfolios.spans):
            assert left.all()
        satisfaction = s.customers.satisfaction[:known]
        assert ((satisfaction >= 0.0) & (satisfaction <= 1.0)).all()

    @staticmethod
    def lines(team: Team) -> None:
        """Customers in full stand once in the line of their manager and class, the longest untouched first; the book's totals agree."""
        s, f = team.state, team.full
        for i, held in enumerate(s.managers.held):
            book, lined = s.book[i, :held], []
            assert np.array_equal(f.clients.place[book], np.arange(held))
            for c in range(f.board.classes):
                queue, members = f.queues[i, c], []
                row = queue.head
                while row >= 0:
                    members.append(row)
                    row = f.clients.after[row]
                assert (np.diff(f.clients.touched[members]) >= 0).all() and (f.clients.tier[members] == c).all()
                assert len(members) == queue.count and queue.late == f.clients.late[members].sum()
                assert queue.assets == pytest.approx(f.clients.counted[members].sum(), **CLOSE)
                lined += members
            assert sorted(lined) == sorted(book)
            seller, held_products = f.sellers[i], s.customers.holdings[book]
            for total, parts in ((seller.deposits, s.customers.balance), (seller.wealth, f.clients.wealth), (seller.units, f.clients.units),
                                 (seller.lent, f.clients.lent)):
                assert total == pytest.approx(parts[book].sum(), **CLOSE)
            items = np.array([int(held).bit_count() for held in held_products])
            assert seller.items == items.sum() and seller.several == (items > 1).sum()

    @staticmethod
    def wealth(team: Team) -> None:
        """Deposits, wealth products and funds are what there was, what came in and what markets made of it, less what left or was paid
        as premiums; every large deal is won, lost, missed or in hand."""
        s, f, known = team.state, team.full, slice(0, team.state.tally.customers)
        board, clients = f.board, f.clients
        assets = s.customers.balance[known].sum() + clients.wealth[known].sum() + clients.units[known].sum() * board.index
        assert assets == pytest.approx(board.money_in + board.gains - board.money_out - board.premiums, rel=1e-9, abs=1.0)
        assert board.units == pytest.approx(clients.units[known].sum(), **CLOSE)
        assert (s.customers.balance[known] >= 0.0).all()
        flows = f.weeks.sum(axis=(0, 1))
        ends = flows[S["deals_won"]] + flows[S["deals_lost"]] + flows[S["deals_missed"]]
        assert flows[S["deals_opened"]] == ends + (f.deals.stage > 0).sum()
        assert flows[S["walk_ins_won"]] <= flows[S["walk_ins"]]

    @staticmethod
    def lent(team: Team) -> None:
        """Loans there at the start and those made are repaid, lost or owed; each is its customer's manager's; nobody asks or owes twice, and who does is marked so."""
        s, c = team.state, team.state.credit
        loans = s.loans[: s.tally.loans]
        assert np.array_equal(c.balance, np.bincount(loans.owner, loans.principal, len(c)))
        assert c.opening.sum() + c.made.sum() == c.repaid.sum() + c.lost.sum() + c.balance.sum()
        assert [s.ledger[..., place].sum() for place in (0, 4, 5)] == [c.made.sum(), c.repaid.sum(), c.lost.sum()]
        assert np.array_equal(s.customers.owner[loans.customer], loans.owner)
        waiting = [(i, int(row)) for i in range(len(c)) for row in s.queue[i, : c.waiting[i]].customer]
        assert all(s.customers.owner[row] == i for i, row in waiting)
        assert all((np.diff(s.queue[i, : c.waiting[i]].day) >= 0).all() for i in range(len(c)))
        asking = [row for _, row in waiting] + [int(row) for row in loans.customer]
        assert len(set(asking)) == len(asking) == s.customers.borrows[: s.tally.customers].sum()

    @staticmethod
    def people(team: Team) -> None:
        """Seats are filled or empty; who came, left; nobody works, is mentored or is paid in an empty seat."""
        s, m = team.state, team.state.managers
        vacant = m.vacancy > 0
        left = s.finals[:, [F["quits"], F["dismissals"]]].sum()
        assert s.tally.staff == (~vacant).sum() == len(m) - left + s.finals[:, F["hires"]].sum()
        assert np.array_equal(m.generation, s.finals[:, F["hires"]])
        assert np.array_equal(s.finals[:, [F["quits"], F["dismissals"]]].sum(axis=1), s.finals[:, F["hires"]] + vacant)
        assert (m.mentor[vacant] == -1).all() and (m.mentee[vacant] == -1).all() and (m.total[vacant] == 0).all()
        for i in range(len(m)):
            assert m.mentor[i] < 0 or m.mentee[m.mentor[i]] == i
            assert m.mentee[i] < 0 or m.mentor[m.mentee[i]] == i

    def pay(self, team: Team) -> None:
        """Every fen paid is in one line of one person and in one month."""
        s, c = team.state, team.state.weeks
        lines = s.lines[:, : int(team.elements.lines[0].count) + PLAN_LINES].sum(axis=1)
        assert np.array_equal(lines + s.managers.prize_fen + s.managers.judged_fen, s.months.sum(axis=0))
        assert s.managers.prize_fen.sum() / 100.0 == pytest.approx(c[..., R["prize_pay"]].sum(), **CLOSE)
        assert s.managers.judged_fen.sum() / 100.0 == pytest.approx(c[..., R["discretionary_pay"]].sum(), **CLOSE)
        if "lost" not in self.model.policy.pay:
            assert (s.lines[:, : int(team.elements.lines[0].count)] >= 0).all()

    def end(self, team: Team) -> None:
        """What is counted at the end is what there is."""
        s = team.state
        at = {name: s.finals[:, place] for name, place in F.items()}
        assert at["customers"].sum() + at["churned"].sum() == s.tally.customers
        assert at["churned"].sum() == (s.customers.patience[: s.tally.customers] <= 0.0).sum()
        assert np.array_equal(at["in_post"], (s.managers.vacancy == 0).astype(float)) and np.array_equal(at["tenure"], s.managers.tenure)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds(), st.integers(0, 10**6))
def test_everything_is_somewhere_every_day(world, seed) -> None:
    Auditor(*world, seed)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(worlds(), st.integers(0, 10**6))
def test_what_a_run_reports_adds_up_over_the_bank(world, seed) -> None:
    """The same, of results: managers add up to branches; accounts, customers, pay and people balance over both."""
    scenario, policy = world
    runs = sim.simulate(scenario, policy, 2, seed=seed)
    by = {level: runs.frame[(runs.frame["level"] == level) & (runs.frame["period"] == "total")].pivot_table(
        index="replication", columns="measure", values="value", aggfunc="sum", observed=True) for level in ("manager", "branch")}
    managers, bank = by["manager"], by["branch"]
    sums = [name for name, measure in sim.experiments.measures.list_measures().items() if measure.kind in ("sum", "stock") and name in managers]
    assert {"accounts", "customers", "churned", "pay"} <= set(sums)
    for name in sums:
        assert np.allclose(managers[name], bank[name], rtol=1e-9, atol=1e-6), name
    origins = [name for name in bank if name.startswith("accounts_") and name not in ("accounts_gini", "accounts_per_10k_pay")]
    assert np.array_equal(bank["accounts"], bank[origins].sum(axis=1) + bank["dormant_accounts"])
    there = sum(scenario.customers(name) for name in scenario.managers)
    assert np.array_equal(bank["customers"] + bank["churned"], there + bank["accounts"])
    assert (bank["prize_pay"] + bank["discretionary_pay"] <= bank["pay"] + 2e4 * ("lost" in policy.pay)).all()
    rows = runs.frame[["replication", "level", "id", "period", "measure"]]
    assert not rows.duplicated().any()
    if "quits" in bank:
        seats = len(scenario.managers)
        vacant = bank["quits"] + bank["dismissals"] - bank["hires"]
        assert ((vacant >= 0) & (vacant <= seats)).all()
    if scenario.switches["full_customers"]:
        causes = [name for name in bank if name.startswith("churned_")]
        assert np.array_equal(bank[causes].sum(axis=1), bank["churned"])


def test_the_random_worlds_are_lively() -> None:
    """The audit sees what it is meant for: quits, hires, hand-overs, rotation, losses, gaming, deals, all in one bank."""
    base = sim.load_scenario("retail-branch-full")
    gone = {f"branches.retail.managers.{name}": None for name in base.managers if name not in ("R02", "R05", "R08")}
    values = {**LIVELY, "movable_days": 20.0, "moving_cost": 30.0, "false_most": 3.0, "scruples": 50.0, "dormant_most": 3.0, "dormant_cost": 60.0}
    scenario = base.with_changes({
        **gone, **{f"branches.retail.managers.{name}.customers": 20 for name in ("R02", "R05", "R08")}, "calendar.days": 190,
        "calendar.start": date(2019, 8, 19), "mechanisms.credit": True, "mechanisms.quits": True,
        **{f"parameters.{name}": value for name, value in values.items()}}, name="books")
    policy = make_policy({
        **WORDS, "pay": {name: ELEMENTS[name] for name in ("piece", "lent", "cards", "quota")},
        "practices": {"goals": {"level": 4.0, "ratchet": 1.0}, "contest": {"prizes": [500.0]}, "discretion": {"amount": 300.0}, "controls": {"audit": 0.3}},
        "people": {"handover": {"to": "team_by_load"}, "rotation": {"every_months": 2}, "startup": marks(15.0, months=1)}}, "books")
    totals = sim.simulate(scenario, policy, 10, seed=2).totals().sum()
    for name in ("accounts", "churned", "quits", "dismissals", "hires", "vacancy_days", "handed_over", "loans", "principal_lost", "deals_won",
                 "deals_lost", "walk_ins_won", "sales", "referrals", "dormant_accounts", "misreported", "caught", "held_back_deals", "prize_pay", "discretionary_pay"):
        assert totals[name] > 0, name
    Auditor(scenario, policy, 2)


def test_a_loss_found_by_the_audit_is_told() -> None:
    """The audit is not blind: a customer taken out of a book, and a fen paid nowhere, are both found."""
    scenario = sim.load_scenario("branch").with_changes({"calendar.days": 3})

    class Thief(Auditor):
        def __init__(self, what: str) -> None:
            self.what = what
            super().__init__(scenario, sim.load_policy("fixed-pay"), 1)

        def look(self, model: sim.BankModel) -> None:
            if self.what == "customer":
                model.teams[0].state.managers.held[0] -= 1
            else:
                model.teams[0].state.months[0, 0] += 1
            super().look(model)

    for what in ("customer", "fen"):
        with pytest.raises(AssertionError):
            Thief(what)
