"""Differences to the baseline, policy by policy, as a forest plot of small multiples."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.experiments.compare import Comparison
from sim.experiments.measures import list_measures
from sim.report.findings import MAIN, verdict
from sim.report.footer import footer
from sim.report.style import FAINT, Plot, folded, look, sheet, short_titles
from sim.report.words import gap, measure_name, percent, say, unit_name

COLUMNS = 3


def draw_differences(result: Comparison, lang: str) -> Plot:
    """One panel a measure, one row a policy: the mean paired difference with its interval, and its value written out."""
    names = short_titles([run.policy for run in result.runs], lang)
    measures = [measure for measure in MAIN if (result.table["measure"] == measure).any()]
    lines = -(-len(measures) // COLUMNS)
    others = len(result.runs) - 1
    title = say("figure.differences.title", lang, baseline=names[result.baseline.policy.name])
    caption = say("figure.differences.caption", lang, confidence=percent(result.confidence, lang),
                  replications=result.baseline.replications)
    page = sheet((0.30 * others + 0.75) * lines + 0.35, title, caption, footer(result, lang))
    panels = page.body.subplots(lines, COLUMNS, sharey=True, squeeze=False)
    for axes, measure in zip(panels.flat, measures):
        rows = result.table[result.table["measure"] == measure].set_index("policy").loc[[run.policy.name for run in result.runs[1:]]]
        _draw(axes, rows, list_measures()[measure].unit)
        axes.set_title(folded(measure_name(measure, lang), 24))
        axes.set_xlabel(unit_name(list_measures()[measure].unit, lang))
    panels[0, 0].set_yticks(range(others), [folded(names[run.policy.name], 32) for run in result.runs[1:]])
    panels[0, 0].set_ylim(others - 0.4, -0.6)
    for axes in panels.flat[len(measures):]:
        axes.set_visible(False)
    return page.figure


def _draw(axes: Axes, rows: pd.DataFrame, unit: str) -> None:
    axes.axvline(0.0, color=FAINT, linewidth=0.9)
    for place, row in enumerate(rows.itertuples()):
        face = look(place + 1)
        told = verdict(row.ci_low, row.ci_high) in ("more", "less")
        axes.plot([row.ci_low, row.ci_high], [place, place], color=face.color, linewidth=2.0, solid_capstyle="butt")
        axes.plot(row.difference, place, face.marker, color=face.color, markerfacecolor=face.color if told else "white",
                  markersize=6, markeredgewidth=1.3)
        axes.text(1.02, place, gap(row, unit), transform=axes.get_yaxis_transform(), va="center", fontsize=8)
    low, high = min(0.0, rows["ci_low"].min()), max(0.0, rows["ci_high"].max())
    margin = 0.08 * (high - low) or 1.0
    axes.set_xlim(low - margin, high + margin)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.grid(visible=False, axis="y")


def short(value: float) -> str:
    """A mark on an axis, with thousands apart and a true minus."""
    small = 0.0 < abs(value) < 1e-4                       # which `g` would write as 8e-05
    return (f"{value:.10f}".rstrip("0") if small else f"{value:,.10g}").replace("-", "\N{MINUS SIGN}")
