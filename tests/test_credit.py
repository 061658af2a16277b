"""Credit: rules against closed forms, loan classes against their chain, yuan conserved, and what pay for volume does now and later."""

from __future__ import annotations

import hashlib
import json
import math
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sim
from sim.engine.prepare import practice_of, world_of
from sim.engine.run import branch_seeds, run_branch
from sim.engine.stages.credit import age_loans, cure_of, recall, share_given_up, worsening_of
from sim.engine.state import PAY_MEASURES, VETTING
from sim.engine.streams import mix
from sim.experiments.simulate import interval_half_width
from sim.policy import Policy, make_policy
from sim.policy.schedule import pay_tables
from sim.rules.credit import (
    DOUBTFUL, GIVEN_UP, LOSS, NORMAL, SUBSTANDARD, chance_found, class_after, cured, default_chance, enlarged, goes_on, hoped_for, monthly_fall,
    strained, worth_of_finding, worth_of_hurrying, worth_of_lending,
)
from sim.world import Scenario

ROOT = Path(__file__).parent.parent
SURE = 4.0                                             # standard errors
OWN = ("credit", "vetting", "hurry", "opening_book", "larger_loans", "conscience", "collection")
BASE = {"period": "month", "schedule": {"kind": "fixed", "amount": 4000.0}}
LENDING = ("loans_made", "loans", "loan_size", "applications", "loan_balance", "interest_collected", "responsible_income", "responsible_cost",
           "loans_defaulted", "default_rate", "substandard_balance", "doubtful_balance", "loss_balance", "loan_loss", "bad_loan_ratio",
           "loans_recovered", "unrecovered_balance", "principal_lost", "responsible_profit")


def linear(measure: str, rate: float, period: str = "month", **more: Any) -> dict[str, Any]:
    return {"measure": measure, "period": period, "schedule": {"kind": "linear", "rate": rate}, **more}


def paying(name: str, practices: dict[str, Any] | None = None, **pay: Any) -> Policy:
    """A base wage and these elements, a meeting a week."""
    return make_policy({"title": {"en": name, "zh": name}, "source": "a test", "effective": date(2019, 1, 1), "author": "tests", "status": "assumed",
                        "pay": {"base": BASE, **pay},
                        "practices": {"reporting": {"every_days": 5}, "leads": {"assigned_share": 0.3}, **(practices or {})}}, name)


FIXED = paying("fixed")
VOLUME = paying("volume", volume=linear("loans_made", 0.004))
LIABLE = paying("liable", volume=linear("loans_made", 0.004), liability=linear("principal_lost", -0.3))


@pytest.fixture(scope="module")
def rural() -> Scenario:
    return sim.load_scenario("rural-branch")


def few(rural: Scenario, days: int, customers: int = 60, people: str = "R03 R06", **changes: Any) -> Scenario:
    """Some managers of the cooperative, whose customers ask often."""
    gone = {f"branches.cooperative.managers.{name}": None for name in rural.managers if name not in people.split()}
    return rural.with_changes({**gone, "parameters.customers_per_manager": float(customers), "parameters.loan_rate": 3.0, "calendar.days": days,
                               **changes}, name="few")


# --- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mean", "foreseeable"), [(0.02, 1.0), (0.1, 0.3), (0.4, 0.6), (0.1, 0.0)])
def test_chances_of_default_have_the_stated_mean_and_rise_with_the_draw(mean, foreseeable) -> None:
    u = (np.arange(20_000) + 0.5) / 20_000
    chances = np.array([default_chance(x, mean, foreseeable) for x in u])
    assert chances.mean() == pytest.approx(mean, rel=2e-3) and (np.diff(chances) >= 0).all()
    assert 0.0 < chances[0] and chances[-1] <= 0.99
    assert chances.std() == pytest.approx(foreseeable * mean * math.sqrt((1.0 - mean) / (1.0 + mean)), rel=0.02, abs=1e-12)


