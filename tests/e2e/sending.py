"""A gateway in the field: sends readings, and again until the site says that it took them."""

from __future__ import annotations

import threading
from collections.abc import Callable

import polars as pl

from appliance.client.fleet.fleet import Fleet
from appliance.core.errors import KizashiError

_PAUSE = 0.2


class Sender(threading.Thread):
    """Brings readings in, one small file after the other, until it is told to stop.

    Parameters
    ----------
    connect
        Opens a session with the site's fleet; called anew after each failure.
    frame
        Readings, sent moment by moment.

    Attributes
    ----------
    acknowledged
        Rows that the site said it took.
    repeated
        Files that were sent more than once, as nobody answered.
    """

    def __init__(self, connect: Callable[[], Fleet], frame: pl.DataFrame) -> None:
        super().__init__(name="sender")
        self._connect = connect
        self._frames = frame.partition_by("time", maintain_order=True)
        self._enough = threading.Event()
        self.acknowledged = self.repeated = 0
        self.failed: BaseException | None = None

    def run(self) -> None:
        """Send until it is enough."""
        try:
            for frame in self._frames:
                if self._enough.wait(_PAUSE):
                    return
                self._send(frame)
            raise AssertionError("there were too few readings for as long as it took")
        except BaseException as error:
            self.failed = error
            raise

    def _send(self, frame: pl.DataFrame) -> None:
        while True:
            try:
                self._connect().ingest(frame, asset="asset", time="time")
            except KizashiError:
                self.repeated += 1
                if self._enough.wait(1.0):
                    return
            else:
                self.acknowledged += frame.height
                return

    def end(self) -> int:
        """Return the rows that the site took, after the last of them."""
        self._enough.set()
        self.join()
        assert self.failed is None, self.failed
        return self.acknowledged
