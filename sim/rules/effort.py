"""Effort: what an hour more is worth, what it costs, and where the two meet (docs/model.md, "Effort").

Effort E is hours a day; money is CNY a day unless said otherwise.
"""

from __future__ import annotations

from sim.compiled import rule
from sim.rules.powers import power


@rule
def cost_of_effort(effort: float, imposed: float, cost: float, gamma: float) -> float:
    """Cost, in CNY a day, of effort hours on top of imposed hours: c ((E + I)^gamma - I^gamma) / gamma.

    Imposed hours (meetings, mentoring) tire like chosen ones. I = 0 gives the closed forms T1, T2, T3, T6, T7.
    """
    return cost * (power(effort + imposed, gamma) - power(imposed, gamma)) / gamma


@rule
def norm_pull(effort: float, norm: float, below: float, above: float) -> float:
    """Marginal wish, in CNY an hour, to move toward the norm: k_minus (N - E) below it, k_plus (N - E) above it.

    below = above gives the linear-in-means model (T10); both zero: nobody cares.
    """
    gap = norm - effort
    return below * gap if gap > 0.0 else above * gap


@rule
def norm_cost(effort: float, norm: float, below: float, above: float) -> float:
    """What being off the norm costs, CNY a day: the integral of `norm_pull`."""
    gap = norm - effort
    return 0.5 * (below if gap > 0.0 else above) * gap * gap


@rule
def marginal_gain(effort: float, worth: float, eta: float, imposed: float, cost: float, gamma: float,
                  norm: float, below: float, above: float, ceiling: float, ceiling_pull: float) -> float:
    """Gain of an hour more, CNY: eta B E^(eta-1) + pull of the norm + pull of the mentor's ceiling - c (E + I)^(gamma-1).

    worth is B, the value of the best split of one hour's effort. Falls with E, so it has one root.
    """
    gain = eta * worth * power(effort, eta - 1.0) - cost * power(effort + imposed, gamma - 1.0)
    gain += norm_pull(effort, norm, below, above)
    if effort > ceiling:
        gain -= ceiling_pull * (effort - ceiling)
    return gain


@rule
def best_effort(worth: float, eta: float, imposed: float, cost: float, gamma: float, norm: float, below: float,
                above: float, ceiling: float, ceiling_pull: float, capacity: float, guess: float) -> float:
    """Effort, hours a day, at which the marginal gain is nil, within 0 and capacity.

    Without imposed hours and norm: E = (eta B / c)^(1/(gamma-eta)) (T2). Otherwise Halley's iteration within a bracket, on a falling
    function, from `guess` (0: from T2). The bracket's ends are looked at only when the iteration would leave it.
    """
    if capacity <= 0.0:
        return 0.0
    low, high, low_seen, high_seen = 1e-9 * capacity, capacity, False, False
    effort = guess
    if effort <= 0.0:
        effort = power(eta * worth / cost, 1.0 / (gamma - eta)) if worth > 0.0 else 0.5 * high
    effort, width, idle = min(max(effort, low), high), capacity, 0
    for _ in range(100):
        more, toil = eta * worth * power(effort, eta - 1.0), cost * power(effort + imposed, gamma - 1.0)
        an_hour, an_hour_in_all = 1.0 / effort, 1.0 / (effort + imposed)
        gain = more - toil + norm_pull(effort, norm, below, above)
        eased, tired = (eta - 1.0) * more * an_hour, (gamma - 1.0) * toil * an_hour_in_all
        slope = eased - tired - (below if effort < norm else above)
        curve = (eta - 2.0) * eased * an_hour - (gamma - 2.0) * tired * an_hour_in_all
        if effort > ceiling:
            gain -= ceiling_pull * (effort - ceiling)
            slope -= ceiling_pull
        if gain > 0.0:
            low, low_seen = effort, True
        else:
            high, high_seen = effort, True
        bent = 2.0 * slope * slope - gain * curve
        step = effort - 2.0 * gain * slope / bent if slope < 0.0 < bent else high if gain > 0.0 else low
        if step >= high and not high_seen:
            if marginal_gain(high, worth, eta, imposed, cost, gamma, norm, below, above, ceiling, ceiling_pull) >= 0.0:
                return high
            high_seen = True
        if step <= low and not low_seen:
            if marginal_gain(low, worth, eta, imposed, cost, gamma, norm, below, above, ceiling, ceiling_pull) <= 0.0:
                return 0.0
            low_seen = True
        idle = idle + 1 if high - low > 0.5 * width else 0
        width = min(width, high - low)
        surely = low < step < high and (effort < norm) == (step < norm) and (effort > ceiling) == (step > ceiling)
        if not low < step < high or (idle > 3 and low_seen and high_seen):          # the latter: to and fro across a kink
            step, surely = 0.5 * (low + high), False
        if abs(step - effort) <= (1e-4 * effort if surely else 1e-13 * capacity):   # the error after a sure step is about its cube
            return step
        effort = step
    return effort
