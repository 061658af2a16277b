"""Each element of pay plans on records, by hand: at a boundary, in a bad month, and with the feature taken out."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd
import pytest

from sim.errors import InputError
from sim.payroll.entries import empty
from sim.payroll.records import Records
from sim.payroll.statement import statements
from sim.policy import Policy, make_policy
from sim.policy.exact import SCALE
from sim.policy.measures import pay_measures

WORDS = {
    "title": {"en": "Test plan", "zh": "测试方案"},
    "source": "a test",
    "effective": date(2025, 1, 1),
    "author": "tests",
    "status": "assumed",
}
TEN = {"value": 10, "unit": "accounts"}
LINEAR = {"kind": "linear", "rate": 100}
STEPS = {"kind": "steps"}


def policy(pay: dict[str, Any], **more: Any) -> Policy:
    return make_policy({**WORDS, "pay": pay, **more}, "test-plan")


def element(**more: Any) -> dict[str, Any]:
    """An element a month, 100 CNY an account unless something else is said."""
    return {
        "period": "month",
        **({} if "schedule" in more and more["schedule"]["kind"] in ("fixed", "prices", "scorecard", "sum") else {"measure": "accounts"}),
        "schedule": LINEAR,
        **more,
    }


def months(*numbers: int, year: int = 2025) -> list[str]:
    return [f"{year}-{number:02d}" for number in numbers]


def records(results: dict[str, dict[str, list[float]]], first: str = "2025-01", **tables: Any) -> Records:
    """Results by person and measure, month by month from the first. Columns of people by person; other tables as lists of rows."""
    who = tables.pop("people", {})
    names = list(results)
    table = pd.DataFrame(
        {
            "person": names,
            **{
                field: [who.get(name, {}).get(field, "") for name in names] for field in ("grade", "team", "outlet", "mentor", "supervisor")
            },
            **{
                day: pd.Series([pd.Timestamp(who.get(name, {}).get(day)) for name in names], dtype="datetime64[s]")
                for day in ("joined", "left")
            },
        }
    )
    rows = [
        (name, str(pd.Period(first, freq="M") + k), measure, round(value * SCALE))
        for name, by_measure in results.items()
        for measure, values in by_measure.items()
        for k, value in enumerate(values)
    ]
    found = {name: _filled(name, given) for name, given in tables.items()}
    return Records(table, pd.DataFrame(rows, columns=["person", "month", "measure", "value"]), **found)


def _filled(name: str, rows: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(
        [{column: "" if kind.kind in "OUTS" else None for column, kind in empty(name).dtypes.items()} | row for row in rows]
    )
    for column, kind in empty(name).dtypes.items():
        if kind.kind == "M":
            frame[column] = pd.to_datetime(frame[column]).astype("datetime64[s]")
        elif kind.kind == "i":
            frame[column] = [0 if pd.isna(value) else round(value * SCALE) for value in frame[column]]
        else:
            frame[column] = frame[column].fillna("").astype(str)
    return frame


def deal(name: str, person: str, value: float, opened: str, measure: str = "accounts", **more: Any) -> dict[str, Any]:
    return {
        "deal": name,
        "person": person,
        "share": 1,
        "measure": measure,
        "value": value,
        "unit": pay_measures()[measure].unit,
        "opened": opened,
        **({"reversed_share": 1} if "reversed" in more else {}),
        **more,
    }


def paid(plan: Policy, found: Records) -> dict[tuple[str, str, str, str], float]:
    """CNY by person, month, element and kind, where it is not nothing."""
    frame = statements(plan, found).frame
    keys = ["person", "month", "element", "kind"]
    sums = frame.groupby(keys, observed=True)["amount"].sum()
    return {tuple(map(str, key)): int(fen) / 100 for key, fen in sums.items() if fen}  # type: ignore[misc]


def of(plan: Policy, found: Records, name: str, person: str = "a") -> list[float]:
    """CNY by month that one person gets of an element."""
    totals = statements(plan, found).totals(["person", "element", "month"])
    return [fen / 100 for fen in totals[(totals["person"] == person) & (totals["element"] == name)]["amount"]]


def changed(plan: Policy, other: Policy, found: Records) -> set[tuple[str, str]]:
    """Months and elements with another amount under the other plan."""
    one, two = paid(plan, found), paid(other, found)
    return {key[1:3] for key in one.keys() | two.keys() if one.get(key) != two.get(key)}


def one(value: list[float], measure: str = "accounts", **more: Any) -> Records:
    return records({"a": {measure: value}}, **more)


def rules(plan: Policy, found: Records, lang: str = "en") -> list[str]:
    return statements(plan, found).words(lang).tolist()


# --- base, target incentive, base commission rate ---------------------------------------------------------------------


def test_base_pay_and_the_base_commission_rate() -> None:
    """Target incentive 2,000 x weight 0.5 / quota 10 = 100 an account. At quota: 1,000; in a month without results: base alone."""
    plan = policy(
        {
            "base": element(schedule={"kind": "fixed", "amount": 3000}),
            "commission": element(target=TEN, target_incentive=2000, weight=0.5, schedule={"kind": "linear"}),
        }
    )
    found = one([10, 7, 0])
    assert of(plan, found, "base") == [3000, 3000, 3000]
    assert of(plan, found, "commission") == [1000, 700, 0]
    assert rules(plan, found)[1] == "1000 x (10 / 10)"
    without = policy(
        {
            "base": element(schedule={"kind": "fixed", "amount": 3000}),
            "commission": element(target=TEN, target_incentive=2000, schedule={"kind": "linear"}),
        }
    )
    assert changed(plan, without, found) == {("2025-01", "commission"), ("2025-02", "commission")}


# --- quota ------------------------------------------------------------------------------------------------------------

QUOTA = {"kind": "step", "at": [{"attainment": 1, "pays": 900}]}


def test_a_quota_is_discrete_or_cumulative() -> None:
    """30 a quarter. 12 + 12 + 6 = 30 reaches it. Month by month against 10: twice 300. So far: 12 of 10, 24 of 20, 30 of 30."""
    found = one([12, 12, 6])
    quarter = element(period="quarter", target={"value": 30, "unit": "accounts"}, schedule=QUOTA)
    assert of(policy({"q": quarter}), found, "q") == [0, 0, 900]
    assert of(policy({"q": element(target=TEN, schedule={"kind": "step", "at": [{"attainment": 1, "pays": 300}]})}), found, "q") == [
        300,
        300,
        0,
    ]
    so_far = policy({"q": {**quarter, "payment": {"calculated": "month"}}})
    assert of(so_far, found, "q") == [300, 300, 300]
    # one account short in the end: what was paid on the way is taken back
    assert of(so_far, one([12, 12, 5]), "q") == [300, 300, -600]
    assert rules(so_far, found) == [
        "900 x 1 / 3 (12 >= 30 x 1 / 3)",
        "900 x 2 / 3 (24 >= 30 x 2 / 3), less 300 earned before",
        "900 (30 >= 30), less 600 earned before",
    ]
    assert changed(policy({"q": quarter}), so_far, found) == {(month, "q") for month in months(1, 2, 3)}


def test_a_level_is_held_against_the_whole_quota_however_much_of_the_period_has_passed() -> None:
    """Average deposits of 900 against 900: 90 CNY a quarter, and so 30 a month on the way."""
    plan = policy(
        {
            "q": {
                "period": "quarter",
                "measure": "deposits",
                "target": {"value": 900, "unit": "CNY"},
                "payment": {"calculated": "month"},
                "schedule": {"kind": "linear", "rate": 0.1, "threshold": 0.5, "by": "attainment", "mode": "from_first"},
            }
        }
    )
    found = one([900, 900, 900], "deposits")
    assert of(plan, found, "q") == [30, 30, 30]
    assert rules(plan, found)[0] == "(0.1 x 900) x 1 / 3"


def test_a_target_from_the_own_base() -> None:
    """C4: 1.1 times the month before. 10 then 11 is the base reached; 10.9 is not."""
    plan = policy({"q": element(target={"unit": "accounts", "own_base": {"of": "period_before", "times": 1.1}}, schedule=QUOTA)})
    given = [{"person": "a", "period": "2025-01", "measure": "accounts", "value": 10, "unit": "accounts"}]
    assert of(plan, one([10, 11, 12], targets=given), "q") == [900, 900, 0]  # 12 < 12.1
    with pytest.raises(InputError, match="measures: a: accounts 2025-01: found no results of 1 months before"):
        statements(plan, one([10, 11]))
    with pytest.raises(InputError, match="targets: a: accounts 2025-02: found a target of 0 or less, from the own base"):
        statements(plan, one([0, 11], targets=given))


def test_the_own_base_of_a_year_before_is_that_of_the_same_quarter() -> None:
    """4 + 5 + 6 = 15 a year before; 15 this year reaches it. So far: 5 of 5, 10 of 10, 15 of 15."""
    target = {"unit": "accounts", "own_base": {"of": "year_before"}}
    found = one(
        [4, 5, 6] + [0] * 9 + [5, 5, 5],
        first="2024-01",
        targets=[{"person": "a", "period": f"2024-Q{k}", "measure": "accounts", "value": 99, "unit": "accounts"} for k in (1, 2, 3, 4)],
    )
    plan = policy({"q": element(period="quarter", target=target, schedule=QUOTA)})
    assert of(plan, found, "q")[12:] == [0, 0, 900]
    so_far = policy({"q": element(period="quarter", target=target, schedule=QUOTA, payment={"calculated": "month"})})
    assert of(so_far, found, "q")[12:] == [300, 300, 300]


def test_differential_rent() -> None:
    """C3: portfolios of 300 and 100, mean 200; strength 0.5: targets 10 x 1.25 and 10 x 0.75. 10 accounts miss 12.5 and pass 7.5."""
    rent = {**TEN, "rent": {"strength": 0.5}}
    held = [{"person": "a", "group": "all", "balance": 300}, {"person": "b", "group": "all", "balance": 100}]
    found = records({"a": {"accounts": [10]}, "b": {"accounts": [10]}}, portfolios=held)
    plan = policy({"q": element(target=rent, schedule=QUOTA)})
    assert paid(plan, found) == {("b", "2025-01", "q", "earned"): 900}
    assert statements(plan, found).frame["target"].tolist() == [12.5, 7.5]
    assert paid(policy({"q": element(target=TEN, schedule=QUOTA)}), found).keys() == {(who, "2025-01", "q", "earned") for who in "ab"}
    with pytest.raises(InputError, match="portfolios: balance: found nothing"):
        statements(plan, one([10]))


def test_a_target_of_ones_own_goes_before_that_of_the_grade_and_the_file() -> None:
    targets = [
        {"grade": "x", "period": "2025-01", "measure": "accounts", "value": 8, "unit": "accounts"},
        {"person": "b", "period": "2025-01", "measure": "accounts", "value": 6, "unit": "accounts"},
    ]
    found = records({who: {"accounts": [7]} for who in "abc"}, people={"a": {"grade": "x"}, "b": {"grade": "x"}}, targets=targets)
    assert statements(policy({"q": element(target=TEN, schedule=QUOTA)}), found).frame["target"].tolist() == [8, 6, 10]
    with pytest.raises(InputError, match="targets: c: accounts 2025-01: found no target; expected one of the person or the grade"):
        statements(policy({"q": element(target={"unit": "accounts"}, schedule=QUOTA)}), found)


# --- threshold modes, tiers, curve, boundary --------------------------------------------------------------------------


def tiers(mode: str, **more: Any) -> dict[str, Any]:
    return {"kind": "tiers", "mode": mode, "tiers": [{"from": 0, "rate": 10}, {"from": 5, "rate": 20}], **more}


@pytest.mark.parametrize(
    ("schedule", "results", "pays"),
    [
        ({**LINEAR, "threshold": 5}, [5, 7, 4], [0, 200, 0]),  # on the excess
        ({**LINEAR, "threshold": 5, "mode": "from_first"}, [5, 7, 4], [500, 700, 0]),  # on everything once reached
        ({**LINEAR, "threshold": 5, "mode": "from_first", "boundary": "lower"}, [5, 7, 4], [0, 700, 0]),
        (tiers("marginal"), [5, 7, 0], [50, 90, 0]),  # 5 x 10 + 2 x 20
        (tiers("retroactive"), [5, 4, 0], [100, 40, 0]),  # 5 x 20
        (tiers("retroactive", boundary="lower"), [5, 6, 0], [50, 120, 0]),
        ({"kind": "step", "at": [{"units": 5, "pays": 300}, {"units": 8, "pays": 500}]}, [5, 8, 4], [300, 500, 0]),
        ({"kind": "step", "at": [{"units": 5, "pays": 300}], "boundary": "lower"}, [5, 5.000001, 4], [0, 300, 0]),
        ({**LINEAR, "threshold": 5, "shortfall_rate": 100}, [5, 7, 3], [0, 200, -200]),  # C11: reward and penalty mirror each other
        (
            {
                "kind": "matrix",
                "by": "units",
                "rows": [5, 8],
                "columns": [1, 2],
                "pays": [[10, 20], [30, 40]],
                "other": {"measure": "accounts"},
            },
            [5, 8, 4],
            [20, 40, 0],
        ),
    ],
)
def test_schedules_at_a_mark_above_it_and_in_a_bad_month(schedule, results, pays) -> None:
    assert of(policy({"x": element(schedule=schedule)}), one(results), "x") == pays


def test_a_pay_curve_is_a_line_between_its_points() -> None:
    """2,000 x curve: 0.5 gives 0, 1 gives 1, 1.5 gives 3. 8 of 10: (0.8 - 0.5) x 2 = 0.6; 12 of 10: 1 + 0.2 x 4 = 1.8; level beyond."""
    curve = {"points": [{"attainment": 0.5, "gives": 0}, {"attainment": 1, "gives": 1}, {"attainment": 1.5, "gives": 3}]}
    plan = policy({"x": element(target=TEN, target_incentive=2000, schedule={"kind": "curve", "curve": curve})})
    assert of(plan, one([8, 12, 15, 40, 5, 0]), "x") == [1200, 3600, 6000, 6000, 0, 0]


def test_accelerators_count_beyond_their_mark_only() -> None:
    """1,000 at quota: 100 an account; twice that beyond: 12 makes 1,000 + 2 x 200 = 1,400."""
    accelerated = {"kind": "tiers", "mode": "marginal", "by": "attainment", "tiers": [{"from": 0, "times": 1}, {"from": 1, "times": 2}]}
    plan, plain = (
        policy({"x": element(target=TEN, target_incentive=1000, schedule=schedule)}) for schedule in (accelerated, {"kind": "linear"})
    )
    found = one([10, 12, 4])
    assert of(plan, found, "x") == [1000, 1400, 400]
    assert changed(plan, plain, found) == {("2025-02", "x")}


def test_cap_and_floor_on_payout_and_on_credit() -> None:
    found = one([5, 12, 1])
    plain = policy({"x": element(), "base": element(schedule={"kind": "fixed", "amount": 10})})
    for more, pays in (({"cap": 500}, [500, 500, 100]), ({"floor": 200}, [500, 1200, 200]), ({"credit_cap": 5}, [500, 500, 100])):
        plan = policy({"x": element(**more), "base": element(schedule={"kind": "fixed", "amount": 10})})
        assert of(plan, found, "x") == pays
        assert changed(plan, plain, found) == {
            (month, "x") for month, pay, free in zip(months(1, 2, 3), pays, [500, 1200, 100], strict=True) if pay != free
        }


# --- gates, modifiers, price list, scorecard --------------------------------------------------------------------------


def test_a_gate_withholds_rewards_and_lets_penalties_pass() -> None:
    """C11: all of the year's loans recovered, or no reward for interest; at the mark it is open."""
    schedule = {**LINEAR, "threshold": 5, "shortfall_rate": 100}
    gate = {"reading": {"measure": "loans_recovered"}, "at_least": 1}
    found = records({"a": {"accounts": [7, 7, 3], "loans_recovered": [1, 0.999999, 0.9]}})
    plan = policy({"x": element(schedule=schedule, gates=[gate])})
    assert of(plan, found, "x") == [200, 0, -200]
    assert of(policy({"x": element(schedule=schedule, gates=[{**gate, "otherwise": 0.5, "of": "everything"}])}), found, "x") == [
        200,
        100,
        -100,
    ]
    assert changed(plan, policy({"x": element(schedule=schedule)}), found) == {("2025-02", "x")}
    low = {"reading": {"measure": "bad_loan_ratio"}, "at_most": 0.02}
    assert of(policy({"x": element(gates=[low])}), records({"a": {"accounts": [7, 7], "bad_loan_ratio": [0.02, 0.020001]}}), "x") == [
        700,
        0,
    ]


