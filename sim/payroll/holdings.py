"""The tables of what people hold and are given: portfolios, customers, adjustments."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.payroll.cells import restored
from sim.payroll.dates import A_MONTH, parse_month
from sim.payroll.dictionary import forms
from sim.payroll.entries import AN_ID, amounts, column, empty, filled_amounts, identity, plain_text, raw_text, refuse_again
from sim.payroll.mistakes import Findings, Wrong
from sim.payroll.people import People, persons
from sim.payroll.values import BLANK, Sheet


def read_portfolios(sheet: Sheet | None, people: People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return empty("portfolios")
    who = persons(sheet, people)
    group = sheet.read("group", plain_text, expected="a group of customers")
    count, balance = filled_amounts(sheet, "count"), filled_amounts(sheet, "balance")
    same = group.same()
    keys = np.where((same >= 0) & (who >= 0), who * (len(group.values) + 1) + same, -1 - np.arange(len(who)))
    refuse_again(sheet, "group", keys, lambda _: "this person and group")
    if findings:
        return empty("portfolios")
    return pd.DataFrame({"person": people.ids(who), "group": column(group.rows_of()), "count": count, "balance": balance})


def read_customers(sheet: Sheet | None, people: People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return empty("customers")
    customer = sheet.read("customer", identity, expected=AN_ID)
    who = persons(sheet, people)
    group = sheet.read("group", plain_text, "")
    counted = [name for name, field in forms()["customers"].columns.items() if field.kind in ("number", "count")]
    numbers = {name: filled_amounts(sheet, name) for name in counted}
    refuse_again(sheet, "customer", customer.same(), lambda _: "this customer")
    if findings:
        return empty("customers")
    return pd.DataFrame({"customer": column(customer.rows_of()), "person": people.ids(who), "group": column(group.rows_of()), **numbers})


def read_adjustments(sheet: Sheet | None, people: People, findings: Findings) -> pd.DataFrame:
    if sheet is None:
        return empty("adjustments")
    who = persons(sheet, people)
    month = sheet.read("month", lambda text: parse_month(restored(text)), expected=A_MONTH)
    amount, state = amounts(sheet, "amount")
    if "amount" in sheet.headers:
        sheet.tell("amount", np.flatnonzero(state == BLANK), lambda _: Wrong("nothing", "an amount"))
    reason = sheet.read("reason", raw_text, expected="a reason")
    if findings:
        return empty("adjustments")
    columns = {"person": people.ids(who), "month": column(month.rows_of()), "amount": amount, "reason": column(reason.rows_of())}
    return pd.DataFrame(columns)
