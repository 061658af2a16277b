"""A selection for people: what was chosen, how sure that is, who fell when, as sentences, a figure and one HTML page."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import jinja2
import pandas as pd
from matplotlib.ticker import MaxNLocator

from sim.experiments.measures import list_measures
from sim.experiments.select import Selection
from sim.report.describe import cut_periods
from sim.report.style import FAINT, MODEL, Plot, figure_language, folded, sheet, short_titles, svg
from sim.report.words import check_language, digits, measure_name, number, percent, say, spread, title_of, titles, unit_name


def headline_of_selection(result: Selection, lang: str = "en") -> list[str]:
    """What was chosen, what it took, how far to trust it."""
    check_language(lang)
    settings, names, unit = result.task.settings, titles(result.task.policies, lang), _unit(result)
    zone = f"{number(settings.indifference_zone, unit, places=_places(result))} {unit_name(unit, lang)}"
    words = {"policy": names[result.chosen.name], "measure": measure_name(settings.measure, lang), "count": len(names),
             "probability": percent(settings.probability, lang), "zone": zone, "scenario": title_of(result.task.scenario, lang)}
    first = say("selection.chosen" if result.decided else "selection.undecided", lang, **words)
    used, last = result.replications, result.table["replications"].max()
    took = say("selection.took", lang, used=f"{used:,}", most=f"{last:,}", least=f"{result.table['replications'].min():,}")
    status = result.task.scenario.ledger()["status"]
    doubt = "selection.trust_uncertain" if settings.uncertain else "selection.trust"
    trust = say(doubt, lang, assumed=int((status == "assumed").sum()), total=len(status), drawn=len(settings.uncertain), seed=settings.seed)
    return [first, took, trust]


def _unit(result: Selection) -> str:
    return list_measures()[result.task.settings.measure].unit


def _places(result: Selection) -> int:
    """Digits that show the indifference zone."""
    zone = result.task.settings.indifference_zone
    return digits(zone, zone, _unit(result))


def draw_selection(result: Selection, lang: str) -> Plot:
    """One row a policy: how far behind the chosen it was when it fell, with its interval, and the replications it took."""
    settings, rows = result.task.settings, result.table.iloc[1:]
    names, unit = short_titles(result.task.policies, lang), _unit(result)
    title = say("selection.figure_title", lang, policy=names[result.chosen.name])
    caption = say("selection.caption", lang, confidence=percent(settings.probability, lang))
    made = result.provenance
    foot = say("selection.footer", lang, seed=settings.seed, version=made["incentivelab"], scenario=made["scenario"],
               digest=made["scenario_digest"])
    page = sheet(0.3 * len(rows) + 1.3, title, caption, foot)
    axes = page.body.subplots()
    axes.axvspan(0.0, settings.indifference_zone, color="#E3E3E3", linewidth=0)
    axes.axvline(0.0, color=FAINT, linewidth=0.9)
    for place, row in enumerate(rows.itertuples()):
        if not math.isnan(row.ci_low):
            axes.plot([row.ci_low, row.ci_high], [place, place], color=MODEL, linewidth=2.0, solid_capstyle="butt")
        axes.plot(row.behind, place, "o", color=MODEL, markerfacecolor=MODEL if row.ci_low > 0.0 else "white", markersize=6,
                  markeredgewidth=1.3)
        axes.text(1.02, place, say("selection.after", lang, replications=f"{row.replications:,}"), transform=axes.get_yaxis_transform(),
                  va="center", fontsize=8)
    axes.set_yticks(range(len(rows)), [folded(names[name], 44) for name in rows["policy"]])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel(say("selection.axis", lang, measure=measure_name(settings.measure, lang), unit=unit_name(unit, lang)))
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.grid(visible=False, axis="y")
    return page.figure


def render_selection(result: Selection, lang: str, files: Mapping[str, str]) -> str:
    """The page. files: sha256 by name of what lies beside it."""
    from sim.report.figures import plot
    from sim.report.page import packages

    settings, scenario, made = result.task.settings, result.task.scenario, result.provenance
    figure = plot(result, "selection", lang)
    width, height = (round(96 * side) for side in figure.get_size_inches())
    text = partial(say, lang=lang, confidence=percent(settings.probability, lang), batch=settings.batch, first=settings.first_stage,
                   taken=settings.first_stage * settings.batch, pairs=made["intervals"]["shared_among"], made=f"{result.made:,}",
                   used=f"{result.replications:,}")
    ranges = [f"{name}: {low:,.10g} – {high:,.10g}" for name, (low, high) in settings.uncertain.items()]
    return _template().render(
        lang=lang, t=lambda key, **parts: say(key, lang, **parts), made=made, title=text("selection.title"),
        subtitle=say("selection.subtitle", lang, scenario=title_of(scenario, lang), measure=measure_name(settings.measure, lang),
                     direction=say("selection.higher" if result.task.higher else "selection.lower", lang)),
        headline=headline_of_selection(result, lang), glyphs=figure_language(lang) == lang, figure_title=figure.heading,
        data=base64.b64encode(svg(figure)).decode("ascii"), width=width, height=height, rows=_rows(result, lang), ranges=ranges,
        reading=[text("selection.promise"), text("selection.batches"), text("selection.intervals"), text("selection.spent"),
                 *cut_periods(scenario, lang)],
        policies=result.task.policies, files=files, packages=", ".join(map(" ".join, packages().items())),
    )


def _rows(result: Selection, lang: str) -> list[dict[str, Any]]:
    names, unit = titles(result.task.policies, lang), _unit(result)
    rows = []
    for row in result.table.itertuples():
        state = say("selection.best" if row.chosen else "selection.left", lang)
        if not pd.isna(row.eliminated_after):
            state = say("selection.fell", lang, after=f"{row.eliminated_after:,}", by=names[row.eliminated_by])
        known = not math.isnan(row.ci_low)
        rows.append({"policy": names[row.policy], "mean": number(row.mean, unit), "replications": f"{row.replications:,}", "state": state,
                     "behind": number(row.behind, unit, signed=True, places=_places(result)),
                     "interval": spread(row.ci_low, row.ci_high, unit, lang, signed=True) if known else "–"})
    return rows


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.get_template("selection.html.j2")