def test_a_modifier_multiplies_the_payout() -> None:
    """C6: grade coefficients by score; below 60 nothing."""
    modifier = {
        "reading": {"measure": "appraisal_score"},
        "curve": {"shape": "steps", "points": [{"units": 60, "gives": 0.8}, {"units": 80, "gives": 1}]},
    }
    found = records({"a": {"accounts": [10, 10, 10], "appraisal_score": [80, 79.9, 59]}})
    plan = policy({"x": element(modifiers=[modifier])})
    assert of(plan, found, "x") == [1000, 800, 0]
    assert changed(plan, policy({"x": element()}), found) == {("2025-02", "x"), ("2025-03", "x")}


def test_a_price_list_pays_each_product_its_price() -> None:
    found = records({"a": {"cards": [3, 0], "insurance_policies": [2, 0]}})
    plan = policy({"x": element(schedule={"kind": "prices", "prices": {"cards": 20, "insurance_policies": 150}})})
    assert of(plan, found, "x") == [360, 0]
    assert of(policy({"x": element(schedule={"kind": "prices", "prices": {"cards": 20}})}), found, "x") == [60, 0]


LINE = {"points": [{"units": 0.8, "gives": 0}, {"units": 1, "gives": 1}]}


@pytest.mark.parametrize(
    ("combine", "curve", "pays"),
    [
        ("curve_per_measure", None, 3 * [None]),
        ("score_then_curve", LINE, 3 * [None]),
    ],
)
def test_a_scorecard_both_ways(combine, curve, pays) -> None:
    """Weights 0.6 and 0.4. Full marks: 1. 8 of 10 and 80 of 80: 0.88. Nothing and 64 of 80: 0.4 x 0.8 = 0.32.

    Each by itself: 6,000 x 0.88 = 5,280 and 1,920. The whole through the curve from 0.8: (0.88 - 0.8) x 5 = 0.4: 2,400, and 0.
    """
    card = {
        "kind": "scorecard",
        "combine": combine,
        **({"curve": curve} if curve else {}),
        "indicators": {
            "sales": {"weight": 0.6, "reading": {"measure": "accounts", "target": TEN}},
            "care": {"weight": 0.4, "reading": {"measure": "satisfaction", "target": {"value": 80, "unit": "points"}}},
        },
    }
    found = records({"a": {"accounts": [10, 8, 0], "satisfaction": [80, 80, 64]}})
    assert of(policy({"x": element(target_incentive=6000, schedule=card)}), found, "x") == (
        [6000, 2400, 0] if curve else [6000, 5280, 1920]
    )


