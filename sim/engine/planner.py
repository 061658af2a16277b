"""The planner: hours by activity that maximise utility of expected pay, own motives and norms, less the cost of effort.

Output of activity k is theta_k h_k^eta a day, so the hours of a total effort E split as g_k^(1/(1-eta)), with g_k theta_k
times the worth of a unit of output; eta = 1 puts all hours on the best activity. A threshold makes the problem
non-concave: where pay bends ahead, levels of effort kept up to the period's end are compared, then the best is refined
(open-loop feedback: the plan is made anew every day).
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from sim.compiled import rule
from sim.policy.kernel import Schedules, expect_count, expect_normal
from sim.rules.effort import best_effort, cost_of_effort, marginal_gain, norm_cost

NOTHING = 1e30           # a ceiling nobody reaches


class Outlook(NamedTuple):
    """What a manager expects of each merged schedule g = 0..G-1, and room for the planner's own reckoning.

    done: units of the payee's measure in the open period so far. others: units a day from the payee's other members.
    left: days like today until the period's end, today included. scale: the payee's measure is scale x units.
    share: the manager's part of the payee's pay. sd: standard deviation of a day's measure; 0 counts units (Poisson).
    worth: room, CNY a unit of measure m. split: room, share of the hours that activity k gets.
    """

    done: np.ndarray
    others: np.ndarray
    left: np.ndarray
    scale: np.ndarray
    share: np.ndarray
    sd: np.ndarray
    worth: np.ndarray
    split: np.ndarray


class Person(NamedTuple):
    """One manager's tastes and limits. Money in CNY, effort in hours a day.

    cost, gamma: of effort. eta: returns to hours. imposed: hours taken by others. capacity: hours free to choose.
    norm, below, above: see `norm_pull`. ceiling, ceiling_pull: the bundled mentor's effort and what passing it costs.
    risk: absolute risk aversion, 1/CNY.
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


@rule
def forecast(pay: Schedules, g: int, o: Outlook, rate: float, risk: float) -> tuple[float, float]:
    """Certainty equivalent, CNY, and its slope, CNY a unit, of schedule g when the manager brings `rate` units a day."""
    mean = o.left[g] * (rate + o.others[g])
    if o.sd[g] > 0.0:
        value, slope = expect_normal(pay, g, o.scale[g] * (o.done[g] + mean),
                                     o.scale[g] * o.sd[g] * math.sqrt(o.left[g]), risk * o.share[g])
        return o.share[g] * value, o.share[g] * slope * o.scale[g]
    return expect_count(pay, g, o.done[g], mean, o.scale[g], risk, o.share[g])


@rule
def bends_ahead(pay: Schedules, o: Outlook) -> bool:
    """Whether any schedule still has a knot ahead of what is done (otherwise the worth of a unit is the same throughout)."""
    for g in range(len(o.done)):
        last = pay.start[g + 1] - 1
        if last > pay.start[g] and (o.sd[g] > 0.0 or pay.x[last] > o.scale[g] * o.done[g] + 1e-9):
            return True
    return False


@rule
def split_hours(theta: np.ndarray, own_worth: np.ndarray, yields: np.ndarray, eta: float, o: Outlook) -> float:
    """Best split of an hour at the worths in `o.worth`; returns B, CNY a day for the first hour spent so."""
    best, top = -1, 0.0
    for k in range(len(theta)):
        gain = own_worth[k]
        for m in range(yields.shape[1]):
            gain += yields[k, m] * o.worth[m]
        gain = max(0.0, theta[k] * gain)
        o.split[k] = gain
        if gain > top:
            best, top = k, gain
    if best < 0:
        return 0.0
    if eta >= 1.0:
        for k in range(len(theta)):
            o.split[k] = 1.0 if k == best else 0.0
        return top
    total = 0.0
    for k in range(len(theta)):
        o.split[k] = math.pow(o.split[k] / top, 1.0 / (1.0 - eta)) if o.split[k] > 0.0 else 0.0
        total += o.split[k]
    for k in range(len(theta)):
        o.split[k] /= total
    return top * math.pow(total, 1.0 - eta)


@rule
def brings(theta: np.ndarray, yields: np.ndarray, eta: float, o: Outlook, effort: float, measure: int) -> float:
    """Units of a measure a day that `effort` hours bring at the current split."""
    rate = 0.0
    for k in range(len(theta)):
        if o.split[k] > 0.0 and yields[k, measure] > 0.0:
            rate += theta[k] * yields[k, measure] * math.pow(o.split[k] * effort, eta)
    return rate


@rule
def reckon(pay: Schedules, theta: np.ndarray, own_worth: np.ndarray, yields: np.ndarray, o: Outlook, p: Person,
           effort: float) -> float:
    """Expected pay a day, CNY, when `effort` is kept up at the current split; leaves each measure's worth in `o.worth`."""
    value = 0.0
    for m in range(yields.shape[1]):
        o.worth[m] = 0.0
    for m in range(yields.shape[1]):
        rate = -1.0
        for g in range(len(o.done)):
            if pay.measure[g] == m:
                if rate < 0.0:
                    rate = brings(theta, yields, p.eta, o, effort, m)
                expected, slope = forecast(pay, g, o, rate, p.risk)
                value += expected / o.left[g]
                o.worth[m] += slope
    return value


