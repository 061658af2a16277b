"""The fully sequential procedure of Kim and Nelson (2001, ACM TOMACS 11, 251), their c = 1: systems are compared observation by
observation and the clearly inferior ones dropped, until one is left.

With at least the stated probability it is the best one, if that is better than all others by the indifference zone or more. The
variances are those of pairwise differences, which admits common random numbers: what systems share does not count as noise.
Observations are taken as normal and independent over time, which batch means are nearly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Draw = Callable[[Sequence[int], int, int], np.ndarray]          # systems, from, to: observations (to - from, systems)


@dataclass(frozen=True)
class Elimination:
    """A system dropped after `after` observations, when `by` was ahead of it by more than chance allows."""

    system: int
    by: int
    after: int


@dataclass(frozen=True)
class Course:
    """How a selection went. chosen: the system left, or the one ahead where the limit came first (decided is then False).

    eliminated: in the order of their fall. observations: taken of each system. bound: observations after which at most one
    system could have been left, as the first stage foresaw it.
    """

    chosen: int
    decided: bool
    eliminated: tuple[Elimination, ...]
    observations: tuple[int, ...]
    bound: int


def constant(systems: int, error: float, first: int) -> float:
    """h squared for `first` observations in the first stage: 2 eta (first - 1), eta = ((2 error/(systems - 1))^(-2/(first - 1)) - 1)/2."""
    return (first - 1) * ((2.0 * error / (systems - 1)) ** (-2.0 / (first - 1)) - 1.0)


def kim_nelson(draw: Draw, systems: int, zone: float, error: float, first: int, most: int,
               told: Callable[[list[int], int, int], None] | None = None) -> Course:
    """Find the system with the highest mean. draw: gives observations, each once and in order; the same row, the same luck.

    zone: indifference zone, in the observations' unit. error: 1 less the probability of correct selection. first: observations of
    each system in the first stage. most: of each, at most. told: after each round the systems left, observations so far and the bound.
    """
    sample = draw(range(systems), 0, first)
    sums = sample.sum(axis=0)
    spread = np.array([[_variance(sample[:, i] - sample[:, j]) for j in range(systems)] for i in range(systems)])
    widest = constant(systems, error, first) * spread / zone**2       # observations at which a pair's region closes
    bound = max(first, math.floor(widest.max()) + 1)
    left, n, taken, fallen = list(range(systems)), first, [first] * systems, list[Elimination]()
    while True:
        behind = {i: _ahead(i, left, sums, widest, zone, n) for i in left}
        fallen += [Elimination(i, by, n) for i, by in sorted(behind.items()) if by is not None]
        left = [i for i in left if behind[i] is None]
        if told:
            told(left, n, bound)
        if len(left) == 1 or n >= most:
            return Course(max(left, key=lambda i: sums[i]), len(left) == 1, tuple(fallen), tuple(taken), bound)
        sums[left] += draw(left, n, n + 1)[0]
        n += 1
        for i in left:
            taken[i] = n


def _variance(values: np.ndarray) -> float:
    return float(values.var(ddof=1))


def _ahead(i: int, left: Sequence[int], sums: np.ndarray, widest: np.ndarray, zone: float, n: int) -> int | None:
    """The system furthest ahead of this one beyond the continuation region after n observations; None if none is.

    Of systems exactly equal when their region is closed the first stays: waiting longer is not asked for.
    """
    excess = {j: (sums[j] - sums[i]) - max(0.0, 0.5 * zone * (widest[i, j] - n)) for j in left if j != i}
    first = max(excess, key=lambda j: excess[j], default=None)
    if first is not None and excess[first] > 0.0:
        return first
    return next((j for j in left if j < i and sums[j] == sums[i] and widest[i, j] <= n), None)
