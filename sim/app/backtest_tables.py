"""A back-test in a notebook: what is asked, its tables, and what programs read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sim.app.tables import Lines, Table
from sim.payroll.backtest import Backtest, backtest
from sim.payroll.example import example_records
from sim.payroll.records import read_records
from sim.policy import load_policy
from sim.report import backtest_tables
from sim.report.backtest_page import headline_of

FAST_RESAMPLES = 20


def asked(policies: str, data: str, resamples: int, seed: int, fast: bool, lang: str) -> Backtest:
    """The back-test of policies (names or paths with commas between) on the records in `data`, or on the example if that is empty."""
    chosen = [load_policy(name.strip()) for name in policies.split(",") if name.strip()]
    records = read_records(data) if data else example_records(lang)
    return backtest(chosen, records, resamples=min(resamples, FAST_RESAMPLES) if fast else resamples, seed=seed)


def headlines(result: Backtest, lang: str) -> Lines:
    return Lines(headline_of(result, lang))


def tables(result: Backtest, name: str, lang: str) -> list[Table]:
    """A table of the report (`cost`, `fan`, `bands`, `winners`, `components`, `fairness`, `statement`) as frames to look at."""
    made = getattr(backtest_tables, f"{name}_table", None) or getattr(backtest_tables, f"{name}_tables")
    found = made(result, lang, "statements") if name == "statement" else made(result, lang)
    many = found if isinstance(found, list) else [found]
    return [_frame(each) for each in many if each is not None]


def _frame(table: backtest_tables.Table) -> Table:
    return Table(table.rows, columns=[head for head, _ in table.heads])


def broken(result: Backtest) -> list[str]:
    """What should always hold of a back-test and does not, in words; empty when all is well."""
    return list(_broken(result))


def _broken(result: Backtest) -> Iterator[str]:
    for name, found in result.statements.items():
        lines = found.frame.groupby("person", observed=False)["amount"].sum()
        pay = found.totals().set_index("person")["amount"]
        if not lines.reindex(pay.index, fill_value=0).eq(pay).all():
            yield f"{name}: lines do not add up to pay"
    if not (result.winners["new"] - result.winners["old"]).eq(result.winners["difference"]).all():
        yield "a difference is not that of the amounts"


def results_of(result: Backtest) -> dict[str, Any]:
    """Provenance, cost and bands as plain data, without names or ids."""
    bands = result.winners.groupby(["policy", "band"], observed=False).size().rename("people").reset_index()
    return {"provenance": result.provenance, "cost": result.cost, "fan": result.fan, "bands": bands}

