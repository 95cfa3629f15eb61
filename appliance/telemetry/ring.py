"""One figure's history in a file that never grows: each resolution is a ring of stretches.

A stretch of a lap ago is overwritten by the one of now.  A slot is 32 bytes and begins at a
multiple of that: it lies within one sector of a disk, and is whole after a power cut.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.core.disk import is_full
from appliance.core.errors import StorageError, StorageFull
from appliance.telemetry.rollup import RESOLUTIONS, Resolution, Summary

_SLOT = struct.Struct("<IIddd")
_MAGIC = b"kizashi telemetry 1\n"
_HEAD = 512
_EMPTY = b"\0" * _SLOT.size
SIZE = _HEAD + sum(one.slots for one in RESOLUTIONS) * _SLOT.size
"""Bytes of a file, of which the disk holds those that were ever written."""


class Ring:
    """The history of one figure.

    One process writes it at a time; others may read meanwhile.

    Parameters
    ----------
    path
        Its file, made when something is first written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, at: float, value: float) -> None:
        """Put a measurement of now into each resolution.

        Parameters
        ----------
        at
            Seconds since 1970.

        Raises
        ------
        StorageFull, StorageError
            It cannot be written.
        """
        with self._errors(), self._opened() as file:
            for resolution in RESOLUTIONS:
                number = int(at // resolution.step)
                place = _place(resolution, number)
                kept = _read(os.pread(file, _SLOT.size, place))
                told = Summary.of(value)
                # Any other stretch in this place is of a lap before, or of a wrong clock.
                if kept is not None and kept[0] == number:
                    told = kept[1].merged(told)
                slot = _SLOT.pack(number, told.count, told.total, told.least, told.most)
                os.pwrite(file, slot, place)

    def read(self, resolution: Resolution, first: int, last: int) -> dict[int, Summary]:
        """Return the stretches of a closed range of numbers that hold something.

        Raises
        ------
        StorageError
            The file cannot be read.
        """
        count = min(last - first + 1, resolution.slots)
        with self._errors():
            try:
                with self._path.open("rb", buffering=0) as file:
                    if file.read(len(_MAGIC)) != _MAGIC:
                        return {}
                    found = list(_slots(file.fileno(), resolution, first, count))
            except FileNotFoundError:
                return {}
        return {number: told for number, told in found if first <= number <= last}

    @contextmanager
    def _opened(self) -> Iterator[int]:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            if os.pread(file, len(_MAGIC), 0) != _MAGIC or os.fstat(file).st_size != SIZE:
                # New, or of another version: what it held is no loss.
                os.ftruncate(file, 0)
                os.ftruncate(file, SIZE)
                os.pwrite(file, _MAGIC, 0)
            yield file
        finally:
            os.close(file)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if is_full(error):
                raise StorageFull(
                    f"there is no space left for {self._path}.", remedy="Make room there."
                ) from error
            raise StorageError(f"{self._path} cannot be used: {error}.") from error


def _place(resolution: Resolution, number: int) -> int:
    before = RESOLUTIONS[: RESOLUTIONS.index(resolution)]
    slot = sum(one.slots for one in before) + number % resolution.slots
    return _HEAD + slot * _SLOT.size


def _slots(
    file: int, resolution: Resolution, first: int, count: int
) -> Iterator[tuple[int, Summary]]:
    """Yield what `count` slots hold, from that of a stretch on; the ring may close between."""
    until_closed = min(resolution.slots - first % resolution.slots, count)
    parts = ((first, until_closed), (first + until_closed, count - until_closed))
    for number, slots in parts:
        held = os.pread(file, slots * _SLOT.size, _place(resolution, number))
        for at in range(0, len(held) - len(held) % _SLOT.size, _SLOT.size):
            found = _read(held[at : at + _SLOT.size])
            if found is not None:
                yield found


def _read(slot: bytes) -> tuple[int, Summary] | None:
    """Return the number of a stretch and what it is; None for one that holds nothing."""
    if len(slot) < _SLOT.size or slot == _EMPTY:
        return None
    number, count, total, least, most = _SLOT.unpack(slot)
    return (number, Summary(count, total, least, most)) if count and least <= most else None
