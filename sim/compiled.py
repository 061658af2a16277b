"""How rules and kernels are compiled, and what their compiled form is filed under.

numba's own cache does not notice that a function imported from another file has changed, so the cache folder is
named after a digest of every source that is compiled, and of the versions that compile it.

The compiled functions keep to a dialect in which machine code and plain Python (``NUMBA_DISABLE_JIT=1``) agree to the
last bit: ``math.exp log pow sqrt tanh erf log1p expm1 floor``, sums in a fixed order, no fast-math, ``np.uint64`` for
hashing.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import lru_cache, update_wrapper
from importlib.metadata import version
from pathlib import Path
from types import FunctionType
from typing import Any

PACKAGE = Path(__file__).parent
COMPILED_SOURCES = ("compiled.py", "passing.py", "rules", "engine", "policy/kernel.py", "policy/timing.py")
RESULT_SOURCES = ("compiled.py", "passing.py", "rules", "engine", "policy", "world", "experiments")
CACHE_VARIABLE = "INCENTIVELAB_CACHE"
SHORT, WHOLE = "short-day", "whole-day"       # compiled apart: without and with what `sim.engine.shop.further_parts` tells of


# Rules that `sim.replaced` has put in the place of the model's own: name of the rule, then what stands there and its digest.
_replaced: dict[str, dict[str, str]] = {}


def replaced_rules() -> dict[str, dict[str, str]]:
    """Rules replaced just now, by name: the function that stands there and its digest. Empty for the model as it is."""
    return {name: dict(by) for name, by in sorted(_replaced.items())}


@contextmanager
def noted_as_replaced(rules: Mapping[str, dict[str, str]]) -> Iterator[None]:
    """Until the end of the block, digests and compiled code are those of the model with these rules replaced."""
    global _replaced
    before, _replaced = _replaced, dict(rules)
    try:
        yield
    finally:
        _replaced = before


def variant() -> str:
    """Names the rules replaced, by what they say; empty for the model as it is."""
    if not _replaced:
        return ""
    said = "\0".join(f"{name} {by['digest']}" for name, by in sorted(_replaced.items()))
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def code_digest() -> str:
    """First 16 hex digits of the sha256 of all compiled sources, of rules replaced, and of the versions that decide their result."""
    return _with_variant(_digest_of(COMPILED_SOURCES))


def results_digest() -> str:
    """As `code_digest`, of everything that can change a result: all sources below the report, rules replaced, and the versions."""
    return _with_variant(_digest_of(RESULT_SOURCES))


def _with_variant(digest: str) -> str:
    return hashlib.sha256(f"{digest} {variant()}".encode()).hexdigest()[:16] if _replaced else digest


@lru_cache
def _digest_of(sources: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for part in sources:
        path = PACKAGE / part
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    for name in ("numba", "numpy"):
        digest.update(f"{name} {version(name)}".encode())
    digest.update(sys.version.encode())
    return digest.hexdigest()[:16]


def cache_folder() -> Path:
    """Where compiled code lies: ``$INCENTIVELAB_CACHE``, else the user's cache folder."""
    if CACHE_VARIABLE in os.environ:
        return Path(os.environ[CACHE_VARIABLE])
    base = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or str(Path.home() / ".cache")
    return Path(base) / "incentivelab"


def compiled_folder() -> Path:
    """The folder of this very code's compiled form; numba compiles anew for each place the sources lie in."""
    place = hashlib.sha256(str(PACKAGE.resolve()).encode()).hexdigest()[:8]
    return cache_folder() / "compiled" / f"{code_digest()}-{place}"


def is_compiled(day: str = SHORT) -> bool:
    """Whether this code's short or whole day has been compiled on this machine before (so that the next call starts at once)."""
    return (compiled_folder() / day).exists()


def note_compiled(day: str) -> None:
    """Leave word that the short or whole day is compiled and kept."""
    _note(compiled_folder(), day)


@lru_cache(maxsize=None)
def _note(folder: Path, day: str) -> None:
    if folder.is_dir() and not (folder / day).exists():
        with suppress(OSError):
            (folder / day).touch()


def _numba() -> Any:
    import numba

    numba.config.CACHE_DIR = str(compiled_folder())       # each time: with a rule replaced the folder is another
    return numba


def rule(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a behaviour rule or a kernel: cached on disk, free of the interpreter lock."""
    return _compiled(function)


def wide(function: Callable[..., Any]) -> Callable[..., Any]:
    """As `rule`, for loops over arrays, and what they call, where nothing is divided by nil: unchecked, several numbers are done at once."""
    return _compiled(function, error_model="numpy")


def _compiled(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    return _numba().njit(cache=True, nogil=True, **options)(renamed(function, variant()) if _replaced else function)


def renamed(function: Callable[..., Any], variant: str) -> Callable[..., Any]:
    """The same function under a name that tells the variant.

    In machine code a name is all that tells functions apart: two forms of one function under one name would be taken for each other.
    """
    assert isinstance(function, FunctionType)
    twin = FunctionType(function.__code__, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    update_wrapper(twin, function)
    del twin.__wrapped__
    twin.__qualname__ = f"{function.__qualname__}_{variant}"
    return twin
