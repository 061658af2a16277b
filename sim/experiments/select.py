"""The best of many policies, with a stated probability that the choice is right."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.engine.streams import name_key, uniform
from sim.errors import InputError
from sim.experiments.blocks import Block, Case, cut
from sim.experiments.kim_nelson import Course, kim_nelson
from sim.experiments.measures import list_measures
from sim.experiments.selection_file import SelectionTask, read_selection
from sim.experiments.sequences import FEWEST, asymptotic_half
from sim.experiments.simulate import Progress, Runs, block_of, check_numbers, provenance_of, rows_of
from sim.policy import Policy
from sim.world import Scenario

COLUMNS = ("scenario", "policy", "measure", "unit", "level", "chosen", "mean", "replications", "eliminated_after", "eliminated_by",
           "behind", "ci_low", "ci_high", "confidence")
AHEAD = 8                # replications are made an eighth ahead of what has been used, since larger blocks cost less each


@dataclass(frozen=True)
class Selection:
    """What was chosen. values: by policy, the measure replication by replication, as far as the policy came.

    table: a row a policy, the chosen first, then from the last eliminated to the first: `mean` and `replications` as far as it came;
    `eliminated_after` (replications; missing for the chosen) and `eliminated_by`; `behind`: how much better the chosen is over the
    replications both have, with an interval that holds at every look, for all pairs jointly (missing below 64 replications).
    """

    task: SelectionTask
    course: Course
    values: dict[str, np.ndarray] = field(repr=False)
    table: pd.DataFrame = field(repr=False)
    made: int

    @property
    def chosen(self) -> Policy:
        return self.task.policies[self.course.chosen]

    @property
    def decided(self) -> bool:
        """Whether only one policy was left before the limit."""
        return self.course.decided

    @property
    def replications(self) -> int:
        """Replications used, all policies together."""
        return sum(map(len, self.values.values()))

    @property
    def frame(self) -> pd.DataFrame:
        """The values in long form, as other results are; the branches taken together (id `all`)."""
        about = {"seed": self.task.settings.seed, "level": "branch", "id": "all", "period": "total", "measure": self.task.settings.measure}
        return pd.concat([pd.DataFrame({"scenario": self.task.scenario.name, "policy": name, "replication": np.arange(len(column)), **about,
                                        "value": column}) for name, column in self.values.items()], ignore_index=True)

    def summary(self) -> pd.DataFrame:
        return self.table

    @property
    def provenance(self) -> dict[str, Any]:
        """What made it and what it claims."""
        settings = self.task.settings
        first = provenance_of(self.task.scenario, self.task.policies[0], 0, settings.seed)
        common = {key: first[key] for key in ("incentivelab", "code", "scenario", "scenario_digest", "seed")}
        return {
            **common, "policies": {policy.name: policy.digest for policy in self.task.policies}, "procedure": "Kim and Nelson 2001, c = 1",
            "measure": settings.measure, "direction": "higher" if self.task.higher else "lower",
            "indifference_zone": settings.indifference_zone, "probability": settings.probability, "batch": settings.batch,
            "first_stage": settings.first_stage, "replications_at_most": settings.replications,
            "uncertain": {name: list(span) for name, span in settings.uncertain.items()}, "chosen": self.chosen.name,
            "decided": self.decided, "replications_used": self.replications, "replications_made": self.made,
            "intervals": {"kind": "time-uniform", "shared_among": _pairs(self.task)},
        }


def select(experiment: str | Path | Mapping[str, Any], jobs: int = 1, progress: Progress | None = None, store: str | Path | None = None,
           told: Callable[[list[int], int, int], None] | None = None) -> Selection:
    """Find the best of many policies (an experiment file, its name in the library, or data in the form of one).

    The same bytes whatever `jobs` is. progress: called with replications just made; told: after each round, with the places of
    policies left, replications of each so far, and the most that each may take. Errors: InputError.
    """
    task = experiment if isinstance(experiment, SelectionTask) else read_selection(experiment)
    settings = task.settings
    check_numbers(settings.replications, settings.seed, jobs)
    sampler = _Sampler(task, jobs, progress, store)
    batch, sign = settings.batch, 1.0 if task.higher else -1.0

    def draw(systems: Sequence[int], start: int, end: int) -> np.ndarray:
        sampler.make(systems, end * batch)
        return np.array([[sign * sampler.values[i][row * batch:(row + 1) * batch].mean() for i in systems] for row in range(start, end)])

    def tell(left: list[int], observations: int, bound: int) -> None:
        if told:
            told(left, observations * batch, min(bound * batch, settings.replications))

    course = kim_nelson(draw, len(task.policies), settings.indifference_zone, 1.0 - settings.probability, settings.first_stage,
                        settings.replications // batch, tell)
    values = {policy.name: sampler.values[i][:course.observations[i] * batch] for i, policy in enumerate(task.policies)}
    return Selection(task, course, values, _table(task, course, values), sum(map(len, sampler.values)))


class _Sampler:
    """Replications of each policy as far as they are wanted, in blocks that depend on how far they went alone."""

    def __init__(self, task: SelectionTask, jobs: int, progress: Progress | None, store: str | Path | None) -> None:
        self.task, self.jobs, self.progress, self.store = task, jobs, progress, store
        self.values = [np.zeros(0) for _ in task.policies]

    def make(self, systems: Sequence[int], number: int) -> None:
        most = self.task.settings.replications
        for i in systems:
            have = len(self.values[i])
            if have < number:
                ahead = 0 if have == 0 else have // AHEAD
                block = range(have, min(number + ahead, max(number, most)))
                self.values[i] = np.concatenate([self.values[i], self._block(self.task.policies[i], block)])

    def _block(self, policy: Policy, block: range) -> np.ndarray:
        scenario, settings = self.task.scenario, self.task.settings
        if not settings.uncertain:
            frame = block_of(scenario, policy, block, settings.seed, self.jobs, self.progress, self.store)
        else:
            blocks = [drawn(scenario, policy, settings.uncertain, settings.seed, number) for number in block]
            frame = rows_of(blocks, scenario, policy, self.jobs, self.progress, self.store)
        return self._measured(policy, frame, len(block))

    def _measured(self, policy: Policy, frame: pd.DataFrame, count: int) -> np.ndarray:
        measure = self.task.settings.measure
        totals = Runs(self.task.scenario, policy, self.task.settings.seed, count, frame, {}).totals()
        if measure not in totals:
            raise InputError(self.task.file, "measure", found=f"`{measure}`, which is not reported in {self.task.scenario.name}",
                             expected="a measure that is")
        values = totals[measure].to_numpy()
        if np.isnan(values).any():
            raise InputError(self.task.file, "measure", found=f"replications in which {measure} has no value",
                             expected="a measure that always has one")
        return values


def drawn(scenario: Scenario, policy: Policy, uncertain: Mapping[str, tuple[float, float]], seed: int, replication: int) -> Block:
    """A replication in a world with parameters of its own, as a block: kept under that world's digest, of its rows the totals."""
    here = scenario.with_changes(parameters_of(uncertain, seed, replication))
    return cut(Case.of(here, policy), seed, range(replication, replication + 1), "totals")[0]


