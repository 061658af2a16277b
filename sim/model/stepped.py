"""Replications lived through the Mesa face, so that hooks of one's own act in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError
from sim.experiments.simulate import Progress, Runs, check_numbers, frame_of, loaded, provenance_of
from sim.model.bank import BankModel
from sim.policy import Policy
from sim.world import Scenario

if TYPE_CHECKING:
    from sim.engine.run import BranchRuns
    from sim.model.agents import Team


def simulate_stepped(scenario: Scenario | str | Path, policy: Policy | str | Path, prepare: Callable[[BankModel], Any] | None = None,
                     replications: int = 20, seed: int = 1, progress: Progress | None = None) -> Runs:
    """As `simulate`, but every replication is a `BankModel` stepped day by day; `prepare` gets each before its first day, to register hooks.

    Replication r has the luck of replication r of `simulate`; without hooks the results are the same. Never kept in a store, since
    what a hook does cannot be told from outside; provenance names the function. Errors: InputError.
    """
    scenario, policy = loaded(scenario, policy)              # type: ignore[arg-type]
    check_numbers(replications, seed, 1)
    for name, branch in scenario.branches.items():
        if branch.copies > 1:
            raise InputError("simulate_stepped", name, found=f"{branch.copies} copies", expected="branches without copies, as each is stepped")
    done: list[dict[str, BranchRuns]] = []
    for replication in range(replications):
        model = BankModel(scenario, policy, seed=seed, replication=replication, reporters={"model_reporters": {}})
        if prepare is not None:
            prepare(model)
        model.run_model()
        done.append({team.name: lived(team) for team in model.teams})
        if progress:
            progress(1)
    together = {branch: type(runs)(*(np.concatenate(arrays) for arrays in zip(*(each[branch] for each in done), strict=True)))
                for branch, runs in done[0].items()}
    provenance = provenance_of(scenario, policy, replications, seed)
    if prepare is not None:
        provenance["stepped_with"] = f"{prepare.__module__}.{prepare.__qualname__}"
    return Runs(scenario, policy, seed, replications, frame_of(scenario, policy, seed, together), provenance)


def lived(team: Team) -> BranchRuns:
    """What a branch's one replication has left behind, in the form of `run_branch`."""
    s, f = team.state, team.full
    sold = (f.weeks, f.finals) if f is not None else (np.zeros((0, 0, 0)), np.zeros((0, 0)))
    return team.engine.BranchRuns(*(a[None].copy() for a in (s.weeks, s.months, s.lines, s.daily_accounts, s.finals, s.ledger, *sold)))


__all__ = ["simulate_stepped"]
