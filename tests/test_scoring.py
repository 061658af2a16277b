"""Targets, derived measures, scores and their roll-up: worked by hand, and what must hold whatever the numbers are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.errors import InputError
from sim.payroll.customers import customer_scores, groups_of, load_customer_scoring
from sim.payroll.derived import over_period, parts_of, with_derived
from sim.payroll.indicators import IndicatorSet, list_indicators, load_indicators, make_indicators
from sim.payroll.numbers import LARGEST, SCALE, millionths
from sim.payroll.records import Records, read_records
from sim.payroll.rollup import LEVELS, Summed, roll_up, summed, value_of, weight_of
from sim.payroll.score_table import score_table, two_decimals
from sim.payroll.scoring import grades_at, scores
from sim.payroll.spans import Span, days_of, span_of
from sim.payroll.targets import GivenTargets, differential_rent, group_sums, mean_portfolios, own_base, portfolios_of
from sim.policy.measures import pay_measures
from sim.policy.rational import Exact

AMOUNTS = st.integers(-LARGEST * SCALE, LARGEST * SCALE)


def fractions(exact: Exact) -> list[Fraction]:
    return [exact.fraction(row) for row in range(len(exact))]


# --- targets ----------------------------------------------------------------------------------------------------------


def test_own_base_asks_for_so_many_times_the_earlier_result() -> None:
    base = Exact(np.array([200, 0, -100]))
    # 200 x 1.1 = 220; nothing stays nothing; a loss of 100 may be 90: -100 + 100 x 0.1
    assert fractions(own_base(base, Fraction("1.1"))) == [220, 0, -90]


@settings(deadline=None)  # the first call is slow
@given(st.lists(AMOUNTS, min_size=1, max_size=5), st.fractions(0, 3, max_denominator=100))
def test_own_base_asks_for_more_the_higher_the_factor(bases: list[int], times: Fraction) -> None:
    lower, higher = (fractions(own_base(Exact(np.array(bases)), factor)) for factor in (times, times + 1))
    assert all(low < high or base == 0 for base, low, high in zip(bases, lower, higher, strict=True))


def test_differential_rent_asks_more_of_a_rich_portfolio() -> None:
    portfolio, mean = Exact(np.array([300, 100, 200])), Exact.of(200, 3)
    # 1000 x (1 + 0.5 x (300/200 - 1)) = 1250; 1000 x (1 - 0.5 x 0.5) = 750
    assert fractions(differential_rent(Fraction(1000), portfolio, mean, Fraction("0.5"))) == [1250, 750, 1000]


@settings(deadline=None)  # the first call is slow
@given(
    st.lists(st.integers(0, LARGEST * SCALE), min_size=1, max_size=6),
    st.fractions(0, 10**9, max_denominator=100),
    st.fractions(0, 1, max_denominator=100),
)
def test_differential_rent_only_moves_targets_about(portfolios: list[int], value: Fraction, strength: Fraction) -> None:
    held = Exact(np.array(portfolios))
    mean = Exact.of(Fraction(sum(portfolios), len(portfolios)), len(portfolios))
    targets = fractions(differential_rent(value, held, mean, strength))
    assert sum(targets) == value * len(portfolios)
    assert [target for _, target in sorted(zip(portfolios, targets, strict=True))] == sorted(targets)
    assert fractions(differential_rent(value, held, mean, Fraction(0))) == [value] * len(portfolios)


def test_differential_rent_never_asks_for_less_than_nothing_and_levels_empty_portfolios() -> None:
    # 1000 x (1 + 2 x (0 - 1)) = -1000, held at 0; no portfolios at all: nobody is richer
    assert fractions(differential_rent(Fraction(1000), Exact(np.array([0])), Exact.of(50, 1), Fraction(2))) == [0]
    assert fractions(differential_rent(Fraction(1000), Exact(np.array([0])), Exact.of(0, 1), Fraction(1))) == [1000]


PEOPLE = pd.DataFrame({"person": ["A", "B", "C"], "team": ["red", "red", ""], "grade": ["senior", "senior", ""]})


def given_targets(*rows: tuple[str, str, str, str, int]) -> GivenTargets:
    table = pd.DataFrame(rows, columns=["person", "team", "grade", "period", "value"]).assign(measure="accounts", unit="accounts")
    return GivenTargets(table, PEOPLE)


def test_ones_own_target_goes_before_that_of_the_grade() -> None:
    table = given_targets(("A", "", "", "2025-Q1", 5), ("", "", "senior", "2025-Q1", 6), ("", "red", "", "2025-Q1", 20))
    assert table.value("accounts", "2025-Q1").tolist() == [5, 6, -1]
    assert table.value("accounts", "2025-Q1", "team").tolist() == [20, 20, -1]
    assert table.value("accounts", "2025-Q1", grades=np.array(["", "", "senior"])).tolist() == [5, -1, 6]
    assert table.value("accounts", "2025-Q2").tolist() == [-1, -1, -1]
    assert given_targets().value("accounts", "2025-Q1", "team").tolist() == [-1, -1, -1]


def test_a_portfolio_is_the_sum_over_groups_of_customers() -> None:
    held = pd.DataFrame({"person": ["B", "A", "B"], "group": ["mass", "mass", "rich"], "count": [1, 2, 3], "balance": [10, 20, 30]})
    assert portfolios_of(held, PEOPLE).tolist() == [20, 40, 0]
    assert portfolios_of(held, PEOPLE, "count").tolist() == [2, 4, 0]


# --- derived measures and longer periods ------------------------------------------------------------------------------

LEAVES = (
    "loan_interest_income",
    "deposit_transfer_income",
    "fee_income",
    "settlement_income",
    "other_income",
    "deposit_interest_expense",
    "asset_business_cost",
    "other_cost",
    "substandard_balance",
    "doubtful_balance",
    "loss_balance",
)
DAYS = np.array([31, 28, 31])


def of_one(**months: list[float]) -> dict[str, np.ndarray]:
    """Values of one person by month; the parts of responsible profit that are not given are nothing."""
    length = len(next(iter(months.values())))
    nothing = {name: [0] * length for name in LEAVES}
    return {name: np.array([[round(value * SCALE)] for value in values]) for name, values in {**nothing, **months}.items()}


def test_responsible_profit_of_a_month() -> None:
    values = of_one(
        loan_interest_income=[50_000],
        fee_income=[3_000],
        deposit_interest_expense=[20_000],
        other_cost=[1_500],
        substandard_balance=[10_000],
        doubtful_balance=[4_000],
        loss_balance=[500],
    )
    # income 53000 - cost 21500 = 31500; loss 0.3 x 10000 + 0.5 x 4000 + 500 = 5500; profit 26000
    assert with_derived(values, DAYS[:1], "responsible_profit_before_loss").tolist() == [[31_500 * SCALE]]
    assert with_derived(values, DAYS[:1], "loan_loss").tolist() == [[5_500 * SCALE]]
    assert with_derived(values, DAYS[:1], "responsible_profit").tolist() == [[26_000 * SCALE]]


def test_over_a_longer_period_balances_count_once_and_flows_each_month() -> None:
    values = of_one(loan_interest_income=[1000, 1000, 1000], loss_balance=[300, 200, 100])
    # three months' income less the loss at the end: 3000 - 100
    assert fractions(over_period(values, "responsible_profit", 0, 2, DAYS)) == [2900]
    assert fractions(over_period(values, "loan_loss", 0, 1, DAYS)) == [200]


def test_a_mean_is_weighted_by_calendar_days_and_agrees_with_yuan_days() -> None:
    values = {"deposits": np.array([[100], [200], [400]]) * SCALE}
    # (31 x 100 + 28 x 200 + 31 x 400) / 90 = 21100 / 90
    assert fractions(over_period(values, "deposits", 0, 2, DAYS)) == [Fraction(21_100, 90)]
    assert fractions(over_period(values, "deposit_yuan_days", 0, 2, DAYS)) == [21_100]
    # in post in February and March only: (28 x 200 + 31 x 400) / 59
    held = np.array([[False], [True], [True]])
    assert fractions(over_period(values, "deposits", 0, 2, DAYS, held)) == [Fraction(18_000, 59)]
    assert fractions(over_period(values, "deposits", 0, 2, DAYS, ~held)) == [100]


def test_the_last_value_is_that_of_the_last_month_that_counts() -> None:
    values = {"bad_loan_ratio": np.array([[10], [20], [0]])}
    held = np.array([[True], [True], [False]])
    assert fractions(over_period(values, "bad_loan_ratio", 0, 2, DAYS)) == [0]
    assert fractions(over_period(values, "bad_loan_ratio", 0, 2, DAYS, held)) == [Fraction(20, SCALE)]
    assert fractions(over_period(values, "bad_loan_ratio", 0, 2, DAYS, held & False)) == [0]


@settings(deadline=None)  # the first call is slow
@given(st.lists(AMOUNTS, min_size=11, max_size=11))
def test_a_derived_measure_is_rounded_once_half_away_from_zero(amounts: list[int]) -> None:
    values = {name: np.array([[amount]]) for name, amount in zip(LEAVES, amounts, strict=True)}
    income, cost = sum(amounts[:5]), sum(amounts[5:8])
    loss = Fraction(3, 10) * amounts[8] + Fraction(1, 2) * amounts[9] + amounts[10]
    whole = millionths(Fraction(income - cost - loss) / SCALE)
    if abs(whole) < 2**63:
        assert with_derived(values, DAYS[:1], "responsible_profit").tolist() == [[whole]]
    assert fractions(over_period(values, "responsible_profit", 0, 0, DAYS[:1])) == [(income - cost - loss) / SCALE]


def test_what_a_derived_measure_lacks_is_named() -> None:
    values = {name: rows for name, rows in of_one(fee_income=[1]).items() if name not in ("other_cost", "loss_balance")}
    with pytest.raises(
        InputError, match="found no `other_cost`, `loss_balance`; expected results in it, from which responsible_profit is made"
    ):
        with_derived(values, DAYS[:1], "responsible_profit")
    with pytest.raises(InputError, match=r"found no `deposits`; expected results in it\."):
        over_period(values, "deposits", 0, 0, DAYS[:1])
    with pytest.raises(InputError, match="expected a measure of the data dictionary. Did you mean `deposits`"):
        over_period(values, "deposit", 0, 0, DAYS[:1])
    with pytest.raises(InputError, match="deposit_yuan_days: found results too large"):
        with_derived({"deposits": np.array([[LARGEST * SCALE]])}, DAYS[:1], "deposit_yuan_days")


def test_every_derived_measure_leads_to_recorded_ones() -> None:
    known = pay_measures()
    for name, measure in known.items():
        if measure.sum_of or measure.times_days:
            leaves = [known[part.measure] for part in parts_of(name)]
            assert leaves and not any(leaf.sum_of or leaf.times_days or leaf.built_in for leaf in leaves)


# --- periods ----------------------------------------------------------------------------------------------------------


def test_periods_go_back_by_their_own_length_or_a_year() -> None:
    assert [span_of(label).label for label in ("2025-03", "2025-Q1", "2025-H2", "2025", "2025年第四季度")] == [
        "2025-03",
        "2025-Q1",
        "2025-H2",
        "2025",
        "2025-Q4",
    ]
    quarter = span_of("2025-Q1")
    assert (quarter.back(3).label, quarter.back(12).label, quarter.kind) == ("2024-Q4", "2024-Q1", "quarter")
    assert days_of(span_of("2024-Q1").first, 3).tolist() == [31, 29, 31]
    with pytest.raises(InputError, match="period: found text without a digit; expected a month, quarter"):
        span_of("spring")


@settings(deadline=None)  # the first call is slow
@given(st.integers(1950 * 12, 2100 * 12), st.sampled_from([1, 3, 6, 12]))
def test_a_label_names_its_own_period(month: int, length: int) -> None:
    span = Span(month - month % length, length)
    assert span_of(span.label) == span


# --- records for the tests below --------------------------------------------------------------------------------------

Results = dict[str, dict[str, list[float | None]]]


def bank(
    results: Results,
    *,
    outlets: dict[str, str] | None = None,
    targets: Sequence[tuple[str, str, str, float]] = (),
    typed: tuple[str, ...] = (),
    portfolios: dict[str, tuple[int, float]] | None = None,
    organisation: Sequence[tuple[str, str, str]] = (),
    grades: dict[str, str] | None = None,
    changes: Sequence[tuple[str, str, str]] = (),
) -> Records:
    """Records of the months from January 2025 on. results: by measure and person, None where not in post.

    targets: person, period, measure, value. typed: measures. portfolios: customers, balance. organisation: unit, parent, level.
    changes: person, month, grade.
    """
    ids = list(dict.fromkeys(person for rows in results.values() for person in rows))
    rows = [
        (person, f"2025-{month + 1:02d}", measure, round(value * SCALE), "typed" if measure in typed else "measured")
        for measure, people in results.items()
        for person, values in people.items()
        for month, value in enumerate(values)
        if value is not None
    ]
    frame = pd.DataFrame(rows, columns=["person", "month", "measure", "value", "provenance"])
    frame = frame.assign(
        person=pd.Categorical(frame["person"], ids),
        month=pd.Categorical(frame["month"], sorted(set(frame["month"])), ordered=True),
        measure=frame["measure"].astype("category"),
        provenance=pd.Categorical(frame["provenance"], ["measured", "derived", "typed"]),
    )
    days = {
        person: [
            month
            for month in range(12)
            for people in results.values()
            if month < len(people.get(person, [])) and people[person][month] is not None
        ]
        for person in ids
    }
    last = max(max(months) for months in days.values())
    people = pd.DataFrame(
        {
            "person": ids,
            "outlet": [(outlets or {}).get(person, "East") for person in ids],
            "team": "",
            "grade": [(grades or {}).get(person, "") for person in ids],
            "joined": np.array([f"2025-{min(days[person]) + 1:02d}-01" for person in ids], dtype="datetime64[s]"),
            "left": np.array(
                [f"2025-{max(days[person]) + 1:02d}-28" if max(days[person]) < last else "NaT" for person in ids], dtype="datetime64[s]"
            ),
        }
    )
    held = [(person, "mass", count * SCALE, round(balance * SCALE)) for person, (count, balance) in (portfolios or {}).items()]
    asked = [
        (person if person in ids else "", "", "" if person in ids else person, period, measure, round(value * SCALE))
        for person, period, measure, value in targets
    ]
    return Records(
        people=people,
        measures=frame,
        portfolios=pd.DataFrame(held, columns=["person", "group", "count", "balance"]),
        targets=pd.DataFrame(asked, columns=["person", "team", "grade", "period", "measure", "value"]),
        organisation=pd.DataFrame(list(organisation), columns=["unit", "parent", "level"]),
        changes=pd.DataFrame(list(changes), columns=["person", "month", "grade"]),
    )


def indicators(period: str = "month", **each: dict[str, Any]) -> IndicatorSet:
    data = {name: {"set": "basic", "weight": 1 / len(each), "compare": "ratio", **indicator} for name, indicator in each.items()}
    return make_indicators(
        {"title": {"en": "t", "zh": "t"}, "source": "test", "status": "proposed", "period": period, "indicators": data}, "own"
    )


# --- scores -----------------------------------------------------------------------------------------------------------


def test_ratio_and_difference_then_coefficient_and_weight() -> None:
    records = bank(
        {"accounts": {"A": [12]}, "deposits": {"A": [900]}, "complaints": {"A": [1]}},
        targets=[("A", "2025-01", "accounts", 10), ("A", "2025-01", "deposits", 1000)],
    )
    own = indicators(
        accounts={"measure": "accounts", "weight": 0.5, "coefficient": 1.1},
        deposits={"measure": "deposits", "weight": 0.3, "compare": "difference", "per": {"value": 400, "unit": "CNY"}},
        complaints={
            "measure": "complaints",
            "weight": 0.2,
            "compare": "difference",
            "per": {"value": 4, "unit": "items"},
            "target": {"kind": "absolute", "value": 0, "unit": "items"},
        },
    )
    found = scores(records, own, "2025-01")
    # accounts 100 x 0.5 x 1.1 x 12/10 = 66; deposits 30 x (1 + (900 - 1000) / 400) = 22.5
    # complaints, of which fewer are better: 20 x (1 + (0 - 1) / 4) = 15
    assert found.frame["score"].tolist() == [66, 22.5, 15]
    assert found.frame["comparison"].tolist() == [1.2, 0.75, 0.75]
    assert found.score_of("A") == Fraction("103.5") and found.totals["hundredths"].tolist() == [10350]


def test_cap_and_floor_bound_the_comparison() -> None:
    records = bank({"accounts": {"A": [30], "B": [0]}}, targets=[("A", "2025-01", "accounts", 10), ("B", "2025-01", "accounts", 10)])
    own = indicators(accounts={"measure": "accounts", "cap": 1.5, "floor": 0.2})
    assert scores(records, own, "2025-01").frame["score"].tolist() == [150, 20]


def test_where_lower_is_better_half_of_the_target_scores_half_more() -> None:
    records = bank(
        {"bad_loan_ratio": {"A": [0.01], "B": [0.05]}},
        targets=[("A", "2025-01", "bad_loan_ratio", 0.02), ("B", "2025-01", "bad_loan_ratio", 0.02)],
    )
    # 2 - 0.01/0.02 = 1.5; 2 - 0.05/0.02 = -0.5, held at 0
    assert scores(records, indicators(bad={"measure": "bad_loan_ratio"}), "2025-01").frame["score"].tolist() == [150, 0]


@settings(deadline=None)  # the first call is slow
@given(
    st.lists(st.tuples(st.integers(1, LARGEST * SCALE), st.integers(1, 99), st.booleans()), min_size=1, max_size=4),
    st.sampled_from(["accounts", "complaints"]),
)
def test_an_indicator_at_target_scores_its_weight(parts: list[tuple[int, int, bool]], measure: str) -> None:
    weights = [Fraction(share, sum(share for _, share, _ in parts)) for _, share, _ in parts]
    rounded = [Fraction(round(weight * 1000), 1000) for weight in weights]
    rounded[-1] = 1 - sum(rounded[:-1])
    if min(rounded) <= 0:
        return
    unit = pay_measures()[measure].unit
    for (value, _, by_ratio), weight in zip(parts, rounded, strict=True):
        rest = {"rest": {"measure": "deposits", "weight": float(1 - weight)}} if weight < 1 else {}
        how = {} if by_ratio else {"compare": "difference", "per": {"value": 3.0, "unit": unit}}
        own = indicators(it={"measure": measure, "weight": float(weight), **how}, **rest)
        records = bank(
            {measure: {"A": [0]}, "deposits": {"A": [0]}}, targets=[("A", "2025-01", measure, 0), ("A", "2025-01", "deposits", 1)]
        )
        records.measures.loc[records.measures["measure"] == measure, "value"] = value
        records.targets.loc[records.targets["measure"] == measure, "value"] = value
        assert scores(records, own, "2025-01").lines[0].points.fraction(0) == 100 * weight


def test_progress_is_scored_against_the_quarter_before() -> None:
    """C4: two managers of unlike size, both 10 % above their own base."""
    records = bank({"deposits": {"big": [1000] * 3 + [1100] * 3, "small": [10] * 3 + [11] * 3}})
    own = indicators("quarter", deposits={"measure": "deposits", "target": {"kind": "own_base", "of": "period_before"}})
    found = scores(records, own, "2025-Q2")
    assert found.score_of("big") == found.score_of("small") == 110
    assert found.frame["provenance"].tolist() == ["derived", "derived"]


def test_differential_rent_levels_the_start() -> None:
    """C3: the rich portfolio earns more for the same effort, and its holder is asked for more."""
    records = bank(
        {"fee_income": {"rich": [150], "poor": [50]}},
        targets=[("rich", "2025-01", "fee_income", 100), ("poor", "2025-01", "fee_income", 100)],
        portfolios={"rich": (10, 300), "poor": (30, 100)},
    )

    # mean 200: targets 100 x 300/200 = 150 and 100 x 100/200 = 50; by number of customers (mean 20) 50 and 150
    def own(**more: Any) -> IndicatorSet:
        return indicators(fees={"measure": "fee_income", "target": {"kind": "differential_rent", "strength": 1.0, **more}})

    assert scores(records, own(), "2025-01").frame["target"].tolist() == [150, 50]
    assert scores(records, own(), "2025-01").totals["score"].tolist() == [100, 100]
    assert scores(records, own(portfolio="count"), "2025-01").frame["target"].tolist() == [50, 150]
    assert scores(records, own(value=1000.0, unit="CNY", strength=0.5), "2025-01").frame["target"].tolist() == [1250, 750]
    records.people["outlet"] = ["East", "West"]  # each alone in an outlet: nobody is richer
    assert scores(records, own(among="outlet"), "2025-01").frame["target"].tolist() == [100, 100]


def test_what_cannot_be_scored_leaves_its_weight_to_the_rest() -> None:
    records = bank(
        {"accounts": {"A": [8], "B": [8], "C": [8]}, "contacts": {"A": [50], "B": [50]}},
        targets=[
            ("A", "2025-01", "accounts", 10),
            ("C", "2025-01", "accounts", 10),
            ("B", "2025-01", "accounts", 0),
            ("A", "2025-01", "contacts", 40),
            ("C", "2025-01", "contacts", 40),
        ],
    )
    own = indicators(accounts={"measure": "accounts", "weight": 0.8}, contacts={"measure": "contacts", "weight": 0.2})
    found = scores(records, own, "2025-01")
    # A: 80 x 0.8 + 20 x 1.25 = 89. B: a target of 0 accounts and none of contacts.
    # C has no contacts: 80 x 0.8 / 0.8, on the weight that is left
    assert [found.score_of(person) for person in "ABC"] == [89, None, 80]
    assert found.frame["unscored"].tolist() == ["", "a ratio to no target", "", "", "no target", "no result"]
    assert found.totals["weight"].tolist() == [1, 0, 0.8]
    assert found.totals["hundredths"].isna().tolist() == [False, True, False]


def test_a_base_that_was_not_a_whole_period_is_none() -> None:
    records = bank({"accounts": {"A": [1] * 6, "B": [None, 1, 1, 1, 1, 1], "C": [1, 1, None, None, None, None]}})
    own = indicators("quarter", accounts={"measure": "accounts", "target": {"kind": "own_base", "of": "period_before"}})
    found = scores(records, own, "2025-Q2")
    assert found.ids.tolist() == ["A", "B"]
    assert found.frame["unscored"].tolist() == ["", "no whole base"]


def test_provenance_is_the_worst_of_what_went_in() -> None:
    records = bank(
        {"satisfaction": {"A": [90]}, "accounts": {"A": [5]}, "deposits": {"A": [5]}},
        typed=("satisfaction",),
        targets=[("A", "2025-01", measure, 5) for measure in ("satisfaction", "accounts", "deposit_yuan_days")],
    )
    own = indicators(
        satisfaction={"measure": "satisfaction", "weight": 0.5},
        accounts={"measure": "accounts", "weight": 0.3},
        yuan_days={"measure": "deposit_yuan_days", "weight": 0.2},
    )
    found = scores(records, own, "2025-01")
    assert found.frame["provenance"].tolist() == ["typed", "measured", "derived"]
    assert found.totals["provenance"].tolist() == ["typed"]


def test_a_grade_s_target_goes_by_the_grade_at_the_beginning_of_the_period() -> None:
    records = bank(
        {"accounts": {"A": [6, 6, 6], "B": [6, 6, 6]}},
        grades={"A": "junior", "B": "junior"},
        changes=[("A", "2025-02", "senior")],
        targets=[("junior", f"2025-0{month}", "accounts", 6) for month in (1, 2, 3)]
        + [("senior", "2025-02", "accounts", 12), ("senior", "2025-03", "accounts", 12)],
    )
    own = indicators(accounts={"measure": "accounts"})
    assert [scores(records, own, f"2025-0{month}").totals["score"].tolist() for month in (1, 2, 3)] == [[100, 100], [50, 100], [50, 100]]
    assert grades_at(records, span_of("2025-01").first).tolist() == ["junior", "junior"]


def test_what_the_records_lack_is_said() -> None:
    records = bank({"accounts": {"A": [1, 1, 1]}}, targets=[("A", "2025-02", "accounts", 1)])
    own = indicators(accounts={"measure": "accounts"})
    based = indicators(accounts={"measure": "accounts", "target": {"kind": "own_base", "of": "period_before"}})
    rent = indicators(accounts={"measure": "accounts", "target": {"kind": "differential_rent", "strength": 0.5}})
    for made, period, message in (
        (own, "2025-Q1", "period: found 2025-Q1, a quarter; expected a month, as own appraises"),
        (own, "2025-04", "measures: found results of 2025-01 to 2025-03; expected those of all of 2025-04"),
        (based, "2025-01", "expected those of all of 2024-12 too, the base of indicators.accounts.target"),
        (own, "2025-01", "targets: found none in accounts for 2025-01; expected targets of people or grades.*Known here: 2025-02"),
        (rent, "2025-02", "portfolios: found no rows; expected what each manager holds"),
        (indicators(contacts={"measure": "contacts"}), "2025-02", "measures: found no `contacts`; expected results in it"),
        (indicators(profit={"measure": "loan_loss"}), "2025-02", "expected results in it, from which loan_loss is made"),
    ):
        with pytest.raises(InputError, match=message):
            scores(records, made, period)
    with pytest.raises(InputError, match="person: found `X`; expected somebody in post in 2025-02"):
        scores(records, own, "2025-02").score_of("X")


def test_benefit_and_management_by_hand() -> None:
    """C3: portfolios of 300 and 100, mean 200, strength 0.5, so targets of 1.25 and 0.75 times the common ones."""
    quarter = {
        "loan_interest_income": {"rich": 1250, "poor": 600}, "deposit_transfer_income": {"rich": 500, "poor": 300},
        "fee_income": {"rich": 375, "poor": 75}, "contacts": {"rich": 120, "poor": 200}, "complaints": {"rich": 1, "poor": 0},
    }  # fmt: skip
    common = {"loan_interest_income": 1000, "deposit_transfer_income": 400, "fee_income": 200}
    records = bank(
        {measure: {who: [value, 0, 0] for who, value in values.items()} for measure, values in quarter.items()},
        targets=[(who, "2025-Q1", measure, value) for who in ("rich", "poor") for measure, value in common.items()],
        portfolios={"rich": (1, 300), "poor": (1, 100)},
    )
    found = scores(records, load_indicators("benefit-and-management"), "2025-Q1")
    # rich: 30 x 1250/1250 + 25 x 500/500 + 15 x 375/250 + 20 x 120/150 + 10 x (1 - 1/2) = 30 + 25 + 22.5 + 16 + 5
    # poor: 30 x 600/750 + 25 x 300/300 + 15 x 75/150 + 20 x 1.2 (cap; 200/150) + 10 = 24 + 25 + 7.5 + 24 + 10
    assert [found.score_of(who) for who in ("rich", "poor")] == [Fraction("98.5"), Fraction("90.5")]


def test_appraisal_by_five_sets_by_hand() -> None:
    """C5: one manager, first and second quarter."""
    quarters = {"deposits": (1_000_000, 2_000_000), "accounts": (0, 2), "satisfaction": (0, 72), "fee_income": (0, 400), "other_cost": (0, 50),
                "loss_balance": (0, 150)}  # fmt: skip
    months = {name: quarters.get(name, (0, 0)) for name in (*LEAVES, *quarters)}
    records = bank(
        {name: {"A": [first] * 3 + [second] * 3} for name, (first, second) in months.items()},
        targets=[("A", "2025-Q2", "deposits", 1_600_000), ("A", "2025-Q2", "responsible_profit", 900), ("A", "2025-Q2", "accounts", 10)],
        typed=("satisfaction",),
    )
    found = scores(records, load_indicators("appraisal-five-sets"), "2025-Q2")
    # 25 x 2.0/1.6 million = 31.25; 20 x (1 + (2 - 1) million / 2 million) = 30; profit 3 x (400 - 50) - 150 = 900: 25 x 900/900
    # accounts 15 x 6/10 = 9; satisfaction 15 x 72/90 = 12
    assert found.frame["score"].tolist() == [31.25, 30, 25, 9, 12]
    assert found.frame["provenance"].tolist() == ["measured", "derived", "derived", "measured", "typed"]
    assert found.score_of("A") == Fraction("107.25")


# --- indicator sets as files ------------------------------------------------------------------------------------------


def test_the_library_s_sets_stand_for_c3_c4_and_c5() -> None:
    sets = {name: load_indicators(name) for name in list_indicators()}
    assert set(sets) == {"benefit-and-management", "progress", "appraisal-five-sets"}
    assert {indicator.target.kind for indicator in sets["progress"].indicators.values()} == {"own_base"}
    assert "differential_rent" in {indicator.target.kind for indicator in sets["benefit-and-management"].indicators.values()}
    assert {indicator.set for indicator in sets["appraisal-five-sets"].indicators.values()} == {
        "basic",
        "change",
        "income_and_expense",
        "transaction",
        "other",
    }
    for each in sets.values():
        assert all(indicator.assumed or indicator.source for indicator in each.indicators.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": 0.9}, "indicators: found weights that sum to 0.9 (0.9); expected weights that sum to 1."),
        ({"measure": "acounts"}, 'indicators.it.measure: found the text "acounts"; expected a measure of the data dictionary'),
        ({"measure": "people"}, 'indicators.it.measure: found the text "people"; expected a measure that is recorded or derived.'),
        (
            {"compare": "difference"},
            "indicators.it.per: found nothing; expected {value: ..., unit: accounts}, as results are compared by difference.",
        ),
        ({"per": {"value": 1, "unit": "accounts"}}, "indicators.it.per: found 1; expected none beside `compare: ratio`."),
        (
            {"compare": "difference", "per": {"value": 1, "unit": "CNY"}},
            'indicators.it.per.unit: found the text "CNY"; expected accounts, in which accounts is counted.',
        ),
        ({"target": {"kind": "absolute", "value": 1, "unit": "CNY"}}, 'indicators.it.target.unit: found the text "CNY"; expected accounts'),
        ({"target": {"kind": "own_bas"}}, "Did you mean `own_base`?"),
        (
            {"target": {"kind": "differential_rent", "strength": 0.5, "value": 3}},
            "indicators.it.target.unit: found nothing; expected a unit beside `value`",
        ),
        ({"cap": 0}, "indicators.it.cap: found 0; expected more than the floor (0)."),
        ({"set": "misc"}, 'indicators.it.set: found the text "misc"; expected one of basic, change'),
        ({"wieght": 1}, "indicators.it.wieght: found an unknown key. Did you mean `weight`?"),
    ],
)
def test_a_mistake_in_a_set_is_one_sentence(change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        indicators(it={"measure": "accounts", **change})
    assert message in str(error.value)


def test_a_set_of_one_s_own_extends_another(tmp_path: Any) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "title: {en: Mine, zh: 我的}\nstatus: proposed\nextends: progress\nindicators:\n  deposits: {cap: 2}\n", encoding="utf-8"
    )
    mine, theirs = load_indicators(file), load_indicators("progress")
    assert (mine.indicators["deposits"].cap, mine.indicators["accounts"]) == (2, theirs.indicators["accounts"])
    assert mine.files == (str(file), "data/indicators/progress.yaml") and mine.digest != theirs.digest
    with pytest.raises(InputError, match="Did you mean `progress`"):
        load_indicators("progres")


# --- tables in two languages ------------------------------------------------------------------------------------------


def test_a_score_table_in_chinese_shows_two_decimals_and_the_total() -> None:
    records = bank(
        {"accounts": {"A": [1], "B": [None, 1]}, "contacts": {"A": [2], "B": [None, 1]}},
        targets=[("A", "2025-01", "accounts", 3), ("A", "2025-01", "contacts", 3)],
    )
    own = indicators(accounts={"measure": "accounts"}, contacts={"measure": "contacts"})
    table = score_table(scores(records, own, "2025-01"), "zh")
    # 50/3 = 16.67, 100/3 = 33.33, in all 50
    assert table[["指标", "得分", "来源"]].to_numpy().tolist() == [
        ["开户数", "16.67", "实测"],
        ["客户维护次数", "33.33", "实测"],
        ["合计", "50.00", "实测"],
    ]
    with pytest.raises(InputError, match="lang: found `fr`"):
        score_table(scores(records, own, "2025-01"), "fr")


def test_two_decimals_are_rounded_halves_up() -> None:
    numbers = Exact(np.array([1005, 1004, -1005, 0]), 1000)
    assert two_decimals(numbers, [True, True, True, False]) == ["1.01", "1.00", "-1.00", ""]


# --- roll-up ----------------------------------------------------------------------------------------------------------

TREE = [
    ("East", "North", "sub_branch"),
    ("East desk", "East", "outlet"),
    ("West desk", "West", "outlet"),
    ("West", "North", "sub_branch"),
    ("North", "Province", "second_tier_branch"),
    ("Province", "", "first_tier_branch"),
]


def rolled(frame: pd.DataFrame) -> dict[str, float]:
    return dict(zip(frame["unit"], frame["value"], strict=True))


def test_amounts_add_up_through_every_level() -> None:
    records = bank(
        {"accounts": {"A": [3], "B": [4], "C": [5]}}, outlets={"A": "East desk", "B": "East desk", "C": "West desk"}, organisation=TREE
    )
    frame = roll_up("accounts", records, "2025-01")
    assert rolled(frame) == {"A": 3, "B": 4, "C": 5, "East desk": 7, "West desk": 5, "East": 7, "West": 5, "North": 12, "Province": 12}
    assert list(dict.fromkeys(frame["level"])) == list(LEVELS)
    assert set(frame["how"]) == {"", "sum"}
    assert dict(zip(frame["unit"], frame["people"], strict=True))["North"] == 3


def test_who_stands_under_a_branch_itself_counts_from_there_and_who_stands_nowhere_for_nobody() -> None:
    records = bank({"accounts": {"A": [3], "B": [4], "C": [5]}}, outlets={"A": "East desk", "B": "North", "C": ""}, organisation=TREE)
    assert rolled(roll_up("accounts", records, "2025-01")) == {"A": 3, "B": 4, "C": 5, "East desk": 3, "East": 3, "North": 7, "Province": 7}


def test_a_ratio_is_made_anew_from_sums_never_averaged() -> None:
    records = bank({"bad_loan_ratio": {"A": [0.10], "B": [0.01]}, "loan_balance": {"A": [100], "B": [900]}})
    # bad loans 10 + 9 = 19 of 1000: 0.019, where the plain mean would be 0.055
    frame = roll_up("bad_loan_ratio", records, "2025-01")
    assert rolled(frame)["East"] == 0.019
    assert frame["how"].tolist()[-1] == "mean by loan_balance" and frame["provenance"].tolist() == ["measured", "measured", "derived"]
    alone = bank({"bad_loan_ratio": {"A": [0.10], "B": [0.01]}})
    assert rolled(roll_up("bad_loan_ratio", alone, "2025-01"))["East"] == 0.055
    assert roll_up("bad_loan_ratio", alone, "2025-01")["how"].tolist()[-1] == "mean by people"


def test_satisfaction_counts_each_customer_alike() -> None:
    records = bank({"satisfaction": {"A": [80], "B": [90]}}, portfolios={"A": (30, 1), "B": (10, 1)})
    # (30 x 80 + 10 x 90) / 40 = 82.5
    assert rolled(roll_up("satisfaction", records, "2025-01"))["East"] == 82.5


def test_a_portfolio_handed_over_counts_once() -> None:
    records = bank(
        {"deposits": {"A": [100, None, None], "B": [None, 100, 100]}, "loan_balance": {"A": [70, None, None], "B": [None, 70, 60]}}
    )
    # 100 on each of 90 days; loans at the end 60, all of them with B
    assert rolled(roll_up("deposits", records, "2025-Q1"))["East"] == 100
    assert rolled(roll_up("loan_balance", records, "2025-Q1")) == {"A": 0, "B": 60, "East": 60}


def test_units_are_scored_on_their_own_results_and_targets() -> None:
    records = bank(
        {"accounts": {"A": [30], "B": [2]}},
        targets=[("A", "2025-01", "accounts", 20), ("B", "2025-01", "accounts", 4)],
        typed=("accounts",),
    )
    frame = roll_up(scores(records, indicators(accounts={"measure": "accounts"}), "2025-01"), records)
    total = frame[frame["indicator"] == "total"]
    # 32 of 24 accounts: 133.33, where the mean of the scores 150 and 50 would be 100
    assert rolled(total) == pytest.approx({"A": 150, "B": 50, "East": 400 / 3})
    assert set(frame["provenance"]) == {"typed"}


def test_only_who_could_be_compared_counts_in_a_unit_s_score() -> None:
    records = bank({"accounts": {"A": [30], "B": [100]}}, targets=[("A", "2025-01", "accounts", 20)])
    frame = roll_up(scores(records, indicators(accounts={"measure": "accounts"}), "2025-01"), records)
    east = frame[(frame["unit"] == "East") & (frame["indicator"] == "accounts")]
    assert east[["actual", "target", "value", "people"]].to_numpy().tolist() == [[30, 20, 150, 1]]


OUTLETS = st.lists(st.sampled_from(["East desk", "West desk"]), min_size=3, max_size=3)


@settings(deadline=None)  # the first call is slow
@given(OUTLETS, OUTLETS, st.lists(st.integers(0, 10**9), min_size=6, max_size=6))
def test_moving_a_manager_between_outlets_leaves_the_branch_s_total(here: list[str], there: list[str], values: list[int]) -> None:
    results: Results = {
        "deposits": {who: [values[place], values[place + 3]] for place, who in enumerate("ABC")},
        "bad_loan_ratio": {who: [0.1, 0.2] for who in "ABC"},
    }
    before, after = (bank(results, outlets=dict(zip("ABC", outlets, strict=True)), organisation=TREE) for outlets in (here, there))
    for measure in results:
        old, new = (rolled(roll_up(measure, records, "2025-02")) for records in (before, after))
        assert (old["North"], old["Province"]) == (new["North"], new["Province"])
    assert rolled(roll_up("deposits", before, "2025-01"))["North"] == sum(values[:3])


@settings(deadline=None)  # the first call is slow
@given(
    st.lists(st.tuples(AMOUNTS, st.integers(0, 10**12), st.integers(-1, 3)), min_size=1, max_size=8),
    st.lists(st.integers(0, 1), min_size=4, max_size=4),
    st.booleans(),
)
def test_rolling_up_in_one_go_equals_level_by_level(people: list[tuple[int, int, int]], above: list[int], ratio: bool) -> None:
    values, weights = (Exact(np.array([row[place] for row in people])) for place in (0, 1))
    outlet = np.array([row[2] for row in people])
    branch = np.where(outlet >= 0, np.array(above)[outlet], -1)
    parts = Summed(values * weights, weights, "mean by it") if ratio else Summed(values, Exact.of(1, len(people)), "sum")
    at_once, by_level = summed(parts, branch, 2), summed(summed(parts, outlet, 4), np.array(above), 2)
    assert fractions(at_once.top) == fractions(by_level.top) and fractions(at_once.bottom) == fractions(by_level.bottom)
    assert all((left == right).all() for left, right in zip(value_of(at_once), value_of(by_level), strict=True))


def test_a_bank_may_hold_more_than_one_account_can() -> None:
    records = bank(
        {"deposits": {who: [0.9 * LARGEST] for who in "ABCDEFGHIJKL"}},
        targets=[(who, "2025-01", "deposits", LARGEST) for who in "ABCDEFGHIJKL"],
    )
    assert rolled(roll_up("deposits", records, "2025-01"))["East"] == 10.8 * LARGEST
    frame = roll_up(scores(records, indicators(deposits={"measure": "deposits"}), "2025-01"), records)
    assert rolled(frame[frame["indicator"] == "total"])["East"] == 90


def test_every_measure_says_how_it_adds_up() -> None:
    for name, measure in pay_measures().items():
        by = weight_of(name)
        if measure.unit == "share":
            assert by, name
        elif measure.unit in ("CNY", "accounts", "contacts", "customers", "yuan_days"):
            assert by is None, name
        assert by in (None, "people", "customers") or by in pay_measures()


def test_a_measure_to_roll_up_must_be_known() -> None:
    records = bank({"accounts": {"A": [1]}})
    with pytest.raises(InputError, match="measure: found `acounts`.*Did you mean `accounts`"):
        roll_up("acounts", records, "2025-01")
    with pytest.raises(InputError, match="period: found nothing"):
        roll_up("accounts", records)


@settings(deadline=None)  # the first call is slow
@given(st.lists(st.tuples(AMOUNTS, st.integers(0, 2)), min_size=1, max_size=6))
def test_group_sums_and_means_are_exact(rows: list[tuple[int, int]]) -> None:
    values, groups = (np.array([row[place] for row in rows]) for place in (0, 1))
    sums = {group: sum(value for value, at in rows if at == group) for group in range(3)}
    assert group_sums(values, groups, 3).tolist() == list(sums.values())
    means = [Fraction(sums[group], sum(at == group for _, at in rows)) for _, group in rows]
    assert fractions(mean_portfolios(values, groups)) == means


# --- customers --------------------------------------------------------------------------------------------------------


def customers(**columns: list[float]) -> pd.DataFrame:
    many = len(next(iter(columns.values())))
    blank = dict.fromkeys(("income", "deposits", "loans", "aum", "products", "months", "complaints"), [0] * many)
    numbers = {name: np.array([round(value * SCALE) for value in values]) for name, values in (blank | columns).items()}
    return pd.DataFrame(
        {"customer": [f"C{place}" for place in range(many)], "person": ["A", "B"] * (many // 2) + ["A"] * (many % 2), **numbers}
    )


def test_contribution_and_loyalty_of_a_customer() -> None:
    found = customer_scores(
        customers(income=[5000, -100], deposits=[250_000, 0], aum=[1_000_000, 0], months=[30, 120], products=[1, 5], complaints=[1, 0])
    )
    # contribution: 50 x 5000/10000 + 20 x 250000/500000 + 20 x 1 + 10 x 0 = 25 + 10 + 20 = 55; a loss counts as nothing
    # loyalty: 40 x 30/60 + 40 x 1/4 + 20 x (1 - 1/2) = 20 + 10 + 10 = 40; 40 + 40 + 20 = 100 where all marks are passed
    assert found["contribution"].tolist() == [5500, 0]
    assert found["loyalty"].tolist() == [4000, 10000]
    assert found["group"].tolist() == ["win_over", "grow"]


def test_a_customer_at_a_mark_is_in_the_higher_group() -> None:
    # contribution 50 x 10000/10000 = 50; loyalty 40 x 15/60 + 40 x 2/4 + 20 = 50; a month less is below
    found = customer_scores(customers(income=[10_000, 10_000], months=[15, 14], products=[2, 2]))
    assert found["group"].tolist() == ["core", "win_over"]


def test_customers_of_a_manager_by_group() -> None:
    counts = groups_of(customer_scores(customers(income=[10_000, 10_000, 0], months=[60, 60, 0])))
    assert counts.to_dict("list") == {"person": ["A", "B"], "standard": [1, 0], "grow": [0, 0], "win_over": [0, 0], "core": [1, 1]}


@settings(deadline=None)  # the first call is slow
@given(st.lists(st.integers(-LARGEST * SCALE, LARGEST * SCALE), min_size=7, max_size=7), st.integers(0, 6))
def test_scores_of_customers_stay_on_the_scale_and_rise_with_what_is_better(values: list[int], column: int) -> None:
    names = ("income", "deposits", "loans", "aum", "products", "months", "complaints")
    frame = customers(income=[0, 0]).assign(**{name: [value, value] for name, value in zip(names, values, strict=True)})
    frame.loc[1, names[column]] = min(values[column] + 10**9, LARGEST * SCALE)
    found = customer_scores(frame)
    for side in ("contribution", "loyalty"):
        low, high = found[side].tolist()
        assert 0 <= low <= 10000 and 0 <= high <= 10000
        assert (low >= high) if names[column] == "complaints" else (low <= high)


def test_a_scoring_of_one_s_own_is_checked(tmp_path: Any) -> None:
    from sim.reading import resource_folder

    text = (resource_folder("data") / "indicators" / "tables" / "customers.yaml").read_text(encoding="utf-8")
    file = tmp_path / "mine.yaml"
    for old, new, message in (("loyalty: [50]", "loyalty: [50, 40]", "grid.loyalty: found marks 50, 40; expected each higher"),
                              ("loyalty: [50]", "loyalty: [50, 80]", "grid.groups: found rows of 2, 2 groups; expected 2 rows of 3"),
                              ("income: {weight: 0.5", "income: {weight: 0.4", "contribution.columns: found weights that sum to 0.9"),
                              ("income: {weight", "incom: {weight", "contribution.columns.incom: found an unknown column"),
                              ("name: grow", "name: core", "grid.groups: found core a second time")):  # fmt: skip
        file.write_text(text.replace(old, new), encoding="utf-8")
        with pytest.raises(InputError) as error:
            load_customer_scoring(file)
        assert message in str(error.value)
    with pytest.raises(InputError, match="customers: found no rows"):
        customer_scores(customers(income=[1]).iloc[:0])


# --- from files to scores ---------------------------------------------------------------------------------------------


def test_from_a_bank_s_files_to_a_branch_s_score(tmp_path: Any) -> None:
    tables = {
        "人员": "工号,网点\nE1,东街\nE2,西街\n",
        "月度指标": "工号,月份,指标,数值,来源\nE1,2025-01,开户数,12,\nE2,2025-01,开户数,6,手工\n",
        "目标": "职级,工号,期间,指标,目标值\n,E1,2025-01,开户数,10\n,E2,2025-01,开户数,10\n",
        "机构": "机构,上级机构,层级\n东街,城区,网点\n西街,城区,网点\n城区,,支行\n",
        "客户": "客户号,工号,净收入,往来月数,产品数\nK1,E1,12000,60,4\n",
    }
    for name, text in tables.items():
        (tmp_path / f"{name}.csv").write_text(text, encoding="utf-8")
    records = read_records(tmp_path)
    found = scores(records, indicators(accounts={"measure": "accounts"}), "2025-01")
    assert found.totals[["score", "provenance"]].to_numpy().tolist() == [[120, "measured"], [60, "typed"]]
    frame = roll_up(found, records)
    # 18 of 20 accounts
    assert frame[(frame["level"] == "sub_branch") & (frame["indicator"] == "total")][
        ["unit", "value", "provenance"]
    ].to_numpy().tolist() == [["城区", 90, "typed"]]
    assert customer_scores(records.customers)["group"].tolist() == ["core"]


def test_the_page_on_indicators_names_what_the_data_say() -> None:
    from pathlib import Path

    from sim.payroll.scoring import PROVENANCE
    from sim.reading import read_yaml, resource_folder

    page = (Path(__file__).parent.parent / "docs" / "indicators.md").read_text(encoding="utf-8")
    table = read_yaml(resource_folder("data") / "indicators" / "tables" / "roll-up.yaml")
    for name in (
        *list_indicators(),
        *PROVENANCE,
        *table,
        *(str(entry["by"]) for entry in table.values() if entry["by"] not in ("customers", "people")),
    ):
        assert f"`{name}`" in page, name
    scoring = load_customer_scoring()
    for column in (*scoring.contribution.columns.values(), *scoring.loyalty.columns.values()):
        assert f"{column.weight:g}" in page and f"{column.mark:,.0f}" in page
    for group in scoring.grid.all:
        assert group.label.zh in page
