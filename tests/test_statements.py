"""Statements on records: exact to the fen, as the words of a schedule say, and the same however the months come in."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from profiles import examples

import sim
from sim.engine.prepare import practice_of, world_of
from sim.engine.run import branch_seeds, run_branch
from sim.engine.state import PAY_MEASURES
from sim.errors import InputError
from sim.payroll.lines import KINDS
from sim.payroll.records import Records
from sim.payroll.statement import Groups, Statements, statements
from sim.policy import Element, make_policy
from sim.policy.exact import SCALE, Reached, equal_shares, evaluate, plain, rounded
from sim.policy.kernel import pay_at, to_fen
from sim.policy.plan import Result, compiled, mark_of, pieces_along, target_of, value_at
from sim.policy.rational import Exact
from sim.policy.schedule import as_written, knots_of, pay_tables, payout_curve
from sim.reading import resource_folder

WORDS = {"title": {"en": "Test plan", "zh": "测试方案"}, "source": "a test", "author": "tests", "status": "assumed"}
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.target)           # shrinking a whole plan takes longer than reading it
MONTHS = [f"2025-{m:02d}" for m in range(1, 13)]
QUARTER_END = {"2025-03": "2025-Q1", "2025-06": "2025-Q2", "2025-09": "2025-Q3", "2025-12": "2025-Q4"}


def people_named(*names: str, **columns: list) -> pd.DataFrame:
    return pd.DataFrame({"person": list(names), **columns})


def results(rows: dict[str, list[float]], measure: str = "accounts", start: int = 0) -> pd.DataFrame:
    """Results by person, month by month from the first of 2025."""
    return pd.DataFrame([(who, MONTHS[start + t], measure, round(Fraction(str(value)) * SCALE))
                         for who, values in rows.items() for t, value in enumerate(values)],
                        columns=["person", "month", "measure", "value"])


def linear(rate: float, **more) -> dict:
    schedule = {"kind": "linear", "rate": rate, **{k: more.pop(k) for k in ("threshold", "mode", "by") if k in more}}
    return {"measure": "accounts", "period": "month", "schedule": schedule, **more}


def step(*marks: tuple[float, float], **more) -> dict:
    return {"measure": "accounts", "period": "month", "schedule": {"kind": "step", "at": [{"units": u, "pays": p} for u, p in marks]}, **more}


def exact_fen(element: Element, totals: np.ndarray, members: int = 1) -> list[int]:
    """Payroll's fen on results in millionths, or on the mean of so many."""
    plan = compiled("piece", element)
    inputs = [Reached(Exact(totals, SCALE * members), target_of(element.target))] if plan.inputs else []
    return evaluate(plan, inputs, len(totals)).value.fen().tolist()


def amounts(found: Statements) -> list[int]:
    return found.frame["amount"].tolist()


PAIRED = {"mentor_pairing": {"rule": "random", "bundled": False}}
BUNDLED = {"mentor_pairing": {"rule": "random", "bundled": True}}


# --- a line on paper --------------------------------------------------------------------------------------------------


def test_a_line_says_who_when_what_for_how_and_how_much(plan) -> None:
    policy = plan(quota={"measure": "accounts", "period": "quarter", "target": {"value": 12.0, "unit": "accounts"},
                         "schedule": {"kind": "linear", "rate": 600.0, "threshold": 0.5, "by": "attainment"}})
    found = statements(policy, people_named("7"), results({"7": [2, 3, 4]}))
    line = found.frame.iloc[0]
    assert len(found.frame) == 1
    assert (line.person, line.month, line.period, line.element, line.measure) == ("7", "2025-03", "2025-Q1", "quota", "accounts")
    assert (line.input, line.target, line.rate, line.members, line.amount) == (9.0, 12.0, 600.0, 1, 180000)
    assert line.rule == line.rule_zh == "600 x (9 - 6)"
    assert found.frame["amount"].dtype == np.int64


TIERS = {"kind": "tiers", "tiers": [{"from": 0.0, "rate": 300.0}, {"from": 3.0, "rate": 450.0}, {"from": 6.0, "rate": 600.0}]}


@pytest.mark.parametrize(("element", "units", "rule", "fen"), [
    (linear(600.0), 7, "600 x 7", 420000),
    (linear(600.0, threshold=5.0), 7, "600 x (7 - 5)", 120000),
    (linear(600.0, threshold=5.0), 4, "0 (4 < 5)", 0),
    (linear(600.0, threshold=5.0, mode="from_first"), 5, "600 x 5", 300000),
    (linear(0.003), 1234.5, "0.003 x 1234.5", 370),                                          # 3.7035
    (linear(600.0, cap=3000.0), 7, "cap 3000 on 600 x 7", 300000),
    (linear(600.0, floor=1000.0), 1, "floor 1000 for 600 x 1", 100000),
    (linear(600.0, threshold=5.0, floor=1000.0), 1, "floor 1000 for 0 (1 < 5)", 100000),
    ({**linear(0.0), "schedule": {**TIERS, "mode": "marginal"}}, 2, "300 x 2", 60000),
    ({**linear(0.0), "schedule": {**TIERS, "mode": "marginal"}}, 4, "900 + 450 x (4 - 3)", 135000),
    ({**linear(0.0), "schedule": {**TIERS, "mode": "retroactive"}}, 4, "450 x 4", 180000),
    (step((10.0, 1500.0), (12.0, 4000.0)), 12, "4000 (12 >= 12)", 400000),
    (step((10.0, 1500.0), (12.0, 4000.0)), 9, "0 (9 < 10)", 0),
    ({"period": "month", "schedule": {"kind": "fixed", "amount": 6000.0}}, 9, "6000", 600000),
])
def test_the_rule_is_arithmetic_that_can_be_done_again(plan, element, units, rule, fen) -> None:
    line = statements(plan(piece=element), people_named("7"), results({"7": [units]})).frame.iloc[0]
    assert (line.rule, line.amount) == (rule, fen)


def test_the_same_in_chinese(plan) -> None:
    policy = plan(PAIRED, capped=linear(600.0, cap=3000.0), shared={**linear(0.15, threshold=1.0), "payee": "pair"})
    found = statements(policy, people_named("1", "2", mentor=["", "1"]), results({"1": [7], "2": [0.6]}))
    assert found.words("zh").tolist() == ["上限3000（600 x 7）", "600 x 0.6",
                                          "(0.15 x (7.6 - 1)) / 2，不足一分进为一分", "(0.15 x (7.6 - 1)) / 2，舍去不足一分"]
    assert found.words("en").tolist()[2:] == ["(0.15 x (7.6 - 1)) / 2, rounded up to the fen", "(0.15 x (7.6 - 1)) / 2, rounded down to the fen"]
    with pytest.raises(InputError, match="en or zh"):
        found.words("fr")


