"""When what is earned is paid, what is kept back, and what can be taken back; and the terms of a whole plan."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, model_validator

from sim.policy.base import Count, Measure, Name, Number, Part, Period, Positive, Share, Sourced
from sim.policy.readings import Reading
from sim.policy.schedules import Curve
from sim.reading import say, wrong

Month = Annotated[str, Strict(), Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", description="a month such as 2015-01")]


class Gate(Sourced):
    """Pays nothing (or the share `otherwise`) unless a reading reaches its mark (casebook C11: the year's loans recovered).

    of: what is withheld, rewards alone or penalties too.
    """

    reading: Reading
    at_least: Number | None = Field(None, description="units of the measure")
    at_most: Number | None = Field(None, description="units of the measure, for what should be low")
    attainment: Number | None = Field(None, description="share of the reading's target")
    otherwise: Share = Field(0.0, description="share still paid below the mark")
    of: Literal["rewards", "everything"] = "rewards"

    @model_validator(mode="after")
    def _one_mark(self) -> Gate:
        if sum(mark is not None for mark in (self.at_least, self.at_most, self.attainment)) != 1:
            raise wrong(found="not exactly one mark", expected="one of `at_least`, `at_most` and `attainment`")
        if self.attainment is not None and self.reading.target is None:
            raise wrong("reading", "target", found="nothing", expected="a target, since the mark is a share of it (attainment)")
        return self


class Modifier(Sourced):
    """Multiplies the payout by what a curve gives at a reading (casebook C6's yearly grade, C7's product coefficient)."""

    reading: Reading
    curve: Curve

    @model_validator(mode="after")
    def _target_for_attainment(self) -> Modifier:
        if self.curve.by == "attainment" and self.reading.target is None:
            raise wrong("reading", "target", found="nothing", expected="a target, since the curve counts shares of it (attainment)")
        return self


class Release(Part):
    """A part of what was held back, released so many months after."""

    after_months: Count = Field(description="months after it was earned")
    share: Share = Field(description="share of what was held back; those of all releases sum to 1")


class HoldBack(Sourced):
    """Share kept back and released later. malus: gates read at the release, which cut what is not yet vested."""

    share: Share = Field(description="share of the payout kept back")
    release: tuple[Release, ...] = Field(min_length=1, max_length=50, description="a list of `{after_months, share}`")
    malus: tuple[Gate, ...] = Field((), max_length=20)

    @model_validator(mode="after")
    def _all_released(self) -> HoldBack:
        total = round(sum(release.share for release in self.release), 9)
        if total != 1:
            raise wrong("release", found=f"shares that sum to {say(total)}", expected="1")
        return self


class ClawbackStep(Part):
    """Up to and with so many months after the credit: the share recovered."""

    until_month: Count = Field(description="months after the month of the credit")
    share: Share = Field(description="share recovered")


class Clawback(Sourced):
    """Pay taken back when a credited deal is reversed, at the rate at which it was paid, in the month of the reversal.

    full: all of it; pro_rata: the share of the window that is left; schedule: by `steps`.
    """

    within_months: Count = Field(description="months after the credit within which a reversal counts")
    recovery: Literal["full", "pro_rata", "schedule"] = "full"
    steps: tuple[ClawbackStep, ...] | None = Field(None, min_length=1, max_length=50, description="a list of `{until_month, share}`")

    @model_validator(mode="after")
    def _steps_for_a_schedule(self) -> Clawback:
        if (self.recovery == "schedule") != (self.steps is not None):
            raise wrong("steps", found="nothing" if self.steps is None else "steps", expected="steps beside `recovery: schedule`, and only there")
        for place, (before, step) in enumerate(zip(self.steps or (), (self.steps or ())[1:]), start=1):
            if step.until_month <= before.until_month:
                raise wrong("steps", place, found=say(step.until_month), expected=f"more than {before.until_month}, the step before")
        return self


class Payment(Sourced):
    """Frequencies and timing of one element; what is left out follows the element's period.

    calculated: how often pay is worked out; more often than the period, it is worked out on the result so far against the quota
    so far, and the difference to what was already earned is posted. every: how often it is paid out. delay_months: months between
    the two. advance: share of each month's own result paid at once, the rest settled at the period's end (casebook C2).
    carry_over: elements that a negative result is taken from later (casebook C9); the element itself if nothing else is named.
    """

    calculated: Period | None = None
    every: Period | None = None
    delay_months: Count | None = None
    advance: Share | None = Field(None, description="share of the month's pay that is paid in advance")
    hold_back: HoldBack | None = None
    clawback: Clawback | None = None
    carry_over: tuple[Name, ...] | None = Field(None, min_length=1, max_length=100, description="a list of elements")


class Split(Sourced):
    """How a team's or pair's pay is divided: equally, by base (the fixed pay of each), or by share (weights by grade, 1 if not named)."""

    rule: Literal["equally", "base", "share"] = "equally"
    shares: dict[Name, Number] | None = Field(None, max_length=100, description="a weight by grade")

    @model_validator(mode="after")
    def _shares_for_share(self) -> Split:
        if (self.rule == "share") != (self.shares is not None):
            raise wrong("shares", found="nothing" if self.shares is None else "shares", expected="weights beside `rule: share`, and only there")
        return self


class InForce(Part):
    """First and last day of a contest or one-off incentive; periods that lie within, in part or whole, are paid for."""

    first: date | None = Field(None, description="first day")
    last: date | None = Field(None, description="last day")


class Windfall(Sourced):
    """A single deal above a share of the quota counts up to there (capped), or so until somebody has looked at it (reviewed)."""

    above: Positive = Field(description="share of the element's target")
    treatment: Literal["capped", "reviewed"]


class Ceiling(Sourced):
    """The most the whole plan pays to one person in a period; what lies above is not paid."""

    amount: Number = Field(description="CNY a period")
    period: Period = "month"


class Draw(Sourced):
    """Pay = the amount where less is earned; the balance is repaid from what is later earned above the amount (recoverable draw)."""

    amount: Number = Field(description="CNY a month")
    of: tuple[Name, ...] = Field(min_length=1, max_length=100, description="the elements it stands for")
    until_month: Count | None = Field(None, description="last month of service with a draw; left out for no end")


class Guarantee(Sourced):
    """At least the amount, with no balance to repay."""

    amount: Number = Field(description="CNY a month")
    of: tuple[Name, ...] = Field(min_length=1, max_length=100, description="the elements it stands for")
    until_month: Count | None = Field(None, description="last month of service with a guarantee; left out for no end")


class Crediting(Sourced):
    """Which deals count, and when: the event that earns credit, and origins that earn none (casebook C9: customers moved in)."""

    event: Literal["opened", "funded", "received"] = "opened"
    events: dict[Measure, Literal["opened", "funded", "received"]] = Field(default_factory=dict, description="another event for some measures")
    excluded_origins: tuple[Name, ...] = Field((), max_length=100, description="origins without credit")


class Terms(Sourced):
    """What holds for the whole plan, said once."""

    currency: Literal["CNY"] = "CNY"
    rounding: Literal["half_up", "half_even", "down", "up"] = "half_up"
    prorated: Literal["nothing", "days_in_post"] = "nothing"
    reported: Period = Field("month", description="how often a statement is given")
    ceiling: Ceiling | None = None
    draw: Draw | None = None
    guarantee: Guarantee | None = None


class Override(Sourced):
    """Another pay plan for some: a grade, a state (such as training), a person, from or until a month.

    pay: elements as in `pay`, of which only what differs is said; null removes one. The most specific wins: months alone, then
    grade, state, person; among equals the later in the file.
    """

    grade: Name | None = None
    state: Name | None = None
    person: Name | None = None
    first: Month | None = None
    last: Month | None = None
    pay: dict[Name, Any] = Field(min_length=1, max_length=100, description="elements of pay by name")

    @model_validator(mode="after")
    def _for_somebody(self) -> Override:
        if not any((self.grade, self.state, self.person, self.first, self.last)):
            raise wrong(found="nobody whom it is for", expected="one or more of `grade`, `state`, `person`, `first`, `last`")
        return self

    @property
    def rank(self) -> int:
        """How specific it is: the higher goes over the lower."""
        return 4 * bool(self.person) + 2 * bool(self.state) + bool(self.grade)


__all__ = ["Ceiling", "Clawback", "ClawbackStep", "Crediting", "Draw", "Gate", "Guarantee", "HoldBack", "InForce", "Modifier", "Override",
           "Payment", "Release", "Split", "Terms", "Windfall"]