@pytest.mark.parametrize(("gain", "loss", "mean"), [(0.006, 0.044, 0.1), (0.002, 0.05, 0.08), (0.05, 0.04, 0.1), (-0.001, 0.05, 0.1), (0.01, 0.0, 0.1)])
def test_what_is_hoped_for_is_the_mean_over_known_qualities(gain, loss, mean) -> None:
    u = (np.arange(100_000) + 0.5) / 100_000
    for foreseeable in (1.0, 0.3, 0.0):
        chances = (1.0 - foreseeable) * mean + foreseeable * (1.0 - (1.0 - u) ** (mean / (1.0 - mean)))
        hoped = hoped_for(gain, loss, mean, foreseeable)
        assert hoped == pytest.approx(np.maximum(0.0, gain - loss * chances).mean(), abs=1e-7)
        assert worth_of_finding(gain, loss, mean, foreseeable) == pytest.approx(hoped - max(0.0, worth_of_lending(gain, loss, mean)), abs=1e-15)
        assert worth_of_hurrying(gain, gain, loss, mean, foreseeable) <= 1e-15                  # pay that does not bend hurries nobody
        assert worth_of_hurrying(gain + 1.0, gain, loss, mean, foreseeable) > 0.0


def test_pay_for_volume_takes_the_worth_out_of_vetting_and_liability_puts_it_back() -> None:
    plain, paid, paid_well = (worth_of_finding(0.006 + volume, 0.044, 0.1, 1.0) for volume in (0.0, 0.01, 0.04))
    assert plain > paid > paid_well == 0.0                         # 4 % of the volume: no quality would change the decision
    assert worth_of_finding(0.016, 0.044 + 0.08, 0.1, 1.0) > paid


def test_limits_of_the_rules() -> None:
    assert chance_found(1.6, 0.0) == 0.0 and chance_found(1.6, 1e9) == 1.0 and chance_found(0.5, 2.0) == pytest.approx(1.0 - math.exp(-1.0))
    assert enlarged(0.0, 0.3, 0.01) == 1.0 and enlarged(-1.0, 0.3, 0.01) == 1.0 and enlarged(0.01, 0.3, 0.01) == pytest.approx(1.15)
    assert strained(0.1, 1.0, 0.6) == 0.1 and strained(0.1, 1.2, 0.0) == 0.1 and strained(0.9, 100.0, 1.0) == 0.99
    assert 1.0 - (1.0 - monthly_fall(0.3, 8.0)) ** 8 == pytest.approx(0.3)
    assert cured(0.1, 0.05, 0.0) == pytest.approx(0.1) and cured(0.1, 0.05, 1e9) == 1.0
    assert class_after(0.01, NORMAL, 0.02, 0.0, 0.0) == SUBSTANDARD and class_after(0.02, NORMAL, 0.02, 0.0, 0.0) == NORMAL
    assert [class_after(u, LOSS, 0.0, 0.1, 0.5) for u in (0.05, 0.5, 0.6)] == [NORMAL, GIVEN_UP, LOSS]


# --- loan classes -----------------------------------------------------------------------------------------------------


def chain_of(w, fall: float) -> np.ndarray:
    """Monthly transition probabilities between normal, substandard, doubtful, loss and given up."""
    matrix = np.zeros((5, 5))
    matrix[NORMAL, NORMAL], matrix[NORMAL, SUBSTANDARD], matrix[GIVEN_UP, GIVEN_UP] = 1.0 - fall, fall, 1.0
    for k in (SUBSTANDARD, DOUBTFUL, LOSS):
        cure, worsen = cure_of(w, k), worsening_of(w, k)
        matrix[k, NORMAL], matrix[k, k + 1], matrix[k, k] = cure, (1.0 - cure) * worsen, (1.0 - cure) * (1.0 - worsen)
    return matrix


