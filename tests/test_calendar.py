"""The calendar: which days are ticks, and which weeks, months and quarters they belong to."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples

from sim.world import Calendar, CalendarSpec, Holiday, load_scenario
from sim.world.calendar import partly_lived

NAME = {"en": "Holiday", "zh": "假日"}


def calendar(start: date, days: int, weekends: bool = True, holidays: tuple[Holiday, ...] = ()) -> Calendar:
    return Calendar(CalendarSpec(start=start, days=days, weekends=weekends, holidays=holidays))


def holiday(start: date, days: int, demand: float) -> Holiday:
    return Holiday(start=start, days=days, demand=demand, name=NAME)


def test_the_first_quarter_of_2015_has_ninety_ticks():
    quarter = calendar(date(2015, 1, 1), 90)
    assert quarter.days == len(quarter) == 90
    assert (quarter.dates[0], quarter.dates[-1]) == (date(2015, 1, 1), date(2015, 3, 31))
    assert quarter.month_labels == ["2015-01", "2015-02", "2015-03"]
    assert np.bincount(quarter.month).tolist() == [31, 28, 31]
    assert quarter.quarter_labels == ["2015-Q1"]


def test_ninety_days_of_2016_end_a_day_short_of_the_quarter():
    quarter = calendar(date(2016, 1, 1), 90)
    assert quarter.dates[-1] == date(2016, 3, 30)
    assert quarter.last_of_quarter[-1] and quarter.last_of_month[-1]


def test_weekends_are_skipped_unless_worked():
    days = calendar(date(2015, 1, 1), 4, weekends=False).dates
    assert [day.day for day in days] == [1, 2, 5, 6]
    assert [day.day for day in calendar(date(2015, 1, 1), 4).dates] == [1, 2, 3, 4]


def test_a_calendar_that_starts_on_a_weekend_begins_on_monday():
    assert calendar(date(2015, 1, 3), 1, weekends=False).dates == [date(2015, 1, 5)]


def test_weeks_are_iso_weeks_and_keep_their_own_year():
    days = calendar(date(2015, 12, 31), 6)
    assert days.week_labels == ["2015-W53", "2016-W01"]
    assert days.week.tolist() == [0, 0, 0, 0, 1, 1]
    assert calendar(date(2014, 12, 29), 1).week_labels == ["2015-W01"]


def test_demand_falls_on_holidays_and_nowhere_else():
    days = calendar(date(2015, 2, 17), 12, holidays=(holiday(date(2015, 2, 19), 7, 0.3),))
    assert days.demand.tolist() == [1.0] * 2 + [0.3] * 7 + [1.0] * 3


def test_where_holidays_overlap_the_lower_demand_holds():
    days = calendar(date(2015, 2, 1), 4, holidays=(holiday(date(2015, 2, 1), 3, 0.5), holiday(date(2015, 2, 2), 1, 0.2)))
    assert days.demand.tolist() == [0.5, 0.2, 0.5, 1.0]


def test_holidays_count_calendar_days_even_if_weekends_are_not_worked():
    days = calendar(date(2015, 2, 19), 5, weekends=False, holidays=(holiday(date(2015, 2, 19), 7, 0.3),))
    assert days.demand.tolist() == [0.3] * 5  # Thursday to Wednesday, five of them worked
    longer = calendar(date(2015, 2, 19), 6, weekends=False, holidays=(holiday(date(2015, 2, 19), 7, 0.3),))
    assert longer.demand[-1] == 1.0


def test_both_changzhou_quarters_have_a_week_of_spring_festival():
    for name, first in (("changzhou-2015", date(2015, 2, 19)), ("changzhou-2016", date(2016, 2, 8))):
        quarter = load_scenario(name).timeline
        low = [day for day, demand in zip(quarter.dates, quarter.demand, strict=True) if demand < 1]
        assert low == [first + timedelta(days=n) for n in range(7)]


def test_ticks_left_count_down_to_one():
    quarter = calendar(date(2015, 1, 30), 4)
    assert quarter.to_month_end.tolist() == [2, 1, 2, 1]
    assert quarter.to_quarter_end.tolist() == [4, 3, 2, 1]


def test_arrays_cannot_be_written_to():
    quarter = calendar(date(2015, 1, 1), 3)
    for array in (quarter.demand, quarter.week, quarter.month, quarter.to_month_end, quarter.last_of_quarter):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


@settings(deadline=None, max_examples=examples(60))
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 300), st.booleans())
def test_periods_partition_the_ticks(start: date, days: int, weekends: bool):
    line = calendar(start, days, weekends)
    assert line.days == days and all(later > earlier for earlier, later in zip(line.dates, line.dates[1:], strict=False))
    assert weekends or all(day.weekday() < 5 for day in line.dates)
    for period, labels in ((line.week, line.week_labels), (line.month, line.month_labels), (line.quarter, line.quarter_labels)):
        assert period[0] == 0 and period[-1] == len(labels) - 1
        assert set(np.diff(period)) <= {0, 1}
        assert len(set(labels)) == len(labels)
    for last, left, labels in (
        (line.last_of_month, line.to_month_end, line.month_labels),
        (line.last_of_quarter, line.to_quarter_end, line.quarter_labels),
    ):
        assert last.sum() == len(labels) and last[-1]
        assert (left[last] == 1).all() and (left[~last] > 1).all()
        assert (np.diff(left)[~last[:-1]] == -1).all()


def test_periods_the_horizon_cuts_are_named_with_the_days_lived():
    whole = Calendar(CalendarSpec(start=date(2024, 7, 1), days=66, weekends=False))
    assert partly_lived(whole) == ()
    longer = Calendar(CalendarSpec(start=date(2024, 7, 1), days=70, weekends=False))
    assert partly_lived(longer) == (("2024-10", 4, 23), ("2024-Q4", 4, 66))
