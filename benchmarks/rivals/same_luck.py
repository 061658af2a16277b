"""The plain Mesa model with the engine's own luck: draw by draw the same numbers, so that both must live the same days.

Distributions tell two models apart only as far as luck lets them; with the same luck a single contact more would show. What the engine
draws under a key (seed, purpose, manager, day, n) is put before the plain model in the order in which it asks; the rules stay its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import count
from types import SimpleNamespace
from typing import Any

import numpy as np

from benchmarks.rivals.docking import Outcomes, of_engine, of_rival
from benchmarks.rivals.mesa_plain import CHAINS, Branch, Customer, Manager, Setting
from benchmarks.rivals.setting import read
from sim.engine.prepare import world_of
from sim.engine.run import branch_seeds
from sim.engine.streams import (
    ALWAYS,
    ASSIGNED_LEAD,
    BALANCE,
    CHURN,
    CONTACTS,
    CONVERSION,
    HAZARD,
    LEANING,
    MOTIVE,
    PARTNER_LEAD,
    PROBLEM,
    REFERRER,
    REVISIT,
    SATISFACTION,
    SEGMENT,
    START_BALANCE,
    TALENT,
    TREMBLE,
    name_key,
    normal,
    poisson,
    stream,
    uniform,
)
from sim.policy import Policy
from sim.world import Scenario

OF_ACCOUNTS = 1_000_000  # customers won are numbered from here
CLOSE = 1e-8  # efforts are found to 1e-10 of capacity


class Luck:
    """Stands for a manager's generators. Uniform draws wait in line: for counts, for chances, for spreads, for picks from a list."""

    def __init__(self) -> None:
        self.counts = self.chances = self.spreads = self.picks = iter(())

    def poisson(self, mean: float) -> int:
        return int(poisson(next(self.counts), mean))

    def random(self) -> float:
        return float(next(self.chances))

    def lognormvariate(self, mu: float, sigma: float) -> float:
        return math.exp(mu + sigma * normal(next(self.spreads)))

    def choice(self, things: Sequence[Any]) -> Any:
        return things[int(next(self.picks) * len(things))]


class LuckyManager(Manager):
    """A manager who lays out, before each part of the day, the draws that the engine makes for it."""

    random = rng = property(lambda self: self.luck)

    def __init__(self, model: LuckyBranch, person: SimpleNamespace) -> None:
        self.luck, self.seat, self.home, self.number = Luck(), name_key(person.name), model.home, 0
        self.luck.spreads = iter([uniform(self.key(purpose, 0), 0) for purpose in (TALENT, MOTIVE)])
        self.luck.chances = self.drawn(LEANING, 0)
        super().__init__(model, person)

    def key(self, purpose: int, day: int) -> np.uint64:
        return np.uint64(stream(self.home, purpose, self.seat, day))

    def drawn(self, purpose: int, day: int, first: int = 0) -> Iterator[float]:
        """Draws of a purpose, one after another."""
        key = self.key(purpose, day)
        return (uniform(key, n) for n in count(first))

    def today(self, purpose: int, first: int = 0) -> Iterator[float]:
        return self.drawn(purpose, self.model.day, first)

    def plan(self) -> None:
        self.luck.spreads = self.today(TREMBLE)
        super().plan()

    def prospect(self, k: int) -> None:
        channel = 100 * (k + 1)
        self.luck.counts, self.luck.chances = self.today(CONTACTS + channel), self.today(CONVERSION + channel)
        if k == CHAINS:
            self.luck.picks = self.today(REFERRER)
        super().prospect(k)

    def wonder(self, k: int, contacts: int) -> None:
        self.luck.chances = self.today(PROBLEM + 100 * (k + 1))
        super().wonder(k, contacts)

    def leads_of_partners(self) -> int:
        self.luck.counts, self.luck.chances = self.today(PARTNER_LEAD), self.today(PARTNER_LEAD, 1)
        return super().leads_of_partners()

    def leads_of_branch(self) -> int:
        self.luck.counts, self.luck.chances = self.today(ASSIGNED_LEAD), self.today(ASSIGNED_LEAD, 1)
        return super().leads_of_branch()

    def open_account(self) -> None:
        self.number, self.luck.spreads = OF_ACCOUNTS + self.accounts, self.drawn(BALANCE, ALWAYS, self.accounts)
        super().open_account()

    def serve(self) -> None:
        self.luck.counts = self.today(CONTACTS)
        super().serve()

    def meet(self) -> None:
        self.luck.chances = self.today(REVISIT)
        super().meet()

    def new_customers(self, n: int) -> list[Customer]:
        """Customers as the engine draws them; hazards from its table of quantiles."""
        model, par, segments = self.model, self.model.par, self.model.setting.segments
        cuts = np.cumsum([segment.share for segment in segments])[:-1]
        purposes = (SEGMENT, START_BALANCE, SATISFACTION, HAZARD, CHURN)
        found = []
        for draws in zip(*(self.drawn(purpose, ALWAYS, self.number) for purpose in purposes), range(n), strict=False):
            group = int(np.searchsorted(cuts, draws[0], side="right"))
            balance = segments[group].median * math.exp(segments[group].sd * normal(draws[1]))
            satisfaction = par.satisfaction_start + par.satisfaction_spread * normal(draws[2])
            hazard = float(np.interp(draws[3] * (len(model.hazards) - 1), range(len(model.hazards)), model.hazards))
            found.append(model.welcome(balance, group, min(1.0, max(0.0, satisfaction)), 0.0, hazard, -math.log(draws[4]), model.day))
        return found


class LuckyBranch(Branch):
    """The plain branch with the luck of one of the engine's."""

    staff = LuckyManager

    def __init__(self, setting: Setting, home: np.uint64, hazards: np.ndarray) -> None:
        self.home, self.hazards = home, hazards
        super().__init__(setting, seed=0)


def side_by_side(
    scenario: Scenario, policy: Policy, replications: int, seed: int, kind: type[LuckyBranch] = LuckyBranch, setting: Setting | None = None
) -> tuple[Outcomes, Outcomes]:
    """Outcomes of the engine and of the plain model, replication by replication with the same luck. setting: another for the latter."""
    branch = next(iter(scenario.branches))
    homes, hazards = branch_seeds(seed, range(replications), branch), world_of(scenario, branch).hazards

    def live(setting: Setting, replication: int) -> Branch:
        lucky = kind(setting, homes[replication], hazards)
        lucky.run_model()
        return lucky

    return of_engine(scenario, policy, replications, seed), of_rival(setting or read(scenario, policy), scenario, range(replications), live)


def furthest(
    scenario: Scenario, policy: Policy, replications: int, seed: int, kind: type[LuckyBranch] = LuckyBranch, setting: Setting | None = None
) -> tuple[str, float]:
    """The outcome in which any replication of the two models differs most, and by which share."""
    engine, rival = side_by_side(scenario, policy, replications, seed, kind, setting)
    off = {name: float(np.max(np.abs(ours - rival[name]) / np.maximum(np.abs(ours), 1e-12))) for name, ours in engine.items()}
    return max(off.items(), key=lambda pair: pair[1])
