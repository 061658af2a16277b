"""What somebody who helps a user asks first: versions, machine, caches, what is missing."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from sim import __version__
from sim.app.store import cache_size, clear_cache, cores
from sim.app.words import say
from sim.compiled import CACHE_VARIABLE, cache_folder, is_compiled

DISTRIBUTION = "incentivelab"
# What results depend on, and what commands and notebooks cannot do without.
PACKAGES = ("numpy", "numba", "pandas", "pyarrow", "duckdb", "pydantic", "scipy", "mesa", "matplotlib", "papermill", "ipykernel", "ipywidgets",
            "jupyterlab")


def examination() -> str:
    """The machine and the installation, one fact a line, problems last."""
    facts = {
        DISTRIBUTION: f"{__version__} in {Path(__file__).resolve().parent.parent}",
        "Python": f"{platform.python_version()} ({sys.executable})",
        "system": f"{platform.platform()}, {cores()} processors",
        "packages": ", ".join(f"{name} {_version(name) or 'missing'}" for name in PACKAGES),
        "cache": f"{cache_folder()} ({told_size(cache_size())})",
        "compiled": "yes" if is_compiled() else "not yet: the first run takes about a minute longer",
        "Chinese font": _chinese_font() or "none: figures stay in English",
    }
    width = max(map(len, facts))
    lines = [f"{name.ljust(width)}  {value}" for name, value in facts.items()]
    problems = list(_problems())
    return "\n".join([*lines, *(f"{'problem'.ljust(width)}  {text}" for text in problems or ["none found"])])


def _problems() -> Iterator[str]:
    for name in PACKAGES:
        if _version(name) is None:
            yield f"{name} is not installed: run `make setup`, or install the packages of requirements.lock"
    folder = next(above for above in (cache_folder(), *cache_folder().absolute().parents) if above.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        yield f"{cache_folder()} cannot be written to, so every run compiles again: set {CACHE_VARIABLE} to a folder that can"
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        yield "NUMBA_DISABLE_JIT is set: runs take several hundred times as long"


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _chinese_font() -> str | None:
    if _version("matplotlib") is None:
        return None
    from sim.report.style import chinese_font

    return chinese_font()


def told_size(size: int) -> str:
    """Bytes as a person reads them."""
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def cleared(lang: str = "en") -> str:
    """Clear the cache and say so."""
    return say("command.cleared", lang, size=told_size(clear_cache()), path=cache_folder())


def day() -> str:
    """The stages of a simulated day in the order they are lived, numbered as in docs/model.md."""
    from sim.engine.day import STAGES

    width = max(len(name) for _, name, _ in STAGES)
    return "\n".join(f"{number:>2}  {name.ljust(width)}  {what}" for number, name, what in STAGES)
