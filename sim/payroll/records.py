"""A bank's records as nine checked tables.

Every number column is int64 in millionths of its unit (`SCALE` = 1,000,000), so that sums are exact: 200.50 CNY is 200_500_000.
`exact(value)` gives the Decimal. Text that was not given is "", a date not given NaT.

people       person, name, outlet, team, grade, joined, left, mentor, supervisor
             One row a person, in the order of the file. person, mentor and supervisor are ids (str), joined and left datetime64[s].
             grade is the one held until the first change.
measures     person, month, measure, value, unit, provenance
             One row for each person, month and measure, sorted by them. All but value are categorical: the categories of
             person are the ids of `people` in its order (so `measures.person.cat.codes` are row numbers of `people`), those
             of month are 'YYYY-MM' in order of time, those of measure the names found, in alphabetical order. unit is the
             unit of the data dictionary (CNY, never ten thousand CNY; a share, never per cent); provenance is measured,
             derived or typed. Measures that follow from others are not among them.
targets      person, team, grade, period, measure, value, unit
             Exactly one of person, team, grade is given. period: 2025-01, 2025-Q1, 2025-H1 or 2025. value is never negative.
             The measure may be one that follows from others.
portfolios   person, group, count, balance
             Customers of a group held by a person: their number, and their balance in CNY.
adjustments  person, month, amount, reason
             Amounts in CNY, whole fen, of either sign; the month may lie after leaving.
changes      person, month, grade, state
             From that month on the person has that grade or state; "" leaves it as it was. Sorted by person, in the order of people,
             and month. The first state is `normal`.
organisation unit, parent, level
             level: outlet, sub_branch, second_tier_branch or first_tier_branch; a parent is of a higher one. Where the table is
             given, every outlet in people is one of its units.
customers    customer, person, group, income, deposits, loans, aum, products, months, complaints
             One row a customer: who holds it and what it brings, in CNY or counts.
deals        deal, person, share, measure, value, unit, origin, opened, funded, received, reversed, reversed_share
             One row for each deal and person credited with share of it. What is the deal's own (measure, value, days, reversed_share)
             is the same in its rows; at least one of opened, funded, received is given. reversed_share is 0 without a reversal.

Only people and measures must be given; the others are then empty frames with the same columns. Each person has, for each measure
that is recorded of them, a row for every month of the records in which they were in post.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pandas as pd

from sim.payroll.deals import read_deals
from sim.payroll.dictionary import forms
from sim.payroll.entries import empty
from sim.payroll.holdings import read_adjustments, read_customers, read_portfolios
from sim.payroll.measured import read_measures, read_targets
from sim.payroll.mistakes import Findings
from sim.payroll.numbers import SCALE
from sim.payroll.people import read_changes, read_organisation, read_people
from sim.payroll.tables import read_tables
from sim.payroll.values import Sheet


@dataclass(frozen=True)
class Records:
    """A bank's records; the module says what each frame holds."""

    people: pd.DataFrame
    measures: pd.DataFrame
    targets: pd.DataFrame = field(default_factory=partial(empty, "targets"))
    portfolios: pd.DataFrame = field(default_factory=partial(empty, "portfolios"))
    adjustments: pd.DataFrame = field(default_factory=partial(empty, "adjustments"))
    changes: pd.DataFrame = field(default_factory=partial(empty, "changes"))
    organisation: pd.DataFrame = field(default_factory=partial(empty, "organisation"))
    customers: pd.DataFrame = field(default_factory=partial(empty, "customers"))
    deals: pd.DataFrame = field(default_factory=partial(empty, "deals"))

    @property
    def months(self) -> tuple[str, ...]:
        """The months with measures, in order of time."""
        return tuple(self.measures["month"].cat.categories)

    @property
    def double_credit(self) -> pd.DataFrame:
        """Deals of which more than the whole is credited: deal, people (how many), share (the sum, in millionths)."""
        sums = self.deals.groupby("deal", sort=True, as_index=False).agg(people=("person", "size"), share=("share", "sum"))
        return sums[sums["share"] > SCALE].reset_index(drop=True)


def read_records(path: str | Path) -> Records:
    """The records in a folder of CSV files or in an Excel workbook, or a `RecordsError` with everything that is wrong in them."""
    findings = Findings()
    tables = read_tables(path, findings)
    sheets = {name: Sheet(table, forms()[name], findings, name in ("measures", "targets")) for name, table in tables.items()}
    people = read_people(sheets.get("people"), findings)
    changes = read_changes(sheets.get("changes"), people, findings)
    frames = {
        "changes": changes,
        "organisation": read_organisation(sheets.get("organisation"), people, findings),
        "measures": read_measures(sheets.get("measures"), people, findings),
        "targets": read_targets(sheets.get("targets"), people, changes, findings),
        "portfolios": read_portfolios(sheets.get("portfolios"), people, findings),
        "customers": read_customers(sheets.get("customers"), people, findings),
        "deals": read_deals(sheets.get("deals"), people, findings),
        "adjustments": read_adjustments(sheets.get("adjustments"), people, findings),
    }
    if findings:
        raise findings.error()
    return Records(people.frame, **frames)
