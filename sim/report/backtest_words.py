"""Words and names of back-tests in the reader's language. Every word stands in backtest.yaml."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from sim.payroll.backtest import Backtest
from sim.policy import Policy
from sim.policy.measures import pay_measures
from sim.reading import read_yaml
from sim.report.words import LANGUAGES, MINUS, listed, titles, unit_name

FOOT = 128                            # width of the small print, in halves of a Chinese character


@lru_cache(maxsize=1)
def texts() -> dict[str, dict[str, str]]:
    """Every text by its dotted key, in both languages."""
    return dict(_leaves(read_yaml(Path(__file__).with_name("backtest.yaml")), ""))


def _leaves(branch: dict[str, Any], place: str) -> Iterable[tuple[str, dict[str, str]]]:
    for key, value in branch.items():
        if value.keys() == set(LANGUAGES):
            yield place + key, value
        else:
            yield from _leaves(value, f"{place}{key}.")


def tell(key: str, lang: str, **parts: object) -> str:
    """A text with its gaps filled; parts are inserted as they are, whatever braces they hold."""
    return texts()[key][lang].format(**parts)


def kind_name(kind: str, lang: str) -> str:
    found = texts().get(f"kind.{kind}")
    return found[lang] if found else kind


def measure_word(measure: str, lang: str) -> str:
    known = pay_measures().get(measure)
    return known.label[lang] if known else measure


def measure_unit(measure: str, lang: str) -> str:
    """The unit as a reader writes it."""
    unit = pay_measures()[measure].unit
    found = texts().get(f"unit.{unit}")
    return found[lang] if found else unit_name(unit, lang)


def element_name(policy: Policy, element: str, lang: str) -> str:
    """The element's label, or its name in the file; elements that only an override has, and adjustments, by their name."""
    found = policy.pay.get(element)
    if found is not None and found.label is not None:
        return getattr(found.label, lang)
    return kind_name(element, lang)


def names_of(result: Backtest, lang: str, marked: bool = False) -> dict[str, str]:
    """Plans' short titles by name, the baseline marked as such if there are others."""
    found = titles(result.policies, lang)
    if marked and len(found) > 1:
        found[result.baseline.name] = tell("page.baseline_mark", lang, name=found[result.baseline.name])
    return found


def who(result: Backtest, row: int) -> str:
    """A person for a reader: id and name, once if they are the same or no name is given."""
    person, name = (str(result.records.people[column].iloc[row]) for column in ("person", "name"))
    return person if name in ("", person) else f"{person} {name}"


def plans_and_digests(result: Backtest, lang: str) -> str:
    made = result.provenance["policies"]
    return listed([tell("figure.policy", lang, name=name, digest=digest[:8]) for name, digest in made.items()], lang)


def footer_of(result: Backtest, lang: str) -> str:
    """The small print under every figure: what made it."""
    from sim.report.style import clipped, wrapped

    made = result.provenance
    text = tell(
        "figure.footer",
        lang,
        seed=made["seed"],
        resamples=made["resamples"],
        data=made["data_digest"],
        version=made["incentivelab"],
        policies=plans_and_digests(result, lang),
    )
    return "\n".join(wrapped(clipped(text, 2 * FOOT - 12), FOOT))


def money(fen: float, signed: bool = False) -> str:
    """Fen as CNY with two decimals and a true minus; a dash where it is not known."""
    return amount(fen / 100, signed, 2)


def amount(value: float, signed: bool = False, places: int = 0) -> str:
    if value is None or math.isnan(value):
        return "–"
    text = f"{abs(value):,.{places}f}"
    if not text.strip("0.,"):
        return text
    return (MINUS if value < 0 else "+" if signed else "") + text


def share(value: float, lang: str, signed: bool = False, places: int = 1) -> str:
    """A share as a percentage."""
    return "–" if math.isnan(value) else amount(100 * value, signed, places) + (" %" if lang == "en" else "%")


def between(low: str, high: str, lang: str) -> str:
    from sim.report.words import say

    return "–" if "–" in (low, high) else say("list.range", lang, low=low, high=high)
