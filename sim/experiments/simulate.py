"""Replications of one policy in one scenario, as tidy results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from sim.compiled import SHORT, WHOLE, is_compiled
from sim.errors import InputError
from sim.experiments.blocks import Block, Case, cut, run_blocks
from sim.experiments.events import note
from sim.experiments.frames import branch_pieces, long_form, ratio, renamed, stacked
from sim.experiments.measures import QUOTIENTS, list_measures
from sim.experiments.store import Store
from sim.policy import Policy, load_policy
from sim.world import Scenario, check_counted, check_fit, load_scenario

if TYPE_CHECKING:
    import pyarrow as pa

    from sim.engine.run import BranchRuns

MOST_REPLICATIONS = 1_000_000
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Runs:
    """Replications of one policy in one scenario.

    frame: long form, one row a replication, unit, period and measure (columns `COLUMNS`); `period` is `total` or a label such
    as `2015-W03` or `2015-01`. Units of measurement are in `list_measures()`.
    provenance: what made it: version, digests of scenario, policy and code, seed.
    """

    scenario: Scenario
    policy: Policy
    seed: int
    replications: int
    frame: pd.DataFrame = field(repr=False)
    provenance: dict[str, Any]

    def totals(self, level: str = "branch") -> pd.DataFrame:
        """One row a replication, one column a measure: the scenario's branches taken together (level `branch`), over the
        whole horizon (what is no sum is the mean of the branches); or, for level `manager`, one row a replication and manager."""
        rows = self.frame[(self.frame["level"] == level) & (self.frame["period"] == "total")]
        return rows.pivot(index=["replication", "id"], columns="measure", values="value") if level == "manager" else whole_of(rows)

    def by_period(self, measure: str) -> pd.DataFrame:
        """One row a replication, one column a period in their order: the scenario's branches taken together; none where a
        measure is reported over the whole horizon alone."""
        rows = self.frame[(self.frame["level"] == "branch") & (self.frame["measure"] == measure) & (self.frame["period"] != "total")]
        table = rows.pivot(index="replication", columns=["id", "period"], values="value")
        grouped = table.T.groupby(level="period", observed=True, sort=False)
        return (grouped.sum() if list_measures()[measure].adds_up else grouped.mean()).T

    def summary(self, measures: Sequence[str] | None = None, confidence: float = 0.95) -> pd.DataFrame:
        """Mean of each measure (all, or those named) with the interval of the mean (Monte Carlo error alone) and the spread between replications."""
        wide = self.totals()
        wide = wide[[name for name in wide.columns if measures is None or name in measures]]
        half = interval_half_width(wide.to_numpy(), confidence)
        mean = wide.mean()
        return pd.DataFrame({
            "measure": wide.columns, "unit": [list_measures()[m].unit for m in wide.columns], "mean": mean.to_numpy(),
            "ci_low": mean.to_numpy() - half, "ci_high": mean.to_numpy() + half, "confidence": confidence,
            "p05": wide.quantile(0.05).to_numpy(), "median": wide.median().to_numpy(),
            "p95": wide.quantile(0.95).to_numpy(), "replications": self.replications, "seed": self.seed,
        })


def whole_of(rows: pd.DataFrame | pa.Table, measures: Collection[str] | None = None) -> pd.DataFrame:
    """One row a replication, one column a measure, from rows of branches over the whole horizon in the canonical order (see `Runs.totals`).

    measures: only these, in this order; NaN where one is not reported.
    """
    numbers = rows["replication"].to_numpy()
    numbers = numbers[np.flatnonzero(np.diff(numbers, prepend=-1))]
    if not len(numbers):
        return pd.DataFrame()
    values = rows["value"].to_numpy().reshape(len(numbers), -1)
    measured = rows["measure"][:values.shape[1]].to_numpy()
    wide = {}
    parts = (part for _, *both in QUOTIENTS.values() for part in both)
    for name in list_measures() if measures is None else (*measures, *parts):
        part, measure = values[:, measured == name], list_measures()[name]
        if part.shape[1]:
            there = (~np.isnan(part)).sum(axis=1)
            whole = np.nansum(part, axis=1)
            wide[name] = whole if measure.adds_up else np.divide(whole, there, out=np.full(len(whole), np.nan), where=there > 0)
    for name, (times, above, below) in QUOTIENTS.items():
        wide[name] = ratio(times * wide[above], wide[below])
    found = pd.DataFrame(wide, index=pd.Index(numbers, name="replication"))
    return found if measures is None else found.reindex(columns=list(measures))


def interval_half_width(values: np.ndarray, confidence: float) -> np.ndarray:
    """Half width of Student's interval of the mean, by column; NaN for one row."""
    from scipy.special import stdtrit

    n = len(values)
    if n < 2:
        return np.full(values.shape[1:], np.nan)
    return stdtrit(n - 1, 0.5 + confidence / 2) * values.std(axis=0, ddof=1) / np.sqrt(n)


