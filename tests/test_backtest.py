"""A back-test: what plans would have paid, to the fen, who would have won or lost, and what is sure about it."""

from __future__ import annotations

import argparse
import base64
import csv
import json
import re
import sys
import zipfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from sim.app import telling
from sim.app.backtest_command import add_arguments, hidden, run
from sim.app.telling import Bar
from sim.errors import InputError
from sim.payroll.backtest import BANDS, Backtest, backtest, band_of, clusters_of, digest_of_records
from sim.payroll.backtest_people import TENURES, bounds_of, gini, outliers, rank_correlation, robust_line, top_over_median
from sim.payroll.example import write_example
from sim.payroll.numbers import SCALE
from sim.payroll.pseudonyms import code_of
from sim.payroll.records import Records, read_records
from sim.payroll.settling import KINDS
from sim.payroll.shifts import MOST, WHOLE, Redraws, most_calls, moves, needed, scaled, spread, stacked, times
from sim.payroll.statement import statements
from sim.policy import Policy, load_policy
from sim.policy.measures import pay_measures
from sim.report.backtest_figures import FIGURES, people_on_curves, plot_backtest, shares_of
from sim.report.backtest_files import write_statements, write_winners
from sim.report.backtest_page import headline_of, render_backtest
from sim.report.backtest_words import TEXTS, kind_name, measure_unit
from sim.report.words import texts
from sim.report.style import svg

FIXED = {"period": "month", "schedule": {"kind": "fixed", "amount": 1000.0}}


def linear(rate: float, measure: str = "accounts", **more) -> dict:
    schedule = {"kind": "linear", "rate": rate, **{key: more.pop(key) for key in ("threshold",) if key in more}}
    return {"measure": measure, "period": "month", "schedule": schedule, **more}


def records_of(results: dict[str, list[float]], measure: str = "accounts", start: str = "2025-01", **columns: list) -> Records:
    """People with a result a month, and other columns of people by name."""
    return with_measure(Records(people_of(list(results), **columns), empty_measures(list(results))), results, measure, start)


def people_of(ids: list[str], **columns: list) -> pd.DataFrame:
    count = len(ids)
    nothing = {name: [""] * count for name in ("name", "outlet", "team", "grade", "mentor", "supervisor")}
    never = {name: [pd.NaT] * count for name in ("joined", "left")}
    frame = pd.DataFrame({"person": ids, **nothing, **never, **columns})
    return frame.astype({"joined": "datetime64[s]", "left": "datetime64[s]"})


def empty_measures(ids: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"person": pd.Categorical([], ids), "month": pd.Categorical([], ordered=True), "measure": pd.Categorical([]),
                         "value": np.zeros(0, dtype=np.int64)})


def with_measure(records: Records, results: dict[str, list[float]], measure: str, start: str = "2025-01") -> Records:
    """The records with another measure, sorted as records are."""
    ids = records.people["person"].tolist()
    months = [str(pd.Period(start, freq="M") + place) for place in range(max(map(len, results.values())))]
    rows = [(who, months[place], measure, round(value * SCALE)) for who, values in results.items() for place, value in enumerate(values)]
    old = records.measures.astype({"person": str, "month": str, "measure": str}).itertuples(index=False, name=None)
    frame = pd.DataFrame([*old, *rows], columns=["person", "month", "measure", "value"])
    frame = frame.assign(
        person=pd.Categorical(frame["person"], ids),
        month=pd.Categorical(frame["month"], sorted(set(frame["month"])), ordered=True),
        measure=pd.Categorical(frame["measure"]),
    )
    return replace(records, measures=frame.sort_values(["person", "month", "measure"], ignore_index=True))


def named(policy: Policy, name: str) -> Policy:
    return policy.model_copy(update={"name": name})


@pytest.fixture(scope="module")
def old(plan) -> Policy:
    """1,000 CNY a month."""
    return named(plan(base=FIXED), "old")


@pytest.fixture(scope="module")
def new(plan) -> Policy:
    """500 CNY a month and 100 an account."""
    return named(plan(base={"period": "month", "schedule": {"kind": "fixed", "amount": 500.0}}, commission=linear(100.0)), "new")


@pytest.fixture(scope="module")
def three() -> Records:
    """Three months in which A opens ten accounts a month, B five and C none."""
    return records_of({"A": [10] * 3, "B": [5] * 3, "C": [0] * 3}, grade=["senior", "senior", "junior"])


@pytest.fixture(scope="module")
def tested(old, new, three) -> Backtest:
    return backtest([old, new], three, resamples=100)


# --- winners and losers -----------------------------------------------------------------------------------------------


def test_who_wins_and_who_loses_to_the_fen(tested) -> None:
    """Of 3,000.00: A gets 3 x (500 + 1,000), B 3 x (500 + 500), C 3 x 500."""
    rows = tested.winners.set_index("person")
    assert rows["old"].tolist() == [300000] * 3
    assert rows["new"].tolist() == [450000, 300000, 150000]
    assert rows["difference"].tolist() == [150000, 0, -150000]
    assert rows["percent"].tolist() == [50.0, 0.0, -50.0]
    assert rows["band"].tolist() == ["gain_over_5", "no_change", "lose_over_5"]


