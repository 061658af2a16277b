"""The planner: hours by activity that maximise utility of expected pay, own motives and norms, less the cost of effort.

Output of activity k is theta_k h_k^eta a day, so the hours of a total effort E split as g_k^(1/(1-eta)), with g_k theta_k
times the worth of a unit of output; eta = 1 puts all hours on the best activity. A threshold makes the problem
non-concave: where pay bends ahead, levels of effort kept up to the period's end are compared, then the best is refined
(open-loop feedback: the plan is made anew every day).

An outlook row g tells what the manager expects of merged schedule g. done: units of the payee's measure in the open
period so far. others: units a day from the payee's other members, and without effort. left: days like today until the period's end, today
included. scale: the payee's measure is scale x units. share: the manager's part of the payee's pay. sd: standard deviation
of a day's measure; 0 counts units (Poisson). It takes down slope: CNY a unit of the manager's at the margin. A joint line has a row a
measure, one after the other (those that it does not read stay as they are), and keeps what stands before one's target in `factor`; there also count rest: the share of what is to come that falls into the period's last month; month,
year: units of the payee's in the period's last month, and in the year, so far; ends: number of that month in the year. rate: units a day of the
manager's own, of measures beyond the first two. still: 1 where no
activity of the day moves what the line counts (loans); its value and slopes then are worked out once, by `look_ahead`.
The desk holds, by activity k, theta[k]: output of the first hour; own_worth[k]: CNY a unit of output besides pay;
yields[k, m]: units of measure m in a unit of output; used: the `uses` measures that pay counts; and takes down split[k]: share of the hours; part[k]: split[k]^eta, so
that E hours bring theta[k] part[k] E^eta of output; worth[m]: CNY a unit of measure m at the margin, in pay.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import rule
from sim.engine.state import ACTIVITY_COUNT, MEASURE_COUNT, SERVICE
from sim.passing import by_reference
from sim.policy.kernel import (
    CONSTANT, FACTOR, FURTHER, IN_LAST_MONTH, IN_YEAR, RESULT, SIMPLE, Schedules, expect_count, expect_joint, expect_normal, months_covered, pay_joint,
)
from sim.rules.careers import chance_to_reach
from sim.rules.effort import best_effort, cost_of_effort, marginal_gain, norm_cost
from sim.rules.powers import power

NOBODY = 1e30            # the effort of a mentor one never passes


@by_reference
class Person(NamedTuple):
    """One manager's tastes and limits. Money in CNY, effort in hours a day.

    cost, gamma: of effort. eta: returns to hours. imposed: hours taken by others. capacity: hours free to choose.
    norm, below, above: see `norm_pull`. ceiling, ceiling_pull: the bundled mentor's effort and what passing it costs.
    risk: absolute risk aversion, 1/CNY. guess: hours a day near which the search for the best may begin, or 0.
    """

    cost: float
    gamma: float
    eta: float
    imposed: float
    capacity: float
    norm: float
    below: float
    above: float
    ceiling: float
    ceiling_pull: float
    risk: float
    guess: float


@rule
def forecast(pay: Schedules, g: int, o: np.recarray, rate: float, risk: float) -> tuple[float, float]:
    """Certainty equivalent, CNY, and its slope, CNY a unit, of schedule g when the manager brings `rate` units a day."""
    mean = o[g].left * (rate + o[g].others)
    if o[g].sd > 0.0:
        value, slope = expect_normal(pay, g, o[g].scale * (o[g].done + mean),
                                     o[g].scale * o[g].sd * math.sqrt(o[g].left), risk * o[g].share)
        return o[g].share * value, o[g].share * slope * o[g].scale
    return expect_count(pay, g, o[g].done, mean, o[g].scale, risk, o[g].share)


@rule
def forecast_joint(pay: Schedules, g: int, o: np.recarray, rates: tuple[float, float], risk: float) -> float:
    """As `forecast`, for a joint line and `rates` units a day of each measure; leaves its slopes in its rows of the outlook."""
    line = pay.lines[g]
    if line.plain:
        return forecast_plain(pay, g, o, rates)
    shift, slope = np.zeros(line.places), np.zeros(line.places)
    for place in range(len(shift)):
        read = pay.lines[line.inputs + place]
        if read.kind == FACTOR:
            shift[place] = o[g + read.slot].factor
        elif read.measure >= 0:
            row = o[g + read.measure]
            times = 12.0 / months_covered(read.over, line.period, int(row.ends)) if read.annualised else 1.0
            slope[place] = times * (row.rest if read.over == IN_LAST_MONTH else 1.0)
            if read.over == IN_YEAR:
                shift[place] = times * row.scale * (row.year - row.done)
            elif read.over == IN_LAST_MONTH:
                shift[place] = times * row.scale * (row.month - row.rest * row.done)
    a, b = o[g], o[g + 1]
    sds = (a.sd * math.sqrt(a.left) if a.sd > 0.0 else -1.0, b.sd * math.sqrt(b.left) if b.sd > 0.0 else -1.0)
    value, first, second = expect_joint(pay, g, shift, slope, (a.done, b.done), (a.left * (rates[0] + a.others), b.left * (rates[1] + b.others)),
                                        sds, a.scale, risk, a.share)
    a.slope, b.slope = first, second
    return value


@rule
def inputs_at(pay: Schedules, g: int, o: np.recarray, rates: tuple[float, float], x: np.ndarray, moved: int, by: float) -> None:
    """Fill in the inputs of a joint line as expected, one measure moved by so many units."""
    line = pay.lines[g]
    for place in range(len(x)):
        x[place] = 0.0
    for row_of_input in range(line.inputs, line.inputs_stop):
        read = pay.lines[row_of_input]
        m, per_year = read.measure, 12.0 / months_covered(read.over, line.period, int(o[g].ends)) if read.annualised else 1.0
        if read.kind == FACTOR:
            x[read.place] = o[g + read.slot].factor
        elif read.kind == CONSTANT:
            x[read.place] += per_year * read.times * (1.0 if read.level else months_covered(read.over, line.period, int(o[g].ends)))
        if read.kind != RESULT:
            continue
        row = o[g + m]
        rate = rates[0] if m == 0 else rates[1] if m == 1 else row.rate
        units = row.done + row.left * (rate + row.others) + (by if m == moved else 0.0)
        if read.over == IN_YEAR:
            units += row.year - row.done
        elif read.over == IN_LAST_MONTH:
            units = row.month + row.rest * (units - row.done)
        x[read.place] += read.times * row.scale * units * per_year


@rule
def forecast_plain(pay: Schedules, g: int, o: np.recarray, rates: tuple[float, float]) -> float:
    """As `forecast_joint`, where more measures count than two: pay at what is expected; slopes between a spread above and below it."""
    line = pay.lines[g]
    x = np.zeros(line.places)
    inputs_at(pay, g, o, rates, x, -1, 0.0)
    value = o[g].share * pay_joint(pay, g, x)
    for m in range(MEASURE_COUNT):
        row = o[g + m]
        row.slope = 0.0
        if not pay.lines[g + m].read:
            continue
        for place in range(line.inputs, line.inputs_stop):
            if pay.lines[place].measure == m:
                rate = rates[0] if m == 0 else rates[1] if m == 1 else row.rate
                by = row.sd * math.sqrt(row.left) if row.sd > 0.0 else math.sqrt(1.0 + max(0.0, row.left * (rate + row.others)))
                inputs_at(pay, g, o, rates, x, m, by)
                high = pay_joint(pay, g, x)
                inputs_at(pay, g, o, rates, x, m, -by)
                row.slope = o[g].share * (high - pay_joint(pay, g, x)) / (2.0 * by)
                break
    return value


@rule
def bends_ahead(pay: Schedules, o: np.recarray) -> bool:
    """Whether any schedule still has a knot ahead of what is done (otherwise the worth of a unit is the same throughout)."""
    for g in range(len(o)):
        if o[g].still > 0:
            continue
        if pay.lines[g].joint != SIMPLE:
            return True
        last = pay.lines[g].stop - 1
        if last > pay.lines[g].first and (o[g].sd > 0.0 or pay.knots[last].x > o[g].scale * o[g].done + 1e-9):
            return True
    return False


@rule
def split_hours(d: np.record, eta: float) -> float:
    """Best split of an hour at the worths in `d.worth`; returns B, CNY a day for the first hour spent so."""
    best, top = -1, 0.0
    for k in range(ACTIVITY_COUNT):
        d.split[k], d.part[k] = 0.0, 0.0
        if d.theta[k] == 0.0:
            continue
        gain = d.own_worth[k]
        for u in range(d.uses):
            m = int(d.used[u])
            gain += d.yields[k, m] * d.worth[m]
        gain = max(0.0, d.theta[k] * gain)
        d.split[k] = gain
        if gain > top:
            best, top = k, gain
    if best < 0:                                        # nothing is worth while: hours that a norm still asks for serve customers
        d.split[SERVICE], d.part[SERVICE] = 1.0, 1.0
        return 0.0
    if eta >= 1.0:
        for k in range(ACTIVITY_COUNT):
            d.split[k] = 1.0 if k == best else 0.0
            d.part[k] = d.split[k]
        return top
    total = 0.0
    for k in range(ACTIVITY_COUNT):
        if d.split[k] > 0.0:
            gain = d.split[k] / top                     # its 1/(1-eta)th power, and the eta-th power of that
            d.part[k] = power(gain, eta / (1.0 - eta)) if k != best else 1.0
            d.split[k] = gain * d.part[k]
            total += d.split[k]
    whole, reached = 1.0 / total, power(total, eta)
    part = 1.0 / reached
    for k in range(ACTIVITY_COUNT):
        d.split[k] *= whole
        d.part[k] *= part
    return top * (total * part)


@rule
def brings(d: np.record, reached: float, measure: int) -> float:
    """Units of a measure a day at the current split. reached: E^eta, of E hours."""
    rate = 0.0
    if reached <= 0.0:
        return rate
    for k in range(ACTIVITY_COUNT):
        rate += d.theta[k] * d.yields[k, measure] * d.part[k]
    return rate * reached


@rule
def reckon(pay: Schedules, d: np.record, o: np.recarray, p: Person, reached: float) -> float:
    """Expected pay a day, CNY, when E hours are kept up at the current split; leaves each measure's worth in `d.worth`. reached: E^eta."""
    value = 0.0
    for u in range(d.uses):
        d.worth[int(d.used[u])] = 0.0
    for u in range(d.uses):
        m, rate = int(d.used[u]), -1.0
        for g in range(len(o)):
            if o[g].still > 0:
                if pay.lines[g].measure == m:
                    value += o[g].value / o[g].left
                    d.worth[m] += o[g].slope
            elif pay.lines[g].measure == m and pay.lines[g].joint != SIMPLE:
                if pay.lines[g].joint != FURTHER:
                    for v in range(d.uses):
                        k = int(d.used[v])
                        if k > 1:
                            o[g + k].rate = brings(d, reached, k)
                    value += forecast_joint(pay, g, o, (brings(d, reached, 0), brings(d, reached, 1)), p.risk) / o[g].left
                d.worth[m] += o[g].slope
            elif pay.lines[g].measure == m:
                if rate < 0.0:
                    rate = brings(d, reached, m)
                expected, slope = forecast(pay, g, o, rate, p.risk)
                value += expected / o[g].left
                o[g].slope = slope
                d.worth[m] += slope
    if d.marks > 0:
        value += weigh_marks(d, reached)
    return value


