"""Results as tidy frames: what a branch's arrays say, in long form and in one order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.experiments.measures import list_measures
from sim.policy import Policy
from sim.world import Scenario
from sim.world.calendar import Calendar, partly_lived

if TYPE_CHECKING:
    from sim.engine.run import BranchRuns

COLUMNS = ("scenario", "policy", "replication", "seed", "level", "id", "period", "measure", "value")
KEYS = ("scenario", "policy", "level", "id", "period", "measure")

PROFIT_OF_FIRST = {"profit_1q": 3, "profit_1y": 12, "profit_3y": 36}           # months
Piece = tuple[str, list[str], str, str, np.ndarray]           # level, ids, period, measure, values (replications, ids)


CAREERS = ("quits", "dismissals", "hires", "vacancy_days", "promotions", "demotions", "training_spells", "handed_over", "tenure",
           "morale", "time_to_competence", "people_in_grade")


def branch_pieces(scenario: Scenario, branch: str, runs: BranchRuns, policy: Policy) -> Iterator[Piece]:
    """A branch's results, piece by piece: managers first, then the branch."""
    from sim.engine.state import FINALS, RECORDS
    from sim.experiments.portfolios import sold_pieces

    names = list(scenario.branches[branch].managers)
    line = scenario.timeline
    weeks = {name: runs.weeks[..., place] for place, name in enumerate(RECORDS)}
    finals = {name: runs.finals[..., place] for place, name in enumerate(FINALS)}
    pay = runs.months / 100.0
    books = monthly_books(scenario, runs.ledger, pay)
    for name, measure in list_measures().items():
        if measure.needs and not scenario.mechanism(measure.needs):
            continue
        if name in books:
            yield from _booked(names, branch, name, books[name], line.month_labels)
            continue
        if name in PROFIT_OF_FIRST or name == "profit_to_date":
            yield from _profit_over_time(names, branch, name, books["profit_after_pay"][1][0], line)
            continue
        if name == "pay":
            series, total, labels = pay, pay.sum(axis=1), line.month_labels
        elif name == "satisfaction":
            yield from _satisfaction(names, branch, finals)
            continue
        elif name in CAREERS:
            continue
        elif name in finals:
            series, total, labels = None, finals[name], ()
        elif name in weeks:
            flow = weeks[name]
            days = weeks["days"]
            total = {"sum": flow.sum(axis=1), "last": flow[:, -1], "mean": flow.sum(axis=1) / days.sum(axis=1)}[measure.kind]
            series = (flow / days if measure.kind == "mean" else flow) if measure.weekly else None
            labels = line.week_labels
        else:
            continue
        yield from _levels(names, branch, name, measure.kind, total, series, labels)
    accounts, paid = weeks["accounts"].sum(axis=1), pay.sum(axis=1)
    whole = {"accounts_per_10k_pay": ratio(1e4 * accounts.sum(axis=1), paid.sum(axis=1)),
             "pay_gini": gini(paid), "accounts_gini": gini(accounts)}
    for name, values in whole.items():
        yield "branch", [branch], "total", name, values[:, None]
    if runs.sold.shape[-1]:                              # customers in full; all hand-overs, those of the first morning too
        yield from sold_pieces(names, branch, runs, line.week_labels, _levels)
    if scenario.effective("quit_hazard") > 0 or policy.people is not None:
        grades = [grade.name for grade in policy.people.grades] if policy.people else []
        yield from (piece for piece in _careers(names, branch, finals, grades) if not (runs.sold.shape[-1] and piece[3] == "handed_over"))


def _satisfaction(names: list[str], branch: str, finals: dict[str, np.ndarray]) -> Iterator[Piece]:
    """Mean over customers, not managers; NaN for whoever holds none."""
    held, mean = finals["customers"], finals["satisfaction"]
    yield "manager", names, "total", "satisfaction", np.where(held > 0, mean, np.nan)
    whole = held.sum(axis=1)
    yield "branch", [branch], "total", "satisfaction", np.where(whole > 0, ratio((held * mean).sum(axis=1), whole), np.nan)[:, None]


Parts = tuple[np.ndarray, np.ndarray | None]          # (R, M, n) by month, and what it is divided by, if anything


def monthly_books(scenario: Scenario, ledger: np.ndarray, pay: np.ndarray) -> dict[str, tuple[str, Parts]]:
    """Measures of the months' records and pay (R, M, n): each how it covers more months, and its values by month.

    Profit after pay is, in every scenario: what products brought where customers are in full, else the margin of deposits; with lending
    also interest less funds, handling, loan loss and principal lost; less pay as it is earned, whenever it is paid.
    """
    from sim.engine.state import LEDGER

    of = {name: ledger[..., place] for place, name in enumerate(LEDGER)}
    books: dict[str, tuple[str, Parts]] = {"deposit_margin": ("sum", (of["deposit_margin"], None))}
    profit = of["product_income"] if scenario.effective("customer_detail") > 0.0 else of["deposit_margin"]
    if scenario.mechanism("credit"):
        books |= credit_books(of)
        profit = profit + books["responsible_profit"][1][0] - of["deposit_margin"]
    return {**books, "profit_after_pay": ("sum", (profit - pay - of["pay_deferred"], None))}


