"""From managers to outlets, sub-branches, second-tier and first-tier branches (C5): amounts add up, ratios are made anew from sums.

An amount of a unit is the sum of what its managers bring to it. Who was in post for a part of the period brings to an average their
value times their share of the period's calendar days, and to a balance at its end only what they hold then; so a portfolio handed from
one manager to another counts once. A ratio is sum of weight x value / sum of weight, the weight being what the ratio is of
(data/indicators/tables/roll-up.yaml). A unit's score is made from its results and targets, by the same formula as a manager's.

Managers count for the outlet they stand under in `people`, and for every unit above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from sim.errors import InputError, nearest
from sim.payroll.derived import over_period, whole_away
from sim.payroll.numbers import SCALE
from sim.payroll.scoring import (
    DERIVED, MEASURED, NO_RESULT, PROVENANCE, SCORED, Book, Line, Scores, compared, lines_frame, named, totals_frame,
)  # fmt: skip
from sim.payroll.spans import Span, span_of
from sim.payroll.targets import group_sums, portfolios_of
from sim.policy.measures import pay_measures
from sim.policy.rational import Exact
from sim.reading import read_yaml, resource_folder

if TYPE_CHECKING:
    from sim.payroll.records import Records

LEVELS = ("manager", "outlet", "sub_branch", "second_tier_branch", "first_tier_branch")
LEVEL_LABELS = {
    "manager": {"en": "manager", "zh": "客户经理"},
    "outlet": {"en": "outlet", "zh": "网点"},
    "sub_branch": {"en": "sub-branch", "zh": "支行"},
    "second_tier_branch": {"en": "second-tier branch", "zh": "二级分行"},
    "first_tier_branch": {"en": "first-tier branch", "zh": "一级分行"},
}  # fmt: skip
TOTAL = "total"
_ALIKE = ("share", "points", "months", "years")  # units of which the sum over people means nothing


class Level(NamedTuple):
    """The units of a level, and for each person the place of theirs; -1 for who is in none."""

    name: str
    units: list[str]
    of: np.ndarray


class Summed(NamedTuple):
    """A measure of units: value = top / bottom, both exact sums over people; bottom 1 for amounts. how: sum, or mean by what."""

    top: Exact
    bottom: Exact
    how: str


def levels_of(records: Records) -> tuple[Level, ...]:
    """Managers, then the units above them. Without the table `organisation` only outlets are known."""
    people = records.people
    managers = Level("manager", people["person"].tolist(), np.arange(len(people)))
    outlets = people["outlet"].to_numpy(dtype=object)
    table = records.organisation
    if not len(table):
        units = sorted({unit for unit in outlets if unit})
        return managers, Level("outlet", units, pd.Index(units, dtype=object).get_indexer(outlets))
    above = dict(zip(table["unit"], table["parent"], strict=True))
    level = dict(zip(table["unit"], table["level"], strict=True))
    found = [managers]
    for name in LEVELS[1:]:
        units = [unit for unit in table["unit"] if level[unit] == name]
        home = {unit: _at_level(unit, name, above, level) for unit in set(outlets) if unit}
        places = {unit: place for place, unit in enumerate(units)}
        if units:
            found.append(Level(name, units, np.array([places.get(home.get(unit, ""), -1) for unit in outlets], dtype=np.int64)))
    return tuple(found)


def _at_level(unit: str, wanted: str, above: dict[str, str], level: dict[str, str]) -> str:
    """The unit itself or the one above it that is of this level; "" if there is none."""
    while unit and level.get(unit) != wanted:
        unit = above.get(unit, "")
    return unit


# --- how a measure adds up --------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, object]]:
    return read_yaml(resource_folder("data") / "indicators" / "tables" / "roll-up.yaml")


def weight_of(measure: str) -> str | None:
    """What a measure is weighted by when many managers' values become one: a measure, customers, people; None if it adds up."""
    if measure in _table():
        return str(_table()[measure]["by"])
    known = pay_measures()[measure]
    return "people" if known.unit in _ALIKE and (known.unit != "points" or known.quality) else None


