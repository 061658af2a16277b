"""Indicator sets: what managers are appraised by, against which targets, with which weights. docs/indicators.md describes them.

Files in data/indicators, read as policies are: safe YAML, unknown keys refused, `extends` for "this one but".
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, model_validator

from sim.policy.base import Measure, Name, Number, Part, Period, Positive, Share, Signed, Sourced, Text, Words
from sim.policy.measures import pay_measures, unit_of
from sim.policy.plan import as_written
from sim.reading import (
    PROVENANCE,
    Inherited,
    digest_of,
    find_file,
    inherited,
    library_names,
    read_inherited,
    resource_folder,
    say,
    validated,
    wrong,
)

SETS = ("basic", "change", "income_and_expense", "transaction", "other")
SET_LABELS = {
    "basic": {"en": "basic", "zh": "基本指标"},
    "change": {"en": "change", "zh": "变动指标"},
    "income_and_expense": {"en": "income and expense", "zh": "收支指标"},
    "transaction": {"en": "transaction", "zh": "交易指标"},
    "other": {"en": "other", "zh": "其他指标"},
}  # fmt: skip
_OWN = ("title", "label", "status")  # what each file says for itself
KIND = "indicator set"


class Given(Part):
    """The target in the records' table `targets`: the person's own, or else that of the grade."""

    kind: Literal["given"]


class Absolute(Part):
    """The same target for everybody."""

    kind: Literal["absolute"]
    value: Number = Field(description="units of the measure a period")
    unit: Name = Field(description="the unit in which the measure is counted")


class OwnBase(Part):
    """So many times one's own result of an earlier period (casebook C4)."""

    kind: Literal["own_base"]
    of: Literal["period_before", "year_before"] = "year_before"
    times: Positive = Field(1.0, description="so many times the earlier result")


class Rent(Part):
    """More for rich portfolios, less for poor ones (casebook C3): value x (1 + strength x (own portfolio / mean portfolio - 1)).

    value: the target of a mean portfolio; left out, that is the given target.
    """

    kind: Literal["differential_rent"]
    value: Positive | None = Field(None, description="units of the measure a period")
    unit: Name | None = Field(None, description="the unit in which the measure is counted")
    strength: Share = Field(description="0, the same target for all, to 1, in proportion to the portfolio")
    among: Literal["everybody", "outlet"] = "everybody"
    portfolio: Literal["balance", "count"] = "balance"

    @model_validator(mode="after")
    def _value_with_unit(self) -> Rent:
        if (self.value is None) != (self.unit is None):
            raise wrong("unit", found=say(self.unit), expected="a unit beside `value`, and none without it")
        return self


Target = Annotated[Given | Absolute | OwnBase | Rent, Field(discriminator="kind")]


class Per(Part):
    """The difference from the target that counts as much as reaching it."""

    value: Positive = Field(description="units of the measure")
    unit: Name = Field(description="the unit in which the measure is counted")


class Indicator(Sourced):
    """One indicator. Its score is 100 x weight x coefficient x comparison; at target the comparison is 1.

    compare, where higher is better: ratio, result / target; difference, 1 + (result - target) / per. Where lower is better:
    ratio, 2 - result / target; difference, 1 + (target - result) / per. floor and cap bound the comparison.
    """

    label: Words | None = None
    set: Literal["basic", "change", "income_and_expense", "transaction", "other"] = Field(description=f"one of {', '.join(SETS)}")
    measure: Measure = Field(description="what is counted")
    weight: Annotated[float, Strict(), Field(gt=0, le=1)] = Field(description="a share of 1, more than 0")
    compare: Literal["ratio", "difference"] = Field(description="ratio or difference")
    per: Per | None = None
    coefficient: Positive = 1.0
    target: Target = Field(Given(kind="given"), description="`kind: given`, `absolute`, `own_base` or `differential_rent`")
    floor: Signed = 0.0
    cap: Number | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Indicator:
        unit = unit_of(self.measure)
        if pay_measures()[self.measure].built_in:
            raise wrong("measure", found=say(self.measure), expected="a measure that is recorded or derived")
        if (self.per is not None) != (self.compare == "difference"):
            raise wrong("per", found="nothing" if self.per is None else say(self.per.value),
                        expected=f"{{value: ..., unit: {unit}}}, as results are compared by difference" if self.per is None
                        else "none beside `compare: ratio`")  # fmt: skip
        for place, part in (("per", self.per), ("target", self.target)):
            if (given := getattr(part, "unit", None)) is not None and given != unit:
                raise wrong(place, "unit", found=say(given), expected=f"{unit}, in which {self.measure} is counted")
        if self.cap is not None and self.cap <= self.floor:
            raise wrong("cap", found=say(self.cap), expected=f"more than the floor ({say(self.floor)})")
        return self

    @property
    def words(self) -> Mapping[str, str]:
        """What it is called, in English and Chinese."""
        return self.label.model_dump() if self.label else pay_measures()[self.measure].label


class IndicatorFile(Part):
    """An indicator set as its file says it. period: the length of time that is appraised, and that targets are for."""

    title: Words = Field(description="a title, {en: ..., zh: ...}")
    label: Words | None = None
    source: Text = Field(description="where the set comes from")
    status: Literal["documented", "assumed", "proposed"]
    assumed: Text | None = None
    extends: Text | None = None
    period: Period
    indicators: dict[Name, Indicator] = Field(min_length=1, max_length=100, description="indicators by name")

    @model_validator(mode="after")
    def _weights_make_one(self) -> IndicatorFile:
        total = sum(as_written(indicator.weight) for indicator in self.indicators.values())
        if total != 1:
            listed = " + ".join(say(indicator.weight) for indicator in self.indicators.values())
            raise wrong("indicators", found=f"weights that sum to {float(total):.12g} ({listed})", expected="weights that sum to 1")
        return self


class IndicatorSet(IndicatorFile):
    """An indicator set ready for use. name: the file's name without the ending; files: it and those it extends."""

    name: str
    files: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names the content that moves scores: indicators without labels, sources and reasons."""
        plain = {name: each.model_dump(mode="json", exclude={"label", *PROVENANCE}) for name, each in self.indicators.items()}
        return digest_of([self.period, plain])


def load_indicators(name_or_path: str | Path) -> IndicatorSet:
    """An indicator set of the library by its name, or one of the user's own by the path of its YAML file."""
    library = resource_folder("data") / "indicators"
    path = find_file(name_or_path, library, KIND)
    return _made(read_inherited(path, library, KIND, _OWN, PROVENANCE), path.stem)


def make_indicators(data: Mapping[str, Any], name: str) -> IndicatorSet:
    """An indicator set from data in the form of a file; for scripts and tests."""
    return _made(inherited(dict(data), Path(name), resource_folder("data") / "indicators", KIND, _OWN, PROVENANCE), name)


def list_indicators() -> list[str]:
    """The names of the library's indicator sets, in alphabetical order."""
    return library_names(resource_folder("data") / "indicators")


def _made(found: Inherited, name: str) -> IndicatorSet:
    file = validated(IndicatorFile, found.data, found.file_of)
    return IndicatorSet(**dict(file), name=name, files=found.files)


__all__ = ["SETS", "SET_LABELS", "Indicator", "IndicatorSet", "list_indicators", "load_indicators", "make_indicators"]
