"""What management does beside paying: meetings, mentor pairs, leads, and whose effort counts as normal."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sim.policy.base import Count, Flag, Measure, Minutes, Name, Number, Part, Positive, Share, Sourced
from sim.reading import say, wrong

Channel = Literal["intermediaries", "chains", "street", "network"]
CHANNELS = ("intermediaries", "chains", "street", "network")

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


class Goals(Sourced):
    """A goal for each manager and period, without pay.

    ratchet: share of the way that the next period's goal moves to this period's result. say: of the managers in setting it, 0
    (told) to 1 (theirs).
    """

    measure: Measure = "accounts"
    level: Positive = Field(description="units a period")
    period: Literal["month", "quarter"] = "month"
    ratchet: Share = Field(0.0, description="a share, 0 to 1")
    say: Share = Field(0.0, description="a share, 0 to 1")


class Contest(Sourced):
    """Prizes by rank in a period's results, the first rank's first; equals share theirs, and nobody wins with nothing.

    league_table: the ranks are shown to all, prizes or not.
    """

    measure: Measure = "accounts"
    period: Literal["month", "quarter"] = "month"
    prizes: tuple[Number, ...] = Field((), max_length=20, description="CNY by rank, such as [3000, 1500]")
    league_table: Flag = False

    @model_validator(mode="after")
    def _something_to_win(self) -> Contest:
        for place, (better, worse) in enumerate(zip(self.prizes, self.prizes[1:], strict=False), start=1):
            if worse > better:
                raise wrong("prizes", place, found=say(worse), expected=f"at most the prize before it, {better:g}")
        if not self.prizes and not self.league_table:
            raise wrong("prizes", found="an empty list", expected="at least one prize, or `league_table: true`")
        return self


class Discretion(Sourced):
    """A pot that the supervisor shares out by judgement: `amount` for each manager and period, more to whoever is thought better."""

    measure: Measure = "accounts"
    period: Literal["month", "quarter"] = "month"
    amount: Positive = Field(description="CNY a manager and period")


class Controls(Sourced):
    """Checks of what is reported. audit: chance that a false report is found. fine: CNY then. cancels: then the performance pay
    of that settlement is cancelled."""

    audit: Share = Field(description="a share, 0 to 1")
    fine: Number = Field(0.0, description="CNY")
    cancels: Flag = True


class Pricing(Sourced):
    """How far managers may cut the price by themselves."""

    authority: Share = Field(description="a share of the price, 0 to 1")


class Framing(Sourced):
    """How variable pay is told: as a gain, or as a sum one has and may lose. units: results that keep all of it, where the pay
    has no top of its own. The money is the same either way."""

    frame: Literal["gain", "loss"] = "gain"
    units: Positive | None = Field(None, description="units of the element's measure")
class Lending(Sourced):
    """Rules for loans, where the scenario has customers who borrow.

    decline_above: a known chance of default above which a loan must be declined. limit: the most one customer may owe; None for the
    scenario's own limit alone.
    """

    decline_above: Share = Field(1.0, description="chance of default, 0 to 1")
    limit: Number | None = Field(None, description="CNY a customer")
class ServiceTier(Part):
    """A contact standard for customers with assets from `above` CNY on: one contact every so many working days, on a channel."""

    above: Number = Field(description="CNY of a customer's assets from which the tier holds; the first is 0")
    every_days: Count | None = Field(None, description="working days from one contact to the next; leave out for no standard")
    channel: Literal["telephone", "mail", "meeting", "preferred"] = "telephone"


class Reviews(Part):
    """A review of the customer's assets, each month or quarter, with customers from `above` CNY on (casebook C13)."""

    above: Number = Field(description="CNY of a customer's assets")
    every: Literal["month", "quarter"] = "quarter"


class Service(Sourced):
    """Contact standards by value class (casebook C13 and C15): who is due is contacted first, and overdue contacts are counted."""

    tiers: tuple[ServiceTier, ...] = Field((), max_length=4, description="a list of tiers by assets, from 0 upward")
    reviews: Reviews | None = None

    @model_validator(mode="after")
    def _from_nought_upward(self) -> Service:
        marks = [tier.above for tier in self.tiers]
        if marks and marks[0] != 0:
            raise wrong("tiers", 0, "above", found=say(marks[0]), expected="0, so that every customer belongs to a tier")
        for place, (low, high) in enumerate(zip(marks, marks[1:], strict=False), start=1):
            if high <= low:
                raise wrong("tiers", place, "above", found=say(high), expected=f"more than {low:g}, where the tier before begins")
        return self


Step = Literal["greeting", "seating", "introduction", "needs_form", "matching", "hand_over", "follow_up", "seeing_off"]


class Reception(Sourced):
    """Steps through which visitors are led (casebook C12), and how strictly. A step not listed is done by habit alone."""

    steps: tuple[Step, ...] = Field(min_length=1, description="a list of steps that are to be done")
    discipline: Share = Field(0.95, description="share of times a listed step is done, 0 to 1")


class Practices(Part):
    """What management does beside paying. A practice left out is absent: no meetings, no pairs, no assigned leads."""

    reporting: Reporting = Reporting()
    mentor_pairing: MentorPairing = MentorPairing()
    leads: Leads = Leads()
    norm: Norm = Norm()
    goals: Goals | None = None
    contest: Contest | None = None
    discretion: Discretion | None = None
    controls: Controls | None = None
    pricing: Pricing | None = None
    framing: Framing | None = None
    lending: Lending = Lending()
    service: Service | None = None
    reception: Reception | None = None
