"""A back-test's files for programs: every line of the statements, and winners and losers. Money in them is CNY."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sim.payroll.backtest import Backtest
from sim.payroll.cells import neutralised
from sim.payroll.statement import Statements

AT_ONCE = 400_000                     # lines in memory as a table at a time
ROW_GROUP = 131_072
_LIVE = "^([=+\\-@\t\r\n'\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}])"
STATEMENT_TEXTS = ("policy", "person", "name", "month", "period", "element", "kind", "measure", "rule", "rule_zh")


def pieces(found: Statements) -> Iterator[Statements]:
    """The same lines in pieces that fit into memory as tables, in their order."""
    held, lines = [], 0
    for block in found.blocks:
        if held and lines + len(block.people) > AT_ONCE:
            yield replace(found, blocks=tuple(held))
            held, lines = [], 0
        held.append(block)
        lines += len(block.people)
    if held:
        yield replace(found, blocks=tuple(held))


def lines_table(result: Backtest, name: str, piece: Statements) -> pa.Table:
    """Lines as a table: policy, person, name, then the columns of `Statements.frame`; amount in CNY with two decimals, exactly."""
    frame = piece.frame
    many = len(frame)
    people = result.records.people
    columns = {"policy": pa.DictionaryArray.from_arrays(pa.array(np.full(many, list(result.statements).index(name), dtype=np.int8)),
                                                        pa.array(list(result.statements), pa.string()))}
    for column in frame.columns:
        columns[column] = _arrow(frame[column]) if column != "amount" else decimals(frame["amount"].to_numpy())
        if column == "person":
            columns["name"] = pa.DictionaryArray.from_arrays(pa.array(frame["person"].cat.codes.to_numpy().astype(np.int32)),
                                                             pa.array(people["name"].tolist(), pa.string()))
    return pa.table(columns)


def _arrow(column: pd.Series) -> pa.Array | pa.ChunkedArray:
    if column.dtype.name == "category":
        codes = column.cat.codes.to_numpy().astype(np.int32)
        return pa.DictionaryArray.from_arrays(
            pa.array(codes, mask=codes < 0), pa.array([str(each) for each in column.cat.categories], pa.string())
        )
    if column.dtype.kind == "f":
        return pa.array(column.to_numpy(), from_pandas=True)
    return pa.array(column)


def decimals(fen: np.ndarray) -> pa.Array:
    """Whole fen as CNY in decimal128 with two decimals, without a detour through floats."""
    words = np.empty((len(fen), 2), dtype=np.int64)
    words[:, 0], words[:, 1] = fen, fen >> 63
    return pa.Array.from_buffers(pa.decimal128(20, 2), len(fen), [None, pa.py_buffer(words.tobytes())])


def write_statements(result: Backtest, path: Path) -> None:
    """All lines of all plans, as Parquet or (by the path's ending) CSV."""
    if path.suffix == ".csv":
        _write_csv(result, path)
        return
    import pyarrow.parquet as pq

    writer: pq.ParquetWriter | None = None
    try:
        for name, found in result.statements.items():
            for piece in pieces(found):
                lines = lines_table(result, name, piece)
                if writer is None:
                    writer = pq.ParquetWriter(path, _plain(lines.schema), compression="zstd")
                writer.write_table(lines.cast(_plain(lines.schema)), row_group_size=ROW_GROUP)
    finally:
        if writer is not None:
            writer.close()


def _plain(schema: pa.Schema) -> pa.Schema:
    """Dictionaries as the texts they stand for, since each piece has its own; Parquet makes its own of them."""
    return pa.schema([pa.field(f.name, f.type.value_type if pa.types.is_dictionary(f.type) else f.type) for f in schema])


def _write_csv(result: Backtest, path: Path) -> None:
    from pyarrow import csv

    writer = None
    with path.open("wb") as stream:
        stream.write("\N{ZERO WIDTH NO-BREAK SPACE}".encode())          # by which spreadsheets know UTF-8
        for name, found in result.statements.items():
            for piece in pieces(found):
                lines = lines_table(result, name, piece)
                harmless = [_harmless(lines[column]) if column in STATEMENT_TEXTS else lines[column] for column in lines.column_names]
                made = pa.table(dict(zip(lines.column_names, harmless, strict=True)))
                made = made.cast(_plain(made.schema))
                writer = writer or csv.CSVWriter(stream, made.schema)
                writer.write_table(made)
        if writer is not None:
            writer.close()


def _harmless(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Texts that no spreadsheet takes for formulas."""
    if not pa.types.is_dictionary(column.type):
        return pc.replace_substring_regex(column, _LIVE, "'\\1")
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, pa.array([neutralised(text) for text in chunk.dictionary.to_pylist()], pa.string()))
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks)


def winners_frame(result: Backtest) -> pd.DataFrame:
    """Winners and losers with names, money in CNY as text with two decimals, texts made harmless."""
    found, names = result.winners, result.records.people["name"].to_numpy()
    rows = found["row"].to_numpy(dtype=np.int64)
    texts = {"policy": found["policy"], "person": found["person"], "name": names[rows], "grade": found["grade"]}
    harmless = {key: [neutralised(str(text)) for text in column] for key, column in texts.items()}
    return pd.DataFrame({
        **harmless, **{key: [exact_cny(int(fen)) for fen in found[key]] for key in ("old", "new", "difference")},
        "percent": found["percent"], "band": found["band"].astype(str), "needed": found["needed"], "quintile": found["quintile"],
    })


def exact_cny(fen: int) -> str:
    """Fen as CNY with two decimals: -12.05."""
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def write_winners(result: Backtest, path: Path) -> None:
    text = winners_frame(result).to_csv(index=False, float_format="%.10g", lineterminator="\n")
    path.write_text(text, encoding="utf-8-sig", newline="\n")
