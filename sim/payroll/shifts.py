"""Histories that might have been: results moved as a whole, spread wider or narrower, or drawn anew from a person's own months.

What moves are amounts and counts, with the costs and losses that go with them, so that a profit made of both moves by the same
factor. Quality (a complaint rate, a score), shares and days stay as they were, and so do targets, portfolios and adjustments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd

from sim.payroll.numbers import SCALE
from sim.payroll.records import Records
from sim.policy.measures import pay_measures

WHOLE = 10_000                        # factors are counted in ten-thousandths
MOST = 5 * WHOLE                      # the largest factor that is looked for
STAYING_UNITS = {"share", "days"}


@cache
def moves(measure: str) -> bool:
    """Whether a factor on results moves the measure: an amount or a count, not a quality, a share or days."""
    known = pay_measures()[measure]
    return not (known.quality or known.built_in or known.unit in STAYING_UNITS)


def scaled(records: Records, parts: int | np.ndarray) -> Records:
    """The same history with every result times a factor, to the nearest millionth of its unit.

    parts: the factor in ten-thousandths, one for all or one for each row of `people`.
    """
    if isinstance(parts, int) and parts == WHOLE:
        return records
    measures, deals = records.measures, records.deals
    by_person = np.full(len(records.people), parts) if isinstance(parts, int) else parts
    moved = replace(records, measures=measures.assign(value=_scaled(measures, measures["person"].cat.codes.to_numpy(), by_person)))
    if not len(deals):
        return moved
    rows = pd.Index(records.people["person"]).get_indexer(deals["person"])
    return replace(moved, deals=deals.assign(value=_scaled(deals, rows, by_person)))


def _scaled(frame: pd.DataFrame, rows: np.ndarray, by_person: np.ndarray) -> np.ndarray:
    factors = np.where(_moving(frame["measure"]) & (rows >= 0), by_person[rows], WHOLE)
    return times(frame["value"].to_numpy(), factors)


def times(values: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Whole numbers times ten-thousandths, halves up. What records can hold (10^18) times `MOST` stays within int64."""
    whole, rest = np.divmod(values, WHOLE)
    return whole * parts + (2 * rest * parts + WHOLE) // (2 * WHOLE)


def _moving(names: pd.Series) -> np.ndarray:
    """Row by row, whether the measure moves."""
    cat = pd.Categorical(names)
    return np.array([moves(str(name)) for name in cat.categories], dtype=bool)[cat.codes]


# --- spread wider or narrower -----------------------------------------------------------------------------------------


def spread(records: Records, factor: float) -> Records:
    """The same history with each result's distance to the person's own mean times a factor: 0 makes all months alike.

    Each person's level stays, as long as nothing is held at the least a measure can be. A what-if, so in floats. Deals stay.
    """
    measures = records.measures
    if factor == 1 or not len(measures):
        return records
    own = measures.assign(value=measures["value"].astype(float)).groupby(["person", "measure"], observed=True)["value"].transform("mean")
    value = own + factor * (measures["value"] - own)
    least = np.array([_least(str(name)) for name in measures["measure"].cat.categories])[measures["measure"].cat.codes]
    found = np.rint(np.maximum(value.to_numpy(), np.minimum(least, measures["value"].to_numpy()))).astype(np.int64)
    return replace(records, measures=measures.assign(value=np.where(_moving(measures["measure"]), found, measures["value"])))


def _least(measure: str) -> float:
    from sim.payroll.dictionary import known_measures

    least = known_measures()[measure].least
    return -np.inf if least is None else float(least * SCALE)


# --- drawn anew -------------------------------------------------------------------------------------------------------


