"""From a measured amount to CNY, for one payee and one period: what an element's `schedule` can be.

Marks count units of the measure, or with `by: attainment` shares of its target. Rates are CNY a unit of the measure, and negative
where they take pay away (liability for a loan not recovered). Equality with a mark belongs to what begins there, unless
`boundary: lower` says that it must be passed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from sim.policy.base import Boundary, By, Measure, Name, Number, Part, Share, Signed, Sourced
from sim.policy.readings import Reading
from sim.reading import say, wrong


class FixedSchedule(Part):
    """The same amount every period, whatever is achieved."""

    kind: Literal["fixed"]
    amount: Number = Field(description="CNY each period")


class LinearSchedule(Part):
    """A rate per unit of the measure, from a threshold on.

    from_threshold pays rate x (units - threshold); from_first pays rate x units, once the threshold is reached. Left out, the rate
    is the base commission rate: target incentive x weight / target. A negative result earns nothing. shortfall_rate takes off so much
    for each unit below the threshold: the same as the rate mirrors reward and penalty (casebook C11).
    """

    kind: Literal["linear"]
    rate: Signed | None = Field(None, description="CNY per unit of the measure")
    threshold: Number = Field(0.0, description="units of the measure, or shares of the target with `by: attainment`")
    mode: Literal["from_threshold", "from_first"] = "from_threshold"
    by: By = "units"
    shortfall_rate: Number | None = Field(None, description="CNY taken off per unit below the threshold")
    boundary: Boundary | None = None


class Tier(Part):
    """A rate on [from, to): equality belongs to the higher tier. `to` is None on the last tier only.

    times: instead of a rate, so many times the base commission rate (an accelerator above 1, a decelerator below).
    """

    start: Number = Field(alias="from", description="where the tier begins")
    end: Number | None = Field(None, alias="to", description="where the tier ends; left out on the last")
    rate: Signed | None = Field(None, description="CNY per unit of the measure")
    times: Number | None = Field(None, description="times the base commission rate (target incentive x weight / target)")

    @model_validator(mode="after")
    def _one_rate(self) -> Tier:
        if self.rate is None and self.times is None:
            raise wrong("rate", found="nothing", expected="CNY per unit of the measure")
        if self.rate is not None and self.times is not None:
            raise wrong(found="both `rate` and `times`", expected="one of them")
        return self


class TierSchedule(Part):
    """Rates by tier. marginal: each tier's rate on the units inside it; retroactive: the reached tier's rate on all units.

    Below the first `from` nothing is paid, nor for a negative result. Tiers follow one another without gap or overlap; the last is open; a `to`
    left out before that is the next `from`. Bounds count units, or with `by: attainment` shares of the target; rates
    are always CNY per unit of the measure. lookup: another reading chooses the tier, whose rate is paid on the whole measure
    (casebook C9: annualised points choose the rate on net income).
    """

    kind: Literal["tiers"]
    mode: Literal["marginal", "retroactive"]
    by: By = "units"
    boundary: Boundary | None = None
    lookup: Reading | None = None
    tiers: tuple[Tier, ...] = Field(min_length=1, max_length=100, description="a list of `{from, to, rate}`")

    @field_validator("tiers")
    @classmethod
    def _follow_one_another(cls, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
        filled = []
        for place, (tier, after) in enumerate(zip(tiers, (*tiers[1:], None), strict=True)):
            if after is None:
                if tier.end is not None:
                    raise wrong(place, "to", found=say(tier.end), expected="the last tier to be open: leave `to` out")
                filled.append(tier)
                continue
            if after.start <= tier.start:
                expected = f"more than {say(tier.start)}, where the tier before begins"
                raise wrong(place + 1, "from", found=say(after.start), expected=expected)
            if tier.end is not None and tier.end <= tier.start:
                raise wrong(place, "to", found=say(tier.end), expected=f"more than {say(tier.start)}, where the tier begins")
            if tier.end is not None and tier.end != after.start:
                what = "so the tiers overlap" if after.start < tier.end else "which leaves a gap"
                raise wrong(place + 1, "from", found=f"{say(after.start)}, {what}", expected=f"{say(tier.end)}, where the tier before ends")
            filled.append(tier.model_copy(update={"end": after.start}))
        return tuple(filled)

    @model_validator(mode="after")
    def _lookup_chooses_a_rate(self) -> TierSchedule:
        if self.lookup is not None and self.mode == "marginal":
            raise wrong("mode", found="marginal", expected="retroactive, as another reading chooses the one rate")
        return self


class Step(Part):
    """What is paid from a mark on: either units of the measure or a share of the target."""

    attainment: Number | None = Field(None, description="share of the target")
    units: Number | None = Field(None, description="units of the measure")
    pays: Signed = Field(description="CNY")

    @model_validator(mode="after")
    def _one_mark(self) -> Step:
        check_mark(self.attainment, self.units)
        return self

    @property
    def mark(self) -> float:
        return self.units if self.units is not None else self.attainment  # type: ignore[return-value]


class StepSchedule(Part):
    """A flat amount by the highest step reached (amounts do not add up); nothing below the first, nor for a negative result."""

    kind: Literal["step"]
    at: tuple[Step, ...] = Field(min_length=1, max_length=100, description="a list of `{attainment or units, pays}`")
    boundary: Boundary | None = None

    @property
    def by(self) -> By:
        return "units" if self.at[0].units is not None else "attainment"

    @field_validator("at")
    @classmethod
    def _rise(cls, at: tuple[Step, ...]) -> tuple[Step, ...]:
        check_rising(at)
        return at


class CurvePoint(Part):
    """What a curve gives at a mark."""

    attainment: Number | None = Field(None, description="share of the target")
    units: Number | None = Field(None, description="units of the measure")
    gives: Number = Field(description="a share or a factor: 1 for the whole")

    @model_validator(mode="after")
    def _one_mark(self) -> CurvePoint:
        check_mark(self.attainment, self.units)
        return self

    @property
    def mark(self) -> float:
        return self.units if self.units is not None else self.attainment  # type: ignore[return-value]


class Curve(Sourced):
    """A share or factor by result: linear between the points and level beyond them, or in steps, each holding from its mark on.

    A line gives below its first point what the point gives; steps give nothing there.
    """

    shape: Literal["line", "steps"] = "line"
    points: tuple[CurvePoint, ...] = Field(min_length=1, max_length=100, description="a list of `{attainment or units, gives}`")
    boundary: Boundary | None = None

    @property
    def by(self) -> By:
        return "units" if self.points[0].units is not None else "attainment"

    @field_validator("points")
    @classmethod
    def _rise(cls, points: tuple[CurvePoint, ...]) -> tuple[CurvePoint, ...]:
        check_rising(points)
        return points


class CurveSchedule(Part):
    """A pay curve: target incentive x weight x curve(attainment)."""

    kind: Literal["curve"]
    curve: Curve


class MatrixSchedule(Part):
    """Pay from two results: the element's measure chooses the row, another reading the column; each holds from its mark on.

    Below the first mark of either nothing is paid. pays: one list a row, CNY a column.
    """

    kind: Literal["matrix"]
    by: By = "attainment"
    rows: tuple[Number, ...] = Field(min_length=1, max_length=50, description="rising marks of the element's measure")
    other: Reading = Field(description="the reading that chooses the column")
    columns: tuple[Number, ...] = Field(min_length=1, max_length=50, description="rising marks of the other measure")
    pays: tuple[tuple[Number, ...], ...] = Field(min_length=1, max_length=50, description="a list of rows, each a list of CNY by column")
    boundary: Boundary | None = None

    @model_validator(mode="after")
    def _is_a_table(self) -> MatrixSchedule:
        for name, marks in (("rows", self.rows), ("columns", self.columns)):
            for place, (before, mark) in enumerate(zip(marks, marks[1:]), start=1):
                if mark <= before:
                    raise wrong(name, place, found=say(mark), expected=f"more than {say(before)}, the mark before")
        if len(self.pays) != len(self.rows):
            raise wrong("pays", found=f"{len(self.pays)} rows", expected=f"{len(self.rows)}, one for each mark of `rows`")
        for place, row in enumerate(self.pays):
            if len(row) != len(self.columns):
                raise wrong("pays", place, found=f"{len(row)} amounts", expected=f"{len(self.columns)}, one for each mark of `columns`")
        if self.by == "attainment" and self.other.target is None:
            raise wrong("other", "target", found="nothing", expected="a target, since the marks are shares of it (attainment)")
        return self


class PriceSchedule(Part):
    """A price list: so much per unit of each of several measures (casebook C8)."""

    kind: Literal["prices"]
    prices: dict[Measure, Signed] = Field(min_length=1, max_length=100, description="CNY per unit, by measure")


class Indicator(Sourced):
    """One line of a scorecard: a reading, its weight, and the curve that makes a score of it (left out: attainment itself).

    A score of 1 is 100 points.
    """

    reading: Reading
    weight: Share = Field(description="share of the whole; the weights of a scorecard sum to 1")
    curve: Curve | None = None

    @model_validator(mode="after")
    def _can_be_scored(self) -> Indicator:
        if (self.curve is None or self.curve.by == "attainment") and self.reading.target is None:
            raise wrong("reading", "target", found="nothing", expected="a target, since the score is made from attainment")
        return self


class ScorecardSchedule(Part):
    """Several indicators as one amount (casebook C5, C6).

    curve_per_measure: target incentive x sum of weight x score. score_then_curve: target incentive x curve(sum of weight x score),
    where the marks of `curve` are `units` of score.
    """

    kind: Literal["scorecard"]
    combine: Literal["curve_per_measure", "score_then_curve"]
    indicators: dict[Name, Indicator] = Field(min_length=1, max_length=50, description="indicators by name")
    curve: Curve | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> ScorecardSchedule:
        total = round(sum(indicator.weight for indicator in self.indicators.values()), 9)
        if total != 1:
            raise wrong("indicators", found=f"weights that sum to {say(total)}", expected="1")
        if (self.combine == "score_then_curve") != (self.curve is not None):
            found = "nothing" if self.curve is None else "a curve of the whole score"
            expected = "a curve of the whole score" if self.curve is None else "none beside `combine: curve_per_measure`"
            raise wrong("curve", found=found, expected=expected)
        if self.curve is not None and self.curve.by == "attainment":
            raise wrong("curve", "points", found="marks by attainment", expected="marks in `units` of score, 1 for 100 points")
        return self


class SumPart(Part):
    """A schedule and, unless it is the element's own, the reading it pays for."""

    reading: Reading | None = None
    schedule: FixedSchedule | LinearSchedule | TierSchedule | StepSchedule | CurveSchedule = Field(discriminator="kind")


