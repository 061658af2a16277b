"""Accounts by week and by manager, beside the case where there is one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import SubFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sim.experiments.compare import Comparison
from sim.experiments.simulate import Runs
from sim.report.case import Facts, at_milestone, facts_for, nearest_week
from sim.report.footer import footer
from sim.report.series import by_manager, quantiles, week_ends, weekly
from sim.report.style import CASE, MODEL, Plot, date_axis, day_text, folded, sheet, short_titles
from sim.report.words import known, listed, say, title_of

MOST_ROWS = 24          # more managers than that are shown by cohort


class Row:
    """A row of the chart by manager: simulated values, one a replication, and what the case says of them."""

    def __init__(self, label: str, values: np.ndarray, count: float | None = None, within: tuple[float, float] | None = None,
                 at_least: bool = False) -> None:
        self.label, self.values, self.count, self.within, self.at_least = label, values, count, within, at_least


def manager_rows(run: Runs, facts: Facts | None, lang: str) -> list[Row]:
    """One row a manager in the scenario's order, then those known to the case only together; cohorts in a large team."""
    values = by_manager(run, "accounts")
    people = run.scenario.managers
    if len(people) > MOST_ROWS:
        return [Row(say("figure.accounts.of_cohort", lang, cohort=known("cohorts", cohort, lang), count=len(names)),
                    np.mean([values[name] for name in names], axis=0))
                for cohort in run.scenario.cohorts
                if (names := [name for name, spec in people.items() if spec.cohort == cohort])]
    counts, ranges, sums = (facts.counts, facts.ranges, facts.sums) if facts else ({}, {}, {})
    rows = [Row(say("figure.accounts.manager", lang, name=name, cohort=known("cohorts", spec.cohort, lang)), values[name],
                counts.get(name), ranges.get(name)) for name, spec in people.items()]
    return rows + [Row(say("figure.accounts.together", lang, names=listed(names, lang)), np.sum([values[n] for n in names], axis=0), count)
                   for names, count in sums.items()]


def milestone_rows(run: Runs, facts: Facts | None, lang: str) -> list[Row]:
    """One row a milestone of the case, all in accounts: where the n-th best of a group stood by a day."""
    rows = []
    ends = week_ends(run.scenario)
    for milestone in facts.milestones if facts else ():
        day = ends[nearest_week(run.scenario, milestone.day)]
        who = listed(milestone.managers, lang)
        if milestone.group:
            group = known("cohorts", milestone.group, lang)
            who = say("figure.accounts.ranked", lang, rank=milestone.rank, of=len(milestone.managers), group=group)
        rows.append(Row(say("figure.accounts.milestone", lang, who=who, day=day_text(day, lang)), at_milestone(run, milestone),
                        milestone.accounts, at_least=milestone.at_least))
    return rows


def draw_accounts(run: Runs, lang: str) -> Plot:
    """One policy: accounts so far by week; by manager; and the case's milestones."""
    facts = facts_for(run.scenario)
    rows, marks = manager_rows(run, facts, lang), milestone_rows(run, facts, lang)
    height = max(3.4, 0.30 * (len(rows) + len(marks)) + (1.6 if marks else 1.0))
    title = say("figure.accounts.title", lang, policy=title_of(run.policy, lang), scenario=title_of(run.scenario, lang))
    page = sheet(height + 0.35, title, _caption(run, facts, rows, lang, alone=True), footer(run, lang))
    grid = page.body.add_gridspec(2, 2, height_ratios=(len(rows), max(len(marks), 1)), width_ratios=(1.0, 1.0))
    so_far = page.body.add_subplot(grid[:, 0])
    _draw_so_far(so_far, run, facts, lang)
    so_far.set_title(say("figure.accounts.by_week", lang))
    so_far.set_ylim(bottom=0)
    so_far.set_ylabel(say("figure.accounts.so_far", lang))
    upper = page.body.add_subplot(grid[0, 1] if marks else grid[:, 1])
    draw_rows(upper, rows)
    upper.set_title(say("figure.accounts.by_manager", lang))
    last = upper
    if marks:
        last = page.body.add_subplot(grid[1, 1], sharex=upper)
        draw_rows(last, marks)
        last.set_title(say("figure.accounts.milestones", lang))
    last.set_xlim(left=0)
    last.set_xlabel(say("figure.accounts.unit", lang))
    _legend(page.body, facts, lang, Line2D([], [], color=MODEL, marker="|", markeredgecolor="black", markersize=9, markeredgewidth=1.8))
    return page.figure


