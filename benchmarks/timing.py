"""What the benchmarks share: timing in turns, so that what else the machine does falls on all alike, and tables in Markdown."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Self

Call = Callable[[], object]
REPEATS = 5


def seconds(call: Call, clock: Callable[[], float] = time.perf_counter) -> float:
    """How long one call takes."""
    start = clock()
    call()
    return clock() - start


def in_turns(calls: Mapping[str, Call], repeats: int = REPEATS, clock: Callable[[], float] = time.process_time) -> dict[str, list[float]]:
    """Seconds of each call, round by round: A B C A B C. Nothing is left out as a warm-up."""
    return turns({name: lambda call=call: seconds(call, clock) for name, call in calls.items()}, repeats)


def turns(measures: Mapping[str, Callable[[], float]], repeats: int) -> dict[str, list[float]]:
    """What each measure tells, round by round."""
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(repeats):
        for name, measure in measures.items():
            taken[name].append(measure())
    return taken


class Alone:
    """Code that defines `call`, in a process of its own that imports what the code does and no more; called once before it is timed."""

    SERVE = """
import sys, time
call()
print(flush=True)
for _ in sys.stdin:
    start = time.process_time()
    call()
    print(time.process_time() - start, flush=True)
"""

    def __init__(self, code: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", code + self.SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()

    def seconds(self) -> float:
        """Processor seconds of one call."""
        print(file=self.process.stdin, flush=True)
        return float(self.process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()


def ratios(above: Sequence[float], below: Sequence[float]) -> list[float]:
    """Round by round, so that both halves of a ratio are of the same moment."""
    return [a / b for a, b in zip(above, below, strict=True)]


def spread(values: Sequence[float], digits: int = 3) -> str:
    """Median (lowest to highest), to so many significant digits."""
    return f"{plain(statistics.median(values), digits)} ({plain(min(values), digits)} to {plain(max(values), digits)})"


def plain(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, without powers of ten."""
    rounded = float(f"{value:.{digits}g}")
    return f"{rounded:,.0f}" if abs(rounded) >= 10 ** (digits - 1) else f"{rounded:.{digits}g}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown, line by line."""
    for row in (header, ["---"] * len(header), *rows):
        yield "| " + " | ".join(row) + " |"


def machine(*packages: str) -> str:
    """The machine and the versions that were measured, and how busy it was."""
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    busy = f", load {os.getloadavg()[0]:.1f} when this began" if hasattr(os, "getloadavg") else ""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores{busy}; Python {platform.python_version()}, {versions}"