def test_loan_classes_follow_their_chain(rural) -> None:
    """Thousands of loans of one quality, none due: shares in each class every month against the power of the transition matrix."""
    count, chance, term, grace = 6000, 0.5, 60.0, 2
    scenario = few(rural, 500, count, "R03", **{"parameters.loan_rate": 0.01, "parameters.loan_term": term, "parameters.loan_grace": float(grace)})
    team = sim.BankModel(scenario, FIXED, seed=3).teams[0]
    s, w = team.state, team.world
    s.tally.loans = count
    loans = s.loans[:count]
    loans.key, loans.principal, loans.chance, loans.quality, loans.month = np.arange(count), 100.0, chance, NORMAL, 0
    s.credit.balance[0] = s.credit.made[0] = 100.0 * count
    matrix, expected = chain_of(w, monthly_fall(chance, term - grace)), np.array([1.0, 0.0, 0.0, 0.0, 0.0])
    spread = np.zeros(5)
    with np.errstate(over="ignore"):
        for day in np.flatnonzero(w.days.month_ends):
            age_loans(s, w, np.uint64(7), int(day))
            month = int(w.days.month[day])
            if month > grace:
                expected = expected @ matrix
            shares = np.append(s.credit.counts[0], s.credit.lost[0] / 100.0) / count
            assert shares.sum() == pytest.approx(1.0, abs=1e-12)
            spread = np.sqrt(np.maximum(expected * (1.0 - expected), 1e-9) / count)
            assert (np.abs(shares - expected) <= SURE * spread).all(), (month, shares, expected)
    assert expected[GIVEN_UP] > 5 * spread[GIVEN_UP]              # the test reached the end of the chain


def test_the_share_given_up_is_the_absorption_of_the_chain(rural) -> None:
    w = world_of(rural, "cooperative")
    chain = chain_of(w, 0.0)                                       # a cured loan stays normal
    end = np.linalg.matrix_power(chain, 4000)
    for k in (SUBSTANDARD, DOUBTFUL, LOSS):
        assert share_given_up(w, k) == pytest.approx(end[k, GIVEN_UP], abs=1e-9)
    assert goes_on(0.0, 0.2) == 1.0 and goes_on(1.0, 0.2) == 0.0 and goes_on(0.1, 0.0) == 0.0


# --- conservation -----------------------------------------------------------------------------------------------------


LIGHTLY = paying("lightly", volume=linear("loans_made", 0.004), liability=linear("principal_lost", -0.02))


@pytest.mark.parametrize(("policy", "seed"), [(FIXED, 1), (VOLUME, 2), (LIGHTLY, 3)])
def test_every_yuan_lent_is_owed_repaid_or_lost_every_day(rural, policy, seed) -> None:
    """Also: who asks or owes is marked so, nobody owes twice or beyond the limit, and the books agree with the loans."""
    scenario = few(rural, 420, 50, "R02 R05 R08", **{"parameters.default_mean": 0.35, "parameters.loan_term": 5.0, "parameters.worsen_substandard": 0.5,
                                                    "parameters.worsen_doubtful": 0.5, "parameters.write_off": 0.5, "parameters.conscience": 0.0})
    model = sim.BankModel(scenario, policy, seed=seed)
    while model.running:
        model.step()
        s = model.teams[0].state
        loans, c = s.loans[: s.tally.loans], s.credit
        owed = np.bincount(loans.owner, loans.principal, len(c))
        assert (c.balance == owed).all()
        assert (c.balance == c.opening + c.made - c.repaid - c.lost).all()
        assert (loans.principal <= 50_000.0).all() and (loans.principal > 0.0).all()
        waiting = [int(row) for i in range(len(c)) for row in s.queue[i, : c.waiting[i]].customer]
        asking = sorted([*waiting, *(int(row) for row in loans.customer)])
        assert len(set(asking)) == len(asking) == int(s.customers.borrows[: s.tally.customers].sum())
        if model.timeline.last_of_month[model.day - 1]:
            assert (c.balances.sum(axis=1) == c.balance).all() and (c.counts.sum(axis=1) == np.bincount(loans.owner, minlength=len(c))).all()
    made, lost = s.ledger[..., 0].sum(), s.ledger[..., 5].sum()
    assert made == c.made.sum() and lost == c.lost.sum() > 0 and s.ledger[..., 4].sum() == c.repaid.sum() > 0
    assert len(model.teams[0].loans) == s.tally.loans


