"""The Changzhou case beside the model: what was counted, what is simulated, and what each practice moves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from sim.app.tables import Lines, Table
from sim.app.words import say
from sim.experiments.compare import Comparison, comparison_of
from sim.experiments.intervals import Intervals
from sim.experiments.simulate import Runs
from sim.policy import Policy, Practices
from sim.report.accounts import Row, manager_rows, milestone_rows
from sim.report.case import facts_for
from sim.report.series import estimate, quantiles
from sim.report.words import number, percent, spread, title_of
from sim.report.words import say as say_words
from sim.world import load_case

PRACTICES = tuple(Practices.model_fields)
UNIT = "accounts"


def counts_table(lang: str) -> Table:
    """What the case counts, person by person, in both quarters."""
    quarters = load_case("changzhou")["quarters"]
    people = sorted({name for facts in quarters.values() for name in facts["managers"]})
    columns = {}
    for quarter, facts in quarters.items():
        cells = [_told(facts["managers"].get(name), lang) for name in people]
        together = next(entry["accounts"] for entry in facts["sums"] if entry["managers"] == ["A", "C"])
        columns[quarter] = [*cells, str(together), str(facts["total"]["accounts"])]
    return Table(columns, index=[*people, say("changzhou.together", lang, names="A + C"), say("changzhou.branch", lang)])


def _told(person: dict[str, Any] | None, lang: str) -> str:
    if person is None:
        return say("changzhou.absent", lang)
    if "accounts" in person:
        return str(person["accounts"])
    return _counts(*person["between"], lang) if "between" in person else say("changzhou.only_together", lang)


def beside(run: Runs) -> list[dict[str, Any]]:
    """The branch, each manager and each milestone: the case's figure, the model's quantiles, and how the two agree.

    kind: count (inside: within the band of nine in ten), bounds (inside: the band meets them), milestone (share: of runs that
    get there). Only for a run of a case's quarter.
    """
    facts = facts_for(run.scenario)
    if facts is None:
        return []
    branch = Row(say("changzhou.branch", "en"), run.totals()["accounts"].to_numpy(), facts.total)
    return [_agreement(row) for row in [branch, *manager_rows(run, facts, "en"), *milestone_rows(run, facts, "en")]]


def _agreement(row: Row) -> dict[str, Any]:
    low, _, middle, _, high = map(float, quantiles(row.values))
    found: dict[str, Any] = {"who": row.label, "median": middle, "low": low, "high": high}
    if row.at_least:
        return {**found, "kind": "milestone", "case": row.count, "share": float(np.mean(row.values >= row.count))}
    if row.count is not None:
        return {**found, "kind": "count", "case": row.count, "inside": bool(low <= row.count <= high)}
    if row.within is not None:
        return {**found, "kind": "bounds", "case": list(row.within), "inside": bool(low <= row.within[1] and high >= row.within[0])}
    return {**found, "kind": "unknown", "case": None}


def beside_table(run: Runs, lang: str) -> Table:
    """`beside`, to be read."""
    facts = facts_for(run.scenario)
    rows = [*manager_rows(run, facts, lang), *milestone_rows(run, facts, lang)]
    labels = [say("changzhou.branch", lang), *(row.label for row in rows)]
    heads = [say(f"changzhou.{key}", lang) for key in ("case", "median", "nine_in_ten", "agrees")]
    return Table([_cells(row, lang) for row in beside(run)], columns=heads, index=labels)


def _cells(row: dict[str, Any], lang: str) -> list[str]:
    case, agrees = "", ""
    match row["kind"]:
        case "unknown":
            case = say("changzhou.only_together", lang)
        case "count":
            case, agrees = f"{row['case']}", say("changzhou.inside" if row["inside"] else "changzhou.outside", lang)
        case "bounds":
            case = _counts(*row["case"], lang)
            agrees = say("changzhou.meets" if row["inside"] else "changzhou.outside", lang)
        case "milestone":
            case, agrees = f"≥ {row['case']}", say("changzhou.reached", lang, share=percent(round(row["share"], 2), lang))
    return [case, _count(row["median"]), _counts(row["low"], row["high"], lang), agrees]


def _count(value: float) -> str:
    """Accounts of one run are whole; a quantile between two runs may fall between two numbers."""
    return number(value, UNIT).removesuffix(".0")


def _counts(low: float, high: float, lang: str) -> str:
    """The whole numbers within a range: a count is inside the one exactly if it is inside the other."""
    least, most = math.ceil(low), math.floor(high)
    return say_words("list.range", lang, low=_count(min(least, most)), high=_count(max(least, most)))


def inside(run: Runs) -> bool:
    """Whether the case's total lies within the band of nine runs in ten."""
    return bool(beside(run)[0]["inside"])


