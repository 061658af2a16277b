"""How intervals of paired differences are made: Student's for a number of replications fixed beforehand, time-uniform where one
looks until they are narrow enough; each by itself, or some of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np

from sim.experiments.measures import list_measures
from sim.experiments.sequences import asymptotic_half, betting_interval
from sim.experiments.simulate import interval_half_width

Kind = Literal["student", "asymptotic", "betting"]


class Interval(NamedTuple):
    """kind: student, asymptotic (sequence) or betting (sequence). family: intervals that hold together at the confidence level."""

    low: float
    high: float
    kind: Kind
    family: int


@dataclass(frozen=True)
class Intervals:
    """confidence: of each interval by itself, or of all of `together` jointly (Bonferroni: the error is shared equally).

    together: measures whose differences, of all policies, are meant to hold at once. others: policies beside the baseline.
    tuned_for: replications the time-uniform intervals are tuned for; None for Student's.
    """

    confidence: float = 0.95
    together: tuple[str, ...] = ()
    others: int = 1
    tuned_for: int | None = None

    def family(self, measure: str) -> int:
        """Among how many intervals the error is shared."""
        return len(self.together) * self.others if measure in self.together else 1

    def level(self, measure: str) -> float:
        """Confidence of this measure's interval taken by itself."""
        return 1.0 - (1.0 - self.confidence) / self.family(measure)

    def of(self, gaps: np.ndarray, measure: str) -> Interval:
        """The interval of a difference, from its values (n,) replication by replication."""
        level, family = self.level(measure), self.family(measure)
        bounds = list_measures()[measure].bounds
        if self.tuned_for is not None and bounds is not None and not np.isnan(gaps).any():
            reach = bounds[1] - bounds[0]
            return Interval(*betting_interval(gaps, -reach, reach, 1.0 - level, self.tuned_for), "betting", family)
        middle, half = float(gaps.mean()), float(self.half(gaps[:, None], level)[0])
        return Interval(middle - half, middle + half, "student" if self.tuned_for is None else "asymptotic", family)

    def half(self, values: np.ndarray, level: float | None = None) -> np.ndarray:
        """Half widths of the intervals of means, by column; each by itself unless a level is given."""
        level = self.confidence if level is None else level
        return interval_half_width(values, level) if self.tuned_for is None else asymptotic_half(values, 1.0 - level, self.tuned_for)

    @property
    def provenance(self) -> Mapping[str, Any]:
        """What a reader must know to take the intervals for what they are."""
        kind = "student" if self.tuned_for is None else "time-uniform"
        tuned = {} if self.tuned_for is None else {"tuned_for_replications": self.tuned_for}
        return {"kind": kind, **tuned, "together": list(self.together), "shared_among": max(1, len(self.together) * self.others)}