def _shares(book: Book, measure: str, span: Span) -> Exact:
    """The part of the period for which each person's value stands: a sum's wholly, a mean's by days, a last value wholly or not."""
    first, last = book.places(span)
    there, days = book.held(measure)[first : last + 1], book.days[first : last + 1]
    over = pay_measures()[measure].over
    if over == "mean":
        return Exact((there * days[:, None]).sum(axis=0).astype(np.int64), int(days.sum()))
    return Exact((there[-1] if over == "last" else there.any(axis=0)).astype(np.int64))


def _weights(book: Book, measure: str, span: Span) -> tuple[Exact, str]:
    """Each person's weight in a ratio, and its name."""
    by, shares = weight_of(measure), _shares(book, measure, span)
    if by == "customers" and len(book.records.portfolios):
        return shares * Exact(portfolios_of(book.records.portfolios, book.records.people, "count")), by
    if by not in (None, "people", "customers") and book.recorded(by):
        first, last = book.places(span)
        weight = over_period(book.values(by), by, first, last, book.days)
        return Exact(np.where(shares.n > 0, np.maximum(weight.n, 0), 0), weight.d), by
    return shares, "people"


def added(values: Exact, groups: np.ndarray, many: int) -> Exact:
    """The sum of each of so many groups, exactly. values: over one denominator for all. groups: places, -1 for none."""
    return Exact(group_sums(values.n, groups, many), values.d)


def summed(parts: Summed, groups: np.ndarray, many: int) -> Summed:
    """From people, or from units, to the units above. Doing it in one go or level by level gives the same."""
    bottom = Exact.of(1, many) if parts.how == "sum" else added(parts.bottom, groups, many)
    return Summed(added(parts.top, groups, many), bottom, parts.how)


def value_of(parts: Summed) -> tuple[np.ndarray, np.ndarray]:
    """Values in millionths, half away from zero (Python's integers where a bank's sum is beyond int64), and where there is one.

    There is none where nothing carries any weight.
    """
    there = parts.bottom.reaches(0, strictly=True)
    return whole_away((parts.top / parts.bottom.where(there, 1)).where(there, 0), SCALE), there


def parts_of_people(book: Book, measure: str, span: Span) -> Summed:
    """What each person brings to the units above."""
    first, last = book.places(span)
    if weight_of(measure) is None:
        amounts = over_period(book.values(measure), measure, first, last, book.days)
        return Summed(amounts, Exact.of(1, len(amounts)), "sum")
    weights, by = _weights(book, measure, span)
    own = Exact(book.over(measure, first, last, book.held(measure)), SCALE)
    return Summed(own * weights, weights, f"mean by {by}")


# --- roll-up ----------------------------------------------------------------------------------------------------------


def roll_up(what: Scores | str | Sequence[str], records: Records, period: str | None = None) -> pd.DataFrame:
    """Scores, or measures of a period, of every manager and unit.

    Scores: level, unit, indicator ("total" for the score), actual, target, comparison, value (points), people (compared), how,
    provenance.
    Measures: level, unit, measure, value (in its unit), people (of whom it is recorded), how, provenance.
    how: sum, or mean by what. provenance: the worst of the people's; a ratio of a unit is derived at best. Values are the floats
    nearest to millionths; NaN where there is none.
    Errors: InputError for a measure that is not recorded, or a period that the records do not hold.
    """
    book = Book(records)
    if isinstance(what, Scores):
        return pd.concat([_scores_at(level, book, what) for level in levels_of(records)], ignore_index=True)
    if period is None:
        raise InputError("period", found="nothing", expected="the period whose results are rolled up")
    span = span_of(period)
    names = [what] if isinstance(what, str) else list(what)
    for name in names:
        if name not in pay_measures() or pay_measures()[name].built_in:
            raise InputError(
                "measure", found=f"`{name}`", expected="a measure that is recorded or derived", hint=nearest(name, pay_measures())
            )
    frames = [_measure_at(level, book, name, span) for level in levels_of(records) for name in names]
    return pd.concat(frames, ignore_index=True)