@pytest.mark.parametrize(("old_fen", "new_fen", "band"), [
    (100000, 94999, "lose_over_5"), (100000, 95000, "lose_to_5"), (100000, 99899, "lose_to_5"),           # 5 % is not over 5 %
    (100000, 99900, "no_change"), (100000, 100000, "no_change"), (100000, 100100, "no_change"),           # nor 0.1 % over 0.1 %
    (100000, 100101, "gain_to_5"), (100000, 105000, "gain_to_5"), (100000, 105001, "gain_over_5"),
    (0, 0, "no_change"), (0, 1, "gain_over_5"), (0, -1, "lose_over_5"), (-100000, -95000, "gain_to_5"), (-100000, -105001, "lose_over_5"),
    (9 * 10**18, 9 * 10**18 - 1, "no_change"),
])
def test_bands_are_told_exactly_at_their_edges(old_fen, new_fen, band) -> None:
    assert BANDS[band_of(np.array([old_fen]), np.array([new_fen]))[0]] == band


def test_groups_are_fixed_on_the_baseline(plan, old, new) -> None:
    """Fifths go by what the baseline pays, so the same people are compared under every plan."""
    records = records_of({f"P{n}": [n] * 2 for n in range(10)})
    other = named(plan(piece=linear(-100.0, threshold=0.0)), "upside-down")
    found = backtest([named(new, "base"), other], records, resamples=0).winners
    assert found["quintile"].tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_somebody_never_in_post_nor_paid_is_not_compared(old, new) -> None:
    records = records_of({"A": [1, 1], "Z": []}, joined=[pd.NaT, "2030-01-01"])
    found = backtest([old, new], records, resamples=0)
    assert found.winners["person"].tolist() == ["A"]
    assert len(found.records.people) == 2


# --- performance needed -----------------------------------------------------------------------------------------------


def test_performance_needed_to_be_kept_whole(tested) -> None:
    """A keeps 3,000 at half the accounts: 3 x (500 + 100 x 5). B just keeps it. C has nothing that could be multiplied."""
    assert tested.winners.set_index("person")["needed"].to_dict() == pytest.approx({"A": 0.5, "B": 1.0, "C": np.nan}, nan_ok=True)


def test_a_jump_is_needed_whole_and_the_factor_before_it_is_not_enough(plan, old) -> None:
    """Eight of ten accounts bring the bonus: 0.8 of the results; at 0.7999 there are 7.999 accounts and no bonus."""
    step = {"measure": "accounts", "period": "month", "schedule": {"kind": "step", "at": [{"units": 8.0, "pays": 1000.0}]}}
    found = backtest([old, named(plan(bonus=step), "step")], records_of({"A": [10, 10]}), resamples=0)
    assert found.winners["needed"].tolist() == [0.8]


def test_what_no_result_can_bring_back_is_not_reachable(plan, old) -> None:
    capped = named(plan(piece=linear(100.0, cap=900.0)), "capped")
    slow = named(plan(piece=linear(19.0)), "slow")                   # ten accounts at five times bring 950
    found = backtest([old, capped, slow], records_of({"A": [10, 10]}), resamples=0)
    assert found.winners["needed"].isna().tolist() == [True, True]


def test_fixed_pay_needs_no_result(plan, old) -> None:
    richer = named(plan(base={"period": "month", "schedule": {"kind": "fixed", "amount": 1000.01}}), "richer")
    assert backtest([old, richer], records_of({"A": [10, 10]}), resamples=0).winners["needed"].tolist() == [0.0]


def test_where_pay_depends_on_others_everybody_moves_together(plan, old) -> None:
    """A team of two shares 100 an account: 20 accounts bring 1,000 each; A opens 15, B 25: 40 accounts, so half is enough for both."""
    team = named(plan(piece=linear(100.0, payee="team")), "team")
    found = backtest([old, team], records_of({"A": [15, 15], "B": [25, 25]}, team=["one", "one"]), resamples=0)
    assert found.winners["needed"].tolist() == [0.5, 0.5]
    assert found.grains["team"] == 100                               # to one per cent


def test_needed_is_the_least_factor_that_is_enough() -> None:
    """On the function itself: pay of 7 fen a ten-thousandth of 1,000 results; 35,000 fen need 0.5, one more needs one more grain."""
    at = lambda parts: 7 * parts  # noqa: E731
    assert needed(at, np.array([35000, 35001, 0, 7 * MOST, 7 * MOST + 1])).tolist() == [5000, 5001, 0, MOST, -1]
    assert needed(at, np.array([35000, 35001]), grain=100).tolist() == [5000, 5100]


@pytest.mark.parametrize("grain", [1, 100, 500])
def test_the_search_for_it_asks_for_pay_no_more_often_than_it_says(grain: int) -> None:
    asked: list[int] = []
    needed(lambda parts: asked.append(1) or parts, np.arange(1, MOST, 7), grain)
    assert 3 < len(asked) <= most_calls(grain)


# --- cost -------------------------------------------------------------------------------------------------------------


def test_cost_by_month_and_as_a_share_of_income(old, new, three) -> None:
    """January: 3 x 500 + 15 x 100 = 3,000 of an income of 24,000."""
    records = with_measure(three, {"A": [12000] * 3, "B": [8000] * 3, "C": [4000, 4000, 0]}, "income")
    found = backtest([old, new], records, resamples=0)
    rows = found.cost[found.cost["policy"] == "new"]
    assert rows["pay"].tolist() == [300000] * 3
    assert rows["people"].tolist() == [3] * 3
    assert rows["share"].tolist() == pytest.approx([0.125, 0.125, 0.15])
    assert rows["left"].tolist() == [21000.0, 21000.0, 17000.0]


