"""Short against long term: profit after pay from the first day, quarter by quarter, against the baseline's."""

from __future__ import annotations

import numpy as np
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from sim.experiments.compare import Comparison
from sim.experiments.simulate import Runs
from sim.report.differences import short
from sim.report.footer import footer
from sim.report.series import profit_gaps
from sim.report.style import FAINT, Plot, folded, look, sheet, short_titles
from sim.report.words import percent, say

FEWEST_QUARTERS = 4
MOST_MARKS = 12


def shows_profit(result: Runs | Comparison) -> bool:
    """Whether the horizon is long enough for the figure."""
    return isinstance(result, Comparison) and len(result.scenario.timeline.quarter_labels) >= FEWEST_QUARTERS


def draw_profit(result: Comparison, lang: str) -> Plot:
    """One line a policy: the paired difference in profit after pay so far, with its interval."""
    names, gaps = short_titles([run.policy for run in result.runs], lang), profit_gaps(result)
    quarters = result.scenario.timeline.quarter_labels
    caption = say("figure.profit.caption", lang, confidence=percent(result.confidence, lang), replications=result.baseline.replications)
    title = say("figure.profit.title", lang, baseline=names[result.baseline.policy.name])
    page = sheet(3.6 + 0.2 * -(-len(gaps) // 2), title, caption, footer(result, lang))
    axes = page.body.subplots()
    axes.axhline(0.0, color=FAINT, linewidth=0.9)
    places = np.arange(len(quarters))
    for place, (mean, half) in enumerate(gaps.values(), start=1):
        face, mean, half = look(place), mean / 1e4, half / 1e4
        axes.fill_between(places, mean - half, mean + half, color=face.color, alpha=0.18, linewidth=0)
        axes.plot(places, mean, color=face.color, linestyle=face.linestyle, marker=face.marker, markersize=5,
                  markeredgecolor="white", markeredgewidth=0.4)
    step = -(-len(quarters) // MOST_MARKS)
    axes.set_xticks(places[::step], [folded(label.replace("-", " "), 5) for label in quarters[::step]])
    axes.set_ylabel(say("figure.profit.unit", lang))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    handles = [Line2D([], [], **look(place)._asdict(), markersize=5.5) for place in range(1, len(gaps) + 1)]
    page.body.legend(handles, [names[name] for name in gaps], loc="outside lower center", ncols=2)
    return page.figure
