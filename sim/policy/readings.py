"""What pay is read from: a measure, over which time, credited how, against which target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from sim.policy.base import Count, Measure, Name, Part, Positive, Signed, Sourced
from sim.policy.measures import unit_of
from sim.reading import say, wrong

Over = Literal["period", "last_month", "year_to_date"]


class OwnBase(Part):
    """A target from the person's own earlier result (casebook C4): `times` that of the period before, or of a year before.

    start: the target where no earlier result is known, or it gives none above 0; left out, there must be one.
    """

    of: Literal["period_before", "year_before"] = "year_before"
    times: Positive = Field(1.0, description="so many times the earlier result")
    start: Positive | None = Field(None, description="units, where there is no earlier result")


class StandIn(Sourced):
    """What counts in simulation for a measure that no simulated branch has: a value a month, and so many times other measures.

    value: of measures that add up, so much each month; of levels and scores, the level itself. Payroll on records does not read it.
    """

    value: Signed = Field(0.0, description="units a month, or the level of a measure that does not add up")
    sum_of: dict[Measure, Signed] = Field(default_factory=dict, max_length=20, description="how many times, by measure that is counted")

    @model_validator(mode="after")
    def _stands_for_something(self) -> StandIn:
        if not self.model_fields_set & {"value", "sum_of"}:
            raise wrong(found="nothing that stands in", expected="`value`, `sum_of` or both")
        return self


class Rent(Part):
    """A higher target for holders of rich portfolios (casebook C3): value x (1 + strength x (own balance / mean balance - 1)).

    The mean is that of the person's outlet, or of everybody.
    """

    strength: Annotated[float, Strict(), Field(ge=0, le=1)] = Field(description="0, the same target for all, to 1, in proportion to the portfolio")
    among: Literal["outlet", "everybody"] = "everybody"


class Target(Sourced):
    """What is to be achieved in one period; attainment is the measure divided by it.

    A target recorded of the person, the team or the grade goes before the one in the file; without any of these (`value`,
    `own_base`), it must be recorded.
    """

    value: Positive | None = Field(None, description="units of the measure a period")
    unit: Name = Field(description="the unit in which the measure is counted")
    own_base: OwnBase | None = None
    rent: Rent | None = None

    @model_validator(mode="after")
    def _one_rule(self) -> Target:
        if self.own_base is not None and (self.value is not None or self.rent is not None):
            raise wrong("own_base", found="another rule for the target beside it", expected="`own_base` alone, or `value` with or without `rent`")
        if self.rent is not None and self.value is None:
            raise wrong("value", found="nothing", expected="the target of a mean portfolio, which `rent` raises and lowers")
        return self


class Credit(Sourced):
    """Whose results count: one's own (direct), those of the people one supervises (roll_up), those of one's whole team (overlay).

    roll_up and overlay credit a result a second time. grades: only people of these grades count (casebook C9's effective headcount).
    """

    rule: Literal["direct", "roll_up", "overlay"] = "direct"
    grades: tuple[Name, ...] | None = Field(None, min_length=1, max_length=100, description="a list of grades")


class Reading(Part):
    """A measure as one payee's pay reads it.

    over: the element's whole period, its last month, or the year up to it. annualised: times 12 over the months it covers.
    """

    measure: Measure = Field(description="what is counted")
    over: Over = "period"
    annualised: Annotated[bool, Strict()] = False
    target: Target | None = None

    @model_validator(mode="after")
    def _target_in_its_unit(self) -> Reading:
        check_target(self.measure, self.target)
        return self


def check_target(measure: str | None, target: Target | None) -> None:
    if target is not None and target.unit != unit_of(measure):
        expected = f"{unit_of(measure)}, in which the measure is counted" if measure else "no target beside a fixed amount"
        raise wrong("target", "unit", found=say(target.unit), expected=expected)


class RampStep(Part):
    """Up to and with this month of service: the share of the quota asked for, and whether pay rises beyond it."""

    until_month: Count = Field(description="month of service, the first is 1")
    quota: Annotated[float, Strict(), Field(gt=0, le=1)] = Field(description="share of the quota, above 0 to 1")
    accelerators: Annotated[bool, Strict()] = Field(True, description="whether results beyond the quota count at more than the quota's own rate")


__all__ = ["Credit", "Over", "OwnBase", "RampStep", "Reading", "Rent", "StandIn", "Target", "check_target"]
