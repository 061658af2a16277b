"""Field types that several schemas of the world share: strict, finite, and worded in two languages."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, Strict

from sim.reading import say, wrong


def _without_sign(zero: float) -> float:
    """Turns -0.0 into 0.0: equal numbers, equal digest."""
    return zero + 0.0


Number = Annotated[float, Strict(), Field(allow_inf_nan=False), AfterValidator(_without_sign)]  # true, "3" are none
Count = Annotated[int, Strict()]
Flag = Annotated[bool, Strict()]
Text = Annotated[str, Strict(), Field(min_length=1, max_length=2000, pattern=r"\S")]
# Names become parts of dotted keys and values of columns, so they hold no dots.
Name = Annotated[str, Strict(), Field(pattern=r"^\w[\w '\-]*$", max_length=60, description="letters, digits, spaces, - and _")]
Status = Literal["measured", "calibrated", "assumed"]


def _plain_date(found: Any) -> Any:
    """Notebooks and command lines give dates as text, YAML as dates."""
    if not isinstance(found, str):
        return found
    try:
        return date.fromisoformat(found)
    except ValueError:
        return found


def _in_our_time(day: date) -> date:
    """Keeps every date of a calendar far from the ends of Python's."""
    if not 1900 <= day.year <= 2200:
        raise wrong(found=say(day), expected="a day between 1900 and 2200")
    return day


Day = Annotated[date, Strict(), BeforeValidator(_plain_date), AfterValidator(_in_our_time)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Title(Part):
    """A short text in English and Chinese."""

    en: Text
    zh: Text
