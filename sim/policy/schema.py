"""What a policy can say: a pay plan of elements, and the management practices of a branch.

Everything here is data: no expressions, no code. Objects are frozen and validated; unknown keys are refused. Numbers
are strict: text and true/false are never taken for numbers. Attributes are named as in the file, except that a tier's
`from` and `to` are `start` and `end` in Python.

The conventions (marginal and retroactive tiers, threshold modes, half-open boundaries) are those of incentive
compensation practice. Money is CNY before tax.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, field_validator, model_validator

from sim.errors import InputError
from sim.reading import CHOICES, PROVENANCE, digest_of, merged, nested, say, validated, wrong

# One place says what can be paid for, and in which unit it is counted.
MEASURE_UNITS = {"accounts": "accounts", "contacts": "contacts"}
CHANNELS = ("intermediaries", "chains", "street", "network")

# text with something to see in it, and no control characters: it is printed on one line of tables and messages
_VISIBLE = r"^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$"
Text = Annotated[str, Strict(), Field(min_length=1, max_length=2000, pattern=_VISIBLE)]
Name = Annotated[str, Strict(), Field(min_length=1, max_length=60, pattern=_VISIBLE)]
Flag = Annotated[bool, Strict()]
# adding 0.0 turns -0.0 into 0.0: equal numbers, equal digest
Number = Annotated[float, Strict(), Field(ge=0, le=1e12, allow_inf_nan=False), AfterValidator(lambda value: value + 0.0)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False), AfterValidator(lambda value: value + 0.0)]
Minutes = Annotated[float, Strict(), Field(ge=0, le=1440, allow_inf_nan=False), AfterValidator(lambda value: value + 0.0)]
Count = Annotated[int, Strict(), Field(ge=1, le=36_500)]
Measure = Literal["accounts", "contacts"]
Channel = Literal["intermediaries", "chains", "street", "network"]
By = Literal["units", "attainment"]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Words(Part):
    """The same words in English and Chinese."""

    en: Text = Field(description="the words in English")
    zh: Text = Field(description="the words in Chinese")


class Sourced(Part):
    """A group of values that says where they come from: `source`, or `assumed` with the reason, or each for its part."""

    source: Text | None = None
    assumed: Text | None = None


# --- schedules: from a measured amount to CNY, for one payee and one period -------------------------------------------


class FixedSchedule(Part):
    """The same amount every period, whatever is achieved."""

    kind: Literal["fixed"]
    amount: Number = Field(description="CNY each period")


class LinearSchedule(Part):
    """A rate per unit of the measure, from a threshold on.

    from_threshold pays rate x (units - threshold); from_first pays rate x units, once the threshold is reached.
    The threshold counts units, or with `by: attainment` shares of the target; the rate is always per unit.
    """

    kind: Literal["linear"]
    rate: Number = Field(description="CNY per unit of the measure")
    threshold: Number = Field(0.0, description="units of the measure, or shares of the target with `by: attainment`")
    mode: Literal["from_threshold", "from_first"] = "from_threshold"
    by: By = "units"


class Tier(Part):
    """A rate on [from, to): equality belongs to the higher tier. `to` is None on the last tier only."""

    start: Number = Field(alias="from", description="where the tier begins")
    end: Number | None = Field(None, alias="to", description="where the tier ends; left out on the last")
    rate: Number = Field(description="CNY per unit of the measure")


class TierSchedule(Part):
    """Rates by tier. marginal: each tier's rate on the units inside it; retroactive: the reached tier's rate on all units.

    Below the first `from` nothing is paid. Tiers follow one another without gap or overlap; the last is open; a `to`
    left out before that is the next `from`. Bounds count units, or with `by: attainment` shares of the target; rates
    are always CNY per unit of the measure.
    """

    kind: Literal["tiers"]
    mode: Literal["marginal", "retroactive"]
    by: By = "units"
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


class Step(Part):
    """What is paid from a mark on: either units of the measure or a share of the target."""

    attainment: Number | None = Field(None, description="share of the target")
    units: Number | None = Field(None, description="units of the measure")
    pays: Number = Field(description="CNY")

    @model_validator(mode="after")
    def _one_mark(self) -> Step:
        if (self.attainment is None) == (self.units is None):
            found = "neither `attainment` nor `units`" if self.units is None else "both `attainment` and `units`"
            raise wrong(found=found, expected="one of them")
        return self

    @property
    def mark(self) -> float:
        return self.units if self.units is not None else self.attainment  # type: ignore[return-value]


class StepSchedule(Part):
    """A flat amount by the highest step reached (amounts do not add up); nothing below the first."""

    kind: Literal["step"]
    at: tuple[Step, ...] = Field(min_length=1, max_length=100, description="a list of `{attainment or units, pays}`")

    @property
    def by(self) -> By:
        return "units" if self.at[0].units is not None else "attainment"

    @field_validator("at")
    @classmethod
    def _rise(cls, at: tuple[Step, ...]) -> tuple[Step, ...]:
        for place, (before, step) in enumerate(zip(at, at[1:]), start=1):
            if (before.units is None) != (step.units is None):
                found = "another kind of mark than in the step before"
                raise wrong(place, found=found, expected="all steps by `attainment`, or all by `units`")
            if step.mark <= before.mark:
                raise wrong(place, found=say(step.mark), expected=f"more than {say(before.mark)}, the step before")
        return at


Schedule = FixedSchedule | LinearSchedule | TierSchedule | StepSchedule


# --- pay --------------------------------------------------------------------------------------------------------------


class Target(Part):
    """What is to be achieved in one period; attainment is the measure divided by it."""

    value: Annotated[float, Strict(), Field(gt=0, le=1e12, allow_inf_nan=False)] = Field(description="units of the measure a period")
    unit: Name = Field(description=", ".join(f"`{unit}` beside `measure: {measure}`" for measure, unit in MEASURE_UNITS.items()))


class Element(Sourced):
    """One element of pay: a schedule over a measure and a period, for a payee.

    cap and floor bound what the element pays to one payee in one period. payee: the manager alone, the pair, or the
    team (the branch's managers) whose joint result is measured and whose pay is shared equally.
    """

    label: Words | None = None
    measure: Measure | None = Field(None, description="what is counted")
    period: Literal["month", "quarter"]
    target: Target | None = None
    schedule: Schedule = Field(discriminator="kind", description="how the measure becomes CNY")
    cap: Number | None = Field(None, description="CNY a period")
    floor: Number | None = Field(None, description="CNY a period")
    payee: Literal["self", "pair", "team"] = "self"
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
        if fixed and self.measure is not None:
            raise wrong("measure", found=say(self.measure), expected="none beside a fixed amount, which does not depend on any")
        if not fixed and self.measure is None:
            raise wrong("measure", found="nothing", expected=f"one of {', '.join(MEASURE_UNITS)}")
        if self.target is not None and self.target.unit != (unit := MEASURE_UNITS.get(self.measure or "")):
            expected = f"{unit}, in which the measure is counted" if unit else "no target beside a fixed amount"
            raise wrong("target", "unit", found=say(self.target.unit), expected=expected)
        if not fixed and self.schedule.by == "attainment" and self.target is None:
            raise wrong("target", found="nothing", expected="a target, since the schedule counts shares of it (attainment)")
        if self.cap is not None and self.floor is not None and self.cap < self.floor:
            raise wrong("cap", found=say(self.cap), expected=f"the floor ({say(self.floor)}) or more")
        return self


# --- practices --------------------------------------------------------------------------------------------------------

Pair = tuple[Name, Name]


class Reporting(Sourced):
    """Meetings at which results are reported: the first on working day n, then every n days; None for never.

    minutes: what each meeting costs everybody. visible: who sees whose results; a list names [seer, seen] pairs.
    accountability: 0, nobody has to answer for a poor result, to 1, everybody does.
    """

    every_days: Count | None = Field(None, description="working days from one meeting to the next; leave out for never")
    minutes: Minutes = Field(30.0, description="minutes a meeting")
    time: Literal["evening", "morning"] = "evening"
    visible: Literal["everyone", "cohort", "pairs", "nobody"] | tuple[Pair, ...] = Field(
        "everyone", description="or a list of [seer, seen]"
    )
    accountability: Share = Field(1.0, description="a share, 0 to 1")


class MentorPairing(Sourced):
    """Who mentors whom, and whether the two are appraised as one.

    named: `pairs` lists [mentor, mentee]. best_with_newest: the most skilled manager with the newest, the next with the
    next; random: drawn. `count` limits the pairs made by rule (left out: as many as there are managers for).
    bundled: each of the pair is paid by the pair's mean result (a step at 6 needs 12 of the two together).
    """

    rule: Literal["none", "named", "best_with_newest", "random"] = "none"
    pairs: tuple[Pair, ...] | None = Field(None, max_length=10_000, description="a list of [mentor, mentee]")
    count: Count | None = Field(None, description="pairs a branch")
    bundled: Flag = False
    participation: Literal["mandatory", "voluntary"] = "mandatory"
    minutes_per_day: Minutes = Field(30.0, description="minutes a day that mentor and mentee give each other")

    @model_validator(mode="after")
    def _fits_the_rule(self) -> MentorPairing:
        if self.rule == "named" and not self.pairs:
            raise wrong("pairs", found="nothing", expected="a list of [mentor, mentee], as the rule is `named`")
        if self.rule != "named" and self.pairs is not None:
            raise wrong("pairs", found=say(self.pairs), expected=f"none beside `rule: {self.rule}`; pairs need `rule: named`")
        if self.rule in ("none", "named") and self.count is not None:
            raise wrong("count", found=say(self.count), expected=f"none beside `rule: {self.rule}`")
        if self.rule == "none" and self.bundled:
            raise wrong("bundled", found="true", expected="false, as nobody is paired (`rule: none`)")
        seen: set[str] = set()
        for place, pair in enumerate(self.pairs or ()):
            if twice := [name for name in pair if name in seen] or [pair[0]] * (pair[0] == pair[1]):
                raise wrong("pairs", place, found=f"{twice[0]} a second time", expected="each manager in one pair only")
            seen.update(pair)
        return self


class Leads(Sourced):
    """Where business comes from: the share of the branch's own leads that it hands out, and the channels managers work, best first.

    The more is handed out, the less managers work the channels themselves.
    """

    assigned_share: Share = Field(0.0, description="share of the branch's own leads that it hands out, 0 to 1")
    channels: tuple[Channel, ...] = Field(CHANNELS, description="channels to work, in order")

    @model_validator(mode="after")
    def _some_business(self) -> Leads:
        for place, channel in enumerate(self.channels):
            if channel in self.channels[:place]:
                raise wrong("channels", place, found=f"{channel} a second time", expected="each channel once")
        if not self.channels and self.assigned_share == 0:
            raise wrong("channels", found="an empty list", expected="at least one channel, as no leads are assigned")
        return self


class Norm(Sourced):
    """Whose effort counts as normal: status weights by cohort (a cohort without one has weight 1), and what is told."""

    status: dict[Name, Number] = Field(default_factory=dict, description="a weight by cohort")
    telling: Literal["excuses", "successes", "nothing"] = "nothing"


class Practices(Part):
    """What management does beside paying. A practice left out is absent: no meetings, no pairs, no assigned leads."""

    reporting: Reporting = Reporting()
    mentor_pairing: MentorPairing = MentorPairing()
    leads: Leads = Leads()
    norm: Norm = Norm()


# --- the policy -------------------------------------------------------------------------------------------------------


class PolicyFile(Part):
    """A policy as its file says it, with everything it extends filled in."""

    schema_version: Annotated[int, Strict(), Field(ge=1, le=1)] = Field(1, description="this release reads version 1")
    title: Words = Field(description="a title, {en: ..., zh: ...}")
    label: Words | None = Field(None, description="a short title for figures")
    source: Text = Field(description="where the policy comes from")
    effective: Annotated[date, Strict()] = Field(description="first day in force")
    author: Text = Field(description="who wrote the file")
    status: Literal["documented", "assumed", "proposed"]
    extends: Text | None = None
    pay: dict[Name, Element] = Field(min_length=1, max_length=100, description="elements of pay by name")
    practices: Practices = Practices()

    @model_validator(mode="after")
    def _pairs_where_needed(self) -> PolicyFile:
        if self.practices.mentor_pairing.rule != "none":
            return self
        why = "as nobody is paired (practices.mentor_pairing.rule is none)"
        for name, element in self.pay.items():
            if element.payee == "pair":
                raise wrong("pay", name, "payee", found="pair", expected=f"self or team, {why}")
        if self.practices.reporting.visible == "pairs":
            raise wrong("practices", "reporting", "visible", found="pairs", expected=f"everyone, cohort or nobody, {why}")
        return self


_WORDS = {"label", *PROVENANCE}  # what people read and the model does not


class Policy(PolicyFile):
    """A policy ready for use. Treat it as read-only; `with_changes` makes another one.

    name: the file's name without the ending. files: the file and those it extends, most particular first.
    """

    name: str
    files: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names the content that moves the model: pay and practices, without titles, labels, sources and reasons."""
        pay = [(name, element.model_dump(mode="json", exclude=_WORDS)) for name, element in self.pay.items()]
        practices = self.practices.model_dump(mode="json", exclude={part: _WORDS for part in Practices.model_fields})
        # pay is a list, because the order of elements is the order of adding up, which the last bit of a sum can show
        return digest_of([pay, practices])

    def with_changes(self, changes: Mapping[str, Any], name: str | None = None) -> Policy:
        """This policy but for some values, as a file that extends it would say them; validated like a file.

        changes: dotted keys to values, such as {"practices.reporting.every_days": 3}; None removes a key; `#2` is the
        second of a list ("pay.commission.schedule.tiers.#2.rate").
        name: of the new policy; by default this one's, followed by the digest if the model would notice a difference.
        """
        origin = f"{self.name} (changed)"
        if any(key.split(".")[0] == "extends" for key in changes):
            raise InputError(origin, "extends", found="a change of what the policy extends", expected="changes of values")
        data = self.model_dump(by_alias=True, exclude_none=True, exclude={"name", "files"})
        # the choice of a kind or rule comes first: it clears the settings of the former one
        for key in sorted(changes, key=lambda key: key.rsplit(".", 1)[-1] not in CHOICES):
            data = merged(data, nested(data, key.split("."), changes[key], origin), PROVENANCE)
        file = validated(PolicyFile, data, origin)
        changed = Policy(**dict(file), name=name or self.name, files=self.files)
        if name is None and changed.digest != self.digest:
            return changed.model_copy(update={"name": f"{self.name}~{changed.digest[:6]}"})
        return changed
