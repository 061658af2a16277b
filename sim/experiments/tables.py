"""A sweep's tables, written row by row in the order of the design, never all in memory; and DuckDB over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from sim.experiments.frames import COLUMNS
from sim.experiments.measures import QUOTIENTS, list_measures
from sim.experiments.simulate import interval_half_width
from sim.writing import finished

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from sim.experiments.blocks import Block
    from sim.experiments.plan import Cell, Plan

DESIGN, RESULTS, RUNS, SUMMARY, PROVENANCE = "design.parquet", "results.parquet", "runs.parquet", "summary.csv", "provenance.json"
ROWS = 50_000                    # of a row group, so many wait in memory
PIECES = 256                     # tables that wait to be written, at most: each has a cost of its own, however short
CONFIDENCE = 0.95
KINDS = {"point": pa.int64(), "replication": pa.int64(), "seed": pa.int64(), "value": pa.float64()}
RUN_COLUMNS = ("point", "scenario", "policy", "replication", "seed", "status", "error", "block")


class _Rows:
    """A Parquet file written in row groups of `ROWS` rows, however the rows arrive."""

    def __init__(self, path: Path, columns: tuple[str, ...], said: dict[str, Any]) -> None:
        fields = [(name, KINDS.get(name, pa.string())) for name in columns]
        self.schema = pa.schema(fields, metadata={key: json.dumps(value) for key, value in said.items()})
        self.writer = pq.ParquetWriter(path, self.schema, compression="zstd", write_page_checksum=True)
        self.waiting: list[pa.Table] = []
        self.count = 0

    def add(self, size: int, columns: dict[str, Any]) -> None:
        """So many rows. columns: by name, each a list or array, or one value for all rows."""
        self.waiting.append(pa.table([_array(columns[name], self.schema.field(name).type, size) for name in self.schema.names], schema=self.schema))
        self.count += size
        while self.count >= ROWS:
            self._write(ROWS)
        if len(self.waiting) >= PIECES:
            self.waiting = [self._whole()]

    def _whole(self) -> pa.Table:
        return pa.concat_tables(self.waiting).combine_chunks()

    def _write(self, rows: int) -> None:
        whole = self._whole()
        self.writer.write_table(whole.slice(0, rows).combine_chunks(), row_group_size=ROWS)
        self.waiting, self.count = [whole.slice(rows)], self.count - rows

    def close(self) -> None:
        if self.count:
            self._write(self.count)
        self.writer.close()


@contextmanager
def written(plan: Plan, folder: Path) -> Iterator[Tables]:
    """The tables of a sweep, to be filled; they appear in the folder, the provenance last, when the block ends well."""
    with ExitStack() as ends:
        parts = {name: ends.enter_context(finished(folder / name)) for name in (PROVENANCE, SUMMARY, RUNS, RESULTS)}
        tables = Tables(plan, parts)
        try:
            yield tables
        except BaseException:
            with suppress(Exception):                # on a full disk closing fails too
                tables.close()
            raise
        tables.close()
        told = json.dumps(tables.provenance(folder / DESIGN), indent=2, ensure_ascii=False) + "\n"
        parts[PROVENANCE].write_text(told, encoding="utf-8")


def _array(values: Any, kind: pa.DataType, size: int) -> pa.Array:
    """A column as it is written: words of categories spelt out, NaN for a number that is missing."""
    if isinstance(values, pa.ChunkedArray):
        return values.cast(kind).fill_null(np.nan) if kind == pa.float64() else values.cast(kind)
    return pa.array(values, kind) if isinstance(values, list) else pa.repeat(pa.scalar(values, kind), size)


class Tables:
    """The tables of a sweep being written. parts: where each goes, by its name. failed: runs so far that failed."""

    def __init__(self, plan: Plan, parts: dict[str, Path]) -> None:
        self.plan, self.parts, self.failed = plan, parts, 0
        self.factors = dict(zip(plan.design["point"], plan.design.drop(columns="point").itertuples(index=False, name=None)))
        self.baseline: tuple[int, pd.DataFrame] | None = None
        units = {name: measure.unit for name, measure in list_measures().items()}
        self.results = _Rows(parts[RESULTS], ("point", *COLUMNS), {"units": units})
        self.runs = _Rows(parts[RUNS], RUN_COLUMNS, {})
        self.lines = parts[SUMMARY].open("w", encoding="utf-8", newline="\n")
        self.header = True

    def close(self) -> None:
        with ExitStack() as ends:
            for each in (self.lines, self.runs, self.results):
                ends.callback(each.close)

    def add_block(self, cell: Cell, block: Block, rows: pa.Table, failures: dict[int, str]) -> None:
        """A block's rows, and a row for each of its runs."""
        self.results.add(len(rows), {**{name: rows[name] for name in rows.column_names}, **self._names(cell)})
        self._add_runs(cell, range(block.first, block.last), failures, block.address)

    def add_failed(self, cell: Cell) -> None:
        """A cell that cannot be run at all."""
        numbers = range(self.plan.file.replications)
        self._add_runs(cell, numbers, dict.fromkeys(numbers, cell.error), "")
        self.add_summary(cell, self.nothing())

    def nothing(self) -> pd.DataFrame:
        """The outcomes of no run."""
        return pd.DataFrame(columns=list(self.plan.file.outcomes), dtype=np.float64)

    def _names(self, cell: Cell) -> dict[str, Any]:
        return {"point": cell.point, "scenario": self.plan.scenario.name, "policy": cell.policy.name}

    def _add_runs(self, cell: Cell, numbers: range, failures: dict[int, str], block: str) -> None:
        self.failed += len(failures)
        self.runs.add(len(numbers), {
            **self._names(cell), "replication": list(numbers), "seed": self.plan.file.seed,
            "status": ["failed" if number in failures else "done" for number in numbers],
            "error": [failures.get(number, "") for number in numbers], "block": block})

    def add_summary(self, cell: Cell, wide: pd.DataFrame) -> None:
        """A row an outcome: mean, interval, spread, and the paired difference to the first policy at the same point."""
        if cell.policy.name == self.plan.policies[0].name:
            self.baseline = (cell.point, wide)
        assert self.baseline is not None and self.baseline[0] == cell.point
        gap = (wide - self.baseline[1]).dropna(how="all") if wide is not self.baseline[1] else wide.iloc[:0]
        half, half_gap = (interval_half_width(each.to_numpy(), CONFIDENCE) for each in (wide, gap))
        mean, difference = wide.mean().to_numpy(), gap.mean().to_numpy()
        low, middle, high = wide.quantile([0.05, 0.5, 0.95]).to_numpy()
        rows = pd.DataFrame({
            "point": cell.point, **dict(zip(self.plan.file.factors, self.factors[cell.point], strict=True)),
            "scenario": self.plan.scenario.name, "policy": cell.policy.name, "measure": wide.columns,
            "unit": [list_measures()[name].unit for name in wide.columns], "mean": mean, "ci_low": mean - half, "ci_high": mean + half,
            "confidence": CONFIDENCE, "p05": low, "median": middle, "p95": high, "difference": difference,
            "difference_low": difference - half_gap, "difference_high": difference + half_gap,
            "replications": len(wide), "failed": self.plan.file.replications - len(wide), "seed": self.plan.file.seed})
        rows.to_csv(self.lines, index=False, header=self.header, float_format="%.10g", lineterminator="\n")
        self.header = False

    def provenance(self, design: Path) -> dict[str, Any]:
        """What made the tables, and their digests."""
        from sim import __version__
        from sim.experiments.blocks import code

        plan = self.plan
        digests = {name: _sha256(self.parts[name]) for name in (RESULTS, RUNS, SUMMARY)} | {DESIGN: _sha256(design)}
        return {
            "incentivelab": __version__, "code": code(), "scenario": plan.scenario.name, "scenario_digest": plan.scenario.digest,
            "policies": {policy.name: policy.digest for policy in plan.policies}, "baseline": plan.policies[0].name,
            "seed": plan.file.seed, "replications": plan.file.replications, "design": plan.file.design.model_dump(mode="json"),
            "factors": plan.file.model_dump(mode="json", exclude_none=True)["factors"], "points": len(plan.design), "runs": plan.runs,
            "failed": self.failed, "confidence": CONFIDENCE, "files": digests}


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def connected(folder: Path) -> Iterator[DuckDBPyConnection]:
    """DuckDB with a sweep's tables as views `results`, `design`, `runs`, `summary`. It asks no network for anything."""
    import duckdb

    with duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}) as connection:
        for view, file in (("results", RESULTS), ("design", DESIGN), ("runs", RUNS), ("summary", SUMMARY)):
            connection.execute(f"CREATE VIEW {view} AS SELECT * FROM {quoted(folder / file)}")
        yield connection