def draw_accounts_by_policy(result: Comparison, lang: str) -> Plot:
    """Every policy: accounts so far by week, one panel each on the same scale."""
    names = short_titles([run.policy for run in result.runs], lang)
    facts = facts_for(result.scenario)
    columns, lines = _shape(len(result.runs))
    title = say("figure.accounts.all_title", lang, scenario=title_of(result.scenario, lang))
    page = sheet(1.95 * lines + 0.7, title, _caption(result.baseline, facts, [], lang), footer(result, lang))
    panels = page.body.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    _fill(panels, len(result.runs))
    for axes, run in zip(panels.flat, result.runs):
        _draw_so_far(axes, run, facts, lang, ticks=3 if columns < 4 else 2)
        axes.set_title(folded(names[run.policy.name], 84 // columns), fontsize=8.5)
    panels[0, 0].set_ylim(bottom=0)
    for axes in panels[:, 0]:
        axes.set_ylabel(say("figure.accounts.so_far", lang))
    _legend(page.body, facts, lang, Line2D([], [], color=MODEL))
    return page.figure


def draw_managers_by_policy(result: Comparison, lang: str) -> Plot:
    """Every policy: accounts by manager, one panel each on the same scale."""
    names = short_titles([run.policy for run in result.runs], lang)
    facts = facts_for(result.scenario)
    tables = [manager_rows(run, facts, lang) for run in result.runs]
    columns, lines = _shape(len(result.runs))
    title = say("figure.managers.title", lang, scenario=title_of(result.scenario, lang))
    height = (0.20 * len(tables[0]) + 0.55) * lines + 0.8
    page = sheet(height, title, _caption(result.baseline, facts, tables[0], lang), footer(result, lang))
    panels = page.body.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    _fill(panels, len(result.runs))
    for axes, run, rows in zip(panels.flat, result.runs, tables):
        draw_rows(axes, rows)
        axes.set_title(folded(names[run.policy.name], 84 // columns), fontsize=8.5)
    panels[0, 0].set_xlim(left=0)
    for place, axes in enumerate(panels.flat):
        if place >= len(result.runs) - columns:
            axes.set_xlabel(say("figure.accounts.unit", lang))
    _legend(page.body, facts, lang, Line2D([], [], linestyle="none", marker="|", color="black", markersize=9, markeredgewidth=1.8))
    return page.figure


def _shape(count: int) -> tuple[int, int]:
    """Columns and lines of small panels."""
    columns = count if count <= 3 else 4 if count > 6 or count == 4 else 3
    return columns, math.ceil(count / columns)


def _fill(panels: np.ndarray, used: int) -> None:
    """Empty places stay empty, and the panels above them get their labels back."""
    for place, axes in enumerate(panels.flat):
        if place >= used:
            axes.set_visible(False)
            panels.flat[place - panels.shape[1]].xaxis.set_tick_params(labelbottom=True)


def _draw_so_far(axes: Axes, run: Runs, facts: Facts | None, lang: str, ticks: int = 6) -> None:
    days = [run.scenario.timeline.dates[0], *week_ends(run.scenario)]
    so_far = np.pad(weekly(run, "accounts").cumsum(axis=1), ((0, 0), (1, 0)))       # nothing when the first day begins
    low, lower, middle, upper, high = quantiles(so_far)
    axes.fill_between(days, low, high, color=MODEL, alpha=0.16, linewidth=0)
    axes.fill_between(days, lower, upper, color=MODEL, alpha=0.32, linewidth=0)
    axes.plot(days, middle, color=MODEL)
    if facts:
        axes.plot(days[-1], facts.total, "D", color=CASE, markersize=7, markeredgecolor="black", clip_on=False, zorder=5)
    axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
    date_axis(axes, lang, days[0], days[-1], ticks)


def draw_rows(axes: Axes, rows: Sequence[Row]) -> None:
    """Median, middle half and nine in ten as a bar a row, with the case's count, its bounds or `at least` beside it."""
    for place, row in enumerate(rows):
        low, lower, middle, upper, high = quantiles(row.values)
        axes.plot([low, high], [place, place], color=MODEL, alpha=0.45, linewidth=2.2, solid_capstyle="butt")
        axes.plot([lower, upper], [place, place], color=MODEL, linewidth=6, alpha=0.6, solid_capstyle="butt")
        axes.plot(middle, place, "|", color="black", markersize=9, markeredgewidth=1.8)
        if row.within:
            axes.errorbar(np.mean(row.within), place, xerr=np.ptp(row.within) / 2, fmt="none", ecolor=CASE, elinewidth=1.4, capsize=4)
        if row.count is not None:
            marker = ">" if row.at_least else "D"
            axes.plot(row.count, place, marker, color=CASE, markersize=6.5, markeredgecolor="black", clip_on=False, zorder=5)
    axes.set_yticks(range(len(rows)), [row.label for row in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))


def _legend(body: SubFigure, facts: Facts | None, lang: str, median: Line2D) -> None:
    handles = [median, Patch(color=MODEL, alpha=0.45), Patch(color=MODEL, alpha=0.16)]
    words = [say(f"figure.accounts.{key}", lang) for key in ("median", "half", "most")]
    if facts:
        handles.append(Line2D([], [], marker="D", linestyle="none", color=CASE, markeredgecolor="black"))
        words.append(say("figure.accounts.case", lang, quarter=facts.quarter, total=facts.total))
    body.legend(handles, words, loc="outside lower center", ncols=4)


def _caption(run: Runs, facts: Facts | None, rows: Sequence[Row], lang: str, alone: bool = False) -> str:
    parts = [say("figure.accounts.caption" if run.replications > 1 else "figure.accounts.once", lang, replications=run.replications)]
    if facts:
        key = "figure.accounts.own_caption" if alone and run.policy.name == facts.policy else "figure.accounts.case_caption"
        parts.append(say(key, lang, total=facts.total, policy=facts.policy))
    if any(row.within for row in rows):
        parts.append(say("figure.accounts.bounds_caption", lang))
    if facts and facts.milestones and alone:
        parts.append(say("figure.accounts.milestones_caption", lang))
    return say("list.space", lang).join(parts)
