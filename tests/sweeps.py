"""A small sweep that tests of several modules share, and the command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHORT = "{title: {en: Short, zh: 短}, extends: changzhou-2015, status: assumed, note: a week, calendar: {days: 7}}\n"
EXPERIMENT = """
schema_version: 1
scenario: short.yaml
policies: [fixed-pay, performance-pay]
replications: 20
seed: 5
outcomes: [accounts, pay, skill]
factors:
  cost: {scenario: parameters.effort_cost, levels: [1.0, 4]}
  meeting: {policy: practices.reporting.every_days, levels: [1, 7]}
  rate: {policy: pay.commission.schedule.rate, only: [performance-pay], levels: [350, 700]}
"""
TABLES = ("design.parquet", "provenance.json", "results.parquet", "runs.parquet", "summary.csv")
DAMAGES = ("cut short", "a byte changed", "another block")


def written(folder: Path, text: str = EXPERIMENT) -> Path:
    """The experiment in a folder; its file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "short.yaml").write_text(SHORT, encoding="utf-8")
    (folder / "pay.yaml").write_text(text, encoding="utf-8")
    return folder / "pay.yaml"


def tables(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in TABLES}


def everything(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def spoilt(path: Path, how: str) -> None:
    """Damage a block's file in one of the ways of `DAMAGES`."""
    content = bytearray(path.read_bytes())
    match how:
        case "cut short": del content[len(content) // 2:]
        case "a byte changed": content[len(content) // 8] ^= 0x20
        case "another block": content = bytearray(next(other for other in path.parent.parent.rglob("*.parquet") if other != path).read_bytes())
    path.write_bytes(content)


def command(*arguments: str, cwd: Path, **more: Any) -> subprocess.Popen[str]:
    """`incentivelab` in a process and process group of its own, so that signals meet it alone."""
    search = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return subprocess.Popen(
        [sys.executable, "-m", "sim.cli", *arguments], cwd=cwd, env={**os.environ, "PYTHONPATH": search}, text=True, start_new_session=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more})