def _measure_at(level: Level, book: Book, measure: str, span: Span) -> pd.DataFrame:
    first, last = book.places(span)
    groups = np.where(book.held(measure)[first : last + 1].any(axis=0), level.of, -1)
    many = len(level.units)
    found = summed(parts_of_people(book, measure, span), groups, many)
    value, there = value_of(found)
    people = np.bincount(groups[groups >= 0], minlength=many)
    source = book.provenance(measure, first, last)
    how = "" if level.name == "manager" else found.how
    frame = pd.DataFrame({
        "level": level.name, "unit": level.units, "measure": measure, "value": np.where(there, value.astype(float) / SCALE, np.nan),
        "people": people, "how": how, "provenance": named(_worst(source, groups, many, found.how, level), PROVENANCE),
    })  # fmt: skip
    return frame[frame["people"] > 0]


def _worst(source: np.ndarray, groups: np.ndarray, many: int, how: str, level: Level) -> np.ndarray:
    """The worst provenance in each group; a ratio made anew is derived at best."""
    worst = np.full(many, MEASURED if how == "sum" or level.name == "manager" else DERIVED, dtype=np.int64)
    np.maximum.at(worst, groups[groups >= 0], source[groups >= 0])
    return worst


def _scores_at(level: Level, book: Book, scores: Scores) -> pd.DataFrame:
    """A level's scores: managers' as they are, units' made from sums over the managers that could be compared."""
    compared_at_all = np.logical_or.reduce([line.why == SCORED for line in scores.lines])
    if level.name == "manager":
        units, lines, hows = list(scores.ids), scores.lines, [""] * len(scores.lines)
        counts = [(line.why == SCORED).astype(int) for line in lines]
        people = compared_at_all.astype(int)
    else:
        units, own = level.units, np.where(compared_at_all, level.of[scores.rows], -1)
        made = [_line_of(level, book, scores, line) for line in scores.lines]
        lines, counts, hows = tuple(line for line, *_ in made), [count for _, count, _ in made], [how for *_, how in made]
        people = np.bincount(own[own >= 0], minlength=len(units))
    each = lines_frame(lines).assign(
        unit=np.tile(np.array(units, dtype=object), len(lines)), people=np.concatenate(counts), how=np.repeat(hows, len(units))
    )
    totals = totals_frame(lines).assign(unit=units, people=people, indicator=TOTAL, how="")
    columns = ["level", "unit", "indicator", "actual", "target", "comparison", "value", "people", "how", "provenance"]
    frame = pd.concat([each.astype({"indicator": str}), totals], ignore_index=True).rename(columns={"score": "value"})
    frame = frame.assign(level=level.name).reindex(columns=columns)
    return frame if level.name == "manager" else frame[frame["people"] > 0]


def _line_of(level: Level, book: Book, scores: Scores, line: Line) -> tuple[Line, np.ndarray, str]:
    """An indicator of a level's units, how many people's results are in it, and how they were put together."""
    measure, many, span = line.indicator.measure, len(level.units), span_of(scores.period)
    scored = line.why == SCORED
    groups = np.where(scored, level.of[scores.rows], -1)
    actual = parts_of_people(book, measure, span)
    actual = Summed(actual.top[scores.rows], actual.bottom[scores.rows], actual.how)
    weights = _shares(book, measure, span)[scores.rows] if actual.how == "sum" else actual.bottom
    target = Summed(Exact(line.target, SCALE) * weights, actual.bottom, actual.how)
    (result, there), (asked, _) = (value_of(summed(parts, groups, many)) for parts in (actual, target))
    count = np.bincount(groups[groups >= 0], minlength=many)
    why = np.where((count > 0) & there, SCORED, NO_RESULT)
    source = _worst(line.provenance, groups, many, actual.how, level)
    return compared(line.name, line.indicator, result, asked, why, source), count, actual.how


__all__ = [
    "LEVELS",
    "LEVEL_LABELS",
    "TOTAL",
    "Level",
    "Summed",
    "added",
    "levels_of",
    "parts_of_people",
    "roll_up",
    "summed",
    "value_of",
    "weight_of",
]
