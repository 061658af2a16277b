"""What of a simulated branch stands behind the measures of a pay plan.

Most measures are counted day by day. Some are the same as another in simulation (`ALIKE`); for others the policy says what stands
in their place (`stand_ins`): a value, or so many times what is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.policy.measures import pay_measures
from sim.policy.schema import Policy

ALIKE = {"new_customers": "accounts"}     # every account that is opened is a customer won
MEANT = ("share", "points")               # units of levels whose values are averaged over several people (as in sim/payroll/inputs.py)


def is_meant(measure: str) -> bool:
    """Whether several people's values make a mean rather than a sum."""
    known = pay_measures()[measure]
    return known.unit in MEANT and known.over != "sum"


class Counting:
    """Which measures a policy can count in simulation, and how. measures: those that are counted, whose places are the codes."""

    def __init__(self, policy: Policy, measures: Sequence[str]) -> None:
        self.measures, self._stand_ins, self._grades = tuple(measures), policy.stand_ins, policy.grade_names()

    def of(self, measure: str) -> tuple[float, list[tuple[int, float]]]:
        """A measure as a constant and so many times others, each with its code. Errors: ValueError where one is not counted."""
        stand_in = self._stand_ins.get(measure)
        if stand_in is None:
            return 0.0, [(self._place(measure), 1.0)]
        return stand_in.value, [(self._place(other), times) for other, times in stand_in.sum_of.items()]

    def code(self, measure: str) -> int | None:
        """The code of the one result that is the measure; None where it is made of others."""
        constant, parts = self.of(measure)
        return parts[0][0] if constant == 0.0 and len(parts) == 1 and parts[0][1] == 1.0 else None

    def knows(self, measure: str) -> bool:
        """Whether the measure can be counted."""
        stand_in = self._stand_ins.get(measure)
        return all(ALIKE.get(each, each) in self.measures for each in (stand_in.sum_of if stand_in else (measure,)))

    def unknown(self) -> Iterator[tuple[str, str]]:
        """Stand-ins that are made of what is not counted, by place in the policy's file."""
        for name, stand_in in self._stand_ins.items():
            for other in stand_in.sum_of:
                if ALIKE.get(other, other) not in self.measures:
                    yield f"stand_ins.{name}.sum_of", f"the measure {other}"

    def grades(self, names: Sequence[str] | None) -> int:
        """Grades as bits; all of them, and none at all, where no names are given."""
        known = self._grades
        return (1 << len(known) + 1) - 1 if names is None else sum(1 << known.index(name) for name in names if name in known)

    def _place(self, measure: str) -> int:
        return self.measures.index(ALIKE.get(measure, measure))


__all__ = ["ALIKE", "Counting", "is_meant"]
