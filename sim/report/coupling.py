"""How far worlds under different policies still share their luck, week by week."""

from __future__ import annotations

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from sim.experiments.compare import Comparison
from sim.report.footer import footer
from sim.report.series import full_weeks, week_ends
from sim.report.style import FAINT, Plot, date_axis, look, sheet, short_titles
from sim.report.words import measure_name, say

SHOWN = ("accounts", "effort", "skill")


def gains(result: Comparison, measure: str) -> dict[str, np.ndarray]:
    """The pairing gain of each policy's difference in each full week; NaN where the difference does not vary."""
    table = result.coupling([measure])
    weeks = [result.scenario.timeline.week_labels[week] for week in full_weeks(result.scenario)]
    wide = table.pivot(index="period", columns="policy", values="variance_reduction")
    return {run.policy.name: wide.loc[weeks, run.policy.name].to_numpy() for run in result.runs[1:]}


def draw_coupling(result: Comparison, lang: str) -> Plot:
    """One panel a measure, one line a policy: variance of the week's difference without shared luck over that with it."""
    names = short_titles([run.policy for run in result.runs], lang)
    full, ends = full_weeks(result.scenario), week_ends(result.scenario)
    first, days = result.scenario.timeline.dates[0], [ends[week] for week in full]
    page = sheet(2.9 + 0.2 * -(-len(result.runs) // 2), say("figure.coupling.title", lang),
                 say("figure.coupling.caption", lang, replications=result.baseline.replications), footer(result, lang))
    panels = page.body.subplots(1, len(SHOWN), sharex=True, sharey=True)
    every = max(1, len(days) // 5)
    for axes, measure in zip(panels, SHOWN, strict=True):
        axes.axhline(1.0, color=FAINT, linewidth=0.9)
        for place, values in enumerate(gains(result, measure).values(), start=1):
            face = look(place)
            axes.plot(days, values, color=face.color, linestyle=face.linestyle, marker=face.marker, markersize=4.5,
                      markevery=(place % every, every), markeredgecolor="white", markeredgewidth=0.4)
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=12))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        axes.set_title(measure_name(measure, lang))
        date_axis(axes, lang, first, days[-1], 4)
    panels[0].set_ylabel(say("figure.coupling.axis", lang))
    handles = [Line2D([], [], **look(place)._asdict(), markersize=5.5) for place in range(1, len(result.runs))]
    page.body.legend(handles, [names[run.policy.name] for run in result.runs[1:]], loc="outside lower center", ncols=2)
    return page.figure
