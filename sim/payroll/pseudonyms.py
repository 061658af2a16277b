"""Codes in place of people, customers and deals.

Whoever holds the key can make the same codes again from the ids; nobody else can go back.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from sim.errors import InputError
from sim.payroll.records import Records

SHORTEST_KEY = 16  # bytes
_LETTERS = 16  # of a code: 64 bits, so that two ids of a bank hardly ever share one


def code_of(identity: str, key: str | bytes, kind: str = "person") -> str:
    """The code of an id: P for a person, C for a customer, D for a deal, and 16 hexadecimal digits of HMAC-SHA256 under the key."""
    secret = key.encode() if isinstance(key, str) else key
    if len(secret) < SHORTEST_KEY:
        raise InputError("key", found=f"{len(secret)} bytes", expected=f"at least {SHORTEST_KEY}, kept where the records are not")
    told = identity if kind == "person" else f"{kind}\0{identity}"  # so that a customer has not the code of a person with the same id
    return kind[0].upper() + hmac.new(secret, told.encode(), hashlib.sha256).hexdigest()[:_LETTERS].upper()


def pseudonymised(records: Records, key: str | bytes) -> Records:
    """The same records with codes for ids and names, in the order of the codes.

    The same id has the same code under the same key, in every file and year. Names and ids of people are also replaced where they
    stand in other texts (teams, outlets, reasons), those of customers and deals in reasons. Dates, grades and results stay, by
    which somebody who knows the bank may still recognise a person: pseudonymous, not anonymous.
    """
    people = records.people
    codes = _codes("person", people["person"], key)
    customers, deals = _codes("customer", records.customers["customer"], key), _codes("deal", records.deals["deal"], key)
    veil = _veil(people, codes)
    order = people["person"].map(codes).sort_values(kind="stable").index

    def coded(ids: pd.Series) -> pd.Series:
        return ids.map(lambda person: codes.get(person, ""))

    shown = people.loc[order].reset_index(drop=True)
    hidden = shown.assign(
        person=coded(shown["person"]), name=coded(shown["person"]), mentor=coded(shown["mentor"]), supervisor=coded(shown["supervisor"]),
        **{field: _changed(shown[field], veil) for field in ("outlet", "team", "grade")},
    )  # fmt: skip
    measures = records.measures
    person = measures["person"].cat.rename_categories(codes).cat.reorder_categories(hidden["person"].tolist())
    measures = measures.assign(person=person).sort_values(["person", "month", "measure"], kind="stable", ignore_index=True)

    def hidden_in(frame: pd.DataFrame, texts: Sequence[str], by: Sequence[str], **other: pd.Series) -> pd.DataFrame:
        own = {name: coded(frame["person"]) for name in ("person",) if name in frame}
        veiled = {name: _changed(frame[name], veil) for name in texts}
        return frame.assign(**{**own, **veiled, **other}).sort_values(list(by), kind="stable", ignore_index=True)

    reasons = _changed(records.adjustments["reason"], {**_long(customers), **_long(deals), **veil})
    return replace(
        records,
        people=hidden,
        measures=measures,
        targets=hidden_in(records.targets, ("team", "grade"), ("person", "team", "grade", "period", "measure")),
        portfolios=hidden_in(records.portfolios, ("group",), ("person", "group")),
        adjustments=hidden_in(records.adjustments, (), ("person", "month"), reason=reasons),
        changes=hidden_in(records.changes, ("grade", "state"), ("person", "month")),
        organisation=hidden_in(records.organisation, ("unit", "parent"), ("unit",)),
        customers=hidden_in(records.customers, ("group",), ("customer",), customer=records.customers["customer"].map(customers).astype(str)),
        deals=hidden_in(records.deals, ("origin",), ("deal", "person"), deal=records.deals["deal"].map(deals).astype(str)),
    )


def _codes(kind: str, ids: pd.Series, key: str | bytes) -> dict[str, str]:
    codes = {each: code_of(each, key, kind) for each in ids.unique()}
    if len(set(codes.values())) < len(codes):
        raise InputError("key", found=f"two {kind} ids with the same code", expected="another key")
    return codes


def _veil(people: pd.DataFrame, codes: dict[str, str]) -> dict[str, str]:
    """What must not be read in any text: names of two letters or more, and ids; and the code for each."""
    return {**_long(codes), **_long({name: codes[person] for name, person in zip(people["name"], people["person"], strict=True)})}


def _long(codes: dict[str, str]) -> dict[str, str]:
    return {word: code for word, code in codes.items() if len(word) > 1}


def _changed(texts: pd.Series, veil: dict[str, str]) -> pd.Series:
    """The texts with each name or id replaced, the longest first; each different text is looked at once."""
    if not len(texts) or not veil:
        return texts
    lengths = sorted({len(word) for word in veil}, reverse=True)
    return texts.map({text: _hidden(text, veil, lengths) for text in texts.unique()})


def _hidden(text: str, veil: dict[str, str], lengths: list[int]) -> str:
    parts, place = [], 0
    while place < len(text):
        found = next((text[place : place + length] for length in lengths if _stands(text, place, length, veil)), "")
        parts.append(veil.get(found, text[place]))
        place += max(1, len(found))
    return "".join(parts)


def _stands(text: str, place: int, length: int, veil: dict[str, str]) -> bool:
    """Whether a name or id stands there; one of ASCII letters and digits is a word of its own, not a part of a longer one."""
    word = text[place : place + length]
    around = text[max(0, place - 1) : place] + text[place + length : place + length + 1]
    return word in veil and not (word.isascii() and any(sign.isascii() and sign.isalnum() for sign in around))
