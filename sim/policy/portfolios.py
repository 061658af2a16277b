"""Portfolio rules of a policy: how customers are allotted to managers, and how many one manager may hold."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from sim.policy.base import Count, Name, Sourced


class Portfolios(Sourced):
    """How customers are allotted on the first day. A customer who gets another manager than before is handed over.

    allocation: as_given, as the scenario has it; random; by_skill, the richest customers to the most able; by_segment, managers
    each for one kind of customer as far as numbers allow, the highest segment to the most able; levelled, so that all hold alike.
    spans: the most customers of a segment for one manager (casebook C10: 1,000 micro or 50 corporate customers); who holds several
    kinds fills the span by shares. Customers beyond it are managed by nobody.
    """

    allocation: Literal["as_given", "random", "by_skill", "by_segment", "levelled"] = "as_given"
    spans: dict[Name, Count] = Field(default_factory=dict, description="most customers to one manager, by segment")
