"""What is wrong with a table, all of it at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sim.errors import InputError
from sim.payroll.cells import holds_a_name

if TYPE_CHECKING:
    from sim.payroll.tables import Table

LISTED = 50  # lines of a message
KEPT = 10_000  # mistakes kept of one kind in one column; the rest are counted


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
    """Records with mistakes in them. mistakes: all of them in order (of one kind in one column the first 10,000); total: how many."""

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

    def __init__(self, found: str, expected: str, hint: str = "") -> None:
        super().__init__(found)
        self.found, self.expected, self.hint = found, expected, hint


class Findings:
    """Collects mistakes from tables; keeps names of people out of them."""

    def __init__(self) -> None:
        self.names: frozenset[str] = frozenset()
        self._kept: list[tuple[tuple[int, int, int], Mistake]] = []
        self._uncounted = 0

    def about(self, table: Table, column: str, wrong: Wrong, row: int = 0) -> None:
        """A mistake about a table, a column, or one row of it (its number)."""
        place = (table.place, row, table.place_of(column))
        found, hint = wrong.found, wrong.hint
        if holds_a_name(found, self.names):
            found, hint = "a text that is not shown here, since a person's name stands in it", ""
        if holds_a_name(hint, self.names):
            hint = ""
        if holds_a_name(column, self.names):
            column = f"number {table.place_of(column) + 1}"
        self._kept.append((place, Mistake(table.file, table.sheet, row, column, found, wrong.expected, hint)))

    def at(self, table: Table, column: str, rows: np.ndarray, tell: Callable[[int], Wrong]) -> None:
        """A mistake in each of these rows, by their places in the table; `tell` says what is wrong at a place."""
        for place in rows[:KEPT].tolist():
            self.about(table, column, tell(place), int(table.rows[place]))
        self._uncounted += max(0, len(rows) - KEPT)

    def __bool__(self) -> bool:
        return bool(self._kept)

    def error(self) -> RecordsError:
        """All of it in the order of tables, rows and columns."""
        ordered = [mistake for _, mistake in sorted(self._kept, key=lambda each: each[0])]
        return RecordsError(ordered, len(ordered) + self._uncounted)
