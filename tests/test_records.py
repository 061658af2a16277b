"""A bank's records: what is read, what is refused in which words, all of it at once, and nobody's name in any of it."""

from __future__ import annotations

import io
import pickle
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.errors import InputError
from sim.payroll import Mistake, Records, RecordsError, SCALE, data_dictionary, exact, known_measures, neutralised, pseudonymised, read_records, write_example
from sim.payroll.cells import key, restored
from sim.payroll.dates import parse_day, parse_month, parse_period
from sim.payroll.dictionary import column_words, forms, ignored_columns, made_from, measure_words, table_words, unit_words
from sim.payroll.entries import rings, round_trip
from sim.payroll.mistakes import Wrong
from sim.payroll.numbers import millionths, parse_number, plain_numbers

PEOPLE = "person,name,team,grade,joined,left,mentor\nE1,Zhao Yi,A,senior,2015-03-01,,\nE2,Qian Er,A,ordinary,2024-01-10,,E1\nE3,Sun San,B,ordinary,,2025-02-28,\n"
MEASURES = ("person,month,measure,value,unit\n"
            "E1,2025-01,accounts,5,\nE1,2025-02,accounts,7,\nE1,2025-03,accounts,6,\n"
            "E2,2025-01,accounts,3,\nE2,2025-02,accounts,0,\nE2,2025-03,accounts,2,\n"
            "E3,2025-01,accounts,9,\nE3,2025-02,accounts,8,\n")
