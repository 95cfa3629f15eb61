"""What a file will be once it is unpacked, told before anything of it is.

A few bytes can stand for terabytes.  Parquet says so itself: in its footer and, where that
lies, in the header of each page, which is all that a reader goes by.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from appliance.core.errors import BadFile, LimitExceeded
from appliance.intake.sources.files.remedies import COPY
from appliance.intake.sources.files.thrift import Fields, Malformed, Reader

_MAGIC = b"PAR1"
_MOST_FOOTER = 32 * 2**20
_MOST_PAGES = 1_000_000
_HEADER, _MOST_HEADER = 512, 256 * 2**10
_CELL = 8
"""Bytes that a value takes in memory, however few it was packed into."""
_DICTIONARY = 2
_DAMAGED = (ValueError, struct.error, LookupError, TypeError, AttributeError, OverflowError)
"""What reading footers that are none comes to."""


@dataclass(frozen=True)
class Allowed:
    """What a file may unpack to.

    Attributes
    ----------
    bytes
        In all.
    group
        In one piece that is held in memory at once.
    columns
        Columns.
    """

    bytes: int
    group: int
    columns: int


def weigh_parquet(path: Path, allowed: Allowed) -> int:
    """Return how many bytes a Parquet file unpacks to.

    Raises
    ------
    BadFile
        It is damaged, encrypted, or keeps columns in other files.
    LimitExceeded
        It unpacks to more than is allowed.
    """
    with path.open("rb") as handle:
        try:
            footer = _footer(handle)
            return _Weighing(handle, path, allowed).of(footer)
        except _DAMAGED as error:
            raise BadFile(
                f"{path.name} is damaged: its footer cannot be read.", remedy=COPY
            ) from error


def _footer(handle: BinaryIO) -> Fields:
    size = handle.seek(0, 2)
    handle.seek(max(size - 8, 0))
    length, magic = struct.unpack("<I4s", handle.read(8))
    if magic != _MAGIC or length + 12 > size:
        raise Malformed("no footer")
    if length > _MOST_FOOTER:
        raise LimitExceeded(
            f"the footer has {length:,} bytes, {_MOST_FOOTER:,} are allowed.",
            remedy="Write fewer row groups or columns into one file.",
        )
    handle.seek(size - 8 - length)
    return Reader(handle.read(length)).struct()


class _Weighing:
    def __init__(self, handle: BinaryIO, path: Path, allowed: Allowed) -> None:
        self._handle = handle
        self._name = path.name
        self._size = path.stat().st_size
        self._allowed = allowed
        self._pages = 0

    def of(self, footer: Fields) -> int:
        total = 0
        for group in footer.get(4, []):
            columns, rows = group[1], group[3]
            if len(columns) > self._allowed.columns:
                raise self._too("columns", len(columns), self._allowed.columns)
            claimed = max(rows, 0) * len(columns) * _CELL
            self._hold(claimed, self._allowed.group, "in one row group")
            own = max(claimed, sum(self._chunk(column) for column in columns))
            self._hold(own, self._allowed.group, "in one row group")
            total += own
            self._hold(total, self._allowed.bytes, "in all")
        return total

    def _chunk(self, column: Fields) -> int:
        """Return what one column of a row group unpacks to, page by page."""
        if 1 in column:
            raise BadFile(f"{self._name} keeps a column in another file.")
        told = column[3]
        starts = [told[number] for number in (9, 11) if told.get(number)]
        position = min(starts)
        end = position + told[7]
        unpacked, values, entry = 0, 0, 0
        while position < end:
            self._pages += 1
            if self._pages > _MOST_PAGES:
                raise self._too("pages", self._pages, _MOST_PAGES)
            reader, page = self._page(position)
            size, packed = page[2], page[3]
            if min(size, packed) < 0:
                raise Malformed("a page of less than nothing")
            unpacked += size
            head = page.get(5) or page.get(8) or page.get(7) or {}
            if page[1] == _DICTIONARY:
                entry = max(entry, size // max(head.get(1, 1), 1))
            else:
                values += max(head.get(1, 0), 0)
            self._hold(
                unpacked + values * max(_CELL, entry), self._allowed.group, "in a column"
            )
            position += reader.position + packed
        return unpacked + values * max(_CELL, entry)

    def _page(self, position: int) -> tuple[Reader, Fields]:
        if not 0 <= position < self._size:
            raise Malformed("a page outside of its file")
        for size in (_HEADER, _MOST_HEADER):  # few have long statistics
            self._handle.seek(position)
            reader = Reader(self._handle.read(size))
            try:
                return reader, reader.struct()
            except Malformed:
                if size == _MOST_HEADER:
                    raise
        raise Malformed("no page")

    def _hold(self, size: int, most: int, where: str) -> None:
        if size > most:
            raise LimitExceeded(
                f"{self._name} unpacks to more than {most:,} bytes {where}.",
                remedy="Send it in several files, with smaller row groups.",
            )

    def _too(self, what: str, found: int, most: int) -> LimitExceeded:
        return LimitExceeded(f"{self._name} has {found:,} {what}, {most:,} are allowed.")
