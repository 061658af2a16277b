"""What a sweep is to run: every policy at every point of its design, cut into blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from sim.errors import InputError, nearest
from sim.experiments.blocks import Block, Case, cut
from sim.experiments.design import SweepFile
from sim.policy import Policy
from sim.reading import say, shown
from sim.world import Scenario, check_counted, check_fit


@dataclass(frozen=True)
class Cell:
    """A policy at a point of the design. case: None where it cannot be, with the error."""

    point: int
    policy: Policy
    case: Case | None
    error: str = ""


@dataclass(frozen=True)
class Plan:
    """All that a sweep is to run, in order. Errors of files and factors have been told before."""

    file: SweepFile
    path: Path
    scenario: Scenario
    policies: tuple[Policy, ...]
    design: pd.DataFrame = field(repr=False)

    @property
    def runs(self) -> int:
        return len(self.design) * len(self.policies) * self.file.replications

    def cells(self) -> Iterator[Cell]:
        """Every policy at every point, points first; made as they are asked for."""
        names = list(self.file.factors)
        for point, *values in self.design.itertuples(index=False, name=None):
            chosen = {name: self._level(name, value) for name, value in zip(names, values, strict=True)}
            try:
                scenario = scenario_at(self.scenario, self.file, chosen)
            except InputError as error:
                yield from (Cell(int(point), policy, None, str(error)) for policy in self.policies)
                continue
            for policy in self.policies:
                try:
                    changed = policy_at(policy, self.file, chosen)
                    check_counted(scenario, changed)
                    check_fit(scenario, changed)
                    yield Cell(int(point), changed, Case.of(scenario, changed))
                except InputError as error:
                    yield Cell(int(point), policy, None, str(error))

    def _level(self, name: str, stored: Any) -> Any:
        """A stored value as the factor means it: a column of mixed levels is stored as text, whole numbers beside others as such."""
        levels = self.file.factors[name].levels
        if levels is None:
            return int(stored) if self.file.factors[name].whole else float(stored)
        return next(level for level in levels if stored in (level, json.dumps(level)))

    def blocks(self, cell: Cell) -> list[Block]:
        return cut(cell.case, self.file.seed, self.file.replications, "totals") if cell.case else []


def scenario_at(scenario: Scenario, file: SweepFile, chosen: dict[str, Any]) -> Scenario:
    """The scenario with these values of factors; under its own name, since the point tells them."""
    changes = {factor.scenario: chosen[name] for name, factor in file.factors.items() if factor.scenario is not None and name in chosen}
    return scenario.with_changes(changes, name=scenario.name) if changes else scenario


def policy_at(policy: Policy, file: SweepFile, chosen: dict[str, Any]) -> Policy:
    """The same for a policy."""
    changes = {factor.policy: chosen[name] for name, factor in file.factors.items()
               if factor.policy is not None and name in chosen and (not factor.only or policy.name in factor.only)}
    return policy.with_changes(changes, name=policy.name) if changes else policy


def check_factors(file: SweepFile, path: Path, scenario: Scenario, policies: Sequence[Policy]) -> None:
    """Refuse a factor that cannot be varied by itself: a place that is not there, a value that is not allowed."""
    for policy in policies:
        check_counted(scenario, policy)
        check_fit(scenario, policy)
    names = [policy.name for policy in policies]
    for name, factor in file.factors.items():
        for other in factor.only:
            if other not in names:
                raise InputError(shown(path), f"factors.{name}.only", found=f"`{other}`", expected="a policy of this experiment",
                                 hint=nearest(other, names))
        for value in factor.probes:
            try:
                changed = scenario_at(scenario, file, {name: value})
                for policy in policies:
                    check_fit(changed, policy_at(policy, file, {name: value}))
            except InputError as error:
                what = f"{error.found} ({': '.join(error.place)}) when `{factor.scenario or factor.policy}` is {say(value)}"
                raise InputError(shown(path), f"factors.{name}", found=what, expected=error.expected, hint=error.hint) from None