def quoted(path: Path | str) -> str:
    """A file's name as DuckDB takes it for a table."""
    return "'" + str(path).replace("'", "''") + "'"


def query_for(plan: Plan, folder: str | Path) -> str:
    """A query ready to paste into DuckDB, from any folder: the first outcome by factors and policy, as in the summary."""
    name = plan.file.outcomes[0]
    factors = ", ".join(f'"{factor}"' for factor in plan.file.factors)
    results, design = (quoted((Path(folder).absolute() / file).as_posix()) for file in (RESULTS, DESIGN))
    return (f"SELECT {factors}, policy, avg(whole) AS {name}, count(*) AS runs\n"
            f"FROM (SELECT point, policy, replication, {_whole_in_sql(name)} AS whole\n"
            f"      FROM {results} GROUP BY ALL) JOIN {design} USING (point)\n"
            f"GROUP BY ALL ORDER BY ALL;")


def _whole_in_sql(name: str) -> str:
    """A run's value of a measure from its branches' rows; the same as `whole_of`."""
    if name in QUOTIENTS:
        times, above, below = QUOTIENTS[name]
        return f"CASE WHEN {_whole_in_sql(below)} > 0 THEN {times:.0f} * {_whole_in_sql(above)} / {_whole_in_sql(below)} ELSE 0 END"
    rows = f"FILTER (measure = '{name}' AND NOT isnan(value))"
    return f"coalesce(sum(value) {rows}, 0)" if list_measures()[name].adds_up else f"avg(value) {rows}"
