"""A bank's own records, exact pay on them, and scores.

`read_records(path)` gives `Records`: nine tables of plain data, checked as a whole; `statements(policy, records)` every line of
everybody's pay, exact to the fen; `backtest(policies, records)` one history through several plans; `scores` and `roll_up` an appraisal.
Names are loaded when first used.
"""

from __future__ import annotations

from sim.lazy import loader

_HOME = {
    "Records": "sim.payroll.records", "read_records": "sim.payroll.records", "pseudonymised": "sim.payroll.pseudonyms",
    "RecordsError": "sim.payroll.mistakes", "Mistake": "sim.payroll.mistakes",
    "SCALE": "sim.payroll.numbers", "exact": "sim.payroll.numbers",
    "statements": "sim.payroll.statement", "Statements": "sim.payroll.statement",
    "backtest": "sim.payroll.backtest", "Backtest": "sim.payroll.backtest",
    "load_indicators": "sim.payroll.indicators", "scores": "sim.payroll.scoring", "Scores": "sim.payroll.scoring",
    "roll_up": "sim.payroll.rollup", "customer_scores": "sim.payroll.customers",
    "known_measures": "sim.payroll.dictionary", "data_dictionary": "sim.payroll.dictionary",
    "write_example": "sim.payroll.example", "example_records": "sim.payroll.example", "as_csv": "sim.payroll.example", "as_workbook": "sim.payroll.example", "neutralised": "sim.payroll.cells",
}
__all__ = sorted(_HOME)
__getattr__ = loader(__name__, _HOME)