# --- several payees ---------------------------------------------------------------------------------------------------

TEAM = {who: {"team": "N", "grade": grade} for who, grade in (("a", "x"), ("b", "y"), ("c", "y"))}
THREE = {"a": {"accounts": [3]}, "b": {"accounts": [4]}, "c": {"accounts": [3]}}


@pytest.mark.parametrize(
    ("split", "pays"),
    [
        (None, [333.34, 333.33, 333.33]),  # the odd fen to the first in order
        ({"rule": "share", "shares": {"x": 2}}, [500, 250, 250]),  # 2 : 1 : 1
        ({"rule": "share", "shares": {"x": 0.5, "y": 0.25}}, [500, 250, 250]),
        ({"rule": "base"}, [600, 200, 200]),  # 3,000 : 1,000 : 1,000
    ],
)
def test_a_team_pool_is_split(split, pays) -> None:
    """10 accounts x 100 = 1,000 among three; fixed pay counts wherever it stands in the plan."""
    plan = policy(
        {"pool": element(payee="team", **({"split": split} if split else {})), "base": element(schedule={"kind": "fixed", "amount": 1000})},
        overrides=[{"grade": "x", "pay": {"base": {"schedule": {"amount": 3000}}}}],
    )
    found = records(THREE, people=TEAM)
    assert [of(plan, found, "pool", who)[0] for who in "abc"] == pays
    if split and split["rule"] == "base":
        assert rules(plan, found)[0] == "(100 x 10) x 3000 / 5000"


