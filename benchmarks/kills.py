"""A sweep killed at a hundred random moments (SIGKILL), each time begun again by the same command: part of `make validate`.

What is left in the end is compared byte by byte with what an undisturbed run leaves.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

KILLS, SEED, MOST_ROUNDS = 100, 7, 60
LOG = "log.jsonl"
SHORT = "{title: {en: Short, zh: 短}, extends: changzhou-2015, status: assumed, note: a fortnight, calendar: {days: 14}}\n"
EXPERIMENT = """
scenario: short.yaml
policies: [fixed-pay, performance-pay]
replications: 160
outcomes: [accounts, pay]
factors:
  cost: {scenario: parameters.effort_cost, levels: [1.0, 2.0, 4.0]}
  rate: {policy: pay.commission.schedule.rate, only: [performance-pay], levels: [350, 700, 1050]}
"""


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def command(folder: Path) -> list[str]:
    return [sys.executable, "-m", "sim.cli", "sweep", "pay.yaml", "--out", str(folder), "--jobs", "2", "--log", LOG]


def kills() -> Iterator[str]:
    """A table's worth of sentences. Raises if a byte differs. Sweeps are begun afresh as often as it takes for so many kills."""
    moments = random.Random(SEED)
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "short.yaml").write_text(SHORT, encoding="utf-8")
        (place / "pay.yaml").write_text(EXPERIMENT, encoding="utf-8")
        subprocess.run(command(place / "whole"), cwd=place, check=True, capture_output=True)
        whole = contents(place / "whole")
        killed = rounds = half = 0
        stages = {"before the first block": 0, "among the blocks": 0, "among the tables": 0}
        while killed < KILLS and rounds < MOST_ROUNDS:
            rounds += 1
            folder = place / f"out{rounds}"
            while killed < KILLS:
                (place / LOG).write_text("")
                process = subprocess.Popen(command(folder), cwd=place, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                event = moments.choice(("begun", "block", "sweep"))      # what is waited for before the moment is drawn
                while process.poll() is None and f'"event": "{event}"' not in (place / LOG).read_text(encoding="utf-8"):
                    time.sleep(0.002)
                try:
                    process.wait(timeout=moments.uniform(0.0, 0.5))
                    break                                        # it came to its end: begin another
                except subprocess.TimeoutExpired:
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                killed += 1
                left = contents(folder)
                half += any(path.endswith(".part") for path in left)
                blocks = sum(path.startswith("blocks") and path.endswith(".parquet") for path in left)
                planned = sum(path.startswith("blocks") for path in whole)
                stages["before the first block" if not blocks else "among the tables" if blocks == planned else "among the blocks"] += 1
            subprocess.run(command(folder), cwd=place, check=True, capture_output=True)
            if contents(folder) != whole:
                raise AssertionError(f"round {rounds}: bytes differ from those of an undisturbed run")
    if min(stages.values()) == 0:
        raise AssertionError(f"kills missed a stage: {stages}")
    told = ", ".join(f"{count} {stage}" for stage, count in stages.items())
    yield f"{killed} kills in {rounds} sweeps of 2,880 runs each, at moments drawn at random: {told}; {half} left a file half-written."
    yield "After each sweep's last command all its files were, byte for byte, those of an undisturbed run."


if __name__ == "__main__":
    start = time.perf_counter()
    print(*kills(), f"({time.perf_counter() - start:.0f} s, {os.cpu_count()} cores)", sep="\n")
