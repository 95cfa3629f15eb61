"""Listens to a broker: a message is acknowledged once it is safely on disk."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.core.clock import monotonic, now
from appliance.core.errors import SourceError
from appliance.intake.sources.live import Cursor, Pulled, stuck
from appliance.intake.sources.mqtt.line import BrokerLine
from appliance.intake.sources.mqtt.messages import Said, readings, said
from appliance.intake.sources.mqtt.spool import Spool, read
from appliance.schemas.source import Mqtt

_PATIENCE = 10.0
_AGAIN = 1.0
_MOST_WAITING = 20_000
_FILE = "readings.parquet"
_OPTIONS = {"time": "time", "asset": "asset", "layout": "long"}


@dataclass(frozen=True)
class _Came:
    """What a message said, and by what it is acknowledged."""

    said: tuple[Said, ...]
    number: int
    quality: int


class MqttSource:
    """Listens to a broker, and keeps what came until somebody pulls it.

    Parameters
    ----------
    origin
        What was asked for, with its password.
    folder
        Where messages are kept on their way.
    client
        What the broker knows the listener by: it keeps messages for it while it is away.
    keeps
        Whether messages are acknowledged; not where they are only looked at.
    """

    def __init__(self, origin: Mqtt, folder: Path, client: str, *, keeps: bool = True) -> None:
        self._origin = origin
        self._folder = folder
        self._spool = Spool(folder) if keeps else None
        self._changed = threading.Condition()
        self._waiting: list[_Came] = []
        self._session = 0
        self._refused = 0
        self._fault = ""
        self._over = False
        self._line = BrokerLine(origin, client, folder, self._said, self._lost, lasting=keeps)
        self._keeper = threading.Thread(target=self._keep, name="mqtt spool", daemon=True)
        if keeps:
            self._keeper.start()
        self._line.open()

    # ------------------------------------------------------------------ pulling
    def pull(self, _cursor: Cursor) -> Pulled | None:
        """Return the readings of what came so far."""
        spool = self._require_spool()
        while (segment := spool.oldest()) is not None:
            lines = read(segment)
            if lines:
                return self._pulled(segment, lines, more=spool.count() > 1)
            segment.unlink(missing_ok=True)
        if not self._line.listens(_PATIENCE) or self._fault:
            raise self._away()
        return self._nothing()

    def without(self, _pulled: Pulled, refused: Mapping[Path, str]) -> Cursor:
        """Go no further: messages are kept until they can be brought in."""
        raise SourceError(stuck(refused))

    def settle(self, pulled: Pulled) -> None:
        """Forget the messages."""
        if "segment" in pulled.cursor:
            (self._folder / str(pulled.cursor["segment"])).unlink(missing_ok=True)
        for path in pulled.paths:
            path.unlink(missing_ok=True)

    def sample(self, rows: int) -> Pulled:
        """Return readings of the messages that come first; none is acknowledged."""
        if not self._line.listens(_PATIENCE):
            raise self._away()
        until = monotonic() + _PATIENCE
        with self._changed:
            while not self._sayings() and (left := until - monotonic()) > 0:
                self._changed.wait(left)
            lines, came = self._sayings(), bool(self._waiting)
        if not lines:
            what = "no message that can be used" if came else "no message"
            raise SourceError(
                f"{what} came within {_PATIENCE:.0f} seconds.",
                remedy="Check the topic, and whether payloads are numbers or JSON.",
            )
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self._folder / _FILE
        readings(lines, self._origin.step).head(rows).write_parquet(path)
        return Pulled((path,), {}, options=_OPTIONS)

    def close(self) -> None:
        """Hang up; what came and was not acknowledged comes again."""
        with self._changed:
            self._over = True
            self._changed.notify_all()
        if self._keeper.is_alive():
            self._keeper.join(_PATIENCE)
        self._line.close()
        if self._spool is not None:
            self._spool.close()

    def retire(self) -> None:
        """Hang up for good: the broker keeps nothing more for the listener."""
        self.close()
        self._line.forget()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _require_spool(self) -> Spool:
        if self._spool is None:
            raise SourceError("messages that are only looked at are not kept.")
        return self._spool

    def _pulled(self, segment: Path, lines: list[list[object]], *, more: bool) -> Pulled:
        path = self._folder / _FILE
        try:
            readings(lines, self._origin.step).write_parquet(path)
        except OSError as error:
            raise SourceError(f"readings cannot be kept: {error.strerror}.") from error
        told = {"segment": segment.name}
        return Pulled((path,), told, more, _OPTIONS, self._uncounted())

    def _nothing(self) -> Pulled | None:
        """Return what there is to tell where nothing came that can be used."""
        refused = self._uncounted()
        return Pulled((), {}, refused=refused) if refused else None

    def _uncounted(self) -> int:
        with self._changed:
            refused, self._refused = self._refused, 0
        return refused

    def _sayings(self) -> list[Said]:
        return [one for came in self._waiting for one in came.said]

    def _away(self) -> SourceError:
        fault = self._fault or self._line.fault
        why = f": {fault.rstrip('.')}" if fault else ""
        return SourceError(
            f"the broker {self._origin.host}:{self._origin.port} gives nothing{why}.",
            remedy="Check host, port, TLS, name, password and topic.",
        )

    # ------------------------------------------------------------------ listening
    def _said(self, topic: str, payload: bytes, number: int, quality: int) -> None:
        """Take a message, in the thread of the line."""
        lines = tuple(said(self._origin, topic, payload, now()))
        with self._changed:
            if quality == 0 and len(self._waiting) >= _MOST_WAITING:
                self._refused += 1  # the broker would not keep it either
                return
            self._waiting.append(_Came(lines, number, quality))
            self._changed.notify_all()

    def _lost(self) -> None:
        """Drop what waits: the broker gives it again, under other numbers."""
        with self._changed:
            self._waiting.clear()
            self._session += 1

    # ------------------------------------------------------------------ keeping
    def _keep(self) -> None:
        """Keep what came, all that waits at a time, and acknowledge it after that."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._over)
                if self._over:
                    return
                came, session = list(self._waiting), self._session
            fault = self._kept(came)
            with self._changed:
                self._fault = fault
                if fault:
                    if self._changed.wait_for(lambda: self._over, _AGAIN):
                        return
                    continue
                if session != self._session:
                    continue
                del self._waiting[: len(came)]
                self._refused += sum(not one.said for one in came)
            for one in came:
                with suppress(OSError, ValueError):
                    self._line.acknowledge(one.number, one.quality)

    def _kept(self, came: list[_Came]) -> str:
        """Keep messages; return why they cannot be kept, empty if they are."""
        spool = self._require_spool()
        if spool.full:
            return "too much waits to be brought in"
        try:
            spool.add([one for message in came for one in message.said])
        except OSError as error:
            return f"messages cannot be kept: {error.strerror}"
        return ""
