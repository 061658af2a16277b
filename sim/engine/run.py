"""Replications: a branch lives through the whole horizon before the next one starts."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from sim.compiled import SHORT, WHOLE, note_compiled, rule
from sim.engine.day import STAGES, live_day, live_stages
from sim.engine.prepare import new_state
from sim.engine.shop import larger_full, new_full
from sim.engine.stages.customers import close_books
from sim.engine.stages.keeping import close_shop
from sim.engine.stages.opening import begin
from sim.engine.state import Full, Practice, State, World
from sim.engine.streams import branch_key, mix, replication_seed
from sim.passing import refer
from sim.policy.kernel import Schedules


class BranchRuns(NamedTuple):
    """What R replications of one branch left behind; n managers, W weeks, M months, E pay lines, D days.

    weeks (R, W, n, RECORDS); months (R, M, n) fen; lines (R, n, E) fen (see State); daily_accounts (R, D, n); finals (R, n, FINALS);
    ledger (R, M, n, LEDGER).
    sold (R, W, n, SOLD), held (R, n, SOLD_AT_END): customers in full (no columns where customers are in their short form).
    """

    weeks: np.ndarray
    months: np.ndarray
    lines: np.ndarray
    daily_accounts: np.ndarray
    finals: np.ndarray
    ledger: np.ndarray
    sold: np.ndarray
    held: np.ndarray


# Where in each of them managers stand.
PEOPLE_AXIS = {"weeks": 2, "months": 2, "lines": 1, "daily_accounts": 2, "finals": 1, "ledger": 2, "sold": 2, "held": 1}
COPIES_AT_ONCE = 50


@rule
def close(s: State, w: World, f: Full | None, day: int) -> None:
    """The horizon's end, after its last day: customers catch up and are counted."""
    if f is not None and w.par.customer_detail > 0.0:
        close_shop(s, w, f, day)
    else:
        close_books(s, w, day)


@rule
def first_morning(s: State, w: World, q: Practice, seed: np.uint64, f: Full | None) -> None:
    """For whoever lives a branch day by day: the state before the first day."""
    begin(refer(s), refer(w), refer(q), seed, refer(f))


@rule
def some_stages(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64, day: int, f: Full | None,
                first: int, last: int) -> None:
    """The same: the stages of a day from `first` up to, and without, `last`."""
    live_stages(refer(s), refer(w), refer(q), refer(elements), refer(merged), seed, day, refer(f), first, last)


def one_day(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64, day: int, f: Full | None) -> None:
    """The same: one day."""
    some_stages(s, w, q, elements, merged, seed, day, f, 0, len(STAGES))


@rule
def last_evening(s: State, w: World, f: Full | None, day: int) -> None:
    """The same: the end."""
    close(refer(s), refer(w), refer(f), day)


@rule
def run_block(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seeds: np.ndarray, homes: np.ndarray,
              out: BranchRuns, f: Full | None) -> bool:
    """Replications one after another, results into `out`; False when there was too little room for the customers."""
    state, world, practice, full = refer(s), refer(w), refer(q), refer(f)
    pay, planned = refer(elements), refer(merged)
    for r in range(len(seeds)):
        if f is not None:
            f.par.branch = homes[r]
        begin(state, world, practice, seeds[r], full)
        for day in range(len(w.days)):
            live_day(state, world, practice, pay, planned, seeds[r], day, full)
        close(state, world, full, len(w.days) - 1)
        if s.tally.overflow > 0:
            return False
        out.weeks[r], out.months[r], out.lines[r] = s.weeks, s.months, s.lines
        out.daily_accounts[r], out.finals[r] = s.daily_accounts, s.finals
        out.ledger[r] = s.ledger
        if f is not None:
            out.sold[r], out.held[r] = f.weeks, f.finals
    return True


def branch_seeds(seed: int, replications: Sequence[int], branch: str) -> np.ndarray:
    """One seed a replication for this branch, whatever other branches there are."""
    with np.errstate(over="ignore"):
        home = branch_key(branch)
        return np.array([mix(replication_seed(seed, r) ^ home) for r in replications], dtype=np.uint64)


def copy_name(branch: str, copy: int) -> str:
    """What the copies of a branch are told apart by; the first (1) is the branch itself."""
    return branch if copy == 1 else f"{branch}#{copy}"


def run_copies(w: World, q: Practice, elements: Schedules, merged: Schedules, seed: int, replication: int, branch: str, copies: int,
               threads: int = 1) -> BranchRuns:
    """One replication of many branches alike, as though their managers were those of one: n is then copies x managers.

    Copies are lived in pieces, `threads` at a time; customers are there only while their branch is lived.
    """
    names = [copy_name(branch, copy) for copy in range(1, copies + 1)]
    pieces = [names[first:first + COPIES_AT_ONCE] for first in range(0, copies, COPIES_AT_ONCE)]

    def lived(piece: list[str]) -> BranchRuns:
        seeds = np.concatenate([branch_seeds(seed, [replication], name) for name in piece])
        return run_branch(w, q, elements, merged, seeds, np.array([branch_key(name) for name in piece], dtype=np.uint64))

    with ThreadPoolExecutor(threads) as pool:
        runs = list(pool.map(lived, pieces))
    return BranchRuns(*(side_by_side([run[place] for run in runs], PEOPLE_AXIS[name]) for place, name in enumerate(BranchRuns._fields)))


def side_by_side(parts: Sequence[np.ndarray], axis: int) -> np.ndarray:
    """Lives in one (a first axis of 1), their managers one after another along `axis`."""
    whole = np.moveaxis(np.concatenate(parts), 0, axis - 1)
    return whole.reshape(1, *whole.shape[:axis - 1], whole.shape[axis - 1] * whole.shape[axis], *whole.shape[axis + 1:])


def run_branch(w: World, q: Practice, elements: Schedules, merged: Schedules, seeds: np.ndarray,
               homes: np.ndarray | None = None) -> BranchRuns:
    """Run one branch once per seed. homes: the key of the branch each seed belongs to, where that is a copy of this one."""
    s = new_state(w, elements, merged)
    f, w = new_full(w, q, len(s.customers)), w._replace(shop=None)
    if homes is None:
        homes = np.full(len(seeds), f.par.branch if f is not None else 0, dtype=np.uint64)
    sold = (f.weeks, f.finals) if f is not None else (np.zeros((0, 0, 0)), np.zeros((0, 0)))
    out = BranchRuns(*(np.zeros((len(seeds), *a.shape), a.dtype) for a in (
        s.weeks, s.months, s.lines, s.daily_accounts, s.finals, s.ledger, *sold)))
    with np.errstate(over="ignore"):
        while not run_block(s, w, q, elements, merged, seeds, homes, out, f):
            s = new_state(w, elements, merged, 2 * len(s.customers))
            f = larger_full(f, len(s.customers))
    note_compiled(SHORT if f is None else WHOLE)
    return out