# --- rounding and money -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("units", "fen"), [(0.49, 0), (0.5, 1), (1.49, 1), (1.5, 2), (-0.5, 0), (-7, 0)])
def test_half_a_fen_goes_up_and_a_negative_result_earns_nothing(plan, units, fen) -> None:
    assert amounts(statements(plan(piece=linear(0.01)), people_named("7"), results({"7": [units]}))) == [fen]


def test_a_tenth_is_a_tenth(plan) -> None:
    """1.15 x 3 = 3.45 and 1.005 x 1 = 1.005, a half fen, which the nearest float of 1.005 falls short of."""
    assert amounts(statements(plan(a=linear(1.15), b=linear(1.005)), people_named("7"), results({"7": [1]}))) == [115, 101]


def test_a_mark_at_four_fifths_of_twelve_is_reached_at_nine_point_six() -> None:
    quota = Element(measure="accounts", period="month", target={"value": 12.0, "unit": "accounts"},
                    schedule={"kind": "step", "at": [{"attainment": 0.8, "pays": 1500.0}]})
    assert [piece.x for piece in pieces_along(compiled("quota", quota))] == [0, Fraction(48, 5)]
    assert [knot.x for knot in knots_of(quota)] == [0.0, 9.6]


@pytest.mark.parametrize(("share", "units"), [(0.666666666667, 8), (2 / 3, 8), (0.1 + 0.2, 3.6)])
def test_a_mark_is_where_its_author_means_it(share, units) -> None:
    """Neither a share cut off after many digits nor the noise of a computed one puts a mark out of reach."""
    quota = Element(measure="accounts", period="month", target={"value": 12.0, "unit": "accounts"},
                    schedule={"kind": "step", "at": [{"attainment": share, "pays": 1500.0}]})
    totals = np.array([round(units * SCALE) - 1, round(units * SCALE)])
    assert exact_fen(quota, totals) == [0, 150000]
    assert payout_curve(quota, totals / SCALE) == [0.0, 1500.0]


def test_every_line_is_rounded_and_pay_is_their_sum(plan) -> None:
    """Two lines of half a fen make two fen; together they would make one."""
    found = statements(plan(a=linear(0.005), b=linear(0.005)), people_named("7"), results({"7": [1]}))
    assert amounts(found) == [1, 1]
    assert found.totals()["amount"].tolist() == [2]


def test_a_millionth_below_a_mark_is_below(plan) -> None:
    policy = plan(piece=step((10.0, 1500.0)))
    assert amounts(statements(policy, people_named("7"), results({"7": [9.999999, 10, 10.000001]}))) == [0, 150000, 150000]


def test_amounts_beyond_int64_on_the_way_are_exact(plan) -> None:
    """Rates and results that overflow scaled integers; pay itself is what an account can hold."""
    element = Element(measure="accounts", period="month", schedule={"kind": "linear", "rate": 0.123456789012})
    totals = np.array([10**18 + 1, 999_999_999_999_999_999, 0, 7])
    assert exact_fen(element, totals) == [rounded(value_at(compiled("piece", element), [Result(Fraction(int(x), SCALE))])) for x in totals]


def test_pay_that_no_account_can_hold_is_refused(plan) -> None:
    with pytest.raises(InputError, match="pay.piece: found an amount of"):
        statements(plan(piece=linear(1e12)), people_named("7"), results({"7": [1e9]}))


@given(st.integers(-10**9, 10**9), st.integers(1, 500))
def test_equal_shares_lose_no_fen_and_differ_by_one_at_most(fen, members) -> None:
    shares = equal_shares(np.full(members, fen), np.full(members, members), np.arange(members)).tolist()
    assert sum(shares) == fen
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize(("number", "text"), [("1200", "1200"), ("0.8", "0.8"), ("-3.50", "-3.5"), ("0.003", "0.003"), ("1/3", "1/3"),
                                              ("1e-7", "0.0000001"), ("0", "0")])
def test_numbers_are_written_as_people_write_them(number, text) -> None:
    assert plain(Fraction(number)) == text


# --- who is paid, and with whom ---------------------------------------------------------------------------------------


def test_a_bundled_pair_is_paid_on_its_mean_and_the_others_on_their_own(plan) -> None:
    found = statements(plan(BUNDLED, piece=linear(200.0)), people_named("B", "C", "E", mentor=["", "", "B"]),
                       results({"B": [2], "C": [4], "E": [1]}))
    assert found.totals()["amount"].tolist() == [30000, 80000, 30000]
    assert found.frame["rule"].tolist() == ["200 x (3 / 2)", "200 x 4", "200 x (3 / 2)"]
    assert found.frame["input"].tolist() == [1.5, 4.0, 1.5]


def test_mentors_do_not_matter_where_nobody_is_appraised_or_paid_as_a_pair(plan) -> None:
    people, records = people_named("B", "E", mentor=["", "B"]), results({"B": [2], "E": [1]})
    assert statements(plan(piece=linear(200.0)), people, records).totals()["amount"].tolist() == [40000, 20000]


def test_a_team_without_a_fen_to_spare(plan) -> None:
    """100 among three: 33.34 to the first in the order of people; the next team has its own first."""
    people = people_named("a", "b", "c", "d", "e", "f", team=["N", "S", "N", "S", "N", "S"])
    found = statements(plan(piece={**linear(10.0), "payee": "team"}), people, results({who: [5 if who in "cd" else 2.5] for who in "abcdef"}))
    assert found.totals()["amount"].tolist() == [3334, 3334, 3333, 3333, 3333, 3333]
    assert found.frame["members"].tolist() == [3] * 6


def test_cap_and_floor_hold_the_group_not_each_member(plan) -> None:
    people = people_named("a", "b", team=["N", "N"])
    found = statements(plan(piece={**linear(10.0, cap=30.0), "payee": "team"}), people, results({"a": [4], "b": [4]}))
    assert amounts(found) == [1500, 1500]


def test_a_fixed_amount_is_paid_to_each(plan) -> None:
    policy = plan(piece={"period": "month", "payee": "team", "schedule": {"kind": "fixed", "amount": 100.0}})
    assert amounts(statements(policy, people_named("a", "b", team=["N", "N"]), results({"a": [4], "b": [4]}))) == [10000, 10000]


def test_who_joins_and_leaves_is_paid_for_the_months_in_post(plan) -> None:
    people = people_named("a", "b", "c", joined=pd.to_datetime(["2024-05-01", "2025-02-28", None]),
                          left=pd.to_datetime([None, None, "2025-01-01"]))
    policy = plan(base={"period": "month", "schedule": {"kind": "fixed", "amount": 10.0}})
    found = statements(policy, people, results({"a": [1, 1, 1]})).frame
    assert list(zip(found["month"], found["person"], strict=True)) == [("2025-01", "a"), ("2025-01", "c"), ("2025-02", "a"), ("2025-02", "b"),
                                                                        ("2025-03", "a"), ("2025-03", "b")]


