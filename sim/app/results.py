"""What a notebook leaves for programs to read, and what must hold before it may."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.app.folders import write_whole
from sim.experiments.compare import Comparison
from sim.experiments.simulate import Runs

SHARES = ("skill", "satisfaction", "pay_gini", "accounts_gini")
NEVER_NEGATIVE = ("accounts", "pay", "effort", "contacts", "prospect_contacts", "churned", "customers", "deposits", "norm", "pressure")
ROUNDING = 1e-9  # relative: sums of floating-point numbers in another order


def broken(result: Runs | Comparison) -> list[str]:
    """What should always hold of results and does not, in words; empty when all is well."""
    if isinstance(result, Comparison):
        return [f"{run.policy.name}: {text}" for run in result.runs for text in broken(run)] + list(_broken_comparison(result))
    return list(_broken_runs(result))


def _broken_runs(runs: Runs) -> Iterator[str]:
    frame = runs.frame
    if not np.isfinite(frame["value"]).all():
        yield "a value is not a finite number"
    if set(frame["replication"]) != set(range(runs.replications)):
        yield "replications are missing"
    if frame.duplicated(["replication", "level", "id", "period", "measure"]).any():
        yield "a result is there twice"
    total = frame[frame["period"] == "total"]
    for measure in NEVER_NEGATIVE:
        if (total.loc[total["measure"] == measure, "value"] < 0).any():
            yield f"{measure} is below 0"
    if not total.loc[total["measure"].isin(SHARES), "value"].between(0, 1).all():
        yield f"one of {', '.join(SHARES)} lies outside 0 to 1"
    for measure in ("accounts", "pay"):
        rows = frame[frame["measure"] == measure]
        branch = _sums(rows[(rows["level"] == "branch") & (rows["period"] == "total")])
        for level in ("manager", "branch"):
            at_level = rows[rows["level"] == level]
            whole = at_level["period"] == "total"
            for name, part in (("units", at_level[whole]), ("periods", at_level[~whole])):
                if len(part) and not np.allclose(_sums(part), branch, rtol=ROUNDING, atol=ROUNDING):
                    yield f"{measure} of the {name} ({level}) do not add up to the branch's"


def _sums(rows: pd.DataFrame) -> np.ndarray:
    return rows.groupby("replication")["value"].sum().to_numpy()


def _broken_comparison(comparison: Comparison) -> Iterator[str]:
    table = comparison.table
    if not np.allclose(table["difference"], table["mean"] - table["mean_baseline"]):
        yield "a difference is not that of the means"
    if not ((table["ci_low"] <= table["difference"]) & (table["difference"] <= table["ci_high"])).all():
        yield "an interval does not hold its estimate"
    if list(dict.fromkeys(table["policy"])) != [run.policy.name for run in comparison.runs[1:]]:
        yield "the policies of the table are not those that were run"


def results_of(result: Runs | Comparison, **more: Any) -> dict[str, Any]:
    """Provenance and the table of a result as plain data; `more` is put beside them."""
    table = result.table if isinstance(result, Comparison) else result.summary()
    return {"provenance": result.provenance, "table": _records(table), **more}


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): plain(value) for key, value in row.items()} for row in table.to_dict("records")]


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers without NaN or infinity, tables as lists of rows, dates as text."""
    if isinstance(value, pd.DataFrame):
        return _records(value)
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(each) for each in value]
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def write_results(results: dict[str, Any], path: str | Path) -> None:
    """Results as JSON, under a temporary name first, so that a reader finds all or nothing."""
    text = json.dumps(plain(results), ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    write_whole(text, Path(path))
