"""What a pay plan could be criticised for before it is tried: warnings with reasons, never errors.

Checks that need to know what people achieve read `Reached`: given by hand, or simulated (sim/experiments/reached.py). A new
check is a function that yields warnings, under its code in `CHECKS`, and an entry of its name in lint.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError, nearest
from sim.policy.base import MONTHS_OF
from sim.policy.facts import MEMBERS, along, bare, is_fixed, paid_at
from sim.policy.kernel import KNOT_WIDTH
from sim.policy.measures import pay_measures
from sim.policy.plan import MARK_DECIMALS, value_at
from sim.policy.schedules import ScorecardSchedule
from sim.policy.schema import Element, Policy, Words
from sim.reading import read_yaml

FEWEST, MOST = 3, 5                                 # measures a plan should have
LEAST_WEIGHT = 0.15                                 # of an element or indicator; what weighs less is not kept in mind
REACH = 0.25                                        # of a mark: so far from it a result is still near
# Lending and its income, and what tells of loans that went bad; a measure made from one of these counts as it does.
LENDING = ("loans_made", "loan_balance", "loan_interest_income", "interest_collected")
LIABILITY = ("bad_loan_ratio", "loans_recovered", "unrecovered_balance", "principal_lost", "portfolio_quality", "substandard_balance",
             "doubtful_balance", "loss_balance")


class Reached(NamedTuple):
    """What an element's measure came to, one number a manager and period, as the schedule reads it.

    units: of the measure (of the whole group, where a group is paid); of the reading that chooses the rate, where there is one.
    members: how many share one payout, on average. how: where the numbers come from, in words. simulated: False where the
    simulation does not know what the element pays for.
    """

    units: np.ndarray
    members: float
    how: Words
    simulated: bool = True


class PlanWarning(NamedTuple):
    """code: by which it is switched off. place: the field, dotted, as in messages about mistakes."""

    code: str
    place: str
    sentence: Words
    reason: Words


Results = Mapping[str, Reached]                     # by the name of the element
Check = Callable[[str, Policy, Results], Iterator[PlanWarning]]


def warnings_of(policy: Policy, results: Results | None = None, disable: Collection[str] = ()) -> list[PlanWarning]:
    """Every warning that applies, in the order of `CHECKS`.

    results: what people achieve, by element; checks that need it are left out without it. disable: codes to leave out.
    Errors: InputError for a code that is none.
    """
    known_codes(disable)
    return [warning for code, check in CHECKS.items() if code not in disable for warning in check(code, policy, results or {})]


def known_codes(codes: Collection[str]) -> None:
    """Refuse a code that no warning has."""
    for code in codes:
        if code not in CHECKS:
            raise InputError("without", found=f"`{code}`", expected="the code of a warning", hint=nearest(code, CHECKS))


def given(units: float, members: float = 1.0) -> Reached:
    """A result known otherwise, such as last year's median, in units of the measure a period."""
    return Reached(np.array([units]), members, word("given"))


def label_of(name: str, element: Element) -> Words:
    """What people call an element."""
    return element.label or Words(en=name, zh=name)


def marks_of(element: Element) -> list[tuple[float, float]]:
    """Marks above zero at which a bonus is reached, in units of the measure, with the jump in pay there, CNY.

    The jump is 0 where pay starts to grow from nothing. Marks that are shares of a target on record alone are not known.
    """
    drawn = along(element)
    if drawn is None or drawn.by == "attainment":
        return []
    found = []
    for before, piece in zip(drawn.pieces, drawn.pieces[1:]):
        jump = float(piece.v - (before.v + before.r * (piece.x - before.x)))
        if jump > 0.005 or (before.v == before.r == 0 and piece.r > 0):
            found.append((round(float(piece.x), MARK_DECIMALS), jump))
    return found


# --- the checks -------------------------------------------------------------------------------------------------------


