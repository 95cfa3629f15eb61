"""What a process counts, in files: others read them, and they outlive it.

The files are those of prometheus_client's multiprocess mode: one of each kind a process, mapped
into memory, so that counting is a write to memory and nothing is lost with a killed process.
What processes counted that are gone is added to a file of the past, so that sums never fall.
"""

from __future__ import annotations

import fcntl
import os
import platform
import re
import struct
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.utils import floatToGoString

from appliance.core.errors import StorageError
from appliance.core.log import get
from appliance.metrics.catalog import BY_NAME
from appliance.metrics.described import OTHER, Described

_log = get(__name__)
_PAST = "past"
_DAMAGE = (OSError, ValueError, RuntimeError, struct.error)
"""What reading such a file ends with."""
_KEPT = ("counter", "histogram")
_MOST = 1_000
"""Sets of labels of one metric that a process tells apart."""


class Cell:
    """One number of a book."""

    __slots__ = ("_file", "_key", "_lock", "_value")

    def __init__(self, file: MmapedDict, key: str, lock: threading.Lock) -> None:
        self._file: MmapedDict | None = file
        self._key, self._lock = key, lock
        self._value: float = file.read_value(key)[0]

    def add(self, amount: float) -> None:
        """Add to it; to nothing once the book is closed."""
        with self._lock:
            if self._file is not None:
                self._value += amount
                self._file.write_value(self._key, self._value, 0.0)

    def set(self, value: float) -> None:
        """Let it be a value."""
        self.add(value - self._value)

    def close(self) -> None:
        """Take no more; the caller holds the lock."""
        self._file = None


class Buckets:
    """The numbers of one histogram of a book."""

    __slots__ = ("_bounds", "_cells", "_sum")

    def __init__(self, bounds: Sequence[float], cells: Sequence[Cell], total: Cell) -> None:
        self._bounds, self._cells, self._sum = bounds, cells, total

    def observe(self, value: float) -> None:
        """Count one value."""
        self._cells[bisect_left(self._bounds, value)].add(1.0)
        self._sum.add(value)

    def add(self, counts: Sequence[int], total: float) -> None:
        """Count many values at once: how many are in each bucket, and their sum."""
        for cell, count in zip(self._cells, counts, strict=True):
            if count:
                cell.add(count)
        self._sum.add(total)


class Book:
    """The figures of one process of a home.

    Parameters
    ----------
    folder
        Of all processes of the role.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        machine = re.sub(r"[^A-Za-z0-9.-]", "-", platform.node()) or "machine"
        self._name = f"{machine}-{os.getpid()}"
        self._lock = threading.Lock()
        self._making = threading.Lock()
        self._files: dict[str, MmapedDict] = {}
        self._cells: dict[tuple[str, ...], Cell] = {}
        self._buckets: dict[tuple[str, ...], Buckets] = {}
        self._known: dict[str, set[tuple[str, ...]]] = {}
        self._all: list[Cell] = []
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _held(folder, fcntl.LOCK_EX):
            self._alive = _opened(folder / f"{self._name}.lock")
            fcntl.flock(self._alive, fcntl.LOCK_EX)
            (folder / f"gauge_livesum_{self._name}.db").unlink(missing_ok=True)
            _fold(folder)

    def cell(self, name: str, *labels: str) -> Cell:
        """Return a counter or gauge by the values of its labels."""
        found = self._cells.get((name, *labels))
        if found is None:
            with self._making:
                told = BY_NAME[name]
                labels = self._bounded(told, labels)
                found = self._cells.get((name, *labels))
                if found is None:
                    found = self._made(told, told.name, told.labels, labels)
                    self._cells[name, *labels] = found
        return found

    def holds(self, name: str) -> bool:
        """Whether a counter or gauge without labels was ever asked for."""
        return (name,) in self._cells

    def buckets(self, name: str, *labels: str) -> Buckets:
        """Return a histogram by the values of its labels."""
        found = self._buckets.get((name, *labels))
        if found is None:
            with self._making:
                told = BY_NAME[name]
                labels = self._bounded(told, labels)
                found = self._buckets.get((name, *labels))
                if found is None:
                    found = self._histogram(told, labels)
                    self._buckets[name, *labels] = found
        return found

    def _bounded(self, told: Described, labels: tuple[str, ...]) -> tuple[str, ...]:
        """Return the values of labels, or others if there would be too many of them."""
        known = self._known.setdefault(told.name, set())
        if len(known) < _MOST:
            known.add(labels)
        return labels if labels in known else (OTHER,) * len(labels)

    def _histogram(self, told: Described, labels: tuple[str, ...]) -> Buckets:
        names, bounds = (*told.labels, "le"), (*map(floatToGoString, told.buckets), "+Inf")
        cells = [self._made(told, f"{told.name}_bucket", names, (*labels, le)) for le in bounds]
        total = self._made(told, f"{told.name}_sum", told.labels, labels)
        return Buckets(told.buckets, cells, total)

    def _made(
        self, told: Described, sample: str, names: Sequence[str], labels: Sequence[str]
    ) -> Cell:
        kind = "gauge_livesum" if told.kind == "gauge" else told.kind
        if kind not in self._files:
            path = self._folder / f"{kind}_{self._name}.db"
            _opened(path).close()
            self._files[kind] = MmapedDict(str(path))
        key = mmap_key(told.family, sample, list(names), list(labels), told.help)
        with self._lock:
            made = Cell(self._files[kind], key, self._lock)
        self._all.append(made)
        return made

    def close(self) -> None:
        """Give the files up: they are part of the past from now on."""
        with self._making, self._lock:
            for cell in self._all:
                cell.close()
            for file in self._files.values():
                file.close()
        self._alive.close()


_book: Book | None = None
SETTLED: list[Callable[[], None]] = []
"""What writes down what was only noted; called before this process's figures are read."""
_SETTLE_SECONDS = 1.0