@rule
def utility(pay: Schedules, d: np.record, o: np.recarray, p: Person, effort: float) -> float:
    """Expected pay and what the work is worth to the manager besides, less what effort and being off the norm cost, CNY a day."""
    reached = power(effort, p.eta)
    value = reckon(pay, d, o, p, reached) - cost_of_effort(effort, p.imposed, p.cost, p.gamma) - norm_cost(effort, p.norm, p.below, p.above)
    if effort > p.ceiling:
        value -= 0.5 * p.ceiling_pull * (effort - p.ceiling) * (effort - p.ceiling)
    for k in range(ACTIVITY_COUNT):
        value += d.own_worth[k] * d.theta[k] * d.part[k] * reached
    return value


@rule
def most_of(d: np.record, p: Person, m: int) -> float:
    """Units of a measure a day that full capacity would bring, spent on the best activity for it alone; below 0 where work can only
    lessen it, as it does losses."""
    most, least = 0.0, 0.0
    for k in range(ACTIVITY_COUNT):
        most = max(most, d.theta[k] * d.yields[k, m])
        least = min(least, d.theta[k] * d.yields[k, m])
    return (most if most > 0.0 else least) * power(p.capacity, p.eta)


@rule
def ambition(pay: Schedules, d: np.record, o: np.recarray, p: Person) -> None:
    """Start the comparison from the top: a unit is worth the average over all that full capacity could bring."""
    for u in range(d.uses):
        m = int(d.used[u])
        d.worth[m] = 0.0
        most = most_of(d, p, m)
        for g in range(len(o)):
            if pay.lines[g].measure == m and most != 0.0 and pay.lines[g].joint != SIMPLE:
                if not pay.lines[g].read:
                    continue
                first, second = most_of(d, p, 0), most_of(d, p, 1)
                at = g - m                                   # the row of measure 0
                for v in range(d.uses):
                    k = int(d.used[v])
                    if k > 1:
                        o[at + k].rate = most_of(d, p, k)
                high = forecast_joint(pay, at, o, (first, second), p.risk)
                o[g].rate = 0.0
                low = forecast_joint(pay, at, o, (0.0 if m == 0 else first, 0.0 if m == 1 else second), p.risk)
                d.worth[m] += max(0.0, high - low) / (o[g].left * most)
            elif pay.lines[g].measure == m and most != 0.0:
                high, _ = forecast(pay, g, o, most, p.risk)
                low, _ = forecast(pay, g, o, 0.0, p.risk)
                d.worth[m] += max(0.0, high - low) / (o[g].left * most)
    if d.marks > 0:
        weigh_marks_afar(d, p)


