"""A rule of the model replaced by one's own, for as long as a block lasts, at full speed.

Compiled code has the rules it calls built in. So the modules of the engine that need the rule are imported a second time with the
new one in its place; the first ones stay as they were and are put back at the block's end. Compiled code, kept runs and provenance
of the two never meet: the digests that name them are those of the code with the rule replaced (`sim.compiled.variant`).
"""

from __future__ import annotations

import ast
import builtins
import dis
import hashlib
import inspect
import math
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib import import_module
from types import CellType, CodeType, FunctionType, ModuleType
from typing import Any

from sim.compiled import PACKAGE, noted_as_replaced, replaced_rules, variant
from sim.errors import InputError, nearest

RULES = "sim.rules"
MATH = ("exp", "log", "pow", "sqrt", "tanh", "erf", "log1p", "expm1", "floor", "ceil")    # the same bits compiled and in plain Python
CONSTANTS = ("e", "inf", "pi")
BUILTINS = ("abs", "bool", "float", "int", "len", "max", "min", "range")
PLACES = ("rules", "engine", "policy", "experiments", "report")                # where rules are called, by way of imports
_variants: dict[str, dict[str, ModuleType]] = {}                                    # modules imported again, by what is replaced


@contextmanager
def replaced(rules: Mapping[str, Callable[..., Any]]) -> Iterator[None]:
    """Within the block, the rules named are those given: `with sim.replaced({"learning.learn": mine}): sim.simulate(...)`.

    rules: by file and name of the function in sim/rules/, a function of the same parameters that is made of numbers, functions of
    `math` and other rules. What is run or built inside the block (`simulate`, `compare`, `BankModel`) follows the new rule, and a model
    built inside keeps to it; runs made inside are stored and reported under a name of their own. One thread at a time.
    Errors: InputError for a rule that does not exist or a function that cannot stand in its place.
    """
    _load()
    given = {_full_name(name): function for name, function in rules.items()}
    made = {name: _made(name, function) for name, function in given.items()}
    notes = {name: {"function": f"{function.__module__}.{function.__qualname__}", "digest": made[name].__qualname__.rpartition("_")[2]}
             for name, function in given.items()}
    with noted_as_replaced({**replaced_rules(), **notes}):
        kept = _put(_variant_of(made))
        try:
            yield
        finally:
            _put(kept)


# ---- The function: does it fit, and what does it say ---------------------------------------------------------------------


@lru_cache
def list_rules() -> dict[str, Callable[..., Any]]:
    """Every rule by file and name, as `learning.learn`."""
    found = {}
    for file in sorted((PACKAGE / "rules").glob("*.py")):
        module = import_module(f"{RULES}.{file.stem}")
        for name, value in vars(module).items():
            plain = _plain(value)
            if plain is not None and plain.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{file.stem}.{name}"] = value
    return found


def _full_name(name: str) -> str:
    short = name.removeprefix(f"{RULES}.")
    if short not in list_rules():
        raise InputError("replaced", found=f"`{name}`", expected="a rule of the model, as `learning.learn`",
                         hint=nearest(short, list_rules()))
    return short


def _plain(value: object) -> FunctionType | None:
    """The Python function behind a compiled one, or the function itself."""
    value = getattr(value, "py_func", value)
    return value if isinstance(value, FunctionType) else None


def _made(name: str, function: object) -> Callable[..., Any]:
    """A twin of the function that reaches nothing but what it needs; its name ends in a digest of all it says."""
    plain = _plain(function)
    if plain is None:
        raise InputError("replaced", name, found=f"{type(function).__name__}", expected="a function written in Python")
    original = _plain(list_rules()[name])
    assert original is not None
    wanted, has = (list(inspect.signature(each).parameters.values()) for each in (original, plain))
    if [each.name for each in wanted] != [each.name for each in has] or any(
            each.kind is not each.POSITIONAL_OR_KEYWORD or each.default is not each.empty for each in has):
        raise InputError("replaced", name, found=f"{plain.__name__}{inspect.signature(plain)}",
                         expected=f"the parameters ({', '.join(each.name for each in wanted)}), without defaults")
    return _closed(name, plain, ())


