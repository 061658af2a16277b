"""The ledger of assumptions: every value a scenario stands on, with what is known about it."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan
from typing import TYPE_CHECKING, NamedTuple

from sim.world.schema import GUESSABLE, ManagerSpec

if TYPE_CHECKING:
    from sim.world.scenario import Scenario


class Row(NamedTuple):
    """One value. low, high: its plausible range, nan where none is stated. overridden: not the data files' value."""

    name: str
    value: float
    unit: str
    status: str
    source: str
    low: float
    high: float
    overridden: bool


COLUMNS = Row._fields


def ledger_rows(scenario: Scenario) -> Iterator[Row]:
    """Parameters first, then people in the order of the file, then the calendar."""
    for parameter in scenario.resolved.values():
        for entry, value in parameter.entries():
            name = f"{parameter.name}.{entry}" if entry else parameter.name
            span = parameter.span(entry)
            yield Row(name, value, parameter.unit, parameter.status, parameter.source, *span, parameter.overridden)
    for id_, branch in scenario.branches.items():
        for name, spec in branch.managers.items():
            yield from _own_rows(scenario, f"branches.{id_}.managers.{name}", spec)
    for number, holiday in enumerate(scenario.calendar.holidays, start=1):
        name, source = f"calendar.holidays.#{number}.demand", holiday.note or scenario.source
        yield Row(name, holiday.demand, "share of an ordinary day's demand", "assumed", source, 0.0, 1.0, False)
    season = scenario.calendar.seasonality
    for month, demand in enumerate(season.demand if season else (), start=1):
        source = season.note or scenario.source                                   # type: ignore[union-attr]
        yield Row(f"calendar.seasonality.demand.#{month}", demand, "share of an ordinary day's demand", "assumed", source, 0.0, 3.0, False)


def _own_rows(scenario: Scenario, place: str, spec: ManagerSpec) -> Iterator[Row]:
    source = spec.note or scenario.source
    for name, value in spec.overrides.items():
        parameter = scenario.parameter(name)
        yield Row(f"{place}.overrides.{name}", value, parameter.unit, "assumed", source, *parameter.span(spec.cohort), True)
    for field in spec.assumed:
        if GUESSABLE[field]:  # a cohort is not a number
            yield Row(f"{place}.{field}", float(getattr(spec, field)), GUESSABLE[field], "assumed", source, nan, nan, False)