def book() -> Book | None:
    """Return what this process counts into; None where nothing is kept."""
    return _book


@contextmanager
def kept(home: Path, role: str) -> Iterator[None]:
    """Keep what this process counts, as one of a role's, as long as the block runs.

    Where the home cannot be written, nothing is counted: figures are worth no outage.
    """
    global _book  # noqa: PLW0603 - a process counts into one book, wherever it counts
    try:
        made = Book(_folder(home, role))
    except _DAMAGE as error:
        _log.warning("nothing is counted: %s", error)
        yield
        return
    _book = made
    ending = threading.Event()
    threading.Thread(target=_settle_often, args=[ending], name="figures", daemon=True).start()
    try:
        yield
    finally:
        ending.set()
        _settle()
        _book = None
        made.close()


def _settle() -> None:
    for write in SETTLED:
        write()


def _settle_often(ending: threading.Event) -> None:
    while not ending.wait(_SETTLE_SECONDS):
        _settle()


def read(home: Path, role: str) -> list[Metric]:
    """Return what all processes of a role have counted, those that are gone included.

    Raises
    ------
    StorageError
        A file is damaged.
    """
    folder = _folder(home, role)
    _settle()
    if not folder.is_dir():
        return []
    try:
        with _held(folder, fcntl.LOCK_EX):
            _fold(folder)
            files = [str(path) for path in folder.glob("*.db") if path.stat().st_size]
            return list(MultiProcessCollector.merge(files))
    except _DAMAGE as error:
        raise StorageError(f"the figures in {folder} cannot be read: {error}.") from error


# ---------------------------------------------------------------- the past
def _folder(home: Path, role: str) -> Path:
    return home / "run" / "metrics" / role


def _fold(folder: Path) -> None:
    """Add what dead processes counted to the past.

    Whoever is killed between the two last lines counts a process twice: that is a moment, and
    the other order would lose it.
    """
    for lock in folder.glob("*.lock"):
        name = lock.name.removesuffix(".lock")
        if name == _PAST or not _dead(lock):
            continue
        for kind in _KEPT:
            left = folder / f"{kind}_{name}.db"
            if left.exists() and left.stat().st_size:
                _add(folder / f"{kind}_{_PAST}.db", left)
            left.unlink(missing_ok=True)
        (folder / f"gauge_livesum_{name}.db").unlink(missing_ok=True)
        lock.unlink(missing_ok=True)


def _add(path: Path, left: Path) -> None:
    """Add what one file holds to another; what a power cut damaged is begun anew."""
    try:
        values = list(MmapedDict.read_all_values_from_file(str(left)))
    except _DAMAGE as error:
        _log.warning("figures of a process that is gone are lost: %s", error)
        return
    try:
        past = _past(path)
    except _DAMAGE as error:
        _log.warning("figures of processes that are gone are lost: %s", error)
        path.unlink()
        past = _past(path)
    for key, value, _, _ in values:
        past.write_value(key, past.read_value(key)[0] + value, 0.0)
    past.close()


def _past(path: Path) -> MmapedDict:
    _opened(path).close()
    return MmapedDict(str(path))


def _dead(lock: Path) -> bool:
    """Whether the process that holds a lock is gone: the system gives the lock back then."""
    try:
        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def _held(folder: Path, how: int) -> Iterator[None]:
    """Hold the folder's lock, which is never held for longer than it takes to read it."""
    with _opened(folder / f"{_PAST}.lock") as file:
        fcntl.flock(file, how)
        yield


def _opened(path: Path) -> IO[str]:
    """Open a file that its owner alone may read, made if it is not there."""
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
