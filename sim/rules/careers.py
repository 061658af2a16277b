"""Careers: quitting, morale, selection, hand-over, and what a mark is worth (docs/model.md, "Careers").

Money is CNY a month unless said otherwise.
"""

from __future__ import annotations

import math

from sim.compiled import rule

COUNTED = 200.0          # marks up to here are summed exactly; a normal count stands in above


@rule
def outside_option(pay: float, slope: float, ability: float) -> float:
    """What another employer pays a person of this ability (1: the mean): pay x (1 + slope (ability - 1)), not below nil.

    slope = 0: the same to everybody; 1: in proportion to ability.
    """
    return max(0.0, pay * (1.0 + slope * (ability - 1.0)))


@rule
def quit_hazard(base: float, pay: float, outside: float, pay_response: float, morale: float, morale_response: float) -> float:
    """Hazard of quitting, a month: base x exp(-pay_response (pay / outside - 1) - morale_response x morale).

    pay: certainty equivalent. Pay at the outside option and neutral morale give base; base = 0: nobody quits.
    """
    if base <= 0.0:
        return 0.0
    lead = pay / outside - 1.0 if outside > 0.0 else 0.0
    return base * math.exp(min(50.0, -pay_response * lead - morale_response * morale))


@rule
def chance_of(hazard: float, months: float) -> float:
    """Chance that what has this hazard (a month) happens within so many months: 1 - exp(-hazard x months)."""
    return -math.expm1(-hazard * months)


@rule
def moved(value: float, target: float, share: float) -> float:
    """A value that goes a share of the way to its target: share 0 leaves it, 1 puts it there."""
    return value + share * (target - value)


@rule
def sure_worth(mean: float, utility: float, risk: float) -> float:
    """Certainty equivalent, CNY, of pay whose mean of exp(-risk x pay) is `utility`: -ln(utility) / risk; risk to 0: the mean."""
    if risk < 1e-12 or utility <= 0.0:
        return mean
    return -math.log(utility) / risk


@rule
def feeling(pay: float, reference: float, peers: float, of_reference: float, of_peers: float) -> float:
    """How pay feels, -1 to 1: of_reference (pay / reference - 1) + of_peers (pay / peers - 1). Pay like both: 0."""
    felt = 0.0
    if reference > 0.0:
        felt += of_reference * (pay / reference - 1.0)
    if peers > 0.0:
        felt += of_peers * (pay / peers - 1.0)
    return min(1.0, max(-1.0, felt))


@rule
def zest_of(freshness: float, fresh_effect: float, morale: float, morale_effect: float) -> float:
    """Factor on intrinsic motivation: 1 + fresh_effect x freshness + morale_effect x morale, not below nil. Neither: 1."""
    return max(0.0, 1.0 + fresh_effect * freshness + morale_effect * morale)


@rule
def similarity(same_cohort: bool, competence: float, other: float) -> float:
    """How alike two managers are: 0.4 for the cohort, up to 0.4 for competence (the lower over the higher); the rest is the person."""
    high = max(competence, other)
    alike = min(competence, other) / high if high > 0.0 else 1.0
    return (0.4 if same_cohort else 0.0) + 0.4 * alike


@rule
def handed_over(satisfaction: float, loss: float, likeness: float) -> float:
    """Satisfaction of a customer handed over: a share loss x (1 - likeness) is lost. A double of the leaver loses nothing."""
    return satisfaction * (1.0 - loss * (1.0 - likeness))


@rule
def job_stake(pay: float, outside: float, search_months: float, horizon_months: float) -> float:
    """What keeping the job is worth, CNY: pay while searching, then its lead over the outside option for the rest of the horizon."""
    return pay * search_months + max(0.0, pay - outside) * max(0.0, horizon_months - search_months)


@rule
def grade_stake(higher: float, lower: float, horizon_months: float) -> float:
    """What standing a grade higher is worth, CNY: its lead in pay a month over the horizon; nothing where it pays no more."""
    return max(0.0, higher - lower) * horizon_months


@rule
def chance_to_reach(need: float, mean: float) -> tuple[float, float]:
    """Chance that a Poisson count with this mean reaches `need`, and its derivative by the mean.

    P(N >= k), P(N = k - 1) with k the need rounded up; nothing needed: certain. Above 200 a normal count of the same mean and
    variance.
    """
    if need <= 1e-9:
        return 1.0, 0.0
    steps = math.ceil(need - 1e-9)
    if steps > COUNTED:
        if mean <= 0.0:
            return 0.0, 0.0
        sd = math.sqrt(mean)
        z = (mean - need) / sd
        density = math.exp(-0.5 * z * z) / 2.5066282746310002
        return 0.5 * (1.0 + math.erf(z * 0.7071067811865476)), density * 0.5 * (mean + need) / (mean * sd)
    p = math.exp(-mean)
    below = p
    for n in range(1, int(steps)):
        p *= mean / n
        below += p
    return max(0.0, 1.0 - below), p


@rule
def whole_months(low: float, high: float, u: float, v: float) -> int:
    """Months until a seat is filled, whole, with the mean of a uniform time from low to high. u, v: uniform draws."""
    return int(math.floor(low + u * (high - low) + v))
