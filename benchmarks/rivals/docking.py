"""Docking: whether the engine and the plain Mesa model, written apart and drawing apart, have the same distributions of outcomes.

Of every outcome the means are compared by Welch's test and the whole distributions by that of Kolmogorov and Smirnov (which is
cautious where outcomes are whole numbers). The error is shared among all tests by Bonferroni, so that two equal models fail with
probability `LEVEL` at most; `Docked.shift` says which shift of a mean would be found out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import numpy as np
from scipy.stats import ks_2samp, norm, ttest_ind

from benchmarks.rivals.mesa_plain import Branch, Manager, Setting, forget_models, run
from benchmarks.rivals.setting import read
from benchmarks.runner import runner
from benchmarks.timing import plain, table
from sim.engine.state import (
    F_CHURNED,
    F_CUSTOMERS,
    F_SATISFACTION,
    R_ACCOUNTS,
    R_CONTACTS,
    R_DAYS,
    R_DEPOSITS,
    R_EFFORT,
    R_LEANING,
    R_NORM,
    R_PRESSURE,
    R_PROSPECTS,
    R_SKILL,
)
from sim.policy import Policy
from sim.world import Scenario

LEVEL, POWER = 0.01, 0.9
QUARTERS = ("changzhou-2015", "changzhou-2016")
Outcomes = dict[str, np.ndarray]  # name: one number a replication


class Docked(NamedTuple):
    """Two samples of an outcome held against each other. gap: of the means, in standard errors. shift: of the mean, in standard
    deviations, that would be found out with probability `POWER`. agrees: neither test speaks against it."""

    name: str
    engine: np.ndarray
    rival: np.ndarray
    gap: float
    means: float
    distributions: float
    shift: float
    agrees: bool


def of_engine(scenario: Scenario, policy: Policy, replications: int, seed: int) -> Outcomes:
    """Outcomes of the engine's replications."""
    names, line = list(next(iter(scenario.branches.values())).managers), scenario.timeline
    parts = []
    for runs in runner(scenario, policy, seed)(replications):
        weeks, finals, days = runs.weeks, runs.finals, runs.weeks[:, :, :, R_DAYS]
        held = finals[:, :, F_CUSTOMERS]
        lived = days.sum(axis=(1, 2))
        outcomes = {f"accounts of {name}": weeks[:, :, i, R_ACCOUNTS].sum(axis=1) for i, name in enumerate(names)}
        outcomes |= {
            f"effort in {label}": weeks[:, w, :, R_EFFORT].sum(axis=1) / days[:, w].sum(axis=1) for w, label in enumerate(line.week_labels)
        }
        outcomes |= {
            name: weeks[..., place].sum(axis=(1, 2))
            for name, place in (
                ("accounts", R_ACCOUNTS),
                ("prospecting contacts", R_PROSPECTS),
                ("service contacts", R_CONTACTS),
                ("deposits", R_DEPOSITS),
            )
        }
        outcomes |= {
            name: weeks[..., place].sum(axis=(1, 2)) / lived
            for name, place in (("effort", R_EFFORT), ("norm", R_NORM), ("pressure", R_PRESSURE))
        }
        outcomes |= {name: weeks[:, -1, :, place].mean(axis=1) for name, place in (("skill", R_SKILL), ("leaning", R_LEANING))}
        outcomes |= {
            "customers lost": finals[..., F_CHURNED].sum(axis=1),
            "pay": runs.months.sum(axis=(1, 2)) / 100,
            "satisfaction": (held * finals[..., F_SATISFACTION]).sum(axis=1) / held.sum(axis=1),
        }
        parts.append(outcomes)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def of_rival(setting: Setting, scenario: Scenario, seeds: Iterable[int], make: Callable[[Setting, int], Branch] = run) -> Outcomes:
    """The same outcomes of the plain model's runs."""
    names, line = list(next(iter(scenario.branches.values())).managers), scenario.timeline
    rows = []
    for seed in seeds:
        branch = make(setting, seed)
        people = branch.managers
        daily = branch.datacollector.get_agenttype_vars_dataframe(Manager).reset_index()
        by_day = daily.groupby("Step")[["effort", "norm", "pressure"]].mean().to_numpy()
        row: dict[str, float] = {f"accounts of {name}": person.accounts for name, person in zip(names, people, strict=True)}
        row |= {f"effort in {label}": by_day[line.week == w, 0].mean() for w, label in enumerate(line.week_labels)}
        row |= {
            "accounts": branch.accounts,
            "prospecting contacts": sum(p.prospect_contacts for p in people),
            "service contacts": sum(p.contacts for p in people),
            "deposits": sum(p.deposits for p in people),
            **dict(zip(("effort", "norm", "pressure"), by_day.mean(axis=0), strict=True)),
            "skill": np.mean([p.skill for p in people]),
            "leaning": np.mean([p.leaning for p in people]),
            "customers lost": branch.churned,
            "pay": branch.pay,
            "satisfaction": branch.satisfaction,
        }
        rows.append(row)
        forget_models()
    return {name: np.array([row[name] for row in rows], dtype=np.float64) for name in rows[0]}


def dock(engine: Outcomes, rival: Outcomes) -> Iterator[Docked]:
    """Every outcome of the two models compared. Errors: KeyError where one of them lacks an outcome."""
    each = LEVEL / (2 * len(engine))
    for name, ours in engine.items():
        theirs = rival[name]
        error = math.sqrt(ours.var(ddof=1) / len(ours) + theirs.var(ddof=1) / len(theirs))
        gap = (ours.mean() - theirs.mean()) / error if error > 0 else 0.0 if ours.mean() == theirs.mean() else math.inf
        means = ttest_ind(ours, theirs, equal_var=False).pvalue if error > 0 else float(gap == 0.0)
        whole = ks_2samp(*(sample.astype(np.float32) for sample in (ours, theirs)), method="asymp").pvalue  # rounding tells nothing apart
        shift = (norm.isf(each / 2) + norm.isf(1 - POWER)) * math.sqrt(1 / len(ours) + 1 / len(theirs))
        yield Docked(name, ours, theirs, gap, means, whole, shift, means >= each and whole >= each)


def docked(scenario: Scenario, policy: Policy, replications: int, rivals: int, seed: int) -> list[Docked]:
    """Engine and plain model, side by side."""
    seeds = np.random.SeedSequence(seed).generate_state(rivals, np.uint64).tolist()
    return list(dock(of_engine(scenario, policy, replications, seed), of_rival(read(scenario, policy), scenario, seeds)))


def docked_table(title: str, found: list[Docked]) -> Iterator[str]:
    """The outcomes of the branch, and of its managers and weeks those with the widest gap and those told apart."""
    parts = [[d for d in found if word in d.name] for word in ("accounts of ", "effort in ")]
    shown = [d for d in found if not any(d in part for part in parts)]
    for part in parts:
        widest = max(part, key=lambda d: abs(d.gap))
        shown += [d for d in part if d is widest or not d.agrees]
    header = (title, "engine: mean (sd)", "plain Mesa: mean (sd)", "gap", "would show, %", "p of the distributions", "same")
    yield from table(header, map(docked_row, shown))


def docked_row(d: Docked) -> tuple[str, ...]:
    engine, rival = (f"{plain(sample.mean(), 5)} ({plain(sample.std(ddof=1))})" for sample in (d.engine, d.rival))
    shows = plain(100 * d.shift * d.engine.std(ddof=1) / abs(d.engine.mean()), 2) if d.engine.mean() else "-"
    return d.name, engine, rival, f"{d.gap:+.2f}", shows, f"{d.distributions:.2f}", "yes" if d.agrees else "NO"
