"""The evaluator of pay in floats: what an element pays, and what it is expected to pay.

Made from the one definition in sim/policy/plan.py (by sim/policy/schedule.py), and read by simulated payroll and the managers'
expectations. An element of one input is a schedule: piecewise linear with jumps, from knot x_j to the next v_j + r_j (x - x_j); below
the first knot the first piece goes on. An element of several inputs is *joint*: sums of products of such functions, modifiers,
gates, bounds (`pay_joint`), expected by `expect_joint`. `Schedules` holds any number of both in flat arrays.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import rule
from sim.passing import blank, by_reference

SQRT_HALF, SQRT_2PI = 0.7071067811865476, 2.5066282746310002
KNOT_WIDTH = 1e-9        # so that a third of three accounts reaches the knot at one
KNOT_SHARE = 1e-13       # of a mark's size: closer ones cannot be told apart from their rounding
FARTHEST = 1e30          # results from here on are those of slopes that are nothing but rounding
COUNTED = 200            # so many counts are summed exactly; where more matter a normal forecast stands in
MONTH, QUARTER, HALF_YEAR, YEAR = 0, 1, 2, 3
PERIODS = (MONTH, QUARTER, HALF_YEAR, YEAR)
MONTHS_IN = (1, 3, 6, 12)                                 # a period
SELF, PAIR, TEAM = 0, 1, 2
SIMPLE, JOINT, FURTHER = 0, 1, 2                          # FURTHER: a joint line's row for the next measure, in planning
IN_PERIOD, IN_LAST_MONTH, IN_YEAR = 0, 1, 2               # the time an input covers
RESULT, MADE, CONSTANT, FACTOR = range(4)                 # what an input is: of a measure, a score, a stand-in, or on somebody's target
NO_BASE, PERIOD_BEFORE, YEAR_BEFORE = range(3)            # where a target from the own base comes from
FOR_GOOD = 10**6                                          # months from year 0: no month is later
SCORE_FIRST, SCORE, TERM, TIMES, MODIFIER, GATE, REWARD_GATE = range(7)     # what a function does, in this order
ALWAYS, ENTITLED, AFTERWARDS = 0, 1, 2                    # whom a line is for: everybody, or those with a guarantee, or without
HALF_UP, HALF_EVEN, DOWN, UP = range(4)


LINE = np.dtype([(name, "i8") for name in (
    "count measure period payee first stop joint functions functions_stop inputs inputs_stop room when less carry advance advance_of"
    " hold hold_of releases releases_stop places since until every delay index credit grades"         # lines
    " role lookup rated score over after part whole"                                                  # functions, inputs, releases
    " asked shared kind place slot based_on ramp ramp_stop"                                               # functions, inputs
    " rounding draw draw_of draw_until guarantee guarantee_of guarantee_until ceiling ceiling_months").split()]       # the whole plan
    + [(name, "f8") for name in "cap floor weight times strength start".split()]
    + [(name, "?") for name in "own bounded curved annualised timed uneven level meant grows plain read ramped".split()], align=True)
KNOT = np.dtype([("x", "f8"), ("v", "f8"), ("r", "f8")], align=True)


@by_reference
class Schedules(NamedTuple):
    """Any number of elements: `lines`, and the `knots` they own, from `first` up to but not including `stop`.

    measure, period, payee: codes, measure -1 for pay without a measure. own: one's own result counts (bundled pairs are
    then each paid on the pair's mean); otherwise the payee's sum, and its pay is split equally. x in units of the measure, v in CNY, r in
    CNY a unit.

    After the `count` lines come the row of the whole plan and the parts of lines, all in one array: fewer arrays make faster calls.
    A joint line owns functions (scores first, then terms, modifiers, gates; TERM begins a product, TIMES goes on with
    it) and inputs: a row for each of its `places`, in their order, then rows of what else adds to a place; measure -1 for what is no
    result. cap, floor: CNY, infinite where there is none. bounded: whether bounds or scores
    tie its inputs together. curved: whether one input has two sloped parts in a product. room: the most marks it can have.
    plain: whether planning takes pay at what is expected. read: in planning, whether the line reads the row's measure.
    weight: how often it counts in planning. since, until: first and last month in force, counted from year 0.

    An input (kind) is `times` a result; MADE, a score; CONSTANT, `times` itself, each month unless it is a `level`; or FACTOR, what stands
    before somebody's target: by differential rent (strength), from the own base (based_on, times, start), for the first months of service
    (knots from ramp to ramp_stop: x the last month, v the share), for the input `over`. A function's marks are multiplied by the
    factor at place `asked`, and a rate by share of the target is divided by the one at `shared`; where it `grows`, its amounts grow
    with the target. meant: of several people the mean counts, not the sum. slot: which of the line's rows in planning keeps the factor.

    Where a plan differs by grade, state, person or month, every variant stands here as a plan of its own, with the same lines in
    the same order; `index` of the first line is the row from which on rows tell where each begins and ends (`variant`).

    For payroll over time: less, carry: elements as bits; advance of advance_of, hold of hold_of: shares; releases of what is held: `part`
    of `whole`, so many months `after`. The whole plan: timed where anything of this is used; uneven
    where some line is joint or not for everybody; amounts in fen, -1 for none.
    """

    lines: np.recarray
    knots: np.recarray


@rule
def plan_row(s: Schedules) -> np.record:
    """What holds for the whole plan."""
    return s.lines[s.lines[0].count]


@rule
def variant(s: Schedules, v: int) -> Schedules:
    """Variant v of the plan, as a plan of its own; the plan itself where it is the same for everybody."""
    if s.lines[0].index == 0:
        return Schedules(s.lines, s.knots)
    row = s.lines[s.lines[0].index + v]
    return Schedules(s.lines[row.functions:row.functions_stop], s.knots[row.first:row.stop])


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
def rounded_fen(amount: float, rounding: int) -> int:
    """CNY to whole fen by one of the four ways; what lies within a ten-millionth of a fen of a whole or half one counts as that."""
    if rounding == HALF_UP:
        return to_fen(amount)
    fen = amount * 100.0
    near = math.floor(fen + 0.5)
    if abs(fen - near) < 1e-7:
        return int(near)
    below = math.floor(fen)
    if rounding == HALF_EVEN:
        if abs(fen - below - 0.5) < 1e-7:
            return int(below + below % 2.0)
        return int(near)
    return int(below + 1.0) if (fen > 0.0) == (rounding == UP) else int(below)


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
        need = min((s.knots[last].x - KNOT_WIDTH) / scale - done, mean + 12.0 * math.sqrt(mean) + 30.0)
    if need > COUNTED:
        value, slope = expect_normal(s, k, scale * (done + mean), scale * math.sqrt(mean), risk * share)
        return share * value, share * slope * scale
    steps = int(math.ceil(max(need, 0.0)))
    rate = share * s.knots[last].r * scale                                       # CNY a unit above the last knot
    start_of_tail = share * (s.knots[last].v + s.knots[last].r * (scale * done - s.knots[last].x))   # that piece drawn down to N = 0
    if risk <= 0.0:
        if steps == 0:
            return start_of_tail + rate * mean, rate
        p = math.exp(-mean)
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
        if abs(rate * risk) < 1e-12:
            return start_of_tail + rate * mean, rate
        drop = -math.expm1(-risk * rate)
        return start_of_tail + mean * drop / risk, drop / risk
    p, base = math.exp(-mean), share * pay_at(s, k, scale * done)
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


# --- elements of several inputs ---------------------------------------------------------------------------------------


@rule
def months_covered(over: int, period: int, number: int) -> int:
    """How many months a reading covers when month `number` of the year ends."""
    if over == IN_YEAR:
        return max(1, number)
    return 1 if over == IN_LAST_MONTH or period == MONTH else (number - 1) % MONTHS_IN[period] + 1


@rule
def function_at(s: Schedules, f: int, x: np.ndarray) -> float:
    """Function f at the inputs x: the row that its lookup has reached, worked out for the rated input."""
    fn = s.lines[f]
    j = fn.first
    if fn.lookup >= 0:
        at = x[fn.lookup] if fn.asked < 0 else x[fn.lookup] / x[fn.asked]
        while j + 1 < fn.stop and s.knots[j + 1].x <= at + KNOT_WIDTH:
            j += 1
    if fn.rated < 0:
        return s.knots[j].v
    result = x[fn.rated] if fn.shared < 0 else x[fn.rated] / x[fn.shared]
    value = s.knots[j].v + s.knots[j].r * (result - (s.knots[j].x if fn.lookup == fn.rated else 0.0))
    return value * x[fn.shared] if fn.grows else value


@rule
def ungated(s: Schedules, k: int, x: np.ndarray) -> float:
    """Terms and modifiers of joint line k, CNY, before gates and bounds; works out the scores in x."""
    total, product = 0.0, 0.0
    for f in range(s.lines[k].functions, s.lines[k].functions_stop):
        fn = s.lines[f]
        if fn.role >= GATE:
            break
        value = function_at(s, f, x)
        if fn.role == SCORE_FIRST:
            x[fn.score] = fn.weight * value
        elif fn.role == SCORE:
            x[fn.score] += fn.weight * value
        elif fn.role == TERM:
            total += product
            product = value
        elif fn.role == TIMES:
            product *= value
        else:
            total, product = (total + product) * value, 0.0
    return total + product


@rule
def gates_at(s: Schedules, k: int, x: np.ndarray) -> tuple[float, float]:
    """The shares that gates leave: of a loss, and of a reward."""
    loss, reward = 1.0, 1.0
    for f in range(s.lines[k].functions, s.lines[k].functions_stop):
        if s.lines[f].role >= GATE:
            share = function_at(s, f, x)
            reward *= share
            if s.lines[f].role == GATE:
                loss *= share
    return loss, reward


@rule
def held_within(s: Schedules, k: int, total: float, loss: float, reward: float) -> float:
    """The total with its gates and bounds, CNY."""
    total *= reward if total > 0.0 else loss
    return min(s.lines[k].cap, max(s.lines[k].floor, total))


@rule
def pay_joint(s: Schedules, k: int, x: np.ndarray) -> float:
    """What joint line k pays, CNY a period. x: its inputs in their order, those that are scores are worked out in place."""
    total = ungated(s, k, x)
    loss, reward = gates_at(s, k, x)
    return held_within(s, k, total, loss, reward)


@rule
def put(s: Schedules, k: int, x: np.ndarray, shift: np.ndarray, slope: np.ndarray, measure: int, y: float) -> None:
    """Set the inputs that read a measure, given its result y over the period: shift + slope x y."""
    for i in range(s.lines[k].inputs, s.lines[k].inputs + s.lines[k].places):
        if s.lines[i].measure == measure:
            place = i - s.lines[k].inputs
            x[place] = shift[place] + slope[place] * y


@rule
def apart(low: float, high: float) -> bool:
    """Whether the higher of two marks is so far from the lower that a line through points between them has a slope, not mere rounding."""
    return high - low > max(KNOT_WIDTH, KNOT_SHARE * abs(high))


@rule
def sort(values: np.ndarray, n: int) -> int:
    """Sort the first n values and drop what cannot be told apart from the one before; returns how many are left."""
    for i in range(1, n):
        value, j = values[i], i - 1
        while j >= 0 and values[j] > value:
            values[j + 1] = values[j]
            j -= 1
        values[j + 1] = value
    kept = min(n, 1)
    for i in range(1, n):
        if apart(values[kept - 1], values[i]):
            values[kept] = values[i]
            kept += 1
    return kept


@rule
def marks_along(s: Schedules, k: int, shift: np.ndarray, slope: np.ndarray, measure: int, marks: np.ndarray) -> int:
    """Results of a measure over the period at which some function of it passes a mark; not sorted."""
    n = 0
    for f in range(s.lines[k].functions, s.lines[k].functions_stop):
        fn = s.lines[f]
        if fn.lookup >= 0 and s.lines[s.lines[k].inputs + fn.lookup].measure == measure and slope[fn.lookup] > 0.0:
            factor = 1.0 if fn.asked < 0 else shift[fn.asked]
            for j in range(fn.first + 1, fn.stop):
                marks[n] = ((s.knots[j].x - KNOT_WIDTH) * factor - shift[fn.lookup]) / slope[fn.lookup] + KNOT_WIDTH    # the width is one of inputs
                if marks[n] > 0.0:
                    n += 1
    return n


@rule
def third(marks: np.ndarray, n: int, i: int, which: float) -> float:
    """A third, or two, of the way from mark i to the next, each reached a knot's width before; beyond the last as if another were to come."""
    step = marks[i + 1] - marks[i] if i + 1 < n else max(1.0, abs(marks[i]))
    return marks[i] - KNOT_WIDTH + step * which / 3.0


