"""The report as one HTML page that asks nothing of the network: words, tables and figures of a result."""

from __future__ import annotations

import base64
import math
import platform
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache, partial
from importlib.metadata import version
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, get_args
from urllib.parse import quote

import jinja2

from sim.experiments.compare import Comparison
from sim.experiments.measures import list_measures
from sim.experiments.simulate import Progress, Runs
from sim.policy import Policy
from sim.report.case import facts_for
from sim.report.describe import cut_periods, guesses, shared_and_own
from sim.report.figures import kinds, plot
from sim.report.findings import RUNS_CONFIDENCE, headline, measures_shown, takeaway, verdict
from sim.report.style import figure_language, svg
from sim.report.words import DECIMALS, axis_name, digits, gap, listed, measure_name, number, percent, say, spread, title_of, titles, unit_name
from sim.world import Scenario, load_mechanisms
from sim.world.fields import Status

PACKAGES = ("numpy", "numba", "pandas", "pyarrow", "matplotlib")       # what the bytes of results and figures depend on


class Drawn(NamedTuple):
    """A figure for the page. data: SVG in base64; width and height: CSS pixels."""

    title: str
    takeaway: str
    data: str
    width: int
    height: int


class Assumption(NamedTuple):
    """A parameter of the ledger with all its entries. values: of each entry, the value and the plausible range, if there is one."""

    name: str
    values: list[tuple[str, str]]
    unit: str
    status: str
    source: str
    overridden: bool


def draw_all(result: Runs | Comparison, lang: str, progress: Progress | None = None) -> list[Drawn]:
    """Every figure of the result, in the order of `kinds`. progress: told of each."""
    drawn = []
    for kind in kinds(result):
        figure = plot(result, kind, lang)
        width, height = (round(96 * side) for side in figure.get_size_inches())
        drawn.append(Drawn(figure.heading, takeaway(result, kind, lang), base64.b64encode(svg(figure)).decode("ascii"), width, height))
        if progress:
            progress(1)
    return drawn


def runs_of(result: Runs | Comparison) -> list[Runs]:
    """The runs of a result, the baseline first."""
    return result.runs if isinstance(result, Comparison) else [result]


def render(result: Runs | Comparison, lang: str, notebooks: Sequence[tuple[str, str]], files: Mapping[str, str],
           progress: Progress | None = None) -> str:
    """The page. notebooks: titles and relative paths to link; files: sha256 by name of what lies beside it. progress: told of each figure."""
    runs = runs_of(result)
    policies, scenario = [run.policy for run in runs], runs[0].scenario
    compared = isinstance(result, Comparison)
    names, sure = titles(policies, lang), percent(result.confidence if compared else RUNS_CONFIDENCE, lang)
    shared, own = shared_and_own(policies, lang)
    text = partial(say, lang=lang, replications=runs[0].replications, seed=runs[0].seed, confidence=sure, baseline=names[policies[0].name],
                   count=len(policies), policy=names[policies[0].name], scenario=title_of(scenario, lang))
    statuses = scenario.ledger()["status"].value_counts()
    return _template().render(
        lang=lang, t=lambda key, **parts: say(key, lang, **parts), compared=compared, confidence=sure, made=result.provenance,
        title=text("report.title" if compared else "report.runs_title"), headline=headline(result, lang),
        subtitle=text(_subtitle(result)),
        glyphs=figure_language(lang) == lang, world=_world(scenario, lang), switched_off=_switched_off(scenario, lang),
        policies=policies, names=names, baseline_name=text("report.baseline_mark", name=names[policies[0].name]),
        shared=shared, own=own, own_aspects=list(own[policies[0].name]), figures=draw_all(result, lang, progress),
        table_caption=text("report.table_caption" if compared else "report.runs_table_caption"),
        table=_differences(result, names, lang) if isinstance(result, Comparison) else _summary(result, lang),
        precision=_precision(result, names, lang), reading=_reading(result, text, lang), limits=_limits(runs[0], lang), guesses=_guesses(policies, names, lang),
        assumptions_intro=text("report.assumptions_intro", **{key: int(statuses.get(key, 0)) for key in get_args(Status)}),
        ledger=ledger_groups(scenario), files=files, packages=", ".join(map(" ".join, packages().items())),
        notebooks=[(title, quote(path)) for title, path in notebooks],
    )


def _subtitle(result: Runs | Comparison) -> str:
    if not isinstance(result, Comparison):
        return "report.runs_subtitle"
    return "report.subtitle" if result.intervals.tuned_for is None else "report.subtitle_sequence"


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.get_template("report.html.j2")


def packages() -> dict[str, str]:
    """Python and the packages that decide the bytes, with their versions."""
    return {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}}


def _world(scenario: Scenario, lang: str) -> str:
    return say("report.world", lang, scenario=title_of(scenario, lang), managers=len(scenario.managers), branches=len(scenario.branches),
               days=scenario.calendar.days, start=scenario.timeline.dates[0].isoformat(),
               status=say(f"report.statuses.{scenario.status}", lang))


def _switched_off(scenario: Scenario, lang: str) -> str:
    off = [getattr(known.label, lang) for name, known in load_mechanisms().items() if not scenario.mechanism(name)]
    return say("report.switched_off", lang, mechanisms=listed(off, lang)) if off else ""


