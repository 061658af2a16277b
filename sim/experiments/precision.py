"""As many replications as it takes: until the intervals of chosen differences are as narrow as asked, or a limit is reached.

One looks at numbers of replications fixed beforehand (`sequences.looks`), whatever the workers, with intervals that hold at all
looks at once: stopping when they are narrow does not make them wrong more often than stated.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from sim.errors import InputError, nearest
from sim.experiments.frames import stacked
from sim.experiments.intervals import Intervals
from sim.experiments.measures import list_measures
from sim.experiments.sequences import FEWEST, looks, needed
from sim.experiments.simulate import Progress, Runs, block_of, provenance_of
from sim.policy import Policy
from sim.world import Scenario

MOST = 5000              # replications of each policy, unless another limit is given
FEWEST_APART = 8         # replications that must differ from the usual before a difference's spread is believed

EXPECTED = "a half width in the measure's unit, or a share of the baseline's mean such as 5%"


class Target(NamedTuple):
    """Half the width an interval may have: in the measure's unit, or as a share of the baseline's mean."""

    width: float
    relative: bool

    def half(self, baseline_mean: float) -> float:
        return self.width * abs(baseline_mean) if self.relative else self.width

    def __str__(self) -> str:
        return f"{100 * self.width:.12g}%" if self.relative else f"{self.width:.12g}"


class Watched(NamedTuple):
    """A difference that is watched, at the last look. asked, half: half widths in the measure's unit; forecast: replications
    that the pilot let expect."""

    policy: str
    measure: str
    asked: float
    half: float
    forecast: float


class Look(NamedTuple):
    """What is told at a look. replications: of each policy so far. expected: where it will end, by what is known now, limit
    included. forecast: the same by need alone (infinite where no number would do). slowest: the difference that needs most."""

    replications: int
    expected: int
    forecast: float
    slowest: Watched
    done: bool


@dataclass(frozen=True)
class Reached:
    """How a comparison under `precision` ended. looks: numbers of replications looked at; limit: the most there might have been."""

    targets: Mapping[str, Target]
    watched: tuple[Watched, ...]
    looks: tuple[int, ...]
    limit: int
    forecast: float

    @property
    def enough(self) -> bool:
        """Whether every watched interval is as narrow as asked."""
        return all(pair.half <= pair.asked for pair in self.watched)

    @property
    def provenance(self) -> dict[str, Any]:
        return {
            "asked": {name: str(target) for name, target in self.targets.items()}, "reached": self.enough, "limit": self.limit,
            "looks": list(self.looks), "forecast_after_pilot": self.forecast if math.isfinite(self.forecast) else None,
        }


def read_targets(given: Mapping[str, float | str] | Sequence[str] | str) -> dict[str, Target]:
    """Targets by measure from {"accounts": 0.5, "pay": "5%"}, or from texts `accounts=0.5,pay=5%`. Errors: InputError."""
    if not isinstance(given, Mapping):
        parts = [part.strip() for text in ([given] if isinstance(given, str) else given) for part in text.split(",") if part.strip()]
        for part in parts:
            if part.count("=") != 1:
                raise InputError("precision", found=repr(part[:60]), expected="MEASURE=HALF_WIDTH, as in accounts=0.5 or pay=5%")
        names = [part.split("=")[0].strip() for part in parts]
        if twice := [name for name in names if names.count(name) > 1]:
            raise InputError("precision", twice[0], found="two half widths", expected="one")
        given = {name: part.split("=")[1].strip() for name, part in zip(names, parts, strict=True)}
    if not given:
        raise InputError("precision", found="nothing", expected="at least one measure with a half width")
    return {name: _target(name, width) for name, width in given.items()}


def _target(measure: str, width: float | str) -> Target:
    if measure not in list_measures():
        raise InputError("precision", found=f"no measure `{measure}`", hint=nearest(measure, list_measures()))
    found = re.fullmatch(r"([0-9.eE+-]+)\s*(%?)", str(width)) if not isinstance(width, bool) else None
    try:
        number = float(found[1]) if found else math.nan
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number > 0.0):
        raise InputError("precision", measure, found=repr(width), expected=EXPECTED)
    return Target(number / 100.0, True) if found and found[2] else Target(number, False)


def check_limit(limit: int) -> None:
    """Intervals of this kind want a central limit to lean on."""
    if limit < FEWEST:
        raise InputError("replications", found=str(limit), expected=f"{FEWEST} or more where a precision is asked for")


def run_until(scenario: Scenario, policies: Sequence[Policy], targets: Mapping[str, Target], intervals: Intervals, limit: int, seed: int,
              jobs: int = 1, progress: Progress | None = None, store: str | Path | None = None,
              told: Callable[[Look], None] | None = None) -> tuple[list[Runs], Reached]:
    """Replicate all policies on the same luck, the baseline first, until every watched interval is as narrow as asked.

    limit: the most replications of each policy. told: called after each look. Blocks go into the store as they are finished, so
    that a run broken off goes on where it was. Errors: InputError.
    """
    blocks: list[list[pd.DataFrame]] = [[] for _ in policies]
    totals: list[list[pd.DataFrame]] = [[] for _ in policies]
    schedule, before, forecast = looks(limit), 0, math.inf
    for place, number in enumerate(schedule):
        for policy, frames, values in zip(policies, blocks, totals, strict=True):
            frames.append(block_of(scenario, policy, range(before, number), seed, jobs, progress, store))
            values.append(_totals(scenario, policy, frames[-1], seed, number - before))
        columns = [_watched_columns(parts, targets) for parts in totals]
        watched, wants = _watch(policies, columns, targets, intervals)
        if place == 0:
            forecast = max(wants)
            firsts = wants
        watched = [pair._replace(forecast=first) for pair, first in zip(watched, firsts, strict=True)]
        done = all(_narrow(pair, columns, policies) for pair in watched)
        if told:
            slowest = watched[int(np.argmax(wants))]
            expected = number if done else next((look for look in schedule[place + 1:] if look >= max(wants)), limit)
            told(Look(number, expected, max(wants), slowest, done))
        before = number
        if done:
            break
    runs = [Runs(scenario, policy, seed, before, stacked(frames), provenance_of(scenario, policy, before, seed)) for policy, frames in zip(policies, blocks, strict=True)]
    return runs, Reached(dict(targets), tuple(watched), tuple(schedule[:place + 1]), limit, forecast)


def _totals(scenario: Scenario, policy: Policy, frame: pd.DataFrame, seed: int, count: int) -> pd.DataFrame:
    return Runs(scenario, policy, seed, count, frame, {}).totals()


def _watched_columns(parts: Sequence[pd.DataFrame], targets: Mapping[str, Target]) -> dict[str, np.ndarray]:
    whole = pd.concat(parts)
    for name in targets:
        if name not in whole:
            raise InputError("precision", found=f"`{name}`, which is not reported here", expected="a measure that is",
                             hint=nearest(name, whole.columns))
        if whole[name].isna().any():
            raise InputError("precision", name, found="replications in which it has no value", expected="a measure that always has one")
    return {name: whole[name].to_numpy() for name in targets}


def _watch(policies: Sequence[Policy], columns: Sequence[Mapping[str, np.ndarray]], targets: Mapping[str, Target],
           intervals: Intervals) -> tuple[list[Watched], list[float]]:
    """Every watched difference as it stands, and the replications each would need if its spread were what it seems."""
    watched, wants = [], []
    for policy, column in zip(policies[1:], columns[1:], strict=True):
        for name, target in targets.items():
            gaps = column[name] - columns[0][name]
            interval = intervals.of(gaps, name)
            asked = target.half(float(columns[0][name].mean()))
            watched.append(Watched(policy.name, name, asked, 0.5 * (interval.high - interval.low), math.nan))
            # bounded measures are forecast as if normal: too few where they are skewed, as the next looks will tell
            wants.append(needed(float(gaps.std(ddof=1)), asked, 1.0 - intervals.level(name), intervals.tuned_for or FEWEST))
    return watched, wants


def _narrow(pair: Watched, columns: Sequence[Mapping[str, np.ndarray]], policies: Sequence[Policy]) -> bool:
    """Narrow enough, and not merely because the few replications in which the difference shows have hardly come yet."""
    if pair.half > pair.asked:
        return False
    place = next(place for place, policy in enumerate(policies) if policy.name == pair.policy)
    gaps = columns[place][pair.measure] - columns[0][pair.measure]
    counts = np.unique(gaps, return_counts=True)[1]
    apart = len(gaps) - int(counts.max())
    return apart == 0 or apart >= FEWEST_APART