def test_loans_pay_interest_for_the_days_they_run(rural) -> None:
    """Without default a loan pays its yearly rate over its life, and everything lent and due comes back."""
    scenario = few(rural, 500, **{"parameters.default_mean": 0.001, "parameters.opening_default": 0.001, "parameters.loan_term": 4.0,
                                  "parameters.stretch_risk": 0.0})
    runs = sim.simulate(scenario, FIXED, 10, seed=2)
    totals = runs.totals()
    books = runs.frame[(runs.frame["level"] == "branch") & (runs.frame["measure"] == "loan_balance") & (runs.frame["period"] != "total")]
    monthly = books.groupby("replication")["value"].sum()
    # month-end balances stand for the month: half a month's lending at either end is the error allowed
    assert totals["interest_collected"].mean() == pytest.approx(0.085 / 12 * monthly.mean(), rel=0.25)
    assert totals["loans_recovered"].mean() > 0.99 and totals["default_rate"].mean() < 0.01


def test_a_branch_begins_with_loans_of_all_ages_as_many_as_it_goes_on_with(rural) -> None:
    """The first morning looks like any other: balance, ages and bad loans; and the same under every policy."""
    model = sim.BankModel(rural, FIXED, seed=5)
    s, w = model.teams[0].state, model.teams[0].world
    loans = s.loans[: s.tally.loans]
    ages = -loans.month
    assert len(loans) > 200 and ages.min() == 1 and set(range(1, 10)) <= set(ages.tolist())
    assert (loans.due == (ages > w.lending.term)).all() and (loans.quality[ages > w.lending.term] > NORMAL).all()
    assert (s.credit.balance == np.bincount(loans.owner, loans.principal, len(s.credit))).all() and (s.credit.balance == s.credit.opening).all()
    assert (loans.quality[ages <= w.lending.grace] == NORMAL).all()
    assert (np.sort(sim.BankModel(rural, VOLUME, seed=5).teams[0].state.loans.key[: len(loans)]) == np.sort(loans.key)).all()

    runs = sim.simulate(rural, FIXED, 20, seed=3)
    books = runs.frame[(runs.frame["level"] == "branch") & (runs.frame["measure"] == "loan_balance")].pivot(
        index="replication", columns="period", values="value")[list(rural.timeline.month_labels)]
    nil = sim.simulate(rural.with_changes({"mechanisms.opening_book": False}), FIXED, 20, seed=3)
    empty = nil.frame[(nil.frame["level"] == "branch") & (nil.frame["measure"] == "loan_balance")].pivot(
        index="replication", columns="period", values="value")[list(rural.timeline.month_labels)]
    settled = books.iloc[:, 12:].mean().mean()
    assert 0.75 < books.iloc[:, 0].mean() / settled < 1.3 and empty.iloc[:, 0].mean() < 0.15 * settled
    assert empty.iloc[:, -1].mean() == pytest.approx(books.iloc[:, -1].mean(), rel=0.15)


def test_the_past_of_a_customer_ends_in_the_renewal_share(rural) -> None:
    """Without default: free for exponential spells, in debt for a term; the share in debt is term over term and mean spell."""
    for monthly, term in ((0.05, 10.0), (0.3, 6.0)):
        w = world_of(rural.with_changes({"parameters.opening_default": 0.001, "parameters.loan_term": term}), "cooperative")
        with np.errstate(over="ignore"):
            ages = np.array([recall(w, monthly, np.uint64(mix(np.uint64(k))))[0] for k in range(20_000)])
        spell = 1.0 + 1.0 / math.expm1(monthly)                    # whole months, the month of asking included
        share = term / (term + spell)
        assert abs((ages > 0).mean() - share) < SURE * math.sqrt(share * (1.0 - share) / len(ages)) + 0.005
        counts = np.bincount(ages[ages > 0], minlength=int(term) + 1)[1 : int(term) + 1]
        assert abs(counts - counts.mean()).max() < SURE * math.sqrt(counts.mean()) + 0.01 * counts.mean()


