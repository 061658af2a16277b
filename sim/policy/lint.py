"""What a pay plan could be criticised for before it is tried: warnings with reasons, never errors.

Checks that need to know what people achieve read `Reached`: given by hand, or simulated (sim/experiments/reached.py). A new
check is a function that yields warnings, under its code in `CHECKS`, and an entry of its name in lint.yaml.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.errors import InputError, nearest
from sim.policy.kernel import KNOT_WIDTH
from sim.policy.schedule import knots_of, payout_curve
from sim.policy.measures import unit_of
from sim.policy.schema import Element, FixedSchedule, Policy, Words
from sim.reading import read_yaml

QUALITY_MEASURES: frozenset[str] = frozenset()      # measures that tell how well, not how much; none is known yet
FEWEST, MOST = 3, 5                                 # measures a plan should have
REACH = 0.25                                        # of a mark: so far from it a result is still near
MONTHS = {"month": 1, "quarter": 3}


class Reached(NamedTuple):
    """What an element's measure came to, one number a manager and period, as the schedule reads it.

    units: of the measure (of the whole group, where a group is paid). members: how many share one payout, on average.
    how: where the numbers come from, in words.
    """

    units: np.ndarray
    members: float
    how: Words


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

    The jump is 0 where pay starts to grow from nothing.
    """
    knots = knots_of(element)
    found = []
    for before, knot in zip(knots, knots[1:]):
        jump = knot.v - (before.v + before.r * (knot.x - before.x))
        if jump > 0.005 or (before.v == before.r == 0.0 and knot.r > 0.0):
            found.append((knot.x, jump))
    return found


# --- the checks -------------------------------------------------------------------------------------------------------


def _no_quality(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    measures = _measures(policy)
    if measures and not QUALITY_MEASURES.intersection(measures):
        yield _warning(code, "pay", measures=_listed(measures))


def _variable_above_fixed(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """Over elements whose result is known, so the sum is at most too low."""
    fixed = variable = 0.0
    guessed = False
    for name, element in policy.pay.items():
        if isinstance(element.schedule, FixedSchedule):
            fixed += knots_of(element)[0].v / MONTHS[element.period]
        elif (at := _at_target(name, element, results)) is not None:
            variable += at / MONTHS[element.period]
            guessed |= element.target is None
    if variable > fixed:
        share = Words(en=f"{variable / fixed:.0%}".replace("%", " %"), zh=f"{variable / fixed:.0%}") if fixed else word("no_fixed")
        yield _warning(code, "pay", variable=f"{variable:,.0f}", fixed=f"{fixed:,.0f}", share=share,
                       how=word("at_medians" if guessed else "at_targets"))


def _at_target(name: str, element: Element, results: Results) -> float | None:
    """What the element pays one person at its target, or else at the median result, CNY a period; None if nobody knows."""
    found = results.get(name)
    members = found.members if found else {"self": 1.0, "pair": 2.0}.get(element.payee)
    if members is None or (element.target is None and (found is None or not found.units.size)):
        return None
    units = element.target.value if element.target else float(np.median(found.units))  # type: ignore[union-attr]
    return payout_curve(element, [units])[0] / members


def _number_of_measures(code: str, policy: Policy, results: Results) -> Iterator[PlanWarning]:
    """A plan of fixed pay alone has none, and is not meant to steer by measures."""
    measures = _measures(policy)
    if measures and not FEWEST <= len(measures) <= MOST:
        yield _warning(code, "pay", count=len(measures), measures=_listed(measures))


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
        if name in results and not results[name].units.size and marks_of(element):
            yield _warning(code, f"pay.{name}", period=word(element.period))


CHECKS: dict[str, Check] = {
    "no-quality-measure": _no_quality, "variable-above-fixed": _variable_above_fixed, "number-of-measures": _number_of_measures,
    "cliff-near-median": _cliff_near_median, "bonus-for-nobody": _bonus_for_nobody, "bonus-for-everybody": _bonus_for_everybody,
    "period-not-tried": _period_not_tried,
}


# --- what the checks share --------------------------------------------------------------------------------------------


def _measures(policy: Policy) -> list[str]:
    """What is paid for, in the order of the file."""
    return list(dict.fromkeys(element.measure for element in policy.pay.values() if element.measure))


def _tried(policy: Policy, results: Results) -> Iterator[tuple[str, Element, Reached]]:
    for name, element in policy.pay.items():
        if element.measure and name in results and results[name].units.size:
            yield name, element, results[name]


def _simulated(policy: Policy, results: Results) -> Iterator[tuple[str, Element, Reached]]:
    """One number given by hand says nothing of the best and the worst."""
    return ((name, element, found) for name, element, found in _tried(policy, results) if found.units.size > 1)


def _listed(measures: list[str]) -> Words:
    words = [word(f"measure_{measure}") for measure in measures]
    return Words(en=", ".join(each.en for each in words), zh="、".join(each.zh for each in words))


def _of_mark(code: str, name: str, element: Element, found: Reached, mark: float, **parts: Any) -> PlanWarning:
    unit = word(unit_of(element.measure) or "")
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
