"""Codes in place of people. Whoever holds the key can make the same codes again from the ids; nobody else can go back."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import replace

import pandas as pd

from sim.errors import InputError
from sim.payroll.records import Records

SHORTEST_KEY = 16  # bytes
_LETTERS = 16  # of a code: 64 bits, so that two ids of a bank hardly ever share one


def code_of(person: str, key: str | bytes) -> str:
    """The code of an id: P and 16 hexadecimal digits of HMAC-SHA256 under the key."""
    secret = key.encode() if isinstance(key, str) else key
    if len(secret) < SHORTEST_KEY:
        raise InputError("key", found=f"{len(secret)} bytes", expected=f"at least {SHORTEST_KEY}, kept where the records are not")
    return "P" + hmac.new(secret, person.encode(), hashlib.sha256).hexdigest()[:_LETTERS].upper()


def pseudonymised(records: Records, key: str | bytes) -> Records:
    """The same records with codes for ids and names, in the order of the codes.

    The same id has the same code under the same key, in every file and year. Names and ids are also replaced where they stand in
    other texts (teams, outlets, reasons). Dates, grades and results stay, by which somebody who knows the bank may still
    recognise a person: pseudonymous, not anonymous.
    """
    people = records.people
    codes = {person: code_of(person, key) for person in people["person"]}
    if len(set(codes.values())) < len(codes):
        raise InputError("key", found="two people with the same code", expected="another key")
    veil = _veil(people, codes)
    order = people["person"].map(codes).sort_values(kind="stable").index

    def coded(ids: pd.Series) -> pd.Series:
        return ids.map(lambda person: codes.get(person, ""))

    shown = people.loc[order].reset_index(drop=True)
    hidden = shown.assign(
        person=coded(shown["person"]), name=coded(shown["person"]), mentor=coded(shown["mentor"]),
        **{field: _changed(shown[field], veil) for field in ("outlet", "team", "grade")},
    )  # fmt: skip
    measures = records.measures
    person = measures["person"].cat.rename_categories(codes).cat.reorder_categories(hidden["person"].tolist())
    measures = measures.assign(person=person).sort_values(["person", "month", "measure"], kind="stable", ignore_index=True)
    targets = records.targets
    targets = targets.assign(person=coded(targets["person"]), team=_changed(targets["team"], veil), grade=_changed(targets["grade"], veil))
    portfolios = records.portfolios.assign(person=coded(records.portfolios["person"]), group=_changed(records.portfolios["group"], veil))
    adjustments = records.adjustments.assign(person=coded(records.adjustments["person"]), reason=_changed(records.adjustments["reason"], veil))
    return replace(
        records,
        people=hidden,
        measures=measures,
        targets=targets.sort_values(["person", "team", "grade", "period", "measure"], kind="stable", ignore_index=True),
        portfolios=portfolios.sort_values(["person", "group"], kind="stable", ignore_index=True),
        adjustments=adjustments.sort_values(["person", "month"], kind="stable", ignore_index=True),
    )


def _veil(people: pd.DataFrame, codes: dict[str, str]) -> dict[str, str]:
    """What must not be read in any text: names of two letters or more, and ids; and the code for each."""
    named = {name: codes[person] for name, person in zip(people["name"], people["person"], strict=True) if len(name) > 1}
    return {**{person: code for person, code in codes.items() if len(person) > 1}, **named}


def _changed(texts: pd.Series, veil: dict[str, str]) -> pd.Series:
    """The texts with each name or id replaced, the longest first; each different text is looked at once."""
    if not len(texts) or not veil:
        return texts
    words = re.compile("|".join(re.escape(word) for word in sorted(veil, key=lambda word: (-len(word), word))))
    # an id of digits is a word of its own, not a part of a longer number
    def hide(found: re.Match[str]) -> str:
        around = found.string[max(0, found.start() - 1) : found.start()] + found.string[found.end() : found.end() + 1]
        inside = found[0].isascii() and any(sign.isascii() and sign.isalnum() for sign in around)
        return found[0] if inside else veil[found[0]]
    changed = {text: words.sub(hide, text) for text in texts.unique()}
    return texts.map(changed)
