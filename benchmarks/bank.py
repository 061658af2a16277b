"""The national bank: 4,000 branches, 30,000 managers, 15 million customers, 250 days; a process of its own each time, for its memory.

    python -m benchmarks.bank SHARE JOBS FORCE    one replication of that share of the branches: seconds, processor seconds, peak MiB

FORCE: `as-described` (people stay, customers in their short form, no loans), or `everything` the model has.
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
SIZES, JOBS = ((0.01, "as-described"), (0.1, "as-described"), (1.0, "as-described"), (1.0, "everything")), 2


def part_of(bank: Scenario, share: float) -> Scenario:
    """The bank with this share of the copies of every kind of branch."""
    return bank.with_changes({f"branches.{name}.copies": max(1, round(share * branch.copies)) for name, branch in bank.branches.items()})


def in_force(bank: Scenario, force: str) -> Scenario:
    """The bank as its file describes it, or with every mechanism of the model switched on."""
    return bank.with_changes({f"mechanisms.{name}": True for name, on in bank.switches.items() if not on and force == "everything"})


def measured(share: float, jobs: int, force: str) -> tuple[float, float, float]:
    """One replication in a process of its own: seconds by the clock, seconds of processors, peak MiB. Loading is counted, compiling is not."""
    said = subprocess.run([sys.executable, "-m", "benchmarks.bank", str(share), str(jobs), force], check=True, capture_output=True, text=True).stdout
    wall, processor, peak = map(float, said.split())
    return wall, processor, peak


def tables() -> Iterator[str]:
    """One row a size."""
    bank = sim.load_scenario(SCENARIO)
    rows = []
    for force in dict.fromkeys(force for _, force in SIZES):
        measured(SIZES[0][0], 1, force)                  # compiled by now
    for share, force in SIZES:
        part = part_of(bank, share)
        wall, processor, peak = measured(share, JOBS, force)
        rows.append((f"{sum(branch.copies for branch in part.branches.values()):,} branches, {part.seats:,} managers", force.replace("-", " "),
                     plain(wall), plain(processor), plain(1e6 * processor / (part.seats * part.timeline.days)), plain(peak)))
    yield from table((f"one replication, {JOBS} workers", "in force", "s", "processor s", "µs a manager-day", "peak MiB"), rows)


def main() -> None:
    share, jobs, force = float(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
    start = time.perf_counter()
    sim.simulate(part_of(in_force(sim.load_scenario(SCENARIO), force), share), sim.load_policy(POLICY), replications=1, jobs=jobs)
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