def test_without_income_no_share_is_made_up(tested) -> None:
    assert tested.income_measure is None and tested.cost["share"].isna().all()


def test_pay_at_ninety_and_a_hundred_and_ten_per_cent(tested) -> None:
    """45 accounts at 100 and nine months at 500: 9,000; at 90 % 40.5 accounts, 8,550; at 110 % 9,450. Fixed pay does not move."""
    pay = tested.fan.set_index(["policy", "scale"])["pay"]
    assert [pay["new", scale] for scale in (0.9, 1.0, 1.1)] == [855000, 900000, 945000]
    assert [pay["old", scale] for scale in (0.9, 1.0, 1.1)] == [900000] * 3


def test_level_and_volatility_are_apart(plan, tested) -> None:
    """A plan that pays from the sixth account on: ten and none bring 400; five and five, the same level, nothing; 15 and none, 900."""
    bent = named(plan(piece=linear(100.0, threshold=6.0)), "bent")
    pay = backtest(bent, records_of({"A": [10, 0]}), resamples=0).volatility.set_index("spread")["pay"]
    assert pay.to_dict() == {0.0: 0, 0.5: 15000, 1.0: 40000, 1.5: 65000}        # months of 7.5 and 2.5; at 1.5 of 12.5 and, held at, 0
    assert tested.volatility.groupby("policy")["pay"].nunique().to_dict() == {"old": 1, "new": 1}


def test_bands_hold_what_people_differ_in_and_no_more(old, new, tested) -> None:
    """Where all are alike a resample pays the same; where they differ, the band lies about the exact total."""
    alike = backtest([old, new], records_of({name: [4] * 3 for name in "ABCD"}), resamples=50)
    assert (alike.fan["low"] == alike.fan["pay"]).all() and (alike.fan["high"] == alike.fan["pay"]).all()
    row = tested.fan.set_index(["policy", "scale"]).loc[("new", 1.0)]
    assert 450000 <= row["low"] < row["pay"] < row["high"] <= 1350000             # all C, all A


def test_the_same_seed_gives_the_same_bands_and_no_resamples_none(old, new, three, tested) -> None:
    again, other = (backtest([old, new], three, resamples=100, seed=seed) for seed in (1, 2))
    pd.testing.assert_frame_equal(tested.fan, again.fan)
    assert not tested.redrawn["pay"].equals(other.redrawn["pay"]) or not tested.fan.equals(other.fan)
    assert backtest([old, new], three, resamples=0).fan["low"].isna().all()


def test_those_paid_together_are_drawn_together(plan, old) -> None:
    people = {"A": [1], "B": [2], "C": [3], "D": [4]}
    records = records_of(people, team=["x", "x", "y", "y"], mentor=["", "A", "", ""], supervisor=["", "", "A", ""])
    team, pair = (
        named(plan(t=linear(1.0, payee="team")), "t"),
        named(plan({"mentor_pairing": {"rule": "random", "bundled": False}}, p=linear(1.0, payee="pair")), "p"),
    )
    over = named(plan(o=linear(1.0, credit={"rule": "roll_up"})), "o")
    budget = named(plan(b=linear(1.0, budget=100.0)), "b")
    for plans, groups in (([old], 4), ([old, team], 2), ([pair], 3), ([over], 3), ([team, over], 1), ([budget], 1)):
        assert len(set(clusters_of(plans, records).tolist())) == groups
    assert backtest(budget, records, resamples=50).fan["low"].isna().all()        # one group: nothing to be drawn


# --- histories that might have been -----------------------------------------------------------------------------------


def test_amounts_and_counts_move_and_quality_shares_and_days_stay() -> None:
    moving = {
        name: moves(name)
        for name in ("accounts", "income", "deposits", "principal_lost", "bad_loan_ratio", "satisfaction", "leave_days", "people")
    }
    assert moving == {
        "accounts": True,
        "income": True,
        "deposits": True,
        "principal_lost": True,
        "bad_loan_ratio": False,
        "satisfaction": False,
        "leave_days": False,
        "people": False,
    }
    records = with_measure(records_of({"A": [10], "B": [20]}), {"A": [0.02], "B": [0.03]}, "bad_loan_ratio")
    found = scaled(records, 9000).measures
    assert (found["value"] / SCALE).tolist() == [9.0, 0.02, 18.0, 0.03]


def test_one_persons_factor_moves_that_person_alone() -> None:
    found = scaled(records_of({"A": [10], "B": [20]}), np.array([5000, 10000])).measures
    assert (found["value"] / SCALE).tolist() == [5.0, 20.0]


def test_deals_move_with_the_measures(old) -> None:
    deals = pd.DataFrame(
        {
            "deal": ["D1"],
            "person": ["B"],
            "share": [SCALE],
            "measure": ["income"],
            "value": [1000 * SCALE],
            "origin": [""],
            **{
                day: pd.Series(["2025-01-05" if day == "opened" else None], dtype="datetime64[s]")
                for day in ("opened", "funded", "received", "reversed")
            },
            "reversed_share": [0],
        }
    )
    records = replace(records_of({"A": [10], "B": [20]}), deals=deals)
    assert scaled(records, np.array([5000, 11000])).deals["value"].tolist() == [1100 * SCALE]