CHORDS = 48              # pieces in place of a curve


@rule
def drawn(s: Schedules, k: int, x: np.ndarray, shift: np.ndarray, slope: np.ndarray, measure: int, low: float, high: float,
          knots: np.ndarray) -> int:
    """Joint line k as a schedule of one measure's result over the period, the other inputs as they stand in x; how many knots.

    low, high: between these, curves (one input in two sloped parts of a product) are drawn as `CHORDS` straight pieces.
    """
    marks = np.empty(s.lines[k].room + CHORDS + 1)
    marks[0] = 0.0
    n = 1 + marks_along(s, k, shift, slope, measure, marks[1:])
    if s.lines[k].curved:
        for i in range(CHORDS):
            marks[n] = low + (high - low) * (i + 1.0) / CHORDS
            n += 1
    n = sort(marks, n)
    scored, many = 0, n
    for f in range(s.lines[k].functions, s.lines[k].functions_stop):
        fn = s.lines[f]
        if fn.lookup >= 0 and s.lines[s.lines[k].inputs + fn.lookup].kind == MADE:
            scored += fn.stop - fn.first
    cuts = np.empty(n * (1 + scored))
    cuts[:n] = marks[:n]
    if scored > 0:
        for i in range(n):
            at, further = third(marks, n, i, 1.0), third(marks, n, i, 2.0)
            for f in range(s.lines[k].functions, s.lines[k].functions_stop):
                fn = s.lines[f]
                if fn.lookup >= 0 and s.lines[s.lines[k].inputs + fn.lookup].kind == MADE:
                    put(s, k, x, shift, slope, measure, at)
                    ungated(s, k, x)
                    score = x[fn.lookup]
                    put(s, k, x, shift, slope, measure, further)
                    ungated(s, k, x)
                    rise = (x[fn.lookup] - score) / (further - at)
                    for j in range(fn.first + 1, fn.stop):
                        if rise != 0.0:
                            y = at + (s.knots[j].x - score - KNOT_WIDTH) / rise + (KNOT_WIDTH if rise > 0.0 else 2.0 * KNOT_WIDTH)
                            if y > marks[i] and y < (marks[i + 1] if i + 1 < n else FARTHEST):
                                cuts[many] = y
                                many += 1
        many = sort(cuts, many)
    count = 0
    turns = np.empty(6)
    for i in range(many):
        at, further = third(cuts, many, i, 1.0), third(cuts, many, i, 2.0)
        put(s, k, x, shift, slope, measure, at)
        value = ungated(s, k, x)
        loss, reward = gates_at(s, k, x)
        put(s, k, x, shift, slope, measure, further)
        rise = (ungated(s, k, x) - value) / (further - at)
        turns[0], found = cuts[i], 1
        if rise != 0.0:
            for level in (0.0, s.lines[k].cap / max(reward, 1e-300), s.lines[k].floor / max(reward, 1e-300), s.lines[k].cap / max(loss, 1e-300),
                          s.lines[k].floor / max(loss, 1e-300)):
                y = at + (level - value) / rise
                if apart(cuts[i], y) and apart(y, cuts[i + 1] if i + 1 < many else FARTHEST):
                    turns[found] = y
                    found += 1
            found = sort(turns, found)
        for j in range(found):
            stop = turns[j + 1] if j + 1 < found else (cuts[i + 1] if i + 1 < many else turns[j] + max(1.0, abs(turns[j])))
            one, two = turns[j] + (stop - turns[j]) / 3.0, turns[j] + (stop - turns[j]) * 2.0 / 3.0
            lower = held_within(s, k, value + rise * (one - at), loss, reward)
            upper = held_within(s, k, value + rise * (two - at), loss, reward)
            knots[count].x, knots[count].r = turns[j], (upper - lower) / (two - one)
            knots[count].v = lower - knots[count].r * (one - turns[j])
            count += 1
    return count


