"""What customers contribute and how loyal they are, and the groups that follow (C5).

The weights are data: data/indicators/tables/customers.yaml.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field, Strict, model_validator

from sim.errors import InputError
from sim.payroll.numbers import SCALE
from sim.policy.base import Name, Number, Part, Positive, Sourced, Words
from sim.policy.plan import as_written
from sim.policy.rational import Exact
from sim.reading import read_yaml, resource_folder, say, shown, validated, wrong

POINTS = 100
COLUMNS = ("income", "deposits", "loans", "aum", "products", "months", "complaints")


class Column(Part):
    """A column's part in a score."""

    weight: Annotated[float, Strict(), Field(gt=0, le=1)] = Field(description="a share of 1, more than 0")
    mark: Positive = Field(description="where the column has all its points, or none where lower is better; CNY, items or months")
    better: Literal["higher", "lower"] = "higher"


class Score(Sourced):
    """A score on 100 points from columns of the table of customers."""

    columns: dict[Name, Column] = Field(min_length=1, description="columns by name")

    @model_validator(mode="after")
    def _fits(self) -> Score:
        for name in self.columns:
            if name not in COLUMNS:
                raise wrong("columns", name, found="an unknown column", expected=f"one of {', '.join(COLUMNS)}")
        if (total := sum(as_written(column.weight) for column in self.columns.values())) != 1:
            raise wrong("columns", found=f"weights that sum to {float(total):.12g}", expected="weights that sum to 1")
        return self


class Group(Part):
    """A group of customers, and how it is treated."""

    name: Name = Field(description="a name")
    label: Words = Field(description="what it is called, {en: ..., zh: ...}")
    treatment: Words = Field(description="how it is treated, {en: ..., zh: ...}")


class Grid(Sourced):
    """Groups by both scores. groups: rows from low to high contribution, each from low to high loyalty."""

    contribution: tuple[Number, ...] = Field(description="marks in points")
    loyalty: tuple[Number, ...] = Field(description="marks in points")
    groups: tuple[tuple[Group, ...], ...] = Field(description="rows of groups")

    @model_validator(mode="after")
    def _fits(self) -> Grid:
        for side in ("contribution", "loyalty"):
            if any(low >= high for low, high in pairwise(getattr(self, side))):
                raise wrong(side, found=f"marks {', '.join(map(say, getattr(self, side)))}", expected="each higher than the one before")
        shape = [len(row) for row in self.groups]
        if shape != [len(self.loyalty) + 1] * (len(self.contribution) + 1):
            raise wrong(
                "groups",
                found=f"rows of {', '.join(map(str, shape))} groups",
                expected=f"{len(self.contribution) + 1} rows of {len(self.loyalty) + 1}, one more each than marks",
            )
        names = [group.name for group in self.all]
        if twice := [name for place, name in enumerate(names) if name in names[:place]]:
            raise wrong("groups", found=f"{twice[0]} a second time", expected="each group once")
        return self

    @cached_property
    def all(self) -> tuple[Group, ...]:
        return tuple(group for row in self.groups for group in row)


class CustomerScoring(Part):
    """How customers are scored and grouped."""

    contribution: Score = Field(description="a score")
    loyalty: Score = Field(description="a score")
    grid: Grid = Field(description="the grid of groups")


def load_customer_scoring(path: str | Path | None = None) -> CustomerScoring:
    """The scoring in a YAML file; without a path, the one that comes along."""
    file = Path(path) if path is not None else resource_folder("data") / "indicators" / "tables" / "customers.yaml"
    return validated(CustomerScoring, read_yaml(file), shown(file))


def customer_scores(customers: pd.DataFrame, scoring: CustomerScoring | None = None) -> pd.DataFrame:
    """One row a customer: customer, person, contribution, loyalty (hundredths of a point, halves up, exact), group (category).

    customers: the records' table, numbers in millionths. The group goes by the exact scores, before they are rounded.
    """
    if not len(customers):
        raise InputError("customers", found="no rows", expected="one for each customer")
    scoring = scoring or load_customer_scoring()
    grid = scoring.grid
    points = {side: points_of(customers, score) for side, score in (("contribution", scoring.contribution), ("loyalty", scoring.loyalty))}
    row, column = (_reached(points[side], getattr(grid, side)) for side in ("contribution", "loyalty"))
    found = {side: score.whole(100) for side, score in points.items()}
    group = pd.Categorical.from_codes(row * (len(grid.loyalty) + 1) + column, [group.name for group in grid.all])
    return customers[["customer", "person"]].reset_index(drop=True).assign(**found, group=group)


def points_of(customers: pd.DataFrame, score: Score) -> Exact:
    """Points of 100, exactly."""
    total = Exact.of(0, len(customers))
    for name, column in score.columns.items():
        mark = as_written(column.mark) * SCALE
        # bounded in whole millionths, which marks are: both sides stay exact
        reached = Exact(np.clip(customers[name].to_numpy(), 0, int(mark))) * (1 / mark)
        total = total + (reached if column.better == "higher" else -reached + 1) * (POINTS * as_written(column.weight))
    return total


def _reached(points: Exact, marks: tuple[float, ...]) -> np.ndarray:
    """How many marks each score reaches; at a mark is reached."""
    return sum((points.reaches(as_written(mark)).astype(np.int64) for mark in marks), np.zeros(len(points), dtype=np.int64))


def groups_of(customers: pd.DataFrame, by: str = "person") -> pd.DataFrame:
    """How many customers of each group somebody holds: one row for each, a column for each group.

    customers: as `customer_scores` gives them.
    """
    return customers.groupby([by, "group"], observed=False, sort=True).size().unstack("group").rename_axis(columns=None).reset_index()


__all__ = ["CustomerScoring", "customer_scores", "groups_of", "load_customer_scoring", "points_of"]
