"""Tables for notebooks: words and numbers as a reader wants them. Programs read results.json instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from sim.app.words import say
from sim.experiments.compare import Comparison
from sim.experiments.measures import list_measures
from sim.experiments.simulate import Runs
from sim.policy import Policy
from sim.report.describe import described
from sim.report.findings import MAIN, headline
from sim.report.words import axis_name, gap, number, percent, spread, title_of, titles
from sim.world import Scenario


class Table(pd.DataFrame):
    """A frame whose cells are shown whole, text to the left."""

    def _repr_html_(self) -> str:
        with pd.option_context("display.max_colwidth", None):
            page = self.to_html(border=0, max_rows=None, max_cols=None)
        return re.sub(r"<(t[dh])>", r'<\1 style="text-align:left;vertical-align:top;max-width:36em">', page)


class Lines(list[str]):
    """Sentences, each shown as a paragraph."""

    def _repr_markdown_(self) -> str:
        return "\n\n".join(re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", line) for line in self)


def headline_of(result: Runs | Comparison, lang: str) -> Lines:
    """What the result says in three sentences."""
    return Lines(headline(result, lang))


def summary_table(runs: Runs, lang: str, measures: Sequence[str] | None = None) -> Table:
    """Each measure (all, unless named): its mean, the interval of that mean, and where nine in ten runs lie."""
    rows = runs.summary()
    heads = [say(f"table.{key}", lang, confidence=percent(0.95, lang)) for key in ("mean", "mean_interval", "nine_in_ten")]
    chosen = rows[rows["measure"].isin(measures)] if measures else rows
    cells = [[number(row.mean, row.unit), spread(row.ci_low, row.ci_high, row.unit, lang), spread(row.p05, row.p95, row.unit, lang)]
             for row in chosen.itertuples(index=False)]
    return Table(cells, columns=heads, index=[axis_name(measure, lang) for measure in chosen["measure"]])


def differences_table(result: Comparison, lang: str, measures: Sequence[str] = MAIN) -> Table:
    """A row a policy, a column a measure: the difference to the baseline with its interval; the baseline's own means first."""
    names = titles([run.policy for run in result.runs], lang)
    base = result.baseline.policy.name
    table = result.table[result.table["measure"].isin(measures)]
    columns: dict[str, list[str]] = {}
    for measure in (measure for measure in measures if measure in set(table["measure"])):
        unit = list_measures()[measure].unit
        rows = table[table["measure"] == measure]
        cells = [number(rows["mean_baseline"].iloc[0], unit)]
        cells += [f"{gap(row, unit)} ({spread(row.ci_low, row.ci_high, unit, lang, signed=True)})"
                  for row in rows.itertuples()]
        columns[axis_name(measure, lang)] = cells
    index = [say("table.baseline", lang, policy=names[base]), *(names[run.policy.name] for run in result.runs[1:])]
    return Table(columns, index=index)


def luck_table(result: Comparison, lang: str, measures: Sequence[str] = MAIN) -> Table:
    """How much the same luck under all policies narrows the difference: variance unpaired over variance paired."""
    names = titles([run.policy for run in result.runs], lang)
    wide = result.table[result.table["measure"].isin(measures)].pivot(index="policy", columns="measure", values="variance_reduction")
    wide = wide.loc[[run.policy.name for run in result.runs[1:]], [measure for measure in measures if measure in wide]]
    shown = Table(wide.map(lambda value: "–" if pd.isna(value) else f"{value:.1f}"))
    shown.index = [names[name] for name in wide.index]
    shown.columns = [axis_name(measure, lang).split(" (")[0].split("（")[0] for measure in wide]
    return shown


def assumptions_table(scenario: Scenario, lang: str) -> Table:
    """How many of the values the model stands on were measured, calibrated or assumed."""
    counts = scenario.ledger()["status"].value_counts()
    return Table({say("table.values", lang): [int(counts.get(status, 0)) for status in ("measured", "calibrated", "assumed")]},
                        index=[say(f"table.{status}", lang) for status in ("measured", "calibrated", "assumed")])


def heading(runs: Runs, lang: str) -> Lines:
    """One line that says what was run."""
    return Lines([say("table.heading", lang, policy=title_of(runs.policy, lang), scenario=title_of(runs.scenario, lang),
               replications=runs.replications, seed=runs.seed)])


def scheme_table(policy: Policy, lang: str) -> Table:
    """What a policy pays and has people do, in words."""
    texts = described(policy, lang)
    return Table({say("table.scheme", lang): list(texts.values())}, index=[say(f"table.aspect_{aspect}", lang) for aspect in texts])
