"""What management does with people beside paying: grades, training spells, dismissal, hiring, hand-over, rotation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, Strict, model_validator

from sim.errors import nearest
from sim.policy.base import Count, Measure, Name, Number, Part, Signed, Sourced
from sim.reading import say, wrong

STATES = ("", "training", "awaiting_dismissal", "dismissal_due")          # as overrides of pay name them; "" is the normal one
Months = Annotated[int, Strict(), Field(ge=0, le=120)]


class Mark(Part):
    """What is asked for: at least so many units of a measure, over the time of the rule it belongs to."""

    measure: Measure = Field(description="what is counted")
    at_least: Number = Field(description="units of the measure")


class Marks(Sourced):
    """Marks of which all, or any one, must be met."""

    need: Literal["all", "any"] = "all"
    marks: tuple[Mark, ...] = Field(min_length=1, max_length=10, description="a list of `{measure, at_least}`")


class Grade(Sourced):
    """One grade. rise: what leads to the grade above. keep: what must be met, or the grade below follows (see `below_lowest`)."""

    name: Name
    rise: Marks | None = None
    keep: Marks | None = None


class StartUp(Marks):
    """Marks over a newcomer's first months in post (casebook C9); missing them leads to training, or out where there is none."""

    months: Count = Field(description="months in post")


class Training(Sourced):
    """A training spell. hours_a_day: taken from the day. again_within_months: whoever is sent a second time so soon has to go.

    passing: what must be reached in the spell, or the contract ends (casebook C9).
    """

    months: Count = Field(1, description="months a spell")
    hours_a_day: Annotated[float, Strict(), Field(ge=0, le=24)] = Field(2.0, description="hours a day")
    again_within_months: Count = Field(12, description="months from one spell to the next")
    passing: Marks | None = None


class Dismissal(Sourced):
    """How a contract ends: months of notice in post, paid as the states awaiting_dismissal (the first) and dismissal_due say."""

    notice_months: Months = Field(0, description="months of notice")


class Hiring(Sourced):
    """How a seat is filled again. applicants: heard in a round; they apply only if the plan promises more than the outside option.

    pass_mark: of the entry test, in standard deviations of ability above the mean; reliability: the test's correlation with ability.
    Among those who pass, the best result is hired (`best`), or who came first (`first`).
    """

    applicants: Annotated[int, Strict(), Field(ge=1, le=1000)] = Field(3, description="applicants a round")
    pass_mark: Signed | None = Field(None, description="standard deviations above the mean; left out for no test")
    reliability: Annotated[float, Strict(), Field(ge=0, le=1)] = Field(0.5, description="correlation of test and ability, 0 to 1")
    choose: Literal["first", "best"] = "best"


class Handover(Sourced):
    """Who gets a leaver's customers: the successor, for whom they wait; the colleagues with the fewest; or the most similar one."""

    to: Literal["successor", "team_by_load", "similar"] = "team_by_load"


class Rotation(Sourced):
    """Managers change portfolios among themselves every so many months: fresh again, and strange to the customers (casebook C16)."""

    every_months: Count = Field(description="months from one change to the next")


class People(Sourced):
    """Grades in order, lowest first, and the rules by which people come, rise, fall and go.

    appraisal_months: grades are judged at the end of every so many calendar months. entry: the grade of a hire (the lowest if not
    named). at_start: the grade of each cohort on the first day. below_lowest: what missing the marks of the lowest grade leads to.
    """

    grades: tuple[Grade, ...] = Field((), max_length=30, description="a list of grades, lowest first")
    appraisal_months: Literal[1, 2, 3, 4, 6, 12] = Field(3, description="1, 2, 3, 4, 6 or 12 months")
    entry: Name | None = None
    at_start: dict[Name, Name] = Field(default_factory=dict, description="a grade by cohort")
    below_lowest: Literal["nothing", "training", "dismissal"] = "nothing"
    startup: StartUp | None = None
    training: Training | None = None
    dismissal: Dismissal = Dismissal()
    hiring: Hiring = Hiring()
    handover: Handover = Handover()
    rotation: Rotation | None = None

    @model_validator(mode="after")
    def _grades_hang_together(self) -> People:
        names = [grade.name for grade in self.grades]
        for place, name in enumerate(names):
            if name in names[:place]:
                raise wrong("grades", place, "name", found=f"{name} a second time", expected="each grade once")
        for keys, name in self._named():
            if name not in names:
                raise wrong(*keys, found=say(name), expected="the name of a grade", hint=nearest(name, names))
        if self.grades and self.grades[-1].rise is not None:
            raise wrong("grades", len(names) - 1, "rise", found="marks", expected="none on the highest grade")
        if self.below_lowest == "training" and self.training is None:
            raise wrong("training", found="nothing", expected="a training spell, since the lowest grade leads there (below_lowest)")
        return self

    def _named(self) -> Iterator[tuple[tuple[str, ...], str]]:
        if self.entry is not None:
            yield ("entry",), self.entry
        for cohort, grade in self.at_start.items():
            yield ("at_start", cohort), grade

    def place_of(self, grade: str | None) -> int:
        """The grade's place, lowest 0; the entry grade's where none is named."""
        names = [each.name for each in self.grades]
        wanted = grade or self.entry
        return names.index(wanted) if wanted in names else 0


__all__ = ["STATES", "Dismissal", "Grade", "Handover", "Hiring", "Mark", "Marks", "People", "Rotation", "StartUp", "Training"]
