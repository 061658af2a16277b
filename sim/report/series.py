"""Numbers for figures and sentences, out of a run's long frame."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import numpy as np

from sim.experiments.compare import Comparison
from sim.experiments.intervals import Intervals
from sim.experiments.simulate import Runs
from sim.world import Scenario

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)      # the edges of the band of nine in ten and of the middle half, and the median


class Estimate(NamedTuple):
    """A mean with the interval of that mean: Monte Carlo error alone. NaN bounds where there is but one replication."""

    mean: float
    low: float
    high: float


def week_ends(scenario: Scenario) -> list[date]:
    """The last day worked of each week, in the order of the weeks."""
    line = scenario.timeline
    return [day for day, last in zip(line.dates, line.last_of_week, strict=True) if last]


def full_weeks(scenario: Scenario) -> list[int]:
    """Places of the weeks with at least half as many days worked as the longest: shorter ones tell of their days, not of a trend."""
    days = np.bincount(scenario.timeline.week)
    return [int(week) for week in np.flatnonzero(2 * days >= days.max())]


def weekly(run: Runs, measure: str) -> np.ndarray:
    """(replications, weeks): the measure of the scenario's branches taken together, week by week."""
    return run.by_period(measure)[run.scenario.timeline.week_labels].to_numpy()


def weekly_by_manager(run: Runs, measure: str) -> dict[str, np.ndarray]:
    """(replications, weeks) for each manager, in the order of the scenario."""
    frame, weeks = run.frame, run.scenario.timeline.week_labels
    rows = frame[(frame["level"] == "manager") & (frame["measure"] == measure) & (frame["period"] != "total")]
    table = rows.pivot(index="replication", columns=["id", "period"], values="value")
    return {name: table[name][weeks].to_numpy() for name in run.scenario.managers}


def by_manager(run: Runs, measure: str) -> dict[str, np.ndarray]:
    """The measure over the whole horizon for each manager, one value a replication."""
    frame = run.frame
    rows = frame[(frame["level"] == "manager") & (frame["measure"] == measure) & (frame["period"] == "total")]
    table = rows.pivot(index="replication", columns="id", values="value")
    return {name: table[name].to_numpy() for name in run.scenario.managers}


def profit_to_date(run: Runs) -> np.ndarray:
    """(replications, quarters): profit after pay from the first day to each quarter's end, the scenario's branches taken together, CNY."""
    frame = run.frame
    rows = frame[(frame["level"] == "branch") & (frame["measure"] == "profit_to_date") & (frame["period"] != "total")]
    table = rows.pivot_table(index="replication", columns="period", values="value", aggfunc="sum", observed=True)
    return table[run.scenario.timeline.quarter_labels].to_numpy()


def profit_gaps(result: Comparison) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """By policy other than the baseline: mean difference by quarter and half its interval, pair by pair on the same luck, CNY."""
    base = profit_to_date(result.baseline)
    gaps = {run.policy.name: profit_to_date(run) - base for run in result.runs[1:]}
    return {name: (gap.mean(axis=0), result.intervals.half(gap)) for name, gap in gaps.items()}


def quantiles(values: np.ndarray) -> np.ndarray:
    """`QUANTILES` over replications (the first axis), one row each."""
    return np.quantile(values, QUANTILES, axis=0)


def estimate(values: np.ndarray, intervals: Intervals) -> Estimate:
    """The mean of one value a replication, with its interval by itself."""
    mean, half = float(values.mean()), float(intervals.half(values[:, None])[0])
    return Estimate(mean, mean - half, mean + half)