def test_a_team_with_other_terms_for_one_is_still_one_team() -> None:
    """The trainee's own rate is 50, on the same 10 accounts among three."""
    plan = policy({"pool": element(payee="team")}, overrides=[{"grade": "x", "pay": {"pool": {"schedule": {"rate": 50}}}}])
    assert [of(plan, records(THREE, people=TEAM), "pool", who)[0] for who in "abc"] == [166.67, 333.33, 333.33]


def test_roll_up_counts_those_below_of_the_named_grades() -> None:
    """C9: 500 for each of those supervised, directly or further down, who is at least ordinary: the effective headcount."""
    heads = element(measure="people", credit={"rule": "roll_up", "grades": ["ordinary"]}, schedule={"kind": "linear", "rate": 500})
    people = {
        "b": {"supervisor": "a", "grade": "ordinary"},
        "c": {"supervisor": "a", "grade": "trainee"},
        "d": {"supervisor": "c", "grade": "ordinary"},
    }
    found = records({who: {"accounts": [1, 1]} for who in "abcd"}, people={**people, "b": {**people["b"], "left": "2025-01-31"}})
    plan = policy({"heads": heads})
    assert {who: of(plan, found, "heads", who) for who in "acd"} == {"a": [1000, 500], "c": [500, 500], "d": [0, 0]}
    with pytest.raises(InputError, match="people: supervisor: found nothing"):
        statements(plan, pd.DataFrame({"person": ["a"]}), found.measures[found.measures["person"] == "a"])
    with pytest.raises(InputError, match="people: .*supervisor: found .*circle"):
        statements(plan, records({who: {"accounts": [1]} for who in "ab"}, people={"a": {"supervisor": "b"}, "b": {"supervisor": "a"}}))


def test_overlay_credits_the_whole_team_to_each() -> None:
    plan = policy({"x": element(credit={"rule": "overlay"})})
    assert [of(plan, records(THREE, people=TEAM), "x", who)[0] for who in "abc"] == [1000, 1000, 1000]
    with pytest.raises(InputError, match="people: c: team: found nothing"):
        statements(plan, records(THREE, people={"a": TEAM["a"], "b": TEAM["b"]}))


def test_split_and_double_credit_of_deals() -> None:
    """10 accounts: 60 % and 40 %; the expert beside them is credited the whole again."""
    deals = [deal("1", "a", 10, "2025-01-05", share=0.6), deal("1", "b", 10, "2025-01-05", share=0.4), deal("1", "c", 10, "2025-01-05")]
    found = records({who: {"contacts": [1, 1]} for who in "abc"}, deals=deals)
    assert [of(policy({"x": element()}), found, "x", who) for who in "abc"] == [[600, 0], [400, 0], [1000, 0]]


def test_excluded_origins_and_the_credit_event() -> None:
    """C9: moved-in customers count for nothing. By opening in January, by funding in February; what was never funded, not at all."""
    deals = [
        deal("1", "a", 5, "2025-01-31", funded="2025-02-01"),
        deal("2", "a", 3, "2025-01-10"),
        deal("3", "a", 2, "2025-01-10", origin="moved_in", funded="2025-01-12"),
    ]
    found = records({"a": {"contacts": [1, 1]}}, deals=deals)
    assert of(policy({"x": element()}), found, "x") == [1000, 0]
    assert of(policy({"x": element()}, crediting={"excluded_origins": ["moved_in"]}), found, "x") == [800, 0]
    assert of(policy({"x": element()}, crediting={"event": "funded"}), found, "x") == [200, 500]
    assert of(policy({"x": element()}, crediting={"events": {"accounts": "funded"}, "excluded_origins": ["moved_in"]}), found, "x") == [
        0,
        500,
    ]


def test_what_was_reversed_before_its_credit_event_earns_nothing() -> None:
    found = records(
        {"a": {"contacts": [1, 1, 1]}},
        deals=[deal("1", "a", 5, "2025-01-05", funded="2025-03-01", reversed="2025-02-01", reversed_share=0.4)],
    )
    assert of(policy({"x": element()}, crediting={"event": "funded"}), found, "x") == [0, 0, 300]


def test_a_windfall_counts_up_to_its_limit() -> None:
    """Above half the quota of 10 a deal counts for 5: 5 + 4 = 9. Reviewed: the same, and somebody is asked."""
    deals = [deal("big", "a", 8, "2025-01-05"), deal("small", "a", 4, "2025-01-06"), deal("just", "a", 5, "2025-02-06")]
    found = records({"a": {"contacts": [1, 1]}}, deals=deals)
    plain = policy({"x": element(target=TEN)})
    for treatment in ("capped", "reviewed"):
        plan = policy({"x": element(target=TEN, windfall={"above": 0.5, "treatment": treatment})})
        assert of(plan, found, "x") == [900, 500]
        assert changed(plan, plain, found) == {("2025-01", "x")}
    assert [tuple(review) for review in statements(plan, found).reviews] == [("big", "a", "x", "2025-01", 3.0)]