def parameters_of(uncertain: Mapping[str, tuple[float, float]], seed: int, replication: int) -> dict[str, float]:
    """The values of uncertain parameters in a replication: uniform in their ranges, each by a key of its own, as changes of a
    scenario. Whatever other parameters are uncertain, and under every policy, the same."""
    with np.errstate(over="ignore"):
        return {f"parameters.{name}": low + (high - low) * float(uniform(name_key(f"parameter {name} {seed} {replication}"), 0))
                for name, (low, high) in uncertain.items()}


def _pairs(task: SelectionTask) -> int:
    return len(task.policies) * (len(task.policies) - 1) // 2


def _table(task: SelectionTask, course: Course, values: Mapping[str, np.ndarray]) -> pd.DataFrame:
    settings, names, best = task.settings, [policy.name for policy in task.policies], course.chosen
    fallen = {each.system: each for each in course.eliminated}
    undecided = [i for i in range(len(names)) if i not in fallen and i != best]
    order = [best, *undecided, *(each.system for each in reversed(course.eliminated) if each.system != best)]
    alpha = (1.0 - settings.probability) / _pairs(task)
    rows = []
    for i in order:
        own, ahead = values[names[i]], values[names[best]]
        behind, low, high = (math.nan,) * 3
        if i != best:
            gaps = (ahead[:len(own)] - own) * (1.0 if task.higher else -1.0)
            behind = float(gaps.mean())
            half = float(asymptotic_half(gaps[:, None], alpha)[0]) if len(gaps) >= FEWEST else math.nan
            low, high = behind - half, behind + half
        fall = fallen.get(i)
        rows.append((task.scenario.name, names[i], settings.measure, list_measures()[settings.measure].unit, "branch", i == best,
                     float(own.mean()), len(own), fall.after * settings.batch if fall else None, names[fall.by] if fall else None,
                     behind, low, high, settings.probability))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype({"eliminated_after": "Int64"})
