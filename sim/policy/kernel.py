"""The one evaluator of pay: what a schedule pays, and what it is expected to pay.

A schedule is piecewise linear with jumps: from knot x_j to the next, pay is v_j + r_j (x - x_j); below the first knot
the first piece goes on. `Schedules` holds any number of them in flat arrays; payroll, simulated payroll and the
managers' expectations all read these.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import rule

SQRT_HALF, SQRT_2PI = 0.7071067811865476, 2.5066282746310002
KNOT_WIDTH = 1e-9        # so that a third of three accounts reaches the knot at one
COUNTED = 200            # so many counts are summed exactly; where more matter a normal forecast stands in
MONTH, QUARTER = 0, 1
SELF, PAIR, TEAM = 0, 1, 2


LINE = np.dtype([("measure", "i8"), ("period", "i8"), ("payee", "i8"), ("first", "i8"), ("stop", "i8"), ("own", "?"), ("variant", "i8")], align=True)
KNOT = np.dtype([("x", "f8"), ("v", "f8"), ("r", "f8")], align=True)


class Schedules(NamedTuple):
    """Any number of schedules: `lines`, and the `knots` they own, from `first` up to but not including `stop`.

    measure, period, payee: codes, measure -1 for pay without a measure. own: one's own result counts (bundled pairs are
    then each paid on the pair's mean); otherwise the payee's sum, and its pay is split equally.
    x in units of the measure, v in CNY, r in CNY a unit. variant: 0 for the plan itself; then, as many lines each, the plan as
    overrides change it.
    """

    lines: np.recarray
    knots: np.recarray


@rule
def pay_at(s: Schedules, k: int, x: float) -> float:
    """What schedule k pays, CNY a period, at x units of its measure. A knot belongs to the piece above it."""
    j = s.lines[k].first
    while j + 1 < s.lines[k].stop and s.knots[j + 1].x <= x + KNOT_WIDTH:
        j += 1
    return s.knots[j].v + s.knots[j].r * (x - s.knots[j].x)


@rule
def to_fen(amount: float) -> int:
    """CNY to whole fen, halves up."""
    return int(math.floor(amount * 100.0 + 0.5))


@rule
def phi(z: float) -> float:
    """Standard normal density."""
    return math.exp(-0.5 * z * z) / SQRT_2PI


@rule
def Phi(z: float) -> float:
    """Standard normal distribution function."""
    return 0.5 * (1.0 + math.erf(z * SQRT_HALF))


@rule
def jump_at(s: Schedules, j: int) -> float:
    """The jump in pay at knot j (j not the first of its schedule), CNY."""
    return s.knots[j].v - (s.knots[j - 1].v + s.knots[j - 1].r * (s.knots[j].x - s.knots[j - 1].x))


@rule
def expect_normal(s: Schedules, k: int, mean: float, sd: float, risk: float) -> tuple[float, float]:
    """Certainty equivalent of pay, CNY, and its derivative by the mean, where the measure is normal(mean, sd).

    risk = 0: expected pay, a + r_0 m + sum dr_j [(m - x_j) Phi(z_j) + s phi(z_j)] + sum J_j Phi(z_j), z_j = (m - x_j)/s.
    risk > 0: -ln E[exp(-risk x pay)] / risk, exactly, piece by piece (exponential tilting of the normal).
    """
    first, last = s.lines[k].first, s.lines[k].stop
    if sd <= 0.0:
        j = first
        while j + 1 < last and s.knots[j + 1].x <= mean:
            j += 1
        return s.knots[j].v + s.knots[j].r * (mean - s.knots[j].x), s.knots[j].r
    if risk <= 0.0:
        value = s.knots[first].v + s.knots[first].r * (mean - s.knots[first].x)
        slope = s.knots[first].r
        for j in range(first + 1, last):
            z = (mean - s.knots[j].x) / sd
            turn, jump = s.knots[j].r - s.knots[j - 1].r, jump_at(s, j)
            value += turn * ((mean - s.knots[j].x) * Phi(z) + sd * phi(z)) + jump * Phi(z)
            slope += turn * Phi(z) + jump * phi(z) / sd
        return value, slope
    base = s.knots[first].v + s.knots[first].r * (mean - s.knots[first].x)
    total, derivative, below = 0.0, 0.0, 0.0
    for j in range(first, last):
        tilt = risk * s.knots[j].r
        lower = below
        upper = 1.0
        if j + 1 < last:
            upper = Phi((s.knots[j + 1].x - mean) / sd + tilt * sd)
        if j > first:
            lower = Phi((s.knots[j].x - mean) / sd + tilt * sd)
        piece = math.exp(-risk * (s.knots[j].v + s.knots[j].r * (mean - s.knots[j].x) - base) + 0.5 * tilt * tilt * sd * sd)
        total += piece * (upper - lower)
        derivative -= tilt * piece * (upper - lower)
        if j > first:
            jump = jump_at(s, j)
            after = math.exp(-risk * (s.knots[j].v - base))
            derivative += after * (1.0 - math.exp(risk * jump)) * phi((s.knots[j].x - mean) / sd) / sd
    return base - math.log(total) / risk, -derivative / (risk * total)


@rule
def expect_count(s: Schedules, k: int, done: float, mean: float, scale: float, risk: float,
                 share: float) -> tuple[float, float]:
    """Certainty equivalent of a payee's pay, CNY, and its derivative by the mean number of units still to come.

    The measure ends at scale x (done + N), N Poisson(mean); the payee gets share x the schedule's pay. Sums run over the
    counts below the last knot; the linear piece above it is added in closed form.
    """
    first, last = s.lines[k].first, s.lines[k].stop - 1
    need = 0.0
    if last > first:                                                       # past these counts the chance is below 1e-16
        need = min(s.knots[last].x / scale - done - KNOT_WIDTH, mean + 12.0 * math.sqrt(mean) + 30.0)
    if need > COUNTED:
        value, slope = expect_normal(s, k, scale * (done + mean), scale * math.sqrt(mean), risk * share)
        return share * value, share * slope * scale
    steps = int(math.ceil(max(need, 0.0)))
    rate = share * s.knots[last].r * scale                                       # CNY a unit above the last knot
    start_of_tail = share * (s.knots[last].v + s.knots[last].r * (scale * done - s.knots[last].x))   # that piece drawn down to N = 0
    p = math.exp(-mean)
    if risk <= 0.0:
        if steps == 0:
            return start_of_tail + rate * mean, rate
        value, slope, seen = 0.0, 0.0, 0.0
        here = share * pay_at(s, k, scale * done)
        for n in range(steps):
            after = share * pay_at(s, k, scale * (done + n + 1.0))
            value += p * here
            slope += p * (after - here)
            seen += p
            if n + 1 < steps:
                p *= mean / (n + 1.0)
            here = after
        # E[N 1{N >= steps}] = mean P(N >= steps - 1)
        tail = max(0.0, 1.0 - seen)
        value += start_of_tail * tail + rate * mean * (tail + p)
        return value, slope + rate * tail
    if steps == 0:
        if rate * risk < 1e-12:
            return start_of_tail + rate * mean, rate
        drop = -math.expm1(-risk * rate)
        return start_of_tail + mean * drop / risk, drop / risk
    base = share * pay_at(s, k, scale * done)
    total, derivative = 0.0, 0.0
    factor = math.exp(-risk * rate)
    tilted_p, tilted_seen = math.exp(-mean * factor), 0.0
    here = 1.0
    for n in range(steps):
        after = math.exp(-risk * (share * pay_at(s, k, scale * (done + n + 1.0)) - base))
        total += p * here
        derivative += p * (after - here)
        tilted_seen += tilted_p
        p *= mean / (n + 1.0)
        tilted_p *= mean * factor / (n + 1.0)
        here = after
    tail = math.exp(-risk * (start_of_tail - base) + mean * (factor - 1.0)) * max(0.0, 1.0 - tilted_seen)
    total += tail
    derivative += tail * (factor - 1.0)
    return base - math.log(total) / risk, -derivative / (risk * total)


@rule
def variant_of(s: Schedules, variant: int, size: int) -> Schedules:
    """The tables of one variant, each of `size` lines."""
    return Schedules(s.lines[variant * size:(variant + 1) * size], s.knots)