def _no_quality(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    measures = _measures(policy)
    if measures and not any(pay_measures()[measure].quality for measure in measures):
        yield _warning(code, "pay", measures=_listed(measures))


def _variable_above_fixed(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """Over elements whose result is known, so the sum is at most too low."""
    fixed = variable = 0.0
    guessed = False
    for name, element in policy.pay.items():
        if is_fixed(element):
            fixed += float(value_at(bare(element), [])) / MONTHS_OF[element.period] / MEMBERS.get(element.payee, 1)
        elif (at := _at_target(name, element, results)) is not None:
            variable += at / MONTHS_OF[element.period]
            guessed |= paid_at(element) is None
    if variable > fixed:
        share = Words(en=f"{variable / fixed:.0%}".replace("%", " %"), zh=f"{variable / fixed:.0%}") if fixed else word("no_fixed")
        yield _warning(code, "pay", variable=f"{variable:,.0f}", fixed=f"{fixed:,.0f}", share=share,
                       how=word("at_medians" if guessed else "at_targets"))


def _at_target(name: str, element: Element, results: Results) -> float | None:
    """What the element pays one person at its target, or else at the median result, CNY a period; None if nobody knows."""
    found = results.get(name)
    members = found.members if found and found.simulated else MEMBERS.get(element.payee)
    paid = paid_at(element)
    drawn = along(element)
    if paid is None and found is not None and found.units.size and drawn is not None and not (drawn.others or drawn.per):
        median = float(np.median(found.units))
        piece = [each for each in drawn.pieces if each.x <= median + KNOT_WIDTH][-1]
        paid = piece.v + piece.r * (Fraction(median) - piece.x)
    return None if paid is None or members is None else float(paid) / members


def _number_of_measures(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """A plan of fixed pay alone has none, and is not meant to steer by measures. Time served is none either."""
    measures = _measures(policy)
    if measures and not FEWEST <= len(measures) <= MOST:
        yield _warning(code, "pay", count=len(measures), measures=_listed(measures))


def _small_weight(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """Weights as stated, and an element's part of all target incentives where every element with a measure states one."""
    varying = {name: element for name, element in policy.pay.items() if not is_fixed(element)}
    parts = {name: (element.target_incentive or 0.0) * (1.0 if element.weight is None else element.weight) / MONTHS_OF[element.period]
             for name, element in varying.items()}
    whole = sum(parts.values()) if all(element.target_incentive is not None for element in varying.values()) else 0.0
    for name, element in varying.items():
        stated = [weight for weight in (element.weight, parts[name] / whole if whole else None) if weight is not None]
        if stated and min(stated) < LEAST_WEIGHT:
            yield _warning(code, f"pay.{name}", what=label_of(name, element), weight=f"{100 * min(stated):.3g}")
        if isinstance(element.schedule, ScorecardSchedule):
            for each, indicator in element.schedule.indicators.items():
                if indicator.weight < LEAST_WEIGHT:
                    place = f"pay.{name}.schedule.indicators.{each}"
                    yield _warning(code, place, what=Words(en=each, zh=each), weight=f"{100 * indicator.weight:.3g}")


def _no_loan_liability(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """Where lending is paid for, something should tell of loans that are not recovered, or pay be taken back."""
    measures = _measures(policy)
    lending = [measure for measure in measures if _made_from(measure, LENDING)]
    liable = any(_made_from(measure, LIABILITY) for measure in measures)
    clawed = [element for element in policy.pay.values() if element.payment is not None and element.payment.clawback is not None]
    taken_back = any(_made_from(measure, LENDING) for element in clawed for measure in element.measures())
    if lending and not liable and not taken_back:
        yield _warning(code, "pay", measures=_listed(lending))


def _made_from(measure: str, parts: tuple[str, ...]) -> bool:
    """Whether a measure is one of these, or made from one."""
    known = pay_measures()[measure]
    made = [*(known.sum_of or ()), *([known.times_days] if known.times_days else [])]
    return measure in parts or any(_made_from(each, parts) for each in made)


def _cliff_near_median(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    for name, element, found in _tried(policy, results):
        median = float(np.median(found.units))
        for mark, jump in marks_of(element):
            if jump > 0.0 and abs(mark - median) <= max(1.0, REACH * mark):
                yield _of_mark(code, name, element, found, mark, jump=f"{jump:,.10g}", median=f"{median:,.4g}")


def _bonus_for_nobody(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """The lowest mark that nobody reaches stands for those above it."""
    for name, element, found in _simulated(policy, results):
        best = found.units.max()
        missed = [mark for mark, _ in marks_of(element) if best < mark - KNOT_WIDTH]
        for mark in missed[:1]:
            yield _of_mark(code, name, element, found, mark, results=f"{found.units.size:,}", best=f"{best:,.4g}")


def _bonus_for_everybody(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """The highest mark that everybody reaches stands for those below it."""
    for name, element, found in _simulated(policy, results):
        worst = found.units.min()
        passed = [mark for mark, _ in marks_of(element) if worst >= mark - KNOT_WIDTH]
        for mark in passed[-1:]:
            yield _of_mark(code, name, element, found, mark, results=f"{found.units.size:,}", worst=f"{worst:,.4g}")


def _period_not_tried(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    for name, element in policy.pay.items():
        if name in results and results[name].simulated and not results[name].units.size and marks_of(element):
            yield _warning(code, f"pay.{name}", period=word(element.period))


def _not_simulated(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """The checks that need results say nothing of these elements."""
    left_out = [label_of(name, policy.pay[name]) for name, found in results.items() if not found.simulated]
    if left_out:
        yield _warning(code, "pay", elements=Words(en=", ".join(each.en for each in left_out), zh="、".join(each.zh for each in left_out)))


CHECKS: dict[str, Check] = {
    "no-quality-measure": _no_quality, "variable-above-fixed": _variable_above_fixed, "number-of-measures": _number_of_measures,
    "small-weight": _small_weight, "no-loan-liability": _no_loan_liability, "cliff-near-median": _cliff_near_median,
    "bonus-for-nobody": _bonus_for_nobody, "bonus-for-everybody": _bonus_for_everybody, "period-not-tried": _period_not_tried,
    "not-simulated": _not_simulated,
}


# --- what the checks share --------------------------------------------------------------------------------------------


def _measures(policy: Policy) -> list[str]:
    """What pay depends on, in the order of the file; time served, which nobody can work for, is left out."""
    every = dict.fromkeys(measure for element in policy.pay.values() for measure in element.measures())
    return [measure for measure in every if not pay_measures()[measure].built_in]


def _tried(policy: Policy, results: Results) -> Iterator[tuple[str, Element, Reached]]:
    for name, element in policy.pay.items():
        if name in results and results[name].units.size and not is_fixed(element):
            yield name, element, results[name]


def _simulated(policy: Policy, results: Results) -> Iterator[tuple[str, Element, Reached]]:
    """One number given by hand says nothing of the best and the worst."""
    return ((name, element, found) for name, element, found in _tried(policy, results) if found.units.size > 1)


def _listed(measures: list[str]) -> Words:
    def told(measure: str, lang: str) -> str:
        label = pay_measures()[measure].label[lang]
        return label if label[1:2].isupper() else label[:1].lower() + label[1:]
    return Words(en=", ".join(told(each, "en") for each in measures), zh="、".join(told(each, "zh") for each in measures))


def _of_mark(code: str, name: str, element: Element, found: Reached, mark: float, **parts: Any) -> PlanWarning:
    drawn = along(element)
    unit = word(f"unit_{pay_measures()[drawn.reading.measure].unit}") if drawn else ""
    return _warning(code, f"pay.{name}", mark=f"{mark:,.10g}", unit=unit, period=word(element.period), how=found.how, **parts)


def _warning(code: str, place: str, **parts: Any) -> PlanWarning:
    texts = _texts()[code]
    return PlanWarning(code, place, filled(texts["sentence"], **parts), filled(texts["reason"]))


@lru_cache(maxsize=1)
def _texts() -> dict[str, Any]:
    return read_yaml(Path(__file__).with_name("lint.yaml"))


def word(key: str, **parts: Any) -> Words:
    """A word of lint.yaml, its gaps filled."""
    return filled(_texts()["words"][key], **parts)


def filled(text: Mapping[str, str], **parts: Any) -> Words:
    """A text in both languages with its gaps filled; a part may have its own words in each."""
    def told(lang: str) -> str:
        return text[lang].format(**{key: getattr(part, lang) if hasattr(part, lang) else part for key, part in parts.items()})
    return Words(en=told("en"), zh=told("zh"))
