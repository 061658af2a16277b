"""What a policy can say: a pay plan of elements, and the management practices of a branch.

Everything here is data: no expressions, no code. Objects are frozen and validated; unknown keys are refused. Numbers
are strict: text and true/false are never taken for numbers. Attributes are named as in the file, except that a tier's
`from` and `to` are `start` and `end` in Python.

The conventions (marginal and retroactive tiers, threshold modes, half-open boundaries) are those of incentive
compensation practice. Money is CNY before tax. The parts stand in files of their own: readings, schedules, payment, elements,
practices.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, Strict, model_validator

from sim.errors import InputError, nearest
from sim.policy.base import MONTHS_OF, Measure, Name, Part, Sourced, Text, Words
from sim.policy.elements import Element
from sim.policy.payment import Crediting, Override, Terms
from sim.policy.portfolios import Portfolios
from sim.policy.people import People
from sim.policy.practices import CHANNELS, Leads, MentorPairing, Norm, Practices, Reporting
from sim.policy.readings import StandIn, Target
from sim.policy.schedules import (
    FixedSchedule, LinearSchedule, Schedule, Step, StepSchedule, Tier, TierSchedule,
)
from sim.reading import CHOICES, PROVENANCE, digest_of, merged, nested, say, validated, wrong



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
    overrides: tuple[Override, ...] = Field((), max_length=200, description="a list of other pay for some, such as {grade: ..., pay: {...}}")
    terms: Terms = Terms()
    crediting: Crediting = Crediting()
    practices: Practices = Practices()
    portfolios: Portfolios | None = None
    people: People | None = None
    stand_ins: dict[Measure, StandIn] = Field(default_factory=dict, max_length=40, description="what counts in simulation, by measure")

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

    @model_validator(mode="after")
    def _names_known_elements(self) -> PolicyFile:
        known = {*self.pay, *(name for override in self.overrides for name in override.pay)}
        for place, name in _named(self):
            if name not in known:
                raise wrong(*place, found=say(name), expected="the name of an element of `pay`", hint=nearest(name, known))
        names = list(self.pay)
        for name, element in self.pay.items():
            for place, other in enumerate(element.less or ()):
                if other in self.pay and names.index(other) >= names.index(name):
                    raise wrong("pay", name, "less", place, found=say(other), expected="an element that stands above this one")
        return self


def _named(policy: PolicyFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Every name of an element that some part of a policy refers to, with its place."""
    for name, element in policy.pay.items():
        yield from ((("pay", name, "less", place), other) for place, other in enumerate(element.less or ()))
        carried = element.payment.carry_over if element.payment else None
        yield from ((("pay", name, "payment", "carry_over", place), other) for place, other in enumerate(carried or ()))
    for what in ("draw", "guarantee"):
        if (term := getattr(policy.terms, what)) is not None:
            yield from ((("terms", what, "of", place), other) for place, other in enumerate(term.of))


def _month_after(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"


def without_words(data: Any) -> Any:
    """Plain data without what people read and the model does not: labels, sources, reasons."""
    if isinstance(data, Mapping):
        return {key: without_words(value) for key, value in data.items()
                if not (key in PROVENANCE and isinstance(value, str)) and not (key == "label" and isinstance(value, Mapping) and "en" in value)}
    return [without_words(value) for value in data] if isinstance(data, (list, tuple)) else data


class _Pay(Part):
    pay: dict[Name, Element]


class Policy(PolicyFile):
    """A policy ready for use. Treat it as read-only; `with_changes` makes another one.

    name: the file's name without the ending. files: the file and those it extends, most particular first.
    """

    name: str
    files: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """Names the content that moves the model: pay and practices, without titles, labels, sources and reasons."""
        content = self.content()
        # pay is a list, because the order of elements is the order of adding up, which the last bit of a sum can show
        return digest_of([list(content.pop("pay").items()), content])

    def content(self) -> dict[str, Any]:
        """What of the policy moves the model, as its file would say it; what is left out stays out."""
        parts = {"pay", "overrides", "terms", "crediting", "practices", "portfolios", "people", "stand_ins"}
        data = self.model_dump(mode="json", by_alias=True, exclude_none=True, include=parts)
        return {key: without_words(value) for key, value in data.items() if value or key in ("pay", "practices")}

    def overrides_for(self, grade: str = "", state: str = "", person: str = "", month: str = "") -> tuple[int, ...]:
        """The places of the overrides that hold for somebody in a month (YYYY-MM), the most specific last."""
        found = []
        for place, override in enumerate(self.overrides):
            who = all(wanted is None or wanted == given for wanted, given in
                      ((override.grade, grade), (override.state, state), (override.person, person)))
            when = (override.first or "") <= month and (not month or month <= (override.last or "9999"))
            if who and when:
                found.append(place)
        return tuple(sorted(found, key=lambda place: self.overrides[place].rank))

    def variants(self) -> list[tuple[int, ...]]:
        """Every choice of overrides that can hold for somebody in some month, as `pay_with` takes them; none of them first."""
        def named(field: str) -> list[str]:
            return list(dict.fromkeys(["", *(value for each in self.overrides if (value := getattr(each, field)))]))

        months = sorted({"0001-01", *(each.first for each in self.overrides if each.first), *(_month_after(each.last) for each in self.overrides if each.last)})
        found = {(): None}
        for month in months:
            for person in named("person"):
                for state in named("state"):
                    found |= {self.overrides_for(grade, state, person, month): None for grade in named("grade")}
        return list(found)

    def elements(self) -> dict[str, Element]:
        """Every element by name, as in `pay` or, where an override adds one, as there; those of `pay` first."""
        found = dict(self.pay)
        for place, override in enumerate(self.overrides):
            if not found.keys() >= override.pay.keys():
                found |= {name: element for name, element in self.pay_with((place,)).items() if name not in found}
        return found

    def grade_names(self) -> list[str]:
        """Grades that the policy knows: those of `people`, or else those that pay names. Who has none of them comes after the last."""
        if self.people is not None and self.people.grades:
            return [grade.name for grade in self.people.grades]
        credited = [name for element in self.elements().values() if element.credit for name in element.credit.grades or ()]
        return list(dict.fromkeys([*(each.grade for each in self.overrides if each.grade), *credited]))

    def pay_with(self, overrides: Sequence[int]) -> dict[str, Element]:
        """The elements of pay with some of the overrides applied, in the given order; as `overrides_for` gives them."""
        if not overrides:
            return self.pay
        pay: dict[str, Any] = self.model_dump(by_alias=True, exclude_none=True, include={"pay"})["pay"]
        for place in overrides:
            pay = merged(pay, self.overrides[place].pay, PROVENANCE, top=False)
        where = " and ".join(f"overrides.#{place + 1}" for place in overrides)
        return validated(_Pay, {"pay": pay}, f"{self.name}: {where}").pay

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


__all__ = ["CHANNELS", "MONTHS_OF", "Crediting", "Element", "FixedSchedule", "Leads", "LinearSchedule", "Measure", "MentorPairing", "Norm", "Override",
           "Policy", "PolicyFile", "Practices", "Reporting", "Schedule", "Sourced", "Step", "StepSchedule", "Target", "Terms", "Tier",
           "TierSchedule", "Words", "without_words"]
