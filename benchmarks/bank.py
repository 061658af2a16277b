"""The national bank: 4,000 branches, 30,000 managers, 15 million customers, 250 days; a process of its own each time, for its memory.

    python -m benchmarks.bank SHARE JOBS    one replication of that share of the branches: seconds, processor seconds, peak MiB
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import sim
from benchmarks.timing import plain, table
from sim.world import Scenario

SCENARIO, POLICY = "national-bank", "performance-pay"
SHARES, JOBS = (0.01, 0.1, 1.0), 2


def part_of(bank: Scenario, share: float) -> Scenario:
    """The bank with this share of the copies of every kind of branch."""
    return bank.with_changes({f"branches.{name}.copies": max(1, round(share * branch.copies)) for name, branch in bank.branches.items()})


def measured(share: float, jobs: int) -> tuple[float, float, float]:
    """One replication in a process of its own: seconds by the clock, seconds of processors, peak MiB. Loading is counted, compiling is not."""
    said = subprocess.run([sys.executable, "-m", "benchmarks.bank", str(share), str(jobs)], check=True, capture_output=True, text=True).stdout
    wall, processor, peak = map(float, said.split())
    return wall, processor, peak


def tables() -> Iterator[str]:
    """One row a size."""
    bank = sim.load_scenario(SCENARIO)
    measured(SHARES[0], 1)                               # compiled by now
    rows = []
    for share in SHARES:
        part = part_of(bank, share)
        wall, processor, peak = measured(share, JOBS)
        rows.append((f"{sum(branch.copies for branch in part.branches.values()):,} branches, {part.seats:,} managers", plain(wall), plain(processor),
                     plain(1e6 * processor / (part.seats * part.timeline.days)), plain(peak)))
    yield from table((f"one replication, {JOBS} workers", "s", "processor s", "µs a manager-day", "peak MiB"), rows)


def main() -> None:
    share, jobs = float(sys.argv[1]), int(sys.argv[2])
    start = time.perf_counter()
    sim.simulate(part_of(sim.load_scenario(SCENARIO), share), sim.load_policy(POLICY), replications=1, jobs=jobs)
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(time.perf_counter() - start, used.ru_utime + used.ru_stime, peak_mib())


def peak_mib() -> float:
    """Of this program alone: what getrusage tells begins with the size of the process that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return float(re.search(r"VmHWM:\s+(\d+) kB", status.read_text())[1]) / 1024      # type: ignore[index]


if __name__ == "__main__":
    main()