def _closed(name: str, plain: FunctionType, above: tuple[FunctionType, ...]) -> Callable[..., Any]:
    """As `_made`, also for functions it calls."""
    if plain in above:
        raise InputError("replaced", name, found=f"{plain.__name__}, which calls itself", expected="no recursion")
    around = inspect.getclosurevars(plain).nonlocals
    known, digest = {**plain.__globals__, **around}, hashlib.sha256(repr(_said(plain.__code__)).encode())
    reach: dict[str, Any] = {"__builtins__": builtins, "__name__": plain.__module__}
    for used in (*_names(name, plain.__code__, known), *around):
        if used not in known:
            if used not in BUILTINS:
                raise InputError("replaced", name, found=f"`{used}`", expected=f"nothing of Python's own but {', '.join(BUILTINS)}")
            continue
        reach[used], said = _reached(name, used, known[used], (*above, plain))
        digest.update(f"\0{used} {said}".encode())
    cells = tuple(CellType(reach[each]) for each in plain.__code__.co_freevars)
    twin = FunctionType(plain.__code__, reach, plain.__name__, None, cells)
    twin.__module__, twin.__doc__ = plain.__module__, plain.__doc__
    twin.__qualname__ = f"{plain.__qualname__}_{digest.hexdigest()[:16]}"
    return twin


def _reached(name: str, used: str, value: Any, above: tuple[FunctionType, ...]) -> tuple[Any, str]:
    """Something a function refers to, and what it says."""
    helper = _plain(value)
    if value is math or any(value is getattr(math, each) for each in MATH):
        return value, "math"
    if isinstance(value, (bool, int, float)):
        return value, repr(value)
    if helper is not None and helper.__module__.startswith(f"{RULES}."):
        return value, f"{helper.__module__}.{helper.__qualname__}"
    if helper is not None:
        twin = _closed(name, helper, above)
        return _jitted(twin), twin.__qualname__
    raise InputError("replaced", name, found=f"`{used}`, which is of type {type(value).__name__}",
                     expected="numbers, functions of math, rules and functions made of these")


def _said(code: CodeType) -> tuple[Any, ...]:
    """What a function says, without where it stands: what Python and the compiler read."""
    parts = tuple(_said(part) if isinstance(part, CodeType) else (type(part).__name__, repr(part)) for part in code.co_consts)
    return code.co_code.hex(), parts, code.co_names, code.co_varnames


def _names(name: str, code: CodeType, known: Mapping[str, Any]) -> list[str]:
    """Global names a function reads. Errors: InputError where it does more than read, or leaves the dialect of `math`."""
    found: dict[str, None] = {}
    steps = [step for step in dis.get_instructions(code) if step.opname != "EXTENDED_ARG"]
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if step.opname.startswith(("STORE_GLOBAL", "DELETE_GLOBAL", "IMPORT_NAME", "YIELD_VALUE", "STORE_ATTR", "STORE_SUBSCR")):
            raise InputError("replaced", name, found=f"`{step.argval or step.opname}` changed, imported or handed out bit by bit",
                             expected="a pure function, which returns a number and does nothing else")
        if step.opname in ("LOAD_GLOBAL", "LOAD_NAME"):
            found[step.argval] = None
            if known.get(step.argval) is math and (after is None or after.argval not in (*MATH, *CONSTANTS)):
                raise InputError("replaced", name, found=f"`math.{after.argval if after else ''}`",
                                 expected=f"math.{', '.join(MATH)}, which are the same to the bit compiled and in plain Python")
    for part in code.co_consts:
        if isinstance(part, CodeType):
            found.update(dict.fromkeys(_names(name, part, known)))
    return list(found)


def _jitted(function: Callable[..., Any]) -> Callable[..., Any]:
    """Compiled for this process; on disk it lies within its callers."""
    import numba

    return numba.njit(nogil=True)(function)