def test_a_partner_who_has_left_no_longer_counts(plan) -> None:
    people = people_named("B", "E", mentor=["", "B"], left=pd.to_datetime([None, "2025-01-31"]))
    found = statements(plan(BUNDLED, piece=linear(200.0)), people, results({"B": [2, 2], "E": [0]}))
    assert amounts(found) == [20000, 20000, 40000]


@pytest.mark.parametrize(("people", "message"), [
    (people_named("B", "E", mentor=["E", "B"]), "people: E: mentor: found `E` in a second pair; expected each in one pair only"),
    (people_named("B", "E", mentor=["", "X"]), "people: E: mentor: found `X`; expected somebody listed in people"),
    (people_named("B", "E", mentor=["B", ""]), "people: B: mentor: found `B` in a second pair"),
    (people_named("B", "B"), "people: person: found `B` a second time"),
    (people_named("B"), "measures: person: found `E`; expected somebody listed in people"),
])
def test_people_that_do_not_fit_are_named(plan, people, message) -> None:
    with pytest.raises(InputError) as refused:
        statements(plan(BUNDLED, piece=linear(200.0)), people, results({"B": [2], "E": [1]}))
    assert message in str(refused.value)


def test_records_without_what_is_paid_for_are_refused(plan) -> None:
    with pytest.raises(InputError, match="measures: found no `accounts`; expected results in it, as pay.piece pays by them"):
        statements(plan(piece=linear(1.0)), people_named("a"), results({"a": [1]}, measure="contacts"))
    with pytest.raises(InputError, match="measures: person: found an empty cell"):
        statements(plan(piece=linear(1.0)), people_named("a"), results({"a": [1]}).assign(person=[None]))
    with pytest.raises(InputError, match="people: b: team: found nothing; expected a team, as pay.piece pays teams"):
        statements(plan(piece={**linear(1.0), "payee": "team"}), people_named("a", "b", team=["N", ""]), results({"a": [1]}))


def test_groups_may_be_given_instead(plan) -> None:
    groups = Groups(team=np.array([0, 1, 0]), pair=np.array([0, 1, 2]))
    policy = plan(piece={**linear(1.0), "payee": "team"})
    assert amounts(statements(policy, people_named("a", "b", "c"), results({"a": [1], "b": [2], "c": [4]}), groups)) == [250, 200, 250]


# --- months and quarters ----------------------------------------------------------------------------------------------


def test_a_quarter_is_paid_in_its_third_month_on_what_the_records_hold_of_it(plan) -> None:
    policy = plan(piece={**linear(1.0), "period": "quarter"})
    found = statements(policy, people_named("a"), results({"a": [1, 2, 4, 8, 16, 32, 64]}, start=1))      # February to August
    assert list(zip(found.frame["month"], found.frame["period"], found.frame["amount"], strict=True)) == [
        ("2025-03", "2025-Q1", 300), ("2025-06", "2025-Q2", 2800)]
    assert found.open == ("2025-Q3",)


def test_a_month_without_records_in_between_counts_as_nothing(plan) -> None:
    records = pd.concat([results({"a": [1]}), results({"a": [5]}, start=2)])
    assert amounts(statements(plan(piece=linear(1.0)), people_named("a"), records)) == [100, 0, 500]


def test_totals_by_person_month_and_element(plan) -> None:
    policy = plan(base={"period": "month", "schedule": {"kind": "fixed", "amount": 10.0}}, piece=linear(1.0))
    found = statements(policy, people_named("a", "b"), results({"a": [1, 2], "b": [3, 4]}))
    assert found.totals().to_dict("list") == {"person": ["a", "b"], "amount": [2300, 2700]}
    assert found.totals("month").to_dict("list") == {"month": ["2025-01", "2025-02"], "amount": [2400, 2600]}
    assert found.totals(["element", "month"])["amount"].tolist() == [2000, 2000, 400, 600]
    with pytest.raises(InputError, match="person, month, element or kind"):
        found.totals("persons")


# --- any plan, any records --------------------------------------------------------------------------------------------


def decimals(top: int, places: int) -> st.SearchStrategy[float]:
    """Numbers from 0 to top with so many decimals, as people write them."""
    return st.integers(0, top * 10**places).map(lambda n: n / 10**places)


def rising(values: st.SearchStrategy[float], n: int) -> st.SearchStrategy[list[float]]:
    return st.lists(values, min_size=n, max_size=n, unique=True).map(sorted)


@st.composite
def elements(draw) -> dict:
    """An element of any kind, with whatever bounds and target; numbers as people write them, at most six decimals in a mark."""
    by = draw(st.sampled_from(["units", "attainment"]))
    mark = decimals(30, 2) if by == "units" else decimals(2, 3)
    money, rate = decimals(9000, 2), st.one_of(decimals(900, 2), decimals(1, 4))
    kind = draw(st.sampled_from(["fixed", "linear", "tiers", "step"]))
    element: dict = {"period": draw(st.sampled_from(["month", "quarter"])), "payee": draw(st.sampled_from(["self", "pair", "team"]))}
    if kind == "fixed":
        element["schedule"] = {"kind": kind, "amount": draw(money)}
    else:
        element |= {"measure": draw(st.sampled_from(["accounts", "contacts"]))}
        element["target"] = {"value": draw(st.integers(50, 3000)) / 100, "unit": element["measure"]}
        marks = draw(rising(mark, 3))
        element["schedule"] = {"kind": kind} | {
            "linear": lambda: {"rate": draw(rate), "threshold": marks[0], "by": by,
                               "mode": draw(st.sampled_from(["from_threshold", "from_first"]))},
            "tiers": lambda: {"by": by, "mode": draw(st.sampled_from(["marginal", "retroactive"])),
                              "tiers": [{"from": x, "rate": draw(rate)} for x in marks]},
            "step": lambda: {"at": [{by: x, "pays": draw(money)} for x in marks]},
        }[kind]()
    if draw(st.booleans()):
        element["floor"] = draw(decimals(500, 2))
    if draw(st.booleans()):
        element["cap"] = round(element.get("floor", 0.0) + draw(decimals(5000, 2)), 2)
    return element


