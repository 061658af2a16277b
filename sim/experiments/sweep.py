"""Sweeps: policies tried over a design of factors, in a folder that can be left at any moment and gone on with.

The folder holds the design, one small file a block of runs (blocks/), and at the end the tables: results.parquet (every run's
outcomes in long form), runs.parquet (one row a run, failed ones with their error), summary.csv, provenance.json. Tables are written
in the order of the design, block by block; their bytes do not depend on how, where or in how many goes the runs were made.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

import pandas as pd

from sim.errors import InputError
from sim.experiments.blocks import Block, code, lived, run_blocks
from sim.experiments.design import SweepFile, stored_design
from sim.experiments.events import note
from sim.experiments.experiment import loaded_experiment, read_experiment
from sim.experiments.plan import Cell, Plan, check_factors
from sim.experiments.simulate import Progress, check_numbers, whole_of
from sim.experiments.store import Store, Stored
from sim.experiments.tables import DESIGN, PROVENANCE, RESULTS, RUNS, SUMMARY, Tables, connected, written
from sim.policy import Policy
from sim.reading import shown
from sim.world import Scenario
from sim.writing import clean, finished

MARK, BLOCKS, INPUTS = "sweep.json", "blocks", "inputs"
OURS = {MARK, BLOCKS, INPUTS, DESIGN, RESULTS, RUNS, SUMMARY, PROVENANCE}
DROPPINGS = {".DS_Store", "Thumbs.db"}               # left by systems


@dataclass(frozen=True)
class Sweep:
    """A finished sweep in its folder. failed: runs that ended in an error."""

    folder: Path
    runs: int
    failed: int

    @property
    def frame(self) -> pd.DataFrame:
        """Every run's outcomes in long form, read from the folder; see `query` where that is too much for memory."""
        return pd.read_parquet(self.folder / RESULTS)

    @cached_property
    def design(self) -> pd.DataFrame:
        return pd.read_parquet(self.folder / DESIGN)

    def summary(self) -> pd.DataFrame:
        """A row a point, policy and outcome: the mean with its interval, the spread, and the paired difference to the first policy."""
        return pd.read_csv(self.folder / SUMMARY)

    def query(self, sql: str) -> pd.DataFrame:
        """What DuckDB answers about the tables `results`, `design`, `runs` and `summary`; files are read as far as needed."""
        with connected(self.folder) as connection:
            return connection.sql(sql).df()


def sweep(experiment: str | Path, folder: str | Path, jobs: int = 1, progress: Progress | None = None) -> Sweep:
    """Run what an experiment file asks for and leave the tables in `folder`; runs that are there already are not made again.

    progress is called with the number of runs just finished. Errors: InputError.
    """
    plan = planned(experiment, Path(folder))
    check_numbers(plan.file.replications, plan.file.seed, jobs)
    make_runs(plan, Path(folder), jobs, progress or (lambda steps: None))
    return write_tables(plan, Path(folder), lambda steps: None)


def planned(experiment: str | Path, folder: Path, seed: int | None = None, replications: int | None = None) -> Plan:
    """Everything read and checked, and the folder begun. seed, replications: in place of the file's.

    Errors: InputError, with nothing written.
    """
    path, file = read_experiment(experiment, SweepFile)
    file = file.model_copy(update={key: value for key, value in (("seed", seed), ("replications", replications)) if value is not None})
    check_numbers(file.replications, file.seed, 1)
    scenario, policies = loaded_experiment(file, path.parent)
    check_factors(file, path, scenario, policies)
    begin(folder, path, scenario, policies)
    return Plan(file, path, scenario, tuple(policies), stored_design(file, folder / DESIGN))


def begin(folder: Path, path: Path, scenario: Scenario, policies: Sequence[Policy]) -> None:
    """Make the folder, or take up an earlier sweep's; keep the user's own files beside the results. Errors: InputError."""
    from sim import __version__

    expected = "a folder that is new, empty or an earlier sweep"
    clean(folder)
    clean(folder / BLOCKS)
    try:
        there = {each.name for each in folder.iterdir()} - DROPPINGS if folder.exists() else set()
        if others := sorted(there - OURS):
            raise InputError("--out", found=f"{folder} with other things in it ({', '.join(others[:3])})", expected=expected)
        if there & {DESIGN, RESULTS, RUNS, SUMMARY, PROVENANCE, BLOCKS} and MARK not in there:
            raise InputError("--out", found=f"{folder}, which holds files like a sweep's and no {MARK}", expected=expected)
        (folder / INPUTS).mkdir(parents=True, exist_ok=True)
        with finished(folder / MARK) as part:
            part.write_text(json.dumps({"incentivelab": __version__, "code": code()}, indent=1) + "\n", encoding="utf-8")
        own = {path, *(path.parent / Path(file).name for each in (scenario, *policies) for file in each.files)}
        for file in sorted(own):
            if file.is_file():                          # files of the library stay there
                with finished(folder / INPUTS / file.name) as part:
                    shutil.copyfile(file, part)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise InputError("--out", found=f"{str(folder)[:120]!r} ({reason})", expected="a folder that can be written to") from None


