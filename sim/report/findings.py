"""What a result says, in sentences computed from its numbers. Nothing here knows which policy should win.

A difference is told only where its interval leaves zero out; otherwise the sentence says that none can be told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from sim.experiments.compare import Comparison
from sim.experiments.intervals import Intervals
from sim.experiments.measures import MAIN, list_measures
from sim.experiments.simulate import Runs
from sim.report.case import facts_for
from sim.report.series import Estimate, by_manager, estimate, full_weeks, profit_gaps, quantiles, weekly
from sim.report.words import check_language, listed, number, percent, say, spread, title_of, titles

BOARD = ("profit_1q", "profit_1y", "profit_3y", "loans_made", "bad_loan_ratio")    # beside the main ones where a year or more was lived
RUNS_CONFIDENCE = 0.95
MOST_NAMES = 2              # longer lists of policies are given as a count

Verdict = Literal["more", "less", "same", "open"]


def verdict(low: float, high: float) -> Verdict:
    """What an interval of a difference allows to say. same: equal in every replication; open: no difference can be told."""
    if low == high == 0.0:
        return "same"
    return "more" if low > 0.0 else "less" if high < 0.0 else "open"


def measures_shown(result: Comparison) -> tuple[str, ...]:
    """The measures of the short table."""
    there = set(result.table["measure"])
    return tuple(measure for measure in (*MAIN, *(BOARD if "profit_1y" in there else ())) if measure in there)


class Extremes(NamedTuple):
    """The policies with the highest and the lowest mean, and whether the two can be told apart, luck by luck."""

    highest: str
    lowest: str
    top: Estimate
    bottom: Estimate
    told: bool


def extremes(values: Mapping[str, np.ndarray], intervals: Intervals) -> Extremes:
    """values: by policy, one value a replication, in the same order of replications."""
    means = {name: float(column.mean()) for name, column in values.items()}
    highest, lowest = max(means, key=means.__getitem__), min(means, key=means.__getitem__)
    gap = estimate(values[highest] - values[lowest], intervals)
    return Extremes(highest, lowest, estimate(values[highest], intervals), estimate(values[lowest], intervals), gap.low > 0.0)


def headline(result: Runs | Comparison, lang: str = "en") -> list[str]:
    """Three sentences for somebody who reads no further: what happens, what it costs, how far to trust it."""
    check_language(lang)
    return _headline_of_comparison(result, lang) if isinstance(result, Comparison) else _headline_of_runs(result, lang)


def leader(result: Comparison) -> str | None:
    """The policy with the most accounts among those whose difference to the baseline is told; None if there is none."""
    rows = result.table[result.table["measure"] == "accounts"]
    better = rows[rows["ci_low"] > 0.0]
    return None if better.empty else str(better.loc[better["mean"].idxmax(), "policy"])


def not_told_from(result: Comparison, name: str, measure: str = "accounts") -> list[str]:
    """The other policies whose difference to this one, luck by luck, cannot be told."""
    columns = {run.policy.name: run.totals()[measure].to_numpy() for run in result.runs}
    gaps = {other: estimate(columns[name] - column, result.intervals) for other, column in columns.items() if other != name}
    return [other for other, gap in gaps.items() if verdict(gap.low, gap.high) in ("open", "same")]


def _headline_of_comparison(result: Comparison, lang: str) -> list[str]:
    names = titles([run.policy for run in result.runs], lang)
    best = leader(result)
    return [_who_leads(result, best, names, lang), _what_it_costs(result, best, names, lang),
            _how_far(result.baseline, "headline.trust", lang) + _not_precise(result, lang)]


def _not_precise(result: Comparison, lang: str) -> str:
    missed = result.precision is not None and not result.precision.enough
    return say("headline.not_precise", lang, replications=f"{result.baseline.replications:,}") if missed else ""


def _row(result: Comparison, policy: str, measure: str) -> dict[str, float]:
    rows = result.table
    return rows[(rows["policy"] == policy) & (rows["measure"] == measure)].iloc[0].to_dict()


def _who_leads(result: Comparison, best: str | None, names: Mapping[str, str], lang: str) -> str:
    rows = result.table[result.table["measure"] == "accounts"]
    parts = {"baseline": names[result.baseline.policy.name], "confidence": percent(result.confidence, lang)}
    if best is not None:
        row = _row(result, best, "accounts")
        tied = not_told_from(result, best)
        return say("headline.leads_with_others" if tied else "headline.leads", lang, policy=names[best], tied=_some(tied, names, lang),
                   mean=number(row["mean"], "accounts"), base=number(row["mean_baseline"], "accounts"),
                   difference=number(row["difference"], "accounts"),
                   interval=spread(row["ci_low"], row["ci_high"], "accounts", lang), **parts)
    nearest = rows.loc[rows["difference"].idxmax()]
    fewer, others = int((rows["ci_high"] < 0.0).sum()), len(rows)
    return say("headline.none_better" if fewer else "headline.none_told", lang, policy=names[nearest["policy"]], fewer=fewer,
               others=others, base=number(nearest["mean_baseline"], "accounts"),
               difference=number(nearest["difference"], "accounts", signed=True),
               interval=spread(nearest["ci_low"], nearest["ci_high"], "accounts", lang, signed=True), **parts)


def _some(policies: Sequence[str], names: Mapping[str, str], lang: str) -> str:
    if len(policies) > MOST_NAMES:
        return say("headline.so_many_others", lang, count=len(policies))
    return listed([say("headline.quoted", lang, name=names[name]) for name in policies], lang)


def _what_it_costs(result: Comparison, best: str | None, names: Mapping[str, str], lang: str) -> str:
    if best is None:
        columns = {run.policy.name: run.totals()["pay"].to_numpy() for run in result.runs}
        ends = extremes(columns, result.intervals)
        return say("headline.pay_ranges" if ends.told else "headline.pay_not_told", lang, cheapest=names[ends.lowest],
                   dearest=names[ends.highest], low=number(ends.bottom.mean, "CNY"), high=number(ends.top.mean, "CNY"),
                   confidence=percent(result.confidence, lang))
    pay, ratio = _row(result, best, "pay"), _row(result, best, "accounts_per_10k_pay")
    unit = "accounts per 10000 CNY"
    told = verdict(pay["ci_low"], pay["ci_high"])
    gap = say(f"headline.pay_{told}", lang, difference=number(abs(pay["difference"]), "CNY"), confidence=percent(result.confidence, lang),
              interval=spread(*sorted((abs(pay["ci_low"]), abs(pay["ci_high"]))), "CNY", lang))
    return say("headline.costs", lang, pay=number(pay["mean"], "CNY"), gap=gap, ratio=number(ratio["mean"], unit),
               base_ratio=number(ratio["mean_baseline"], unit))


def _how_far(run: Runs, key: str, lang: str) -> str:
    status = run.scenario.ledger()["status"]
    return say(key, lang, assumed=int((status == "assumed").sum()), total=len(status), replications=run.replications, seed=run.seed)


def _headline_of_runs(run: Runs, lang: str) -> list[str]:
    totals = run.totals()
    accounts = totals["accounts"].to_numpy()
    mean = estimate(accounts, Intervals(RUNS_CONFIDENCE))
    low, _, _, _, high = quantiles(accounts)
    first = say("headline.opens" if run.replications > 1 else "headline.opens_once", lang, policy=title_of(run.policy, lang),
                scenario=title_of(run.scenario, lang), mean=number(mean.mean, "accounts"), confidence=percent(RUNS_CONFIDENCE, lang),
                interval=spread(mean.low, mean.high, "accounts", lang), band=spread(low, high, "accounts", lang))
    second = say("headline.spends", lang, pay=number(float(totals["pay"].mean()), "CNY"),
                 ratio=number(float(totals["accounts_per_10k_pay"].mean()), "accounts per 10000 CNY"))
    return [first, second + _beside_the_case(run, low, high, lang), _how_far(run, "headline.trust_runs", lang)]


def _beside_the_case(run: Runs, low: float, high: float, lang: str) -> str:
    facts = facts_for(run.scenario)
    if facts is None or run.replications < 2:
        return say("headline.stop", lang)
    return say("headline.case_inside" if low <= facts.total <= high else "headline.case_outside", lang, total=facts.total)


def takeaway(result: Runs | Comparison, kind: str, lang: str) -> str:
    """One sentence for a figure of `sim.report.kinds(result)`."""
    if isinstance(result, Comparison):
        return _OF_COMPARISON[kind](result, titles([run.policy for run in result.runs], lang), lang)
    return _OF_RUNS[kind](result, lang)


def _differences(result: Comparison, names: Mapping[str, str], lang: str) -> str:
    rows = result.table[result.table["measure"] == "accounts"]
    told = [verdict(low, high) for low, high in zip(rows["ci_low"], rows["ci_high"])]
    return say("takeaway.differences", lang, others=len(told), baseline=names[result.baseline.policy.name], more=told.count("more"),
               less=told.count("less"), open=told.count("open") + told.count("same"), confidence=percent(result.confidence, lang),
               held=say("takeaway.jointly" if "accounts" in result.intervals.together else "takeaway.alone", lang))


def _pay_output(result: Comparison, names: Mapping[str, str], lang: str) -> str:
    unit = "accounts per 10000 CNY"
    ends = extremes({run.policy.name: run.totals()["accounts_per_10k_pay"].to_numpy() for run in result.runs}, result.intervals)
    return say("takeaway.pay_output" if ends.told else "takeaway.pay_output_open", lang, confidence=percent(result.confidence, lang),
               best=names[ends.highest], worst=names[ends.lowest], most=number(ends.top.mean, unit), fewest=number(ends.bottom.mean, unit),
               most_interval=spread(ends.top.low, ends.top.high, unit, lang),
               fewest_interval=spread(ends.bottom.low, ends.bottom.high, unit, lang))


def _accounts_by_policy(result: Comparison, names: Mapping[str, str], lang: str) -> str:
    bands = {run.policy.name: quantiles(run.totals()["accounts"].to_numpy()) for run in result.runs}
    facts = facts_for(result.scenario)
    if facts:
        inside = [name for name, band in bands.items() if band[0] <= facts.total <= band[-1]]
        return say("takeaway.accounts_case", lang, total=facts.total, inside=len(inside), policies=len(bands))
    low, high = min(bands, key=lambda name: bands[name][2]), max(bands, key=lambda name: bands[name][2])
    return say("takeaway.accounts_range", lang, lowest=names[low], highest=names[high],
               low=number(bands[low][2], "accounts"), high=number(bands[high][2], "accounts"))


def _managers_by_policy(result: Comparison, names: Mapping[str, str], lang: str) -> str:
    if facts_for(result.scenario):
        hits = [managers_inside(run) for run in result.runs]
        low, high = min(hit for hit, _ in hits), max(hit for hit, _ in hits)
        return say("takeaway.managers_case" if low < high else "takeaway.managers_case_same", lang, known=hits[0][1], low=low, high=high)
    ends = extremes({run.policy.name: run.totals()["accounts_gini"].to_numpy() for run in result.runs}, result.intervals)
    return say("takeaway.managers_gini" if ends.told else "takeaway.managers_gini_open", lang, confidence=percent(result.confidence, lang),
               highest=names[ends.highest], lowest=names[ends.lowest],
               top=number(ends.top.mean, "Gini index"), bottom=number(ends.bottom.mean, "Gini index"))


def managers_inside(run: Runs) -> tuple[int, int]:
    """How many of the managers counted by the case lie within the simulated band of nine in ten, and how many are counted."""
    facts = facts_for(run.scenario)
    counts = facts.counts if facts else {}
    values = by_manager(run, "accounts")
    bands = {name: quantiles(values[name]) for name in counts}
    return sum(bool(bands[name][0] <= count <= bands[name][-1]) for name, count in counts.items()), len(counts)


def _weeks_by_policy(result: Comparison, names: Mapping[str, str], lang: str) -> str:
    parts = []
    for measure in ("effort", "skill"):
        ends = extremes({run.policy.name: run.totals()[measure].to_numpy() for run in result.runs}, result.intervals)
        unit = list_measures()[measure].unit
        parts.append(say("takeaway.weeks_part" if ends.told else "takeaway.weeks_part_open", lang,
                         measure=say(f"takeaway.{measure}", lang), unit=say(f"takeaway.{measure}_unit", lang),
                         highest=names[ends.highest], lowest=names[ends.lowest],
                         top=number(ends.top.mean, unit), bottom=number(ends.bottom.mean, unit)))
    return say("takeaway.weeks", lang, first=parts[0], second=parts[1], confidence=percent(result.confidence, lang))


def _coupling(result: Comparison, names: Mapping[str, str], lang: str) -> str:
    table = result.coupling(["accounts"])
    wide = table.pivot(index="period", columns="policy", values="variance_reduction")
    weeks = wide.loc[[result.scenario.timeline.week_labels[week] for week in full_weeks(result.scenario)]].median(axis=1)
    told = weeks.dropna()
    first, last = (told.iloc[0], weeks.iloc[-1]) if len(told) else (np.nan, np.nan)
    return say("takeaway.coupling", lang, first=_times(first), last=_times(last), whole=_times(wide.loc["total"].median()))


def _times(gain: float) -> str:
    return "–" if np.isnan(gain) else f"{gain:,.{1 if gain < 100 else 0}f}"


def _accounts(run: Runs, lang: str) -> str:
    low, _, middle, _, high = quantiles(run.totals()["accounts"].to_numpy())
    facts = facts_for(run.scenario)
    text = {"median": number(middle, "accounts"), "band": spread(low, high, "accounts", lang)}
    if facts is None:
        return say("takeaway.runs", lang, **text)
    hits, counted = managers_inside(run)
    inside = "takeaway.runs_inside" if low <= facts.total <= high else "takeaway.runs_outside"
    return say(inside, lang, total=facts.total, hits=hits, known=counted, **text)


def _weeks(run: Runs, lang: str) -> str:
    totals, skill = run.totals(), weekly(run, "skill").mean(axis=0)
    return say("takeaway.runs_weeks", lang, effort=number(float(totals["effort"].mean()), "hours a day"),
               first=number(skill[0], "share of full competence"), last=number(skill[-1], "share of full competence"))


def _profit(result: Comparison, names: Mapping[str, str], lang: str) -> str:
    """How many policies are told to be above and below the baseline after the first quarter and at the end."""
    gaps = profit_gaps(result)
    told = {place: [verdict(float(mean[place] - half[place]), float(mean[place] + half[place])) for mean, half in gaps.values()] for place in (0, -1)}
    return say("takeaway.profit", lang, baseline=names[result.baseline.policy.name], others=len(gaps), confidence=percent(result.confidence, lang),
               first_more=told[0].count("more"), first_less=told[0].count("less"), more=told[-1].count("more"), less=told[-1].count("less"),
               end=result.scenario.timeline.quarter_labels[-1].replace("-", " "))


_OF_COMPARISON = {"differences": _differences, "pay_output": _pay_output, "accounts": _accounts_by_policy,
                  "managers": _managers_by_policy, "weeks": _weeks_by_policy, "profit": _profit, "coupling": _coupling}
_OF_RUNS = {"accounts": _accounts, "weeks": _weeks}
