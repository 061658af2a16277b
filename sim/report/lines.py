"""Lines of a user's own, in the look of the other figures: what a collector gathered day by day, a rule as a curve."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
from matplotlib import rc_context
from matplotlib.lines import Line2D

from sim.report.style import Plot, figure_language, look, rules, sheet
from sim.report.words import check_language

WIDEST = 3                   # panels in a row


def plot_lines(panels: Mapping[str, pd.DataFrame], title: str, caption: str = "", lang: str = "en") -> Plot:
    """A panel a frame, a line a column; the index runs along the axis and gives it its name. All words are the user's own.

    panels: what the vertical axis shows, unit included, to its frame. Columns of one name look alike in every panel.
    """
    settings = rules(figure_language(check_language(lang)))
    with rc_context(settings):
        rows = -(-len(panels) // WIDEST)
        names = list(dict.fromkeys(name for frame in panels.values() for name in frame.columns))
        page = sheet(2.8 * rows + 0.2, title, caption, "")
        page.figure.settings = settings
        grid = page.body.subplots(rows, min(WIDEST, len(panels)), squeeze=False).ravel()
        for axes, (label, frame) in zip(grid, panels.items(), strict=False):
            for name in frame.columns:
                style = look(names.index(name))
                axes.plot(frame.index, frame[name], color=style.color, linestyle=style.linestyle, marker=style.marker, markersize=4.0,
                          markevery=max(1, len(frame) // 6), markeredgecolor="white", markeredgewidth=0.4)
            axes.set(ylabel=label, xlabel=frame.index.name or "")
        for axes in grid[len(panels):]:
            axes.set_axis_off()
        handles = [Line2D([], [], **look(place)._asdict(), markersize=5.0) for place in range(len(names))]
        page.body.legend(handles, names, loc="outside lower center", ncols=3)
        return page.figure
