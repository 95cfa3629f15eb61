"""Messages on disk, from their acknowledgement until they are brought in."""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.core.disk import to_disk
from appliance.core.errors import SourceError
from appliance.intake.sources.mqtt.messages import Said

MOST_BYTES = 256 * 2**20
"""Of what waits to be brought in; beyond it the broker has to keep messages."""
_SEGMENT_BYTES = 16 * 2**20
_OPEN, _SEALED = "open.jsonl", "sealed-*.jsonl"


class Spool:
    """Keeps what messages said, in segments that are brought in whole.

    Parameters
    ----------
    folder
        Of its own; what an earlier process left there is brought in first.

    Raises
    ------
    SourceError
        The folder cannot be used, or another process uses it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Dies with its process: whoever takes over waits until the other is gone.
            self._held = (folder / "lock").open("w")
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # A line that was cut off with its process ends here: nothing is written behind it.
            self._seal()
        except OSError as error:
            raise SourceError(
                f"the folder that messages are kept in cannot be used: {error.strerror}.",
                remedy="It is tried again; look whether another worker listens too.",
            ) from error

    def add(self, said: Sequence[Said]) -> None:
        """Keep what messages said; once this returns, a power cut loses none of it.

        Raises
        ------
        OSError
            It cannot be kept: nothing of it was.
        """
        if not said:
            return
        data = "".join(f"{json.dumps(one)}\n" for one in said).encode()
        with self._lock:
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
            handle = os.open(self._folder / _OPEN, flags, 0o600)
            try:
                before = os.fstat(handle).st_size
                try:
                    if os.write(handle, data) != len(data):
                        raise OSError(28, "No space left on device")
                    os.fsync(handle)
                except OSError:
                    with suppress(OSError):
                        os.ftruncate(handle, before)
                    raise
            finally:
                os.close(handle)
            if not before:
                to_disk([self._folder])
            if before + len(data) > _SEGMENT_BYTES:
                self._seal()

    def oldest(self) -> Path | None:
        """Return the oldest segment, to which nothing more is added; None if there is none."""
        with self._lock:
            if not self._segments():
                self._seal()
            found = self._segments()
            return found[0] if found else None

    def count(self) -> int:
        """Return how many segments wait."""
        return len(self._segments())

    @property
    def full(self) -> bool:
        """Whether nothing more is to be added before something was brought in."""
        size = 0
        for path in self._folder.glob("*.jsonl"):
            with suppress(FileNotFoundError):  # brought in meanwhile
                size += path.stat().st_size
        return size > MOST_BYTES

    def close(self) -> None:
        """Let another process have the folder."""
        self._held.close()

    def _seal(self) -> None:
        current = self._folder / _OPEN
        if current.exists():
            last = max(
                (int(path.stem[len("sealed-") :]) for path in self._segments()), default=0
            )
            current.rename(self._folder / f"sealed-{last + 1:012d}.jsonl")

    def _segments(self) -> list[Path]:
        return sorted(self._folder.glob(_SEALED))


def read(segment: Path) -> list[list[Any]]:
    """Return what a segment holds; a line that was cut off was never acknowledged."""
    found = []
    for line in segment.read_text("utf-8", errors="replace").splitlines():
        with suppress(ValueError):
            found.append(json.loads(line))
    return found
