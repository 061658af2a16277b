"""Tables of a back-test as a reader wants them: words and rounded numbers. Files and the workbook hold the numbers themselves."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from sim.payroll.backtest import BANDS, Backtest
from sim.payroll.backtest_people import CUSTOMER_LOSSES, outliers
from sim.report.backtest_figures import shares_of
from sim.report.backtest_lines import lines_of
from sim.report.backtest_words import (
    amount, between, element_name, kind_name, measure_unit, measure_word, money, names_of, share, tell, who,
)
from sim.report.words import MINUS

MOST_WINNERS = 60                     # rows on the page
MOST_LINES = 60


class Table(NamedTuple):
    """heads: texts, and whether the column holds numbers."""

    caption: str
    heads: list[tuple[str, bool]]
    rows: list[list[str]]


def table(caption: str, lang: str, words: Sequence[str], numeric: Sequence[str], rows: list[list[str]]) -> Table:
    """words: all heads, as keys of `table`; numeric: those with numbers."""
    return Table(caption, [(tell(f"table.{word}", lang), word in numeric) for word in words], rows)


def attainment_table(result: Backtest, lang: str) -> Table | None:
    if result.attainment.empty:
        return None
    names, rows = names_of(result, lang), []
    for (source, measure), found in result.attainment.groupby(["source", "measure"], sort=False):
        against = tell("table.recorded", lang) if source == "records" else names[source]
        rows.append([measure_word(measure, lang), against, f"{len(found):,}", f"{found['row'].nunique():,}",
                     *(share(value, lang) for value in shares_of(found["attainment"]))])
    return table(
        tell("table.caption.attainment", lang),
        lang,
        ("measure", "against", "results", "people", "below_50", "from_80", "above_150"),
        ("results", "people", "below_50", "from_80", "above_150"),
        rows,
    )


def outliers_table(result: Backtest, lang: str) -> Table | None:
    names, rows = names_of(result, lang), []
    for measure in result.performances:
        x = result.history.a_month(measure)
        for policy in result.policies:
            pay = result.monthly(policy.name)
            rows += [
                [
                    names[policy.name],
                    who(result, row),
                    measure_word(measure, lang),
                    f"{amount(x[row], places=2)} {measure_unit(measure, lang)}",
                    amount(pay[row], places=2),
                ]
                for row in outliers(x, pay)
            ]
    if not rows:
        return None
    return table(tell("table.caption.performance", lang), lang, ("plan", "who", "measure", "value", "a_month"), ("value", "a_month"), rows)


def cost_table(result: Backtest, lang: str) -> Table:
    measure = result.income_measure
    known = result.knows_losses
    words = ["plan", "pay", *(["share", *([loss_head(result), "left_after_loss"] if known else ["left"])] if measure else [])]
    rows = []
    for name, title in names_of(result, lang, marked=True).items():
        found = result.cost[result.cost["policy"] == name]
        cells = [title, money(float(found["pay"].sum()))]
        if measure:
            income = float(found["income"].sum())
            cells += [amount(income, places=2), share(found["pay"].sum() / 100 / income if income > 0 else np.nan, lang)]
            cells += [amount(float(found["loss"].sum()), places=2)] if known else []
            cells.append(amount(income - float(found["loss"].sum()) - found["pay"].sum() / 100, places=2))
        rows.append(cells)
    made = table(tell("table.caption.cost", lang), lang, words, ("pay", "share", "loss", "cost_and_loss", "left", "left_after_loss"), rows)
    if measure:
        made.heads.insert(2, (tell("table.income", lang, measure=measure_word(measure, lang)), True))
    return made


def loss_head(result: Backtest) -> str:
    """What the column of losses holds beside the income measure."""
    return "cost_and_loss" if result.income_measure == "responsible_income" else "loss"


def workforce_table(result: Backtest, lang: str) -> Table:
    """What of people and customers the history tells beside pay: the same under every plan."""
    rows = [[tell(f"table.{what}", lang), workforce_word(what, value, lang), f"{people:,}"] for what, (value, people) in result.workforce.items()]
    measure = measure_word(result.performances[0], lang) if result.performances else "–"
    return table(tell("table.caption.workforce", lang, measure=measure), lang, ("figure", "value", "people"), ("value", "people"), rows)


def workforce_word(what: str, value: float, lang: str) -> str:
    return share(value, lang) if what in ("turnover", *CUSTOMER_LOSSES) else amount(value, places=0 if what in ("joined", "left_post", "not_yet") else 1)


def fan_table(result: Backtest, lang: str) -> Table:
    return _shifted(result, lang, result.fan, "scale", tell("table.caption.fan", lang, resamples=result.resamples))


def volatility_table(result: Backtest, lang: str) -> Table:
    return _shifted(result, lang, result.volatility, "spread", tell("table.caption.volatility", lang, resamples=result.resamples))


def _shifted(result: Backtest, lang: str, found: pd.DataFrame, key: str, caption: str) -> Table:
    rows = []
    for name, title in names_of(result, lang, marked=True).items():
        mine = found[found["policy"] == name].sort_values(key)
        start = float(mine["pay"][mine[key] == 1].iloc[0])
        rows += [
            [
                title,
                share(factor, lang, places=0 if round(100 * factor, 6) == round(100 * factor) else 2),
                amount(pay / 100),
                share((pay - start) / abs(start) if start else np.nan, lang, signed=True),
                between(amount(low / 100), amount(high / 100), lang),
            ]
            for factor, pay, low, high in mine[[key, "pay", "low", "high"]].itertuples(index=False)
        ]
    heads = [(tell("table.plan", lang), False), (tell(f"figure.fan.{key}", lang), True), (tell("table.pay", lang), True),
             (tell("table.against_recorded", lang), True), (f"{tell('table.low', lang)} – {tell('table.high', lang)}", True)]
    return Table(caption, heads, rows)


def bands_table(result: Backtest, lang: str) -> Table | None:
    """People by band: all, by grade, and by fifths of the baseline's pay."""
    if result.winners.empty:
        return None
    names = names_of(result, lang)
    heads = [(tell("table.plan", lang), False), (tell("table.group", lang), False), *((tell(f"band.{band}", lang), True) for band in BANDS)]
    rows = []
    for policy in result.policies[1:]:
        found = result.winners[result.winners["policy"] == policy.name]
        groups = [(tell("table.all", lang), found), *((str(grade) or tell("figure.components.no_grade", lang), mine)
                                                      for grade, mine in found.groupby("grade", sort=False))]
        if found["old"].nunique() >= 5 and len(found) >= 20:
            groups += [
                (f"{tell('table.quintile', lang)}: {fifth}", mine) for fifth, mine in found[found["quintile"] > 0].groupby("quintile")
            ]
        rows += [
            [names[policy.name], label, *(f"{count:,}" for count in mine["band"].value_counts().reindex(list(BANDS)))]
            for label, mine in groups
        ]
    return Table(tell("table.caption.bands", lang), heads, rows)