def check_numbers(replications: int, seed: int, jobs: int, fewest: int = 1) -> None:
    """Refuse numbers no experiment can have."""
    for name, number in (("replications", replications), ("seed", seed), ("jobs", jobs)):
        if isinstance(number, bool) or not isinstance(number, (int, np.integer)):
            raise InputError(name, found=repr(number), expected="a whole number")
    if not fewest <= replications <= MOST_REPLICATIONS:
        raise InputError("replications", found=str(replications), expected=f"a whole number from {fewest} to {MOST_REPLICATIONS}")
    if seed < 0:
        raise InputError("seed", found=str(seed), expected="a whole number, 0 or more")
    if not 1 <= jobs <= 1024:
        raise InputError("jobs", found=str(jobs), expected="a whole number from 1 to 1024")


def loaded(scenario: Scenario | str, policy: Policy | str) -> tuple[Scenario, Policy]:
    """Names and paths stand for what they name."""
    return (load_scenario(scenario) if isinstance(scenario, (str, Path)) else scenario,
            load_policy(policy) if isinstance(policy, (str, Path)) else policy)


def simulate(scenario: Scenario | str, policy: Policy | str, replications: int = 100, seed: int = 1, jobs: int = 1,
             progress: Progress | None = None, store: str | Path | None = None) -> Runs:
    """Live through the scenario under the policy (objects, names or paths) `replications` times.

    The same seed gives the same luck under every policy, and the same bytes whatever `jobs` is.
    progress is called with the number of replications just finished. store: a folder where finished runs are kept and found
    again by scenario, policy, seed, replications and code. Errors: InputError.
    """
    scenario, policy = loaded(scenario, policy)
    check_numbers(replications, seed, jobs)
    check_counted(scenario, policy)
    check_fit(scenario, policy)
    frame = block_of(scenario, policy, range(replications), seed, jobs, progress, store)
    return Runs(scenario, policy, seed, replications, frame, provenance_of(scenario, policy, replications, seed))


def block_of(scenario: Scenario, policy: Policy, replications: range, seed: int, jobs: int = 1, progress: Progress | None = None,
             store: str | Path | None = None) -> pd.DataFrame:
    """The long frame of some of a run's replications, by their numbers; one after another (`stacked`) they are the run."""
    return rows_of(cut(Case.of(scenario, policy), seed, replications), scenario, policy, jobs, progress, store)


def rows_of(blocks: Sequence[Block], scenario: Scenario, policy: Policy, jobs: int = 1, progress: Progress | None = None,
            store: str | Path | None = None) -> pd.DataFrame:
    """Rows of blocks that begin at different replications, in their order and under these names; what the store holds is not made again."""
    keeper = Store(Path(store)) if store else None
    found = {block.first: kept.frame for block in blocks if keeper and keeper.has(block.address) and (kept := keeper.get(block.address))}
    missing = [block for block in blocks if block.first not in found]
    note("runs", scenario=scenario.digest, policy=policy.digest, seed=blocks[0].seed, replications=sum(map(len, blocks)), blocks=len(blocks),
         missing=len(missing))
    if progress and found:
        progress(sum(len(block) for block in blocks if block.first in found))
    if missing and progress is None and needs_compiling(scenario, policy):
        print("Compiling the model for this machine, about a minute, once only.", file=sys.stderr, flush=True)
    for block, done in run_blocks(missing, jobs):
        found[block.first] = done.kept.frame
        if keeper:
            keeper.put(block.address, done.kept)
        note("block", run=block.address, first=block.first, last=block.last, seconds=round(done.seconds, 4))
        if progress:
            progress(len(block))
    return stacked([renamed(found[block.first], scenario.name, policy.name) for block in blocks])


def frame_of(scenario: Scenario, policy: Policy, seed: int, runs: Mapping[str, BranchRuns]) -> pd.DataFrame:
    """The long form of what branches, by name, left behind; as many replications of each."""
    return long_form([piece for branch in runs for piece in branch_pieces(scenario, branch, runs[branch], policy)], scenario.name, policy.name, seed)


def provenance_of(scenario: Scenario, policy: Policy, replications: int, seed: int) -> dict[str, Any]:
    """What decides a run's bytes; `replaced` only where a rule is replaced (`sim.replaced`)."""
    from sim import __version__
    from sim.compiled import replaced_rules, results_digest

    return {
        "incentivelab": __version__, "code": results_digest(), "scenario": scenario.name, "scenario_digest": scenario.digest,
        "policy": policy.name, "policy_digest": policy.digest, "seed": seed, "replications": replications,
        **({"replaced": rules} if (rules := replaced_rules()) else {}),
    }


def needs_compiling(scenario: Scenario, *policies: Policy) -> bool:
    """Whether what these runs need has never been compiled on this machine, so that the first of them takes a minute longer."""
    from sim.engine.prepare import practice_of, world_of
    from sim.engine.shop import further_parts

    branch = next(iter(scenario.branches))
    world = world_of(scenario, branch)
    days = {WHOLE if further_parts(world, practice_of(policy, scenario, branch)) else SHORT for policy in policies}
    return not all(is_compiled(day) for day in days)
