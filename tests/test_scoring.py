"""Targets, derived measures, scores and their roll-up: worked by hand, and what must hold whatever the numbers are."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.payroll.derived import over_period, parts_of, with_derived
from sim.payroll.numbers import LARGEST, SCALE, millionths
from sim.payroll.targets import GivenTargets, differential_rent, own_base, portfolios_of
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


@given(st.lists(AMOUNTS, min_size=1, max_size=5), st.fractions(0, 3, max_denominator=100))
def test_own_base_asks_for_more_the_higher_the_factor(bases: list[int], times: Fraction) -> None:
    lower, higher = (fractions(own_base(Exact(np.array(bases)), factor)) for factor in (times, times + 1))
    assert all(low < high or base == 0 for base, low, high in zip(bases, lower, higher, strict=True))


def test_differential_rent_asks_more_of_a_rich_portfolio() -> None:
    portfolio, mean = Exact(np.array([300, 100, 200])), Exact.of(200, 3)
    # 1000 x (1 + 0.5 x (300/200 - 1)) = 1250; 1000 x (1 - 0.5 x 0.5) = 750
    assert fractions(differential_rent(Fraction(1000), portfolio, mean, Fraction("0.5"))) == [1250, 750, 1000]


@given(st.lists(st.integers(0, LARGEST * SCALE), min_size=1, max_size=6), st.fractions(0, 10**9, max_denominator=100),
       st.fractions(0, 1, max_denominator=100))
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

LEAVES = ("loan_interest_income", "deposit_transfer_income", "fee_income", "settlement_income", "other_income",
          "deposit_interest_expense", "asset_business_cost", "other_cost", "substandard_balance", "doubtful_balance", "loss_balance")
DAYS = np.array([31, 28, 31])


def of_one(**months: list[float]) -> dict[str, np.ndarray]:
    """Values of one person by month; the parts of responsible profit that are not given are nothing."""
    length = len(next(iter(months.values())))
    nothing = {name: [0] * length for name in LEAVES}
    return {name: np.array([[round(value * SCALE)] for value in values]) for name, values in {**nothing, **months}.items()}


def test_responsible_profit_of_a_month() -> None:
    values = of_one(loan_interest_income=[50_000], fee_income=[3_000], deposit_interest_expense=[20_000], other_cost=[1_500],
                    substandard_balance=[10_000], doubtful_balance=[4_000], loss_balance=[500])
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
    with pytest.raises(InputError, match="found no `other_cost`, `loss_balance`; expected results in it, from which responsible_profit is made"):
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
