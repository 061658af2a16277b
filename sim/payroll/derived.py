"""Measures made from recorded ones, and the value of a measure over several months. All of it is exact.

The data dictionary (data/payroll/measures.yaml) says what a derived measure is made from: `sum_of`, a sum with coefficients, or
`times_days`, a month's value times its calendar days. Both lead back, in one step or several, to recorded measures; a derived
value is worked out from these at once, so that nothing is rounded on the way.

A longer period is made as the dictionary says under `over`: the sum of the months, their mean weighted by calendar days, or the
last month's value. A derived measure follows its parts: over a half year, responsible profit is six months' income and cost less
the loss on the loans that are bad at the end, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from typing import NamedTuple

import numpy as np

from sim.errors import InputError, nearest
from sim.payroll.numbers import SCALE
from sim.policy.measures import pay_measures
from sim.policy.rational import LARGEST, Exact

Values = Mapping[str, np.ndarray]
MOST_STEPS = 16  # from a derived measure to a recorded one


class Part(NamedTuple):
    """A recorded measure in a derived one: taken so many times, and by the calendar days of each month or not."""

    measure: str
    by_days: bool
    times: Fraction


@cache
def parts_of(name: str) -> tuple[Part, ...]:
    """What a measure is made from in the end; a recorded measure from itself."""
    return _gathered(_unfolded(name, (name,)))


def _unfolded(name: str, way: tuple[str, ...]) -> list[Part]:
    known = pay_measures()
    place = " > ".join(way)
    if name not in known:
        raise InputError(
            "data/payroll/measures.yaml", place, found=f"`{name}`", expected="a measure of the data dictionary", hint=nearest(name, known)
        )
    if name in way[:-1] or len(way) > MOST_STEPS:
        raise InputError(
            "data/payroll/measures.yaml", place, found="a measure made from itself", expected="one made from recorded measures"
        )
    measure = known[name]
    if measure.sum_of:
        return [
            Part(part.measure, part.by_days, part.times * Fraction(repr(times)))
            for other, times in measure.sum_of.items()
            for part in _unfolded(other, (*way, other))
        ]
    if measure.times_days:
        inner = _unfolded(measure.times_days, (*way, measure.times_days))
        if any(part.by_days for part in inner):
            raise InputError("data/payroll/measures.yaml", place, found="calendar days counted twice", expected="once")
        return [part._replace(by_days=True) for part in inner]
    return [Part(name, False, Fraction(1))]


def _gathered(parts: list[Part]) -> tuple[Part, ...]:
    """Each recorded measure once; those that cancel out are left out."""
    sums: dict[tuple[str, bool], Fraction] = {}
    for part in parts:
        sums[part[:2]] = sums.get(part[:2], Fraction(0)) + part.times
    return tuple(Part(*key, times) for key, times in sums.items() if times)


def needed(name: str, values: Values) -> tuple[Part, ...]:
    """The parts of a measure, if all of them are recorded. Errors: InputError that names every missing one."""
    parts = parts_of(name)
    missing = list(dict.fromkeys(part.measure for part in parts if part.measure not in values))
    if missing and name in values:  # worked out elsewhere, of parts that are not at hand
        return (Part(name, False, Fraction(1)),)
    if missing:
        made = "" if missing == [name] else f", from which {name} is made; 0 where there was nothing"
        raise InputError(
            "measures",
            found=f"no {', '.join(f'`{each}`' for each in missing)}",
            expected=f"results in it{made}",
            hint=nearest(missing[0], values).split("Known here")[0].strip(),
        )
    return parts


def with_derived(values: Values, days: np.ndarray, name: str) -> np.ndarray:
    """A measure by month and person in whole millionths (int64), worked out if it is not among the values.

    values: recorded measures by name, int64 arrays of months x people in millionths of their units. days: calendar days of each
    month. What is finer than a millionth is rounded half away from zero, once.
    Errors: InputError where a part is not recorded, or the result is larger than records can hold.
    """
    if name in values:
        return values[name]
    parts = needed(name, values)
    shape = next(iter(values.values())).shape
    by_day = np.repeat(np.asarray(days, dtype=np.int64), shape[1])
    total = Exact.of(0, shape[0] * shape[1])
    for part in parts:
        term = Exact(values[part.measure].ravel())
        total = total + (term * Exact(by_day) if part.by_days else term) * part.times
    return rounded_away(total, 1, name).reshape(shape)


def whole_away(total: Exact, times: int) -> np.ndarray:
    """The numbers, `times` as fine, as whole ones, half away from zero; in Python's integers where int64 could overflow."""
    nearest_half = (Exact(np.abs(total.n), total.d) * (2 * times) + 1) * Fraction(1, 2)
    return nearest_half.n // nearest_half.d * np.where(total.n >= 0, 1, -1)


def rounded_away(total: Exact, times: int, what: str) -> np.ndarray:
    """The same in int64. what: the measure, for the message if one is too large."""
    found = whole_away(total, times)
    if found.dtype == object and len(found) and max(abs(found.min()), abs(found.max())) > LARGEST:
        raise InputError("measures", what, found="results too large to work it out", expected="smaller amounts")
    return found.astype(np.int64)


def over_period(values: Values, measure: str, first: int, last: int, days: np.ndarray, held: np.ndarray | None = None) -> Exact:
    """Each person's value of a measure over the months first to last (places, both counted), in its unit, not rounded.

    values, days: as `with_derived` takes them, for all months. held: months x people, the months that count for a person (in
    post, or recorded), where not all do: the mean is over those, and the last value is that of the last of them. Nobody's month
    counting gives 0.
    """
    total = Exact.of(0, next(iter(values.values())).shape[1])
    there = None if held is None else held[first : last + 1]
    lengths = np.asarray(days, dtype=np.int64)[first : last + 1]
    for part in needed(measure, values):
        over = "days" if part.by_days else pay_measures()[part.measure].over
        total = total + _over(over, values[part.measure][first : last + 1], there, lengths) * part.times
    return total * Fraction(1, SCALE)


def _over(over: str, rows: np.ndarray, there: np.ndarray | None, days: np.ndarray) -> Exact:
    """A recorded measure over some months, in millionths. over: as in the dictionary, or "days", the sum of value times days."""
    if over == "last":
        if there is None:
            return Exact(rows[-1])
        place = len(rows) - 1 - there[::-1].argmax(axis=0)
        return Exact(np.where(there.any(axis=0), rows[place, np.arange(rows.shape[1])], 0))
    total = Exact.of(0, rows.shape[1])
    for place, length in enumerate(days.tolist()):
        row = rows[place] if there is None else np.where(there[place], rows[place], 0)
        total = total + Exact(row) * (1 if over == "sum" else length)
    if over != "mean":
        return total
    if there is None:
        return total * Fraction(1, int(days.sum()))
    return total / Exact(np.maximum((there * days[:, None]).sum(axis=0), 1).astype(np.int64))


__all__ = ["Part", "needed", "over_period", "parts_of", "rounded_away", "whole_away", "with_derived"]
