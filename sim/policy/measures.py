"""What can be paid for: the measures of the data dictionary (data/payroll/measures.yaml), as policies need them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, NamedTuple

from sim.errors import nearest
from sim.reading import read_yaml, resource_folder, say, wrong

Over = Literal["sum", "mean", "last"]


class PayMeasure(NamedTuple):
    """A measure. over: how months make a longer period, added up, averaged by calendar days, or the last month's.

    quality: tells how well rather than how much. higher_is_better: False for losses, complaints and the like.
    signed: may be below nil. sum_of, times_days: what a derived measure is made from. built_in: known without being recorded.
    """

    name: str
    unit: str
    label: Mapping[str, str]
    over: Over
    quality: bool
    higher_is_better: bool
    signed: bool
    sum_of: Mapping[str, float] | None
    times_days: str | None
    built_in: bool


@lru_cache(maxsize=1)
def pay_measures() -> dict[str, PayMeasure]:
    """By name, in the order of the dictionary."""
    found = {}
    for name, entry in read_yaml(resource_folder("data") / "payroll" / "measures.yaml").items():
        found[name] = PayMeasure(name, entry["unit"], entry["label"], entry.get("over", "sum"), entry.get("quality", False),
                                 entry.get("better", "higher") == "higher",
                                 "least" in entry and entry["least"] is None or any(part < 0 for part in (entry.get("sum_of") or {}).values()),
                                 entry.get("sum_of"), entry.get("times_days"), entry.get("built_in", False))
    return found


def unit_of(measure: str | None) -> str | None:
    """The unit a measure is counted in; None without one."""
    return pay_measures()[measure].unit if measure else None


def known_measure(name: str) -> str:
    """The name, if the dictionary has it."""
    if name not in pay_measures():
        raise wrong(found=say(name), expected="a measure of the data dictionary (`incentivelab list measures`)", hint=nearest(name, pay_measures()))
    return name
