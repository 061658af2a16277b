"""What management does beside paying: meetings, mentor pairs, leads, and whose effort counts as normal."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from sim.policy.base import Count, Flag, Minutes, Name, Number, Part, Share, Sourced
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


class Practices(Part):
    """What management does beside paying. A practice left out is absent: no meetings, no pairs, no assigned leads."""

    reporting: Reporting = Reporting()
    mentor_pairing: MentorPairing = MentorPairing()
    leads: Leads = Leads()
    norm: Norm = Norm()
