"""Figures of a history's people: attainment, pay for performance, winners and losers, fairness. And the one door to all of them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes

from sim.errors import InputError, nearest
from sim.payroll.backtest import BANDS, Backtest
from sim.payroll.backtest_people import TENURES, outliers, robust_line
from sim.policy import Policy
from sim.policy.base import MONTHS_OF
from sim.policy.facts import is_fixed
from sim.policy.schedule import knots_of
from sim.report.backtest_cost import (
    components_figure, cost_figure, drawn, fan_figure, legend_height, legend_of_plans, numbers, titled,
)
from sim.report.backtest_lines import only
from sim.report.backtest_words import footer_of, measure_unit, measure_word, names_of, share, tell
from sim.report.payout import Group, group_of, payout_figure
from sim.report.style import CASE, FAINT, MODEL, Plot, clipped, figure_language, folded, look, rules, sheet
from sim.report.words import check_language

MOST_PANELS = 4
MOST_DOTS = 2000                      # beyond them points are drawn as a picture, not one by one
MOST_ON_CURVES = 60                   # people
LAST_BIN = 200                        # per cent
BAND_COLOURS = ("#D55E00", "#E69F00", "#7F7F7F", "#56B4E9", "#0072B2")
FEWEST = 5                            # people of a group whose mean gets a band


def attainment_figure(result: Backtest, lang: str) -> Plot | None:
    """How results lie about their targets, a panel a measure; None without targets."""
    groups = list(result.attainment.groupby(["source", "measure"], sort=False))[:MOST_PANELS]
    if not groups:
        return None
    columns = min(2, len(groups))
    lines = -(-len(groups) // columns)
    page = sheet(
        (2.5 if lines > 1 else 3.0) * lines + 0.3,
        tell("figure.attainment.title", lang),
        tell("figure.attainment.caption", lang, most=LAST_BIN),
        footer_of(result, lang),
    )
    panels = page.body.subplots(lines, columns, squeeze=False)
    for axes, ((_, measure), rows) in zip(panels.flat, groups):
        _histogram(axes, 100 * rows["attainment"].to_numpy())
        head = tell("figure.attainment.panel", lang, measure=measure_word(measure, lang), count=len(rows), people=rows["row"].nunique())
        counts = {
            name: share(value, lang, places=0) for name, value in zip(("low", "middle", "high"), shares_of(rows["attainment"]), strict=True)
        }
        axes.set_title(
            f"{clipped(head, 60)}\n{tell('figure.attainment.shares', lang, **counts)}", fontsize=8.5, fontweight="normal", linespacing=1.5
        )
        axes.set_xlabel(tell("figure.attainment.x", lang))
    for axes in panels[:, 0]:
        axes.set_ylabel(tell("figure.attainment.y", lang))
    for axes in list(panels.flat)[len(groups):]:
        axes.set_visible(False)
    return page.figure


def shares_of(attained: pd.Series) -> tuple[float, float, float]:
    """Shares below 50, from 80 to 120 (both counted), and above 150 %."""
    return float((attained < 0.5).mean()), float(attained.between(0.8, 1.2).mean()), float((attained > 1.5).mean())


def _histogram(axes: Axes, percent: np.ndarray) -> None:
    axes.axvspan(80, 120, color="#E8E8E8", zorder=0)
    edges = np.arange(0, LAST_BIN + 11, 10)
    axes.hist(np.clip(percent, 0, LAST_BIN + 5), bins=edges, color=MODEL, edgecolor="white", linewidth=0.5)
    for mark in (50, 150):
        axes.axvline(mark, color=CASE, linestyle=":", linewidth=1.2)
    axes.set_xticks([0, 50, 100, 150, LAST_BIN + 5], ["0", "50", "100", "150", f"> {LAST_BIN}"])
    numbers(axes, y=5)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(visible=False, axis="x")


def performance_figure(result: Backtest, lang: str) -> Plot | None:
    """Pay against results, a panel a measure, outliers named; None where no volume is recorded."""
    if not result.performances:
        return None
    many = len(result.performances)
    page = sheet(
        3.5 + legend_height(result),
        tell("figure.performance.title", lang),
        tell("figure.performance.caption", lang),
        footer_of(result, lang),
    )
    panels = page.body.subplots(1, many, sharey=True, squeeze=False)[0]
    for axes, measure in zip(panels, result.performances):
        x = result.history.a_month(measure)
        taken: list[tuple[float, float]] = []
        for place, policy in enumerate(drawn(result)):
            _dots(axes, x, result.monthly(policy.name), place)
        axes.margins(x=0.12, y=0.08)
        axes.autoscale_view()
        for place, policy in enumerate(drawn(result)):
            _line_and_names(axes, result, x, result.monthly(policy.name), place, taken)
        axes.set_xlabel(
            folded(tell("figure.performance.x", lang, measure=measure_word(measure, lang), unit=measure_unit(measure, lang)), 84 // many)
        )
        numbers(axes, x=5)
    panels[0].set_ylabel(tell("figure.performance.y", lang))
    legend_of_plans(page, result, lang)
    return page.figure


def _line_and_names(axes: Axes, result: Backtest, x: np.ndarray, y: np.ndarray, place: int, taken: list[tuple[float, float]]) -> None:
    face, known = look(place), ~(np.isnan(x) | np.isnan(y))
    if (line := robust_line(x, y)) is not None:
        ends = np.array([x[known].min(), x[known].max()])
        axes.plot(ends, line[1] + line[0] * ends, color=face.color, linewidth=0.8, alpha=0.5)
    for row in outliers(x, y):
        person, name = (str(result.records.people[column].iloc[row]) for column in ("person", "name"))
        _named(axes, clipped(name or person, 22), x[row], y[row], face.color, taken)


def _named(axes: Axes, name: str, x: float, y: float, colour: str, taken: list[tuple[float, float]]) -> None:
    """A name beside a point, where no other one stands; all are in the table. taken: where names stand, in shares of the axes."""
    place = axes.transLimits.transform((x, y))
    if any(abs(place[0] - other[0]) < 0.3 and abs(place[1] - other[1]) < 0.06 for other in taken):
        return
    left = place[0] > 0.7
    axes.annotate(
        name, (x, y), (-5 if left else 5, 3), textcoords="offset points", ha="right" if left else "left", fontsize=7, color=colour
    )
    taken.append((float(place[0]), float(place[1])))


def _dots(axes: Axes, x: np.ndarray, y: np.ndarray, place: int) -> None:
    face, many = look(place), len(x) > MOST_DOTS
    axes.plot(x, y, face.marker, color=face.color, markersize=2 if many else 5, markerfacecolor="none", markeredgewidth=1.0, linestyle="",
              alpha=0.4 if many else 0.9, rasterized=many)


def winners_figure(result: Backtest, lang: str) -> Plot | None:
    """For each plan but the baseline: people by band, and the difference by what the baseline pays. None for a single plan."""
    others = drawn(result)[1:]
    if not others:
        return None
    names = titled(result, lang)
    page = sheet(2.1 * len(others) + 0.3, tell("figure.winners.title", lang, baseline=names_of(result, lang)[result.baseline.name]),
                 tell("figure.winners.caption", lang), footer_of(result, lang))
    panels = page.body.subplots(len(others), 2, squeeze=False, width_ratios=(3, 4))
    months, old = result.history.months_in_post, result.monthly(result.baseline.name)
    for (left, right), policy in zip(panels, others):
        rows = result.winners[result.winners["policy"] == policy.name]
        counts = rows["band"].value_counts().reindex(list(BANDS)).to_numpy()
        left.barh(range(len(BANDS)), counts, 0.66, color=BAND_COLOURS)
        for place, count in enumerate(counts):
            left.text(count, place, f" {count:,}", va="center", fontsize=8)
        left.set_yticks(range(len(BANDS)), [tell(f"band.{band}", lang) for band in BANDS])
        left.set_ylim(len(BANDS) - 0.4, -0.6)
        left.set_xlim(0, 1.18 * max(counts.max(), 1))
        left.set_title(folded(names[policy.name], 46), fontsize=8.5)
        left.grid(visible=False, axis="y")
        numbers(left, x=4, y=None)
        left.xaxis.get_major_locator().set_params(integer=True)
        _differences(right, rows, months, old)
        right.set_ylabel(folded(tell("figure.winners.y", lang), 24))
    panels[-1, 0].set_xlabel(tell("figure.winners.count", lang))
    panels[-1, 1].set_xlabel(tell("figure.winners.x", lang))
    return page.figure


def _differences(axes: Axes, rows: pd.DataFrame, months: np.ndarray, old: np.ndarray) -> None:
    axes.axhline(0.0, color=FAINT, linewidth=0.9)
    codes, places = rows["band"].cat.codes.to_numpy(), rows["row"].to_numpy(dtype=np.int64)
    there = months[places] > 0
    for band, colour in enumerate(BAND_COLOURS):
        chosen = there & (codes == band)
        gap = rows["difference"].to_numpy()[chosen] / 100 / months[places[chosen]]
        axes.plot(
            old[places[chosen]],
            gap,
            ("v", "v", "o", "^", "^")[band],
            color=colour,
            markersize=2 if len(rows) > MOST_DOTS else 4.5,
            linestyle="",
            rasterized=len(rows) > MOST_DOTS,
            markerfacecolor=colour if band in (0, 4) else "none",
        )
    axes.margins(x=0.08, y=0.12)
    numbers(axes, x=5, y=5)


def fairness_figure(result: Backtest, lang: str) -> Plot | None:
    """Attainment and pay against the portfolio given, and pay by tenure; None where neither portfolios nor tenure are known."""
    wealth, tenured = result.history.wealth, bool((result.history.tenure_group >= 0).any())
    attained = wealth is not None and not result.attainment.empty
    wanted = ["attainment"] * attained + ["pay"] * (wealth is not None) + ["tenure"] * tenured
    if not wanted:
        return None
    page = sheet(
        2.9 + legend_height(result),
        tell("figure.fairness.title", lang),
        tell("figure.fairness.caption", lang, resamples=result.resamples),
        footer_of(result, lang),
    )
    panels = page.body.subplots(1, len(wanted), squeeze=False)[0]
    for axes, what in zip(panels, wanted):
        if what == "tenure":
            _tenure(axes, result, lang)
            continue
        assert wealth is not None
        if what == "attainment":
            axes.plot(
                wealth / 1e6,
                100 * result.mean_attainment,
                "o",
                color=FAINT,
                markersize=2 if len(wealth) > MOST_DOTS else 5,
                markerfacecolor="none",
                rasterized=len(wealth) > MOST_DOTS,
            )
        else:
            for place, policy in enumerate(drawn(result)):
                _dots(axes, wealth / 1e6, result.monthly(policy.name), place)
        axes.set_xlabel(tell("figure.fairness.wealth", lang))
        axes.set_ylabel(tell(f"figure.fairness.{what}", lang))
        numbers(axes, x=4)
    legend_of_plans(page, result, lang)
    return page.figure


def _tenure(axes: Axes, result: Backtest, lang: str) -> None:
    rows = result.fairness[result.fairness["what"] == "tenure_pay"]
    for place, policy in enumerate(drawn(result)):
        face, mine = look(place), rows[rows["policy"] == policy.name]
        x = mine["group"].astype(int).to_numpy() + (place - (len(drawn(result)) - 1) / 2) * 0.13
        axes.plot(x, mine["value"], face.marker, color=face.color, markersize=5, linestyle="", markerfacecolor="none")
        told = (mine["people"] >= FEWEST).to_numpy() & mine["low"].notna().to_numpy()
        axes.vlines(x[told], mine["low"][told], mine["high"][told], color=face.color, linewidth=2, alpha=0.55)
    spans = [f"< {TENURES[1]}", *(f"{low}–{high}" for low, high in pairwise(TENURES[1:])), f"≥ {TENURES[-1]}"]
    axes.set_xticks(range(len(TENURES)), spans)
    axes.set_xlim(-0.6, len(TENURES) - 0.4)
    axes.set_xlabel(tell("figure.fairness.years", lang))
    axes.set_ylabel(tell("figure.fairness.pay", lang))
    axes.set_title(tell("figure.fairness.tenure", lang), fontsize=8.5)
    numbers(axes)


def _payout(result: Backtest, lang: str) -> Plot:
    return payout_figure(list(drawn(result)), lang, people_on_curves(result))


def people_on_curves(result: Backtest) -> pd.DataFrame | None:
    """What some payees earned by their results, for the payout curves: units, pay (CNY, with fixed pay as the curves have it), element.

    Only elements whose curve is that of a person's own result alone, one in its panel; None if there are none.
    """
    plans = drawn(result)
    panels: dict[str, set[Group | None]] = {}
    for policy in plans:
        for name, element in policy.pay.items():
            panels.setdefault(name, set()).add(group_of(element))
    rows = result.paid[np.linspace(0, len(result.paid) - 1, min(len(result.paid), MOST_ON_CURVES)).astype(int)]
    parts = []
    for policy in plans:
        groups = {name: group_of(element) for name, element in policy.pay.items()}
        alone = [
            name
            for name, group in groups.items()
            if group is not None
            and group.payee == "self"
            and not group.per
            and group.over == "period"
            and not group.annualised
            and list(groups.values()).count(group) == 1
            and len(panels[name]) == 1
            and (policy.pay[name].measure == group.measure)
            and not policy.practices.mentor_pairing.bundled
        ]
        lines = only(result.statements[policy.name], rows).frame
        lines = lines[(lines["kind"] == "earned") & lines["element"].isin(alone) & lines["input"].notna()]
        for name, mine in lines.groupby("element", observed=True):
            group = groups[name]
            assert group is not None
            units = mine["input"] / mine["target"] if group.by == "attainment" else mine["input"]
            parts.append(
                pd.DataFrame(
                    {
                        "units": units.to_numpy(),
                        "pay": mine["amount"].to_numpy() / 100 + fixed_pay(policy, group.period),
                        "element": str(name),
                    }
                )
            )
    found = pd.concat(parts, ignore_index=True).dropna() if parts else pd.DataFrame()
    found = found[found["units"] >= 0] if len(found) else found
    return found if len(found) else None


def fixed_pay(policy: Policy, period: str) -> float:
    """CNY a period, as the curves hold it."""
    return sum(knots_of(element)[0].v * MONTHS_OF[period] / MONTHS_OF[element.period]
               for element in policy.pay.values() if is_fixed(element) and element.payee == "self")


FIGURES: dict[str, Callable[[Backtest, str], Plot | None]] = {
    "payout": _payout, "attainment": attainment_figure, "performance": performance_figure, "cost": cost_figure, "fan": fan_figure,
    "winners": winners_figure, "components": components_figure, "fairness": fairness_figure,
}


def plot_backtest(result: Backtest, kind: str = "winners", lang: str = "en") -> Plot | None:
    """A figure of a back-test: one of FIGURES. None where the records do not hold what it shows. Errors: InputError."""
    check_language(lang)
    if kind not in FIGURES:
        raise InputError("plot", "kind", found=f"`{kind}`", expected=f"one of {', '.join(FIGURES)}", hint=nearest(kind, FIGURES))
    written = figure_language(lang)
    settings = rules(written)
    with rc_context(settings):
        figure = FIGURES[kind](result, written)
    if figure is not None:
        figure.settings = settings
    return figure
