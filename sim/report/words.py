"""Words and numbers in the reader's language. Every word of figures and reports stands in labels.yaml."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.errors import InputError, nearest_language
from sim.experiments.measures import list_measures
from sim.policy import Policy
from sim.reading import read_yaml

LANGUAGES = ("en", "zh")
MINUS = "\N{MINUS SIGN}"
# Digits after the point by unit: what a reader can use, never more than a few hundred replications can tell.
DECIMALS = {"CNY": 0, "CNY an account": 0, "accounts": 1, "customers": 1, "contacts": 0, "accounts per 10000 CNY": 2,
            "hours a day": 2, "-1 to 1": 2, "share of full competence": 3, "people": 2, "working days": 1, "months": 1, "0 to 1": 4, "Gini index": 3}


def check_language(lang: str) -> str:
    """The language, if it is one of ours."""
    if lang not in LANGUAGES:
        raise InputError("lang", found=f"`{lang}`", expected="en or zh", hint=nearest_language(lang, LANGUAGES))
    return lang


@lru_cache(maxsize=None)
def texts(file: str) -> dict[str, dict[str, str]]:
    """Every text of a file beside this one by its dotted key, in both languages."""
    return dict(_leaves(read_yaml(Path(__file__).with_name(file)), ""))


def labels() -> dict[str, dict[str, str]]:
    """Every text of figures and reports."""
    return texts("labels.yaml")


def _leaves(branch: dict[str, Any], place: str) -> Iterable[tuple[str, dict[str, str]]]:
    for key, value in branch.items():
        if value.keys() == set(LANGUAGES):
            yield place + key, value
        else:
            yield from _leaves(value, f"{place}{key}.")


def say(key: str, lang: str, **parts: object) -> str:
    """A text of labels.yaml with its gaps filled. parts are inserted as they are, whatever braces they hold."""
    return labels()[key][lang].format(**parts)


def known(group: str, word: str, lang: str) -> str:
    """The reader's word for one of ours, such as a unit or a cohort; a word we do not know stays as its author wrote it."""
    text = labels().get(f"{group}.{word}")
    return text[lang] if text else word


def unit_name(unit: str, lang: str) -> str:
    return known("units", unit, lang)


def measure_name(measure: str, lang: str) -> str:
    return getattr(list_measures()[measure].label, lang)


def axis_name(measure: str, lang: str) -> str:
    """A measure with its unit of measurement, for an axis or the head of a column."""
    unit = list_measures()[measure].unit
    return say("figure.axis", lang, name=measure_name(measure, lang), unit=unit_name(unit, lang))


def listed(items: Sequence[str], lang: str) -> str:
    """`a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return say("list.comma", lang).join(items[:-1]) + say("list.and", lang) + items[-1]


def digits(low: float, high: float, unit: str) -> int:
    """Digits after the point for an interval and its estimate: the unit's, and more where a bound of an interval that leaves
    zero out would print as zero."""
    usual = DECIMALS.get(unit, 2)
    least = min(abs(low), abs(high))
    if not (low > 0.0 or high < 0.0) or not math.isfinite(least):
        return usual
    return next((places for places in range(usual, usual + 7) if round(least, places) > 0.0), usual)


def number(value: float, unit: str, signed: bool = False, places: int | None = None) -> str:
    """A number as precise as its unit deserves. signed: with a plus or minus, for differences. places: digits after the point."""
    if math.isnan(value):
        return "–"
    text = f"{abs(value):,.{DECIMALS.get(unit, 2) if places is None else places}f}"
    nothing = not text.strip("0.,")
    sign = "" if nothing else MINUS if value < 0 else "+" if signed else ""
    return sign + text


def spread(low: float, high: float, unit: str, lang: str, signed: bool = False) -> str:
    """`low to high`, with as many digits as it takes to see that an interval leaves zero out."""
    places = digits(low, high, unit)
    return say("list.range", lang, low=number(low, unit, signed, places), high=number(high, unit, signed, places))


def gap(row: Any, unit: str) -> str:
    """The difference in a row of a comparison's table, with the digits of its interval."""
    return number(row.difference, unit, signed=True, places=digits(row.ci_low, row.ci_high, unit))


def percent(share: float, lang: str) -> str:
    return say("list.percent", lang, number=f"{100 * share:g}")


def title_of(thing: Any, lang: str) -> str:
    """A policy's or scenario's title for a text: the short one if there is one."""
    return getattr(getattr(thing, "label", None) or thing.title, lang)


def titles(policies: Sequence[Policy], lang: str) -> dict[str, str]:
    """Short titles by policy name; where two policies share one, each is followed by its name."""
    short = {policy.name: title_of(policy, lang) for policy in policies}
    shared = {text for text in short.values() if list(short.values()).count(text) > 1}
    return {name: f"{text} ({name})" if text in shared else text for name, text in short.items()}
