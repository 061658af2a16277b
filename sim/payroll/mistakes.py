"""What is wrong with a table, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError, nearest
from sim.payroll.cells import holds_a_name

if TYPE_CHECKING:
    from sim.payroll.tables import Table

LISTED = 50  # lines of a message
KEPT = 1_000  # mistakes kept of one kind in one column; the rest are counted


@dataclass(frozen=True)
class Mistake:
    """One finding. row counts from 1, the header included, as spreadsheets show it; 0 where it is about no single row."""

    file: str
    sheet: str
    row: int
    column: str
    found: str
    expected: str
    hint: str = ""

    def __str__(self) -> str:
        sheet = f"sheet {self.sheet}" if self.sheet else ""
        row = f"row {self.row}" if self.row else ""
        column = f"column {self.column}" if self.column else ""
        return str(InputError(self.file, sheet, row, column, found=self.found, expected=self.expected, hint=self.hint))


class RecordsError(InputError):
    """Records with mistakes in them. mistakes: all of them in order (of one kind in one column the first 1,000); total: how many."""

    def __init__(self, mistakes: Iterable[Mistake], total: int | None = None) -> None:
        self.mistakes = tuple(mistakes)
        self.total = len(self.mistakes) if total is None else total
        first = self.mistakes[0]
        super().__init__(first.file, first.sheet, found=first.found, expected=first.expected, hint=first.hint)

    def __reduce__(self) -> tuple:
        return RecordsError, (self.mistakes, self.total)

    def __str__(self) -> str:
        lines = [str(mistake) for mistake in self.mistakes[:LISTED]]
        more = self.total - len(lines)
        return "\n".join([*lines, f"... and {more:,} more {'mistake' if more == 1 else 'mistakes'}."] if more else lines)


class Wrong(ValueError):
    """What a reader of one cell says of it."""

    def __init__(self, found: str, expected: str, hint: str = "", near: tuple[str, Collection[str]] | None = None) -> None:
        """near: a word and the known ones; the nearest is looked up only where it will be read, since that takes time."""
        super().__init__(found)
        self.found, self.expected, self.hint, self.near = found, expected, hint, near


class Findings:
    """Collects mistakes from tables; keeps names of people out of them."""

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        self._kept: list[tuple[tuple[int, int, int], Table, str, Wrong]] = []
        self._uncounted = 0

    def about(self, table: Table, column: str, wrong: Wrong, row: int = 0) -> None:
        """A mistake about a table, a column, or one row of it (its number)."""
        self._kept.append(((table.place, row, table.place_of(column)), table, column, wrong))

    def at(self, table: Table, column: str, rows: np.ndarray, tell: Callable[[int], Wrong]) -> None:
        """A mistake in each of these rows, by their places in the table; `tell` says what is wrong at a place."""
        for place in rows[:KEPT].tolist():
            self.about(table, column, tell(place), int(table.rows[place]))
        self._uncounted += max(0, len(rows) - KEPT)

    def __bool__(self) -> bool:
        return bool(self._kept)

    def error(self) -> RecordsError:
        """All of it in the order of tables, rows and columns."""
        ordered = sorted(self._kept, key=lambda each: each[0])
        told = [self._told(*each, with_hint=place < LISTED) for place, each in enumerate(ordered)]
        return RecordsError(told, len(told) + self._uncounted)

    def _told(self, place: tuple[int, int, int], table: Table, column: str, wrong: Wrong, with_hint: bool) -> Mistake:
        """The mistake without anybody's name."""
        hint = wrong.hint
        if wrong.near and with_hint:
            word, known = wrong.near
            hint = nearest(word, known).split("Known here")[0].strip()
        return Mistake(
            table.file,
            table.sheet,
            place[1],
            column if not holds_a_name(column, self.names) else f"number {place[2] + 1}",
            wrong.found if not holds_a_name(wrong.found, self.names) else "a text that is not shown here, since a person's name stands in it",
            wrong.expected,
            hint if not holds_a_name(hint, self.names) else "",
        )