class Redraws:
    """Histories in which each person's quarters follow in another order of chance: drawn, with replacement, from that person's own.

    A quarter's three months stay together and in order, all measures with them. Months of a quarter that the records do not hold
    in full stay as they were. It is assumed that a person's quarters differ by luck alone, without season, trend or learning, and
    that one person's luck says nothing about another's.
    """

    def __init__(self, records: Records) -> None:
        self.records = records
        measures = records.measures
        if not len(measures):
            self.full = np.zeros((len(records.people), 0), dtype=bool)
            return
        self.person = measures["person"].cat.codes.to_numpy().astype(np.int64)
        labels = pd.PeriodIndex(measures["month"].cat.categories.astype(str), freq="M")
        start = pd.Period(f"{labels[0].year}-01", freq="M").ordinal
        places = labels.asi8 - start
        self.month = places[measures["month"].cat.codes]
        self.quarters = int(places.max()) // 3 + 1
        kinds = len(measures["measure"].cat.categories)
        self.rows = np.full((len(records.people), 3 * self.quarters, kinds), -1, dtype=np.int32)
        self.rows[self.person, self.month, measures["measure"].cat.codes] = np.arange(len(measures))
        self.kind = measures["measure"].cat.codes.to_numpy()
        held = (self.rows >= 0).any(axis=2)
        self.full = held.reshape(len(records.people), self.quarters, 3).all(axis=2)

    @property
    def people(self) -> int:
        """How many have two full quarters or more, and so something to be drawn."""
        return int((self.full.sum(axis=1) > 1).sum())

    def one(self, draw: np.random.Generator) -> Records:
        """A history drawn anew. Deals carry dates and stay."""
        many = self.full.sum(axis=1)
        ordered = np.argsort(~self.full, axis=1, kind="stable")          # each person's full quarters first
        chosen = (draw.random(self.full.shape) * many[:, None]).astype(np.int64)
        quarter = np.where(self.full, np.take_along_axis(ordered, chosen, axis=1), np.arange(self.quarters))
        source = self.rows[self.person, 3 * quarter[self.person, self.month // 3] + self.month % 3, self.kind]
        value = self.records.measures["value"].to_numpy()
        return replace(self.records, measures=self.records.measures.assign(value=np.where(source >= 0, value[source], value)))


# --- many histories at once ---------------------------------------------------------------------------------------------


def stacked(histories: Sequence[Records]) -> Records:
    """Several histories of the same people as one, each with people, teams and deals of its own, one after the other.

    What a plan pays on it is what it pays on each, as long as nothing is shared by everybody (a budget) and nobody is named in it.
    """
    first, many = histories[0], len(histories)
    measures = first.measures
    codes = np.concatenate(
        [measures["person"].cat.codes.to_numpy().astype(np.int64) + number * len(first.people) for number in range(many)]
    )
    people = _marked(first.people, ("person", "mentor", "supervisor", "team", "outlet"), many)
    joined = pd.DataFrame(
        {
            "person": pd.Categorical.from_codes(codes, people["person"]),
            **{
                name: pd.Categorical.from_codes(np.tile(measures[name].cat.codes, many), measures[name].cat.categories)
                for name in ("month", "measure")
            },
            "value": np.concatenate([history.measures["value"].to_numpy() for history in histories]),
        }
    )
    of_grades = (first.targets["grade"] != "").to_numpy()
    deals = _marked(first.deals, ("person", "deal"), many)
    return replace(
        first, people=people, measures=joined, deals=deals.assign(value=np.concatenate([history.deals["value"] for history in histories])),
        targets=pd.concat([first.targets[of_grades], _marked(first.targets[~of_grades], ("person", "team"), many)], ignore_index=True),
        **{name: _marked(getattr(first, name), ("person",), many) for name in ("portfolios", "adjustments", "changes")})


def _marked(frame: pd.DataFrame, columns: Sequence[str], many: int) -> pd.DataFrame:
    """The frame so many times, with the number of the time behind every name in some columns; no name stays none."""
    found = frame.iloc[np.tile(np.arange(len(frame)), many)].reset_index(drop=True)
    behind = np.repeat([f"\x1f{number}" for number in range(many)], len(frame)).astype(object)
    return found.assign(**{name: np.where(found[name] == "", "", found[name].astype(object) + behind) for name in columns})


# --- kept whole -------------------------------------------------------------------------------------------------------

WHATEVER, OUT_OF_REACH = 0, -1        # in place of a factor: pay is kept at no result at all; or not even at the largest


def needed(pay_at: Callable[[np.ndarray], np.ndarray], old: np.ndarray, grain: int = 1) -> np.ndarray:
    """For each person the least factor on results, in ten-thousandths, at which the new pay reaches the old one.

    pay_at: fen by person at a factor each. grain: factors are whole multiples of it. Found by bisection, so that at the factor
    pay is kept and one grain below it is not; where pay falls as results rise there may be others. 0 where pay is kept without
    any result, -1 where it is not kept at `MOST`.
    """
    zero = np.zeros(len(old), dtype=np.int64)
    nothing, kept = pay_at(zero) >= old, pay_at(zero + WHOLE) >= old
    low, high = np.where(kept, 0, WHOLE), np.where(kept, WHOLE, MOST)
    reached = kept | (pay_at(high) >= old)
    seeking = reached & ~nothing
    while (seeking & (high - low > grain)).any():
        middle = (low + high) // (2 * grain) * grain
        enough = pay_at(middle) >= old
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.where(nothing, WHATEVER, np.where(reached, high, OUT_OF_REACH))


def most_calls(grain: int) -> int:
    """How often `needed` asks for pay, at most."""
    return 3 + ((MOST - WHOLE) // grain).bit_length()


__all__ = ["MOST", "OUT_OF_REACH", "WHATEVER", "WHOLE", "Redraws", "most_calls", "moves", "needed", "scaled", "spread", "stacked", "times"]
