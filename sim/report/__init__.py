"""What people see of a result: figures, a headline, one self-contained report. Two languages, all words in labels.yaml.

Drawing packages are imported when something is drawn, so that a headline costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {"plot": "sim.report.figures", "kinds": "sim.report.figures", "headline": "sim.report.findings",
         "write_report": "sim.report.write", "norms_figure": "sim.report.norms"}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'sim.report' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