@pytest.mark.parametrize(
    ("value", "parts", "found"),
    [(10**18, MOST, 5 * 10**18), (-(10**18), MOST, -5 * 10**18), (1, 5000, 1), (1, 4999, 0), (-1, 5000, 0), (7, WHOLE, 7)],
)
def test_factors_are_whole_number_arithmetic_for_the_largest_values_too(value, parts, found) -> None:
    assert times(np.array([value]), np.array([parts])).tolist() == [found]


def test_spread_keeps_each_persons_mean_and_takes_nothing_below_its_least() -> None:
    records = records_of({"A": [2, 4, 9], "B": [1, 1, 1]})
    assert (spread(records, 0.0).measures["value"] / SCALE).tolist() == [5.0] * 3 + [1.0] * 3
    assert (spread(records, 0.5).measures["value"] / SCALE).tolist() == [3.5, 4.5, 7.0, 1, 1, 1]
    assert (spread(records, 3.0).measures["value"] / SCALE).tolist() == [0.0, 2.0, 17.0, 1, 1, 1]
    assert spread(records, 1.0) is records


def test_quarters_are_redrawn_whole_from_the_persons_own() -> None:
    records = with_measure(
        records_of({"A": [1, 2, 3, 4, 5, 6], "B": [7, 7, 7, 8]}), {"A": [10, 20, 30, 40, 50, 60], "B": [1, 1, 1, 1]}, "contacts"
    )
    redraws, draw, seen = Redraws(records), np.random.default_rng(1), set()
    assert redraws.people == 1                                       # B has one full quarter
    for _ in range(30):
        frame = redraws.one(draw).measures
        wide = (frame["value"] / SCALE).groupby([frame["person"], frame["measure"]], observed=True).apply(lambda values: tuple(values))
        first, second = wide["A", "accounts"][:3], wide["A", "accounts"][3:]
        assert {first, second} <= {(1, 2, 3), (4, 5, 6)}
        assert wide["A", "contacts"] == tuple(10 * value for value in first + second)
        assert wide["B", "accounts"] == (7, 7, 7, 8)
        seen.add((first, second))
    assert len(seen) == 4


def test_one_plan_through_many_histories(tested, old, new) -> None:
    six = backtest([old, new], records_of({"A": [1, 2, 3, 4, 5, 6], "B": [3] * 6}), resamples=60)
    drawn = six.redrawn[six.redrawn["policy"] == "new"]["pay"]
    quarters = {sum(500 + 100 * n for n in (1, 2, 3)), sum(500 + 100 * n for n in (4, 5, 6))}
    assert set((drawn / 100 - 6 * 800).unique()) <= {one + two for one in quarters for two in quarters}
    assert set(six.shifts["history"]) == {"scale 0.9", "scale 1", "scale 1.1", "redrawn"}
    assert tested.redrawn.empty                                      # one quarter leaves nothing to draw


def test_many_histories_at_once_pay_what_each_pays_alone(plan) -> None:
    """Teams, pairs, supervisors, targets of a person, a team and a grade, adjustments: none of it crosses from one history to another."""
    records = records_of(
        {"A": [3, 7, 8], "B": [5, 6, 1], "C": [9, 2, 4]},
        team=["x", "x", "y"],
        mentor=["", "A", ""],
        supervisor=["", "A", "A"],
        grade=["g", "h", "h"],
    )
    table = pd.concat([targets(("A", "", "2025-Q1", "accounts", 10), ("", "h", "2025-Q1", "accounts", 14)),
                       targets(("", "", "2025-Q1", "accounts", 25)).assign(team="x")], ignore_index=True)
    adjustments = pd.DataFrame({"person": ["B"], "month": ["2025-02"], "amount": [5 * SCALE], "reason": ["x"]})
    records = replace(records, targets=table, adjustments=adjustments)
    quota = {"measure": "accounts", "period": "quarter", "target": {"value": 20.0, "unit": "accounts"},
             "schedule": {"kind": "linear", "rate": 10.0, "threshold": 0.5, "by": "attainment"}}
    policy = plan(
        {"mentor_pairing": {"rule": "random", "bundled": False}},
        own=quota,
        team={**quota, "payee": "team"},
        pair=linear(1.01, payee="pair"),
        over=linear(2.0, credit={"rule": "roll_up"}),
    )
    histories = [records, scaled(records, 9000), scaled(records, 15000)]
    together = statements(policy, stacked(histories)).totals("person")["amount"].to_numpy().reshape(3, 3)
    assert together.tolist() == [statements(policy, history).totals("person")["amount"].tolist() for history in histories]


# --- attainment, performance, fairness --------------------------------------------------------------------------------


