"""A back-test as one HTML page that asks nothing of the network."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import jinja2
import numpy as np

from sim.payroll.backtest import Backtest
from sim.payroll.shifts import WHOLE, Redraws
from sim.policy import Policy
from sim.report import backtest_tables as tables
from sim.report.backtest_figures import plot_backtest
from sim.report.backtest_tables import Table
from sim.report.backtest_words import amount, between, measure_word, money, names_of, share, tell
from sim.report.page import Drawn
from sim.report.style import figure_language, svg
from sim.report.words import listed

SECTIONS = 10


class Section(NamedTuple):
    title: str
    texts: list[str]
    figure: Drawn | None
    tables: list[Table]


def render_backtest(result: Backtest, lang: str, files: Mapping[str, str], statements_file: str, hidden: bool) -> str:
    """The page. files: sha256 by name of what lies beside it; statements_file: where all lines are; hidden: codes in place of names."""
    first, last = result.provenance["months"]
    plans = tell("page.one_plan", lang) if len(result.policies) == 1 else tell("page.plans", lang, count=len(result.policies))
    return _template().render(
        lang=lang, t=partial(_say, lang=lang), made=result.provenance, files=files, names=names_of(result, lang, marked=True),
        subtitle=tell("page.subtitle", lang, people=f"{len(result.paid):,}", first=first, last=last, plans=plans),
        privacy=tell("page.pseudonymised" if hidden else "page.named", lang), headline=headline_of(result, lang),
        glyphs=figure_language(lang) == lang, sections=sections_of(result, lang, statements_file), rests=rests_on(result, lang),
    )


def _say(key: str, lang: str, **parts: object) -> str:
    return tell(key, lang, **parts)


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    folder = Path(__file__).parent / "templates"
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(folder), autoescape=True, undefined=jinja2.StrictUndefined,
                                     trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.get_template("backtest.html.j2")


def figure_of(result: Backtest, kind: str, lang: str) -> Drawn | None:
    figure = plot_backtest(result, kind, lang)
    if figure is None:
        return None
    width, height = (round(96 * side) for side in figure.get_size_inches())
    return Drawn(figure.heading, "", base64.b64encode(svg(figure)).decode("ascii"), width, height)


def sections_of(result: Backtest, lang: str, statements_file: str) -> list[Section]:
    """The ten outputs, in their order."""
    reached, performing, alone = not result.attainment.empty, bool(result.performances), len(result.policies) == 1
    missing = {2: [] if reached else ["no_targets"], 3: [] if performing else ["no_performance"], 6: ["no_others"] if alone else [],
               8: [] if result.history.wealth is not None else ["no_wealth"]}
    figures = {1: "payout", 2: "attainment", 3: "performance", 4: "cost", 5: "fan", 6: "winners", 7: "components", 8: "fairness"}
    made = {
        2: [tables.attainment_table],
        3: [tables.outliers_table],
        4: [tables.cost_table],
        5: [tables.fan_table, tables.volatility_table],
        6: [tables.bands_table],
        7: [tables.components_table],
        8: [tables.fairness_table],
        9: [tables.shifts_table, tables.workforce_table],
    }
    found = []
    for number in range(1, SECTIONS + 1):
        shown = [table for make in made.get(number, []) if (table := make(result, lang)) is not None]
        if number == 6:
            shown += tables.winners_tables(result, lang)
        if number == 10:
            shown = tables.statement_tables(result, lang, statements_file)
        figure = figure_of(result, figures[number], lang) if number in figures else None
        texts = [tell(f"page.{key}", lang) for key in missing.get(number, [])]
        found.append(Section(tell(f"page.s{number}", lang), texts, figure, shown))
        result.progress(1)
    return found


def headline_of(result: Backtest, lang: str) -> list[str]:
    """What the back-test says in a few sentences."""
    names, base = names_of(result, lang), result.baseline.name
    total = {name: int(pay.sum()) for name, pay in result.pay.items()}
    here = result.fan[result.fan["scale"] == 1].set_index("policy")
    low, high = (here.loc[base, side] for side in ("low", "high"))
    band = "" if np.isnan(low) else tell("head.band", lang, low=amount(low / 100), high=amount(high / 100))
    income = float(result.cost[result.cost["policy"] == base]["income"].sum()) if result.income_measure else 0.0
    of_income = (
        tell("head.share", lang, share=share(total[base] / 100 / income, lang), measure=measure_word(str(result.income_measure), lang))
        if income > 0
        else ""
    )
    said = [tell("head.total", lang, policy=names[base], pay=money(total[base]), band=band, share=of_income)]
    for policy in result.policies[1:4]:
        rows = result.winners[result.winners["policy"] == policy.name]
        gap = total[policy.name] - total[base]
        said.append(tell("head.against", lang, policy=names[policy.name], pay=money(total[policy.name]), difference=money(gap, signed=True),
                         percent=share(gap / abs(total[base]) if total[base] else np.nan, lang, signed=True), people=f"{len(rows):,}",
                         winners=f"{(rows['band'] == 'gain_over_5').sum():,}", losers=f"{(rows['band'] == 'lose_over_5').sum():,}"))
        losing = rows[rows["difference"] < 0]
        if len(losing):
            needed = losing["needed"].fillna(np.inf).median()
            key = "head.whole" if np.isfinite(needed) else "head.never"
            counts = {"count": f"{len(losing):,}", "never": f"{losing['needed'].isna().sum():,}"}
            said.append(tell(key, lang, baseline=names[base], policy=names[policy.name], factor=share(needed, lang), **counts))
    moving = result.fan.groupby("policy")["pay"].nunique() > 1
    chosen = next((policy.name for policy in (*result.policies[1:], result.baseline) if moving[policy.name]), None)
    if chosen is not None:
        pays = result.fan[result.fan["policy"] == chosen].set_index("scale")["pay"]
        few, many = min(result.scales), max(result.scales)
        said.append(tell("head.moves", lang, policy=names[chosen], low=share(few, lang, places=0), high=share(many, lang, places=0),
                         less=money(pays[few]), more=money(pays[many])))  # fmt: skip
    return said


def paid_beside(policy: Policy) -> list[str]:
    """Practices through which money flows that records of results do not tell."""
    practices = policy.practices
    there = {"prizes": practices.contest is not None and practices.contest.prizes, "judgement": practices.discretion is not None,
             "fines": practices.controls is not None and practices.controls.fine}
    return [name for name, is_there in there.items() if is_there]


def rests_on(result: Backtest, lang: str) -> list[str]:
    """What is assumed, and what was left out."""
    clusters = len(np.unique(result.clusters[result.paid]))
    said = [tell("rests.same", lang), tell("rests.scaled", lang), tell("rests.spread", lang)]
    said.append(
        tell("rests.resampled", lang, resamples=result.resamples, clusters=f"{clusters:,}")
        if result.weights
        else tell("rests.no_resamples", lang)
    )
    said.append(
        tell("rests.redrawn", lang, people=f"{Redraws(result.records).people:,}") if len(result.redrawn) else tell("rests.no_redrawn", lang)
    )
    if len(result.policies) > 1:
        grains = sorted({result.grains[policy.name] for policy in result.policies[1:]})
        grain = between(*(share(grain / WHOLE, lang, places=2) for grain in (grains[0], grains[-1])), lang) if len(grains) > 1 else \
            share(grains[0] / WHOLE, lang, places=2)
        said += [tell("rests.needed", lang, grain=grain), tell("rests.bands", lang)]
    beside = [f"{names_of(result, lang)[policy.name]}: {tell(f'rests.{name}', lang)}" for policy in result.policies for name in paid_beside(policy)]
    said += [tell("rests.beside", lang, what=listed(beside, lang))] if beside else []
    due = [tell("rests.due_of", lang, policy=names_of(result, lang)[name], amount=money(fen)) for name, fen in result.due.items() if fen]
    said += [tell("rests.due", lang, amounts=listed(due, lang))] if due else []
    reviews = len({(review.deal, review.person) for found in result.statements.values() for review in found.reviews})
    said += [tell("rests.reviews", lang, count=reviews)] if reviews else []
    periods = list(dict.fromkeys(period for found in result.statements.values() for period in found.open))
    return [*said, tell("rests.open", lang, periods=listed(periods, lang))] if periods else said