@rule
def weigh_cell(start: float, stop: float, part: float, mean: float, spread: float, n: int, y: np.ndarray, w: np.ndarray, d: np.ndarray) -> int:
    """Two nodes that stand for a cell from start to stop, of probability `part`; how many nodes there are then."""
    if stop <= start or part <= 0.0:
        y[n], w[n], d[n] = start, part, 0.0
        return n + 1
    y[n], y[n + 1] = max(start, min(mean - spread, stop - 0.5 * (stop - start))), min(stop, max(mean + spread, start + 0.5 * (stop - start)))
    w[n + 1] = part * (mean - y[n]) / (y[n + 1] - y[n])
    w[n], d[n], d[n + 1] = part - w[n + 1], 0.0, 0.0
    return n + 2


@rule
def add_line(at: float, times: float, first: int, stop: int, y: np.ndarray, d: np.ndarray) -> None:
    """Add to the slope's weights `times` the height, at `at`, of the line through a cell's nodes."""
    if stop - first == 1:
        d[first] += times
    else:
        far = (at - y[first]) / (y[first + 1] - y[first])
        d[first] += times * (1.0 - far)
        d[first + 1] += times * far


CUTS = (-1.8, -1.2, -0.6, 0.0, 0.6, 1.2, 1.8)             # standard deviations


