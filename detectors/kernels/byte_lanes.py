"""A row a byte, many rows at once: vectors that stay in the processor's registers.

numba has no type for them, and a loop over an array of bytes writes every step's results back
to memory.  A value of `bytes_type` is one LLVM vector: LLVM spreads it over registers as wide
as the processor has them, so that every processor gives the same bits.  What takes an array
takes one of bytes (`add` one of 16 bits) and where in it the first lane lies; nobody checks
that there are `LANES` of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic, models, register_model

_WIDE = "+avx512bw" in cpu_target.target_context.codegen().magic_tuple()[2]
LANES = 1024 if _WIDE else 512
"""Rows of one vector: half of the processor's registers if it has those of 512 bits, else all.

It depends on the very features of the processor that numba's cache tells apart.
"""

ALIGNED = 64
"""A vector in memory that begins at a multiple of this straddles no line of the cache."""

_bytes = ir.VectorType(ir.IntType(8), LANES)
_words = ir.VectorType(ir.IntType(16), LANES)
_first_lane = ir.Constant(ir.VectorType(ir.IntType(32), LANES), None)
_Made = tuple[Any, Callable[..., Any]]


class _BytesType(types.Type):  # type: ignore[misc]  # numba carries no types
    def __init__(self) -> None:
        super().__init__(name=f"Bytes{LANES}")


bytes_type = _BytesType()
"""numba's type of a vector of `LANES` bytes."""


@register_model(_BytesType)
class _BytesModel(models.PrimitiveModel):  # type: ignore[misc]  # numba carries no types
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _bytes)


def _place(context: Any, builder: Any, signature: Any, args: Any, kind: Any) -> Any:
    """Point at the vector that begins at entry ``args[1]`` of the array ``args[0]``."""
    array = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=args[0])
    return builder.bitcast(builder.gep(array.data, [args[1]]), kind.as_pointer())


def _spread(builder: Any, value: Any) -> Any:
    nothing = ir.Constant(_bytes, ir.Undefined)
    one = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(one, nothing, _first_lane)


@intrinsic
def fill(typing: Any, value: Any) -> _Made:
    """Return a vector of one byte over and over."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _spread(builder, args[0])

    return bytes_type(types.uint8), make


@intrinsic
def load(typing: Any, array: Any, at: Any) -> _Made:
    """Return the vector that begins at ``array[at]``."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load(_place(context, builder, signature, args, _bytes), align=1)

    return bytes_type(array, types.uint64), make


@intrinsic
def store(typing: Any, array: Any, at: Any, vector: Any) -> _Made:
    """Write a vector from ``array[at]`` on."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _place(context, builder, signature, args, _bytes), align=1)
        return context.get_dummy_value()

    return types.void(array, types.uint64, bytes_type), make


@intrinsic
def add(typing: Any, array: Any, at: Any, vector: Any) -> _Made:
    """Add a vector of unsigned bytes to the 16 bits a row from ``array[at]`` on."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _place(context, builder, signature, args, _words)
        more = builder.zext(args[2], _words)
        builder.store(builder.add(builder.load(place, align=2), more), place, align=2)
        return context.get_dummy_value()

    return types.void(array, types.uint64, bytes_type), make


@intrinsic
def choose(typing: Any, array: Any, at: Any, limit: Any, above: Any, other: Any) -> _Made:
    """Return ``above`` in lanes where the signed byte of the array is above ``limit``."""

    def make(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = builder.load(_place(context, builder, signature, args, _bytes), align=1)
        higher = builder.icmp_signed(">", values, _spread(builder, args[2]))
        return builder.select(higher, args[3], args[4])

    return bytes_type(array, types.uint64, types.int8, bytes_type, bytes_type), make
