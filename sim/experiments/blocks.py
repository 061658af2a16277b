"""Blocks of replications: the unit that is computed, kept, and handed to another worker or machine."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import chain, islice
from typing import Any, Literal

import numpy as np

from sim.compiled import results_digest
from sim.errors import InputError, Stopped
from sim.experiments.events import note
from sim.experiments.frames import branch_pieces, long_form, nothing, stacked
from sim.experiments.store import Kept, address_of
from sim.policy import Policy
from sim.reading import resource_folder
from sim.world import Scenario

BLOCK = 16                       # replications, at most; results do not depend on it
MANAGER_DAYS = 100_000           # a block of a large bank holds fewer replications, so that it takes seconds, not hours
ROUND = 32                       # blocks for each worker that are handed out before the caller has taken them all
Keep = Literal["all", "totals"]  # every row, or those of branches over the whole horizon


def code() -> str:
    """Names everything that can change a result besides scenario and policy: sources, rules replaced, versions underneath, data files."""
    return _code(results_digest())


@lru_cache
def _code(sources: str) -> str:
    digest = hashlib.sha256(sources.encode())
    top = resource_folder("data")
    for path in sorted(path for path in top.rglob("*.yaml") if "templates" not in path.relative_to(top).parts):
        digest.update(path.relative_to(top).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@dataclass(frozen=True)
class Case:
    """A policy in a scenario, known by their digests. Errors of one that cannot be run: InputError, when it is run."""

    scenario: Scenario = field(compare=False, repr=False)
    policy: Policy = field(compare=False, repr=False)
    digests: tuple[str, str]

    @classmethod
    def of(cls, scenario: Scenario, policy: Policy) -> Case:
        return cls(scenario, policy, (scenario.digest, policy.digest))


@dataclass(frozen=True)
class Block:
    """Replications `first` to, not including, `last` of a case. code: what the one who asks for it runs."""

    case: Case
    seed: int
    first: int
    last: int
    keep: Keep = "all"
    code: str = field(default_factory=code)

    @cached_property
    def address(self) -> str:
        """The block's name in every store."""
        scenario, policy = self.case.digests
        return address_of({"scenario": scenario, "policy": policy, "seed": self.seed, "first": self.first, "last": self.last,
                           "keep": self.keep, "code": self.code})

    def __len__(self) -> int:
        return self.last - self.first


@dataclass(frozen=True)
class Lived:
    """A computed block and the seconds it took."""

    block: int
    kept: Kept
    seconds: float