# --- timing of pay ----------------------------------------------------------------------------------------------------


def test_a_recoverable_draw_is_repaid_from_what_is_earned_above_it() -> None:
    """Draw 1,000. 400 earned: 600 added. 1,200: 200 repaid. 3,000: the other 400 repaid, 2,600 left. Nothing earned: 1,000 added."""
    terms = {"draw": {"amount": 1000, "of": ["x"]}}
    found = one([4, 12, 30, 0])
    plan = policy({"x": element()}, terms=terms)
    assert of(plan, found, "draw") == [600, -200, -400, 1000]
    assert changed(plan, policy({"x": element()}), found) == {(month, "draw") for month in months(1, 2, 3, 4)}
    assert statements(plan, found).pending.values.tolist() == [["a", "draw", 100000]]


def test_a_guarantee_leaves_no_balance_and_ends() -> None:
    terms = {"guarantee": {"amount": 1000, "of": ["x"], "until_month": 3}}
    found = one([4, 10, 12, 0], people={"a": {"joined": "2024-12-15"}})
    assert of(policy({"x": element()}, terms=terms), found, "guarantee") == [600, 0, 0, 0]  # April is the fifth month of service


def test_advance_and_settlement() -> None:
    """C2: half of each month's own pay at once, the rest at the half year's end; a month of loss gives no advance.

    Profit 100, -50, 100, 100, 100, 250 at a tenth: 60 in all. In advance 5, 0, 5, 5, 5: 20; settled 40.
    """
    x = {"period": "half_year", "measure": "profit", "schedule": {"kind": "linear", "rate": 0.1}, "floor": 0}
    found = one([100, -50, 100, 100, 100, 250], "profit")
    plan = policy({"x": {**x, "payment": {"advance": 0.5}}})
    assert of(plan, found, "x") == [5, 0, 5, 5, 5, 40]
    assert rules(plan, found)[:2] == ["0.5 x (0.1 x 100), in advance", "nothing in advance on 0 (-50 < 0)"]
    assert rules(plan, found)[-1] == "0.1 x 600, less 20 paid in advance"
    assert changed(plan, policy({"x": x}), found) == {(month, "x") for month in months(1, 3, 4, 5, 6)}
    # more advanced than earned: the rest is taken back
    assert of(plan, one([100, 100, 100, 100, 100, -450], "profit"), "x") == [5, 5, 5, 5, 5, -20]
    # whose terms change on the way is not paid twice
    later = policy(
        {"x": {**x, "payment": {"advance": 0.5}}}, overrides=[{"first": "2025-06", "pay": {"x": {"payment": {"advance": None}}}}]
    )
    assert sum(of(later, found, "x")) == 60


def test_an_advance_is_against_the_months_part_of_the_quota() -> None:
    """Quota 60 a half year, 10 a month: 12 accounts are 10 x 10 + 2 x 20 = 140; half of it is 70."""
    x = element(
        period="half_year",
        target={"value": 60, "unit": "accounts"},
        payment={"advance": 0.5},
        schedule={**tiers("marginal"), "by": "attainment", "tiers": [{"from": 0, "rate": 10}, {"from": 1, "rate": 20}]},
    )
    assert of(policy({"x": x}), one([12, 8]), "x") == [70, 40]


def test_holdback_is_released_in_parts_and_cut_by_malus() -> None:
    """40 % of 1,000 kept: 400, half after a month, half after two. In March the ratio is too high: nothing of what vests then."""
    hold = {"share": 0.4, "release": [{"after_months": 1, "share": 0.5}, {"after_months": 2, "share": 0.5}]}
    malus = [{"reading": {"measure": "bad_loan_ratio"}, "at_most": 0.02}]
    found = records({"a": {"accounts": [10, 0, 0], "bad_loan_ratio": [0, 0.02, 0.03]}})
    plain, held, cut = (
        policy({"x": element(**({"payment": {"hold_back": each}} if each else {}))}) for each in (None, hold, {**hold, "malus": malus})
    )
    assert of(held, found, "x") == [600, 200, 200]
    assert of(cut, found, "x") == [600, 200, 0]
    assert changed(held, cut, found) == {("2025-03", "x")}
    assert changed(plain, held, found) == {(month, "x") for month in months(1, 2, 3)}
    assert rules(cut, found)[-1] == "released: 0.5 of 400 kept back, less 200 cut before it vested"
    assert statements(held, one([10])).due.values.tolist() == [["a", "x", 40000]]
    assert of(held, one([-10, 0, 0]), "x") == [0, 0, 0]  # nothing is kept of nothing


def test_a_negative_true_up_is_carried_over() -> None:
    """C9: 0.1 on the year's 1,200 is 120, less 180 earned by month: -60, put off; taken from January's 15, February's 15, ..."""
    monthly = element(measure="income", schedule={"kind": "linear", "rate": 0.15})
    true_up = {"period": "year", "measure": "income", "schedule": {"kind": "linear", "rate": 0.1}, "less": ["perf"]}
    plan = policy({"perf": monthly, "year_end": {**true_up, "payment": {"carry_over": ["perf", "year_end"]}}})
    found = one([100] * 18, "income")
    assert of(plan, found, "year_end") == [0] * 18
    assert of(plan, found, "perf") == [15] * 12 + [0] * 4 + [15] * 2
    assert of(policy({"perf": monthly, "year_end": true_up}), found, "year_end") == [0] * 11 + [-60] + [0] * 6
    assert statements(plan, one([100] * 13, "income")).pending.values.tolist() == [["a", "year_end", 4500]]


# --- clawback ---------------------------------------------------------------------------------------------------------


def clawing(recovery: str = "full", **more: Any) -> dict[str, Any]:
    return {"clawback": {"within_months": 6, "recovery": recovery, **({"steps": more.pop("steps")} if "steps" in more else {})}, **more}


