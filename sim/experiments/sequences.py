"""Intervals of a mean that hold at every look at once: one may look, go on, and stop when they are narrow enough.

Two kinds. The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024, Ann. Stat. 52, 2613,
theorem 2.2) needs a finite variance and enough replications for a central limit. The hedged capital of Waudby-Smith and Ramdas
(2024, JRSS B 86, 1) needs bounds and holds for any number of replications, however skewed. Both are tuned for a number of
replications stated beforehand: never from the data.
"""

from __future__ import annotations

import math

import numpy as np

FEWEST = 64              # replications before the first look: the asymptotic kind leans on a central limit
TUNED_FOR = 400          # replications at which intervals are narrowest, for the error asked; at other numbers nearly so
GROWTH = 2.0**0.25       # from look to look
GRAIN = 16               # looks are multiples of it, and blocks that are kept begin and end at them
TRUNCATION = 0.5         # share of the capital a bet may lose at most


def looks(most: int) -> list[int]:
    """The numbers of replications at which one looks, fixed beforehand: 64, then a fifth more each time, and `most` at last."""
    found, wanted = [], float(FEWEST)
    while (number := GRAIN * round(wanted / GRAIN)) < most:
        found.append(number)
        wanted *= GROWTH
    return [*found, most]


def mixing(alpha: float, tuned_for: int = TUNED_FOR) -> float:
    """rho squared of the normal mixture whose boundary at error alpha is lowest at `tuned_for` replications.

    The minimiser of (r + 1)/r log((r + 1)/alpha^2) in r = rho^2 n: r = -W(-alpha^2/e) - 1, the lower branch of Lambert's W.
    """
    from scipy.special import lambertw

    return float(-lambertw(-alpha**2 / math.e, -1).real - 1.0) / tuned_for


def widening(n: int, alpha: float, tuned_for: int = TUNED_FOR) -> float:
    """Half the width of the asymptotic sequence after n replications, in standard deviations of one replication."""
    r = mixing(alpha, tuned_for) * n
    return math.sqrt((r + 1.0) / r * math.log((r + 1.0) / alpha**2) / n)


def asymptotic_half(values: np.ndarray, alpha: float, tuned_for: int = TUNED_FOR) -> np.ndarray:
    """Half widths of the asymptotic sequence by column. values: one row a replication, at least two."""
    return widening(len(values), alpha, tuned_for) * values.std(axis=0, ddof=1)


def needed(deviation: float, half: float, alpha: float, tuned_for: int = TUNED_FOR) -> float:
    """Replications until half the asymptotic interval is at most `half` for this standard deviation; infinite for half = 0."""
    if deviation <= 0.0:
        return FEWEST
    if half <= 0.0:
        return math.inf
    low, high = 1, 2
    while deviation * widening(high, alpha, tuned_for) > half:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if deviation * widening(middle, alpha, tuned_for) > half else (low, middle)
    return max(FEWEST, high)


def betting_interval(values: np.ndarray, low: float, high: float, alpha: float, tuned_for: int = TUNED_FOR) -> tuple[float, float]:
    """Bounds of the mean of values (n,) that lie within low and high: means against which no bettor has won 2/alpha-fold.

    Holds for every n, without any limit theorem. Two bettors, one on a higher mean and one on a lower, stake what their
    predecessors' spread suggests (predictable plug-in), at most half of what they have.
    """
    share = (values - low) / (high - low)
    stakes = _stakes(share, alpha, tuned_for)
    bottom = _bound(share, stakes, alpha)
    top = 1.0 - _bound(1.0 - share, stakes, alpha)
    return low + (high - low) * bottom, low + (high - low) * top


def _stakes(share: np.ndarray, alpha: float, tuned_for: int) -> np.ndarray:
    """What is staked on each value, from those before it alone."""
    n = len(share)
    count = np.arange(1, n + 1)
    mean = (0.5 + np.cumsum(share)) / (count + 1.0)
    variance = (0.25 + np.cumsum((share - mean) ** 2)) / (count + 1.0)
    before = np.concatenate([[0.25], variance[:-1]])
    return np.sqrt(2.0 * math.log(2.0 / alpha) / (before * np.maximum(count, tuned_for)))


def _bound(share: np.ndarray, stakes: np.ndarray, alpha: float) -> float:
    """The lowest mean not yet refuted: the capital of who bets on more falls as the mean supposed rises, hence bisection."""
    won = math.log(2.0 / alpha)
    low, high = 0.0, 1.0
    for _ in range(50):
        mean = 0.5 * (low + high)
        capital = np.log1p(np.minimum(stakes, TRUNCATION / mean) * (share - mean)).sum()
        low, high = (mean, high) if capital >= won else (low, mean)
    return low