def winners_tables(result: Backtest, lang: str) -> list[Table]:
    """Each person, plan by plan; of many those who lose and those who gain most."""
    names, made, each = names_of(result, lang), [], max(10, MOST_WINNERS // max(1, len(result.policies) - 1))
    for policy in result.policies[1:]:
        found = result.winners[result.winners["policy"] == policy.name].sort_values("difference", kind="stable")
        count = len(found)
        if count > each:
            found = pd.concat([found.head(each // 2), found.tail(each // 2)])
        rows = [
            [
                who(result, row.row),
                row.grade,
                money(row.old),
                money(row.new),
                money(row.difference, signed=True),
                "–" if np.isnan(row.percent) else amount(row.percent, signed=True, places=2),
                tell(f"band.{row.band}", lang),
                needed_word(row.needed, lang),
            ]
            for row in found.itertuples()
        ]
        words = ("who", "grade", "old", "new", "difference", "percent", "band", "needed")
        caption = tell("table.caption.winners", lang, plan=names[policy.name], shown=len(rows), count=count)
        made.append(table(caption, lang, words, ("old", "new", "difference", "percent", "needed"), rows))
    return made


def needed_word(factor: float, lang: str) -> str:
    """The performance needed, as a percentage of the recorded."""
    if np.isnan(factor):
        return tell("table.out_of_reach", lang)
    return tell("table.whatever", lang) if factor == 0 else amount(100 * factor, places=2)


def components_table(result: Backtest, lang: str) -> Table:
    names, rows = names_of(result, lang, marked=True), []
    for row in result.components[result.components["pay"] != 0].itertuples():
        policy = next(policy for policy in result.policies if policy.name == row.policy)
        rows.append([names[row.policy], row.grade or tell("figure.components.no_grade", lang), element_name(policy, str(row.element), lang),
                     f"{row.people:,}", f"{row.months:,}", money(row.pay), amount(row.a_month, places=2)])
    words = ("plan", "grade", "element", "people", "months", "pay", "a_month")
    return table(tell("table.caption.components", lang), lang, words, ("people", "months", "pay", "a_month"), rows)


def fairness_table(result: Backtest, lang: str) -> Table:
    names, rows = names_of(result, lang, marked=True), []
    for row in result.fairness.itertuples():
        money_like = row.what.startswith("tenure")
        told = partial(amount, signed=row.what not in ("gini", "top_over_median", "tenure_pay"), places=0 if money_like else 3)
        few = money_like and row.people < 5
        rows.append(
            [
                names.get(row.policy, "–"),
                tell(f"table.{row.what}", lang),
                tell(f"tenure.{row.group}", lang) if row.group else "",
                told(row.value),
                "–" if few else between(told(row.low), told(row.high), lang),
                f"{row.people:,}",
            ]
        )
    heads = [
        (tell(f"table.{word}", lang), number) for word, number in (("plan", False), ("figure", False), ("group", False), ("value", True))
    ]
    heads += [(f"{tell('table.low', lang)} – {tell('table.high', lang)}", True), (tell("table.people", lang), True)]
    return Table(tell("table.caption.fairness", lang, resamples=result.resamples), heads, rows)


def history_name(history: str, result: Backtest, lang: str) -> str:
    if history == "redrawn":
        return tell("table.redrawn", lang, count=result.redrawn["draw"].nunique())
    scale = float(history.removeprefix("scale "))
    return tell("table.as_recorded", lang) if scale == 1 else tell("table.scale", lang, scale=share(scale, lang, places=0))


def shifts_table(result: Backtest, lang: str) -> Table:
    names = names_of(result, lang, marked=True)
    rows = []
    for policy in result.policies:
        for row in result.shifts[result.shifts["policy"] == policy.name].itertuples():
            rows.append([names[policy.name], history_name(row.history, result, lang), amount(row.pay / 100),
                         between(amount(row.low / 100), amount(row.high / 100), lang)])
    heads = [(tell("table.plan", lang), False), (tell("table.history", lang), False), (tell("table.pay", lang), True),
             (f"{tell('table.low', lang)} – {tell('table.high', lang)}", True)]
    return Table(tell("table.caption.shifts", lang), heads, rows)


# --- an example statement ---------------------------------------------------------------------------------------------


def example_row(result: Backtest) -> int:
    """The person whose pay under the baseline is the middle one."""
    rows = result.paid
    pay = result.pay[result.baseline.name][rows]
    return int(rows[np.argsort(pay, kind="stable")[len(rows) // 2]])


def statement_tables(result: Backtest, lang: str, file: str) -> list[Table]:
    """Every line of one person in the last months that fit, plan by plan."""
    row, names, found = example_row(result), names_of(result, lang, marked=True), []
    for policy in result.policies[:3]:
        lines = lines_of(result, policy.name, np.array([row]))
        months = list(dict.fromkeys(lines["month"].astype(str)))
        while len(months) > 1 and lines["month"].astype(str).isin(months).sum() > MOST_LINES:
            months = months[1:]
        lines = lines[lines["month"].astype(str).isin(months)]
        caption = tell(
            "table.caption.statement",
            lang,
            plan=names[policy.name],
            who=who(result, row),
            months=between(months[0], months[-1], lang) if months else "–",
            file=file,
        )
        rows = [
            [
                line.month,
                line.period,
                element_name(policy, str(line.element), lang),
                kind_name(str(line.kind), lang),
                measure_word(line.measure, lang) if isinstance(line.measure, str) else "",
                _plain(line.input),
                _plain(line.target),
                _plain(line.rate),
                str(line.rule_zh if lang == "zh" else line.rule),
                money(line.amount),
            ]
            for line in lines.itertuples()
        ]
        words = ("month", "period", "element", "kind", "measure", "input", "target", "rate", "rule", "amount")
        found.append(table(caption, lang, words, ("input", "target", "rate", "amount"), rows))
    return found


def _plain(value: float) -> str:
    return "" if pd.isna(value) else f"{value:,.10g}".replace("-", MINUS)