def test_profit_is_income_less_cost_less_loss_and_pay(rural) -> None:
    """C2: income less cost less 30 % of substandard, 50 % of doubtful, all of loss-class balances, and what was given up."""
    runs = sim.simulate(few(rural, 300, **{"mechanisms.opening_book": False}), VOLUME, 5, seed=4)
    t = runs.totals()
    loss = 0.3 * t["substandard_balance"] + 0.5 * t["doubtful_balance"] + t["loss_balance"]
    assert np.allclose(t["loan_loss"], loss)
    assert np.allclose(t["responsible_profit"], t["responsible_income"] - t["responsible_cost"] - loss - t["principal_lost"])
    assert np.allclose(t["profit_after_pay"], t["responsible_profit"] - t["pay"])
    bad = t["substandard_balance"] + t["doubtful_balance"] + t["loss_balance"]
    assert np.allclose(t["bad_loan_ratio"], bad / t["loan_balance"])
    months = runs.frame[(runs.frame["level"] == "branch") & (runs.frame["measure"] == "responsible_profit")]
    by_month = months[months["period"] != "total"].groupby("replication")["value"].sum()
    assert np.allclose(by_month, t["responsible_profit"])


# --- pay --------------------------------------------------------------------------------------------------------------


def test_what_pay_counts_is_what_is_reported(rural) -> None:
    """One CNY a CNY of each measure: pay by month, half year or year is the measure of the run; who makes a loss is paid nothing for it."""
    counted = {"loans_made": "month", "interest_collected": "half_year", "principal_lost": "year", "loan_balance": "year", "loan_loss": "year",
               "responsible_income": "quarter", "responsible_cost": "half_year", "unrecovered_balance": "year", "responsible_profit": "year"}
    policy = paying("counted", **{name: linear(name, 0.001, period) for name, period in counted.items()})
    scenario = few(rural, 261, **{"parameters.default_mean": 0.3, "parameters.loan_term": 6.0, "mechanisms.opening_book": False})   # all of 2019
    runs = run_branch(world_of(scenario, "cooperative"), practice_of(policy, scenario, "cooperative"), *pay_tables(policy, PAY_MEASURES),
                      branch_seeds(5, range(3), "cooperative"))
    totals = sim.simulate(scenario, policy, 3, seed=5).totals("manager")[list(counted)].clip(lower=0.0).groupby("replication").sum()
    lines = runs.lines[:, :, 1:].sum(axis=1) / 100.0
    for place, name in enumerate(counted):
        assert lines[:, place] == pytest.approx(0.001 * totals[name].to_numpy(), abs=0.4), name


@pytest.mark.parametrize("name", ["rural-floor-and-malus", "responsible-profit"])
def test_the_casebook_s_plans_run_over_two_years(rural, name) -> None:
    """C2 and C11, but for what they say of grades."""
    policy = sim.load_policy(name).with_changes({"overrides": []})
    totals = sim.simulate(rural, policy, 1, seed=1).totals()
    assert np.isfinite(totals[list(LENDING)].drop(columns=["default_rate", "loan_size"]).to_numpy()).all()
    assert (totals["pay"].abs() < 2e6).all() and (totals["loans_made"] > 0).all()


# --- volume pay now, bad loans later ----------------------------------------------------------------------------------


