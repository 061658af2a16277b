"""Scores: each result against its target, by ratio or difference, times coefficient and weight, added up (C3, C4, C5).

    score = 100 x sum of weight x coefficient x comparison,

so that whoever is at every target, with coefficients of 1, has 100 points. Results and targets are whole millionths of their unit,
as in the records (what is derived is rounded half away from zero); comparisons and scores are exact fractions of these, and are
rounded to two decimals, halves up, only to be shown.

An indicator that cannot be compared for somebody (nothing recorded, no target, a base that was not a whole period, a ratio to a
target of nothing) is left out for that person, and the others carry its weight in proportion. `unscored` says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from sim.errors import InputError, nearest
from sim.payroll.checks import InPost, month_name, month_number
from sim.payroll.derived import over_period, parts_of, rounded_away
from sim.payroll.indicators import SETS, Absolute, Indicator, IndicatorSet, OwnBase, Rent
from sim.payroll.numbers import SCALE
from sim.payroll.spans import Span, days_of, span_of
from sim.payroll.targets import NONE, GivenTargets, differential_rent, mean_portfolios, own_base, portfolios_of
from sim.policy.measures import pay_measures
from sim.policy.plan import as_written
from sim.policy.rational import Exact

if TYPE_CHECKING:
    from sim.payroll.records import Records

POINTS = 100
PROVENANCE = ("measured", "derived", "typed")  # from the best to the worst
MEASURED, DERIVED, TYPED = range(3)
UNSCORED = ("", "no result", "no target", "no whole base", "a ratio to no target")
SCORED, NO_RESULT, NO_TARGET, NO_BASE, NO_RATIO = range(5)


@dataclass(frozen=True)
class Line:
    """One indicator for everybody scored, or for every unit.

    actual, target: millionths of the measure's unit, int64 or Python's integers. comparison, points: exact; 0 where unscored.
    why: a place in UNSCORED. provenance: one in PROVENANCE, the worst of what went in.
    """

    name: str
    indicator: Indicator
    actual: np.ndarray
    target: np.ndarray
    comparison: Exact
    points: Exact
    why: np.ndarray
    provenance: np.ndarray


@dataclass(frozen=True)
class Scores:
    """Everybody's scores in a period. rows: whom they are of, as row numbers of the records' people; ids: their ids."""

    indicators: IndicatorSet
    period: str
    rows: np.ndarray
    ids: pd.Index
    lines: tuple[Line, ...]

    @cached_property
    def frame(self) -> pd.DataFrame:
        """One row an indicator and person.

        person, indicator, set, measure: categories. actual, target: in the measure's unit. comparison; coefficient; weight; score
        (points of 100); provenance: measured, derived or typed; unscored: why there is no score, "" where there is one. Numbers
        are the floats nearest to the exact ones; what does not apply is NaN.
        """
        people = pd.Categorical.from_codes(np.tile(np.arange(len(self.ids)), len(self.lines)), self.ids)
        frame = lines_frame(self.lines)
        frame.insert(0, "person", people)
        return frame

    @cached_property
    def totals(self) -> pd.DataFrame:
        """One row a person: person, score, hundredths (the score in hundredths of a point, halves up, exact), weight (of the indicators
        that could be scored, 1 for all), provenance (the worst of theirs). Who has no score has NaN and NA in their place."""
        return totals_frame(self.lines).assign(person=self.ids)[["person", "score", "hundredths", "weight", "provenance"]]

    def score_of(self, person: str) -> Fraction | None:
        """Somebody's score, exactly; None if nothing could be scored. Errors: InputError if the period has no scores of them."""
        if person not in self.ids:
            raise InputError(
                "person", found=f"`{person}`", expected=f"somebody in post in {self.period}", hint=nearest(person, self.ids[:1000])
            )
        row = int(self.ids.get_loc(person))
        total, weight = total_of(self.lines)
        return total.fraction(row) if weight.fraction(row) else None


def scores(records: Records, indicators: IndicatorSet, period: str) -> Scores:
    """Scores of everybody in post for a day or more of the period.

    period: 2025-01, 2025-Q1, 2025-H1 or 2025, as long as the set appraises. Errors: InputError where the records do not hold the
    period, an earlier one that is a base, a measure, or a single target that the set asks for.
    """
    span = span_of(period)
    if span.kind != indicators.period:
        raise InputError(
            "period",
            found=f"{span.label}, a {_plain(span.kind)}",
            expected=f"a {_plain(indicators.period)}, as {indicators.name} appraises",
        )
    book = Book(records)
    rows = book.in_post(span)
    lines = tuple(_line(book, name, indicator, span, rows) for name, indicator in indicators.indicators.items())
    return Scores(indicators, span.label, rows, pd.Index(records.people["person"])[rows], lines)


