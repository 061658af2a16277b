"""What each policy costs in pay, and what it brings in accounts."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.experiments.compare import Comparison
from sim.report.differences import short
from sim.report.footer import footer
from sim.report.series import estimate
from sim.report.style import FAINT, Plot, look, sheet, short_titles
from sim.report.words import axis_name, percent, say

MOST_SPREADS = 3  # policies; of more, the spreads of replications would leave all means on one spot


def draw_pay_output(result: Comparison, lang: str) -> Plot:
    """Mean accounts over mean pay, with the interval of both means and, of few policies, the spread of replications; rays of equal cost."""
    names = short_titles([run.policy for run in result.runs], lang)
    zoomed = len(result.runs) > MOST_SPREADS
    caption = say("figure.pay_output.zoomed_caption" if zoomed else "figure.pay_output.caption", lang,
                  confidence=percent(result.confidence, lang), replications=result.baseline.replications)
    legend_lines = -(-len(result.runs) // 2)
    page = sheet((4.6 if zoomed else 3.9) + 0.2 * legend_lines, say("figure.pay_output.title", lang), caption, footer(result, lang))
    axes = page.body.subplots()
    handles = []
    for place, run in enumerate(result.runs):
        face, totals = look(place), run.totals()
        pay, accounts = (estimate(totals[name].to_numpy(), result.intervals) for name in ("pay", "accounts"))
        if not zoomed:
            spread = {name: np.quantile(totals[name].to_numpy(), (0.05, 0.95)) for name in ("pay", "accounts")}
            axes.plot(spread["pay"], [accounts.mean] * 2, color=face.color, linewidth=0.9, alpha=0.6)
            axes.plot([pay.mean] * 2, spread["accounts"], color=face.color, linewidth=0.9, alpha=0.6)
        width = 1.3 if zoomed else 3
        axes.plot([pay.low, pay.high], [accounts.mean] * 2, color=face.color, linewidth=width, solid_capstyle="butt")
        axes.plot([pay.mean] * 2, [accounts.low, accounts.high], color=face.color, linewidth=width, solid_capstyle="butt")
        handles += axes.plot(pay.mean, accounts.mean, face.marker, color=face.color, markersize=7 if zoomed else 8,
                             markerfacecolor="none", markeredgewidth=1.7, zorder=4)
    _margins(axes, zoomed)
    _rays(axes, lang)
    axes.set_xlabel(axis_name("pay", lang))
    axes.set_ylabel(axis_name("accounts", lang))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    page.body.legend(handles, list(names.values()), loc="outside lower center", ncols=2)
    return page.figure


def _margins(axes: Axes, zoomed: bool) -> None:
    """Room around what is drawn. zoomed: the vertical axis need not start at zero."""
    low, high = axes.get_xlim()
    room = max(high - low, 0.02 * abs(high), 1.0)
    axes.set_xlim(max(0.0, (low + high - room) / 2 - 0.1 * room), (low + high + room) / 2 + 0.1 * room)
    bottom, top = axes.get_ylim()
    axes.set_ylim(max(0.0, bottom) if zoomed else 0.0, max(1.0, top if zoomed else top * 1.05))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(7, integer=axes.get_ylim()[1] - axes.get_ylim()[0] > 5))


def _rays(axes: Axes, lang: str) -> None:
    """Lines on which an account costs the same in pay, for round amounts, labelled in the margin where they leave."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    for cost in round_costs(right / top, right / max(1.05 * bottom, 0.12 * top)):
        x, y = (right, right / cost) if right / cost <= top else (top * cost, top)
        if x <= left:
            continue
        axes.plot([max(left, bottom * cost), x], [max(left / cost, bottom), y], color=FAINT, linewidth=0.8, linestyle=(0, (1, 2)), zorder=1)
        offset, across, along = ((4, 0), "left", "center") if x == right else ((0, 3), "center", "bottom")
        axes.annotate(say("figure.pay_output.ray", lang, cost=f"{cost:,.0f}"), (x, y), offset, textcoords="offset points",
                      ha=across, va=along, fontsize=7.5, color=FAINT)


def round_costs(low: float, high: float) -> list[float]:
    """Up to five round amounts between two amounts of CNY: 1, 2 or 5 times a power of ten, or where they lie close, multiples of one."""
    if not 0 < low < high < np.inf:
        return []
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    amounts = sorted(step * 10.0 ** power for power in powers for step in (1.0, 2.0, 5.0))
    inside = [amount for amount in amounts if low <= amount <= high][:5]
    finer = MaxNLocator(5, steps=(1, 2, 5, 10)).tick_values(low, high) if len(inside) < 2 else inside
    return [float(amount) for amount in finer if low <= amount <= high]
