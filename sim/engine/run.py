"""Replications: a branch lives through the whole horizon before the next one starts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.compiled import rule
from sim.engine.day import live_day
from sim.engine.prepare import begin, new_state, room_for
from sim.engine.stages import close_books
from sim.engine.state import FINALS, RECORDS, Practice, State, World
from sim.engine.streams import mix, name_key, replication_seed
from sim.policy.kernel import Schedules


class BranchRuns(NamedTuple):
    """What R replications of one branch left behind; n managers, W weeks, M months, E pay lines, D days.

    weeks (R, W, n, RECORDS); months (R, M, n) fen; lines (R, n, E) fen; daily_accounts (R, D, n); finals (R, n, FINALS).
    """

    weeks: np.ndarray
    months: np.ndarray
    lines: np.ndarray
    daily_accounts: np.ndarray
    finals: np.ndarray


@rule
def live(s: State, w: World, q: Practice, elements: Schedules, merged: Schedules, seed: np.uint64) -> None:
    """One branch through the whole horizon."""
    begin(s, w, q, seed)
    for day in range(len(w.demand)):
        live_day(s, w, q, elements, merged, seed, day)
    close_books(s, w, len(w.demand) - 1)


@rule
def run_block(w: World, q: Practice, elements: Schedules, merged: Schedules, seeds: np.ndarray, room: int,
              weeks: np.ndarray, months: np.ndarray, lines: np.ndarray, daily: np.ndarray, finals: np.ndarray) -> bool:
    """Replications one after another, results into the given arrays; False when `room` was too small for the customers."""
    for r in range(len(seeds)):
        s = new_state(w, q, elements, merged, room)
        live(s, w, q, elements, merged, seeds[r])
        if s.overflow[0] > 0:
            return False
        weeks[r], months[r], lines[r], daily[r], finals[r] = s.weeks, s.months, s.paid, s.daily_accounts, s.finals
    return True


def branch_seeds(seed: int, replications: Sequence[int], branch: str) -> np.ndarray:
    """One seed a replication for this branch, whatever other branches there are."""
    with np.errstate(over="ignore"):
        key = name_key(f"branch {branch}")
        return np.array([mix(replication_seed(seed, r) ^ key) for r in replications], dtype=np.uint64)


def run_branch(w: World, q: Practice, elements: Schedules, merged: Schedules, seeds: np.ndarray) -> BranchRuns:
    """Run one branch once per seed."""
    r, n, days = len(seeds), len(w.seat), len(w.demand)
    out = BranchRuns(
        np.zeros((r, w.week[-1] + 1, n, len(RECORDS))), np.zeros((r, w.month[-1] + 1, n), dtype=np.int64),
        np.zeros((r, n, len(elements.measure)), dtype=np.int64), np.zeros((r, days, n)), np.zeros((r, n, len(FINALS))),
    )
    room = room_for(w)
    with np.errstate(over="ignore"):
        while not run_block(w, q, elements, merged, seeds, room, *out):
            room *= 2
    return out
