"""What the readers of all tables share: cells to texts, ids, days and numbers; who is meant; frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from sim.payroll.cells import key, restored, shown, tidy
from sim.payroll.checks import duplicates
from sim.payroll.dates import parse_day
from sim.payroll.dictionary import Measure, forms, value_words
from sim.payroll.mistakes import Wrong
from sim.payroll.numbers import SCALE
from sim.payroll.values import BLANK, GOOD, Sheet
from sim.reading import quoted

MOST_LETTERS = 200  # of an id, a name or another text in a cell
AN_ID = "an id of letters and digits"
HINTED = 2000  # so many words at most are compared with a misspelt one: it takes time
FEN = SCALE // 100
NO_DAY = np.datetime64("NaT", "s")


# --- cells ----------------------------------------------------------------------------------------------------------------


def raw_text(text: str) -> str:
    """Text as written, without the guard against formulas and with single spaces."""
    clean = " ".join(restored(text.strip()).split())
    if len(clean) > MOST_LETTERS:
        raise Wrong(f"a text of {len(clean)} letters", f"at most {MOST_LETTERS}")
    return clean


def plain_text(text: str) -> str:
    return tidy(raw_text(text))


def identity(text: str) -> str:
    found = plain_text(text)
    if not found or not found.isprintable():
        raise Wrong(shown(text), AN_ID)
    return found


def one_of(kind: str, text: str) -> str:
    """One of the words for a column of that kind."""
    words = value_words(kind)
    if key(text) not in words:
        *names, last = dict.fromkeys(words.values())
        raise Wrong(shown(text), f"{', '.join(names)} or {last}", near=(key(text), words))
    return words[key(text)]


def known_or_own(kind: str, text: str) -> str:
    """The known word that a text means, or the text itself."""
    return value_words(kind).get(key(restored(text)), plain_text(text))


# --- columns --------------------------------------------------------------------------------------------------------------


def days(sheet: Sheet, field: str) -> tuple[np.ndarray, np.ndarray]:
    """A column of days, NaT where one is empty or could not be read; and which could be read, empty ones among them."""
    read = sheet.read(field, lambda text: np.datetime64(parse_day(restored(text)), "s"), NO_DAY)
    return np.array([NO_DAY if value is None else value for value in read.values], dtype="datetime64[s]")[read.codes], read.known()


def amounts(sheet: Sheet, field: str) -> tuple[np.ndarray, np.ndarray]:
    """A column of numbers in millionths of its unit, 0 where there is none, and how each cell was.

    Counts are whole, money is in whole fen.
    """
    form = sheet.form.columns[field]
    if field not in sheet.headers:
        return np.zeros(len(sheet.table), np.int64), np.full(len(sheet.table), BLANK, np.int8)
    spec = Measure(field, form.unit, form.label, form.about, (), form.least, form.most)
    value, state = sheet.numbers(sheet.headers[field], [spec], np.zeros(len(sheet.table), np.int64))
    value = np.where(state == GOOD, value, 0)
    step, found, expected = {"count": (SCALE, "a number with a fraction", "a whole number"),
                             "money": (FEN, "a part of a fen", "an amount with two decimals at most")}.get(form.kind, (1, "", ""))  # fmt: skip
    sheet.tell(field, np.flatnonzero(value % step != 0), lambda _: Wrong(found, expected))
    return value, state


def filled_amounts(sheet: Sheet, field: str) -> np.ndarray:
    """The same for a column without empty cells; a column that is not there is 0."""
    value, state = amounts(sheet, field)
    if field in sheet.headers:
        sheet.tell(field, np.flatnonzero(state == BLANK), lambda _: Wrong("nothing", "a number, 0 if there is nothing"))
    return value


def refuse_again(sheet: Sheet, field: str, keys: np.ndarray, what: Callable[[int], str]) -> None:
    """Rows with a key that came before, told in a field. what: is there again, by row."""
    again, first = duplicates(keys)
    sheet.tell(field, again, lambda row: Wrong(f"{what(row)} a second time", f"one row each; the first is row {sheet.table.rows[first[row]]}"))


def rings(after: np.ndarray) -> list[list[int]]:
    """Places that lead back to themselves, ring by ring, each from its lowest. after: the place that each leads to, -1 for none."""
    end = np.append(after, -1)  # the last one stands for -1
    for _ in range(len(after).bit_length()):
        end = end[end]
    on, found = set(end[end >= 0].tolist()), []
    for first in sorted(on):
        if first in on:
            ring = [first]
            while (place := int(after[ring[-1]])) != first:
                ring.append(place)
            on -= set(ring)
            found.append(ring)
    return found


def round_trip(names: Any, ring: list[int]) -> str:
    """A ring in words, shortened if it is long."""
    told = [f"`{names[place]}`" for place in (ring if len(ring) < 7 else ring[:5])]
    return ", ".join([*told, *(["..."] if len(ring) >= 7 else []), told[0]])


def nobody(field: str, value: str, known: Any) -> Wrong:
    """A person, or a team or other group of persons, that the table people does not have."""
    near = (value, known) if len(known) <= HINTED else None
    if field == "person":
        return Wrong(f"{quoted(value)}, who is not in the table people", "the id of somebody there", near=near)
    return Wrong(f"the {field} {quoted(value)}, which nobody in the table people has", f"a {field} named there", near=near)


# --- frames ---------------------------------------------------------------------------------------------------------------


def empty(table: str) -> pd.DataFrame:
    """An empty frame with a table's columns and their types."""
    kinds = {"day": "datetime64[s]", **dict.fromkeys(("number", "count", "money"), np.int64)}
    frame = pd.DataFrame({name: pd.Series([], dtype=kinds.get(column.kind, str)) for name, column in forms()[table].columns.items()})
    return frame.astype({name: "category" for name in frame if table == "measures" and name != "value"})


def column(values: np.ndarray) -> pd.Series:
    """Texts as pandas' type for them, everything else as it is."""
    return pd.Series(values.astype(str), dtype=str) if values.dtype == object else pd.Series(values)
