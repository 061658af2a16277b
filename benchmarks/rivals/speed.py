"""Engine and rivals side by side, in turns within one run; tables in Markdown. Part of `make bench`."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import sim
from benchmarks.rivals.contacts import FLAGS, Bank, Contender, bank, by_branch, by_day, c_compiler, in_c, in_polars
from benchmarks.rivals.setting import read
from benchmarks.timing import Alone, ratios, seconds, spread, table, turns
from sim.compiled import CACHE_VARIABLE
from sim.engine.state import CLIENT, CUSTOMER, LOAN, MANAGER

QUARTER = "changzhou-2015"
ROUNDS, RUNS, DAILY_RUNS = 7, 20, 5
BRANCHES, DAYS = 400, 90
ENGINE, OURS, IN_C, POLARS = "engine", "our rules, branch by branch", "C, branch by branch", "Polars"
KINDS = {  # of customers: the model, and how many runs a round
    "plain Mesa, customers small objects, lazy": ("Branch", RUNS),
    "plain Mesa, customers agents, lazy": ("BranchOfAgents", RUNS),
    "for comparison: customers agents with a step a day": ("BranchOfDailyAgents", DAILY_RUNS),
}
ENGINE_ALONE = """
import sim
from benchmarks.runner import runner, spend
live = runner(sim.load_scenario("{quarter}"), sim.load_policy("{quarter}"))
call = lambda: spend(live, {runs})
"""
PLAIN_ALONE = """
import pickle
from benchmarks.rivals.mesa_plain import {kind}, forget_models, run
setting = pickle.loads({setting})
def call():
    for seed in range({runs}):
        run(setting, seed, {kind})
        forget_models()
"""
SIMULATE_ALONE = """
import sim
scenario, policy = sim.load_scenario("{quarter}"), sim.load_policy("{quarter}")
call = lambda: sim.simulate(scenario, policy, {runs})
"""
BATCH_ALONE = """
import pickle
from mesa.batchrunner import batch_run
from benchmarks.rivals.mesa_plain import Branch, forget_models
setting = pickle.loads({setting})
def call():
    batch_run(Branch, {{"setting": [setting]}}, number_processes=1, iterations={runs}, display_progress=False)
    forget_models()
"""
COLD = {  # what is compiled, and a script that makes it ready to be called
    "the short day (changzhou-2015)": """
import sim
from benchmarks.runner import runner, spend
live = runner(sim.load_scenario("changzhou-2015"), sim.load_policy("changzhou-2015"))
call = lambda: spend(live, 1)
""",
    "the whole day (rural-branch)": """
import sim
from benchmarks.runner import runner, spend
live = runner(sim.load_scenario("rural-branch"), sim.load_policy("lending-volume"))
call = lambda: spend(live, 1)
""",
    "the contact loop": """
import sim
from benchmarks.rivals.contacts import bank, by_branch
few = bank(sim.load_scenario("changzhou-2015"), 1)
call = lambda: by_branch(few, 1)
""",
}
CLOCKED = """
import time
start = time.process_time()
call()
middle = time.process_time()
call()
print(2 * middle - start - time.process_time())
"""


def replication() -> Iterator[str]:
    """One Changzhou replication: the engine, and the plain model with its three kinds of customers."""
    alone = {ENGINE: (ENGINE_ALONE.format(quarter=QUARTER, runs=RUNS), RUNS)}
    for name, (kind, runs) in KINDS.items():
        alone[name] = (PLAIN_ALONE.format(setting=setting(), kind=kind, runs=runs), runs)
    yield from milliseconds(("one replication of changzhou-2015, one core", "ms", "times the engine's"), alone)


def batches() -> Iterator[str]:
    """Many replications and their results as a table: Mesa's own runner on the plain model, our `simulate`."""
    alone = {
        "sim.simulate": (SIMULATE_ALONE.format(quarter=QUARTER, runs=10 * RUNS), 10 * RUNS),
        "mesa.batch_run on the plain model": (BATCH_ALONE.format(setting=setting(), runs=RUNS), RUNS),
    }
    yield from milliseconds(("replications with their results, one core", "ms a replication", "times ours"), alone)


def setting() -> bytes:
    """The plain model's setting for a process that knows nothing of the engine."""
    return pickle.dumps(read(sim.load_scenario(QUARTER), sim.load_policy(QUARTER)))


