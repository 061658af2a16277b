"""The contact loop alone, four times: from our own rules (numba), in C, in Polars, and the same compiled loop in another order.

A manager makes a Poisson number of contacts a day, round the book. A customer who is met catches up in closed form: hazard borne,
satisfaction and irritation decayed; whoever is gone leaves the book; the contact pleases or annoys, may bring an account, and teaches.
Customers' records are the engine's (`CUSTOMER`). C and numba draw from the same counter-based generator and do the same operations in
the same order, so that they must leave the same bits. Polars draws from numpy's generator, works a day of all managers at once, and
takes whoever is gone out of the book after the day's contacts rather than between two of them: the same in distribution.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from sim.compiled import rule
from sim.engine.state import CUSTOMER, record, rows
from sim.engine.streams import CONTACTS, CONVERSION, name_key, poisson, stream, uniform
from sim.rules.customers import contacted, exposure
from sim.rules.fading import decayed, left_after
from sim.rules.learning import learn
from sim.rules.prospecting import conversion
from sim.world import Scenario

SELLER = record("pace skill", "held next_visit contacts gone accounts", keys="seat")
NUMBERS = record("rest decay gain annoyance fade response unskilled skilled trust learning ceiling")
FLAGS = ("-O3", "-march=native", "-ffp-contract=off")  # contraction would change bits; numba does not contract either
PARAMETERS = {
    "rest": "satisfaction_rest",
    "decay": "satisfaction_decay",
    "gain": "contact_gain",
    "annoyance": "annoyance",
    "fade": "irritation_fade",
    "response": "churn_response",
    "trust": "trust_effect",
    "learning": "learning_rate",
    "ceiling": "skill_ceiling",
}


class Bank(NamedTuple):
    """Branches of `team` managers with a book each. customers, sellers: records; book (managers, room): rows of customers."""

    customers: np.recarray
    book: np.ndarray
    sellers: np.recarray
    par: np.record
    seeds: np.ndarray
    team: int

    def copy_from(self, other: Bank) -> None:
        """Be as the other one is now."""
        for mine, theirs in zip(self[:3], other[:3], strict=True):
            mine[...] = theirs

    def twin(self) -> Bank:
        """One with state of its own."""
        return self._replace(customers=self.customers.copy(), book=self.book.copy(), sellers=self.sellers.copy())

    def totals(self) -> dict[str, float]:
        """What is left behind: contacts, customers found gone, accounts, and means of what customers feel."""
        return {
            **{name: int(self.sellers[name].sum()) for name in ("contacts", "gone", "accounts")},
            **{name: float(self.customers[name].mean()) for name in ("satisfaction", "irritation", "patience")},
        }


def bank(scenario: Scenario, branches: int, team: int = 7, room: int = 700, contacts: float = 8.0, seed: int = 1) -> Bank:
    """A bank before its first day; values of the scenario, contacts a manager and day."""
    luck, n = np.random.default_rng(seed), branches * team * room
    value = scenario.effective
    par = rows(NUMBERS, 1)[0]
    for field, name in PARAMETERS.items():
        par[field] = value(name)
    par.unskilled, par.skilled = value("conversion_unskilled", "chains"), value("conversion_skilled", "chains")
    customers, sellers = rows(CUSTOMER, n), rows(SELLER, branches * team)
    customers.satisfaction = np.clip(luck.normal(value("satisfaction_start"), value("satisfaction_spread"), n), 0.0, 1.0)
    mean = value("churn_yearly")
    customers.hazard = -np.log1p(-luck.beta(1.0, (1.0 - mean) / mean, n)) / 365
    customers.patience = luck.standard_exponential(n)
    customers.owner = np.arange(n) // room
    sellers.seat = [name_key(f"manager {i}") for i in range(branches * team)]
    sellers.pace, sellers.skill, sellers.held = contacts, 0.3, room
    return Bank(customers, np.arange(n).reshape(-1, room), sellers, par, luck.integers(2**63, size=branches).astype(np.uint64), team)


@rule
def catch_up(c: np.record, par: np.record, day: int) -> None:
    """A customer on this day, in closed form."""
    days = float(day - c.seen)
    if days <= 0.0:
        return
    left = left_after(days, par.decay)
    c.patience -= c.hazard * exposure(c.satisfaction, par.rest, days, par.decay, left, par.response)
    c.satisfaction = decayed(c.satisfaction, par.rest, left)
    c.irritation = decayed(c.irritation, 0.0, left_after(days, par.fade))
    c.seen = day


@rule
def seller_day(customers: np.recarray, book: np.ndarray, m: np.record, par: np.record, seed: np.uint64, day: int) -> None:
    """One manager's contacts of a day."""
    contacts, made = poisson(uniform(stream(seed, CONTACTS, m.seat, day), 0), m.pace), 0
    luck, chance = stream(seed, CONVERSION, m.seat, day), conversion(m.skill, par.unskilled, par.skilled)
    for n in range(contacts):
        if m.held == 0:
            break
        place = m.next_visit % m.held
        c = customers[book[place]]
        catch_up(c, par, day)
        if c.patience <= 0.0:
            m.held -= 1
            m.gone += 1
            book[place] = book[m.held]
            continue
        c.satisfaction = contacted(c.satisfaction, c.irritation, par.gain, par.annoyance)
        c.irritation += 1.0
        if uniform(luck, n) < chance * (1.0 + par.trust * (c.satisfaction - 0.5)):
            m.accounts += 1
        m.next_visit = place + 1
        made += 1
    m.contacts += made
    m.skill = learn(m.skill, float(made), par.learning, par.ceiling)