def verdict(runs: Sequence[Runs], lang: str) -> Lines:
    """A sentence a quarter: whether the total counted lies where nine simulated totals in ten do."""
    told = [(run, beside(run)[0]) for run in runs]
    return Lines(say("changzhou.verdict", lang, scenario=title_of(run.scenario, lang), total=row["case"],
                     agrees=say("changzhou.inside" if row["inside"] else "changzhou.outside", lang),
                     band=_counts(row["low"], row["high"], lang)) for run, row in told)


def one_at_a_time(before: Policy, after: Policy) -> list[Policy]:
    """The earlier policy, then the same with one practice of the later one, then with all of them; pay unchanged."""
    each = [_changed(before, after, (name,), name) for name in PRACTICES if getattr(before.practices, name) != getattr(after.practices, name)]
    return [before, *each, _changed(before, after, PRACTICES, "all")]


def _changed(before: Policy, after: Policy, practices: tuple[str, ...], key: str) -> Policy:
    words = {lang: say(f"changzhou.but_{key}", lang) for lang in ("en", "zh")}
    parts = {name: (getattr(before.practices, name), getattr(after.practices, name)) for name in practices}
    changes = {f"practices.{name}": new and new.model_dump(exclude_none=True) for name, (old, new) in parts.items() if old or new}
    return before.with_changes({**changes, "title": words, "label": words, "status": "proposed"}, name=f"{before.name}+{key}")


def with_pairs_by_rule(policy: Policy, count: int) -> Policy:
    """The same policy where the people its pairs name are not: as many pairs, the best with the newest, appraised as before."""
    words = {lang: say("changzhou.pairs_by_rule", lang) for lang in ("en", "zh")}
    place = "practices.mentor_pairing"
    bundled = policy.practices.mentor_pairing.bundled
    pairs = {f"{place}.rule": "best_with_newest", f"{place}.count": count, f"{place}.bundled": bundled}
    changes = {**pairs, "title": words, "label": words, "status": "proposed"}
    return policy.with_changes(changes, name=f"{policy.name}+pairs-by-rule")


def without(result: Comparison, *keys: str) -> Comparison:
    """The comparison without some of the changes (a practice, or `all`): what they dwarf can be seen on a scale of its own."""
    left_out = {f"{result.baseline.policy.name}+{key}" for key in keys}
    return comparison_of([run for run in result.runs if run.policy.name not in left_out], result.confidence)


def adding_up(result: Comparison) -> dict[str, float]:
    """Differences in accounts: of each practice alone, their sum, and of all together."""
    rows = result.table[result.table["measure"] == "accounts"].set_index("policy")["difference"]
    *single, together = (run.policy.name for run in result.runs[1:])
    alone = {name.rsplit("+", 1)[-1]: float(rows[name]) for name in single}
    return {**alone, "sum": sum(alone.values()), "all": float(rows[together])}


def adding_up_table(result: Comparison, lang: str) -> Table:
    """`adding_up`, to be read."""
    found = adding_up(result)
    return Table({say("changzhou.more_accounts", lang): [number(value, UNIT, signed=True) for value in found.values()]},
                        index=[say(f"changzhou.part_{key}", lang) for key in found])


def from_one_to_other(steps: list[tuple[str, Runs]], lang: str) -> Table:
    """Worlds between the two quarters, each with its accounts: the mean with its interval, and the band of nine in ten."""
    rows = []
    for _, run in steps:
        values = run.totals()["accounts"].to_numpy()
        mean, band = estimate(values, Intervals()), quantiles(values)
        rows.append([number(mean.mean, UNIT), spread(mean.low, mean.high, UNIT, lang), _counts(band[0], band[-1], lang)])
    heads = [say(f"table.{key}", lang, confidence=percent(0.95, lang)) for key in ("mean", "mean_interval", "nine_in_ten")]
    return Table(rows, columns=heads, index=[say(f"changzhou.step_{key}", lang) for key, _ in steps])
