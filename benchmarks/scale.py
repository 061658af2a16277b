"""What a simulation costs by its size, over four decades: replications from 1 to 10,000, branches of 2 to 50 managers."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.ticker import FuncFormatter

import sim
from benchmarks.runner import runner
from benchmarks.timing import plain, seconds, table
from sim.engine.state import R_CONTACTS, R_PROSPECTS
from sim.report.style import FAINT, Plot, look, rules, sheet
from sim.world import Scenario

QUARTER = "changzhou-2015"
REPLICATIONS = (1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
TEAMS = (2, 3, 5, 7, 10, 15, 20, 30, 50)
TEAM_RUNS, LEAST = 20, 0.05  # LEAST: seconds; what takes less is repeated and the median taken


class Cost(NamedTuple):
    """One point: manager-days and contacts lived through, processor time in seconds."""

    managers: int
    replications: int
    manager_days: int
    contacts: int
    seconds: float


def of_size(base: Scenario, n: int) -> Scenario:
    """The scenario with n managers: its own, over and over under other names."""
    ((branch, spec),) = base.branches.items()
    own = list(spec.managers.items())
    people = {
        f"{name}{i // len(own) or ''}": person.model_dump(exclude_none=True) for i in range(n) for name, person in [own[i % len(own)]]
    }
    gone = {name: None for name in spec.managers if name not in people}
    return base.with_changes({f"branches.{branch}.managers.{name}": person for name, person in {**people, **gone}.items()})


def cost(scenario: Scenario, replications: int) -> Cost:
    """Processor time of so many replications, in blocks as `simulate` runs them."""
    run, contacts = runner(scenario, sim.load_policy(QUARTER)), 0

    def live() -> None:
        nonlocal contacts
        contacts = sum(int(runs.weeks[..., [R_CONTACTS, R_PROSPECTS]].sum()) for runs in run(replications))

    taken = [seconds(live, time.process_time)]
    while sum(taken) < LEAST:
        taken.append(seconds(live, time.process_time))
    n = len(scenario.managers)
    return Cost(n, replications, n * scenario.timeline.days * replications, contacts, float(np.median(taken)))


def measured() -> tuple[list[Cost], list[Cost]]:
    """Points by replications, and by managers."""
    base = sim.load_scenario(QUARTER)
    cost(base, 1)
    return [cost(base, n) for n in REPLICATIONS], [cost(of_size(base, n), TEAM_RUNS) for n in TEAMS]


def exponent(points: list[Cost], by: str) -> float:
    """Slope of log cost over log size, least squares: 1 where cost is linear."""
    return float(np.polyfit(np.log([getattr(p, by) for p in points]), np.log([p.seconds for p in points]), 1)[0])


def tables(series: tuple[list[Cost], list[Cost]]) -> Iterator[str]:
    """The ends of both series, with cost a unit and the exponents."""
    rows = []
    for name, points in zip(
        (f"replications of 7 managers, {REPLICATIONS[0]} to {REPLICATIONS[-1]:,}", f"managers in a branch, {TEAMS[0]} to {TEAMS[-1]}"),
        series,
        strict=True,
    ):
        first, last = points[0], points[-1]
        decades = math.log10(last.manager_days / first.manager_days)
        rows.append(
            (
                name,
                f"{first.manager_days:,} to {last.manager_days:,} ({decades:.1f} decades)",
                f"{plain(1e6 * first.seconds / first.manager_days)} to {plain(1e6 * last.seconds / last.manager_days)}",
                f"{exponent(points, 'manager_days'):.3f}",
                f"{exponent(points, 'contacts'):.3f}",
            )
        )
    yield from table(("size", "manager-days", "µs a manager-day, smallest to largest", "exponent by manager-days", "by contacts"), rows)


def picture(series: tuple[list[Cost], list[Cost]]) -> Plot:
    """Cost by manager-days and by contacts, with lines of slope 1."""
    with rc_context(settings := rules("en")):
        page = sheet(
            3.2,
            "Cost by size: changzhou-2015, 90 days, 700 customers a manager",
            "Processor time, one core, compiled before. Dotted: slope 1, cost in proportion to size, through the run of 100 replications.",
            f"incentivelab {sim.__version__}, benchmarks/scale.py",
        )
        page.figure.settings = settings
        panels = page.body.subplots(1, 2, sharey=True)
        for axes, by, words in zip(
            panels, ("manager_days", "contacts"), ("manager-days", "contacts (prospecting and service)"), strict=True
        ):
            for place, (points, label) in enumerate(
                zip(
                    series,
                    ("1 to 10,000 replications\nof 7 managers", f"branches of 2 to 50 managers,\n{TEAM_RUNS} replications"),
                    strict=True,
                )
            ):
                style = look(2 - place)
                axes.plot(
                    [getattr(p, by) for p in points],
                    [p.seconds for p in points],
                    style.marker,
                    color=style.color,
                    markersize=5,
                    label=label,
                    markerfacecolor=style.color if place == 0 else "white",
                )
            middle = series[0][REPLICATIONS.index(100)]
            ends = np.array([getattr(series[0][0], by), getattr(series[0][-1], by)])
            axes.plot(ends, middle.seconds * ends / getattr(middle, by), ":", color=FAINT, linewidth=1.2, zorder=0, label="slope 1")
            axes.set(xscale="log", yscale="log", xlabel=words)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value < 1 else f"{value:,.0f}"))
        panels[0].set_ylabel("seconds")
        panels[1].legend(loc="lower right")
        return page.figure