def by_definition(element: dict, x: Fraction) -> Fraction:
    """The element's pay at x units, CNY, written out from the conventions."""
    s = element["schedule"]
    unit = as_written(element["target"]["value"]) if s.get("by") == "attainment" or "attainment" in s.get("at", [{}])[0] else 1
    if s["kind"] == "fixed":
        pay = as_written(s["amount"])
    elif s["kind"] == "linear":
        start = as_written(s["threshold"]) * unit
        pay = as_written(s["rate"]) * (x - start if s["mode"] == "from_threshold" else x) if x >= start else Fraction(0)
    elif s["kind"] == "tiers":
        marks, rates = [as_written(t["from"]) * unit for t in s["tiers"]], [as_written(t["rate"]) for t in s["tiers"]]
        ends = [*marks[1:], max(x, marks[-1]) + 1]
        if s["mode"] == "marginal":
            pay = sum((r * max(Fraction(0), min(x, hi) - lo) for r, lo, hi in zip(rates, marks, ends, strict=True)), Fraction(0))
        else:
            pay = next((r * x for r, lo, hi in zip(rates, marks, ends, strict=True) if lo <= x < hi), Fraction(0))
    else:
        pay = ([Fraction(0)] + [as_written(a["pays"]) for a in s["at"] if x >= as_written(a.get("units", a.get("attainment"))) * unit])[-1]
    pay = max(pay, as_written(element["floor"])) if "floor" in element else pay
    return min(pay, as_written(element["cap"])) if "cap" in element else pay


def boundaries(element: Element, members: int = 1) -> list[int]:
    """Sums in millionths at, just below and just above every mark and every bound."""
    plan, target = compiled("piece", element), target_of(element.target)
    marks = {mark_of(row.x, fn, target) for fn in plan.functions() for row in fn.rows} | {piece.x for piece in pieces_along(plan)}
    starts = {math.ceil(mark * SCALE * members) for mark in marks if 0 <= mark < 10**6}
    return sorted({max(0, x + near) for x in starts for near in (-1, 0, 1)})


@settings(max_examples=examples(300), deadline=None)
@given(elements(), st.lists(st.integers(0, 10**8), min_size=1, max_size=6), st.integers(1, 3))
def test_exact_pay_is_what_the_words_of_the_schedule_say(data, some, members) -> None:
    element = Element.model_validate(data)
    totals = np.array([*some, *boundaries(element, members)])
    assert exact_fen(element, totals, members) == [rounded(by_definition(data, Fraction(int(x), SCALE * members))) for x in totals]


@settings(max_examples=examples(300), deadline=None)
@given(elements(), st.lists(st.integers(0, 10**8), min_size=1, max_size=6), st.integers(1, 2))
def test_the_simulations_payroll_agrees_within_a_fen(data, some, members) -> None:
    element = Element.model_validate(data)
    totals = np.array([*some, *boundaries(element, members)])
    right = exact_fen(element, totals, members)
    assert max(abs(to_fen(pay) - fen) for pay, fen in zip(payout_curve(element, totals / SCALE / members), right, strict=True)) <= 1


def random_element(rng: np.random.Generator) -> Element:
    """Any schedule, quicker than hypothesis makes them."""
    def numbers(top: float, places: int, n: int) -> list[float]:
        return sorted({round(float(x), places) for x in rng.uniform(0, top, n)})

    by = ("units", "attainment")[rng.integers(2)]
    marks = [float(rng.integers(0, 3)), *numbers(30, 2, 3)] if by == "units" else numbers(2, 3, 3)
    marks = sorted(set(marks))
    rates, kind = [round(float(r), int(rng.integers(0, 5))) for r in rng.uniform(0, 900, len(marks))], rng.integers(3)
    schedule = [
        {"kind": "linear", "rate": rates[0], "threshold": marks[0], "by": by, "mode": ("from_threshold", "from_first")[rng.integers(2)]},
        {"kind": "tiers", "by": by, "mode": ("marginal", "retroactive")[rng.integers(2)],
         "tiers": [{"from": x, "rate": r} for x, r in zip(marks, rates, strict=True)]},
        {"kind": "step", "at": [{by: x, "pays": 10 * r} for x, r in zip(marks, rates, strict=True)]},
    ][kind]
    bounds = {}
    if rng.random() < 0.5:
        bounds["floor"] = round(float(rng.uniform(0, 500)), 2)
    if rng.random() < 0.5:
        bounds["cap"] = round(bounds.get("floor", 0.0) + float(rng.uniform(0, 5000)), 2)
    return Element(measure="accounts", period="month", target={"value": round(float(rng.uniform(0.5, 40)), 2), "unit": "accounts"},
                   schedule=schedule, **bounds)


def test_ten_thousand_random_plans_and_records_agree_within_a_fen() -> None:
    """Floats and exact numbers, at random results and at every boundary, for a payee and for a bundled pair."""
    rng = np.random.default_rng(20150101)
    worst = checked = 0
    for _ in range(10_000):
        element, members = random_element(rng), int(rng.integers(1, 3))
        edges = boundaries(element, members)
        totals = np.array([*rng.integers(0, 10**8, 2), int(rng.integers(0, 40)) * SCALE, *edges])
        right = exact_fen(element, totals, members)
        found = [to_fen(pay) for pay in payout_curve(element, totals / SCALE / members)]
        worst = max(worst, *(abs(a - b) for a, b in zip(found, right, strict=True)))
        checked += len(totals)
    assert checked > 60_000
    assert worst <= 1


COUNTS = st.lists(st.lists(st.integers(0, 40), min_size=7, max_size=7), min_size=5, max_size=5)
TEAMS = st.lists(st.sampled_from(["N", "S"]), min_size=5, max_size=5)
PLANS = st.lists(elements(), min_size=1, max_size=4)
NAMES = "abcde"


def branch_of(teams: list[str]) -> pd.DataFrame:
    """Five people; b mentors d. e joins in March, c leaves in May."""
    return people_named(*NAMES, team=teams, mentor=["", "", "", "b", ""],
                        joined=pd.to_datetime([None, None, None, None, "2025-03-15"]), left=pd.to_datetime([None, None, "2025-05-02", None, None]))


def in_post(who: str, month: str) -> bool:
    return not (who == "e" and month < "2025-03" or who == "c" and month > "2025-05")


def branch_records(counts: list[list[int]], months: int = 7) -> pd.DataFrame:
    rows = {who: [value / 4 for value in values] for who, values in zip(NAMES, counts, strict=True)}
    both = pd.concat([results(rows), results({who: values[::-1] for who, values in rows.items()}, measure="contacts")])
    kept = np.array([in_post(who, month) for who, month in zip(both["person"], both["month"], strict=True)])
    return both[kept & (both["month"] <= MONTHS[months - 1])].reset_index(drop=True)


