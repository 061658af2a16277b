"""The store with up to 100,000 blocks, and a real sweep of 100,000 runs: part of `make bench`.

Adding a block, asking for one and reading one must not slow down as the store fills; the sweep's memory must not grow with its runs, and finding them
again must be far quicker than making them.
"""

from __future__ import annotations

import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SIZES, TIMES = (0, 1_000, 10_000, 100_000), 200
SHORT = """{title: {en: Short, zh: 短}, extends: changzhou-2015, status: assumed, note: three days, calendar: {days: 3},
 branches: {changzhou: {managers: {C: null, D: null, E: null, F: null, G: null, A: {customers: 20}, B: {customers: 20}}}}}
"""
EXPERIMENT = """
scenario: short.yaml
policies: [fixed-pay, performance-pay]
replications: %d
outcomes: [accounts, pay]
design: {kind: sobol, size: 512}
factors:
  cost: {scenario: parameters.effort_cost, range: [1.0, 6.0]}
  rate: {policy: pay.commission.schedule.rate, only: [performance-pay], range: [300, 1200]}
"""


def median(call: Callable[[str], object]) -> str:
    """Milliseconds of a call with a new address each time, medians: by the clock, and of it the processor's."""
    clock, processor = [], []
    for _ in range(TIMES):
        address = secrets.token_hex(8)
        start, begun = time.perf_counter(), time.process_time()
        call(address)
        clock.append(time.perf_counter() - start)
        processor.append(time.process_time() - begun)
    return f"{1e3 * statistics.median(clock):.3g} ({1e3 * statistics.median(processor):.3g})"


def catalogue() -> None:
    """Blocks are put, asked for and read in stores of growing size, filled with links to one block's file."""
    import sim
    from sim.experiments.blocks import Case, cut, lived
    from sim.experiments.store import Store

    scenario = sim.load_scenario("changzhou-2015").with_changes({"calendar.days": 3})
    kept = lived(cut(Case.of(scenario, sim.load_policy("fixed-pay")), 1, 16, "totals")[0]).kept
    print("| blocks in the store | put, ms (processor) | has, ms | get, ms |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name))
        store.put("0" * 16, kept)
        filled, source = 1, store.path("0" * 16)
        for size in SIZES:
            while filled < size:
                path = store.path(secrets.token_hex(8))
                path.parent.mkdir(exist_ok=True)
                if filled % 30_000 == 0:                     # a file has at most so many names
                    source = path
                    path.write_bytes(store.path("0" * 16).read_bytes())
                else:
                    os.link(source, path)
                filled += 1
            print(f"| {size:,} |", median(lambda address: store.put(address, kept)), "|", median(store.has), "|",
                  median(lambda address: store.get("0" * 16)), "|", flush=True)
            filled += TIMES


def real(replications: int) -> None:
    """A whole sweep of 512 points and 2 policies by the command, timed from outside, with its peak memory; then the same again, found."""
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        (place / "short.yaml").write_text(SHORT, encoding="utf-8")
        (place / "many.yaml").write_text(EXPERIMENT % replications, encoding="utf-8")
        for what in ("made", "found again"):
            start = time.perf_counter()
            command = [sys.executable, "-m", "sim.cli", "sweep", "many.yaml", "--out", "out", "--quiet"]
            process = subprocess.Popen(command, cwd=place, stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise SystemExit(f"The sweep ended with {process.returncode}.")
            print(f"{1024 * replications:,} runs {what}: {time.perf_counter() - start:.0f} s ({used.ru_utime + used.ru_stime:.0f} s of the "
                  f"processors), at most {used.ru_maxrss / 1024:.0f} MiB", flush=True)


if __name__ == "__main__":
    catalogue()
    for replications in (4, 20, 98):
        real(replications)