def _plain(kind: str) -> str:
    return kind.replace("_", " ")


# --- results from the records -----------------------------------------------------------------------------------------


class Book:
    """Records as arrays of months x people, each measure read when first needed."""

    def __init__(self, records: Records) -> None:
        self.records = records
        months = [month_number(month) for month in records.measures["month"].cat.categories]
        if not months:
            raise InputError("measures", found="no rows", expected="results of at least one month")
        self.first, self.count = min(months), max(months) - min(months) + 1
        self.days = days_of(self.first, self.count)
        self.people = len(records.people)
        self._months = np.array(months, dtype=np.int64) - self.first
        self._read: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}

    def in_post(self, span: Span) -> np.ndarray:
        """Row numbers of those in post for a day or more of the span."""
        joined, left = (self.records.people[field].to_numpy().astype("datetime64[s]") for field in ("joined", "left"))
        post = InPost.between(joined, left)
        return np.flatnonzero((post.first <= span.last) & (post.last >= span.first))

    def places(self, span: Span, why: str = "") -> tuple[int, int]:
        """The first and last month of a span, as places in the arrays. Errors: InputError if the records lack one of them."""
        first, last = span.first - self.first, span.last - self.first
        if first < 0 or last >= self.count:
            held = f"{month_name(self.first)} to {month_name(self.first + self.count - 1)}"
            raise InputError("measures", found=f"results of {held}", expected=f"those of all of {span.label}{why}")
        return first, last

    def recorded(self, measure: str) -> bool:
        """Whether the measure, or all it is made from, is in the records."""
        return all(part.measure in self.records.measures["measure"].cat.categories for part in parts_of(measure))

    def values(self, measure: str) -> dict[str, np.ndarray]:
        """The recorded measures that it is made from, in millionths; 0 where nothing is recorded."""
        return {name: self._one(name)[0] for name in self._leaves(measure)}

    def held(self, measure: str) -> np.ndarray:
        """The months in which the measure, or any that it is made from, is recorded of a person."""
        return np.logical_or.reduce([self._one(name)[1] for name in self._leaves(measure)])

    def provenance(self, measure: str, first: int, last: int) -> np.ndarray:
        """The worst provenance of each person's results in these months; a derived measure is derived at best."""
        worst = np.maximum.reduce([self._one(name)[2][first : last + 1].max(axis=0) for name in self._leaves(measure)])
        made = pay_measures()[measure]
        return np.maximum(worst, DERIVED) if made.sum_of or made.times_days else worst

    def over(self, measure: str, first: int, last: int, held: np.ndarray | None) -> np.ndarray:
        """Each person's value over these months, in millionths."""
        return rounded_away(over_period(self.values(measure), measure, first, last, self.days, held), SCALE, measure)

    def _leaves(self, measure: str) -> list[str]:
        there = self.records.measures["measure"].cat.categories
        names = list(dict.fromkeys(part.measure for part in parts_of(measure)))
        if missing := [name for name in names if name not in there]:
            made = "" if names == [measure] else f", from which {measure} is made"
            raise InputError(
                "measures",
                found=f"no {', '.join(f'`{name}`' for name in missing)}",
                expected=f"results in it{made}",
                hint=nearest(missing[0], there).split("Known here")[0].strip(),
            )
        return names

    def _one(self, measure: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """A recorded measure: values, where they are, provenance."""
        if measure not in self._read:
            table = self.records.measures
            rows = np.flatnonzero(table["measure"].cat.codes == table["measure"].cat.categories.get_loc(measure))
            at = self._months[table["month"].cat.codes.to_numpy()[rows]], table["person"].cat.codes.to_numpy()[rows]
            shape = self.count, self.people
            values, there, source = np.zeros(shape, np.int64), np.zeros(shape, bool), np.zeros(shape, np.int8)
            values[at], there[at] = table["value"].to_numpy()[rows], True
            kinds = np.array([PROVENANCE.index(kind) for kind in table["provenance"].cat.categories], dtype=np.int8)
            source[at] = kinds[table["provenance"].cat.codes.to_numpy()[rows]]
            self._read[measure] = values, there, source
        return self._read[measure]


# --- one indicator ----------------------------------------------------------------------------------------------------


def _line(book: Book, name: str, indicator: Indicator, span: Span, rows: np.ndarray) -> Line:
    first, last = book.places(span)
    held = book.held(indicator.measure)
    actual = book.over(indicator.measure, first, last, held)[rows]
    source = book.provenance(indicator.measure, first, last)[rows]
    target, lacking, base_source = _target(book, name, indicator, span, rows)
    why = np.where(held[first : last + 1].any(axis=0)[rows], lacking, NO_RESULT)
    return compared(name, indicator, actual, target, why, np.maximum(source, base_source))


def compared(name: str, indicator: Indicator, actual: np.ndarray, target: np.ndarray, why: np.ndarray, source: np.ndarray) -> Line:
    """The line of these results and targets, in millionths. why: a place in UNSCORED, SCORED where nothing is in the way yet."""
    if indicator.compare == "ratio":
        why = np.where((why == SCORED) & (target <= 0), NO_RATIO, why)
    scored = why == SCORED
    found = comparison(Exact(np.where(scored, actual, 0)), Exact(np.where(scored, target, 1)), indicator)
    found = found.where(scored, 0)
    points = found * (POINTS * as_written(indicator.weight) * as_written(indicator.coefficient))
    return Line(name, indicator, actual, target, found, points, why, source)


def comparison(actual: Exact, target: Exact, indicator: Indicator) -> Exact:
    """Result against target, 1 at the target; both in millionths. A ratio needs targets above 0. `Indicator` gives the formulas."""
    higher = pay_measures()[indicator.measure].higher_is_better
    if indicator.per is None:
        found = actual / target
        found = found if higher else -found + 2
    else:
        ahead = actual - target if higher else target - actual
        found = ahead * (1 / (as_written(indicator.per.value) * SCALE)) + 1
    found = found.at_least(as_written(indicator.floor))
    return found if indicator.cap is None else found.at_most(as_written(indicator.cap))


# --- targets ----------------------------------------------------------------------------------------------------------


def _target(book: Book, name: str, indicator: Indicator, span: Span, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets in millionths, why there is none (a place in UNSCORED), and the provenance of those worked out from records."""
    here, rule = f"indicators.{name}.target", indicator.target
    fine, plain = np.full(len(rows), SCORED), np.full(len(rows), MEASURED)
    if isinstance(rule, OwnBase):
        return _own_base(book, here, indicator.measure, rule, span, rows)
    if isinstance(rule, Rent):
        factor = _rent(book, here, rule, span, rows)
        if rule.value is None:
            common, lacking = _given(book, here, indicator.measure, span, rows)
        else:
            common, lacking = _spread(rule.value, len(rows)), fine
        return rounded_away(factor * Exact(common), 1, indicator.measure), lacking, plain + DERIVED
    if isinstance(rule, Absolute):
        return _spread(rule.value, len(rows)), fine, plain
    return *_given(book, here, indicator.measure, span, rows), plain


def _spread(value: float, many: int) -> np.ndarray:
    return rounded_away(Exact.of(as_written(value), many), SCALE, "target")


def _given(book: Book, here: str, measure: str, span: Span, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    table = GivenTargets(book.records.targets, book.records.people)
    found = table.value(measure, span.label, grades=grades_at(book.records, span.first))[rows]
    if len(found) and (found == NONE).all():
        periods = table.periods(measure)
        raise InputError(
            "targets",
            found=f"none in {measure} for {span.label}",
            expected=f"targets of people or grades, as {here} takes them",
            hint=f"Known here: {', '.join(periods[:12])}." if periods else "",
        )
    return np.maximum(found, 0), np.where(found == NONE, NO_TARGET, SCORED)


def _own_base(
    book: Book, here: str, measure: str, rule: OwnBase, span: Span, rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    base = span.back(span.length if rule.of == "period_before" else 12)
    first, last = book.places(base, f" too, the base of {here}")
    held = book.held(measure)
    earlier = Exact(book.over(measure, first, last, held)[rows])
    whole = held[first : last + 1].all(axis=0)[rows]
    target = rounded_away(own_base(earlier, as_written(rule.times)), 1, measure)
    return target, np.where(whole, SCORED, NO_BASE), np.maximum(book.provenance(measure, first, last)[rows], DERIVED)


def _rent(book: Book, here: str, rule: Rent, span: Span, rows: np.ndarray) -> Exact:
    """What the common target is multiplied by."""
    people = book.records.people
    if not len(book.records.portfolios):
        raise InputError("portfolios", found="no rows", expected=f"what each manager holds, as {here} goes by it")
    held = portfolios_of(book.records.portfolios, people, rule.portfolio)[rows]
    groups = pd.factorize(people["outlet"].to_numpy()[rows])[0] if rule.among == "outlet" else np.zeros(len(rows), np.int64)
    return differential_rent(Fraction(1), Exact(held), mean_portfolios(held, groups), as_written(rule.strength))


def grades_at(records: Records, month: int) -> np.ndarray:
    """Everybody's grade in a month (its number): that of the last change up to then, or else that of `people`."""
    grades = records.people["grade"].to_numpy(dtype=object).copy()
    changes = records.changes
    kept = changes[(changes["grade"] != "") & (changes["month"].astype(str) <= month_name(month))].sort_values("month", kind="stable")
    grades[pd.Index(records.people["person"]).get_indexer(kept["person"])] = kept["grade"].to_numpy()
    return grades


# --- adding up, and frames --------------------------------------------------------------------------------------------


def total_of(lines: Sequence[Line]) -> tuple[Exact, Exact]:
    """Everybody's score, and the weight of the indicators that could be scored. Where that is 0 so is the score."""
    many = len(lines[0].why)
    total, weight = Exact.of(0, many), Exact.of(0, many)
    for line in lines:
        total = total + line.points
        weight = weight + Exact((line.why == SCORED).astype(np.int64)) * as_written(line.indicator.weight)
    return total / weight.where(weight.reaches(0, strictly=True), 1), weight


def totals_frame(lines: Sequence[Line]) -> pd.DataFrame:
    """Totals by row of the lines; `Scores.totals` describes the columns."""
    total, weight = total_of(lines)
    scored = weight.reaches(0, strictly=True)
    hundredths = pd.Series(total.whole(100), dtype="Int64").mask(~scored)
    return pd.DataFrame(
        {
            "score": np.where(scored, nearest_floats(total), np.nan),
            "hundredths": hundredths,
            "weight": nearest_floats(weight),
            "provenance": named(worst_of(lines), PROVENANCE),
        }
    )


def worst_of(lines: Iterable[Line]) -> np.ndarray:
    """The worst provenance among the indicators that could be scored; -1 if none could."""
    return np.maximum.reduce([np.where(line.why == SCORED, line.provenance, -1) for line in lines])


def nearest_floats(numbers: Exact) -> np.ndarray:
    """To look at; from Python's integers too, however long."""
    if numbers.n.dtype != object and not isinstance(numbers.d, np.ndarray):
        return numbers.floats()
    below = numbers.d.tolist() if isinstance(numbers.d, np.ndarray) else [numbers.d] * len(numbers)
    return np.array([n / d for n, d in zip(numbers.n.tolist(), below, strict=True)], dtype=float)


def lines_frame(lines: Sequence[Line]) -> pd.DataFrame:
    """The lines below one another; `Scores.frame` describes the columns."""
    many = len(lines[0].why)

    def each(value: Callable[[Line], object]) -> np.ndarray:
        return np.repeat(np.array([value(line) for line in lines]), many)

    def all_of(values: Callable[[Line], np.ndarray], unless: tuple[int, ...] = ()) -> np.ndarray:
        found = [np.where(np.isin(line.why, unless), np.nan, values(line)) for line in lines]
        return np.concatenate(found).astype(float)

    none = tuple(range(1, len(UNSCORED)))
    measures = list(dict.fromkeys(line.indicator.measure for line in lines))
    return pd.DataFrame({
        "indicator": pd.Categorical.from_codes(np.repeat(np.arange(len(lines)), many), [line.name for line in lines]),
        "set": pd.Categorical(each(lambda line: line.indicator.set), SETS),
        "measure": pd.Categorical(each(lambda line: line.indicator.measure), measures),
        "actual": all_of(lambda line: line.actual.astype(float) / SCALE, (NO_RESULT,)),
        "target": all_of(lambda line: line.target.astype(float) / SCALE, (NO_TARGET, NO_BASE)),
        "comparison": all_of(lambda line: nearest_floats(line.comparison), none),
        "coefficient": each(lambda line: line.indicator.coefficient),
        "weight": each(lambda line: line.indicator.weight),
        "score": all_of(lambda line: nearest_floats(line.points), none),
        "provenance": named(np.concatenate([line.provenance for line in lines]), PROVENANCE),
        "unscored": named(np.concatenate([line.why for line in lines]), UNSCORED),
    })  # fmt: skip


def named(codes: np.ndarray, names: Sequence[str]) -> pd.Categorical:
    return pd.Categorical.from_codes(codes.astype(np.int64), list(names))


__all__ = [
    "DERIVED",
    "MEASURED",
    "POINTS",
    "PROVENANCE",
    "TYPED",
    "UNSCORED",
    "Book",
    "Line",
    "Scores",
    "compared",
    "comparison",
    "grades_at",
    "scores",
    "total_of",
]