def targets(*rows: tuple[str, str, str, str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["person", "grade", "period", "measure", "value"])
    return frame.assign(team="", value=[round(value * SCALE) for value in frame["value"]], unit="accounts")


def test_attainment_is_result_over_target_of_whole_periods(old, three) -> None:
    """A's own target of 20 goes before the seniors' 30: 150 %; B 15 of 30: 50 %. The half year is not over; C has no target."""
    records = replace(
        three,
        targets=targets(
            ("A", "", "2025-Q1", "accounts", 20), ("", "senior", "2025-Q1", "accounts", 30), ("", "junior", "2025-H1", "accounts", 5)
        ),
    )
    found = backtest(old, records, resamples=0).attainment
    assert dict(zip(found["row"], found["attainment"], strict=True)) == {0: 1.5, 1: 0.5}
    assert shares_of(found["attainment"]) == (0.0, 0.0, 0.0)         # neither below 50 nor above 150 %
    assert shares_of(pd.Series([0.49, 0.8, 1.2, 1.51])) == (0.25, 0.5, 0.25)


def test_attainment_leaves_out_who_was_not_in_post_throughout(old) -> None:
    records = records_of({"A": [5, 5, 5], "B": [5, 5]}, joined=[pd.NaT, "2025-02-01"], grade=["g", "g"])
    records = replace(records, targets=targets(("", "g", "2025-Q1", "accounts", 10)))
    assert backtest(old, records, resamples=0).attainment["row"].tolist() == [0]


def test_targets_of_the_plan_serve_where_none_are_recorded(plan, three) -> None:
    quota = {"measure": "accounts", "period": "quarter", "target": {"value": 12.0, "unit": "accounts"},
             "schedule": {"kind": "step", "at": [{"attainment": 1.0, "pays": 500.0}]}}
    found = backtest(plan(quota=quota), three, resamples=0).attainment
    assert found["attainment"].tolist() == [2.5, 1.25, 0.0]


@pytest.mark.parametrize(
    ("label", "first", "last"),
    [
        ("2025-02", "2025-02", "2025-02"),
        ("2025-Q4", "2025-10", "2025-12"),
        ("2025-H2", "2025-07", "2025-12"),
        ("2025", "2025-01", "2025-12"),
    ],
)
def test_periods_are_read(label, first, last) -> None:
    assert tuple(map(str, bounds_of(label))) == (first, last)


def test_the_one_off_the_line_is_named() -> None:
    """Pay of 100 a unit, with a hair's difference to and fro, but for the eighth."""
    x = np.arange(12.0)
    y = 100 * x + np.where(np.arange(12) % 2, 1.0, -1.0)
    y[7] += 500
    assert outliers(x, y).tolist() == [7]
    slope, start = robust_line(x, y)
    assert slope == pytest.approx(100, abs=1) and start == pytest.approx(0, abs=5)
    assert outliers(x, np.full(12, 6000.0)).tolist() == []           # fixed pay: nobody
    assert outliers(x[:7], y[:7]).tolist() == []                     # too few to tell


def test_gini_and_the_top_tenth_by_hand() -> None:
    assert gini(np.array([5.0, 5.0, 5.0])) == 0.0
    assert gini(np.array([0.0, 0.0, 0.0, 1.0])) == 0.75
    assert gini(np.array([1.0, 3.0])) == 0.25
    assert np.isnan(gini(np.array([-1.0, 3.0])))
    assert top_over_median(np.arange(1.0, 11.0)) == pytest.approx(10 / 5.5)
    assert top_over_median(np.arange(1.0, 12.0)) == pytest.approx(10.5 / 6)       # of eleven, two
    assert rank_correlation(np.array([1.0, 2, 3, 4]), np.array([10.0, 20, 40, 30])) == pytest.approx(0.8)
    assert np.isnan(rank_correlation(np.array([1.0, 2, 3]), np.array([5.0, 5, 5])))


def test_pay_by_tenure_and_its_gap(new) -> None:
    """At the end of March 2025: E six months, F two years; 1,500 against 1,000 CNY a month."""
    records = records_of({"E": [5] * 3, "F": [10] * 3}, joined=["2024-10-01", "2023-04-01"])
    rows = backtest(new, records, resamples=0).fairness.set_index(["what", "group"])["value"]
    assert (rows["tenure_pay", "0"], rows["tenure_pay", "1"], rows["tenure_gap", "0"]) == (1000.0, 1500.0, -500.0)
    assert TENURES == (0, 1, 3, 5, 10)


def test_pay_against_the_portfolio_given(new) -> None:
    portfolios = pd.DataFrame({"person": ["A", "B", "C"], "group": "g", "count": SCALE, "balance": np.array([3, 2, 1]) * 10**6 * SCALE})
    records = replace(records_of({"A": [1] * 3, "B": [2] * 3, "C": [3] * 3}), portfolios=portfolios)
    rows = backtest(new, records, resamples=0).fairness.set_index("what")["value"]
    assert rows["wealth_pay"] == pytest.approx(-1.0)                 # the richest portfolio earns least


def test_components_by_grade(tested) -> None:
    """The seniors' commission: 3 x (1,000 + 500) over six months in post, 750 a month."""
    rows = tested.components.set_index(["policy", "grade", "element"])
    assert rows.loc[("new", "senior", "commission"), ["pay", "months", "a_month"]].tolist() == [450000, 6, 750.0]
    assert rows.loc[("new", "junior", "commission"), "pay"] == 0
    assert rows["pay"].groupby("policy").sum().to_dict() == {name: int(pay.sum()) for name, pay in tested.pay.items()}


# --- what made it, and what is refused --------------------------------------------------------------------------------


def test_provenance_tells_plans_data_and_seed(tested, old, new, three) -> None:
    made = tested.provenance
    assert made["policies"] == {"old": old.digest, "new": new.digest}
    assert (made["seed"], made["resamples"], made["months"], made["baseline"]) == (1, 100, ["2025-01", "2025-03"], "old")
    assert made["data_digest"] == digest_of_records(three) == digest_of_records(replace(three, people=three.people.copy()))
    other = three.measures.assign(value=three.measures["value"] + 1)
    assert made["data_digest"] != digest_of_records(replace(three, measures=other))


def test_the_frame_holds_every_line_and_sums_to_pay(tested) -> None:
    sums = tested.frame.groupby("policy", observed=True)["amount"].sum().to_dict()
    assert sums == {name: int(pay.sum()) for name, pay in tested.pay.items()}
    assert tested.lines == len(tested.frame) == 3 * 3 + 2 * 3 * 3


@pytest.mark.parametrize(("more", "words"), [
    ({"scales": (0.0, 1.0)}, "scales: found 0"), ({"scales": (6.0,)}, "scales: found 6"), ({"scales": (0.33333,)}, "four decimals"),
    ({"resamples": 5}, "resamples: found 5"), ({"seed": -1}, "seed: found -1"), ({"baseline": "other"}, "baseline: found `other`"),
])
def test_what_cannot_be_is_refused_in_a_sentence(old, three, more, words) -> None:
    with pytest.raises(InputError, match=re.escape(words)):
        backtest(old, three, **more)


def test_each_plan_once_and_at_least_one(old, new, three) -> None:
    for plans, words in (([old, old], "`old` twice"), ([], "no policy")):
        with pytest.raises(InputError, match=words):
            backtest(plans, three)
    assert [policy.name for policy in backtest([old, new], three, baseline="new", resamples=0).policies] == ["new", "old"]


# --- words, figures and the page --------------------------------------------------------------------------------------


def test_both_languages_say_the_same_with_the_same_gaps() -> None:
    for key, words in texts(TEXTS).items():
        gaps = [set(re.findall(r"{(\w+)}", words[lang])) for lang in ("en", "zh")]
        assert gaps[0] == gaps[1], key
        assert words["en"] and words["zh"], key


def test_every_kind_of_line_and_every_unit_has_words() -> None:
    assert all(kind_name(kind, "zh") != kind for kind in KINDS)
    assert all(measure_unit(name, "zh") != known.unit for name, known in pay_measures().items() if known.unit != "")


@pytest.fixture(scope="module")
def example(tmp_path_factory) -> Path:
    """The example's records without its deals: eleven people and one who joins in June."""
    folder = tmp_path_factory.mktemp("records")
    write_example(folder)
    (folder / "deals.csv").unlink(missing_ok=True)
    return folder


@pytest.fixture(scope="module")
def on_example(example) -> Backtest:
    return backtest([load_policy("fixed-pay"), load_policy("performance-pay")], read_records(example), resamples=40)


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_figure_can_be_drawn_and_tells_what_made_it(on_example, lang) -> None:
    for kind in FIGURES:
        figure = plot_backtest(on_example, kind, lang)
        assert figure is not None and figure.heading
        words = " ".join(text.get_text() for below in figure.subfigs for text in below.texts)
        assert "incentivelab" in words and on_example.baseline.name in words, kind
        svg(figure)
        edges = [text.get_window_extent().x1 / figure.bbox.width for below in figure.subfigs for text in below.texts]
        assert max(edges) <= 1.0, f"{kind}: words run out of the page"
        if kind != "payout":
            assert on_example.data_digest in words and "40" in words, kind
    with pytest.raises(InputError, match="Did you mean `winners`"):
        plot_backtest(on_example, "winner", lang)


def test_people_are_dots_on_the_curves(plan, three) -> None:
    """A's ten accounts a month bring 500 + 1,000 CNY, on the curve of the commission; what a pair or team shares is no point of it."""
    alone = plan(base={"period": "month", "schedule": {"kind": "fixed", "amount": 500.0}}, commission=linear(100.0))
    dots = people_on_curves(backtest(alone, three, resamples=0))
    assert sorted(set(dots.itertuples(index=False, name=None))) == [
        (0.0, 500.0, "commission"),
        (5.0, 1000.0, "commission"),
        (10.0, 1500.0, "commission"),
    ]
    team = plan(commission=linear(100.0, payee="team"))
    assert people_on_curves(backtest(team, replace(three, people=three.people.assign(team="t")), resamples=0)) is None


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_holds_the_ten_outputs_and_asks_nothing_of_the_network(on_example, lang) -> None:
    page = render_backtest(on_example, lang, {"winners.csv": "0" * 64}, "statements.parquet", hidden=False)
    assert [f'id="s{number}"' in page for number in range(1, 11)] == [True] * 10
    assert page.count("<figure>") == 8
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert all(on_example.provenance["policies"][policy.name] in page for policy in on_example.policies)
    assert on_example.data_digest in page


def test_the_headline_says_what_moves_and_what_cannot_be_reached(tested, old, new, three) -> None:
    said = headline_of(tested, "en")
    assert said[0].startswith("On this history “Test plan (old)” pays 9,000.00 CNY (nine resamples in ten: 9,000 to 9,000)")
    assert "9,000.00 CNY, 0.00 CNY (0.0 %) against it; 1 of 3 people gain over 5 %, 1 lose over 5 %" in said[1]
    assert said[2].startswith("Under “Test plan (new)” 1 people get less; for 1 of them five times the recorded results would not bring")
    assert "“Test plan (new)” would cost 8,550.00 or 9,450.00 CNY" in said[3]
    assert len(headline_of(backtest(old, three, resamples=0), "zh")) == 1  # fixed pay: nothing moves
    reverse = headline_of(backtest([new, old], three, resamples=0), "en")
    assert "would not bring" in reverse[2]                           # A's 4,500, on fixed pay


def test_a_page_without_targets_portfolios_or_others_says_so(plan, three) -> None:
    page = render_backtest(backtest(plan(base=FIXED), three, resamples=0), "en", {}, "statements.parquet", hidden=True)
    for words in ("no attainment can be told", "A single plan", "No portfolios are recorded", "No bands are given", "Codes stand in place"):
        assert words in page


# --- the command ------------------------------------------------------------------------------------------------------


def command(*given: object) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([str(each) for each in given]))


