"""Replications: a branch lives through the whole horizon before the next one starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.compiled import SHORT, WHOLE, note_compiled, refer, rule
from sim.engine.day import live_day
from sim.engine.prepare import new_state
from sim.engine.shop import larger_full, new_full
from sim.engine.stages.customers import close_books
from sim.engine.stages.keeping import close_shop
from sim.engine.stages.opening import begin
from sim.engine.state import Full, Practice, State, World
from sim.engine.streams import mix, name_key, replication_seed
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
def one_day(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64, day: int, f: Full | None) -> None:
    """The same: one day."""
    live_day(refer(s), refer(w), refer(q), elements, merged, seed, day, refer(f))


@rule
def last_evening(s: State, w: World, f: Full | None, day: int) -> None:
    """The same: the end."""
    close(refer(s), refer(w), refer(f), day)


@rule
def run_block(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seeds: np.ndarray,
              out: BranchRuns, f: Full | None) -> bool:
    """Replications one after another, results into `out`; False when there was too little room for the customers."""
    state, world, practice, full = refer(s), refer(w), refer(q), refer(f)
    for r in range(len(seeds)):
        begin(state, world, practice, seeds[r], full)
        for day in range(len(w.days)):
            live_day(state, world, practice, elements, merged, seeds[r], day, full)
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
        key = name_key(f"branch {branch}")
        return np.array([mix(replication_seed(seed, r) ^ key) for r in replications], dtype=np.uint64)


def run_branch(w: World, q: Practice, elements: Schedules, merged: Schedules, seeds: np.ndarray) -> BranchRuns:
    """Run one branch once per seed."""
    s = new_state(w, elements, merged)
    f, w = new_full(w, q, len(s.customers)), w._replace(shop=None)
    sold = (f.weeks, f.finals) if f is not None else (np.zeros((0, 0, 0)), np.zeros((0, 0)))
    out = BranchRuns(*(np.zeros((len(seeds), *a.shape), a.dtype) for a in (
        s.weeks, s.months, s.lines, s.daily_accounts, s.finals, s.ledger, *sold)))
    with np.errstate(over="ignore"):
        while not run_block(s, w, q, elements, merged, seeds, out, f):
            s = new_state(w, elements, merged, 2 * len(s.customers))
            f = larger_full(f, len(s.customers))
    note_compiled(SHORT if f is None else WHOLE)
    return out
