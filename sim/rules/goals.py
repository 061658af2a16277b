"""Goals, contests, judged pay and fatigue (docs/model.md, "Goals")."""

from __future__ import annotations

import math

from sim.compiled import rule


@rule
def goal_worth(difficulty: float, pull: float, slack: float) -> float:
    """What a goal adds to the worth of a unit, as a share of its worth besides pay: pull x difficulty, up to ability.

    difficulty: pace still needed over the pace that full capacity would bring. Above 1 the goal is given up, linearly over
    `slack` (0: at once). Reached goals (difficulty 0 or less) and pull = 0 add nothing.
    """
    if difficulty <= 0.0:
        return 0.0
    if difficulty <= 1.0:
        return pull * difficulty
    return pull * (1.0 + slack - difficulty) / slack if difficulty < 1.0 + slack else 0.0


@rule
def commitment(participation: float, imposed: float) -> float:
    """Commitment to a goal, 0 to 1: 1 - imposed x (1 - participation). imposed = 0: it does not matter who set it."""
    return 1.0 - imposed * (1.0 - participation)


@rule
def ratcheted(goal: float, result: float, share: float) -> float:
    """The next period's goal: a share of the way from this one to this period's result, never below nil. share = 0 keeps it."""
    return max(0.0, goal + share * (result - goal))


@rule
def ratchet_weight(share: float, patience: float) -> float:
    """What a unit more now adds to all later goals, discounted: d l / (1 - d (1 - l)), l the ratchet, d the weight of the next period.

    With pay b a unit above the goal b (1 - this) = b / (1 + l / rho), rho = 1/d - 1 (Weitzman 1980). l = 0 or d = 0: nil.
    """
    return patience * share / (1.0 - patience * (1.0 - share)) if patience * share > 0.0 else 0.0


@rule
def passing_density(gap: float, own_sd: float, other_sd: float) -> float:
    """Chance, a unit, of passing a rival by one unit more: the density at nil of a normal lead with mean `gap`.

    Two alike with standard deviation s each: 1/(2 s sqrt(pi)), so that effort is dW/(2 c s sqrt(pi)) (T5). What moves both
    results alike leaves the gap, and so this, as it is.
    """
    sd = math.sqrt(own_sd * own_sd + other_sd * other_sd)
    z = gap / sd
    return math.exp(-0.5 * z * z) / (2.5066282746310002 * sd)


@rule
def chance_ahead(gap: float, own_sd: float, other_sd: float) -> float:
    """Chance that a normal lead with mean `gap` is above nil; both standard deviations of results, not both nil."""
    return 0.5 * (1.0 + math.erf(gap / math.sqrt(2.0 * (own_sd * own_sd + other_sd * other_sd))))


@rule
def judged(result: float, mean: float, weight: float, liking: float, error: float) -> float:
    """A supervisor's judgement as a share of the average one: 1 + weight (x - mean)/(mean + 1) + liking + error, not below 0.

    weight = 1 would pay in proportion to results; 0 tells nobody apart. liking: the same in every period; error: of this one.
    """
    return max(0.0, 1.0 + weight * (result - mean) / (mean + 1.0) + liking + error)


@rule
def judged_worth(amount: float, weight: float, mean: float, members: int) -> float:
    """CNY a unit that judgement adds: amount x weight/(mean + 1) x (n - 1)/n, the pot being fixed. Alone: nil."""
    return amount * weight / (mean + 1.0) * (members - 1.0) / members


@rule
def moved_toward(value: float, seen: float, speed: float) -> float:
    """A share `speed` of the way from a value to what was seen (perceived fairness, reference pay)."""
    return value + speed * (seen - value)


@rule
def tired(fatigue: float, worked: float, sustainable: float, growth: float) -> float:
    """Fatigue after a day's work: grows with hours above what can be kept up. growth: an hour; 0 never tires."""
    return fatigue + growth * max(0.0, worked - sustainable)


@rule
def rested(fatigue: float, free_days: float, recovery: float) -> float:
    """Fatigue after free days: x exp(-recovery x days). Kept up for good with f free days a day it settles at
    growth x excess / (exp(recovery x f) - 1)."""
    return fatigue * math.exp(-recovery * free_days)


@rule
def weariness(fatigue: float, effect: float) -> float:
    """Factor on the cost of effort: 1 + effect x fatigue. Not tired, or effect = 0: 1."""
    return 1.0 + effect * fatigue
