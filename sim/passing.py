"""How kernels pass arrays on: borrowed, uncounted, and many of them behind one pointer.

What numba does with arrays by default is safe and slow in small functions: an array is passed by value, some eight numbers at every
call, and each time it is read from a struct somebody counts who holds it, with a locked instruction. A kernel's caller holds
its arrays all the while, so nothing need be counted.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel.models import ArrayModel, OpaqueModel, StructModel
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, lower_builtin, lower_cast, lower_getattr_generic, overload, register_model, type_callable

_passed_by_reference: set[type] = set()


def by_reference(kind: type) -> type:
    """Decorate a NamedTuple of arrays and numbers: `refer` hands it to compiled functions as one pointer."""
    _passed_by_reference.add(kind)
    return kind


def refer(struct: Any) -> Any:
    """A NamedTuple of arrays as a kernel passes it on, in compiled code; itself in plain Python.

    Its arrays are borrowed. Where it is marked `by_reference` it becomes one pointer, good until the kernel that asked for it returns.
    """
    return struct


def blank(count: int, kind: np.dtype) -> np.recarray:
    """So many records, not filled; their fields are attributes in compiled code and in plain Python alike."""
    return np.empty(count, kind).view(np.recarray)


@overload(blank, jit_options={"cache": True})
def _blank(count, kind):  # type: ignore[no-untyped-def]
    return lambda count, kind: np.empty(count, kind)


class Borrowed(types.Array):
    """The type of an array that somebody else holds: nothing is counted when it is passed on, indexed or dropped."""

    def __init__(self, dtype: Any, ndim: int, layout: str, readonly: bool = False, aligned: bool = True) -> None:
        of = types.Array(dtype, ndim, layout, readonly, aligned=aligned)
        super().__init__(dtype, ndim, layout, readonly, name=f"borrowed {of.name}", aligned=aligned)

    def copy(self, dtype: Any = None, ndim: int | None = None, layout: str | None = None, readonly: bool | None = None) -> Borrowed:
        return _lent(super().copy(dtype, ndim, layout, readonly))


@register_model(Borrowed)
class _BorrowedModel(StructModel):
    """As an array lies in memory, but its holder is no more than a null pointer."""

    def __init__(self, manager: Any, kind: Any) -> None:
        counted = ArrayModel(manager, kind)
        members = zip(counted._fields, counted._members, strict=True)
        super().__init__(manager, kind, [(name, types.voidptr if name == "meminfo" else of) for name, of in members])


class Reference(types.Type):
    """The type of named fields behind one pointer; with a short name, since types of arguments go into the names of compiled functions."""

    def __init__(self, fields: tuple[tuple[str, Any], ...]) -> None:
        self.names, self.kinds = zip(*fields, strict=True)
        super().__init__(name=f"Reference({hashlib.sha256(str(fields).encode()).hexdigest()[:16]})")

    @property
    def key(self) -> Any:
        return self.names, self.kinds


register_model(Reference)(OpaqueModel)


def _lent(kind: Any) -> Any:
    return Borrowed(kind.dtype, kind.ndim, kind.layout, not kind.mutable, kind.aligned) if type(kind) is types.Array else kind


def _place(context: Any, kind: Reference) -> Any:
    """The machine's type of a pointer to a reference's fields."""
    return ir.LiteralStructType([context.get_value_type(each) for each in kind.kinds]).as_pointer()


@type_callable(refer)
def _type_of_refer(context: Any) -> Any:
    def typer(struct: Any) -> Any:
        if not isinstance(struct, types.BaseNamedTuple):
            return struct
        kinds = [_lent(kind) for kind in struct]
        if struct.instance_class in _passed_by_reference:
            return Reference(tuple(zip(struct.fields, kinds, strict=True)))
        return types.BaseTuple.from_types(kinds, struct.instance_class)

    return typer


@lower_builtin(refer, types.BaseNamedTuple)
def _refer_tuple(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    values = []
    for kind, value in zip(signature.args[0], cgutils.unpack_tuple(builder, args[0]), strict=True):
        if type(kind) is types.Array:
            array = cgutils.create_struct_proxy(_lent(kind))(context, builder, value=value)
            array.meminfo = cgutils.get_null_value(array.meminfo.type)
            value = array._getvalue()
        values.append(value)
    if not isinstance(signature.return_type, Reference):
        return context.make_tuple(builder, signature.return_type, values)
    place = cgutils.alloca_once(builder, _place(context, signature.return_type).pointee)
    for number, value in enumerate(values):
        builder.store(value, cgutils.gep_inbounds(builder, place, 0, number))
    return builder.bitcast(place, cgutils.voidptr_t)


@lower_builtin(refer, types.Any)
def _refer_other(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    return args[0]


@infer_getattr
class _Field(AttributeTemplate):
    key = Reference

    def generic_resolve(self, kind: Any, name: str) -> Any:
        return kind.kinds[kind.names.index(name)] if name in kind.names else None


@lower_getattr_generic(Reference)
def _field(context: Any, builder: Any, kind: Any, value: Any, name: str) -> Any:
    place = builder.bitcast(value, _place(context, kind))
    return builder.load(cgutils.gep_inbounds(builder, place, 0, kind.names.index(name)))


@lower_cast(Borrowed, types.Array)
def _counted(context: Any, builder: Any, borrowed: Any, array: Any, value: Any) -> Any:
    return value                                              # its holder is null, so that counting does nothing
