"""Writing a report's folder: all of it or nothing, and the same bytes for the same result."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import InputError
from sim.experiments.compare import Comparison
from sim.experiments.select import Selection
from sim.experiments.simulate import Progress, Runs
from sim.experiments.store import write_parquet
from sim.report.words import check_language
from sim.writing import clean, remove_folder, temporary_beside

REPORT, RESULTS, COMPARISON, SUMMARY, PROVENANCE = "report.html", "results.parquet", "comparison.csv", "summary.csv", "provenance.json"
SELECTION = "selection.csv"


def write_report(result: Runs | Comparison | Selection, folder: str | Path, lang: str = "en",
                 notebooks: Sequence[tuple[str, str]] = (), progress: Progress | None = None) -> Path:
    """Write a result for people and for programs; the path of the report.

    In `folder`: report.html (one file, no request to any network), results.parquet (long form), comparison.csv (for a
    Comparison), summary.csv (for Runs) or selection.csv (for a Selection), provenance.json. notebooks: title and path relative to the folder, to link.
    progress: told of each figure of Runs or a Comparison. Nothing is seen before all is written; an interruption leaves what was there before.
    Errors: InputError.
    """
    from sim.report.page import packages, render
    from sim.report.selection import render_selection

    check_language(lang)
    target = Path(folder)
    with _staging(target) as stage:
        write_parquet(result.frame, stage / RESULTS)
        table, name = result.summary(), SUMMARY
        if not isinstance(result, Runs):
            table, name = result.table, COMPARISON if isinstance(result, Comparison) else SELECTION
        _write(stage / name, csv_text(table))
        digests = {file: hashlib.sha256((stage / file).read_bytes()).hexdigest() for file in (RESULTS, name)}
        made = {**result.provenance, "packages": packages(), "language": lang, "files": digests}
        _write(stage / PROVENANCE, json_text(made))
        page = render_selection(result, lang, digests) if isinstance(result, Selection) else render(result, lang, notebooks, digests, progress)
        _write(stage / REPORT, page)
        _publish(stage, target, (RESULTS, name, PROVENANCE, REPORT))
    return target / REPORT


def csv_text(table: pd.DataFrame) -> str:
    """A table as CSV: ten significant digits, line feeds, empty where a value is undefined."""
    return table.to_csv(index=False, float_format="%.10g", lineterminator="\n")


def json_text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A hidden folder inside the folder, gone afterwards; after a failure, so are the folders made for it."""
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        clean(folder)
        stage = temporary_beside(folder / "report")
        stage.mkdir()
    except OSError as error:
        found = f"a place that cannot be written to ({error.strerror})"
        raise InputError(folder, found=found, expected="a folder for the report") from None
    try:
        yield stage
    except BaseException:
        remove_folder(stage)
        for path in made:
            if path.is_dir() and not any(path.iterdir()):
                path.rmdir()
        raise
    remove_folder(stage)


def _publish(stage: Path, folder: Path, names: Sequence[str]) -> None:
    """Move finished files to their place. An interruption in these last moments waits until all are there."""
    left = list(names)
    try:
        while left:
            os.replace(stage / left[0], folder / left[0])
            left.pop(0)
    except KeyboardInterrupt:
        for name in left:
            if (stage / name).exists():
                os.replace(stage / name, folder / name)
        raise