def _compiled(name: str, twin: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled. Errors: InputError where it does not compile for the rule's numbers, or returns others than the rule."""
    import numba

    function = _jitted(twin)
    original = list_rules()[name]
    notes = inspect.get_annotations(_plain(original), eval_str=True)    # type: ignore[arg-type]
    kinds = {float: numba.float64, int: numba.int64, bool: numba.boolean}
    takes, gives = [kinds.get(kind) for key, kind in notes.items() if key != "return"], kinds.get(notes["return"])
    if numba.config.DISABLE_JIT or None in takes:
        return function
    try:
        function.compile(tuple(takes))
    except numba.core.errors.NumbaError as error:
        told = next((line.strip() for line in str(error).splitlines() if line.strip() and not line.startswith("Failed")), "no reason given")
        raise InputError("replaced", name, found=f"{twin.__name__}, which cannot be compiled: {told[:200]}",
                         expected="arithmetic on numbers") from error
    result = numba.types.unliteral(function.overloads[tuple(takes)].signature.return_type)
    if gives is not None and result != gives:
        raise InputError("replaced", name, found=f"{twin.__name__}, which returns {result}", expected=f"{gives}, as the rule does"
                         + (" (write 0.0 for 0)" if gives == numba.float64 else ""))
    return function


# ---- The modules -------------------------------------------------------------------------------------------------------


@lru_cache
def _imports() -> dict[str, set[str]]:
    """Modules that each module of the package imports when it is itself imported."""
    found: dict[str, set[str]] = {}
    for place in PLACES:
        for file in sorted((PACKAGE / place).rglob("*.py")):
            name = ".".join(("sim", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")
            found[name] = set()
            for part in ast.parse(file.read_text(encoding="utf-8")).body:
                if isinstance(part, ast.ImportFrom) and part.module:
                    found[name] |= {part.module, *(f"{part.module}.{alias.name}" for alias in part.names)}
                elif isinstance(part, ast.Import):
                    found[name] |= {alias.name for alias in part.names}
    return found


def dependents(modules: set[str]) -> set[str]:
    """These modules and all that import them, directly or through others."""
    found = set(modules)
    while more := {name for name, imported in _imports().items() if imported & found} - found:
        found |= more
    return found


def _load() -> None:
    """Import all there is to compile under its own name, before anything is imported as part of a variant."""
    needed = dependents({name for name in _imports() if name.startswith(f"{RULES}.")})
    for name in sorted({*needed, *(name for name in _imports() if name.startswith("sim.engine."))}):
        import_module(name)


def _variant_of(rules: Mapping[str, Callable[..., Any]]) -> Mapping[str, ModuleType]:
    """The modules that need these rules, imported again with the rules in place; kept for the next time.

    Within `noted_as_replaced`: compiled code then goes to a folder of its own.
    """
    if variant() in _variants:
        return _variants[variant()]
    place = {name: (f"{RULES}.{name.partition('.')[0]}", name.partition(".")[2]) for name in replaced_rules()}
    standing = {name: vars(sys.modules[home])[short] for name, (home, short) in place.items()}         # an outer block's
    standing |= {name: _compiled(name, twin) for name, twin in rules.items()}
    names = sorted(dependents({home for home, _ in place.values()}))
    kept = _put(dict.fromkeys(names))
    try:
        for name, (home, short) in place.items():
            setattr(import_module(home), short, standing[name])
        made = {name: import_module(name) for name in names}
    finally:
        _put(kept)
    _variants[variant()] = made
    return made


def _put(modules: Mapping[str, ModuleType | None]) -> dict[str, ModuleType | None]:
    """Have imports find these modules (None: import anew); what was found before. Names of the public API follow."""
    before = {name: sys.modules.get(name) for name in modules}
    for name, module in modules.items():
        package, _, short = name.rpartition(".")
        if module is None:
            sys.modules.pop(name, None)
            vars(sys.modules[package]).pop(short, None)
        else:
            sys.modules[name] = module
            setattr(sys.modules[package], short, module)
    api = sys.modules["sim"]
    for name, home in api._HOME.items():
        if home in modules:
            vars(api).pop(name, None)
    return before