@rule
def own_gain(theta: np.ndarray, own_worth: np.ndarray, o: Outlook, p: Person, effort: float) -> float:
    """What the work is worth to the manager besides pay, less what effort and being off the norm cost, CNY a day."""
    value = -cost_of_effort(effort, p.imposed, p.cost, p.gamma) - norm_cost(effort, p.norm, p.below, p.above)
    if effort > p.ceiling:
        value -= 0.5 * p.ceiling_pull * (effort - p.ceiling) * (effort - p.ceiling)
    for k in range(len(theta)):
        if o.split[k] > 0.0 and own_worth[k] != 0.0:
            value += own_worth[k] * theta[k] * math.pow(o.split[k] * effort, p.eta)
    return value


@rule
def ambition(pay: Schedules, theta: np.ndarray, yields: np.ndarray, o: Outlook, p: Person) -> None:
    """Start the comparison from the top: a unit is worth the average over all that full capacity could bring."""
    for m in range(yields.shape[1]):
        o.worth[m] = 0.0
        most = 0.0
        for k in range(len(theta)):
            most = max(most, theta[k] * yields[k, m])
        most *= math.pow(p.capacity, p.eta)
        for g in range(len(o.done)):
            if pay.measure[g] == m and most > 0.0:
                high, _ = forecast(pay, g, o, most, p.risk)
                low, _ = forecast(pay, g, o, 0.0, p.risk)
                o.worth[m] += max(0.0, high - low) / (o.left[g] * most)


@rule
def gain_at(pay: Schedules, theta: np.ndarray, own_worth: np.ndarray, yields: np.ndarray, o: Outlook, p: Person,
            effort: float) -> float:
    """Marginal gain of an hour at `effort`, with the split made anew for the worths found there."""
    reckon(pay, theta, own_worth, yields, o, p, effort)
    worth = split_hours(theta, own_worth, yields, p.eta, o)
    return marginal_gain(effort, worth, p.eta, p.imposed, p.cost, p.gamma, p.norm, p.below, p.above, p.ceiling,
                         p.ceiling_pull)


@rule
def plan_effort(pay: Schedules, theta: np.ndarray, own_worth: np.ndarray, yields: np.ndarray, o: Outlook, p: Person,
                levels: int, refinements: int) -> tuple[float, float]:
    """The best total effort, hours a day, and its utility, CNY a day; the split is left in `o.split`, worths in `o.worth`.

    theta[k]: output of activity k for the first hour. own_worth[k]: CNY a unit of output besides pay.
    yields[k, m]: units of measure m in a unit of output k. levels of effort are compared where pay bends ahead, and the best
    is refined by halving its neighbourhood `refinements` times.
    """
    if p.capacity <= 0.0:
        for k in range(len(theta)):
            o.split[k] = 0.0
        return 0.0, 0.0
    if not bends_ahead(pay, o):
        for k in range(len(theta)):
            o.split[k] = 0.0
        reckon(pay, theta, own_worth, yields, o, p, 0.0)
        worth = split_hours(theta, own_worth, yields, p.eta, o)
        effort = best_effort(worth, p.eta, p.imposed, p.cost, p.gamma, p.norm, p.below, p.above, p.ceiling,
                             p.ceiling_pull, p.capacity)
        value = reckon(pay, theta, own_worth, yields, o, p, effort) + own_gain(theta, own_worth, o, p, effort)
        return effort, value
    ambition(pay, theta, yields, o, p)
    split_hours(theta, own_worth, yields, p.eta, o)
    best, best_value = 0.0, -1e300
    step = p.capacity / levels
    for level in range(levels, -1, -1):
        effort = step * level
        reckon(pay, theta, own_worth, yields, o, p, effort)
        split_hours(theta, own_worth, yields, p.eta, o)
        value = reckon(pay, theta, own_worth, yields, o, p, effort) + own_gain(theta, own_worth, o, p, effort)
        if value > best_value:
            best, best_value = effort, value
    # Between the best level's neighbours the gain of an hour falls through nil: halve toward it.
    low, high = max(0.0, best - step), min(p.capacity, best + step)
    split_near(pay, theta, own_worth, yields, o, p, best)
    if gain_at(pay, theta, own_worth, yields, o, p, max(best, 1e-9)) > 0.0:
        low = best
    else:
        high = best
    for _ in range(refinements):
        if high - low <= 1e-13 * p.capacity:
            break
        middle = 0.5 * (low + high)
        if gain_at(pay, theta, own_worth, yields, o, p, middle) > 0.0:
            low = middle
        else:
            high = middle
    effort = 0.5 * (low + high)
    value = reckon(pay, theta, own_worth, yields, o, p, effort) + own_gain(theta, own_worth, o, p, effort)
    if value < best_value:
        effort = best
        split_near(pay, theta, own_worth, yields, o, p, best)
        value = reckon(pay, theta, own_worth, yields, o, p, effort) + own_gain(theta, own_worth, o, p, effort)
    return effort, value


@rule
def split_near(pay: Schedules, theta: np.ndarray, own_worth: np.ndarray, yields: np.ndarray, o: Outlook, p: Person,
               effort: float) -> None:
    """Settle the split for a given effort from the ambitious side: three rounds of worth and split."""
    ambition(pay, theta, yields, o, p)
    split_hours(theta, own_worth, yields, p.eta, o)
    for _ in range(3):
        reckon(pay, theta, own_worth, yields, o, p, effort)
        split_hours(theta, own_worth, yields, p.eta, o)