@rule
def count_nodes(cuts: np.ndarray, m: int, mean: float, y: np.ndarray, w: np.ndarray, d: np.ndarray) -> int:
    """Counts N, Poisson(mean), as nodes y: E[h(N)] = sum w h(y), its derivative by the mean = sum d h(y), for h linear between cuts."""
    sd = math.sqrt(mean)
    start, stop = math.floor(max(0.0, mean - 8.0 * sd - 1.0)), math.floor(mean + 8.0 * sd + 10.0)
    n, cut, p, whole = 0, 0, 1.0, 0.0
    edge_here = 0.0
    first, before, edge, height = -1, -1, 0.0, 0.0          # the cell before: its nodes, its last count and that one's chance
    i = start
    while i <= stop:
        while cut < m and cuts[cut] <= i:
            cut += 1
        last = min(stop, math.ceil(cuts[cut]) - 1.0) if cut < m else stop
        a, part, mass, square, inside = i, 0.0, 0.0, 0.0, 0.0
        while i <= last:
            part += p
            mass += p * (i - a)
            square += p * (i - a) * (i - a)
            inside, edge_here = inside + p, p
            p *= mean / (i + 1.0)
            i += 1.0
        middle = mass / part if part > 0.0 else 0.0
        spread = math.sqrt(max(0.0, square / part - middle * middle)) if part > 0.0 else 0.0
        after = weigh_cell(a, last, part, a + middle, max(0.5, spread), n, y, w, d)
        if before >= 0:
            add_line(edge, -height, first, before, y, d)
            add_line(a, height, n, after, y, d)
        if after - n == 2:
            rise = (inside - (edge_here if last < stop else 0.0)) / (y[n + 1] - y[n])
            d[n] -= rise
            d[n + 1] += rise
        first, before, edge, height, n = n, after, last, edge_here, after
        whole += part
    for j in range(n):
        w[j] /= whole
        d[j] /= whole
    return n