@settings(max_examples=examples(60), deadline=None)
@given(PLANS, COUNTS, TEAMS, st.booleans())
def test_statements_pay_what_the_words_say_to_everybody(plan, parts, counts, teams, bundled) -> None:
    """Each line again, one at a time, in fractions."""
    policy = plan(BUNDLED if bundled else PAIRED, **{f"e{i}": part for i, part in enumerate(parts)})
    people, records = branch_of(teams), branch_records(counts)
    found = statements(policy, people, records).frame
    value = records.set_index(["person", "month", "measure"])["value"].to_dict()
    right = []
    for t, month in enumerate(MONTHS[:7]):
        for i, part in enumerate(parts):
            if part["period"] == "quarter" and month not in QUARTER_END:
                continue
            span = MONTHS[t - 2: t + 1] if part["period"] == "quarter" else [month]
            paid = [who for who in NAMES if any(in_post(who, m) for m in span)]
            team = dict(zip(NAMES, teams, strict=True))
            for who in paid:
                mates = [who]
                if "measure" in part and part["payee"] == "team":
                    mates = [other for other in paid if team[other] == team[who]]
                elif "measure" in part and who in "bd" and (part["payee"] == "pair" or bundled):
                    mates = [other for other in paid if other in "bd"]
                total = sum((Fraction(value.get((m, at, part.get("measure")), 0), SCALE) for m in mates for at in span), Fraction(0))
                if part["payee"] == "self":
                    fen = rounded(by_definition(part, total / len(mates)))
                else:
                    fen, odd = divmod(rounded(by_definition(part, total)), len(mates))
                    fen += mates.index(who) < odd
                right.append((month, f"e{i}", who, fen))
    assert list(zip(found["month"], found["element"], found["person"], found["amount"], strict=True)) == right


@settings(max_examples=examples(25), deadline=None)
@given(PLANS, COUNTS, TEAMS)
def test_month_by_month_is_the_same_as_at_once(plan, parts, counts, teams) -> None:
    """As each month's records come in, lines are added and none is changed."""
    policy = plan(BUNDLED, **{f"e{i}": part for i, part in enumerate(parts)})
    people = branch_of(teams)
    frames = [statements(policy, people, branch_records(counts, months)).frame.astype({"month": str, "period": str, "measure": object}) for months in range(1, 8)]
    for before, after in pairwise(frames):
        pd.testing.assert_frame_equal(after.iloc[: len(before)], before)
    assert (frames[-1]["month"].iloc[len(frames[-2]):] == MONTHS[6]).all()


@settings(max_examples=examples(25), deadline=None)
@given(PLANS, COUNTS, TEAMS, st.randoms(use_true_random=False))
def test_the_order_of_the_records_does_not_matter(plan, parts, counts, teams, random) -> None:
    policy = plan(PAIRED, **{f"e{i}": part for i, part in enumerate(parts)})
    records = branch_records(counts)
    order = list(range(len(records)))
    random.shuffle(order)
    shuffled, sorted_ = (statements(policy, branch_of(teams), rows) for rows in (records.iloc[order], records))
    pd.testing.assert_frame_equal(shuffled.frame, sorted_.frame)


@settings(max_examples=examples(25), deadline=None)
@given(PLANS, COUNTS, TEAMS)
def test_lines_add_up_to_pay_and_groups_to_what_the_group_earned(plan, parts, counts, teams) -> None:
    policy = plan(PAIRED, **{f"e{i}": part for i, part in enumerate(parts)})
    found = statements(policy, branch_of(teams), branch_records(counts))
    assert found.frame.groupby("person", observed=False)["amount"].sum().tolist() == found.totals()["amount"].tolist()
    assert found.totals()["amount"].sum() == found.totals("month")["amount"].sum() == found.frame["amount"].sum()
    team = dict(zip(NAMES, teams, strict=True))
    for i, part in enumerate(parts):
        if part["payee"] == "team" and "measure" in part:
            lines = found.frame[found.frame["element"] == f"e{i}"]
            for _, group in lines.groupby([lines["month"].astype(str), lines["person"].map(team).astype(str)]):
                assert group["input"].nunique() == 1
                assert group["amount"].sum() == rounded(by_definition(part, Fraction(str(group["input"].iloc[0]))))


@settings(max_examples=examples(40), deadline=None)
@given(PLANS, COUNTS, TEAMS, st.booleans())
def test_what_the_rule_says_comes_to_the_amount(plan, parts, counts, teams, bundled) -> None:
    """The text of every line, worked out by somebody who knows nothing else."""
    policy = plan(BUNDLED if bundled else PAIRED, **{f"e{i}": part for i, part in enumerate(parts)})
    found = statements(policy, branch_of(teams), branch_records(counts)).frame
    for rule, amount in zip(found["rule"], found["amount"], strict=True):
        assert abs(worked_out(rule) * 100 - amount) <= (Fraction(1, 2) if "rounded" not in rule else 1)


# --- a reader with a calculator ---------------------------------------------------------------------------------------

CHINESE = [
    (r"^(不预发：)?上限(.*?)（(.*)）", r"\1cap \2 on \3"),
    (r"^(不预发：)?保底(.*?)（(.*)）", r"\1floor \2 for \3"),
    (r"\(上限([^（]*)（(.*)）\)", r"(cap \1 on \2)"),
    (r"\(保底([^（]*)（(.*)）\)", r"(floor \1 for \2)"),
    ("，舍去不足一分", ", rounded down to the fen"),
    ("，不足一分进为一分", ", rounded up to the fen"),
    ("，减已计(-?[\\d.]+)", r", less \1 earned before"),
    ("，减已预发(-?[\\d.]+)", r", less \1 paid in advance"),
    ("，预发", ", in advance"),
    ("不预发：", "nothing in advance on "),
    ("扣发，因", "withheld as "),
]
# a line that follows from others: what its words say, in English and Chinese, and what they come to
N = r"(-?[\d.]+)"
FOLLOWING = {
    "held_back": (f"kept back: {N} of {N}", f"递延{N}的{N}", lambda share, earned: -share * earned),
    "released": (f"released: {N} of {N} kept back", f"发放递延{N}的{N}", lambda share, held: share * held),
    "cut": (
        f"released: {N} of {N} kept back, less {N} cut before it vested",
        f"发放递延{N}的{N}，减已扣减{N}",
        lambda share, held, cut: share * held - cut,
    ),
    "draw": (f"{N} less {N} earned", f"{N}减所得{N}", lambda most, earned: most - earned),
    "draw_repaid": (
        f"repaid out of {N} earned above {N}; balance before {N}",
        f"以所得{N}超过{N}部分归还；原余额{N}",
        lambda earned, most, balance: -min(earned - most, balance),
    ),
    "carried_over": (f"put off: {N} is taken off later pay", f"{N}转入以后扣减", lambda amount: amount),
    "carry_over_repaid": (
        f"{N} put off before, taken off {N} as far as it goes",
        f"前期转入{N}，在{N}以内扣减",
        lambda balance, earned: -min(balance, earned),
    ),
    "clawback": (f"{N} x {N} / {N} reversed", f"{N} x {N} / {N}（业务撤销）", lambda earned, lost, credit: -earned * lost / credit),
    "clawback_cut": (
        f"{N} x {N} / {N} reversed, of which {N} from what was kept back",
        f"{N} x {N} / {N}（业务撤销），其中{N}从递延中扣减",
        lambda earned, lost, credit, cut: cut - earned * lost / credit,
    ),
    "ceiling": (f"pay of {N} above the ceiling of {N}", f"薪酬{N}超过封顶{N}", lambda total, most: most - total),
    "budget": (
        f"{N} x {N} / {N} as the budget is spent, less {N} earned",
        f"{N} x {N} / {N}（预算用尽），减所得{N}",
        lambda due, left, total, earned: due * left / total - earned,
    ),
}