def credit_books(of: dict[str, np.ndarray]) -> dict[str, tuple[str, Parts]]:
    """As `monthly_books`, of loans alone, from the ledger's columns."""
    from sim.engine.stages.credit import SHARE_LOST

    bad = of["substandard_balance"] + of["doubtful_balance"] + of["loss_balance"]
    loss = SHARE_LOST[1] * of["substandard_balance"] + SHARE_LOST[2] * of["doubtful_balance"] + SHARE_LOST[3] * of["loss_balance"]
    before = np.concatenate([of["opening_loss"][:, :1], loss[:, :-1]], axis=1)
    profit = of["responsible_income"] - of["responsible_cost"] - (loss - before) - of["principal_lost"]
    flows = ("loans_made", "loans", "applications", "interest_collected", "responsible_income", "responsible_cost", "loans_defaulted", "principal_lost")
    levels = ("loan_balance", "substandard_balance", "doubtful_balance", "loss_balance", "unrecovered_balance")
    return {
        **{name: ("sum", (of[name], None)) for name in flows}, **{name: ("last", (of[name], None)) for name in levels},
        "loan_size": ("sum", (of["loans_made"], of["loans"])), "default_rate": ("sum", (of["loans_defaulted"], of["loans_made"])),
        "loan_loss": ("last", (loss, None)), "bad_loan_ratio": ("last", (bad, of["loan_balance"])),
        "loans_recovered": ("last", (of["recovered"], of["due"])),
        "responsible_profit": ("sum", (profit, None)),
    }


def _booked(names: list[str], branch: str, measure: str, book: tuple[str, Parts], labels: list[str]) -> Iterator[Piece]:
    """A measure of the months' records by manager and for the branch, over the horizon and by month; NaN where there is nothing to divide by."""
    how, (above, below) = book

    def at(months: slice, whole: bool) -> np.ndarray:
        parts = [None if part is None else part[:, months].sum(axis=1) for part in (above, below)]
        if whole:
            parts = [None if part is None else part.sum(axis=1, keepdims=True) for part in parts]
        if parts[1] is None:
            return parts[0]
        return np.where(parts[1] > 0, ratio(parts[0], parts[1]), np.nan)

    spans = [("total", slice(None) if how == "sum" else slice(-1, None)), *((label, slice(place, place + 1)) for place, label in enumerate(labels))]
    for label, months in spans:
        yield "manager", names, label, measure, at(months, False)
        yield "branch", [branch], label, measure, at(months, True)


def _profit_over_time(names: list[str], branch: str, measure: str, profit: np.ndarray, line: Calendar) -> Iterator[Piece]:
    """Profit after pay (R, M, n) of the run's first months, where they were lived in full; or from the first day to each quarter's end."""
    if measure in PROFIT_OF_FIRST:
        months = PROFIT_OF_FIRST[measure]
        cut = {label for label, _, _ in partly_lived(line)}
        if len(line.month_labels) < months or cut & set(line.month_labels[:months]):
            return
        spans = [("total", months)]
    else:
        ends = line.month[line.last_of_quarter]
        spans = [("total", len(line.month_labels)), *((label, int(end) + 1) for label, end in zip(line.quarter_labels, ends, strict=True))]
    for label, months in spans:
        value = profit[:, :months].sum(axis=1)
        yield "manager", names, label, measure, value
        yield "branch", [branch], label, measure, value.sum(axis=1, keepdims=True)


def _careers(names: list[str], branch: str, finals: dict[str, np.ndarray], grades: list[str]) -> Iterator[Piece]:
    """Who came, went and rose: counts by seat; tenure and morale of those in post; people by grade on the last day."""
    in_post = finals["in_post"]
    there = in_post.sum(axis=1)
    for name in CAREERS:
        if name in ("tenure", "morale"):
            yield "manager", names, "total", name, np.where(in_post > 0, finals[name], np.nan)
            mean = ratio((finals[name] * in_post).sum(axis=1), there)
            yield "branch", [branch], "total", name, np.where(there > 0, mean, np.nan)[:, None]
        elif name == "time_to_competence":
            ramped = finals["ramped"].sum(axis=1)
            yield "branch", [branch], "total", name, np.where(ramped > 0, ratio(finals["ramp_months"].sum(axis=1), ramped), np.nan)[:, None]
        elif name == "people_in_grade":
            if grades:
                places = np.arange(len(grades))
                held = ((finals["grade"][:, :, None] == places) & (in_post[:, :, None] > 0)).sum(axis=1)
                yield "grade", grades, "total", name, held.astype(np.float64)
        else:
            yield from _levels(names, branch, name, "sum", finals[name], None, ())


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _levels(names: list[str], branch: str, measure: str, kind: str, total: np.ndarray, series: np.ndarray | None,
            labels: list[str] | tuple[str, ...]) -> Iterator[Piece]:
    """The same values by manager and for the branch, over the horizon and by period."""
    gather = np.sum if kind == "sum" else np.mean
    yield "manager", names, "total", measure, total
    yield "branch", [branch], "total", measure, gather(total, axis=1)[:, None]
    if series is not None:
        for place, label in enumerate(labels):
            yield "manager", names, label, measure, series[:, place]
            yield "branch", [branch], label, measure, gather(series[:, place], axis=1)[:, None]