def test_a_reversal_takes_back_at_the_rate_at_which_it_was_paid() -> None:
    """10 accounts at 20 each, as the higher tier was reached: 200. 4 of them reversed in March: 80 back, and January stays as it was."""
    deals = [deal("1", "a", 4, "2025-01-05", reversed="2025-03-20"), deal("2", "a", 6, "2025-01-05")]
    found = records({"a": {"contacts": [1, 1, 1]}}, deals=deals)
    x = element(schedule=tiers("retroactive"))
    plan = policy({"x": {**x, "payment": clawing()}})
    assert of(plan, found, "x") == [200, 0, -80]
    assert changed(plan, policy({"x": x}), found) == {("2025-03", "x")}
    assert rules(plan, found)[-1] == "200 x 4 / 10 reversed"


@pytest.mark.parametrize(
    ("recovery", "when", "back"),
    [
        ("full", "2025-07-31", 400),
        ("full", "2025-08-01", 0),  # six months after January, and seven
        ("pro_rata", "2025-04-30", 200),
        ("pro_rata", "2025-01-31", 400),
        ("pro_rata", "2025-07-31", 0),  # (6 - 3) / 6
        ("schedule", "2025-03-31", 400),
        ("schedule", "2025-04-01", 100),  # all for two months, then a quarter
    ],
)
def test_how_much_is_recovered_goes_by_the_time_passed(recovery, when, back) -> None:
    steps = {"steps": [{"until_month": 2, "share": 1}, {"until_month": 6, "share": 0.25}]} if recovery == "schedule" else {}
    found = records({"a": {"contacts": [1] * 9}}, deals=[deal("1", "a", 4, "2025-01-05", reversed=when)])
    assert sum(of(policy({"x": element(payment=clawing(recovery, **steps))}), found, "x")) == 400 - back


def test_a_deal_that_pays_several_is_taken_back_from_each() -> None:
    """60 and 40 % of 10; the supervisor is paid 10 an account for both, the team 5 an account for all."""
    shares = [
        deal("1", who, 10, "2025-01-05", share=share, reversed="2025-02-20", reversed_share=0.5) for who, share in (("a", 0.6), ("b", 0.4))
    ]
    people = {who: {"supervisor": "c", "team": "N"} for who in "ab"} | {"c": {"team": "N"}}
    found = records({who: {"contacts": [1, 1]} for who in "abc"}, people=people, deals=shares)
    own, above, pool = (
        element(payment=clawing()),
        element(schedule={"kind": "linear", "rate": 10}, credit={"rule": "roll_up"}, payment=clawing()),
        element(schedule={"kind": "linear", "rate": 6}, payee="team", payment=clawing()),
    )
    plan = policy({"own": own, "above": above, "pool": pool})
    assert {who: of(plan, found, "own", who) for who in "abc"} == {"a": [600, -300], "b": [400, -200], "c": [0, 0]}
    assert of(plan, found, "above", "c") == [100, -50]
    assert [of(plan, found, "pool", who) for who in "abc"] == [[20, -10]] * 3


def test_what_is_still_kept_back_is_cut_first() -> None:
    """1,000 earned, 400 of it kept. 8 of 10 accounts reversed: 800 due, 400 of it from what was kept, 400 from pay. Nothing is left to release."""
    deals = [deal("1", "a", 8, "2025-01-05", reversed="2025-02-20"), deal("2", "a", 2, "2025-01-05")]
    found = records({"a": {"contacts": [1] * 4}}, deals=deals)
    plan = policy({"x": element(payment=clawing(hold_back={"share": 0.4, "release": [{"after_months": 3, "share": 1}]}))})
    assert of(plan, found, "x") == [600, -400, 0, 0]
    assert "1000 x 8 / 10 reversed, of which 400 from what was kept back" in rules(plan, found)
    assert "1000 x 8 / 10（业务撤销），其中400从递延中扣减" in rules(plan, found, "zh")
    # 3 of 10: 300, all from what was kept, told in a line of nothing; 100 is released
    few = records(
        {"a": {"contacts": [1] * 4}}, deals=[deal("1", "a", 3, "2025-01-05", reversed="2025-02-20"), deal("2", "a", 7, "2025-01-05")]
    )
    assert of(plan, few, "x") == [600, 0, 0, 100]
    assert [(line.kind, line.amount) for line in statements(plan, few).frame.itertuples() if line.period == "2025-01"] == [
        ("earned", 100000),
        ("held_back", -40000),
        ("clawback", 0),
        ("released", 10000),
    ]


def test_a_reversal_before_settlement_is_taken_back_with_it() -> None:
    """A quarter: 10 accounts, 4 reversed in February. Settled in March: 1,000 - 400. Worked out month by month, it comes to the same."""
    deals = [deal("1", "a", 4, "2025-01-05", reversed="2025-02-20"), deal("2", "a", 6, "2025-01-05")]
    found = records({"a": {"contacts": [1] * 4}}, deals=deals)
    assert of(policy({"x": element(period="quarter", payment=clawing())}), found, "x") == [0, 0, 600, 0]
    assert of(policy({"x": element(period="quarter", payment=clawing(calculated="month"))}), found, "x") == [1000, -400, 0, 0]


def test_several_reversals_take_back_no_more_than_was_paid() -> None:
    deals = [deal(str(k), "a", 1, "2025-01-05", reversed=f"2025-0{k + 1}-20") for k in (1, 2, 3)]
    found = records({"a": {"contacts": [1] * 4}}, deals=deals)
    plan = policy({"x": element(schedule={"kind": "step", "at": [{"units": 3, "pays": 100}]}, payment=clawing())})
    assert of(plan, found, "x") == [100, -33.33, -33.33, -33.33]
    capped = policy({"x": element(credit_cap=2, payment=clawing())})  # 200 for three: 66.67 each
    assert of(capped, found, "x") == [200, -66.67, -66.67, -66.66]


def test_a_price_list_takes_back_the_price() -> None:
    """3 cards at 20 and 1 policy at 150; the policy is cancelled."""
    deals = [deal("1", "a", 3, "2025-01-05", "cards"), deal("2", "a", 1, "2025-01-05", "insurance_policies", reversed="2025-02-05")]
    found = records({"a": {"contacts": [1, 1]}}, deals=deals)
    plan = policy({"x": element(schedule={"kind": "prices", "prices": {"cards": 20, "insurance_policies": 150}}, payment=clawing())})
    assert of(plan, found, "x") == [210, -150]


