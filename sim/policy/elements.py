"""One element of pay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field, model_validator

from sim.policy.base import Measure, Number, Period, Share, Signed, Sourced, Words
from sim.policy.measures import pay_measures
from sim.policy.payment import Gate, InForce, Modifier, Payment, Split, Windfall
from sim.policy.readings import Credit, RampStep, Reading, Target, check_target
from sim.policy.schedules import (
    Curve, CurveSchedule, FixedSchedule, LinearSchedule, MatrixSchedule, PriceSchedule, Schedule, ScorecardSchedule, StepSchedule,
    SumSchedule, TierSchedule,
)
from sim.reading import say, wrong

_OWN_MEASURES = (FixedSchedule, PriceSchedule, ScorecardSchedule, SumSchedule)      # these say themselves what they count


class Element(Sourced):
    """One element of pay: a schedule over a measure and a period, for a payee.

    cap and floor bound what the element pays to one payee in one period (a floor may be negative, where an element takes pay away);
    credit_cap bounds the units that count. payee: the manager alone, the pair, or the team (the branch's managers) whose joint
    result is measured and whose pay is divided by `split`. less: elements whose earnings over the same period are taken off, so
    that the rest is trued up. modifiers multiply, gates withhold, then cap and floor apply, in this order.
    """

    label: Words | None = None
    measure: Measure | None = Field(None, description="what is counted")
    period: Period
    target: Target | None = None
    target_incentive: Number | None = Field(None, description="CNY a period at full attainment")
    weight: Share | None = Field(None, description="this element's share of the target incentive, 1 if left out")
    schedule: Schedule = Field(discriminator="kind", description="how the measure becomes CNY")
    credit: Credit | None = None
    credit_cap: Number | None = Field(None, description="units of the measure")
    windfall: Windfall | None = None
    ramp: tuple[RampStep, ...] | None = Field(None, min_length=1, max_length=50, description="a list of `{until_month, quota}`")
    prorated: Literal["nothing", "days_in_post"] | None = None
    modifiers: tuple[Modifier, ...] | None = Field(None, min_length=1, max_length=20)
    gates: tuple[Gate, ...] | None = Field(None, min_length=1, max_length=20)
    cap: Number | None = Field(None, description="CNY a period")
    floor: Signed | None = Field(None, description="CNY a period")
    less: tuple[str, ...] | None = Field(None, min_length=1, max_length=20, description="a list of elements")
    in_force: InForce | None = None
    budget: Number | None = Field(None, description="CNY that all payees together can be paid")
    payee: Literal["self", "pair", "team"] = "self"
    split: Split | None = None
    payment: Payment | None = None
    unit: Literal["CNY"] = "CNY"

    @model_validator(mode="before")
    @classmethod
    def _has_parts(cls, data: Any) -> Any:
        """An amount in place of an element is a usual first try; an example says more than the name of a type."""
        if isinstance(data, (Mapping, BaseModel)):
            return data
        amount = say(data) if isinstance(data, (int, float)) and not isinstance(data, bool) else "5000"
        example = f"{{period: month, schedule: {{kind: fixed, amount: {amount}}}}}"
        raise wrong(found=say(data), expected=f"`key: value` lines, such as `{example}`")

    @model_validator(mode="after")
    def _hangs_together(self) -> Element:
        fixed = isinstance(self.schedule, FixedSchedule)
        self._measure_where_needed()
        check_target(self.measure, self.target)
        if not fixed and any(by == "attainment" for by in self._marks()) and self.target is None:
            raise wrong("target", found="nothing", expected="a target, since the schedule counts shares of it (attainment)")
        if self._needs_incentive() and self.target_incentive is None:
            raise wrong("target_incentive", found="nothing", expected="CNY a period, of which the schedule pays a share")
        if self._needs_base_rate() and self.target is None:
            raise wrong("target", found="nothing", expected="a target, as the base commission rate is target incentive x weight / target")
        if any(_is_pay_curve_by_units(schedule) for schedule in self._schedules()):
            raise wrong("schedule", "curve", "points", found="marks in units", expected="marks by `attainment`: a pay curve pays by attainment")
        if self._needs_base_rate() and any(_has_unit_marks(schedule) for schedule in self._schedules()):
            raise wrong("schedule", "by", found="units", expected="attainment, as the base commission rate goes by the target")
        if self.cap is not None and self.floor is not None and self.cap < self.floor:
            raise wrong("cap", found=say(self.cap), expected=f"the floor ({say(self.floor)}) or more")
        if self.ramp is not None:
            for place, (before, step) in enumerate(zip(self.ramp, self.ramp[1:]), start=1):
                if step.until_month <= before.until_month:
                    raise wrong("ramp", place, found=say(step.until_month), expected=f"more than {before.until_month}, the step before")
        if self.split is not None and self.payee == "self":
            raise wrong("split", found="a split", expected="none beside `payee: self`; a pair's or a team's pay is split")
        if self.credit_cap is not None and self.measure is None:
            raise wrong("credit_cap", found=say(self.credit_cap), expected="none without a measure of the element's own, whose units it bounds")
        if self.windfall is not None and self.target is None:
            raise wrong("target", found="nothing", expected="a target, since a windfall is a share of it")
        return self

    def _measure_where_needed(self) -> None:
        if isinstance(self.schedule, _OWN_MEASURES) and self.measure is not None and not isinstance(self.schedule, SumSchedule):
            what = "a fixed amount, which does not depend on any" if isinstance(self.schedule, FixedSchedule) else "a schedule that names its own"
            raise wrong("measure", found=say(self.measure), expected=f"none beside {what}")
        if not isinstance(self.schedule, _OWN_MEASURES) and self.measure is None:
            raise wrong("measure", found="nothing", expected=f"one of {', '.join(list(pay_measures())[:4])}, ... (`incentivelab list measures`)")
        if isinstance(self.schedule, SumSchedule) and self.measure is None:
            for place, part in enumerate(self.schedule.of):
                if part.reading is None and not isinstance(part.schedule, FixedSchedule):
                    raise wrong("schedule", "of", place, "reading", found="nothing", expected="a reading, as the element has no measure of its own")

    def _marks(self) -> Iterator[str]:
        """How the marks of the element's own measure count."""
        match self.schedule:
            case FixedSchedule() | PriceSchedule() | ScorecardSchedule():
                return
            case SumSchedule(of=parts):
                yield from (_by(part.schedule) for part in parts if part.reading is None and not isinstance(part.schedule, FixedSchedule))
            case TierSchedule(lookup=lookup) if lookup is not None:
                if _by(self.schedule) == "attainment" and lookup.target is None:
                    raise wrong("schedule", "lookup", "target", found="nothing", expected="a target, since the tiers count shares of it (attainment)")
            case _:
                yield _by(self.schedule)

    def _schedules(self) -> Iterator[Any]:
        if isinstance(self.schedule, SumSchedule):
            yield from (part.schedule for part in self.schedule.of)
        else:
            yield self.schedule

    def _needs_incentive(self) -> bool:
        return any(isinstance(schedule, (CurveSchedule, ScorecardSchedule)) for schedule in self._schedules()) or self._needs_base_rate()

    def _needs_base_rate(self) -> bool:
        return any(isinstance(schedule, LinearSchedule) and schedule.rate is None
                   or isinstance(schedule, TierSchedule) and any(tier.rate is None for tier in schedule.tiers) for schedule in self._schedules())

    def readings(self) -> Iterator[Reading]:
        """Everything the element reads besides its own measure."""
        match self.schedule:
            case TierSchedule(lookup=lookup) if lookup is not None:
                yield lookup
            case MatrixSchedule(other=other):
                yield other
            case PriceSchedule(prices=prices):
                yield from (Reading(measure=measure) for measure in prices)
            case ScorecardSchedule(indicators=indicators):
                yield from (indicator.reading for indicator in indicators.values())
            case SumSchedule(of=parts):
                for part in parts:
                    if part.reading is not None:
                        yield part.reading
                    if isinstance(part.schedule, TierSchedule) and part.schedule.lookup is not None:
                        yield part.schedule.lookup
        yield from (each.reading for each in (*(self.modifiers or ()), *(self.gates or ())))
        if self.payment and self.payment.hold_back:
            yield from (gate.reading for gate in self.payment.hold_back.malus)

    def measures(self) -> tuple[str, ...]:
        """Everything the element reads, its own measure first."""
        return tuple(dict.fromkeys([*([self.measure] if self.measure else []), *(reading.measure for reading in self.readings())]))


def _is_pay_curve_by_units(schedule: Any) -> bool:
    return isinstance(schedule, CurveSchedule) and schedule.curve.by == "units"


def _has_unit_marks(schedule: Any) -> bool:
    """Whether a schedule that pays the base commission rate has marks in units."""
    if isinstance(schedule, LinearSchedule):
        return schedule.rate is None and _by(schedule) == "units" and schedule.threshold > 0
    based = isinstance(schedule, TierSchedule) and any(tier.rate is None for tier in schedule.tiers)
    return based and schedule.by == "units" and (len(schedule.tiers) > 1 or schedule.tiers[0].start > 0)


def _by(schedule: LinearSchedule | TierSchedule | StepSchedule | CurveSchedule | MatrixSchedule) -> str:
    """Whether the marks that the element's own measure is held against count units or shares of its target."""
    if isinstance(schedule, CurveSchedule):
        return schedule.curve.by
    if isinstance(schedule, LinearSchedule) and schedule.threshold == 0:
        return "units"
    return schedule.by


__all__ = ["Curve", "Element"]
