"""Several policies in one scenario, paired on common random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import InputError
from sim.experiments.measures import list_measures
from sim.experiments.simulate import Progress, Runs, check_numbers, interval_half_width, loaded, simulate
from sim.policy import Policy
from sim.world import Scenario, check_fit

COMMON = ("incentivelab", "code", "replaced", "scenario", "scenario_digest", "seed", "replications")
OF_ONE = ("code", "replaced", "stepped_with", "scenario_digest")            # beside the policy, what may differ in runs set against each other
COMPARISON_COLUMNS = ("scenario", "baseline", "policy", "measure", "unit", "level", "mean_baseline", "mean", "difference",
                      "ci_low", "ci_high", "confidence", "replications", "variance_reduction")


@dataclass(frozen=True)
class Comparison:
    """Policies against the first one, replication by replication on the same luck.

    runs: one a policy, the baseline first. table: a row a policy and measure (columns `COMPARISON_COLUMNS`): the mean
    difference with Student's interval at `confidence`; variance_reduction: variance of an unpaired difference over that of
    the paired one (above 1: pairing helps; NaN where the difference never varies).
    """

    runs: list[Runs]
    table: pd.DataFrame = field(repr=False)
    confidence: float

    @property
    def scenario(self) -> Scenario:
        return self.runs[0].scenario

    @property
    def baseline(self) -> Runs:
        return self.runs[0]

    @property
    def frame(self) -> pd.DataFrame:
        """All runs in long form."""
        return joined(self.runs)

    @property
    def provenance(self) -> dict[str, Any]:
        """What made it, all policies together."""
        first = self.runs[0].provenance
        common = {key: first[key] for key in COMMON if key in first}
        others = {r.provenance["policy"]: {key: value for key, value in r.provenance.items() if key in OF_ONE and value != first.get(key)}
                  for r in self.runs[1:]}
        return {**common, "confidence": self.confidence, "baseline": first["policy"],
                "policies": {r.provenance["policy"]: r.provenance["policy_digest"] for r in self.runs},
                **({"differs": differs} if (differs := {policy: what for policy, what in others.items() if what}) else {})}

    def summary(self, measures: Sequence[str] = ("accounts", "pay", "accounts_per_10k_pay", "effort", "skill", "satisfaction")) -> pd.DataFrame:
        """The differences of the named measures, policy by policy."""
        return self.table[self.table["measure"].isin(measures)].reset_index(drop=True)


def joined(runs: Sequence[Runs]) -> pd.DataFrame:
    """Several runs in one long frame, keys as categories shared by all."""
    from pandas.api.types import union_categoricals

    from sim.experiments.simulate import COLUMNS, KEYS

    data: dict[str, Any] = {}
    for column in COLUMNS:
        parts = [run.frame[column] for run in runs]
        data[column] = union_categoricals(parts) if column in KEYS else np.concatenate([p.to_numpy() for p in parts])
    return pd.DataFrame(data)


def compare(scenario: Scenario | str, policies: Sequence[Policy | str], replications: int = 100, seed: int = 1, jobs: int = 1,
            confidence: float = 0.95, progress: Progress | None = None, store: str | Path | None = None) -> Comparison:
    """Run every policy on the same luck and set each against the first.

    replications: at least 2. confidence: of each interval by itself, between 0.5 and 1. Errors: InputError.
    """
    pairs = [loaded(scenario, policy) for policy in policies]
    scenario, policies = pairs[0][0] if pairs else scenario, [policy for _, policy in pairs]
    check_numbers(replications, seed, jobs, fewest=2)
    check_policies(policies)
    check_confidence(confidence)
    for policy in policies:
        check_fit(scenario, policy)
    return comparison_of([simulate(scenario, policy, replications, seed, jobs, progress, store) for policy in policies], confidence)


def check_policies(policies: Sequence[Policy]) -> None:
    """At least two policies, each under a name of its own."""
    if len(policies) < 2:
        raise InputError("policies", found=f"{len(policies)}", expected="at least two, the baseline first")
    names = [policy.name for policy in policies]
    if twice := [name for name in names if names.count(name) > 1]:
        raise InputError("policies", found=f"`{twice[0]}` twice", expected="each policy once")


def check_confidence(confidence: float) -> None:
    """A confidence level an interval can have."""
    if not 0.5 <= confidence < 1.0:
        raise InputError("confidence", found=str(confidence), expected="a number from 0.5 up to, not including, 1")


def comparison_of(runs: Sequence[Runs], confidence: float = 0.95) -> Comparison:
    """Runs of the same scenario, seed and replications, set against the first."""
    check_confidence(confidence)
    first = runs[0]
    for run in runs[1:]:
        for key in ("scenario_digest", "seed", "replications", "code"):
            if run.provenance[key] != first.provenance[key]:
                raise InputError(run.policy.name, key, found=str(run.provenance[key]),
                                 expected=f"{first.provenance[key]}, as in the baseline, since runs are compared pair by pair")
    table = pd.concat([_against(first, run, confidence) for run in runs[1:]], ignore_index=True)
    return Comparison(list(runs), table[list(COMPARISON_COLUMNS)], confidence)


def set_against(before: Runs, after: Runs, name: str, title: Mapping[str, str] | None = None, confidence: float = 0.95) -> Comparison:
    """Two runs on the same luck that differ in anything (a rule replaced, a hook, a parameter), as a comparison to plot and report.

    name, title (by language): what the second is called, where both have one policy. Errors: InputError unless both have the same
    branches, calendar, seed and replications.
    """
    check_confidence(confidence)
    if name == before.policy.name:
        raise InputError("set_against", "name", found=f"`{name}`", expected="a name other than that of the run it is set against")
    for what, one, other in (("seed", before.seed, after.seed), ("replications", before.replications, after.replications),
                             ("branches", list(before.scenario.branches), list(after.scenario.branches)),
                             ("days", before.scenario.timeline.days, after.scenario.timeline.days)):
        if one != other:
            raise InputError("set_against", what, found=str(other), expected=f"{one}, as in the run it is set against")
    words = dict(title or {"en": name, "zh": name})
    policy = after.policy.with_changes({"title": words, "label": words}, name=name)
    frame = after.frame.assign(policy=pd.Categorical.from_codes(np.zeros(len(after.frame), dtype=np.int8), [name]))
    called = replace(after, policy=policy, frame=frame, provenance={**after.provenance, "policy": name})
    return Comparison([before, called], _against(before, called, confidence)[list(COMPARISON_COLUMNS)], confidence)


def _against(first: Runs, run: Runs, confidence: float) -> pd.DataFrame:
    a, b = first.totals(), run.totals()
    gap = b - a
    half = interval_half_width(gap.to_numpy(), confidence)
    paired = gap.var(ddof=1).to_numpy()
    apart = (a.var(ddof=1) + b.var(ddof=1)).to_numpy()
    return pd.DataFrame({
        "scenario": first.scenario.name, "baseline": first.policy.name, "policy": run.policy.name, "measure": gap.columns,
        "unit": [list_measures()[m].unit for m in gap.columns], "level": "branch", "mean_baseline": a.mean().to_numpy(),
        "mean": b.mean().to_numpy(), "difference": gap.mean().to_numpy(), "ci_low": gap.mean().to_numpy() - half,
        "ci_high": gap.mean().to_numpy() + half, "confidence": confidence, "replications": first.replications,
        "variance_reduction": np.divide(apart, paired, out=np.full(len(paired), np.nan), where=paired > 0),
    })