def _differences(result: Comparison, names: Mapping[str, str], lang: str) -> list[dict[str, Any]]:
    """The short table, measure by measure."""
    groups = []
    for measure in measures_shown(result):
        rows, unit = result.table[result.table["measure"] == measure], list_measures()[measure].unit
        if not rows.empty:
            groups.append({"title": axis_name(measure, lang), "rows": [{
                "policy": names[row.policy], "mean_baseline": number(row.mean_baseline, unit), "mean": number(row.mean, unit),
                "difference": gap(row, unit),
                "interval": spread(row.ci_low, row.ci_high, unit, lang, signed=True),
                "verdict": verdict(row.ci_low, row.ci_high), "gain": number(row.variance_reduction, "times"),
            } for row in rows.itertuples()]})
    return groups


def _summary(run: Runs, lang: str) -> list[dict[str, str]]:
    return [{"measure": measure_name(row.measure, lang), "unit": unit_name(row.unit, lang), "mean": number(row.mean, row.unit),
             "interval": spread(row.ci_low, row.ci_high, row.unit, lang), "band": spread(row.p05, row.p95, row.unit, lang)}
            for row in run.summary(confidence=RUNS_CONFIDENCE).itertuples()]


def _reading(result: Runs | Comparison, text: Any, lang: str) -> list[str]:
    if not isinstance(result, Comparison):
        return [text("reading.band"), text("reading.units")]
    return [*_reading_of_intervals(result, text, lang), text("reading.gain"), text("reading.band"), text("reading.units")]


def _reading_of_intervals(result: Comparison, text: Any, lang: str) -> Iterator[str]:
    """What the intervals of the table are, and which of them hold together."""
    how, shown = result.intervals, result.table[result.table["measure"].isin(measures_shown(result))]
    yield text("reading.luck") if how.tuned_for is None else text("reading.luck_sequence", tuned=how.tuned_for)
    if bounded := [measure_name(name, lang) for name in dict.fromkeys(result.table.loc[result.table["interval"] == "betting", "measure"])]:
        yield text("reading.bounded", measures=listed(bounded, lang))
    yield text("reading.zero")
    if how.together:
        yield text("reading.together", family=how.family(how.together[0]), measures=listed([measure_name(m, lang) for m in how.together], lang))
    if alone := int((shown["family"] == 1).sum()):
        yield text("reading.many_others" if how.together else "reading.many", intervals=alone, misses=f"{alone * (1 - result.confidence):.1f}")


def _precision(result: Runs | Comparison, names: Mapping[str, str], lang: str) -> dict[str, Any] | None:
    """What was asked of the intervals and what was reached, row by row; None where nothing was asked."""
    reached = result.precision if isinstance(result, Comparison) else None
    if reached is None:
        return None

    def count(replications: float) -> str:
        return f"{replications:,.0f}" if math.isfinite(replications) else say("report.beyond", lang)

    key = "report.precision_reached" if reached.enough else "report.precision_missed"
    rows = []
    for pair in reached.watched:
        unit = list_measures()[pair.measure].unit
        places = max(digits(pair.asked, pair.asked, unit), digits(pair.half, pair.half, unit), DECIMALS.get(unit, 2) + 1)
        rows.append({"policy": names[pair.policy], "measure": axis_name(pair.measure, lang), "enough": pair.half <= pair.asked,
                     "asked": "±" + number(pair.asked, unit, places=places), "half": "±" + number(pair.half, unit, places=places),
                     "forecast": count(pair.forecast)})
    return {"told": say(key, lang, replications=f"{reached.looks[-1]:,}", pilot=reached.looks[0], forecast=count(reached.forecast)),
            "looks": say("report.precision_looks", lang, looks=", ".join(map(str, reached.looks))), "rows": rows}


def _limits(run: Runs, lang: str) -> list[str]:
    status, facts = run.scenario.ledger()["status"], facts_for(run.scenario)
    parts = [say("limits.parameters", lang, assumed=int((status == "assumed").sum()), total=len(status)), say("limits.trial", lang),
             say("limits.horizon", lang, days=run.scenario.calendar.days), say("limits.scope", lang), *cut_periods(run.scenario, lang)]
    return [*parts, say("limits.case", lang, total=facts.total)] if facts else parts


def _guesses(policies: Sequence[Policy], names: Mapping[str, str], lang: str) -> list[dict[str, str]]:
    """What the schemes' files mark as assumed, each reason once with the schemes it holds for."""
    found: dict[tuple[str, str], list[str]] = {}
    for policy in policies:
        for place, reason in guesses(policy).items():
            found.setdefault((place, reason), []).append(names[policy.name])
    everyone = len(policies)
    return [{"place": place, "reason": reason, "policies": say("report.all_schemes", lang) if len(who) == everyone else listed(who, lang)}
            for (place, reason), who in found.items()]


def ledger_groups(scenario: Scenario) -> list[Assumption]:
    """The scenario's ledger, a parameter with all its entries in one row."""
    parameters, groups = scenario.resolved, []

    def shared(row: Any) -> tuple[Any, ...]:
        first = row.name.split(".")[0]
        return first if first in parameters else row.name, row.unit, row.status, row.source, bool(row.overridden)

    for (name, *about), rows in groupby(scenario.ledger().itertuples(), shared):
        values = [(f"{row.name.removeprefix(name).removeprefix('.')} {row.value:,.10g}".strip(),
                   "" if math.isnan(row.low) else f"({row.low:,.10g} – {row.high:,.10g})") for row in rows]
        groups.append(Assumption(name, values, *about))
    return groups