class SumSchedule(Part):
    """The sum of several schedules (casebook C9's year-end bonus: two rates on the same income)."""

    kind: Literal["sum"]
    of: tuple[SumPart, ...] = Field(min_length=1, max_length=20, description="a list of `{reading, schedule}`")


Schedule = (FixedSchedule | LinearSchedule | TierSchedule | StepSchedule | CurveSchedule | MatrixSchedule | PriceSchedule
            | ScorecardSchedule | SumSchedule)
AnySchedule = Annotated[Schedule, Field(discriminator="kind")]


def check_mark(attainment: float | None, units: float | None) -> None:
    if (attainment is None) == (units is None):
        found = "neither `attainment` nor `units`" if units is None else "both `attainment` and `units`"
        raise wrong(found=found, expected="one of them")


def check_rising(marks: tuple[Step, ...] | tuple[CurvePoint, ...]) -> None:
    """Marks of one kind, each above the one before."""
    for place, (before, step) in enumerate(zip(marks, marks[1:]), start=1):
        if (before.units is None) != (step.units is None):
            found = "another kind of mark than in the step before"
            raise wrong(place, found=found, expected="all steps by `attainment`, or all by `units`")
        if step.mark <= before.mark:
            raise wrong(place, found=say(step.mark), expected=f"more than {say(before.mark)}, the step before")