def paired(a: sim.Runs, b: sim.Runs, measure: str, periods: slice | None = None) -> tuple[float, float]:
    """Mean difference b - a of the branch and half its 99 % interval; of a flow over some months, or of the whole horizon."""
    def values(runs: sim.Runs) -> np.ndarray:
        rows = runs.frame[(runs.frame["level"] == "branch") & (runs.frame["measure"] == measure)]
        if periods is None:
            return rows[rows["period"] == "total"].sort_values("replication")["value"].to_numpy()
        rows = rows[rows["period"].isin(runs.scenario.timeline.month_labels[periods])]
        return rows.groupby("replication")["value"].sum().to_numpy()
    gap = values(b) - values(a)
    return float(gap.mean()), float(interval_half_width(gap[:, None], 0.99)[0])


@pytest.fixture(scope="module")
def regimes(rural) -> dict[str, sim.Runs]:
    return {p.name: sim.simulate(rural, p, 30, seed=11, jobs=2) for p in (FIXED, VOLUME, LIABLE)}


def test_volume_pay_without_liability_raises_lending_now_and_bad_loans_later(regimes) -> None:
    fixed, volume = regimes["fixed"], regimes["volume"]
    for measure, months in (("loans_made", slice(0, 3)), ("loans_made", None), ("loans", None), ("loan_size", None), ("default_rate", None),
                            ("loans_defaulted", slice(12, 24)), ("bad_loan_ratio", None), ("unrecovered_balance", None)):
        mean, half = paired(fixed, volume, measure, months)
        assert mean > half, f"{measure}: {mean:.4g} +- {half:.4g}"
    early, _ = paired(fixed, volume, "loans_defaulted", slice(0, 3))
    late, _ = paired(fixed, volume, "loans_defaulted", slice(12, 15))
    assert late > 5 * abs(early)                                   # now the lending, later the loss
    mean, half = paired(fixed, volume, "vetting")
    assert mean < -half


def test_liability_brings_vetting_back_and_bad_loans_down(regimes) -> None:
    volume, liable = regimes["volume"], regimes["liable"]
    for measure, sign in (("vetting", 1), ("default_rate", -1), ("loans_made", -1), ("loans_defaulted", -1)):
        mean, half = paired(volume, liable, measure)
        assert sign * mean > half, f"{measure}: {mean:.4g} +- {half:.4g}"


def test_a_rule_declines_what_managers_would_have_lent(rural) -> None:
    """Known to be worse than one in fifty, a loan is declined whatever its volume would pay; and nobody owes more than the limit."""
    vetted = few(rural, 261, **{"parameters.conscience": 0.3})
    strict = LIABLE.with_changes({"practices.lending": {"decline_above": 0.02, "limit": 8000.0}})
    limited = LIABLE.with_changes({"practices.lending": {"limit": 8000.0}})
    free, small, ruled = (sim.simulate(vetted, policy, 15, seed=2).totals() for policy in (LIABLE, limited, strict))
    assert (small["loan_size"] <= 8000.0).all() and (free["loan_size"] > small["loan_size"]).all()
    assert (ruled["loans"] < small["loans"]).all()
    model = sim.BankModel(vetted, strict, seed=2)
    model.run_model()
    assert (model.teams[0].loans["balance"] <= 8000.0).all()


# --- switches ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def switched(rural) -> dict[str, Any]:
    """A lively cooperative with everything at work, and with one mechanism off at a time."""
    lively = few(rural, 300, 80, "R02 R05 R07", **{"parameters.loan_rate": 1.5})
    worlds = {"": lively, **{name: lively.with_changes({f"mechanisms.{name}": False}) for name in OWN if name != "credit"}}
    return {name: sim.simulate(world, LIABLE, 30, seed=6) for name, world in worlds.items()}


def moved(switched: dict[str, Any], name: str, measure: str) -> float:
    """Paired difference, with less without, in standard errors."""
    gap = (switched[""].totals()[measure] - switched[name].totals()[measure]).to_numpy()
    return 0.0 if not gap.any() else float(gap.mean() / (gap.std(ddof=1) / math.sqrt(len(gap))))