@rule
def gain_at(pay: Schedules, d: np.record, o: np.recarray, p: Person, effort: float) -> float:
    """Marginal gain of an hour at `effort`, with the split made anew for the worths found there."""
    reckon(pay, d, o, p, power(effort, p.eta))
    worth = split_hours(d, p.eta)
    return marginal_gain(effort, worth, p.eta, p.imposed, p.cost, p.gamma, p.norm, p.below, p.above, p.ceiling,
                         p.ceiling_pull)


@rule
def clear_desk(d: np.record, o: np.recarray) -> None:
    """Forget the plan of whoever sat here before."""
    for k in range(ACTIVITY_COUNT):
        d.split[k], d.part[k] = 0.0, 0.0
    for m in range(MEASURE_COUNT):
        d.worth[m] = 0.0
    for g in range(len(o)):
        if o[g].still == 0:
            o[g].slope = 0.0


@rule
def choose_effort(pay: Schedules, d: np.record, o: np.recarray, p: Person, levels: int, refinements: int) -> float:
    """The best total effort, hours a day; the split is left in `d.split`, worths in `d.worth`.

    d.theta[k]: output of activity k for the first hour. d.own_worth[k]: CNY a unit of output besides pay.
    d.yields[k, m]: units of measure m in a unit of output k. levels of effort are compared where pay bends ahead, and the best
    is refined by halving its neighbourhood `refinements` times.
    """
    if p.capacity <= 0.0:
        clear_desk(d, o)
        return 0.0
    if d.marks == 0 and not bends_ahead(pay, o):
        clear_desk(d, o)
        reckon(pay, d, o, p, 0.0)                            # a unit's worth is the same whatever the effort
        worth = split_hours(d, p.eta)
        return best_effort(worth, p.eta, p.imposed, p.cost, p.gamma, p.norm, p.below, p.above, p.ceiling, p.ceiling_pull,
                           p.capacity, p.guess)
    ambition(pay, d, o, p)
    split_hours(d, p.eta)
    best, best_value = 0.0, -1e300
    step = p.capacity / levels
    for level in range(levels, -1, -1):
        effort = step * level
        reckon(pay, d, o, p, power(effort, p.eta))
        split_hours(d, p.eta)
        value = utility(pay, d, o, p, effort)
        if value > best_value:
            best, best_value = effort, value
    # Between the best level's neighbours the gain of an hour falls through nil: halve toward it.
    low, high = max(0.0, best - step), min(p.capacity, best + step)
    split_near(pay, d, o, p, best)
    if gain_at(pay, d, o, p, max(best, 1e-9)) > 0.0:
        low = best
    else:
        high = best
    for _ in range(refinements):
        if high - low <= 1e-13 * p.capacity:
            break
        middle = 0.5 * (low + high)
        if gain_at(pay, d, o, p, middle) > 0.0:
            low = middle
        else:
            high = middle
    effort = 0.5 * (low + high)
    if utility(pay, d, o, p, effort) < best_value:
        effort = best
        split_near(pay, d, o, p, best)
        reckon(pay, d, o, p, power(effort, p.eta))
    return effort


