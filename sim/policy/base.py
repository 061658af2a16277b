"""What all parts of a policy are made of: strict numbers, names, words in two languages, and where values come from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict

from sim.policy.measures import known_measure

# text with something to see in it, and no control characters: it is printed on one line of tables and messages
_VISIBLE = r"^\P{Cc}*[^\s\p{Cc}]\P{Cc}*$"
Text = Annotated[str, Strict(), Field(min_length=1, max_length=2000, pattern=_VISIBLE)]
Name = Annotated[str, Strict(), Field(min_length=1, max_length=60, pattern=_VISIBLE)]
Flag = Annotated[bool, Strict()]
# adding 0.0 turns -0.0 into 0.0: equal numbers, equal digest
_NO_MINUS_ZERO = AfterValidator(lambda value: value + 0.0)
Number = Annotated[float, Strict(), Field(ge=0, le=1e12, allow_inf_nan=False), _NO_MINUS_ZERO]
Signed = Annotated[float, Strict(), Field(ge=-1e12, le=1e12, allow_inf_nan=False), _NO_MINUS_ZERO]
Positive = Annotated[float, Strict(), Field(gt=0, le=1e12, allow_inf_nan=False)]
Share = Annotated[float, Strict(), Field(ge=0, le=1, allow_inf_nan=False), _NO_MINUS_ZERO]
Minutes = Annotated[float, Strict(), Field(ge=0, le=1440, allow_inf_nan=False), _NO_MINUS_ZERO]
Count = Annotated[int, Strict(), Field(ge=1, le=36_500)]
Measure = Annotated[str, Strict(), AfterValidator(known_measure)]
Period = Literal["month", "quarter", "half_year", "year"]
MONTHS_OF: dict[str, int] = {"month": 1, "quarter": 3, "half_year": 6, "year": 12}
By = Literal["units", "attainment"]
Boundary = Literal["higher", "lower"]


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
