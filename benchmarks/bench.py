"""Speed of what users wait for: `make bench`. Prints medians; figures and the machine go into docs/performance.md by hand.

Whole commands are timed from outside; replications within one process after compilation, processor time, best of several.
"""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

REPEATS, REPLICATIONS = 5, 60
COMMANDS = {
    "import sim": [sys.executable, "-c", "import sim"],
    "incentivelab --help": [sys.executable, "-m", "sim.cli", "--help"],
}


def seconds(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> list[float]:
    taken = []
    for _ in range(REPEATS):
        start = clock()
        call()
        taken.append(clock() - start)
    return taken


def line(name: str, taken: list[float], unit: float = 1.0, label: str = "s") -> None:
    print(f"{name:58s} median {statistics.median(taken) * unit:8.3f} {label}   ({min(taken) * unit:.3f} to {max(taken) * unit:.3f})")


def replications(scenario: str, policy: str) -> Callable[[], object]:
    """One compiled call over `REPLICATIONS` replications of a scenario's first branch."""
    import sim
    from sim.engine.prepare import practice_of, world_of
    from sim.engine.run import branch_seeds, run_branch
    from sim.engine.state import PAY_MEASURES
    from sim.policy.schedule import pay_tables

    world_, plan = sim.load_scenario(scenario), sim.load_policy(policy)
    branch = next(iter(world_.branches))
    world, practice = world_of(world_, branch), practice_of(plan, world_, branch)
    tables, seeds = pay_tables(plan, PAY_MEASURES), branch_seeds(1, range(REPLICATIONS), branch)
    call = lambda: run_branch(world, practice, *tables, seeds)      # noqa: E731
    call()
    return call


def main() -> None:
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    for name, command in COMMANDS.items():
        line(name, seconds(lambda c=command: subprocess.run(c, check=True, stdout=subprocess.DEVNULL)))
    for scenario, policy in (("changzhou-2015", "changzhou-2015"), ("changzhou-2016", "changzhou-2016"), ("branch", "performance-pay")):
        call = replications(scenario, policy)
        line(f"{scenario} under {policy}, one replication, one core", seconds(call, time.process_time), 1e3 / REPLICATIONS, "ms")
    import sim

    scenario = sim.load_scenario("changzhou-2015")
    plans = [sim.load_policy(name) for name in ("fixed-pay", "performance-pay")]
    one = seconds(lambda: sim.compare(scenario, plans, replications=200, jobs=1))
    two = seconds(lambda: sim.compare(scenario, plans, replications=200, jobs=2))
    line("compare, 2 policies x 200 replications, 1 worker", one)
    line("compare, 2 policies x 200 replications, 2 workers", two)
    print(f"{'2 workers against 1':58s} {statistics.median(one) / statistics.median(two):8.2f} times")


if __name__ == "__main__":
    main()
