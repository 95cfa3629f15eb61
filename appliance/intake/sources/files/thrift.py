"""Thrift's compact protocol, as far as Parquet's footers and page headers need it.

Reads plain values and runs nothing.  Every length is held against the bytes that are left, so
that no claim of a hostile file costs more than the file itself.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Fields: TypeAlias = dict[int, Any]
"""Values of a structure by the numbers of its fields."""

_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT = (
    1,
    2,
    3,
    7,
    8,
    9,
    10,
    11,
    12,
)
_INTEGERS = (4, 5, 6)
_DEEPEST = 24


class Malformed(ValueError):
    """The bytes are none of the protocol."""


class Reader:
    """Reads structures from bytes.

    Parameters
    ----------
    data
        The bytes; `position` is where the next structure begins.
    """

    def __init__(self, data: bytes | memoryview) -> None:
        self._data = memoryview(data)
        self.position = 0

    def struct(self, depth: int = 0) -> Fields:
        """Return the next structure.

        Raises
        ------
        Malformed
            It is cut off, nested too deeply, or none.
        """
        if depth > _DEEPEST:
            raise Malformed("nested too deeply")
        fields: Fields = {}
        number = 0
        while True:
            head = self._byte()
            if head == 0:
                return fields
            kind, step = head & 0x0F, head >> 4
            number = number + step if step else self._signed()
            if kind in (_TRUE, _FALSE):
                fields[number] = kind == _TRUE
            else:
                fields[number] = self._value(kind, depth)

    def _value(self, kind: int, depth: int) -> Any:
        if kind in _INTEGERS:
            return self._signed()
        if kind == _BINARY:
            return bytes(self._take(self._unsigned()))
        if kind == _STRUCT:
            return self.struct(depth + 1)
        if kind in (_LIST, _SET):
            return self._list(depth)
        if kind in (_TRUE, _FALSE, _BYTE):
            return self._byte()
        if kind == _DOUBLE:
            return bytes(self._take(8))
        if kind == _MAP:
            return self._map(depth)
        raise Malformed(f"no kind of value: {kind}")

    def _list(self, depth: int) -> list[Any]:
        head = self._byte()
        size = head >> 4 if head >> 4 < 15 else self._unsigned()
        self._claim(size, depth)
        return [self._value(head & 0x0F, depth + 1) for _ in range(size)]

    def _map(self, depth: int) -> list[tuple[Any, Any]]:
        size = self._unsigned()
        if not size:
            return []
        self._claim(size, depth)
        kinds = self._byte()
        return [
            (self._value(kinds >> 4, depth + 1), self._value(kinds & 0x0F, depth + 1))
            for _ in range(size)
        ]

    def _claim(self, size: int, depth: int) -> None:
        """Refuse more values than there are bytes: each takes at least one."""
        if size > len(self._data) - self.position or depth > _DEEPEST:
            raise Malformed("more values than bytes")

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, size: int) -> memoryview:
        end = self.position + size
        if end > len(self._data):
            raise Malformed("cut off")
        taken = self._data[self.position : end]
        self.position = end
        return taken

    def _unsigned(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise Malformed("no number ends")

    def _signed(self) -> int:
        value = self._unsigned()
        return (value >> 1) ^ -(value & 1)