def gini(values: np.ndarray) -> np.ndarray:
    """Gini index of each row: 0 all equal, toward 1 one has all; 0 where nobody has anything."""
    ranked = np.sort(values, axis=1)
    n = values.shape[1]
    weights = 2.0 * np.arange(1, n + 1) - n - 1.0
    return ratio((ranked * weights).sum(axis=1), n * ranked.sum(axis=1))


def _over_branches(pieces: Sequence[Piece]) -> list[Piece]:
    """Grades are the bank's: whoever holds them is counted over all branches. All other units are of one branch."""
    found: dict[tuple[str, ...], Piece] = {}
    for level, ids, period, measure, table in pieces:
        key = (level, *ids, period, measure)
        found[key] = (level, ids, period, measure, found[key][4] + table) if key in found else (level, ids, period, measure, table)
    return list(found.values())


def long_form(pieces: Sequence[Piece], scenario: str, policy: str, seed: int, first: int = 0) -> pd.DataFrame:
    """Columns `COLUMNS` in the canonical order: replications (the first of them numbered `first`), within each the pieces as they
    come, within those the units. So blocks of replications one after another are the frame of all of them.
    """
    pieces = _over_branches(pieces)
    table = np.concatenate([values for *_, values in pieces], axis=1)
    replications, width = table.shape
    data: dict[str, Any] = {
        "scenario": constant(scenario, table.size), "policy": constant(policy, table.size),
        "replication": np.repeat(np.arange(first, first + replications), width), "seed": np.full(table.size, seed)}
    for name, (codes, words) in _keys(tuple((level, tuple(ids), period, measure) for level, ids, period, measure, _ in pieces)).items():
        data[name] = pd.Categorical.from_codes(np.tile(codes, replications), dtype=words, validate=False)
    return pd.DataFrame({**data, "value": table.ravel()}, columns=list(COLUMNS), copy=False)


@lru_cache(maxsize=64)
def _keys(pieces: tuple[tuple[str, tuple[str, ...], str, str], ...]) -> dict[str, tuple[np.ndarray, pd.CategoricalDtype]]:
    """The keys of one replication's rows, as codes and the words they stand for; the same block after block."""
    units = [(level, name, period, measure) for level, ids, period, measure in pieces for name in ids]
    found = {}
    for name, words in zip(("level", "id", "period", "measure"), zip(*units, strict=True), strict=True):
        known = {word: place for place, word in enumerate(dict.fromkeys(words))}
        kind = np.min_scalar_type(-len(known))               # as narrow as pandas makes codes
        found[name] = np.array([known[word] for word in words], dtype=kind), pd.CategoricalDtype(list(known))
    return found


def constant(word: str, size: int) -> pd.Categorical:
    """One word in every row."""
    return pd.Categorical.from_codes(np.zeros(size, dtype=np.int8), dtype=_word(word), validate=False)


@lru_cache(maxsize=256)
def _word(word: str) -> pd.CategoricalDtype:
    return pd.CategoricalDtype([word])


def stacked(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Several frames one after another, keys as categories shared by all."""
    from pandas.api.types import union_categoricals

    if len(frames) == 1:
        return frames[0]
    data: dict[str, Any] = {}
    for column in COLUMNS:
        parts = [frame[column] for frame in frames]
        data[column] = union_categoricals(parts) if column in KEYS else np.concatenate([p.to_numpy() for p in parts])
    return pd.DataFrame(data)


def nothing() -> pd.DataFrame:
    """A frame without rows."""
    return pd.DataFrame({column: pd.Categorical([]) if column in KEYS else np.zeros(0, dtype=np.float64 if column == "value" else np.int64)
                         for column in COLUMNS})


def renamed(frame: pd.DataFrame, scenario: str, policy: str) -> pd.DataFrame:
    """A frame under the names it is asked by now."""
    return frame.assign(scenario=constant(scenario, len(frame)), policy=constant(policy, len(frame)))
