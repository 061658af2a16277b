"""What a simulation costs by its size, over four decades: banks of 1 to 10,000 branches, branches of 2 to 50 managers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from matplotlib import rc_context
from matplotlib.ticker import FuncFormatter

import sim
from benchmarks.runner import branch_tables, runner
from benchmarks.timing import plain, seconds, table
from sim.engine.run import BranchRuns, run_copies
from sim.engine.state import R_CONTACTS, R_PROSPECTS
from sim.report.style import FAINT, Plot, look, rules, sheet
from sim.world import Scenario

QUARTER = "changzhou-2015"
BRANCHES = (1, 3, 10, 30, 100, 300, 1000, 3000, 10000)
TEAMS = (2, 3, 5, 7, 10, 15, 20, 30, 50)
TEAM_RUNS, LEAST = 20, 0.05  # LEAST: seconds; what takes less is repeated and the median taken


class Cost(NamedTuple):
    """One point: manager-days and contacts lived through, processor time in seconds."""

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


def cost(manager_days: int, lived: Callable[[], Iterable[BranchRuns]]) -> Cost:
    """Processor time of what is lived, results counted and let go piece by piece."""
    contacts = 0

    def live() -> None:
        nonlocal contacts
        contacts = sum(int(runs.weeks[..., [R_CONTACTS, R_PROSPECTS]].sum()) for runs in lived())

    taken = [seconds(live, time.process_time)]
    while sum(taken) < LEAST:
        taken.append(seconds(live, time.process_time))
    return Cost(manager_days, contacts, float(np.median(taken)))


def of_branches(base: Scenario, copies: int) -> Cost:
    """One replication of a bank of so many branches, on one core."""
    branch, tables = branch_tables(base, sim.load_policy(QUARTER))
    return cost(len(base.managers) * base.timeline.days * copies, lambda: [run_copies(*tables, 1, 0, branch, copies)])


def of_managers(base: Scenario, n: int) -> Cost:
    """`TEAM_RUNS` replications of one branch of so many managers."""
    run = runner(of_size(base, n), sim.load_policy(QUARTER))
    return cost(n * base.timeline.days * TEAM_RUNS, lambda: run(TEAM_RUNS))


def measured() -> tuple[list[Cost], list[Cost]]:
    """Points by branches, and by managers."""
    base = sim.load_scenario(QUARTER)
    of_branches(base, 1)
    return [of_branches(base, n) for n in BRANCHES], [of_managers(base, n) for n in TEAMS]


def exponent(points: list[Cost], by: str) -> float:
    """Slope of log cost over log size, least squares: 1 where cost is linear."""
    return float(np.polyfit(np.log([getattr(p, by) for p in points]), np.log([p.seconds for p in points]), 1)[0])


def tables(series: tuple[list[Cost], list[Cost]]) -> Iterator[str]:
    """The ends of both series, with cost a unit and the exponents."""
    rows = []
    for name, points in zip(
        (f"branches of 7 managers, {BRANCHES[0]} to {BRANCHES[-1]:,}", f"managers in a branch, {TEAMS[0]} to {TEAMS[-1]}"),
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
            "Processor time, one core, compiled before. Dotted: slope 1, cost in proportion to size, through the bank of 100 branches.",
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
                    ("1 to 10,000 branches\nof 7 managers", f"branches of 2 to 50 managers,\n{TEAM_RUNS} replications"),
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
            middle = series[0][BRANCHES.index(100)]
            ends = np.array([getattr(series[0][0], by), getattr(series[0][-1], by)])
            axes.plot(ends, middle.seconds * ends / getattr(middle, by), ":", color=FAINT, linewidth=1.2, zorder=0, label="slope 1")
            axes.set(xscale="log", yscale="log", xlabel=words)
            for axis in (axes.xaxis, axes.yaxis):
                axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}" if value < 1 else f"{value:,.0f}"))
        panels[0].set_ylabel("seconds")
        panels[1].legend(loc="lower right")
        return page.figure
