"""Credit: hidden quality, vetting, decisions, loan classes and collection (docs/model.md, "Credit").

Chances of default hold for the term of a loan. Worth is CNY to the manager for each CNY lent unless said otherwise.
Classes are 0 normal, 1 substandard, 2 doubtful, 3 loss; 4 stands for what is given up.
"""

from __future__ import annotations

import math

from sim.compiled import rule

NORMAL, SUBSTANDARD, DOUBTFUL, LOSS, GIVEN_UP = range(5)
SURE_DEFAULT = 0.99                               # no loan is worse


@rule
def default_chance(u: float, mean: float, foreseeable: float) -> float:
    """Chance of default of an application as vetting can find it: (1 - foreseeable) mean + foreseeable x b, b the quantile u of a
    beta distribution with parameters 1 and 1/mean - 1.

    Most applications are sound, a tail is not. mean: over all applications, above 0 and below 1; u rises to the worst. foreseeable:
    share of the differences that anything tells of beforehand; 0: all are alike to whoever looks.
    """
    b = 1.0 - math.pow(1.0 - u, mean / (1.0 - mean))
    return min(SURE_DEFAULT, (1.0 - foreseeable) * mean + foreseeable * b)


@rule
def chance_found(rate: float, hours: float) -> float:
    """Chance that vetting finds out how good an application is: 1 - exp(-rate x hours given to it). No hours find nothing."""
    return -math.expm1(-rate * hours)


@rule
def worth_of_lending(gain: float, loss: float, chance: float) -> float:
    """What a loan with this chance of default is worth to the manager: gain - loss x chance.

    gain: pay for volume and income, and what is felt of the bank's margin. loss: liability and what is felt of the bank's loss.
    """
    return gain - loss * chance


@rule
def hoped_for(gain: float, loss: float, mean: float, foreseeable: float) -> float:
    """Mean worth of an application whose quality is known before the decision: E[max(0, gain - loss p)], p as in `default_chance`.

    With g = gain - loss mean (1 - foreseeable) and l = loss foreseeable in closed form l (t - mean (1 - (1 - t)^(1/mean))), t = g / l
    between 0 and 1. loss = 0: every loan is made.
    """
    gain, loss = gain - loss * mean * (1.0 - foreseeable), loss * foreseeable
    if loss <= 0.0 or gain >= loss:
        return max(0.0, gain - loss * mean)
    if gain <= 0.0:
        return 0.0
    t = gain / loss
    return loss * (t - mean * (1.0 - math.pow(1.0 - t, 1.0 / mean)))


@rule
def worth_of_finding(gain: float, loss: float, mean: float, foreseeable: float) -> float:
    """What it is worth to know an application's quality: what is hoped for when it is known, less the worth of deciding blindly.

    Never negative; nil for whom no quality would change the decision, such as one paid enough for volume and liable for nothing.
    """
    return max(0.0, hoped_for(gain, loss, mean, foreseeable) - max(0.0, worth_of_lending(gain, loss, mean)))


@rule
def worth_of_hurrying(now: float, later: float, loss: float, mean: float, foreseeable: float) -> float:
    """What it is worth to decide blindly now rather than later, when vetting will have told: max(0, now - loss mean) less `hoped_for` later.

    now, later: gain of lending today and as a rule. now = later: never above nil; so only pay that bends at a period's end hurries anyone.
    """
    return max(0.0, worth_of_lending(now, loss, mean)) - hoped_for(later, loss, mean, foreseeable)


@rule
def enlarged(pull: float, stretch: float, half: float) -> float:
    """Factor by which a manager talks a loan up: 1 + stretch x pull / (pull + half). No pull, no change.

    pull: what pay gives for a CNY lent. half: the pull at which half of the most is reached.
    """
    return 1.0 + stretch * pull / (pull + half) if pull > 0.0 else 1.0


@rule
def strained(chance: float, factor: float, elasticity: float) -> float:
    """Chance of default of a loan made larger by a factor: chance x factor^elasticity."""
    return min(SURE_DEFAULT, chance * math.pow(factor, elasticity))


@rule
def monthly_fall(chance: float, months: float) -> float:
    """Chance a month that a normal loan turns substandard, so that over the months it does with the given chance."""
    return -math.expm1(math.log1p(-chance) / months)


@rule
def class_after(u: float, quality: int, fall: float, cure: float, worsen: float) -> int:
    """Loan class a month later, by one uniform: a normal loan falls; another is cured first, or else gets worse.

    fall, cure, worsen: chances a month. A loss that gets worse is given up.
    """
    if quality == NORMAL:
        return SUBSTANDARD if u < fall else NORMAL
    if u < cure:
        return NORMAL
    return quality + 1 if u < cure + (1.0 - cure) * worsen else quality


@rule
def goes_on(cure: float, worsen: float) -> float:
    """Chance that a loan of a class gets worse rather than cured in the end: (1 - c) w / (c + (1 - c) w)."""
    on = (1.0 - cure) * worsen
    return on / (cure + on) if cure + on > 0.0 else 0.0


@rule
def cured(base: float, rate: float, hours: float) -> float:
    """Chance a month that a bad loan is cured: by itself, or by collection hours given to it. hours = 0: base."""
    return 1.0 - (1.0 - base) * math.exp(-rate * hours)