@rule
def live(
    customers: np.recarray, book: np.ndarray, sellers: np.recarray, par: np.record, seeds: np.ndarray, team: int, first: int, stop: int
) -> None:
    """Days first up to but not including stop, branch by branch: each lives through them all before the next."""
    for b in range(len(seeds)):
        for day in range(first, stop):
            for i in range(b * team, (b + 1) * team):
                seller_day(customers, book[i], sellers[i], par, seeds[b], day)


Contender = Callable[[Bank, int], None]  # lives so many days


def by_branch(b: Bank, days: int) -> None:
    """Our rules, branch by branch through the horizon: the engine's order."""
    live(b.customers, b.book, b.sellers, b.par, b.seeds, b.team, 0, days)


def by_day(b: Bank, days: int) -> None:
    """Our rules, day by day across all branches: the order of most agent-based models."""
    for day in range(days):
        live(b.customers, b.book, b.sellers, b.par, b.seeds, b.team, day, day + 1)


def c_compiler() -> str | None:
    """The C compiler of this machine: $CC, cc or gcc; None where there is none."""
    return next((found for name in (os.environ.get("CC", "cc"), "gcc", "clang") if (found := shutil.which(name))), None)


def in_c(folder: Path) -> Contender | None:
    """The loop in C, compiled into a folder; None where there is no compiler."""
    compiler = c_compiler()
    if compiler is None:
        return None
    library = folder / "contacts.so"
    subprocess.run([compiler, *FLAGS, "-shared", "-fPIC", "-o", library, Path(__file__).with_suffix(".c"), "-lm"], check=True)
    loaded = ctypes.CDLL(str(library))
    loaded.sizes.restype = ctypes.c_int64
    for which, kind in enumerate((CUSTOMER, SELLER, NUMBERS)):
        if loaded.sizes(which) != kind.itemsize:
            raise RuntimeError(f"contacts.c: record {which} has {loaded.sizes(which)} bytes, expected {kind.itemsize}")

    def call(b: Bank, days: int) -> None:
        arrays = (b.customers, b.book, b.sellers, np.array(b.par), b.seeds)  # by name, so that they outlive the call
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in arrays]
        loaded.live(*pointers, *(ctypes.c_int64(n) for n in (len(b.seeds), b.team, b.book.shape[1], 0, days)))

    return call