def test_a_windfall_gives_back_what_it_was_counted_for() -> None:
    """8 accounts counted as 5, beside 4: 900. Reversed: 500."""
    deals = [deal("big", "a", 8, "2025-01-05", reversed="2025-02-05"), deal("small", "a", 4, "2025-01-06")]
    plan = policy({"x": element(target=TEN, windfall={"above": 0.5, "treatment": "capped"}, payment=clawing())})
    assert of(plan, records({"a": {"contacts": [1, 1]}}, deals=deals), "x") == [900, -500]


# --- ramp, proration, leave -------------------------------------------------------------------------------------------


def test_a_beginners_quota_ramps_up() -> None:
    """Half the quota in the first two months of service, and no more than the quota's pay there."""
    ramp = [{"until_month": 2, "quota": 0.5, "accelerators": False}]
    x = element(target=TEN, target_incentive=1000, schedule={"kind": "linear"})
    found = one([5, 8, 8], people={"a": {"joined": "2025-01-01"}})
    plan = policy({"x": {**x, "ramp": ramp}})
    assert of(plan, found, "x") == [1000, 1000, 800]
    assert statements(plan, found).frame["target"].tolist() == [5, 5, 10]
    assert of(policy({"x": {**x, "ramp": [{"until_month": 2, "quota": 0.5}]}}), found, "x") == [1000, 1600, 800]
    assert changed(plan, policy({"x": x}), found) == {("2025-01", "x"), ("2025-02", "x")}


def test_quota_and_amounts_go_by_days_in_post_and_leave_relieves_quota() -> None:
    """From 17 January: 15 of 31 days. Base 3,100: 1,500; quota 6.2: 3, reached with 3. April: 12 of 30 days on leave, quota 6.2 x 18 / 30 = 3.72."""
    base = element(schedule={"kind": "fixed", "amount": 3100})
    quota = element(target={"value": 6.2, "unit": "accounts"}, schedule={"kind": "step", "at": [{"attainment": 1, "pays": 310}]})
    found = records({"a": {"accounts": [3, 6.2, 0, 3.72], "leave_days": [0, 0, 0, 12]}}, people={"a": {"joined": "2025-01-17"}})
    plan = policy({"base": base, "quota": quota}, terms={"prorated": "days_in_post"})
    assert of(plan, found, "base") == [1500, 3100, 3100, 3100]
    assert of(plan, found, "quota") == [150, 310, 0, 310]
    assert rules(plan, found)[:2] == ["3100 x 15 / 31", "310 x 15 / 31 (3 >= 6.2 x 15 / 31)"]
    assert changed(plan, policy({"base": base, "quota": quota}), found) == {("2025-01", "base"), ("2025-01", "quota"), ("2025-04", "quota")}


def test_a_score_is_asked_in_full_of_somebody_who_came_in_the_middle_of_the_month() -> None:
    gate = {"reading": {"measure": "satisfaction", "target": {"value": 80, "unit": "points"}}, "attainment": 1}
    found = records({"a": {"accounts": [5], "satisfaction": [79]}}, people={"a": {"joined": "2025-01-17"}})
    assert of(policy({"x": element(gates=[gate], prorated="days_in_post")}), found, "x") == [0]


def test_a_team_with_a_newcomer_has_one_quota() -> None:
    """31 and 15 of 31 days: quota 6.2 x 23 / 31 = 4.6 and pay 620 x 23 / 31 = 460, in halves."""
    found = records(
        {"a": {"accounts": [2.6]}, "b": {"accounts": [2]}}, people={"a": {"team": "N"}, "b": {"team": "N", "joined": "2025-01-17"}}
    )
    plan = policy(
        {
            "x": element(
                payee="team",
                prorated="days_in_post",
                target={"value": 6.2, "unit": "accounts"},
                schedule={"kind": "step", "at": [{"attainment": 1, "pays": 620}]},
            )
        }
    )
    assert [of(plan, found, "x", who) for who in "ab"] == [[230], [230]]


# --- overrides --------------------------------------------------------------------------------------------------------


def test_the_most_specific_override_wins() -> None:
    """Months < grade < state < person."""

    def rate(value: float) -> dict[str, Any]:
        return {"pay": {"x": {"schedule": {"rate": value}}}}

    overrides = [
        {"person": "d", **rate(5)},
        {"state": "training", **rate(4)},
        {"grade": "g", **rate(3)},
        {"first": "2025-02", "last": "2025-02", **rate(2)},
    ]
    plan = policy(
        {"x": element(schedule={"kind": "linear", "rate": 1}), "base": element(schedule={"kind": "fixed", "amount": 9})},
        overrides=overrides,
    )
    changes = [{"person": who, "month": "2025-01", "state": "training"} for who in "cd"]
    found = records({who: {"accounts": [1, 1, 1]} for who in "abcd"}, people={who: {"grade": "g"} for who in "bcd"}, changes=changes)
    assert {who: of(plan, found, "x", who) for who in "abcd"} == {"a": [1, 2, 1], "b": [3] * 3, "c": [4] * 3, "d": [5] * 3}
    assert changed(plan, policy({"x": element(schedule={"kind": "linear", "rate": 1}), "base": plan.pay["base"]}), found) == {
        (month, "x") for month in months(1, 2, 3)
    }


def test_a_change_of_grade_in_mid_year_holds_from_its_month() -> None:
    base = element(schedule={"kind": "fixed", "amount": 9})
    plan = policy(
        {"x": element(), "base": base},
        overrides=[{"grade": "senior", "pay": {"x": {"schedule": {"rate": 200}}}}, {"state": "away", "pay": {"x": None}}],
    )
    changes = [
        {"person": "a", "month": "2025-02", "grade": "senior"},
        {"person": "a", "month": "2025-04", "state": "away"},
        {"person": "a", "month": "2025-05", "state": "normal"},
    ]
    assert of(plan, one([1] * 5, changes=changes), "x") == [100, 200, 200, 0, 200]


# --- frequencies, contests, roundings, ceiling ------------------------------------------------------------------------


