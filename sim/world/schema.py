"""What a scenario's file can say: people, calendar, overrides of parameters, mechanisms switched off."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.world.calendar import CalendarSpec
from sim.world.fields import Count, Flag, Name, Number, Part, Text, Title
from sim.world.parameters import OverrideField

# Fields of a manager that may be guessed, with their units (text has none).
GUESSABLE = {"cohort": "", "age": "years", "tenure_months": "months", "customers": "customers"}


class ManagerSpec(Part):
    """One relationship manager.

    cohort: the group whose parameters and norm apply. age: years. tenure_months: months as a relationship manager on the
    calendar's first day. customers: existing customers in the portfolio (the parameter's number if left out). grade: by which pay
    tells people apart where the policy knows the name.
    overrides: values of this person's own, for parameters marked per_manager. assumed: fields above that no source
    states; note says why they were chosen so.
    """

    cohort: Name = Field(description="such as veteran or newcomer")
    age: Annotated[Count, Field(ge=16, le=80)] | None = Field(None, description="years")
    tenure_months: Annotated[Number, Field(ge=0, le=720)] = Field(description="months as a relationship manager")
    customers: Annotated[Count, Field(ge=0, le=1_000_000)] | None = Field(None, description="existing customers")
    grade: Name | None = Field(None, description="such as senior")
    overrides: dict[Name, Number] = Field(default_factory=dict, description="values of this manager's own")
    assumed: tuple[Literal["cohort", "age", "tenure_months", "customers", "grade"], ...] = ()
    note: Text | None = None


class Branch(Part):
    """One branch, whose managers are one team; or so many `copies` alike, each with people, customers and luck of its own."""

    title: Title | None = None
    copies: Annotated[Count, Field(ge=1, le=100_000)] = Field(1, description="branches alike, each with luck of its own")
    managers: dict[Name, ManagerSpec] = Field(min_length=1, description="managers by name")

    @property
    def team_size(self) -> int:
        return len(self.managers)


class ScenarioFile(Part):
    """A scenario as its file says it, with everything it extends filled in."""

    schema_version: Literal[1] = 1
    title: Title
    source: Text = Field(description="where the facts come from")
    status: Literal["documented", "assumed", "proposed"] = Field(description="documented, assumed or proposed")
    note: Text | None = None
    extends: Text | None = None
    calendar: CalendarSpec
    branches: dict[Name, Branch] = Field(min_length=1, description="branches by name")
    parameters: dict[Name, OverrideField] = Field(default_factory=dict, description="values in place of the library's")
    mechanisms: dict[Name, Flag] = Field(default_factory=dict, description="true or false by mechanism")
