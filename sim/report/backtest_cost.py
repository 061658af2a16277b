"""Figures of what plans cost: month by month, if results move, and by element and grade."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.payroll.backtest import Backtest
from sim.policy import Policy
from sim.report.backtest_words import element_name, footer_of, measure_word, tell
from sim.report.differences import short
from sim.report.style import COLOURS, FAINT, Plot, folded, look, sheet, short_titles

MOST_PLANS = 6                        # drawn; tables hold all
MOST_ELEMENTS = 7                     # with a colour of their own
MOST_GRADES = 12
HATCHES = ("", "////", "....", "xxxx", "\\\\\\\\", "oooo", "++++", "----")
THOUSAND_CNY = 100_000                # fen


def drawn(result: Backtest) -> tuple[Policy, ...]:
    return result.policies[:MOST_PLANS]


def titled(result: Backtest, lang: str) -> dict[str, str]:
    """Short titles of the drawn plans, the baseline marked."""
    found = short_titles(drawn(result), lang)
    if len(result.policies) > 1:
        found[result.baseline.name] = tell("page.baseline_mark", lang, name=found[result.baseline.name])
    return found


def legend_of_plans(page: object, result: Backtest, lang: str, markers: bool = True) -> None:
    """A legend below the body: one entry a plan, with the number of plans left out."""
    faces = [look(place) for place in range(len(drawn(result)))]
    handles = [
        Line2D([], [], color=face.color, marker=face.marker if markers else "", linestyle="" if markers else face.linestyle)
        for face in faces
    ]
    texts = list(titled(result, lang).values())
    if (left := len(result.policies) - len(texts)) > 0:
        handles.append(Line2D([], [], linestyle=""))
        texts.append(tell("figure.more", lang, count=left))
    page.body.legend(handles, texts, loc="outside lower center", ncols=2)  # type: ignore[attr-defined]


def legend_height(result: Backtest) -> float:
    """Inches."""
    return 0.2 * -(-min(len(result.policies), MOST_PLANS + 1) // 2) + 0.1


def numbers(axes: Axes, x: int | None = None, y: int | None = 6) -> None:
    """Marks with thousands apart and a true minus."""
    for axis, count in ((axes.xaxis, x), (axes.yaxis, y)):
        if count:
            axis.set_major_locator(MaxNLocator(count))
            axis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


# --- over time --------------------------------------------------------------------------------------------------------


def cost_figure(result: Backtest, lang: str) -> Plot:
    """Pay by month, and as a share of income where that is recorded."""
    known = result.income_measure is not None
    caption = tell("figure.cost.caption", lang) + ("" if known else tell("figure.cost.no_income", lang))
    page = sheet((4.3 if known else 2.8) + legend_height(result), tell("figure.cost.title", lang), caption, footer_of(result, lang))
    panels = page.body.subplots(2 if known else 1, 1, sharex=True, squeeze=False, height_ratios=(3, 2) if known else (1,))[:, 0]
    for place, policy in enumerate(drawn(result)):
        rows, face = result.cost[result.cost["policy"] == policy.name], look(place)
        style = {"color": face.color, "linestyle": face.linestyle, "marker": face.marker, "markersize": 4, "markerfacecolor": "none"}
        panels[0].plot(np.arange(len(rows)), rows["pay"] / THOUSAND_CNY, **style)
        if known:
            panels[1].plot(np.arange(len(rows)), 100 * rows["share"], **style)
    months = result.cost["month"].unique()
    marks = np.arange(0, len(months), -(-len(months) // 12))
    panels[-1].set_xticks(marks, [months[mark] for mark in marks], rotation=30 if len(marks) > 8 else 0)
    panels[0].set_ylabel(tell("figure.cost.pay", lang))
    if known:
        panels[1].set_ylabel(folded(tell("figure.cost.share", lang, measure=measure_word(str(result.income_measure), lang)), 26))
    for axes in panels:
        numbers(axes, y=5)
        _from_zero(axes)
    legend_of_plans(page, result, lang)
    return page.figure


def _from_zero(axes: Axes) -> None:
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), max(high, 0.0) or 1.0)


# --- if results move --------------------------------------------------------------------------------------------------


def fan_figure(result: Backtest, lang: str) -> Plot:
    """Total pay by level of performance, and apart from it by volatility, each with the band over resampled people."""
    banded = bool(result.weights)
    caption = tell("figure.fan.caption", lang, resamples=result.resamples) if banded else tell("figure.fan.no_band", lang)
    page = sheet(3.2 + legend_height(result), tell("figure.fan.title", lang), caption, footer_of(result, lang))
    panels = page.body.subplots(1, 2, sharey=True)
    for axes, table, key, what in ((panels[0], result.fan, "scale", "level"), (panels[1], result.volatility, "spread", "volatility")):
        _fan(axes, result, table, key)
        axes.set_title(tell(f"figure.fan.{what}", lang))
        axes.set_xlabel(tell(f"figure.fan.{key}", lang))
    panels[0].set_ylabel(tell("figure.fan.pay", lang))
    numbers(panels[0])
    legend_of_plans(page, result, lang)
    return page.figure


def _fan(axes: Axes, result: Backtest, table: pd.DataFrame, key: str) -> None:
    plans = drawn(result)
    factors = sorted(table[key].unique())
    step = min(np.diff(factors), default=1.0)
    for place, policy in enumerate(plans):
        rows, face = table[table["policy"] == policy.name].sort_values(key), look(place)
        x = 100 * (rows[key].to_numpy() + (place - (len(plans) - 1) / 2) * 0.09 * step)
        axes.plot(
            x, rows["pay"] / THOUSAND_CNY, color=face.color, linestyle=face.linestyle, linewidth=1.0, marker=face.marker, markersize=5
        )
        known = rows["low"].notna().to_numpy()
        axes.vlines(
            x[known], rows["low"][known] / THOUSAND_CNY, rows["high"][known] / THOUSAND_CNY, color=face.color, linewidth=2.2, alpha=0.55
        )
    axes.set_xticks([100 * factor for factor in factors], [short(round(100 * factor, 2)) for factor in factors])


# --- components -------------------------------------------------------------------------------------------------------


def components_figure(result: Backtest, lang: str) -> Plot:
    """Stacked bars: mean pay a month in post, by element, for each grade and plan."""
    plans = drawn(result)
    grades = _grades(result.components)
    labels = _elements(result, plans, lang)
    columns = min(len(plans), 3)
    lines = -(-len(plans) // columns)
    page = sheet((0.26 * len(grades) + 0.95) * lines + 0.2 * -(-len(labels) // 4) + 0.35, tell("figure.components.title", lang),
                 tell("figure.components.caption", lang), footer_of(result, lang))
    panels = page.body.subplots(lines, columns, sharex=True, sharey=True, squeeze=False)
    names = titled(result, lang)
    for axes, policy in zip(panels.flat, plans):
        _stack(axes, result, policy, grades, labels, lang)
        axes.set_title(folded(names[policy.name], 84 // columns), fontsize=8.5)
        axes.axvline(0.0, color=FAINT, linewidth=0.8)
        axes.grid(visible=False, axis="y")
        numbers(axes, x=4, y=None)
    for place, axes in enumerate(panels.flat):
        axes.set_visible(place < len(plans))
        axes.tick_params(labelbottom=True)
        if place + columns >= len(plans):
            axes.set_xlabel(tell("figure.components.x", lang))
    heads = result.components.drop_duplicates("grade").set_index("grade")["people"]
    shown = [
        tell("figure.components.row", lang, grade=grade or tell("figure.components.no_grade", lang), people=heads[grade])
        for grade in grades
    ]
    panels[0, 0].set_yticks(range(len(grades)), [folded(text, 26) for text in shown])
    panels[0, 0].set_ylim(len(grades) - 0.45, -0.55)
    handles = [Patch(facecolor=COLOURS[1:][place % 7], hatch=HATCHES[place % len(HATCHES)], edgecolor="white", label=label)
               for place, label in enumerate(labels)]
    page.body.legend(handles=handles, loc="outside lower center", ncols=min(4, len(handles)))
    return page.figure


def _grades(components: pd.DataFrame) -> list[str]:
    """Those with most people, in the order of the records."""
    people = components.drop_duplicates("grade").set_index("grade")["people"]
    kept = set(people.sort_values(ascending=False, kind="stable").index[:MOST_GRADES])
    return [grade for grade in people.index if grade in kept and people[grade] > 0]


def _elements(result: Backtest, plans: Sequence[Policy], lang: str) -> list[str]:
    """Labels with a colour of their own, those that pay most, and one for the rest."""
    sums: dict[str, float] = {}
    for policy in plans:
        for row in result.components[result.components["policy"] == policy.name].itertuples():
            label = element_name(policy, str(row.element), lang)
            sums[label] = sums.get(label, 0.0) + abs(row.pay)
    kept = [label for label in sums if sums[label] > 0]
    if len(kept) > MOST_ELEMENTS:
        largest = sorted(kept, key=lambda label: -sums[label])[: MOST_ELEMENTS - 1]
        kept = [label for label in kept if label in largest] + [tell("figure.components.other", lang)]
    return kept


def _stack(axes: Axes, result: Backtest, policy: Policy, grades: Sequence[str], labels: Sequence[str], lang: str) -> None:
    rows = result.components[result.components["policy"] == policy.name]
    heights = np.zeros((len(labels), len(grades)))
    for row in rows.itertuples():
        label = element_name(policy, str(row.element), lang)
        if row.grade in grades and row.pay:
            heights[labels.index(label) if label in labels else len(labels) - 1, grades.index(row.grade)] += row.a_month
    for sign in (1, -1):
        start = np.zeros(len(grades))
        for place, row in enumerate(np.maximum(sign * heights, 0.0)):
            if row.any():
                axes.barh(
                    np.arange(len(grades)),
                    sign * row,
                    0.62,
                    left=sign * start,
                    color=COLOURS[1:][place % 7],
                    hatch=HATCHES[place % len(HATCHES)],
                    edgecolor="white",
                    linewidth=0.4,
                )
            start += row


