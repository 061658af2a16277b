"""The payout curve: what plans pay against the result, and what one further unit adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim import __version__
from sim.errors import InputError
from sim.policy import Element, Policy
from sim.policy.base import MONTHS_OF
from sim.policy.facts import Along, along, is_fixed
from sim.policy.measures import unit_of
from sim.policy.readings import Reading
from sim.policy.schedule import Knot, knots_of, summed
from sim.report.describe import amount_text, measure_text, reading_text
from sim.report.differences import short
from sim.report.style import FAINT, Look, Plot, clipped, folded, look, sheet, short_titles
from sim.report.words import known, say

# Units on the horizontal axis, if no mark or target asks for more.
LEAST = {"CNY": 100_000.0, "yuan_days": 1e7, "share": 1.0, "points": 100.0, "months": 24.0, "days": 31.0}
FEWEST, WHOLE = 10.0, 1.5     # of any other unit; and of a target
BEYOND = 1.3                  # so much further than the last mark the axis goes
FOOT = 128                    # width of the small print, in halves of a Chinese character
LETTERS = {"en": 76, "zh": 84}          # across all columns, in halves of a Chinese character; bold Latin letters take more
WIDE = 10_000                 # numbers from here on leave room for few ticks
COUNTED = ("accounts", "contacts", "customers", "items", "people", "months", "years")      # units that need no name on the axis


class Group(NamedTuple):
    """Elements that pay on one count: what is drawn in one panel.

    by: units of the measure, or attainment where no file gives a target. over, annualised: as a reading has them. per: the measure
    that a looked-up rate is paid on, if it has no target.
    """

    measure: str
    period: str
    payee: str
    by: str = "units"
    over: str = "period"
    annualised: bool = False
    per: str = ""


def group_of(element: Element) -> Group | None:
    """The panel an element belongs in; None for fixed pay."""
    drawn = along(element)
    return None if drawn is None else _group(element, drawn)


def _group(element: Element, drawn: Along) -> Group:
    reading = drawn.reading
    per = element.measure or "" if drawn.per is not None else ""
    return Group(reading.measure, element.period, element.payee, drawn.by, reading.over, reading.annualised, per)


def groups_of(policies: Sequence[Policy]) -> list[Group]:
    """Every group some policy has elements in; accounts a month where all pay is fixed."""
    found = dict.fromkeys(group_of(element) for policy in policies for element in policy.pay.values())
    return [group for group in found if group is not None] or [Group("accounts", "month", "self")]


def pays_by(policy: Policy, group: Group) -> bool:
    """Whether the policy has elements in the group; a plan of fixed pay alone stands beside those paid to managers alone."""
    groups = [found for element in policy.pay.values() if (found := group_of(element)) is not None]
    return group in groups if groups else group.payee == "self"


def curve(policy: Policy, group: Group) -> list[Knot]:
    """Pay of the group's elements by the result, CNY a period; with fixed pay, where managers are paid alone."""
    drawn = [(element, found) for element in policy.pay.values() if (found := along(element)) is not None]
    parts = [[Knot(float(piece.x), float(piece.v), float(piece.r)) for piece in found.pieces]
             for element, found in drawn if _group(element, found) == group]
    if group.payee == "self":
        fixed = sum(knots_of(element)[0].v * MONTHS_OF[group.period] / MONTHS_OF[element.period]
                    for element in policy.pay.values() if is_fixed(element) and element.payee == "self")
        parts.append([Knot(0.0, fixed, 0.0)])
    return summed(parts)