def test_calculation_payment_and_report_each_have_their_own_time() -> None:
    found = one([1, 2, 4, 8, 16])
    for payment, pays in (
        ({"every": "quarter"}, [0, 0, 700, 0, 0]),
        ({"delay_months": 1}, [0, 100, 200, 400, 800]),
        ({"calculated": "quarter"}, [0, 0, 700, 0, 0]),
        ({"every": "quarter", "delay_months": 1}, [0, 0, 0, 700, 0]),
    ):
        assert of(policy({"x": element(payment=payment)}), found, "x") == pays
    late = statements(policy({"x": element(payment={"delay_months": 1})}), found)
    assert late.due.values.tolist() == [["a", "x", 160000]]
    quarterly = statements(
        policy({"x": element(), "base": element(schedule={"kind": "fixed", "amount": 10})}, terms={"reported": "quarter"}), found
    )
    assert [tuple(map(str, row)) for row in quarterly.reported.itertuples(index=False)] == [
        ("2025-Q1", "a", "x", "earned", "70000"),
        ("2025-Q1", "a", "base", "earned", "3000"),
        ("2025-Q2", "a", "x", "earned", "240000"),
        ("2025-Q2", "a", "base", "earned", "2000"),
    ]


def test_months_calculated_together_are_told_month_by_month() -> None:
    """A cap of 300 a month, worked out each quarter: 100 + 200 + 300."""
    found = statements(policy({"x": element(cap=300, payment={"calculated": "quarter"})}), one([1, 2, 4])).frame
    assert [(line.month, line.period, line.amount) for line in found.itertuples()] == [
        ("2025-03", "2025-01", 10000),
        ("2025-03", "2025-02", 20000),
        ("2025-03", "2025-03", 30000),
    ]


def test_a_contest_has_its_days_and_its_budget() -> None:
    """February and March; 700 in all. February: 300 + 300; March: 100 left for 200 + 200, 50 each."""
    contest = element(in_force={"first": date(2025, 2, 10), "last": date(2025, 3, 5)}, budget=700)
    found = records({"a": {"accounts": [3, 3, 2, 3]}, "b": {"accounts": [3, 3, 2, 3]}})
    plan = policy({"x": contest})
    assert of(plan, found, "x") == [0, 300, 50, 0]
    assert rules(plan, found)[-1] == "200 x 100 / 400 as the budget is spent, less 200 earned"
    assert changed(plan, policy({"x": {**contest, "budget": None}}), found) == {("2025-03", "x")}
    # whose terms differ shares the same budget
    other = policy({"x": contest}, overrides=[{"person": "b", "pay": {"x": {"cap": 900}}}])
    assert [of(other, found, "x", who) for who in "ab"] == [[0, 300, 50, 0]] * 2


@pytest.mark.parametrize(
    ("rounding", "pays"),
    [("half_up", [0.03, 0.04, -0.02]), ("half_even", [0.02, 0.04, -0.02]), ("down", [0.02, 0.03, -0.02]), ("up", [0.03, 0.04, -0.03])],
)
def test_roundings_of_half_a_fen_and_of_a_penalty(rounding, pays) -> None:
    """2.5, 3.5 and -2.5 fen."""
    x = element(measure="profit", schedule={"kind": "linear", "rate": 0.01, "threshold": 100, "shortfall_rate": 0.01})
    assert of(policy({"x": x}, terms={"rounding": rounding}), one([102.5, 103.5, 97.5], "profit"), "x") == pays


def test_a_ceiling_over_a_quarter() -> None:
    """1,000 a quarter for everything together: 600, then 400 of 700, then nothing; a new quarter begins anew."""
    found = one([5, 6, 1, 5])
    pay = {"x": element(), "base": element(schedule={"kind": "fixed", "amount": 100})}
    plan = policy(pay, terms={"ceiling": {"amount": 1000, "period": "quarter"}})
    assert of(plan, found, "ceiling") == [0, -300, -200, 0]
    assert changed(plan, policy(pay), found) == {("2025-02", "ceiling"), ("2025-03", "ceiling")}


def test_adjustments_of_the_records_are_lines_of_their_own() -> None:
    adjustments = [
        {"person": "a", "month": "2025-02", "amount": -12.34, "reason": "falsified"},
        {"person": "a", "month": "2025-09", "amount": 5},
    ]
    found = statements(policy({"x": element()}), one([1, 1], adjustments=adjustments))
    assert found.frame[["kind", "rule", "rule_zh", "amount"]].values.tolist()[-1] == [
        "adjustment",
        "adjustment: falsified",
        "调整：falsified",
        -1234,
    ]
    assert found.due.values.tolist() == [["a", "adjustment", 500]]


# --- what records do not tell -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pay", "found", "message"),
    [
        (element(measure="service_years"), one([1]), "people: a: joined: found nothing; expected the first day in post"),
        (element(measure="income"), one([1]), "measures: found no `income`; expected results in it, as pay.x pays by them"),
        (element(measure="responsible_profit"), one([1]), "from which responsible_profit is made"),
        (element(gates=[{"reading": {"measure": "loans_recovered"}, "at_least": 1}]), one([1]), "measures: found no `loans_recovered`"),
        (element(target={"unit": "accounts"}, schedule=QUOTA), one([1]), "targets: a: accounts 2025-01: found no target"),
        (
            element(target={"unit": "accounts"}, schedule=QUOTA),
            one([1], targets=[{"person": "a", "period": "2025-01", "measure": "accounts", "value": 0, "unit": "accounts"}]),
            "targets: a: accounts 2025-01: found a target of 0 or less",
        ),
        (element(payee="team"), one([1]), "people: a: team: found nothing; expected a team"),
        (element(), records({"a": {"accounts": [1]}}, people={"a": {"supervisor": "z"}}), "people: a: supervisor: found `z`"),
        (
            element(),
            records({"a": {"contacts": [1]}}, deals=[deal("7", "z", 1, "2025-01-01")]),
            "deals: 7: person: found `z`; expected somebody listed in people",
        ),
        (element(), records({"a": {"accounts": [1]}}, deals=[deal("7", "a", 1, "2025-01-01")]), "deals: measure: found `accounts`"),
        (
            element(),
            records({"a": {"accounts": [1]}}, adjustments=[{"person": "z", "month": "2025-01", "amount": 1}]),
            "adjustments: person: found `z`",
        ),
        (element(schedule={"kind": "linear", "rate": 1e12}), one([1e6]), "pay.x: found an amount of"),
        (
            element(period="quarter", target={"unit": "accounts", "own_base": {"of": "year_before"}}, schedule=QUOTA),
            one([1, 1, 1]),
            "measures: a: accounts 2025-Q1: found no results of 12 months before",
        ),
    ],
)
def test_what_the_records_do_not_tell_is_a_sentence(pay, found, message) -> None:
    with pytest.raises(InputError) as refused:
        statements(policy({"x": pay}), found)
    assert message in str(refused.value)