@pytest.mark.parametrize(("name", "measure", "sign"), [
    ("vetting", "default_rate", -1), ("vetting", "vetting", 1), ("larger_loans", "loan_size", 1), ("larger_loans", "loans_made", 1),
    ("conscience", "vetting", 1), ("opening_book", "interest_collected", 1), ("collection", "collection", 1), ("collection", "bad_loan_ratio", -1),
])
def test_a_mechanism_moves_its_own_outcomes(switched, name, measure, sign) -> None:
    assert sign * moved(switched, name, measure) > 3.0


@pytest.mark.parametrize("name", [name for name in OWN if name != "credit"])
def test_a_mechanism_leaves_other_luck_alone(switched, name) -> None:
    """Hours are one day's, so prospecting may give way a little; what no hour of lending touches stays bit for bit."""
    assert (switched[""].totals()["accounts_assigned"] == switched[name].totals()["accounts_assigned"]).all()
    for measure in ("churned", "leaning"):
        assert abs(moved(switched, name, measure)) < SURE


def test_without_lending_nothing_of_it_is_reported_or_paid_for_and_other_luck_stays(rural) -> None:
    scenario = few(rural, 300, 80, "R02 R05 R07")
    without = scenario.with_changes({"mechanisms.credit": False})
    on, off = (sim.simulate(world, FIXED, 5, seed=6).totals() for world in (scenario, without))
    with pytest.raises(sim.InputError, match="the measure loans_made"):
        sim.simulate(without, VOLUME, 1)
    assert set(LENDING) <= set(on.columns) and not {*LENDING, "vetting", "collection"} & set(off.columns)
    assert (on["accounts_assigned"] == off["accounts_assigned"]).all()


def test_where_lending_is_off_credit_takes_no_room() -> None:
    scenario, policy = sim.load_scenario("changzhou-2015"), sim.load_policy("fixed-pay")
    s = sim.BankModel(scenario, policy).teams[0].state
    assert len(s.loans) == 0 and s.queue.shape[1] == 0


# --- one luck, one arithmetic -----------------------------------------------------------------------------------------


def fingerprint() -> dict[str, str]:
    """sha256 of everything a short run leaves, in whichever form the code runs."""
    scenario = few(sim.load_scenario("rural-branch"), 45, 30)
    prints = {}
    gated = sim.load_policy("rural-floor-and-malus").with_changes({"overrides": []})
    for policy in (LIABLE, gated):
        runs = run_branch(world_of(scenario, "cooperative"), practice_of(policy, scenario, "cooperative"), *pay_tables(policy, PAY_MEASURES),
                          branch_seeds(1, range(1), "cooperative"))
        digest = hashlib.sha256()
        for array in runs:
            digest.update(str((array.shape, array.dtype)).encode() + array.tobytes())
        prints[policy.name] = digest.hexdigest()
    return prints


def test_plain_python_gives_the_bits_of_compiled_code() -> None:
    code = "import json, test_credit as here; print(json.dumps(here.fingerprint()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, cwd=ROOT, env={
        **os.environ, "NUMBA_DISABLE_JIT": "1", "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])})
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == fingerprint()


def test_the_face_day_by_day_gives_what_replications_give(rural) -> None:
    scenario = few(rural, 90)
    totals = sim.simulate(scenario, VOLUME, 2, seed=9).totals()
    for replication in (0, 1):
        model = sim.BankModel(scenario, VOLUME, seed=9, replication=replication)
        model.run_model()
        credit = model.teams[0].state.credit
        assert credit.made.sum() == totals.loc[replication, "loans_made"] and credit.balance.sum() == totals.loc[replication, "loan_balance"]


def test_managers_spend_vetting_hours_only_where_somebody_waits(rural) -> None:
    model = sim.BankModel(few(rural, 30), LIABLE, seed=1)
    seen = False
    while model.running:
        waiting = model.teams[0].state.credit.waiting.copy()
        habit = model.teams[0].state.managers.hours[:, VETTING].copy()
        model.step()
        hours = model.teams[0].state.managers.hours[:, VETTING]
        assert (hours[(waiting == 0) & (habit == 0)] == 0).all()
        seen = seen or bool((hours > 0).any())
    assert seen