@rule
def plan_effort(pay: Schedules, d: np.record, o: np.recarray, p: Person, levels: int, refinements: int) -> tuple[float, float]:
    """As `choose_effort`, and its utility, CNY a day."""
    effort = choose_effort(pay, d, o, p, levels, refinements)
    if p.capacity <= 0.0:
        return 0.0, 0.0
    return effort, utility(pay, d, o, p, effort)


@rule
def split_near(pay: Schedules, d: np.record, o: np.recarray, p: Person, effort: float) -> None:
    """Settle the split for a given effort from the ambitious side: three rounds of worth and split."""
    ambition(pay, d, o, p)
    split_hours(d, p.eta)
    reached = power(effort, p.eta)
    for _ in range(3):
        reckon(pay, d, o, p, reached)
        split_hours(d, p.eta)


@rule
def weigh_marks(d: np.record, reached: float) -> float:
    """What the marks in mind are worth a day, CNY, at this effort: stake x chance to reach them; adds to the worth of a unit.

    Where all of a rule's marks must be reached, each is worked at as though the others will be; where any one is enough, it is
    worth what the others leave open.
    """
    value = 0.0
    for k in range(d.marks):
        chance, slope = mark_chance(d, k, reached)
        left_open, first = 1.0, True
        if d.mark_any[k] > 0.0:
            for j in range(d.marks):
                if j != k and d.mark_group[j] == d.mark_group[k]:
                    other, _ = mark_chance(d, j, reached)
                    left_open *= 1.0 - other
                    first = first and j > k
            chance = 1.0 - (1.0 - chance) * left_open
        if first:                                            # any one of several is counted once
            value += d.mark_stake[k] * chance / d.mark_left[k]
        d.worth[int(d.mark_measure[k])] += d.mark_stake[k] * slope * left_open
    return value


@rule
def mark_chance(d: np.record, k: int, reached: float) -> tuple[float, float]:
    """Chance to reach mark k when `effort` is kept up at the current split, and its derivative by the units to come."""
    rate = brings(d, reached, int(d.mark_measure[k])) + d.mark_windfall[k]
    return chance_to_reach(d.mark_need[k], d.mark_left[k] * rate)


@rule
def weigh_marks_afar(d: np.record, p: Person) -> None:
    """As `ambition`, for marks: a unit is worth the average over all that full capacity could bring."""
    for k in range(d.marks):
        m, most = int(d.mark_measure[k]), 0.0
        for a in range(ACTIVITY_COUNT):
            most = max(most, d.theta[a] * d.yields[a, m])
        most *= power(p.capacity, p.eta)
        if most > 0.0:
            high, _ = chance_to_reach(d.mark_need[k], d.mark_left[k] * (most + d.mark_windfall[k]))
            low, _ = chance_to_reach(d.mark_need[k], d.mark_left[k] * d.mark_windfall[k])
            d.worth[m] += d.mark_stake[k] * (high - low) / (d.mark_left[k] * most)
