"""Arrow streams: weighed message by message, then rewritten as Parquet batch by batch."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import polars as pl
from polars.io.plugins import register_io_source

from appliance.core.errors import BadFile, LimitExceeded
from appliance.intake.sources.files.weight import Allowed

SIGN = b"\xff\xff\xff\xff"
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
_MOST_METADATA = 16 * 2**20
_CELL = 8
_END = SIGN + b"\0\0\0\0"
_DAMAGED = (struct.error, ValueError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


@dataclass(frozen=True)
class _Message:
    """One message: what it is, where it stands, what it unpacks to."""

    kind: int
    start: int
    size: int
    unpacked: int


def to_parquet(path: Path, target: Path, allowed: Allowed) -> None:
    """Rewrite an Arrow stream as Parquet.

    Raises
    ------
    BadFile
        It is damaged or holds no batch.
    LimitExceeded
        It unpacks to more than is allowed.
    """
    try:
        with path.open("rb") as handle:
            messages = list(_messages(handle, path.name, allowed))
            if not any(message.kind == _BATCH for message in messages):
                raise BadFile(f"{path.name} holds no rows.")
            schema = _read(handle, messages, None).schema
        if len(schema) > allowed.columns:
            raise LimitExceeded(
                f"{path.name} has {len(schema):,} columns, {allowed.columns:,} are allowed."
            )
        _sink(path, messages, schema, target)
    except _DAMAGED as error:
        first = str(error).splitlines()[:1]
        raise BadFile(f"{path.name} is no Arrow stream: {''.join(first)}.") from error


def _sink(path: Path, messages: list[_Message], schema: pl.Schema, target: Path) -> None:
    def batches(
        with_columns: list[str] | None,
        predicate: pl.Expr | None,
        n_rows: int | None,  # noqa: ARG001 - asked for by none
        batch_size: int | None,  # noqa: ARG001 - they are as they were sent
    ) -> Iterator[pl.DataFrame]:
        with path.open("rb") as handle:
            for message in messages:
                if message.kind == _BATCH:
                    frame = _read(handle, messages, message)
                    frame = frame if with_columns is None else frame.select(with_columns)
                    yield frame if predicate is None else frame.filter(predicate)

    lazy = register_io_source(batches, schema=schema)
    lazy.sink_parquet(target, compression="lz4", engine="streaming")


def _read(handle: BinaryIO, messages: list[_Message], batch: _Message | None) -> pl.DataFrame:
    """Return one batch as a stream of its own would give it; without one, no rows."""
    parts = []
    for message in messages:
        before = batch is None or message.start < batch.start
        if message is batch or (before and message.kind in (_SCHEMA, _DICTIONARY)):
            handle.seek(message.start)
            parts.append(handle.read(message.size))
    return pl.read_ipc_stream(b"".join([*parts, _END]))


def _messages(handle: BinaryIO, name: str, allowed: Allowed) -> Iterator[_Message]:
    total = 0
    end = handle.seek(0, 2)
    position = 0
    while position + 8 <= end:
        handle.seek(position)
        sign, length = struct.unpack("<4si", handle.read(8))
        if sign != SIGN:
            raise ValueError("a message without its sign")
        if length == 0:
            return
        if not 0 < length <= min(_MOST_METADATA, end - position - 8):
            raise ValueError("a message of an impossible length")
        kind, body, unpacked = _weigh(handle, position + 8, length, end)
        total += unpacked
        for size, most in ((unpacked, allowed.group), (total, allowed.bytes)):
            if size > most:
                raise LimitExceeded(
                    f"{name} unpacks to more than {most:,} bytes.",
                    remedy="Send it in several parts, with smaller batches.",
                )
        size = 8 + length + body
        yield _Message(kind, position, size, unpacked)
        position += size


def _weigh(handle: BinaryIO, start: int, length: int, end: int) -> tuple[int, int, int]:
    """Return what a message is, the bytes of its body, and what they unpack to."""
    data = handle.read(length)
    message = _Table(data, _number(data, 0, "<I"))
    kind, body = message.integer(1, "<B"), message.integer(3, "<q")
    if not 0 <= body <= end - start - length:
        raise ValueError("a body of an impossible length")
    batch = message.table(2)
    if kind == _DICTIONARY and batch is not None:
        batch = batch.table(1)
    if kind not in (_DICTIONARY, _BATCH) or batch is None:
        return kind, body, body
    rows, columns = batch.integer(0, "<q"), batch.vector(1)[1]
    unpacked = max(body, max(rows, 0) * columns * _CELL)
    if batch.table(3) is None:
        return kind, body, unpacked
    first, count = batch.vector(2)
    claimed = 0
    for number in range(count):
        offset, size = struct.unpack_from("<qq", data, first + 16 * number)
        if size < 8:
            continue
        if not 0 <= offset <= body - 8:
            raise ValueError("a buffer outside of its message")
        handle.seek(start + length + offset)
        claimed += max(_number(handle.read(8), 0, "<q"), size)
    return kind, body, max(unpacked, claimed)


class _Table:
    """A table of FlatBuffers: its fields by their numbers."""

    def __init__(self, data: bytes, position: int) -> None:
        self._data = data
        self._position = position
        self._fields = position - _number(data, position, "<i")
        self._size = _number(data, self._fields, "<H")

    def _at(self, number: int) -> int | None:
        place = 4 + 2 * number
        if place + 2 > self._size:
            return None
        offset = _number(self._data, self._fields + place, "<H")
        return self._position + offset if offset else None

    def integer(self, number: int, form: str) -> int:
        """Return a number; 0 if it is not said."""
        at = self._at(number)
        return 0 if at is None else _number(self._data, at, form)

    def table(self, number: int) -> _Table | None:
        """Return a table within; None if there is none."""
        at = self._at(number)
        return None if at is None else _Table(self._data, at + _number(self._data, at, "<I"))

    def vector(self, number: int) -> tuple[int, int]:
        """Return where a vector's first element stands, and how many there are."""
        at = self._at(number)
        if at is None:
            return 0, 0
        first = at + _number(self._data, at, "<I")
        count = _number(self._data, first, "<I")
        if count > len(self._data):
            raise ValueError("a vector of an impossible length")
        return first + 4, count


def _number(data: bytes, at: int, form: str) -> int:
    if at < 0:
        raise ValueError("an offset before the beginning")
    (value,) = struct.unpack_from(form, data, at)
    return int(value)