def following(text: str, lang: str) -> Fraction | None:
    """What the words of a line that follows from others come to; None for other lines."""
    for key, (en, zh, meaning) in FOLLOWING.items():
        if told := re.fullmatch(en if lang == "en" else zh, text):
            numbers = [Fraction(number) for number in told.groups()]
            swapped = lang == "zh" and key in ("held_back", "released", "cut")  # Chinese names the whole first
            return meaning(*([numbers[1], numbers[0], *numbers[2:]] if swapped else numbers))
    return None


def worked_out(rule: str) -> Fraction:
    """The arithmetic of a line in English: bounds as announced, conditions checked, then + - x / with brackets."""
    text, _, _ = rule.partition(", rounded")
    taken = Fraction(0)
    while less := re.fullmatch(r"(.*), less (-?[\d.]+) (?:earned before|paid in advance)", text):
        text, taken = less[1], taken + Fraction(less[2])
    nothing = text.startswith("nothing in advance on ")
    text = text.removeprefix("nothing in advance on ").removesuffix(", in advance")
    tokens = re.findall(r"\d+(?:\.\d+)?|<=|>=|[<>()x/+-]|withheld as|cap|floor|on|for", text)
    assert "".join(tokens) == text.replace(" ", "").replace("withheldas", "withheld as"), text
    value = Reader(tokens).whole()
    if nothing:
        assert value * 100 < 1  # nothing, once rounded to the fen
        value = Fraction(0)
    return value - taken


NEAR = Fraction(1, 10**5)  # numbers are shown to a millionth


class Reader:
    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def take(self, *known: str) -> str | None:
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in known else None

    def whole(self) -> Fraction:
        value = self.sum()
        assert not self.tokens
        return value

    def sum(self) -> Fraction:
        if bound := self.take("cap", "floor"):
            held = self.sum()
            assert self.take("on", "for")
            inner = self.sum()
            assert inner > held - NEAR if bound == "cap" else inner < held + NEAR
            return held
        value = self.product()
        while sign := self.take("+", "-"):
            other = self.product()
            value = value + other if sign == "+" else value - other
        return value

    def product(self) -> Fraction:
        value = self.factor()
        while sign := self.take("x", "/"):
            other = self.factor()
            value = value * other if sign == "x" else value / other
        while self.take("("):
            self.take("withheld as")
            left = self.sum()
            sign = self.take("<", "<=", ">", ">=")
            right = self.sum()
            assert left < right + NEAR if sign in ("<", "<=") else left > right - NEAR
            assert self.take(")")
        return value

    def factor(self) -> Fraction:
        if self.take("-"):
            return -self.factor()
        if self.take("("):
            value = self.sum()
            assert self.take(")")
            return value
        return Fraction(self.tokens.pop(0))


# --- all features together --------------------------------------------------------------------------------------------

SOMETIMES = st.booleans()
CURVES = st.sampled_from(
    [
        {"points": [{"attainment": 0.5, "gives": 0.25}, {"attainment": 1, "gives": 1}, {"attainment": 1.5, "gives": 2.2}]},
        {"shape": "steps", "points": [{"attainment": 0.4, "gives": 0.5}, {"attainment": 1, "gives": 1}]},
    ]
)
SCORE = {"measure": "satisfaction"}


@st.composite
def payments(draw, counted: bool) -> dict:
    found: dict = {}
    if draw(SOMETIMES):
        found["calculated"] = draw(st.sampled_from(["month", "quarter"]))
    if draw(SOMETIMES):
        found |= draw(st.sampled_from([{"every": "quarter"}, {"delay_months": 1}]))
    if draw(SOMETIMES):
        found["advance"] = 0.6
    if draw(SOMETIMES):
        found["hold_back"] = {
            "share": 0.4,
            "release": [{"after_months": 1, "share": 0.3}, {"after_months": 2, "share": 0.7}],
            **({"malus": [{"reading": SCORE, "at_least": 60, "otherwise": 0.5}]} if draw(SOMETIMES) else {}),
        }
    if counted and draw(SOMETIMES):
        steps = {"recovery": "schedule", "steps": [{"until_month": 1, "share": 1}, {"until_month": 4, "share": 0.35}]}
        found["clawback"] = {"within_months": 4, **draw(st.sampled_from([{"recovery": "full"}, {"recovery": "pro_rata"}, steps]))}
    if draw(SOMETIMES):
        found["carry_over"] = ["e0"]
    return found