@rule
def normal_nodes(cuts: np.ndarray, m: int, mean: float, sd: float, y: np.ndarray, w: np.ndarray, d: np.ndarray) -> int:
    """As `count_nodes`, of a normal result; an sd of 0 gives the mean itself."""
    if sd <= 1e-9 * max(1.0, abs(mean)):
        y[0], w[0], d[0], y[1], w[1], d[1] = mean, 1.0, -1e3, mean + 1e-3, 0.0, 1e3
        return 2
    n, low = 0, -8.0
    first, before = -1, -1
    cut = 0
    while low < 8.0:
        while cut < m and (cuts[cut] - mean) / sd <= low:
            cut += 1
        high = min(8.0, (cuts[cut] - mean) / sd) if cut < m else 8.0
        part = Phi(high) - Phi(low)
        if part > 1e-14:
            middle = (phi(low) - phi(high)) / part
            spread = math.sqrt(max(1e-18, 1.0 + (low * phi(low) - high * phi(high)) / part - middle * middle))
            gap = min(2e-9, 0.25 * sd * (high - low))        # below a mark, and not at it
            after = weigh_cell(mean + sd * low, mean + sd * high - gap, part, mean + sd * middle, sd * spread, n, y, w, d)
            if before >= 0:
                add_line(mean + sd * low, -phi(low) / sd, first, before, y, d)
                add_line(mean + sd * low, phi(low) / sd, n, after, y, d)
            if after - n == 2:
                d[n] -= part / (y[n + 1] - y[n])
                d[n + 1] += part / (y[n + 1] - y[n])
            first, before, n = n, after, after
        low = high
    return n


@rule
def expect_along(s: Schedules, done: float, mean: float, sd: float, scale: float, risk: float, share: float) -> tuple[float, float]:
    """Certainty equivalent of schedule 0, CNY, and its derivative by the units to come; sd below 0: they are counts."""
    if sd < 0.0:
        return expect_count(s, 0, done, mean, scale, risk, share)
    value, slope = expect_normal(s, 0, scale * (done + mean), scale * sd, risk * share)
    return share * value, share * slope * scale


