"""The working calendar: which days are lived, and the weeks, months and quarters they fall into."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim.world.fields import Count, Day, Flag, Number, Part, Text, Title

MAX_DAYS = 3660  # ten years of calendar days: longer is taken for a slip of the pen


class Holiday(Part):
    """A spell of calendar days in which customers ask for less.

    demand: share of an ordinary day's demand that remains, 0 to 1. note: where it comes from.
    """

    start: Day
    days: Annotated[Count, Field(ge=1, le=MAX_DAYS)] = Field(description="calendar days")
    demand: Annotated[Number, Field(ge=0, le=1)] = Field(description="share of an ordinary day's demand")
    name: Title
    note: Text | None = None

    @property
    def end(self) -> date:
        """The first day after the spell."""
        return self.start + timedelta(days=self.days)


class Seasonality(Part):
    """Demand by month of the year, January first, as a share of an ordinary day's. note: where it comes from."""

    demand: tuple[Annotated[Number, Field(ge=0, le=3)], ...] = Field(
        min_length=12, max_length=12, description="twelve shares of an ordinary day's demand, January first")
    note: Text | None = None


class CalendarSpec(Part):
    """The calendar of a scenario, as its file states it.

    start: first day; on a weekend that is not worked, the next working day is the first tick.
    days: number of ticks (days worked), not of calendar days.
    weekends: whether Saturdays and Sundays are worked, as in a count of all days of a quarter.
    holidays: spells of low demand. They are ticks like others; managers are at work.
    seasonality: demand by month of the year, on top of which holidays come; left out, all months are alike.
    """

    start: Day
    days: Annotated[Count, Field(ge=1, le=MAX_DAYS)] = Field(description="days worked")
    weekends: Flag = Field(description="whether weekends are worked")
    holidays: tuple[Holiday, ...] = Field((), max_length=1000)
    seasonality: Seasonality | None = None

    def season(self, day: date) -> float:
        """Share of an ordinary day's demand that the month of the year brings."""
        return 1.0 if self.seasonality is None else self.seasonality.demand[day.month - 1]


class Calendar:
    """The ticks of a scenario, one a working day, with every period they belong to.

    dates: the date of each tick. demand: share of ordinary demand, per tick. week, month, quarter, half_year, year: index per tick into
    ``week_labels`` (ISO weeks such as ``2015-W03``), ``month_labels`` (``2015-01``), ``quarter_labels`` (``2015-Q1``).
    last_of_month, last_of_quarter, last_of_half_year, last_of_year: whether a tick ends that period; the last tick of all ends every period.
    to_month_end, to_quarter_end: ticks left in the period, this one included. Arrays are read-only.
    """

    def __init__(self, spec: CalendarSpec) -> None:
        self.spec = spec
        self.dates: list[date] = _working_days(spec)
        self.days: int = len(self.dates)
        self.demand = _frozen(np.array([spec.season(day) * _demand(day, spec.holidays) for day in self.dates], dtype=np.float64))
        self.week, self.week_labels = _periods(self.dates, week_label)
        self.month, self.month_labels = _periods(self.dates, month_label)
        self.quarter, self.quarter_labels = _periods(self.dates, quarter_label)
        self.half_year, self.half_year_labels = _periods(self.dates, half_year_label)
        self.year, self.year_labels = _periods(self.dates, lambda day: f"{day.year:04d}")
        self.last_of_week = _last_ticks(self.week)
        self.last_of_month = _last_ticks(self.month)
        self.last_of_quarter = _last_ticks(self.quarter)
        self.last_of_half_year = _last_ticks(self.half_year)
        self.last_of_year = _last_ticks(self.year)
        self.to_month_end = _ticks_left(self.last_of_month)
        self.to_quarter_end = _ticks_left(self.last_of_quarter)

    def __len__(self) -> int:
        return self.days

    def __repr__(self) -> str:
        return f"Calendar({self.days} ticks, {self.dates[0]} to {self.dates[-1]})"


@lru_cache(maxsize=64)
def laid_out(spec: CalendarSpec) -> Calendar:
    """The calendar of a specification, made once; nobody changes it."""
    return Calendar(spec)


def week_label(day: date) -> str:
    """The ISO week, whose year may differ from the date's: 2016-01-01 lies in ``2015-W53``."""
    year, week, _ = day.isocalendar()
    return f"{year:04d}-W{week:02d}"


def month_label(day: date) -> str:
    return f"{day.year:04d}-{day.month:02d}"


def quarter_label(day: date) -> str:
    return f"{day.year:04d}-Q{(day.month + 2) // 3}"


def half_year_label(day: date) -> str:
    return f"{day.year:04d}-H{(day.month + 5) // 6}"


@lru_cache(maxsize=64)
def partly_lived(calendar: Calendar) -> tuple[tuple[str, int, int], ...]:
    """Months and quarters that the horizon cuts by a tenth of their working days or more: label, days lived, days there are.

    Pay for them is settled in full all the same.
    """
    spec = calendar.spec
    year, last = date(spec.start.year, 1, 1), date(calendar.dates[-1].year, 12, 31)
    whole = [year + timedelta(days=n) for n in range((last - year).days + 1)]
    whole = [day for day in whole if spec.weekends or day.weekday() < 5]
    cut = []
    for labels, index, label in ((calendar.month_labels, calendar.month, month_label), (calendar.quarter_labels, calendar.quarter, quarter_label)):
        there: dict[str, int] = {}
        for day in whole:
            there[label(day)] = there.get(label(day), 0) + 1
        for place, name in enumerate(labels):
            lived = int((index == place).sum())
            if lived < 0.9 * there[name]:
                cut.append((name, lived, there[name]))
    return tuple(cut)


def _working_days(spec: CalendarSpec) -> list[date]:
    days: list[date] = []
    day = spec.start
    while len(days) < spec.days:
        if spec.weekends or day.weekday() < 5:
            days.append(day)
        day += timedelta(days=1)
    return days


def _demand(day: date, holidays: tuple[Holiday, ...]) -> float:
    """Share of ordinary demand; where spells overlap the lowest holds."""
    return min((h.demand for h in holidays if h.start <= day < h.end), default=1.0)


def _periods(dates: list[date], label: Callable[[date], str]) -> tuple[NDArray[np.int64], list[str]]:
    """Index per tick and the labels in the order of time."""
    texts = [label(day) for day in dates]
    labels = list(dict.fromkeys(texts))
    place = {text: index for index, text in enumerate(labels)}
    return _frozen(np.array([place[text] for text in texts], dtype=np.int64)), labels


def _last_ticks(period: NDArray[np.int64]) -> NDArray[np.bool_]:
    return _frozen(np.append(period[1:] != period[:-1], True))


def _ticks_left(last: NDArray[np.bool_]) -> NDArray[np.int64]:
    ends = np.flatnonzero(last)
    ticks = np.arange(len(last))
    return _frozen(ends[np.searchsorted(ends, ticks)] - ticks + 1)


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
