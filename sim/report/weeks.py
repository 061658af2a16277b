"""How norm, effort and skill move over the weeks."""

from __future__ import annotations

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from sim.experiments.compare import Comparison
from sim.experiments.intervals import Intervals
from sim.experiments.measures import list_measures
from sim.experiments.simulate import Runs
from sim.report.footer import footer
from sim.report.series import full_weeks, week_ends, weekly
from sim.report.style import Plot, date_axis, look, sheet, short_titles
from sim.report.words import measure_name, percent, say, unit_name

SHOWN = ("norm", "effort", "skill")              # the first two share a scale


def draw_weeks(result: Runs | Comparison, lang: str) -> Plot:
    """One panel a measure, one line a policy: the mean of replications with its interval."""
    runs = result.runs if isinstance(result, Comparison) else [result]
    intervals = result.intervals if isinstance(result, Comparison) else Intervals()
    names = short_titles([run.policy for run in runs], lang)
    days = week_ends(runs[0].scenario)
    caption = say("figure.weeks.caption" if runs[0].replications > 1 else "figure.accounts.once", lang,
                  confidence=percent(intervals.confidence, lang), replications=runs[0].replications)
    page = sheet(2.9 + 0.2 * -(-len(runs) // 2), say("figure.weeks.title", lang), caption, footer(result, lang))
    panels = page.body.subplots(1, len(SHOWN), sharex=True)
    panels[1].sharey(panels[0])
    full = full_weeks(runs[0].scenario)
    first, days = runs[0].scenario.timeline.dates[0], [days[week] for week in full]
    every = max(1, len(days) // 5)
    for axes, measure in zip(panels, SHOWN):
        for place, run in enumerate(runs):
            face, values = look(place), weekly(run, measure)[:, full]
            mean, half = values.mean(axis=0), np.nan_to_num(intervals.half(values))
            axes.fill_between(days, mean - half, mean + half, color=face.color, alpha=0.18, linewidth=0)
            axes.plot(days, mean, color=face.color, linestyle=face.linestyle, marker=face.marker, markersize=4.5,
                      markevery=(place % every, every), markeredgecolor="white", markeredgewidth=0.4)
        axes.set_title(measure_name(measure, lang))
        axes.set_ylabel(unit_name(list_measures()[measure].unit, lang))
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.margins(y=0.08)
        date_axis(axes, lang, first, days[-1], 4)
    handles = [Line2D([], [], **look(place)._asdict(), markersize=5.5) for place in range(len(runs))]
    page.body.legend(handles, list(names.values()), loc="outside lower center", ncols=2)
    return page.figure