@rule
def expect_joint(s: Schedules, k: int, shift: np.ndarray, slope: np.ndarray, done: tuple[float, float], mean: tuple[float, float],
                 sd: tuple[float, float], scale: float, risk: float, share: float) -> tuple[float, float, float]:
    """Certainty equivalent of joint line k, CNY, and its derivatives by the units of measures 0 and 1 still to come.

    The result of measure m over the period ends at scale x (done + N), N Poisson(mean) where its sd is below 0, otherwise normal, and
    independent of the other's. Input i is shift + slope x that. The manager gets `share` of what is paid.

    Measure 1 is cut at every mark of its functions, and each cell stands for itself by two nodes; for each node pay is
    drawn along measure 0 (`drawn`), which is integrated exactly. Sums of products of functions so come out exactly (to rounding), and so
    does everything where only one measure is uncertain. Where cap, floor, signs or a score tie the two together, or risk counts
    (exp(-risk x pay) at the nodes), finer cells are cut (`CUTS`); where one input has two sloped parts in a product, chords
    stand for the curve. Then the error, against brute force on plans drawn at random, was 0.1 % of the span of likely pay at most, below
    0.002 % for nine in ten (tests/test_pay_agreement.py holds 0.5 %). An sd of 0 gives pay itself.
    """
    line = s.lines[k]
    x = np.zeros(line.places)
    reads0, reads1 = False, False
    for i in range(line.inputs, line.inputs_stop):
        reads0 |= s.lines[i].measure == 0
        reads1 |= s.lines[i].measure == 1
        if s.lines[i].kind == FACTOR:
            x[s.lines[i].place] = shift[s.lines[i].place]
    marks = line.room + 2 + (CHORDS if line.curved else 0)
    knots = blank(6 * marks * (1 + line.room) if line.bounded else 6 * marks, KNOT)
    lines = blank(1, LINE)
    lines[0].first = 0
    inner = 0 if reads0 else 1
    spread = math.sqrt(mean[inner]) if sd[inner] < 0.0 else sd[inner]
    low, high = scale * max(0.0, done[inner] + mean[inner] - 8.0 * spread), scale * (done[inner] + mean[inner] + 8.0 * spread + 1.0)
    if not (reads0 and reads1):
        lines[0].stop = drawn(s, k, x, shift, slope, inner, low, high, knots)
        table = Schedules(lines, knots)
        value, rise = expect_along(table, done[inner], mean[inner], sd[inner], scale, risk, share)
        if sd[inner] == 0.0:
            put(s, k, x, shift, slope, inner, scale * (done[inner] + mean[inner]))
            value = share * pay_joint(s, k, x)
        return value, (rise if reads0 else 0.0), (0.0 if reads0 else rise)
    cuts = np.empty(line.room + len(CUTS))
    m = marks_along(s, k, shift, slope, 1, cuts)
    deviation = math.sqrt(mean[1]) if sd[1] < 0.0 else sd[1]
    if line.bounded or line.curved or risk > 0.0:
        for z in CUTS:
            cuts[m] = scale * (done[1] + mean[1] + z * deviation)
            m += 1
    m = sort(cuts, m)
    nodes = 2 * (m + 2)
    y, w, d = np.empty(nodes), np.empty(nodes), np.empty(nodes)
    if sd[1] < 0.0:
        for i in range(m):
            cuts[i] = (cuts[i] - KNOT_WIDTH) / scale - done[1]
        n = count_nodes(cuts, m, mean[1], y, w, d)
        for i in range(n):
            y[i] = scale * (done[1] + y[i])
    else:
        n = normal_nodes(cuts, m, scale * (done[1] + mean[1]), scale * sd[1], y, w, d)
        for i in range(n):
            d[i] *= scale
    base, total, slope0, slope1 = 0.0, 0.0, 0.0, 0.0
    begun = False
    for i in range(n):
        if abs(w[i]) < 1e-13 and abs(d[i]) < 1e-13:
            continue
        put(s, k, x, shift, slope, 1, y[i])
        lines[0].stop = drawn(s, k, x, shift, slope, 0, low, high, knots)
        table = Schedules(lines, knots)
        value, rise = expect_along(table, done[0], mean[0], sd[0], scale, risk, share)
        if sd[0] == 0.0:
            put(s, k, x, shift, slope, 0, scale * (done[0] + mean[0]))
            value = share * pay_joint(s, k, x)
        if risk <= 0.0:
            total += w[i] * value
            slope0 += w[i] * rise
            slope1 += d[i] * value
        else:
            if not begun:
                base, begun = value, True
            worse = math.exp(-risk * (value - base))
            total += w[i] * worse
            slope0 += w[i] * worse * rise
            slope1 -= d[i] * worse / risk
    if risk <= 0.0:
        return total, slope0, slope1
    return base - math.log(total) / risk, slope0 / total, slope1 / total
