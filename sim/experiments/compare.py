"""Several policies in one scenario, paired on common random numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from sim.errors import InputError
from sim.experiments.frames import stacked
from sim.experiments.intervals import Intervals
from sim.experiments.measures import MAIN, list_measures
from sim.experiments.precision import MOST, Look, Reached, check_limit, read_targets, run_until
from sim.experiments.sequences import TUNED_FOR
from sim.experiments.simulate import Progress, Runs, check_numbers, loaded, simulate
from sim.policy import Policy
from sim.world import Scenario, check_fit

COMMON = ("incentivelab", "code", "replaced", "scenario", "scenario_digest", "seed", "replications")
OF_ONE = ("code", "replaced", "stepped_with", "scenario_digest")            # beside the policy, what may differ in runs set against each other
COMPARISON_COLUMNS = ("scenario", "baseline", "policy", "measure", "unit", "level", "mean_baseline", "mean", "difference",
                      "ci_low", "ci_high", "confidence", "replications", "variance_reduction", "interval", "family")
REPLICATIONS = 100


@dataclass(frozen=True)
class Comparison:
    """Policies against the first one, replication by replication on the same luck.

    runs: one a policy, the baseline first. table: a row a policy and measure (columns `COMPARISON_COLUMNS`): the mean
    difference with its interval; variance_reduction: variance of an unpaired difference over that of the paired one (above 1:
    pairing helps; NaN where the difference never varies); interval: student, or under a precision asymptotic or betting, which
    hold at every look; family: the number of intervals that hold together at `confidence`.
    precision: how it ended, if a precision was asked for.
    """

    runs: list[Runs]
    table: pd.DataFrame = field(repr=False)
    intervals: Intervals
    precision: Reached | None = None

    @property
    def confidence(self) -> float:
        return self.intervals.confidence

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
        reached = {"precision": self.precision.provenance} if self.precision else {}
        return {**common, "confidence": self.confidence, "intervals": self.intervals.provenance, **reached, "baseline": first["policy"],
                "policies": {r.provenance["policy"]: r.provenance["policy_digest"] for r in self.runs},
                **({"differs": differs} if (differs := {policy: what for policy, what in others.items() if what}) else {})}

    def coupling(self, measures: Sequence[str] | None = None) -> pd.DataFrame:
        """How far worlds under two policies still share their luck: a row a policy, measure (all, or those named) and period.

        Columns policy, measure, period, variance_reduction (see `table`); period `total` is the whole horizon, the others are
        weeks or months. It falls from period to period, as what one policy made happen differs from what another did.
        """
        rows = []
        for measure in dict.fromkeys(self.table["measure"]):
            if measures is not None and measure not in measures:
                continue
            of_measure = self.table[self.table["measure"] == measure].set_index("policy")["variance_reduction"]
            base = self.runs[0].by_period(measure)
            for run in self.runs[1:]:
                gains = variance_reduction(base.to_numpy(), run.by_period(measure)[base.columns].to_numpy())
                rows += [(run.policy.name, measure, period, gain) for period, gain in
                         [("total", of_measure[run.policy.name]), *zip(base.columns.astype(str), gains, strict=True)]]
        return pd.DataFrame(rows, columns=["policy", "measure", "period", "variance_reduction"])

    def summary(self, measures: Sequence[str] = MAIN) -> pd.DataFrame:
        """The differences of the named measures, policy by policy."""
        return self.table[self.table["measure"].isin(measures)].reset_index(drop=True)


def joined(runs: Sequence[Runs]) -> pd.DataFrame:
    """Several runs in one long frame, keys as categories shared by all."""
    return stacked([run.frame for run in runs])


def compare(scenario: Scenario | str, policies: Sequence[Policy | str], replications: int | None = None, seed: int = 1, jobs: int = 1,
            confidence: float = 0.95, progress: Progress | None = None, store: str | Path | None = None,
            precision: Mapping[str, float | str] | None = None, simultaneous: bool = False,
            told: Callable[[Look], None] | None = None) -> Comparison:
    """Run every policy on the same luck and set each against the first.

    replications: at least 2, by default 100. confidence: of each interval by itself, between 0.5 and 1.
    precision: half widths by measure, in its unit or as a share of the baseline's mean ("5%"). Then as many replications are made
    as it takes, `replications` (5000) at most; intervals hold at every look, those of the measures named jointly.
    simultaneous: the intervals of the six main measures, of all policies, hold jointly (Bonferroni). told: called at every look.
    Errors: InputError.
    """
    pairs = [loaded(scenario, policy) for policy in policies]
    scenario, policies = pairs[0][0] if pairs else scenario, [policy for _, policy in pairs]
    targets = read_targets(precision) if precision is not None else {}
    number = (MOST if targets else REPLICATIONS) if replications is None else replications
    check_numbers(number, seed, jobs, fewest=2)
    check_policies(policies)
    check_confidence(confidence)
    for policy in policies:
        check_fit(scenario, policy)
    together = tuple(dict.fromkeys([*targets, *(MAIN if simultaneous else ())]))
    intervals = Intervals(confidence, together, len(policies) - 1)
    if not targets:
        return comparison_of([simulate(scenario, policy, number, seed, jobs, progress, store) for policy in policies], intervals)
    check_limit(number)
    intervals = replace(intervals, tuned_for=TUNED_FOR)
    runs, reached = run_until(scenario, policies, targets, intervals, number, seed, jobs, progress, store, told)
    return replace(comparison_of(runs, intervals), precision=reached)


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


def comparison_of(runs: Sequence[Runs], intervals: Intervals | float = 0.95) -> Comparison:
    """Runs of the same scenario, seed and replications, set against the first. intervals: how they are made, or a confidence level."""
    how = intervals if isinstance(intervals, Intervals) else Intervals(intervals, (), len(runs) - 1)
    check_confidence(how.confidence)
    first = runs[0]
    for run in runs[1:]:
        for key in ("scenario_digest", "seed", "replications", "code"):
            if run.provenance[key] != first.provenance[key]:
                raise InputError(run.policy.name, key, found=str(run.provenance[key]),
                                 expected=f"{first.provenance[key]}, as in the baseline, since runs are compared pair by pair")
    base = first.totals()
    table = pd.concat([_against(first, base, run, how) for run in runs[1:]], ignore_index=True)
    return Comparison(list(runs), table[list(COMPARISON_COLUMNS)], how)


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
    how = Intervals(confidence)
    return Comparison([before, called], _against(before, before.totals(), called, how)[list(COMPARISON_COLUMNS)], how)


def _against(first: Runs, a: pd.DataFrame, run: Runs, intervals: Intervals) -> pd.DataFrame:
    b = run.totals()
    gap = b - a
    made = [intervals.of(gap[measure].to_numpy(), measure) for measure in gap.columns]
    return pd.DataFrame({
        "scenario": first.scenario.name, "baseline": first.policy.name, "policy": run.policy.name, "measure": gap.columns,
        "unit": [list_measures()[m].unit for m in gap.columns], "level": "branch", "mean_baseline": a.mean().to_numpy(),
        "mean": b.mean().to_numpy(), "difference": gap.mean().to_numpy(), "ci_low": [each.low for each in made],
        "ci_high": [each.high for each in made], "confidence": intervals.confidence, "replications": first.replications,
        "variance_reduction": variance_reduction(a.to_numpy(), b.to_numpy()), "interval": [each.kind for each in made],
        "family": [each.family for each in made],
    })


def variance_reduction(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """By column, how many times the variance of the difference would be with luck of their own; NaN where it never varies.

    a, b: one row a replication, the same luck in the same row.
    """
    paired, apart_a, apart_b = (pd.DataFrame(each).var(ddof=1).to_numpy() for each in (b - a, a, b))
    apart = apart_a + apart_b
    return np.divide(apart, paired, out=np.full(len(paired), np.nan), where=paired > 0)
