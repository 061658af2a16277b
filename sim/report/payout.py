"""The payout curve: what plans pay against the result, and what one further unit adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim import __version__
from sim.policy import FixedSchedule, Policy
from sim.policy.schedule import Knot, knots_of, summed
from sim.report.differences import short
from sim.report.style import FAINT, Look, Plot, clipped, folded, look, sheet, short_titles
from sim.report.words import known, say

MONTHS = {"month": 1, "quarter": 3}
LEAST = 10.0             # units on the horizontal axis, if no mark asks for more
BEYOND = 1.3             # so much further than the last mark the axis goes
FOOT = 128               # width of the small print, in halves of a Chinese character


class Group(NamedTuple):
    """Elements that pay on one count: what is drawn in one panel."""

    measure: str
    period: str
    payee: str


def groups_of(policies: Sequence[Policy]) -> list[Group]:
    """Every group some policy has elements in; accounts a month where all pay is fixed."""
    found = dict.fromkeys(Group(element.measure, element.period, element.payee)
                          for policy in policies for element in policy.pay.values() if element.measure)
    return list(found) or [Group("accounts", "month", "self")]


def pays_by(policy: Policy, group: Group) -> bool:
    """Whether the policy has elements in the group; a plan of fixed pay alone stands beside those paid to managers alone."""
    measured = [element for element in policy.pay.values() if element.measure]
    if not measured:
        return group.payee == "self"
    return any((element.measure, element.period, element.payee) == group for element in measured)


def curve(policy: Policy, group: Group) -> list[Knot]:
    """Pay of the group's elements by the units of its measure, CNY a period; with fixed pay, where managers are paid alone."""
    parts = [knots_of(element) for element in policy.pay.values()
             if (element.measure, element.period, element.payee) == group]
    if group.payee == "self":
        fixed = sum(knots_of(element)[0].v * MONTHS[group.period] / MONTHS[element.period]
                    for element in policy.pay.values() if isinstance(element.schedule, FixedSchedule))
        parts.append([Knot(0.0, fixed, 0.0)])
    return summed(parts)


def payout_figure(policies: Policy | Sequence[Policy], lang: str) -> Plot:
    """One column a group of elements: payout above, marginal rate beneath, the plans overlaid."""
    plans = [policies] if isinstance(policies, Policy) else list(policies)
    groups, names = groups_of(plans), short_titles(plans, lang)
    columns = 2 if len(groups) in (2, 4) else min(len(groups), 3)
    lines = -(-len(groups) // columns)
    digests = [say("figure.payout.policy", lang, name=plan.name, digest=plan.digest) for plan in plans]
    footer = clipped(say("figure.payout.footer", lang, version=__version__, policies=say("list.comma", lang).join(digests)), FOOT)
    legend_lines = -(-len(plans) // 2)
    page = sheet(4.3 * lines + 0.2 * legend_lines + 0.3, say("figure.payout.title", lang), say("figure.payout.caption", lang), footer)
    grid = page.body.add_gridspec(2 * lines, columns, height_ratios=[2.0, 1.0] * lines)
    for place, group in enumerate(groups):
        row, column = 2 * (place // columns), place % columns
        upper = page.body.add_subplot(grid[row, column])
        lower = page.body.add_subplot(grid[row + 1, column], sharex=upper)
        _draw(upper, lower, plans, group, lang)
        title = say("figure.payout.panel", lang, period=say(f"policy.{group.period}", lang), payee=known("policy.value", group.payee, lang))
        upper.set_title(folded(title, 84 // columns), fontsize=8.5)
        lower.set_ylabel(say("figure.payout.rate", lang) if column == 0 else "")
    handles = [Line2D([], [], color=face.color, linestyle=face.linestyle) for face in map(look, range(len(plans)))]
    page.body.legend(handles, [names[plan.name] for plan in plans], loc="outside lower center", ncols=2)
    return page.figure


def _draw(upper: Axes, lower: Axes, plans: Sequence[Policy], group: Group, lang: str) -> None:
    curves = {place: curve(plan, group) for place, plan in enumerate(plans) if pays_by(plan, group)}
    end = max([LEAST, *(BEYOND * knots[-1].x for knots in curves.values())])
    for place, knots in curves.items():
        _draw_curve(upper, lower, knots, end, look(place))
    period = say(f"policy.{group.period}", lang)
    upper.set_ylabel(say("figure.payout.pay", lang, period=period))
    lower.set_xlabel(say("figure.payout.measure", lang, period=period, measure=known("policy.value", group.measure, lang)))
    upper.tick_params(labelbottom=False)
    upper.set_xlim(0.0, end)
    for axes in (upper, lower):
        axes.set_ylim(0.0, max(1.0, 1.08 * axes.dataLim.y1))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(6 if axes is upper else 3))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def _draw_curve(upper: Axes, lower: Axes, knots: Sequence[Knot], end: float, face: Look) -> None:
    """Piece by piece, with a gap where pay jumps; a break is marked where the pieces meet."""
    ends = [knot.x for knot in knots[1:]] + [end]
    style = {"color": face.color, "linestyle": face.linestyle}
    for knot, stop in zip(knots, ends, strict=True):
        upper.plot([knot.x, stop], [knot.v, knot.v + knot.r * (stop - knot.x)], **style)
    steps = np.repeat([knot.x for knot in knots] + [end], 2)[1:-1]
    lower.plot(steps, np.repeat([knot.r for knot in knots], 2), **style)
    for before, knot in zip(knots, knots[1:]):
        reached = before.v + before.r * (knot.x - before.x)
        if abs(knot.v - reached) > 0.005:
            upper.plot([knot.x, knot.x], [reached, knot.v], color=FAINT, linewidth=0.8, linestyle=":")
            upper.plot(knot.x, reached, "o", color=face.color, markerfacecolor="white", markersize=5)
        elif knot.r == before.r:
            continue
        upper.plot(knot.x, knot.v, "o", color=face.color, markersize=5)