def payout_figure(policies: Policy | Sequence[Policy], lang: str, people: pd.DataFrame | None = None) -> Plot:
    """One column a group of elements: payout above, marginal rate beneath, the plans overlaid.

    people: units and pay of each, drawn as dots into the panel of the element that a third column, `element`, names; without that
    column into the first panel. Units and pay as the axes count them: attainment where the panel does, fixed pay where it is in.
    Errors: InputError for people without these columns.
    """
    plans = [policies] if isinstance(policies, Policy) else list(policies)
    groups, names = groups_of(plans), short_titles(plans, lang)
    dots = _dots(people, plans, groups)
    columns = 2 if len(groups) in (2, 4) else min(len(groups), 3)
    lines = -(-len(groups) // columns)
    digests = [say("figure.payout.policy", lang, name=plan.name, digest=plan.digest) for plan in plans]
    footer = clipped(say("figure.payout.footer", lang, version=__version__, policies=say("list.comma", lang).join(digests)), FOOT)
    legend_lines = -(-(len(plans) + (people is not None)) // 2)
    page = sheet(4.3 * lines + 0.2 * legend_lines + 0.3, say("figure.payout.title", lang), _caption(plans, groups, people, lang), footer)
    grid = page.body.add_gridspec(2 * lines, columns, height_ratios=[2.0, 1.0] * lines)
    for place, group in enumerate(groups):
        row, column = 2 * (place // columns), place % columns
        upper = page.body.add_subplot(grid[row, column])
        lower = page.body.add_subplot(grid[row + 1, column], sharex=upper)
        _draw(upper, lower, plans, group, dots.get(place), columns, lang)
        upper.set_title(folded(_title(plans, group, lang), LETTERS[lang] // columns), fontsize=8.5)
        lower.set_ylabel(_rate_name(group, lang) if column == 0 or _percent(group) != _percent(groups[place - 1]) else "")
    handles = [Line2D([], [], color=face.color, linestyle=face.linestyle) for face in map(look, range(len(plans)))]
    told = [names[plan.name] for plan in plans]
    if people is not None:
        handles.append(Line2D([], [], **DOTS))
        told.append(say("figure.payout.people", lang))
    page.body.legend(handles, told, loc="outside lower center", ncols=2)
    return page.figure


DOTS = {"linestyle": "none", "marker": "o", "markersize": 3.0, "color": FAINT, "alpha": 0.55, "markeredgewidth": 0.0}


def _dots(people: pd.DataFrame | None, plans: Sequence[Policy], groups: Sequence[Group]) -> dict[int, pd.DataFrame]:
    """People by the place of the panel they are drawn in."""
    if people is None:
        return {}
    for column in ("units", "pay"):
        if column not in people:
            raise InputError("people", column, found="no such column", expected="numbers in the columns `units` and `pay`")
    if "element" not in people:
        return {0: people}
    panels = {name: groups.index(group) for plan in plans for name, element in plan.pay.items() if (group := group_of(element)) is not None}
    places = people["element"].map(panels)
    return {int(place): rows for place, rows in people.groupby(places) if len(rows)}


def _caption(plans: Sequence[Policy], groups: Sequence[Group], people: pd.DataFrame | None, lang: str) -> str:
    """What is drawn, with what needs saying of these plans alone."""
    elements = [element for plan in plans for element in plan.pay.values()]
    drawn = [found for element in elements if (found := along(element)) is not None]
    rents = (found.reading.target is not None and found.reading.target.rent is not None for found in drawn)
    said = {
        "figure.payout.caption": True, "figure.payout.others_caption": any(found.others for found in drawn),
        "figure.payout.attainment_caption": any(group.by == "attainment" for group in groups), "figure.payout.rent_caption": any(rents),
        "figure.payout.later_caption": any(element.payment is not None for element in elements),
        "figure.payout.people_caption": people is not None,
    }
    return say("list.space", lang).join(say(key, lang) for key, wanted in said.items() if wanted)


def _title(plans: Sequence[Policy], group: Group, lang: str) -> str:
    """The elements of the panel, whom they pay, and what a looked-up rate is paid on."""
    labels = dict.fromkeys(getattr(element.label, lang) if element.label else name for plan in plans
                           for name, element in plan.pay.items() if group_of(element) == group)
    parts = {"period": say(f"policy.{group.period}", lang), "payee": known("policy.value", group.payee, lang)}
    if not labels:
        return say("figure.payout.fixed", lang, **parts)
    title = say("figure.payout.panel", lang, elements=clipped(say("list.comma", lang).join(labels), 60), **parts)
    if not group.per:
        return title
    elements = (element for plan in plans for element in plan.pay.values())
    whole = next(found.per for element in elements if (found := along(element)) and _group(element, found) == group)
    amount = amount_text(whole or 1, group.per, lang)
    return say("figure.payout.per", lang, title=title, amount=amount, measure=measure_text(group.per, lang))


def _percent(group: Group) -> bool:
    """Whether results are shares, told in per cent."""
    return group.by == "attainment" or unit_of(group.measure) == "share"


def _rate_name(group: Group, lang: str) -> str:
    return say("figure.payout.rate_percent" if _percent(group) else "figure.payout.rate", lang)


def _measure_name(group: Group, lang: str) -> str:
    """What stands beneath the horizontal axis."""
    reading = Reading.model_construct(measure=group.measure, over=group.over, annualised=group.annualised, target=None)
    parts = {"period": say(f"policy.{group.period}", lang), "measure": reading_text(reading, lang)}
    if group.by == "attainment":
        return say("figure.payout.attainment", lang, **parts)
    unit = unit_of(group.measure) or ""
    if unit in COUNTED or unit == "share":
        return say("figure.payout.measure", lang, **parts)
    return say("figure.payout.measure_unit", lang, unit=known("policy.unit", unit, lang), **parts)


def _end(plans: Sequence[Policy], group: Group) -> float:
    """Where the horizontal axis ends: past every mark and every target."""
    drawn = [found for plan in plans for element in plan.pay.values() if (found := along(element)) and _group(element, found) == group]
    targets = [WHOLE * found.reading.target.value for found in drawn if found.reading.target and found.reading.target.value]
    asked = max([*(BEYOND * float(found.last) for found in drawn), *targets], default=0.0)
    least = WHOLE if group.by == "attainment" else LEAST.get(unit_of(group.measure) or "", FEWEST)
    return asked if asked > least or asked and least >= WIDE else least


def _draw(upper: Axes, lower: Axes, plans: Sequence[Policy], group: Group, dots: pd.DataFrame | None, columns: int, lang: str) -> None:
    curves = {place: curve(plan, group) for place, plan in enumerate(plans) if pays_by(plan, group)}
    end = _end(plans, group)
    if dots is not None:
        end = max(end, 1.05 * float(dots["units"].max()))
        upper.plot(dots["units"], dots["pay"], zorder=1.5, **DOTS)
    for place, knots in curves.items():
        _draw_curve(upper, lower, knots, end, look(place), 0.01 if _percent(group) else 1.0)
    upper.set_ylabel(say("figure.payout.pay", lang, period=say(f"policy.{group.period}", lang)))
    lower.set_xlabel(folded(_measure_name(group, lang), LETTERS[lang] // columns))
    upper.tick_params(labelbottom=False)
    upper.set_xlim(0.0, end)
    for axes in (upper, lower):
        low, high = min(0.0, axes.dataLim.y0), max(0.0, axes.dataLim.y1)
        margin = 0.08 * (high - low)
        axes.set_ylim(low - margin if low else 0.0, high + margin if high or low else 1.0)
        few = columns == 3 and (end >= WIDE or _percent(group))
        axes.xaxis.set_major_locator(MaxNLocator(3 if few else 6, integer=not _percent(group)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.10g} %" if _percent(group) else short(value)))
        axes.yaxis.set_major_locator(MaxNLocator(6 if axes is upper else 3))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def _draw_curve(upper: Axes, lower: Axes, knots: Sequence[Knot], end: float, face: Look, step: float) -> None:
    """Piece by piece, with a gap where pay jumps; a break is marked where the pieces meet. step: what one further unit is."""
    ends = [knot.x for knot in knots[1:]] + [end]
    style = {"color": face.color, "linestyle": face.linestyle}
    for knot, stop in zip(knots, ends, strict=True):
        upper.plot([knot.x, stop], [knot.v, knot.v + knot.r * (stop - knot.x)], **style)
    steps = np.repeat([knot.x for knot in knots] + [end], 2)[1:-1]
    lower.plot(steps, np.repeat([knot.r * step for knot in knots], 2), **style)
    for before, knot in zip(knots, knots[1:]):
        reached = before.v + before.r * (knot.x - before.x)
        if abs(knot.v - reached) > 0.005:
            upper.plot([knot.x, knot.x], [reached, knot.v], color=FAINT, linewidth=0.8, linestyle=":")
            upper.plot(knot.x, reached, "o", color=face.color, markerfacecolor="white", markersize=5)
        elif knot.r == before.r:
            continue
        upper.plot(knot.x, knot.v, "o", color=face.color, markersize=5)