def milliseconds(header: tuple[str, str, str], alone: Mapping[str, tuple[str, int]]) -> Iterator[str]:
    """A table of milliseconds a run, and how many times the first one's each takes. alone: code, and how many runs a call are.

    Each has a process of its own, since Python's collector of garbage walks all that a process has imported; they take turns.
    """
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Alone(code)) for name, (code, _) in alone.items()}
        taken = turns({name: worker.seconds for name, worker in workers.items()}, ROUNDS)
    each = {name: [1e3 * t / alone[name][1] for t in times] for name, times in taken.items()}
    first = next(iter(each.values()))
    yield from table(
        header, ((name, spread(times), "1" if times is first else spread(ratios(times, first))) for name, times in each.items())
    )


def contact_loop() -> Iterator[str]:
    """Contacts a second of the loop alone; every contender lives the same days of the same bank."""
    first = bank(sim.load_scenario(QUARTER), BRANCHES)
    mine, made, bits = first.twin(), {}, {}
    with tempfile.TemporaryDirectory(prefix="contacts-") as folder:
        contenders: dict[str, Contender] = {OURS: by_branch}
        if (compiled := in_c(Path(folder))) is not None:
            contenders[IN_C] = compiled
        contenders["our rules, day by day across the bank"] = by_day
        if find_spec("polars"):
            os.environ.setdefault("POLARS_MAX_THREADS", "1")
            contenders[POLARS] = in_polars
        for contender in contenders.values():  # compiled and imported before
            mine.copy_from(first)
            contender(mine, 1)
        times: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(ROUNDS):
            for name, contender in contenders.items():
                mine.copy_from(first)
                times[name].append(seconds(lambda live=contender: live(mine, DAYS), time.process_time))
                made[name] = mine.totals()["contacts"] / 1e6
                bits[name] = fingerprint(mine)
    bits.pop(POLARS, None)
    if len(set(bits.values())) > 1:
        raise AssertionError(f"the contact loops left different bits behind: {bits}")
    speed = {name: [made[name] / t for t in taken] for name, taken in times.items()}
    yield from table(
        ("contact loop, one core", "million contacts a second", "our rules over it"),
        ((name, spread(speeds), "1" if name == OURS else spread(ratios(speed[OURS], speeds))) for name, speeds in speed.items()),
    )
    if IN_C not in contenders:
        yield "\nC is left out: no compiler found (cc, gcc or clang)."
    if POLARS not in contenders:
        yield "\nPolars is left out: not installed (`pip install polars`)."


def fingerprint(b: Bank) -> int:
    """A number that the same bits share."""
    return hash((np.asarray(b.customers).tobytes(), b.book.tobytes(), np.asarray(b.sellers).tobytes()))


def compiling() -> Iterator[str]:
    """Compile time, apart: in a process of its own with an empty cache, once; processor time."""
    rows = []
    for name, code in COLD.items():
        with tempfile.TemporaryDirectory() as cache:
            done = subprocess.run(
                [sys.executable, "-c", code + CLOCKED],
                env={**os.environ, CACHE_VARIABLE: cache},
                check=True,
                text=True,
                capture_output=True,
            )
        rows.append((f"numba, {name}", f"{float(done.stdout.split()[-1]):.1f}"))
    if c_compiler():
        with tempfile.TemporaryDirectory() as folder:
            rows.append((f"C, the contact loop (`{' '.join(FLAGS)}`)", f"{seconds(lambda: in_c(Path(folder))):.1f}"))
    yield from table(("compiled once for an installation", "s"), rows)


def memory() -> Iterator[str]:
    """Bytes of the records."""
    rows = [
        ("a customer in short form (`CUSTOMER`)", f"{CUSTOMER.itemsize}"),
        ("the place in the manager's book", "8"),
        ("a customer in full (`CUSTOMER` and `CLIENT`)", f"{CUSTOMER.itemsize + CLIENT.itemsize}"),
        ("a loan, where customers borrow (two rows: queue and loan)", f"{2 * LOAN.itemsize}"),
        ("a manager (`MANAGER`)", f"{MANAGER.itemsize:,}"),
    ]
    yield from table(("record", "bytes"), rows)


def compiler_version() -> str:
    """The C compiler's first line about itself, or that there is none."""
    found = c_compiler()
    if found is None:
        return "no C compiler"
    return subprocess.run([found, "--version"], text=True, capture_output=True, check=True).stdout.splitlines()[0]
