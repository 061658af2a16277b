"""Payroll of a large bank: 50,000 payees, 12 months, 8 elements of pay, on one core; seconds and peak memory, step by step.

    python benchmarks/payroll.py [--people N] [--format parquet|csv] [--backtest]

Records are invented, written as CSV by one process, and read, paid and written as statements by another, whose memory is measured.
--backtest works out a whole back-test of two plans as well, with its workbook and report.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

PEOPLE, MONTHS, YEAR = 50_000, 12, 2025
MEASURES = {"accounts": 15, "contacts": 80, "income": 60_000, "deposits": 2_000_000, "new_customers": 9}
QUOTA = {"value": 12.0, "unit": "accounts"}
PAY = {
    "base": {"period": "month", "schedule": {"kind": "fixed", "amount": 5000.0}},
    "commission": {"measure": "accounts", "period": "month", "schedule": {"kind": "linear", "rate": 33.33}},
    "quota": {
        "measure": "accounts",
        "period": "month",
        "target": QUOTA,
        "schedule": {"kind": "linear", "rate": 50.0, "threshold": 0.5, "by": "attainment"},
    },
    "tiers": {
        "measure": "income",
        "period": "month",
        "schedule": {
            "kind": "tiers",
            "mode": "marginal",
            "tiers": [{"from": 0.0, "rate": 0.003}, {"from": 20_000.0, "rate": 0.005}, {"from": 40_000.0, "rate": 0.008}],
        },
    },
    "deposits": {"measure": "deposits", "period": "month", "schedule": {"kind": "linear", "rate": 0.0005}, "cap": 800.0},
    "service": {
        "measure": "contacts",
        "period": "month",
        "schedule": {"kind": "step", "at": [{"units": 20.0, "pays": 100.0}, {"units": 50.0, "pays": 250.0}]},
    },
    "customers": {"measure": "new_customers", "period": "month", "schedule": {"kind": "linear", "rate": 12.5, "threshold": 3.0}},
    "curve": {
        "measure": "accounts",
        "period": "month",
        "target": QUOTA,
        "target_incentive": 600.0,
        "schedule": {
            "kind": "curve",
            "curve": {"points": [{"attainment": 0.5, "gives": 0.0}, {"attainment": 1.0, "gives": 1.0}, {"attainment": 1.5, "gives": 2.0}]},
        },
    },
}


def write_records(folder: Path, people: int) -> None:
    import numpy as np
    import pandas as pd

    luck = np.random.default_rng(1)
    ids = np.array([f"E{number:06d}" for number in range(people)])
    pd.DataFrame({"person": ids, "name": ids, "grade": np.array(["junior", "senior"])[luck.integers(0, 2, people)], "team": "t",
                  "joined": "2020-01-01"}).to_csv(folder / "people.csv", index=False)
    months = np.array([f"{YEAR}-{month:02d}" for month in range(1, MONTHS + 1)])
    rows = {"person": np.repeat(ids, MONTHS), "month": np.tile(months, people)}
    for name, most in MEASURES.items():
        values = luck.uniform(0, most, people * MONTHS)
        rows[name] = np.round(values, 2) if most > 1000 else np.round(values).astype(int)
    pd.DataFrame(rows).to_csv(folder / "measures.csv", index=False)


@contextmanager
def told(what: str) -> Iterator[None]:
    start, used = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    print(
        f"{what:44s} {time.perf_counter() - start:7.1f} s   processor {time.process_time() - used:7.1f} s   peak so far {peak:7.0f} MiB",
        flush=True,
    )


def pay(folder: Path, kind: str, whole: bool) -> None:
    from sim.payroll.backtest import backtest
    from sim.payroll.records import read_records
    from sim.policy import make_policy
    from sim.report.backtest_files import write_statements

    words = {
        "title": {"en": "Eight elements", "zh": "八个项目"},
        "source": "a benchmark",
        "effective": date(YEAR, 1, 1),
        "author": "benchmarks",
        "status": "assumed",
    }
    plan = make_policy({**words, "pay": PAY}, "eight-elements")
    with told("read and check the records (CSV)"):
        records = read_records(folder)
    with told("pay"):
        found = backtest(plan, records, resamples=0)
    with told(f"write the statements ({kind})"):
        write_statements(found, folder / f"statements.{kind}")
    size = (folder / f"statements.{kind}").stat().st_size / 2**20
    print(f"{found.lines:,} lines, {size:.0f} MiB, {int(found.pay[plan.name].sum()) / 100:,.2f} CNY")
    if whole:
        from sim.app.backtest_command import write_folder

        other = make_policy(
            {**words, "pay": {**PAY, "commission": {**PAY["commission"], "schedule": {"kind": "linear", "rate": 40.0}}}}, "other"
        )
        out = folder / "out"
        out.mkdir()
        with told("pay two plans"):
            found = backtest([plan, other], records)
        for part in ("winners", "fan", "volatility", "redrawn", "fairness"):
            with told(f"  {part}"):
                getattr(found, part)
        with told("  files, workbook and report"):
            write_folder(found, out, "en", kind)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--format", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--backtest", action="store_true")
    parser.add_argument("--folder", default=None, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.folder:
        pay(Path(options.folder), options.format, options.backtest)
        return
    machine = f"{platform.platform()}, Python {platform.python_version()}, one of {os.cpu_count()} cores"
    print(f"{machine}; {options.people:,} payees, {MONTHS} months, {len(PAY)} elements")
    with tempfile.TemporaryDirectory() as folder:
        write_records(Path(folder), options.people)
        one = {
            **os.environ,
            **{
                name: "1"
                for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ARROW_NUM_THREADS", "NUMBA_NUM_THREADS")
            },
        }
        again = [sys.executable, __file__, "--folder", folder, "--format", options.format, *(["--backtest"] if options.backtest else [])]
        bound = (
            ["taskset", "-c", "0"]
            if sys.platform == "linux" and subprocess.run(["which", "taskset"], capture_output=True).returncode == 0
            else []
        )
        subprocess.run([*bound, *again], check=True, env=one)


if __name__ == "__main__":
    main()