@st.composite
def full_elements(draw) -> dict:
    """An element with any of the features that bear on one."""
    found = draw(elements())
    target = {"value": draw(st.integers(20, 200)) / 10, "unit": "accounts"}
    match draw(st.integers(0, 7)):
        case 3:
            found |= {
                "measure": "accounts",
                "target": target,
                "schedule": {
                    "kind": "matrix",
                    "rows": [0.5, 1],
                    "columns": [0.6, 1],
                    "pays": [[100, 250.5], [333.33, 900]],
                    "other": {**SCORE, "target": {"value": 80, "unit": "points"}},
                },
            }
        case 4:
            found = {"period": found["period"], "payee": found["payee"], "schedule": {"kind": "prices", "prices": {"contacts": 12.34, "accounts": 55.5}}}
        case 5:
            parts = [
                {"reading": {"measure": "accounts", "over": "year_to_date"}, "schedule": {"kind": "linear", "rate": 33.3}},
                {"reading": {"measure": "contacts"}, "schedule": {"kind": "step", "at": [{"units": 3, "pays": 77.7}]}},
            ]
            found = {"period": found["period"], "payee": found["payee"], "schedule": {"kind": "sum", "of": parts}}
        case 0:
            found |= {
                "measure": "accounts",
                "target": target,
                "target_incentive": 900,
                "schedule": {"kind": "curve", "curve": draw(CURVES)},
            }
        case 1:
            found = {
                "period": found["period"],
                "payee": "self",
                "target_incentive": 1200,
                "schedule": {
                    "kind": "scorecard",
                    "combine": "score_then_curve",
                    "curve": {"points": [{"units": 0.3, "gives": 0.1}, {"units": 1, "gives": 1}]},
                    "indicators": {
                        "one": {"weight": 0.7, "reading": {"measure": "accounts", "target": target}},
                        "two": {"weight": 0.3, "reading": {**SCORE, "target": {"value": 80, "unit": "points"}}, "curve": draw(CURVES)},
                    },
                },
            }
        case 2:
            found |= {
                "measure": "profit",
                "target": {"value": 5, "unit": "CNY"},
                "schedule": {
                    "kind": "linear",
                    "rate": 2,
                    "threshold": draw(st.sampled_from([0.5, 1])),
                    "by": "attainment",
                    "shortfall_rate": 3,
                },
            }
            found.pop("floor", None)
    own = found.get("measure") is not None
    if own and draw(SOMETIMES):
        found["gates"] = [{"reading": SCORE, "at_least": 70, "otherwise": draw(st.sampled_from([0, 0.5]))}]
    if own and draw(SOMETIMES):
        found["modifiers"] = [{"reading": SCORE, "curve": {"points": [{"units": 50, "gives": 0.8}, {"units": 100, "gives": 1.2}]}}]
    if own and draw(SOMETIMES):
        found["credit_cap"] = draw(st.integers(1, 400)) / 10
    if own and "target" in found and draw(SOMETIMES):
        found["ramp"] = [{"until_month": 2, "quota": 0.5, "accelerators": draw(SOMETIMES)}]
    if found.get("measure") == "accounts" and draw(SOMETIMES):
        found["windfall"] = {"above": 0.25, "treatment": "capped"}
    if own and found["payee"] == "self" and draw(SOMETIMES):
        found["credit"] = {"rule": draw(st.sampled_from(["direct", "roll_up", "overlay"]))}
    if found["payee"] == "team" and draw(SOMETIMES):
        found["split"] = draw(st.sampled_from([{"rule": "base"}, {"rule": "share", "shares": {"x": 2.5}}]))
    if draw(SOMETIMES):
        found["budget"] = draw(st.integers(0, 4000))
    if payment := draw(payments(found.get("measure") in ("accounts", "contacts"))):
        found["payment"] = payment
    return found


@st.composite
def full_plans(draw) -> sim.Policy:
    parts = draw(st.lists(full_elements(), min_size=1, max_size=4))
    pay = {f"e{i}": part for i, part in enumerate(parts)}
    if len(parts) > 1 and draw(SOMETIMES):
        pay[f"e{len(parts) - 1}"]["less"] = ["e0"]
    terms: dict = {"prorated": draw(st.sampled_from(["nothing", "days_in_post"])), "reported": "quarter"}
    if draw(SOMETIMES):
        terms["ceiling"] = {"amount": draw(st.integers(100, 9000)), "period": draw(st.sampled_from(["month", "quarter"]))}
    if draw(SOMETIMES):
        terms["draw"] = {"amount": 500, "of": ["e0"]}
    if draw(SOMETIMES):
        terms["guarantee"] = {"amount": 300, "of": ["e0"], "until_month": 4}
    capped = {"pay": {"e0": {"cap": 12345.67}}}
    overrides = draw(
        st.lists(
            st.sampled_from(
                [
                    {"grade": "x", **capped},
                    {"state": "training", **capped},
                    {"person": "c", **capped},
                    {"first": "2025-03", "last": "2025-04", **capped},
                ]
            ),
            max_size=2,
        )
    )
    practices = BUNDLED if draw(SOMETIMES) else PAIRED
    return make_policy(
        {**WORDS, "effective": date(2025, 1, 1), "pay": pay, "terms": terms, "overrides": overrides, "practices": practices}, "full-plan"
    )