def in_polars(b: Bank, days: int, seed: int = 2) -> None:
    """The loop as a good user of data frames would write it: a day of all managers at once, columns gathered, worked out, put back."""
    import polars as pl

    luck, par, room = np.random.default_rng(seed), b.par, b.book.shape[1]
    people = pl.DataFrame(
        {name: b.sellers[name] for name in ("pace", "skill", "held", "next_visit", "contacts", "gone", "accounts")}
    ).with_row_index("i")
    columns = {name: pl.Series(name, b.customers[name]) for name in ("satisfaction", "irritation", "patience", "hazard", "seen")}
    book = pl.Series("book", b.book.ravel())
    i, n, days_ago = pl.col("i").cast(pl.Int64), pl.col("n"), pl.col("days")
    left = (-par.decay * days_ago).exp()
    pleased = pl.col("satisfaction") + par.gain * (1.0 - pl.col("satisfaction")) - par.annoyance * pl.col("irritation") ** 2
    for day in range(days):
        visits = (
            people.lazy()
            .with_columns(pl.Series("made", np.minimum(luck.poisson(b.sellers.pace), people["held"].to_numpy())))
            .select(i, "skill", n=pl.int_ranges(0, "made"), held="held", first="next_visit")
            .explode("n")
            .drop_nulls("n")
            .with_columns(place=(pl.col("first") + n) % pl.col("held"))
            .collect()
        )
        row = book.gather(visits["i"] * room + visits["place"])
        met = (
            visits.lazy()
            .with_columns(column.gather(row) for column in columns.values())
            .with_columns(days=float(day) - pl.col("seen"))
            .with_columns(
                patience=pl.col("patience")
                - pl.col("hazard")
                * (
                    (1.0 + par.response * (0.5 - par.rest)) * days_ago
                    - par.response * (pl.col("satisfaction") - par.rest) * (1.0 - left) / par.decay
                ),
                satisfaction=par.rest + (pl.col("satisfaction") - par.rest) * left,
                irritation=pl.col("irritation") * (-par.fade * days_ago).exp(),
            )
            .with_columns(stays=pl.col("patience") > 0.0)
            .with_columns(
                satisfaction=pl.when("stays").then(pleased.clip(0.0, 1.0)).otherwise("satisfaction"),
                irritation=pl.col("irritation") + pl.col("stays").cast(pl.Float64),
                seen=pl.lit(day, pl.Int64),
                luck=pl.lit(luck.random(len(row))),
            )
            .with_columns(
                won=pl.col("stays")
                & (
                    pl.col("luck")
                    < (par.unskilled + (par.skilled - par.unskilled) * pl.col("skill")) * (1.0 + par.trust * (pl.col("satisfaction") - 0.5))
                )
            )
            .collect()
        )
        for name in ("satisfaction", "irritation", "patience", "seen"):
            columns[name] = columns[name].scatter(row, met[name])
        day_of = (
            met.lazy()
            .group_by("i")
            .agg(
                made=pl.col("stays").sum().cast(pl.Int64),
                lost=(~pl.col("stays")).sum().cast(pl.Int64),
                won=pl.col("won").sum().cast(pl.Int64),
            )
        )
        people = (
            people.lazy()
            .with_columns(i)
            .join(day_of, on="i", how="left", maintain_order="left")
            .with_columns(pl.col("made", "lost", "won").fill_null(0))
            .with_columns(
                next_visit=(pl.col("next_visit") + pl.col("made")) % pl.col("held"),
                contacts=pl.col("contacts") + pl.col("made"),
                gone=pl.col("gone") + pl.col("lost"),
                accounts=pl.col("accounts") + pl.col("won"),
                skill=par.ceiling - (par.ceiling - pl.col("skill")) * (-par.learning * pl.col("made")).exp(),
            )
            .drop("made", "lost", "won")
            .collect()
        )
        gone = (
            met.lazy()
            .filter(~pl.col("stays"))
            .select("i", "place")
            .sort("place", descending=True)
            .with_columns(turn=pl.int_range(pl.len()).over("i"))
            .collect()
        )
        for turn in range((gone["turn"].max() or 0) + 1 if len(gone) else 0):  # the last in the book takes the place
            now = gone.filter(pl.col("turn") == turn).join(people.select("i", "held"), on="i", maintain_order="left")
            book = book.scatter(now["i"] * room + now["place"], book.gather(now["i"] * room + now["held"] - 1))
            people = people.with_columns(held=pl.col("held") - pl.col("i").is_in(now["i"].implode()).cast(pl.Int64))
    for name, column in columns.items():
        b.customers[name] = column.to_numpy()
    b.book[...] = book.to_numpy().reshape(b.book.shape)
    for name in ("skill", "held", "next_visit", "contacts", "gone", "accounts"):
        b.sellers[name] = people[name].to_numpy()