def cut(case: Case, seed: int, replications: int | range, keep: Keep = "all") -> list[Block]:
    """The blocks of a case's replications, all or those numbered so, in order; the same on every machine."""
    size = max(1, min(BLOCK, MANAGER_DAYS // (case.scenario.seats * case.scenario.calendar.days)))
    numbers = range(replications) if isinstance(replications, int) else replications
    starts = [numbers.start, *range(numbers.start - numbers.start % size + size, numbers.stop, size)]
    return [Block(case, seed, first, min(first - first % size + size, numbers.stop), keep) for first in starts]


def lived(block: Block, place: int = 0, strict: bool = True, threads: int = 1) -> Lived:
    """Compute a block, on whatever machine this is. place: its number among those asked for. threads: for branches with copies.

    strict: the first error is raised; otherwise a replication that fails becomes one of the block's failures, alone.
    Errors: InputError where this machine's code is not that of whoever asks.
    """
    start = time.perf_counter()
    note("begun", run=block.address, first=block.first, last=block.last)
    if block.code != code():
        raise InputError("worker", found=f"code {code()}", expected=f"{block.code}, as where the command was started")
    try:
        return Lived(place, Kept(_frame(block, threads)), time.perf_counter() - start)
    except Exception as error:
        if strict:
            raise
        failures: dict[int, str] = {}
        if len(block) == 1:
            failures[block.first] = f"{type(error).__name__}: {error}"
    parts = []
    for number in range(block.first, block.last) if len(block) > 1 else ():
        one = lived(Block(block.case, block.seed, number, number + 1, block.keep, block.code), strict=False).kept
        failures |= one.failures
        if not one.failures:
            parts.append(one.frame)
    return Lived(place, Kept(stacked(parts) if parts else nothing(), failures), time.perf_counter() - start)


def run_blocks(blocks: Iterable[Block], jobs: int, strict: bool = True) -> Iterator[tuple[Block, Lived]]:
    """Compute blocks, in threads of this process (the compiled loop holds no interpreter lock) or wherever joblib is told to; each as it
    is finished, in any order. Blocks are taken from the iterable a round at a time, so that no more results than a round's wait for a
    caller who is slower than the workers.
    """
    from joblib import effective_n_jobs

    few = list(islice(blocks := iter(blocks), jobs))
    threads = max(1, jobs // max(1, len(few)))               # a block alone shares out its copies instead
    blocks = chain(few, blocks)
    while some := list(islice(blocks, ROUND * effective_n_jobs(jobs))):
        yield from _round(some, jobs, strict, threads)


def _round(blocks: Sequence[Block], jobs: int, strict: bool, threads: int) -> Iterator[tuple[Block, Lived]]:
    from joblib import Parallel, delayed

    asked = dict(enumerate(blocks))
    tasks = (delayed(lived)(block, place, strict, threads) for place, block in enumerate(blocks))
    results = Parallel(n_jobs=jobs, prefer="threads", return_as="generator_unordered", batch_size=1)(tasks)
    try:
        for done in results:
            yield asked.pop(done.block), done
        if asked:
            raise Stopped(f"{len(asked)} blocks of runs were handed out and never came back.")
    finally:
        with warnings.catch_warnings():              # that tasks are given up when their results are: joblib would advise against it
            warnings.simplefilter("ignore")
            results.close()


def _frame(block: Block, threads: int) -> Any:
    """A block's rows in the canonical order."""
    from sim.engine.run import branch_seeds, run_branch, run_copies

    scenario, policy = block.case.scenario, block.case.policy
    frames = []
    several = any(branch.copies > 1 for branch in scenario.branches.values())
    for numbers in [range(n, n + 1) for n in range(block.first, block.last)] if several else [range(block.first, block.last)]:
        pieces = []
        for name, branch in scenario.branches.items():
            if branch.copies > 1:
                runs = run_copies(*_prepared(block.case, name, block.code), block.seed, numbers[0], name, branch.copies, threads)
            else:
                runs = run_branch(*_prepared(block.case, name, block.code), branch_seeds(block.seed, numbers, name))
            pieces += [piece for piece in branch_pieces(scenario, name, runs, policy)
                       if (block.keep == "all" or _is_total(piece)) and (branch.copies == 1 or piece[0] != "manager")]
        frames.append(long_form(pieces, scenario.name, policy.name, block.seed, numbers[0]))
    return stacked(frames)


def _is_total(piece: tuple[str, list[str], str, str, np.ndarray]) -> bool:
    level, _, period, _, _ = piece
    return level == "branch" and period == "total"


@lru_cache(maxsize=16)
def _prepared(case: Case, branch: str, code: str) -> tuple[Any, ...]:
    """What a branch's compiled loop takes: world, practice, tables of pay; by the code that makes them, since a rule may be replaced."""
    from sim.engine.prepare import practice_of, world_of
    from sim.engine.state import PAY_MEASURES
    from sim.policy.framing import framed
    from sim.policy.schedule import pay_tables

    scenario, policy = case.scenario, case.policy
    elements, merged = pay_tables(policy, PAY_MEASURES)
    merged = framed(merged, policy, scenario.effective("loss_aversion"))
    return world_of(scenario, branch), practice_of(policy, scenario, branch), elements, merged
