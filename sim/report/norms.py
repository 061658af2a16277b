"""The figure of the two norms: where there are two, what tips them, how long a switch takes."""

from __future__ import annotations

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullFormatter

from sim import __version__
from sim.experiments.norms import leanings, meetings_to_switch, tipping_field
from sim.report.style import FAINT, Plot, figure_language, look, rules, sheet
from sim.report.words import check_language, say

COUPLINGS = np.linspace(0.1, 2.5, 97)
TEAMS = tuple(range(4, 25, 2))
SHOWN = (0.8, 1.2, 1.6, 2.0)              # couplings whose waiting times are drawn


def norms_figure(revisit: float = 0.08, lang: str = "en") -> Plot:
    """Three panels: leanings that keep themselves up, by coupling; the field that tips the low norm; meetings to a spontaneous switch.

    revisit: chance to revise one's leaning at a meeting (`lean_revisit`). Errors: InputError.
    """
    written = figure_language(check_language(lang))
    settings = rules(written)
    with rc_context(settings):
        page = sheet(3.1, say("norms.title", written), say("norms.caption", written, revisit=f"{revisit:g}"),
                     say("norms.footer", written, version=__version__))
        page.figure.settings = settings
        left, middle, right = page.body.subplots(1, 3)
        _states(left, written)
        _tipping(middle, written)
        _waiting(right, revisit, written)
        return page.figure


def _states(axes: Axes, lang: str) -> None:
    """Stable leanings drawn full, the tipping point between them hollow."""
    for coupling in COUPLINGS:
        for found in leanings(float(coupling)):
            axes.plot(coupling, found.value, "o", markersize=2.5, color=look(2).color, markerfacecolor=look(2).color if found.stable else "white")
    axes.axvline(1.0, color=FAINT, linewidth=0.8, linestyle=":")
    axes.set(title=say("norms.states", lang), xlabel=say("norms.coupling", lang), ylabel=say("norms.leaning", lang), ylim=(-1.05, 1.05))


def _tipping(axes: Axes, lang: str) -> None:
    axes.plot(COUPLINGS, [tipping_field(float(coupling)) for coupling in COUPLINGS], color=look(0).color)
    axes.axvline(1.0, color=FAINT, linewidth=0.8, linestyle=":")
    axes.set(title=say("norms.tipping", lang), xlabel=say("norms.coupling", lang), ylabel=say("norms.field", lang))


def _waiting(axes: Axes, revisit: float, lang: str) -> None:
    for place, coupling in enumerate(SHOWN):
        style = look(place)
        axes.plot(TEAMS, [meetings_to_switch(n, coupling, 0.0, revisit) for n in TEAMS], color=style.color, marker=style.marker,
                  markersize=3.5, linestyle=style.linestyle, label=f"J = {coupling:g}")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set(title=say("norms.waiting", lang), xlabel=say("norms.team", lang), ylabel=say("norms.meetings", lang))
    axes.legend()


__all__ = ["norms_figure"]
