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
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

PACKAGE = Path(__file__).parent
COMPILED_SOURCES = ("compiled.py", "rules", "engine", "policy/kernel.py", "policy/timing.py")
RESULT_SOURCES = ("compiled.py", "rules", "engine", "policy", "world", "experiments")
CACHE_VARIABLE = "INCENTIVELAB_CACHE"
SHORT, WHOLE = "short-day", "whole-day"       # compiled apart: without and with what `sim.engine.shop.further_parts` tells of


# Rules that `sim.replaced` has put in the place of the model's own: name of the rule, then what stands there and its digest.
_replaced: dict[str, dict[str, str]] = {}
_passed_by_reference: set[type] = set()


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
    _teach_blank()
    return numba


def rule(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a behaviour rule or a kernel: cached on disk, free of the interpreter lock."""
    return _numba().njit(cache=True, nogil=True)(renamed(function, variant()) if _replaced else function)


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


def blank(count: int, kind: np.dtype) -> np.recarray:
    """So many records, not filled; their fields are attributes in compiled code and in plain Python alike."""
    import numpy as np

    return np.empty(count, kind).view(np.recarray)


@lru_cache(maxsize=1)
def _teach_blank() -> None:
    """Tell numba what `blank` does; fields of its records are attributes anyway."""
    import numpy as np
    from numba.extending import overload

    @overload(blank, jit_options={"cache": True})
    def blank_compiled(count, kind):  # type: ignore[no-untyped-def]
        return lambda count, kind: np.empty(count, kind)


def by_reference(kind: type) -> type:
    """Decorate a NamedTuple of arrays: `refer` hands it to compiled functions as one pointer.

    A tuple of arrays is passed by value, some eight numbers an array at every call: with thirty arrays that cost more than the work itself.
    """
    _passed_by_reference.add(kind)
    _teach_refer()
    return kind


def refer(struct: Any) -> Any:
    """A NamedTuple of arrays as a kernel passes it on, in compiled code; itself in plain Python.

    Its arrays are borrowed: compiled code does not count who holds them, since whoever called the kernel holds them all the while.
    Where it is marked `by_reference` it becomes one pointer, good until the kernel that asked for it returns.
    """
    return struct


@lru_cache(maxsize=1)
def _teach_refer() -> None:
    """Tell numba what `refer` does, and the two types it makes."""
    from numba.core import cgutils, types
    from numba.core.datamodel.models import ArrayModel, OpaqueModel, StructModel
    from numba.core.typing.templates import AttributeTemplate
    from numba.extending import infer_getattr, lower_builtin, lower_cast, lower_getattr_generic, register_model, type_callable
    from llvmlite import ir

    class Borrowed(types.Array):
        """An array that somebody else holds: nothing is counted when it is passed on, indexed or dropped."""

        def __init__(self, dtype: Any, ndim: int, layout: str, readonly: bool = False, aligned: bool = True) -> None:
            of = types.Array(dtype, ndim, layout, readonly, aligned=aligned)
            super().__init__(dtype, ndim, layout, readonly, name=f"borrowed {of.name}", aligned=aligned)

        def copy(self, dtype: Any = None, ndim: int | None = None, layout: str | None = None, readonly: bool | None = None) -> Borrowed:
            of = super().copy(dtype, ndim, layout, readonly)
            return Borrowed(of.dtype, of.ndim, of.layout, not of.mutable, of.aligned)

    class Reference(types.Type):
        """Named fields behind one pointer; with a short name, since the names of arguments go into those of compiled functions."""

        def __init__(self, fields: tuple[tuple[str, Any], ...]) -> None:
            self.names, self.kinds = zip(*fields, strict=True)
            super().__init__(name=f"Reference({hashlib.sha256(str(fields).encode()).hexdigest()[:16]})")

        @property
        def key(self) -> Any:
            return self.names, self.kinds

    @register_model(Borrowed)
    class BorrowedModel(StructModel):
        def __init__(self, manager: Any, kind: Any) -> None:
            fields = ArrayModel(manager, kind)
            members = zip(fields._fields, fields._members, strict=True)
            super().__init__(manager, kind, [(name, types.voidptr if name == "meminfo" else of) for name, of in members])

    register_model(Reference)(OpaqueModel)

    def lent(kind: Any) -> Any:
        return Borrowed(kind.dtype, kind.ndim, kind.layout, not kind.mutable, kind.aligned) if type(kind) is types.Array else kind

    def layout_of(context: Any, kind: Any) -> Any:
        return ir.LiteralStructType([context.get_value_type(each) for each in kind.kinds]).as_pointer()

    @type_callable(refer)
    def type_refer(context: Any) -> Any:
        def typer(struct: Any) -> Any:
            if not isinstance(struct, types.BaseNamedTuple):
                return struct
            kinds = [lent(kind) for kind in struct]
            if struct.instance_class in _passed_by_reference:
                return Reference(tuple(zip(struct.fields, kinds, strict=True)))
            return types.BaseTuple.from_types(kinds, struct.instance_class)
        return typer

    @lower_builtin(refer, types.BaseNamedTuple)
    def refer_tuple(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        values = []
        for kind, value in zip(sig.args[0], cgutils.unpack_tuple(builder, args[0]), strict=True):
            if type(kind) is types.Array:
                array = cgutils.create_struct_proxy(lent(kind))(context, builder, value=value)
                array.meminfo = cgutils.get_null_value(array.meminfo.type)
                value = array._getvalue()
            values.append(value)
        if not isinstance(sig.return_type, Reference):
            return context.make_tuple(builder, sig.return_type, values)
        place = cgutils.alloca_once(builder, layout_of(context, sig.return_type).pointee)
        for number, value in enumerate(values):
            builder.store(value, cgutils.gep_inbounds(builder, place, 0, number))
        return builder.bitcast(place, cgutils.voidptr_t)

    @lower_builtin(refer, types.Any)
    def refer_other(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return args[0]

    @infer_getattr
    class Field(AttributeTemplate):
        key = Reference

        def generic_resolve(self, kind: Any, name: str) -> Any:
            return kind.kinds[kind.names.index(name)] if name in kind.names else None

    @lower_getattr_generic(Reference)
    def field(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
        place = builder.bitcast(value, layout_of(context, kind))
        return builder.load(cgutils.gep_inbounds(builder, place, 0, kind.names.index(name)))

    @lower_cast(Borrowed, types.Array)
    def counted(context: Any, builder: Any, borrowed: Any, array: Any, value: Any) -> Any:
        return value                                          # its holder is null, so that counting does nothing