Folder = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A folder of CSV files: sound people and measures, unless others are given; bytes are written as they are."""
    def build(**tables: str | bytes) -> Path:
        for name, text in {"people": PEOPLE, "measures": MEASURES, **tables}.items():
            (tmp_path / f"{name}.csv").write_bytes(text if isinstance(text, bytes) else text.encode())
        return tmp_path
    return build


@pytest.fixture
def book(tmp_path: Path) -> Callable[..., Path]:
    """A workbook with sound sheets, changed by a function before it is saved."""
    def build(change: Callable[[Any], None]) -> Path:
        made = openpyxl.Workbook()
        made.remove(made.active)
        for title, text in (("people", PEOPLE), ("measures", MEASURES)):
            sheet = made.create_sheet(title)
            for row in text.splitlines():
                sheet.append([int(cell) if cell.isdigit() else cell or None for cell in row.split(",")])
        change(made)
        made.save(tmp_path / "records.xlsx")
        return tmp_path / "records.xlsx"
    return build


def mistakes(path: Path) -> list[str]:
    with pytest.raises(RecordsError) as caught:
        read_records(path)
    return str(caught.value).splitlines()


def values(records: Records, measure: str) -> list[Decimal]:
    return [exact(value) for value in records.measures.loc[records.measures["measure"] == measure, "value"]]


# --- what is read -----------------------------------------------------------------------------------------------------


def test_people_and_measures_are_enough(folder: Folder) -> None:
    records = read_records(folder())
    assert records.people["person"].tolist() == ["E1", "E2", "E3"]
    assert records.months == ("2025-01", "2025-02", "2025-03")
    assert values(records, "accounts") == [5, 7, 6, 3, 0, 2, 9, 8]
    assert set(records.measures["unit"]) == {"accounts"} and set(records.measures["provenance"]) == {"measured"}
    for frame in (records.targets, records.portfolios, records.adjustments):
        assert frame.empty and len(frame.columns)


def test_the_codes_of_measures_are_row_numbers_of_people(folder: Folder) -> None:
    records = read_records(folder())
    who = records.people["person"].take(records.measures["person"].cat.codes)
    assert who.tolist() == records.measures["person"].astype(str).tolist()


def test_a_column_for_each_measure_is_the_same_as_a_row_for_each(folder: Folder, tmp_path: Path) -> None:
    long = read_records(folder(measures=MEASURES + "E1,2025-01,deposits,125000,\nE1,2025-02,deposits,12.5,万元\nE1,2025-03,deposits,¥125000.00,\n"))
    rows = {(p, m): v for p, m, _, v, _ in (line.split(",") for line in MEASURES.splitlines()[1:])}
    wide = "工号,月份,开户数,日均存款（万元）,,\n" + "".join(f"{p},{m},{v},{'12.5' if p == 'E1' else ''},,\n" for (p, m), v in rows.items()) + ",,,,,\n"
    pd.testing.assert_frame_equal(long.measures, read_records(folder(measures=wide)).measures)


def test_chinese_and_english_headers_say_the_same(folder: Folder) -> None:
    chinese = "工号,姓名,团队,职级,入职日期,离职日期,导师\n" + PEOPLE.partition("\n")[2]
    pd.testing.assert_frame_equal(read_records(folder(people=chinese)).people, read_records(folder()).people)


def test_the_same_id_written_in_two_ways_is_one_person(folder: Folder) -> None:
    (line,) = mistakes(folder(people=PEOPLE + "Ｅ1,Li Si,B,ordinary,2020-01-01,,\n"))
    assert line == "people.csv: row 5: column person: found `E1` a second time; expected one row each; the first is row 2."


# --- the tables beside them -------------------------------------------------------------------------------------------

OUTLETS = "person,outlet,grade,supervisor\nE1,East,senior,\nE2,East,ordinary,E1\nE3,West,ordinary,E2\n"
ALWAYS = MEASURES + "E3,2025-03,accounts,1,\n"
ORGANISATION = "unit,parent,level\nEast,Old Town,outlet\nWest,Old Town,网点\nOld Town,City,支行\nCity,,second-tier branch\n"
CUSTOMERS = "customer,person,group,income,存款（万元）,products,months\nK1,E1,mass,-5,1.5,2,36个月\nK2,E1,,7,0,1,8\n"
DEALS = ("deal,person,share,measure,value,origin,opened,funded,received,reversed,reversed_share\n"
         "D1,E1,,accounts,1,,2025-01-05,,,,\n"
         "D2,E1,60%,income,1.2万元,转入,,2025-02-01,,2025-03-01,\nD2,E2,60%,净收入,12000,转入,,2025-02-01,,2025-03-01,\n")
CHANGES = "person,month,grade,state\nE2,2025-03,senior,\nE1,2025-02,,培训\nE1,2025-03,,on loan\n"


def test_changes_are_sorted_and_states_have_one_word(folder: Folder) -> None:
    changes = read_records(folder(people=OUTLETS, measures=ALWAYS, changes=CHANGES)).changes
    assert changes.values.tolist() == [["E1", "2025-02", "", "training"], ["E1", "2025-03", "", "on loan"], ["E2", "2025-03", "senior", ""]]


def test_a_target_may_be_for_a_grade_that_somebody_reaches_later(folder: Folder) -> None:
    changes = "person,month,grade\nE2,2025-03,expert\n"
    assert len(read_records(folder(changes=changes, targets="grade,period,measure,value\nexpert,2025,accounts,9\n")).targets) == 1


def test_the_organisation_has_levels_in_both_languages(folder: Folder) -> None:
    records = read_records(folder(people=OUTLETS, measures=ALWAYS, organisation=ORGANISATION))
    assert records.organisation["level"].tolist() == ["outlet", "outlet", "sub_branch", "second_tier_branch"]
    assert records.people["supervisor"].tolist() == ["", "E1", "E2"]


def test_a_column_of_customers_left_out_is_nought(folder: Folder) -> None:
    customers = read_records(folder(customers=CUSTOMERS)).customers
    assert [exact(value) for value in customers.loc[0, ["income", "deposits", "loans", "aum", "products", "months", "complaints"]]] == [-5, 15_000, 0, 0, 2, 36, 0]
    assert customers["group"].tolist() == ["mass", ""]


def test_deals_have_whole_shares_unless_said_and_double_credit_is_seen(folder: Folder) -> None:
    records = read_records(folder(deals=DEALS))
    deals = records.deals
    assert [exact(value) for value in deals["share"]] == [1, Decimal("0.6"), Decimal("0.6")]
    assert [exact(value) for value in deals["reversed_share"]] == [0, 1, 1]
    assert deals["origin"].tolist() == ["", "moved_in", "moved_in"] and deals["unit"].tolist() == ["accounts", "CNY", "CNY"]
    assert records.double_credit.values.tolist() == [["D2", 2, 1_200_000]]


def test_tables_that_are_not_given_are_empty_with_their_columns(folder: Folder) -> None:
    bare, full = read_records(folder()), read_records(folder(deals=DEALS, customers=CUSTOMERS, organisation=ORGANISATION, changes=CHANGES))
    for name in ("deals", "customers", "organisation", "changes"):
        assert getattr(bare, name).empty
        assert dict(getattr(bare, name).dtypes) == dict(getattr(full, name).dtypes), name


def test_a_measure_that_follows_from_others_has_targets_and_no_records(folder: Folder) -> None:
    records = read_records(folder(targets="person,period,measure,value\nE1,2025,responsible profit,90万元\n"))
    assert records.targets["measure"].tolist() == ["responsible_profit"]
    (line,) = mistakes(folder(measures=MEASURES + "E1,2025-01,责任收入,5,\n"))
    assert line == ("measures.csv: row 10: column measure: found responsible_income, which is worked out from others; expected what it is made from: "
                    "loan_interest_income, deposit_transfer_income, fee_income, settlement_income, other_income.")
    wide = "person,month,accounts,service years\nE1,2025-01,5,1\nE2,2025-01,5,1\nE3,2025-01,5,1\n"
    (line,) = mistakes(folder(measures=wide, targets="person,period,measure,value\nE1,2025,accounts,9\n"))
    assert line == ("measures.csv: row 1: column service years: found service_years, which follows from the days of joining and leaving; "
                    "expected those days in the table people.")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_usual_encoding_is_read(folder: Folder, encoding: str) -> None:
    text = "工号,姓名,团队\r\nE1,赵一,东街\r\nE2,钱二,东街\r\nE3,孙三,西门\r\n"
    measures = MEASURES.replace("E3,2025-02,accounts,8,\n", "E3,2025-02,accounts,8,户\nE3,2025-03,accounts,1,户\n")
    records = read_records(folder(people=text.encode(encoding), measures=measures.encode(encoding)))
    assert records.people["team"].tolist() == ["东街", "东街", "西门"]


@pytest.mark.parametrize("comma", [";", "\t"])
def test_other_separators_are_read(folder: Folder, comma: str) -> None:
    assert len(read_records(folder(people=PEOPLE.replace(",", comma))).people) == 3


def test_full_width_signs_blank_rows_and_short_rows_are_no_mistakes(folder: Folder) -> None:
    measures = MEASURES.replace("E1,2025-01,accounts,5,", "Ｅ１,２０２５年１月,开户数,５") + "\n,,,,\n　\n"
    assert values(read_records(folder(measures=measures)), "accounts")[0] == 5


def test_a_workbook_with_dates_percentages_and_kept_formulas(book: Any, folder: Folder) -> None:
    from datetime import datetime

    def change(made: Any) -> None:
        sheet = made["measures"]
        for row in range(2, sheet.max_row + 1):
            sheet.cell(row, 2).value = datetime(2025, int(sheet.cell(row, 2).value[-2:]), 1)
        for month in (1, 2, 3):
            sheet.append(["E1", datetime(2025, month, 1), "不良率", 0.0125, None])
            sheet.cell(sheet.max_row, 4).number_format = "0.00%"

    records = read_records(book(change))
    assert values(records, "bad_loan_ratio") == [Decimal("0.0125")] * 3
    assert records.months == ("2025-01", "2025-02", "2025-03")


@pytest.mark.parametrize(("text", "day"), [
    ("2025-01-31", "2025-01-31"), ("2025/1/31", "2025-01-31"), ("2025.1.31", "2025-01-31"), ("20250131", "2025-01-31"), ("２０２５年１月３１日", "2025-01-31"),
    ("2025-01-31 00:00:00", "2025-01-31"), ("31 Jan 2025", "2025-01-31"), ("31-Jan-2025", "2025-01-31"), ("January 31, 2025", "2025-01-31")])
def test_days_in_every_usual_form(text: str, day: str) -> None:
    assert parse_day(text).isoformat() == day


@pytest.mark.parametrize("text", ["2025-01", "2025/1", "2025.01", "202501", "2025年1月", "2025年01月", "Jan 2025", "Jan-2025", "2025-01-31", "2025/1/1"])
def test_months_in_every_usual_form(text: str) -> None:
    assert parse_month(text) == "2025-01"


@pytest.mark.parametrize(("text", "period"), [
    ("2025-Q1", "2025-Q1"), ("2025q1", "2025-Q1"), ("2025年第一季度", "2025-Q1"), ("2025年3季度", "2025-Q3"), ("2025上半年", "2025-H1"), ("2025-H2", "2025-H2"),
    ("2025", "2025"), ("2025年度", "2025"), ("2025年3月", "2025-03")])
def test_periods_in_every_usual_form(text: str, period: str) -> None:
    assert parse_period(text) == period


@pytest.mark.parametrize(("text", "found", "hint"), [
    ("1/2/2025", 'the text "1/2/2025"', "Day and month could be taken for one another."),
    ("45688", 'the text "45688"', "Format the cells as dates in the spreadsheet."),
    ("2025-02-30", 'the text "2025-02-30"', "There is no such day."),
    ("1899-12-30", 'a date in 1899 (the text "1899-12-30")', "Spreadsheets show an empty cell or a zero as a date this way.")])
def test_days_that_are_unclear_are_refused(text: str, found: str, hint: str) -> None:
    with pytest.raises(Wrong) as caught:
        parse_day(text)
    assert (caught.value.found, caught.value.hint) == (found, hint)


def test_a_month_that_lost_its_zero_is_refused() -> None:
    with pytest.raises(Wrong) as caught:
        parse_month("2025.1")
    assert caught.value.hint == "It could be January or October: spreadsheets drop the last zero."


# --- numbers ----------------------------------------------------------------------------------------------------------


def number(text: str) -> Decimal:
    value, unit = parse_number(text)
    return exact(millionths(value * (unit.times if unit else 1)))


@pytest.mark.parametrize(("text", "value"), [
    ("1234.5", "1234.5"), ("1,234.50", "1234.5"), ("１，２３４．５０", "1234.5"), ("(1,234)", "-1234"), ("－5", "-5"), ("−5", "-5"), ("+5", "5"), (".5", "0.5"),
    ("85%", "0.85"), ("8.5‰", "0.0085"), ("12.5万元", "125000"), ("1.2万", "12000"), ("¥1,200", "1200"), ("￥-3.5", "-3.5"), ("0.3亿元", "30000000"),
    ("1.2E+05", "120000"), ("5户", "5"), ("1200元", "1200"), ("RMB 12", "12"), ("¥1.2万", "12000"), ("0.0000005", "0.000001"), ("-0.0000005", "-0.000001")])
def test_numbers_in_every_usual_form(text: str, value: str) -> None:
    assert number(text) == Decimal(value)


@pytest.mark.parametrize("text", ["1,23", "12,34,567", "1.2.3", "1 2", "abc", "--5", "5-", "1e400", "nan", "inf", "#N/A", "9999999999999", "5 apples", "12.5美元", "$3", "¥5%", "()", "²"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(Wrong):
        parse_number(text)


money = st.decimals(min_value=-(10**11), max_value=10**11, places=2, allow_nan=False, allow_infinity=False)


@given(money)
def test_however_an_amount_is_written_it_is_the_same_to_the_fen(amount: Decimal) -> None:
    import pyarrow as pa

    wide = str(amount).translate(str.maketrans("0123456789.-", "０１２３４５６７８９．－"))
    forms = [f"{amount}", f"{amount:,}", wide, f"{amount}元", f"¥{amount:,}", f"{amount / 10000:f}万元", f"{amount:E}"]
    if amount < 0:
        forms.append(f"({-amount:,})")
    assert {number(form) for form in forms} == {amount}
    quick, plain = plain_numbers(pa.array(forms[:2]))
    assert all(exact(value) == amount for value, is_plain in zip(quick, plain, strict=True) if is_plain)


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_is_refused(text: str) -> None:
    for read in (parse_number, parse_day, parse_month, parse_period):
        try:
            read(text)
        except Wrong as wrong:
            assert wrong.found and wrong.expected and "\n" not in wrong.found


@given(st.text(max_size=12))
def test_no_text_of_a_user_is_a_formula_and_none_is_lost(text: str) -> None:
    assert not neutralised(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert restored(neutralised(text)) == text


def test_values_have_the_scale_that_pay_counts_in() -> None:
    from sim.policy.exact import SCALE as of_pay

    assert SCALE == of_pay


# --- what is refused, in which words ----------------------------------------------------------------------------------


MEASURE_CASES = [
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,six3,", 'row 4: column value: found the text "six3"; expected a number such as 1234.5, 1,234.50, 85% or 12.5万元.'),
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,many,", "row 4: column value: found text without a digit; expected a number such as 1234.5, 1,234.50, 85% or 12.5万元."),
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,nan,", 'row 4: column value: found the text "nan"; expected a finite number.'),
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,inf,", 'row 4: column value: found the text "inf"; expected a finite number.'),
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,#DIV/0!,", "row 4: column value: found the spreadsheet error #DIV/0!; expected a number such as 1234.5, 1,234.50, 85% or 12.5万元."),
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,,", "row 4: column value: found nothing; expected a number, 0 if there was nothing."),
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,-6,", "row 4: column value: found -6; expected accounts opened, 0 or more."),
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,6,万元", "row 4: column unit: found the unit 万元; expected accounts, in which accounts opened is counted."),
    ("E1,2025-03,accounts,6,", "E1,2025-03,accounts,6,USD", "row 4: column unit: found an amount in USD; expected one currency, CNY. Convert it first, at a rate that you can name."),
    ("E1,2025-03,accounts,6,", "E1,1899-12-31,accounts,6,", 'row 4: column month: found a date in 1899 (the text "1899-12-31"); expected one from 1950 to 2100. '
     "Spreadsheets show an empty cell or a zero as a date this way."),
    ("E1,2025-03,accounts,6,", "E1,2025-02,accounts,6,", "row 4: column person: found this person, month and measure a second time; expected one row each; the first is row 3."),
    ("E2,2025-02,accounts,0,\n", "", "column month: found no accounts of E2 for 2025-02; expected a row for each month in post: 0 if there was nothing."),
    ("E3,2025-02,accounts,8,\n", "E3,2025-02,accounts,8,\nE3,2025-03,accounts,8,\n", "row 10: column month: found 2025-03, after E3 left; expected 2025-02 or earlier."),
    ("E3,2025-02,accounts,8,\n", "E3,2025-02,accounts,8,\nE9,2025-03,accounts,8,\n",
     'row 10: column person: found "E9", who is not in the table people; expected the id of somebody there. Did you mean `E3`?'),
    ("person,month,measure,value,unit", "person,month,measure,value,units", "row 1: column units: found neither a field nor a measure; expected the columns of measures, "
     "and of notes only `remarks` or 备注. Did you mean `unit`?"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), MEASURE_CASES)
def test_each_mistake_in_measures_has_its_sentence(folder: Folder, old: str, new: str, sentence: str) -> None:
    assert old in MEASURES
    lines = mistakes(folder(measures=MEASURES.replace(old, new)))
    assert any(line.startswith(f"measures.csv: {sentence}") for line in lines), lines
    assert len(lines) <= 2      # a month given twice is missing elsewhere; an unknown header leaves nothing else unclear


def test_an_unknown_measure_comes_with_the_nearest(folder: Folder) -> None:
    (line,) = mistakes(folder(measures=MEASURES.replace("E1,2025-03,accounts", "E1,2025-03,acounts")))
    assert line.startswith('measures.csv: row 4: column measure: found the measure "acounts"; expected a measure of the data dictionary. Did you mean `accounts`?')


PEOPLE_CASES = [
    ("E3,Sun San", "E1,Sun San", 'row 4: column person: found `E1` a second time; expected one row each; the first is row 2.'),
    ("2024-01-10", "1899-12-30", 'row 3: column joined: found a date in 1899 (the text "1899-12-30"); expected one from 1950 to 2100. Spreadsheets show'),
    ("2024-01-10,,", "2024-01-10,2023-12-31,", "row 3: column left: found 2023-12-31, before the day of joining; expected 2024-01-10 or later."),
    (",,E1\n", ",,E7\n", 'row 3: column mentor: found "E7", who is not in the table people; expected the id of somebody there. Did you mean `E3`?'),
    (",,E1\n", ",,E2\n", "row 3: column mentor: found the person's own id; expected another person's."),
    ("E3,Sun", ",Sun", "row 4: column person: found nothing; expected an id of letters and digits."),
    ("team,grade", "team,grades2", "row 1: column grades2: found an unknown column; expected the columns of people, and of notes only `remarks` or 备注. Did you mean `grade`?"),
]


@pytest.mark.parametrize(("old", "new", "sentence"), PEOPLE_CASES)
def test_each_mistake_in_people_has_its_sentence(folder: Folder, old: str, new: str, sentence: str) -> None:
    assert old in PEOPLE
    lines = mistakes(folder(people=PEOPLE.replace(old, new)))
    assert any(line.startswith(f"people.csv: {sentence}") for line in lines), lines


def test_a_circle_of_supervisors_is_one_mistake(folder: Folder) -> None:
    (line,) = mistakes(folder(people=OUTLETS.replace("senior,", "senior,E3"), measures=ALWAYS))
    assert line == ("people.csv: row 2: column supervisor: found a circle (`E1`, `E3`, `E2`, `E1`); "
                    "expected a supervisor who is not supervised by this person.")


def test_a_long_circle_is_shortened() -> None:
    after = np.array([*range(1, 9), 0, 3, -1])
    (ring,) = rings(after)
    assert ring == list(range(9)) and round_trip("abcdefghijk", ring) == "`a`, `b`, `c`, `d`, `e`, ..., `a`"


@given(st.lists(st.integers(min_value=-1, max_value=11), min_size=12, max_size=12))
def test_every_ring_is_found_and_nothing_else(after: list[int]) -> None:
    def comes_back(place: int) -> bool:
        here = after[place]
        for _ in after:
            if here in (-1, place):
                break
            here = after[here]
        return here == place
    found = sorted(place for ring in rings(np.array(after)) for place in ring)
    assert found == [place for place in range(12) if comes_back(place)]


TABLE_CASES = [
    ("targets", "person,team,grade,period,measure,value\nE1,,,2025-Q1,accounts,-9\n", "row 2: column value: found -9; expected accounts opened, 0 or more."),
    ("targets", "person,team,grade,period,measure,value\nE1,A,,2025-Q1,accounts,9\n",
     "row 2: column person: found more than one holder of the target; expected exactly one of person, team and grade."),
    ("targets", "person,team,grade,period,measure,value\n,,senor,2025-Q1,accounts,9\n",
     'row 2: column grade: found the grade "senor", which nobody in the table people has; expected a grade named there. Did you mean `senior`?'),
    ("targets", "grade,period,measure,value\nsenior,2025-Q1,accounts,9\nsenior,2025年1季度,开户数,8\n",
     "row 3: column value: found a second target of the same holder, period and measure; expected one; the first is in row 2."),
    ("portfolios", "person,group,count,balance\nE1,mass,3.5,100\n", "row 2: column count: found a number with a fraction; expected a whole number."),
    ("portfolios", "person,group,count,balance（万元）\nE1,mass,3,$100\n", "row 2: column balance（万元）: found an amount in USD; expected one currency, CNY."),
    ("adjustments", "person,month,amount,reason\nE1,2025-01,0.125,late\n", "row 2: column amount: found a part of a fen; expected an amount with two decimals at most."),
    ("adjustments", "person,month,amount（美元）,reason\nE1,2025-01,5,late\n", "row 1: column amount（美元）: found an amount in USD; expected one currency, CNY."),
    ("adjustments", "person,month,reason\nE1,2025-01,late\n", "row 1: found no column amount; expected one headed by any of amount, 金额, value, sum, 数额."),
    ("adjustments", "", "found an empty file; expected a header and a row for each entry."),
    ("people", "person,supervisor\nE1,E1\nE2,\nE3,\n", "row 2: column supervisor: found the person's own id; expected another person's."),
    ("people", "person,supervisor\nE1,\nE2,E11\nE3,\n", 'row 3: column supervisor: found "E11", who is not in the table people; expected the id of somebody there.'),
    ("changes", "person,month,grade,state\nE1,2025-02,,\n", "row 2: column grade: found neither a grade nor a state; expected at least one of them."),
    ("changes", "person,month,grade\nE1,2025-02,senior\nE1,2025/2,ordinary\n",
     "row 3: column person: found this person and month a second time; expected one row each; the first is row 2."),
    ("changes", "person,month,grade\nE3,2025-04,senior\n", "row 2: column month: found 2025-04, after E3 left; expected 2025-02 or earlier."),
    ("changes", "person,grade\nE3,senior\n", "row 1: found no column month; expected one headed by any of month, 月份, from, since, period."),
    ("organisation", "unit,parent,level\nEast,Easst,outlet\n",
     'row 2: column parent: found "Easst", which is not in the table organisation; expected a unit there. Did you mean `East`?'),
    ("organisation", "unit,parent,level\nEast,East,outlet\n", "row 2: column parent: found the unit itself; expected another unit, or nothing at the top."),
    ("organisation", "unit,parent,level\nEast,West,outlet\nWest,East,支行\n",
     "row 2: column parent: found a circle (`East`, `West`, `East`); expected a parent that does not belong to this unit."),
    ("organisation", "unit,parent,level\nEast,West,outlet\nWest,,outlet\n",
     "row 2: column parent: found a parent of the level outlet; expected one of a higher level than outlet."),
    ("organisation", "unit,parent,level\nEast,,outlets2\n", 'row 2: column level: found the text "outlets2"; expected outlet, sub_branch, second_tier_branch or '
     "first_tier_branch. Did you mean `outlet`?"),
    ("organisation", "unit,level\nEast,outlet\nEast,outlet\n", 'row 3: column unit: found "East" a second time; expected one row each; the first is row 2.'),
    ("customers", "customer,person\nK1,E1\nK1,E2\n", "row 3: column customer: found this customer a second time; expected one row each; the first is row 2."),
    ("customers", "customer,person,products\nK1,E1,1.5\n", "row 2: column products: found a number with a fraction; expected a whole number."),
    ("customers", "customer,person,loans\nK1,E1,-1\n", "row 2: column loans: found -1; expected loans, 0 or more."),
    ("customers", "customer,person,loans\nK1,E1,\n", "row 2: column loans: found nothing; expected a number, 0 if there is nothing."),
    ("customers", "customer,person,months\nK1,E1,3年\n", "row 2: column months: found the unit 年; expected months, in which months is counted."),
    ("deals", DEALS.replace("2025-01-05", ""), "row 2: column opened: found no day; expected at least one of opened, funded and received."),
    ("deals", DEALS.replace("2025-03-01", "2025-01-31"), "row 3: column reversed: found 2025-01-31, before the deal's first day; expected 2025-02-01 or later."),
    ("deals", DEALS.replace("2025-01-05,,,,", "2025-01-05,,,,0.5"),
     "row 2: column reversed_share: found a share without the day of the reversal; expected the day beside it."),
    ("deals", DEALS.replace("净收入,12000", "净收入,12001"), "row 4: column value: found another value than in row 3; expected the same in every row of a deal."),
    ("deals", DEALS.replace("净收入", "fee income"), "row 4: column measure: found another measure than in row 3; expected the same in every row of a deal."),
    ("deals", DEALS.replace("D2,E2,60%,净收入,12000,转入,,2025-02-01", "D2,E2,60%,净收入,12000,转入,,"),
     "row 4: column opened: found no day; expected at least one of opened, funded and received."),
    ("deals", DEALS.replace("D2,E2", "D2,E1"), "row 4: column person: found this deal and person a second time; expected one row each; the first is row 3."),
    ("deals", DEALS.replace("60%,income", "160%,income"), "row 3: column share: found 1.6; expected share, 1 or less. Write a percentage with its sign, as in 85%."),
    ("deals", DEALS.replace("income", "responsible_profit"), "row 3: column measure: found responsible_profit, which is worked out from others; expected"),
    ("deals", "deal,person,opened\nD1,E1,2025-01-05\n", "row 1: found no column measure; expected one headed by any of measure, 指标, indicator, kpi, 指标名称."),
    ("adjustmens", "person\n", "found a file that is none of the tables; expected a file named people, measures, targets, portfolios, adjustments, changes, organisation, customers, deals "
     "or 人员, 月度指标, 目标, 管户, 调整, 变动, 机构, 客户, 业务明细. "
     "Did you mean `adjustments`?"),
    ("人员", "person\n", "found a second file for the table people; expected one each. The first is people.csv."),
    ("portfolios", "person,group,count,balance\nE1,mass,3,100,7\n", "row 2: found 5 cells; expected at most 4, as in the header."),
    ("portfolios", 'person,group,count,balance\nE1,"mass,3,100\n', "row 2: found a row that cannot be read (unexpected end of data)"),
    ("portfolios", "person,group,count,balance,\nE1,mass,3,100,7\n", "row 1: found cells in column E without a header, the first in row 2; expected a header over every column."),
    ("portfolios", "person,group,count,balance,balance\nE1,mass,3,100,7\n", "row 1: column balance: found the same header a second time; expected each header once."),
    ("portfolios", b"person\n\x81", "found bytes that are neither UTF-8 nor GB18030; expected a CSV file saved as UTF-8 or GB18030."),
]


@pytest.mark.parametrize(("table", "text", "sentence"), TABLE_CASES)
def test_each_mistake_in_the_other_tables_has_its_sentence(folder: Folder, table: str, text: str | bytes, sentence: str) -> None:
    lines = mistakes(folder(**{table: text}))
    assert lines[0].startswith(f"{table}.csv: {sentence}"), lines


def test_in_a_workbook_merged_cells_empty_sheets_and_formulas_without_a_value_are_refused(book: Any) -> None:
    def change(made: Any) -> None:
        made["people"].merge_cells("C2:C3")
        made["measures"]["D3"] = "=SUM(D2:D2)"
        made.create_sheet("targets")
        made.create_sheet("Sheet2")     # empty and none of ours: left alone

    assert mistakes(book(change)) == [
        "records.xlsx: sheet people: row 2: column C: found merged cells (C2:C3); expected one value in each cell: unmerge them and fill in each.",
        "records.xlsx: sheet measures: row 3: column D: found a formula that the workbook keeps no value for; "
        "expected its value: open and save the workbook in a spreadsheet, or paste values.",
        "records.xlsx: sheet targets: found an empty sheet; expected a header and a row for each entry.",
    ]


def test_a_merged_title_above_the_header_is_one_mistake(book: Any) -> None:
    def change(made: Any) -> None:
        made["people"].insert_rows(1)
        made["people"]["A1"] = "People of the branch"
        made["people"].merge_cells("A1:G1")

    (line,) = mistakes(book(change))
    assert "found merged cells (A1:G1)" in line


def test_foreign_money_is_seen_in_the_format_of_a_cell(book: Any) -> None:
    def change(made: Any) -> None:
        for month in (1, 2, 3):
            made["measures"].append(["E1", f"2025-0{month}", "deposits", 100, None])
        made["measures"].cell(made["measures"].max_row, 4).number_format = "[$$-409]#,##0.00"

    (line,) = mistakes(book(change))
    assert line.startswith("records.xlsx: sheet measures: row 12: column value: found an amount in USD; expected one currency, CNY.")


def test_a_zero_shown_as_a_date_is_a_date_in_1899(book: Any) -> None:
    def change(made: Any) -> None:
        made["people"]["E3"] = 0
        made["people"]["E3"].number_format = "yyyy-mm-dd"

    (line,) = mistakes(book(change))
    assert line.startswith("records.xlsx: sheet people: row 3: column joined: found a date in 1899")


def test_all_mistakes_come_at_once_in_the_order_of_tables_and_rows(folder: Folder) -> None:
    measures = MEASURES.replace("E1,2025-01,accounts,5", "E1,2025-01,acounts,5").replace("accounts,7", "accounts,x7").replace("E2,2025-02,accounts,0,\n", "")
    path = folder(people=PEOPLE.replace("E3,Sun", "E1,Sun").replace("2015-03-01", "1899-12-31"), measures=measures,
                  targets="grade,period,measure,value\nsenior,2025-Q1,accounts,-1\n", portfolios="")
    lines = mistakes(path)
    places = [line.split(": found")[0] for line in lines]
    assert places == ["people.csv: row 2: column joined", "people.csv: row 4: column person", "measures.csv: column month",
                      "measures.csv: row 2: column measure", "measures.csv: row 3: column value", "measures.csv: row 7: column person",
                      "measures.csv: row 8: column person", "targets.csv: row 2: column value", "portfolios.csv"]


def test_all_mistakes_of_the_other_tables_come_at_once(folder: Folder) -> None:
    path = folder(
        people=OUTLETS.replace("East,ordinary", "North,ordinary"), measures=ALWAYS, organisation=ORGANISATION.replace("Old Town,City", "Old Town,Sea"),
        changes=CHANGES.replace("E2,2025-03,senior,", "E9,2025-13,,"), customers=CUSTOMERS.replace("K2,E1,,7", "K1,E8,,x7"),
        deals=DEALS.replace("D1,E1,,accounts,1,,2025-01-05", "D1,E7,2,acounts,y1,,1899-12-31"),
    )  # fmt: skip
    places = [line.split(": found")[0] for line in mistakes(path)]
    assert places == ["people.csv: row 3: column outlet", "changes.csv: row 2: column person", "changes.csv: row 2: column month",
                      "changes.csv: row 2: column grade", "organisation.csv: row 4: column parent", "customers.csv: row 3: column customer",
                      "customers.csv: row 3: column person", "customers.csv: row 3: column income", "deals.csv: row 2: column person",
                      "deals.csv: row 2: column share", "deals.csv: row 2: column measure", "deals.csv: row 2: column opened"]


def test_a_mistake_can_be_taken_apart(folder: Folder) -> None:
    with pytest.raises(RecordsError) as caught:
        read_records(folder(measures=MEASURES.replace("accounts,7", "accounts,x7")))
    assert caught.value.mistakes == (Mistake("measures.csv", "", 3, "value", 'the text "x7"', "a number such as 1234.5, 1,234.50, 85% or 12.5万元"),)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value) and again.mistakes == caught.value.mistakes


def test_fifty_mistakes_are_listed_and_the_rest_counted(folder: Folder) -> None:
    extra = "".join(f"X{number},2025-01,accounts,1,\n" for number in range(80))
    lines = mistakes(folder(measures=MEASURES + extra))
    assert len(lines) == 51 and lines[-1] == "... and 30 more mistakes."


def test_a_month_that_everybody_lacks_is_one_mistake(folder: Folder) -> None:
    (line,) = mistakes(folder(measures=MEASURES.replace("E1,2025-03", "E1,2025-12").replace("E2,2025-03", "E2,2025-12")))
    assert line == "measures.csv: column month: found no row for 2025-03 to 2025-11; expected rows of everybody in post for each month from 2025-01 to 2025-12."


def test_an_empty_cell_where_others_have_a_value_is_a_missing_month(folder: Folder) -> None:
    wide = "person,month,accounts,contacts\nE1,2025-01,5,1\nE1,2025-02,7,\nE2,2025-01,3,\nE2,2025-02,3,\nE3,2025-01,9,\nE3,2025-02,8,\n"
    assert mistakes(folder(measures=wide)) == [
        "measures.csv: row 3: column contacts: found nothing; expected contacts of E1 for 2025-02, as for other months: 0 if there was nothing."]


def test_somebody_without_any_row_is_a_mistake(folder: Folder) -> None:
    assert mistakes(folder(people=PEOPLE + "E4,Li Si,B,ordinary,2020-01-01,,\n")) == [
        "people.csv: row 5: column person: found somebody of whom the measures have no row; expected a row for each month in post: 0 where there was nothing."]


@pytest.mark.parametrize(("name", "sentence"), [
    ("nowhere", "found no such file or folder"), ("empty", "found a folder without CSV files"), ("old.xls", "found another kind of file"),
    ("broken.xlsx", "found a file that is no workbook, or a damaged one"), ("one.csv", "found a single CSV file")])
def test_what_is_no_records_at_all_is_one_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    (tmp_path / "empty").mkdir()
    for file in ("old.xls", "broken.xlsx", "one.csv"):
        (tmp_path / file).write_text("PK not really")
    with pytest.raises(InputError) as caught:
        read_records(tmp_path / name)
    assert sentence in str(caught.value) and "\n" not in str(caught.value)


def test_reading_writes_nothing(folder: Folder) -> None:
    path = folder(measures=MEASURES.replace("accounts,7", "accounts,x7"))
    before = sorted(path.iterdir())
    mistakes(path)
    assert sorted(path.iterdir()) == before


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["measures", "targets", "adjustments", "changes", "organisation", "customers", "deals"])
def test_no_message_holds_a_name(folder: Folder, table: str, caplog: pytest.LogCaptureFixture) -> None:
    """Names in every column they can slip into: ids, months, measures, units, headers."""
    names = ("Zhao Yi", "Qian Er", "Sun San", "Sun San 2")
    rows = "".join(",".join([name] * 5) + "\n" for name in names)
    headers = {"measures": "person,month,measure,value,unit", "targets": "person,grade,period,measure,value", "adjustments": "person,month,amount,reason,Zhao Yi",
               "changes": "person,month,grade,state,Zhao Yi", "organisation": "unit,parent,level,Zhao Yi,name2",
               "customers": "customer,person,products,months,Zhao Yi", "deals": "deal,person,share,value,Zhao Yi"}
    lines = mistakes(folder(**{table: headers[table] + "\n" + rows}))
    assert len(lines) > 5
    for name in names:
        assert not any(name in line for line in lines)
        assert name not in caplog.text


def test_pseudonyms_leave_no_name_and_no_id_and_every_number(folder: Folder) -> None:
    records = read_records(folder(targets="person,team,grade,period,measure,value\nE1,,,2025-Q1,accounts,9\n,,senior,2025-Q1,accounts,9\n",
                                  adjustments="person,month,amount,reason\nE2,2025-01,-5,agreed with Zhao Yi (E1)\n",
                                  portfolios="person,group,count,balance\nE3,mass,3,100万元\n",
                                  changes="person,month,grade,state\nE1,2025-02,,lent to Qian Er\n",
                                  organisation="unit,parent,level\nE2's desk,,outlet\n", customers=CUSTOMERS, deals=DEALS))
    hidden = pseudonymised(records, "a key that is kept elsewhere")
    text = re.sub("[PCD][0-9A-F]{16}", "", "".join(frame.to_csv() for frame in vars(hidden).values()))
    assert not any(word in text for word in ("Zhao", "Qian", "Sun", "E1", "E2", "E3", "K1", "K2", "D1", "D2"))
    assert sorted(hidden.measures["value"]) == sorted(records.measures["value"])
    code = dict(zip(records.people["joined"], records.people["person"], strict=True))
    by_code = {row.person: code[row.joined] for row in hidden.people.itertuples() if not pd.isna(row.joined)}
    for person, own in by_code.items():
        mine = hidden.measures.loc[hidden.measures["person"] == person, "value"].tolist()
        assert mine == records.measures.loc[records.measures["person"] == own, "value"].tolist()
    assert hidden.people["person"].is_monotonic_increasing
    assert hidden.measures["person"].cat.categories.tolist() == hidden.people["person"].tolist()
    assert exact(hidden.portfolios["balance"][0]) == 1_000_000
    assert hidden.deals["deal"].nunique() == 2 and set(hidden.deals["person"]) <= set(hidden.people["person"])
    assert hidden.double_credit["share"].tolist() == [1_200_000]


def test_supervisors_and_ids_of_customers_in_reasons_are_hidden_too(folder: Folder) -> None:
    records = read_records(folder(people=OUTLETS, measures=ALWAYS, customers=CUSTOMERS,
                                  adjustments="person,month,amount,reason\nE2,2025-01,-5,complaint of K1 about K12\n"))
    hidden = pseudonymised(records, "a key that is kept elsewhere")
    assert set(hidden.people["supervisor"]) <= {"", *hidden.people["person"]} and hidden.people["supervisor"].astype(bool).sum() == 2
    (reason,) = hidden.adjustments["reason"]
    assert reason.startswith("complaint of C") and reason.endswith(" about K12")


def test_the_same_key_gives_the_same_codes_and_another_key_others(folder: Folder) -> None:
    records = read_records(folder())
    first, again, other = (pseudonymised(records, secret) for secret in ("first key, 16 bytes", "first key, 16 bytes", "other key, 16 bytes"))
    pd.testing.assert_frame_equal(first.people, again.people)
    assert set(first.people["person"]).isdisjoint(other.people["person"])
    with pytest.raises(InputError, match="found 5 bytes; expected at least 16"):
        pseudonymised(records, "short")


# --- the example and the dictionary -----------------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_example_reads_back(tmp_path: Path, kind: str, lang: str) -> None:
    written = write_example(tmp_path / "mine", kind, lang)
    records = read_records(tmp_path / "mine")
    assert len(records.people) == 12 and len(records.months) == 12
    assert all(len(frame) for frame in vars(records).values())
    assert any("invented" in path.read_text(encoding="utf-8") or "虚构" in path.read_text(encoding="utf-8") for path in written if path.suffix == ".md")
    assert records.people["name"].str.contains("Invented|虚构").all()
    with pytest.raises(InputError, match="found a file already there"):
        write_example(tmp_path / "mine", kind, lang)


def test_the_example_is_the_same_in_every_form_and_on_every_day(tmp_path: Path) -> None:
    found = []
    for kind in ("csv", "xlsx"):
        for lang in ("en", "zh"):
            write_example(tmp_path / kind / lang, kind, lang)
            found.append(read_records(tmp_path / kind / lang))
    for other in found[1:]:
        pd.testing.assert_frame_equal(found[0].measures, other.measures)
        assert found[0].targets["value"].tolist() == other.targets["value"].tolist()


def test_text_of_a_user_is_no_formula_in_what_is_written_and_comes_back(folder: Folder) -> None:
    from sim.payroll.example import as_csv, as_workbook

    grid = [["person", "month", "amount", "reason"], ["E1", "2025-01", -5, "=HYPERLINK(1)"]]
    assert b"'=HYPERLINK" in as_csv(grid)
    cell = openpyxl.load_workbook(io.BytesIO(as_workbook({"adjustments": grid})))["adjustments"]["D2"]
    assert cell.data_type == "s" and cell.value == "'=HYPERLINK(1)"
    assert read_records(folder(adjustments=as_csv(grid))).adjustments["reason"].tolist() == ["=HYPERLINK(1)"]


def test_the_dictionary_names_every_column_and_measure() -> None:
    for lang in ("en", "zh"):
        page = data_dictionary(lang)
        assert all(measure.label[lang] in page for measure in known_measures().values())
        assert all(column.label[lang] in page for form in forms().values() for column in form.columns.values())
        assert "#" in page


def test_every_unit_of_the_dictionary_can_be_written() -> None:
    assert {measure.unit for measure in known_measures().values()} <= {unit.of for unit in unit_words().values()}


def test_measures_follow_from_recorded_ones() -> None:
    known = known_measures()
    for measure in known.values():
        assert measure.over in ("sum", "mean", "last") and measure.better in ("higher", "lower")
        assert bool(measure.sum_of) + bool(measure.times_days) + measure.built_in + measure.recorded == 1
        assert all(known[part].recorded for part in made_from(measure.name))
    assert made_from("responsible_profit")[-3:] == ("substandard_balance", "doubtful_balance", "loss_balance")
    assert made_from("deposit_yuan_days") == ("deposits",) and made_from("people") == ()


def test_no_word_means_two_things() -> None:
    for name, form in forms().items():
        words = [key(word) for column in form.columns.values() for word in dict.fromkeys((column.name, *column.label.values()))]
        assert len(set(words)) == len(set(column_words(name)) & set(words)), name
        assert not set(words) & ignored_columns(), name
    wide = {word for name, word in column_words("measures").items()} | set(column_words("measures"))
    assert not wide & set(measure_words())
    assert not set(column_words("targets")) & set(measure_words())
    for words in ([(key(word), name) for name, each in known_measures().items() for word in (name, *each.label.values(), *each.words)],
                  [(key(word), name) for name, each in forms().items() for word in (name, *each.label.values(), *each.words)]):
        assert len(set(words)) == len(dict(words))
    assert len(table_words()) > len(forms())


# --- size -------------------------------------------------------------------------------------------------------------


def test_a_table_of_a_thousand_people_is_read_whole(tmp_path: Path) -> None:
    """The full size, 50,000 people, is measured in docs/records.md."""
    ids = [f"P{number:05d}" for number in range(1000)]
    (tmp_path / "people.csv").write_text("person\n" + "\n".join(ids))
    rows = [f"{who},2025-{month:02d},accounts,{month}" for who in ids for month in range(1, 13)]
    (tmp_path / "measures.csv").write_text("person,month,measure,value\n" + "\n".join(rows))
    assert len(read_records(tmp_path).measures) == 12_000


def test_of_a_table_full_of_mistakes_all_are_counted_and_some_are_told(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("person\nE1\n")
    rows = [f"X{number},{number},{number},z{number}" for number in range(20_000)]
    (tmp_path / "measures.csv").write_text("person,month,measure,value\n" + "\n".join(rows))
    with pytest.raises(RecordsError) as caught:
        read_records(tmp_path)
    assert caught.value.total >= 60_000 and len(caught.value.mistakes) <= 4_000
    assert isinstance(caught.value.mistakes[0].row, int) and np.isfinite(caught.value.mistakes[0].row)