def test_the_folder_holds_everything_and_sums_to_the_fen(example, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    assert command("fixed-pay", "performance-pay", "--data", example, "--out", out, "--resamples", "40") == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[-1] == f"Report: {out}/report.html"
    assert sorted(path.name for path in out.iterdir() if path.name[0] != ".") == [
        "provenance.json",
        "report.html",
        "statements.parquet",
        "winners.csv",
        "workbook.xlsx",
    ]
    lines, winners = pd.read_parquet(out / "statements.parquet"), pd.read_csv(out / "winners.csv", dtype=str)
    paid = lines.groupby(["policy", "person"])["amount"].sum()
    assert all(
        paid["performance-pay", row.person] == Decimal(row.new) and paid["fixed-pay", row.person] == Decimal(row.old)
        for row in winners.itertuples()
    )
    made = json.loads((out / "provenance.json").read_text())
    assert made["pseudonymised"] is False and set(made["files"]) == {"statements.parquet", "winners.csv", "workbook.xlsx"}


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> list[list[int]]:
    """Of each bar the steps done so far, and how many are expected."""
    found: list[list[int]] = []

    class Watched(Bar):
        def __init__(self, shown: Any) -> None:
            super().__init__(shown)
            found.append([0, 0])

        def __call__(self, steps: int) -> None:
            super().__call__(steps)
            found[-1][0] += steps

        def expect(self, total: int) -> None:
            super().expect(total)
            found[-1][1] = total

    monkeypatch.setattr(telling, "Bar", Watched)
    return found


@pytest.mark.parametrize(("lang", "words"), [("en", "steps"), ("zh", "步骤")])
@pytest.mark.parametrize("more", [("fixed-pay", "--resamples", "40"), ("--resamples", "0", "--format", "xlsx")], ids=["two plans", "one plan"])
def test_a_bar_with_the_time_left_is_shown_at_a_terminal_and_ends_full(example, tmp_path, capsys, monkeypatch, bars, lang, words, more) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    command("performance-pay", *more, "--data", example, "--out", tmp_path / "out", "--lang", lang)
    shown = [part for part in capsys.readouterr().err.split("\r") if part.startswith(words)]
    assert shown and all(re.search(r"%.*\[\d\d:\d\d<", part) for part in shown)
    [(done, expected)] = bars
    assert done == expected > 15
    command("performance-pay", *more, "--data", example, "--out", tmp_path / "out", "--lang", lang, "--quiet")
    assert capsys.readouterr().err == ""


def test_the_log_tells_what_is_worked_out_and_names_nobody(example, tmp_path, capsys) -> None:
    log = tmp_path / "log.jsonl"
    command("fixed-pay", "performance-pay", "--data", example, "--out", tmp_path / "out", "--resamples", "20", "--log", log, "--quiet")
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [line["what"] for line in lines if line["event"] == "begun"] == ["statements", "needed", "scale", "spread", "redrawn", "writing"]
    assert lines[-1] | {"time": ""} == {"time": "", "event": "backtest", "policies": 2, "people": 12, "lines": lines[-1]["lines"]}
    assert "E001" not in log.read_text(encoding="utf-8") and "Invented" not in log.read_text(encoding="utf-8")


def test_the_same_command_gives_the_same_bytes_and_replaces_its_own_report_alone(example, tmp_path, capsys) -> None:
    out = tmp_path / "out"
    asked = ("performance-pay", "--data", example, "--out", out, "--resamples", "0", "--format", "csv", "--quiet")
    command(*asked)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    command(*asked)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == first
    (out / "mine.txt").write_text("mine")
    with pytest.raises(InputError, match="mine.txt"):
        command(*asked)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_both_formats_of_the_statements_hold_the_same(example, tmp_path, kind, on_example) -> None:
    path = tmp_path / f"statements.{kind}"
    write_statements(on_example, path)
    lines = pd.read_parquet(path) if kind == "parquet" else pd.read_csv(path)
    assert list(lines.columns[:3]) == ["policy", "person", "name"]
    assert [round(float(amount) * 100) for amount in lines["amount"]] == on_example.frame["amount"].tolist()
    assert lines["rule"].tolist() == on_example.frame["rule"].tolist()


def test_nothing_is_written_after_a_mistake(example, tmp_path, capsys) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in example.glob("*.csv"):
        (broken / path.name).write_bytes(path.read_bytes().replace(b"E003,2025-02", b"E003,1899-02"))
    for given, words in (
        ((broken,), "1899"),
        ((example, "--scale", "0"), "scales"),
        ((example, "--pseudonymise", tmp_path / "nokey"), "nokey"),
        ((example, "--seed", "x"), "--seed"),
    ):
        with pytest.raises(InputError, match=words):
            command("performance-pay", "--out", tmp_path / "out", "--data", *given)
        assert not (tmp_path / "out").exists()


NAMES = ["王小明", "欧阳静", "Invented Person", "=SUM(A1)", "+1 Lee"]


@pytest.fixture(scope="module")
def named_folder(example, tmp_path_factory) -> Path:
    """The example with names that are looked for, one of them like a formula; in a team's name and a reason too."""
    folder = tmp_path_factory.mktemp("named")
    for path in example.glob("*.csv"):
        text = path.read_text(encoding="utf-8-sig")
        for place, name in enumerate(NAMES, start=1):
            text = text.replace(f"Invented {place:02d}", f"'{name}" if name[0] in "=+" else name)
        text = text.replace("Team 1", f"Team of {NAMES[0]}").replace("late approval", f"late approval of {NAMES[1]}")
        (folder / path.name).write_text(text, encoding="utf-8")
    return folder


def every_byte(folder: Path) -> bytes:
    """All that is in a folder's files, workbooks unpacked, pictures of a page decoded, Parquet as text."""
    found = [str(path.name).encode() for path in folder.rglob("*")]
    for path in folder.rglob("*"):
        content = path.read_bytes()
        found.append(re.sub(rb"base64,[A-Za-z0-9+/=]+", b"", content))
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                found += [book.read(name) for name in book.namelist()]
        if path.suffix == ".html":
            found += [base64.b64decode(data) for data in re.findall(rb"base64,([A-Za-z0-9+/=]+)", content)]
        if path.suffix == ".parquet":
            found.append(pd.read_parquet(path).to_csv().encode())
    return b"\n".join(found)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_pseudonyms_reach_every_output_and_names_none(named_folder, tmp_path, capsys, kind) -> None:
    key, out = tmp_path / "key", tmp_path / "out"
    key.write_text("a key of more than sixteen letters\n")
    command(
        "fixed-pay",
        "performance-pay",
        "--data",
        named_folder,
        "--out",
        out,
        "--resamples",
        "20",
        "--lang",
        "zh",
        "--format",
        kind,
        "--pseudonymise",
        key,
    )
    told = capsys.readouterr()
    content = every_byte(out) + told.out.encode() + told.err.encode()
    for name in NAMES:
        assert name.encode() not in content and name.encode("gb18030") not in content, name
    assert not re.search(rb"(?<![0-9A-Za-z])E0(?:0[1-9]|1[0-2])(?![0-9A-Za-z])", content)
    assert b"sixteen" not in content
    assert code_of("E001", "a key of more than sixteen letters").encode() in content


def test_codes_do_not_change_what_anybody_is_paid(named_folder, tmp_path) -> None:
    """Not even where the policy names somebody."""
    secret = "a key of more than sixteen letters"
    policy = tmp_path / "mine.yaml"
    policy.write_text("title: {en: Mine, zh: 我的}\nsource: a test\neffective: 2026-01-01\nauthor: tests\nstatus: assumed\n"
                      "pay:\n  base: {period: month, schedule: {kind: fixed, amount: 1000.0}, unit: CNY}\n"
                      "overrides:\n  - {person: E002, pay: {base: {schedule: {kind: fixed, amount: 1500.0}}}}\n", encoding="utf-8")
    records, plans = read_records(named_folder), [load_policy("fixed-pay"), load_policy(policy)]
    bare, coded = (backtest(mine, those, resamples=0).winners.set_index("person")["new"].to_dict()
                   for those, mine in ((records, plans), hidden(records, plans, secret.encode())))
    assert coded == {code_of(person, secret): pay for person, pay in bare.items()}
    assert bare["E002"] - 35050 == 1800000                           # twelve months and an adjustment


def test_a_policy_that_names_somebody_is_refused_without_repeating_the_name(named_folder, tmp_path) -> None:
    key, policy = tmp_path / "key", tmp_path / "mine.yaml"
    key.write_text("a key of more than sixteen letters")
    policy.write_text(
        "title: {en: Bonus, zh: 王小明奖金}\nextends: fixed-pay\nsource: a test\neffective: 2026-01-01\nauthor: tests\nstatus: assumed\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError) as caught:
        command(policy, "--data", named_folder, "--out", tmp_path / "out", "--pseudonymise", key)
    assert "王小明" not in str(caught.value) and "names nobody" in str(caught.value)


def test_a_key_is_kept_apart_and_long_enough(named_folder, tmp_path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "short").write_text("short")
    for key, words in ((out / "key", "apart from what it protects"), (tmp_path / "short", "at least 16")):
        with pytest.raises(InputError, match=words):
            command("fixed-pay", "--data", named_folder, "--out", out, "--pseudonymise", key)


def test_texts_like_formulas_are_harmless_in_files(named_folder, tmp_path) -> None:
    found = backtest([load_policy("fixed-pay"), load_policy("performance-pay")], read_records(named_folder), resamples=0)
    write_winners(found, tmp_path / "winners.csv")
    write_statements(found, tmp_path / "statements.csv")
    for path in tmp_path.glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            cells = {cell for row in csv.DictReader(stream) for key, cell in row.items() if key in ("name", "person", "rule", "grade")}
        assert "'=SUM(A1)" in cells and not any(cell.startswith(("=", "+", "-", "@")) for cell in cells if cell)