def make_runs(plan: Plan, folder: Path, jobs: int, progress: Progress, part: tuple[int, int] = (1, 1)) -> int:
    """Compute the blocks that are not there yet; how many of their runs failed.

    part: the first of two machines takes (1, 2), the second (2, 2).
    """
    store = Store(folder / BLOCKS)
    passed = 0
    _check_outcomes(plan, store)

    def missing() -> Iterator[Block]:
        nonlocal passed
        seen, numbers = set[tuple[str, str]](), count()
        for cell in plan.cells():
            if cell.case is None or cell.case.digests in seen:
                passed += plan.file.replications
                continue
            seen.add(cell.case.digests)
            for block, number in zip(plan.blocks(cell), numbers):
                if number % part[1] != part[0] - 1 or store.has(block.address):
                    passed += len(block)
                else:
                    yield block

    note("sweep", runs=plan.runs, points=len(plan.design), policies=len(plan.policies), part=f"{part[0]}/{part[1]}")
    told = failed = 0
    for block, done in run_blocks(missing(), jobs, strict=False):
        store.put(block.address, done.kept)
        note("block", run=block.address, first=block.first, last=block.last, seconds=round(done.seconds, 4), failed=len(done.kept.failures))
        failed += len(done.kept.failures)
        steps, told = len(block) + passed - told, passed
        progress(steps)
    progress(passed - told)
    return failed


def _check_outcomes(plan: Plan, store: Store) -> None:
    """Refuse outcomes that nothing reports in this scenario: known from the first block that can be run."""
    for cell in plan.cells():
        for block in plan.blocks(cell)[:1]:
            rows, _ = _had(store, block)
            if len(rows):
                known = whole_of(rows).columns
                for name in plan.file.outcomes:
                    if name not in known:
                        raise InputError(shown(plan.path), "outcomes", found=f"`{name}`, which nothing reports in {plan.scenario.name}",
                                         expected="one of " + ", ".join(known[:40]))
                return


def _had(store: Store, block: Block) -> Stored:
    """A block from the store, computed if it is not there."""
    return store.read(block.address) or store.put(block.address, lived(block, strict=False).kept)


def write_tables(plan: Plan, folder: Path, progress: Progress) -> Sweep:
    """The tables of all runs, in the order of the design; whatever block is missing or damaged is computed again."""
    store = Store(folder / BLOCKS)
    with written(plan, folder) as tables:
        for cell in plan.cells():
            _add_cell(tables, plan, cell, store)
            progress(plan.file.replications)
        failed = tables.failed
    note("tables", runs=plan.runs, failed=failed)
    return Sweep(folder, plan.runs, failed)


def _add_cell(tables: Tables, plan: Plan, cell: Cell, store: Store) -> None:
    if cell.case is None:
        tables.add_failed(cell)
        return
    values = []
    for block in plan.blocks(cell):
        rows, failures = _had(store, block)
        tables.add_block(cell, block, rows, failures)
        if len(rows):
            values.append(whole_of(rows, plan.file.outcomes))
    tables.add_summary(cell, pd.concat(values) if values else tables.nothing())


def blocks_in(others: Sequence[Path]) -> int:
    """How many files of blocks lie in these folders."""
    return sum(len(Store(other / BLOCKS).files()) for other in others)


def merge(folder: Path, others: Sequence[Path], progress: Progress) -> int:
    """Copy the runs of other folders of the same sweep into this one; how many blocks. Errors: InputError about a folder of another.

    progress: told 1 for every file looked at.
    """
    copied = 0
    for other in others:
        _check_same(folder, other)
        new, damaged = Store(folder / BLOCKS).take_over(Store(other / BLOCKS), progress)
        note("merged", blocks=new, damaged=damaged)
        copied += new
    return copied


def _check_same(folder: Path, other: Path) -> None:
    """Another folder's runs are of use only if the same code made them, on the same design."""
    try:
        made = json.loads((other / MARK).read_text(encoding="utf-8"))["code"]
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError("--merge", found=f"{other}, which is no sweep's folder",
                         expected="a folder that `incentivelab sweep` made") from None
    if made != code():
        raise InputError("--merge", found=f"{other}, made by code {made}",
                         expected=f"{code()}, as here: the same release, Python, numpy and numba")
    if not (other / DESIGN).is_file() or (other / DESIGN).read_bytes() != (folder / DESIGN).read_bytes():
        raise InputError("--merge", found=f"{other}, which holds another design", expected="the same experiment file on both machines")
