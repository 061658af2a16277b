"""A bank's own records, and exact pay on them.

`read_records(path)` gives `Records`: nine tables of plain data, checked as a whole;
`statements(policy, people, measures)` every line of everybody's pay, exact to the fen. Names are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Records": "sim.payroll.records", "read_records": "sim.payroll.records", "pseudonymised": "sim.payroll.pseudonyms",
    "RecordsError": "sim.payroll.mistakes", "Mistake": "sim.payroll.mistakes",
    "SCALE": "sim.payroll.numbers", "exact": "sim.payroll.numbers",
    "statements": "sim.payroll.statement", "Statements": "sim.payroll.statement",
    "known_measures": "sim.payroll.dictionary", "data_dictionary": "sim.payroll.dictionary",
    "write_example": "sim.payroll.example", "as_csv": "sim.payroll.example", "as_workbook": "sim.payroll.example", "neutralised": "sim.payroll.cells",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sim.payroll' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value
