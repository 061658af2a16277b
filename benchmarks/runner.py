"""The compiled loop over one branch, made ready once: what benchmarks time and validations count in."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sim.engine.prepare import practice_of, world_of
from sim.engine.run import BranchRuns, branch_seeds, run_branch
from sim.engine.state import PAY_MEASURES, Practice, World
from sim.policy import Policy
from sim.policy.kernel import Schedules
from sim.policy.schedule import pay_tables
from sim.world import Scenario

BLOCK = 20  # replications a compiled call
Runner = Callable[[int], Iterator[BranchRuns]]


def branch_tables(scenario: Scenario, policy: Policy) -> tuple[str, tuple[World, Practice, Schedules, Schedules]]:
    """The scenario's first branch, and what the compiled loop is given of it."""
    branch = next(iter(scenario.branches))
    return branch, (world_of(scenario, branch), practice_of(policy, scenario, branch), *pay_tables(policy, PAY_MEASURES))


def runner(scenario: Scenario, policy: Policy, seed: int = 1, block: int = BLOCK) -> Runner:
    """A function that runs the scenario's first branch so many times and yields the results block by block."""
    branch, tables = branch_tables(scenario, policy)

    def live(replications: int) -> Iterator[BranchRuns]:
        for start in range(0, replications, block):
            yield run_branch(*tables, branch_seeds(seed, range(start, min(start + block, replications)), branch))

    return live


def spend(live: Runner, replications: int) -> None:
    """Run them and let the results go."""
    for _ in live(replications):
        pass