@st.composite
def histories(draw) -> Records:
    """Seven months of five people: supervisors, grades, deals that are split and reversed, results, targets, adjustments."""
    teams = draw(TEAMS)
    people = branch_of(teams).assign(grade=["x", "x", "y", "y", "y"], supervisor=["", "a", "a", "b", ""])
    counts = draw(COUNTS)
    rows = branch_records(counts)
    rows = rows[rows["measure"] == "contacts"]
    more = [
        rows.assign(measure="profit", value=rows["value"] * 3 - 10 * SCALE),
        rows.assign(measure="satisfaction", value=rows["value"] * 4 + 50 * SCALE),
    ]
    if draw(SOMETIMES):
        more.append(rows.assign(measure="leave_days", value=rows["value"] // SCALE // 2 * SCALE))
    deals = pd.DataFrame(
        [
            {
                "deal": str(k),
                "person": who,
                "share": int(share * SCALE),
                "measure": "accounts",
                "value": value * SCALE // 4,
                "unit": "accounts",
                "origin": "",
                "opened": opened,
                "funded": None,
                "received": None,
                "reversed": opened + pd.Timedelta(days=back) if back else None,
                "reversed_share": SCALE if back else 0,
            }
            for k, (opened, value, back, double) in enumerate(
                draw(
                    st.lists(
                        st.tuples(
                            st.integers(0, 200).map(lambda days: pd.Timestamp("2025-01-01") + pd.Timedelta(days=days)),
                            st.integers(1, 60),
                            st.sampled_from([0, 0, 10, 45, 100]),
                            SOMETIMES,
                        ),
                        max_size=12,
                    ).map(lambda found: [(pd.Timestamp(2025, 1, 2), 6, 0, False), *found])
                )
            )
            for who, share in ([("abd"[k % 3], 0.6), ("bde"[k % 3], 0.5)] if double else [("abcde"[k % 5], 1)])
        ]
    )
    deals = deals.astype({name: "datetime64[s]" for name in ("opened", "funded", "received", "reversed")})
    targets = pd.DataFrame(
        [
            {
                "person": who,
                "team": "",
                "grade": grade,
                "period": f"2025-{m:02d}",
                "measure": "accounts",
                "value": 7 * SCALE,
                "unit": "accounts",
            }
            for who, grade in (("a", ""), ("", "y"))
            for m in range(1, 8)
        ]
    )
    changes = pd.DataFrame(
        [
            {"person": "b", "month": "2025-04", "grade": "y", "state": ""},
            {"person": "d", "month": "2025-02", "grade": "", "state": "training"},
            {"person": "d", "month": "2025-05", "grade": "", "state": "normal"},
        ]
    )
    adjustments = pd.DataFrame([{"person": "a", "month": "2025-03", "amount": -7 * SCALE, "reason": "r"}])
    return Records(
        people,
        pd.concat([rows, *more], ignore_index=True),
        targets=targets if draw(SOMETIMES) else targets[:0],
        deals=deals,
        changes=changes,
        adjustments=adjustments,
    )


def until(history: Records, months: int) -> Records:
    """What of it was known after so many months."""
    deals = history.deals[history.deals["opened"] < pd.Timestamp(2025, months + 1, 1)].copy()
    later = deals["reversed"] >= pd.Timestamp(2025, months + 1, 1)
    deals.loc[later, "reversed"], deals.loc[later, "reversed_share"] = pd.NaT, 0
    return replace(history, measures=history.measures[history.measures["month"] <= MONTHS[months - 1]], deals=deals)


def plainly(found: Statements) -> pd.DataFrame:
    return found.frame.astype({name: object for name in ("person", "month", "period", "element", "measure")})


@settings(max_examples=examples(30), deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(full_plans(), histories())
def test_with_all_features_lines_add_up_and_say_what_they_come_to(policy, history) -> None:
    found = statements(policy, history)
    frame = found.frame
    assert frame.groupby("person", observed=False)["amount"].sum().tolist() == found.totals()["amount"].tolist()
    assert found.reported["amount"].sum() == frame["amount"].sum()
    for lang in ("en", "zh"):
        for text, kind, amount in zip(found.words(lang), frame["kind"], frame["amount"], strict=True):
            if kind == "adjustment":
                continue
            value = following(text, lang)
            if value is None:
                english = text
                for chinese, words in CHINESE if lang == "zh" else ():
                    english = re.sub(chinese, words, english)
                value = worked_out(english)
            allowed = 1 if kind in ("earned", "settlement", "advance") else 2
            assert abs(value * 100 - amount) <= allowed + abs(amount) / 10**6, (text, amount)


def test_plans_with_all_features_bring_every_kind_of_line() -> None:
    """What the properties here are worth: among their plans and histories everything that can be posted is posted."""
    seen: set[str] = set()

    @settings(max_examples=examples(80), deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
    @given(full_plans(), histories())
    def look(policy, history) -> None:
        seen.update(statements(policy, history).frame["kind"].unique())

    look()
    assert seen == set(KINDS)


@settings(max_examples=examples(40), deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(full_plans(), histories())
def test_with_all_features_no_month_changes_an_earlier_one(policy, history) -> None:
    frames = [plainly(statements(policy, until(history, months))) for months in (2, 3, 4, 6, 7)]
    for before, after in pairwise(frames):
        pd.testing.assert_frame_equal(after.iloc[: len(before)], before)


@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(full_plans(), histories(), st.randoms(use_true_random=False))
def test_with_all_features_the_order_of_rows_does_not_matter(policy, history, random) -> None:
    shuffled = {}
    for name in ("measures", "deals", "targets", "changes", "adjustments"):
        order = list(range(len(getattr(history, name))))
        random.shuffle(order)
        shuffled[name] = getattr(history, name).iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(plainly(statements(policy, replace(history, **shuffled))), plainly(statements(policy, history)))


@settings(max_examples=examples(20), deadline=None, suppress_health_check=list(HealthCheck), phases=PHASES)
@given(full_plans(), histories())
def test_with_all_features_a_groups_lines_come_to_the_groups_pay(policy, history) -> None:
    """Whoever is in a team and however it is split: the parts are of one amount, and nothing of it is lost."""
    policy = policy.model_copy(update={"overrides": ()})
    frame = statements(policy, history).frame
    team = dict(zip(history.people["person"], history.people["team"], strict=True))
    for name, element in policy.pay.items():
        if element.payee != "team" or not element.measures():
            continue
        lines = frame[(frame["element"] == name) & (frame["kind"] == "earned") & ~frame["rule"].str.contains("less")]
        for _, group in lines.groupby([lines["month"].astype(str), lines["period"].astype(str), lines["person"].map(team).astype(str)]):
            rule = group["rule"].iloc[0].partition(", rounded")[0]
            if len(group) == group["members"].iloc[0] > 1 and (whole := re.fullmatch(r"\((.*)\) (?:/ \d+|x [\d.]+ / [\d.]+)", rule)):
                assert abs(group["amount"].sum() - worked_out(whole[1]) * 100) <= Fraction(51, 100)


def test_records_and_payroll_count_in_the_same_millionths() -> None:
    from sim.payroll import SCALE as of_records

    assert of_records == SCALE


# --- one definition ---------------------------------------------------------------------------------------------------


def test_the_float_tables_are_the_exact_pieces_rounded_once(plan) -> None:
    element = linear(3.3, cap=10.0)
    lines, _ = pay_tables(plan(piece=element), PAY_MEASURES)
    pieces = pieces_along(compiled("piece", Element.model_validate(element)))
    assert [tuple(knot) for knot in lines.knots] == [(float(p.x), float(p.v), float(p.r)) for p in pieces]
    assert pieces[1].x == Fraction(100, 33)                       # where 3.3 x reaches 10, which no decimal is
    assert pay_at(lines, 0, 100.0) == 10.0


def test_a_bound_out_of_reach_leaves_the_schedule_as_it_is() -> None:
    element = Element.model_validate(linear(5e-324, cap=1e12))
    assert knots_of(element) == [(0.0, 0.0, 5e-324)]
    assert exact_fen(element, np.array([10**15])) == [0]


PAID_BESIDE = ("contest", "discretion", "controls")           # prizes, judgement and fines are no elements of pay and on no record


@pytest.mark.parametrize("policy", ["changzhou-2015", "changzhou-2016", "templates/commented-example"])
def test_records_of_a_simulated_quarter_pay_what_the_simulation_paid(policy, changzhou) -> None:
    """Each manager's accounts by month, paid again by payroll; a share of a group's bonus may differ by the odd fen."""
    policy = sim.load_policy(resource_folder("policies") / f"{policy}.yaml" if "/" in policy else policy)
    policy = policy.with_changes({f"practices.{name}": None for name in PAID_BESIDE if getattr(policy.practices, name) is not None})
    (branch, spec), = changzhou.branches.items()
    names, timeline = list(spec.managers), changzhou.timeline
    run = run_branch(world_of(changzhou, branch), practice_of(policy, changzhou, branch), *pay_tables(policy, PAY_MEASURES),
                     branch_seeds(3, range(1), branch))
    rows = {name: [float(run.daily_accounts[0, timeline.month == m, i].sum()) for m in range(len(timeline.month_labels))]
            for i, name in enumerate(names)}
    assert sum(map(sum, rows.values())) > 0
    mentors = {mentee: mentor for mentor, mentee in policy.practices.mentor_pairing.pairs or ()}
    people = people_named(*names, team=[branch] * len(names), mentor=[mentors.get(name, "") for name in names])
    found = statements(policy, people, results(rows)).totals(["month", "person"])["amount"].to_numpy().reshape(-1, len(names))
    assert abs(found - run.months[0]).max() <= (1 if "team_bonus" in policy.pay else 0)
