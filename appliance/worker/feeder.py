"""Runs the sources of a site, each in a thread of its own, by exactly one worker each."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import timedelta

from appliance.core.errors import KizashiError, NotHeld, SourceError, StorageError, TryAgain
from appliance.core.log import get
from appliance.intake.sources.live import Live
from appliance.intake.store.holding import Held
from appliance.pipelines.site import Site
from appliance.pipelines.sources import fail, look, open_source
from appliance.worker.life import Life
from appliance.worker.quiet import Quiet

_log = get(__name__)
_SECONDS = 1.0


class Feeder:
    """Takes the sources that no living worker runs, and runs them.

    Parameters
    ----------
    site
        Whose sources.
    worker
        As what this process is known among the workers.
    life
        Of the process: the sources end with it.
    seconds
        Between two looks for sources.
    """

    def __init__(self, site: Site, worker: str, life: Life, seconds: float = _SECONDS) -> None:
        self._site = site
        self._worker = worker
        self._life = life
        self._seconds = seconds
        self._busy = threading.Semaphore(site.settings.jobs_at_once)
        self._feeds: dict[str, Feed] = {}
        self._failed = False
        self._sources = Quiet(site.database)

    def start(self) -> None:
        """Begin to look, in a thread."""
        threading.Thread(target=self._serve, name="feeder", daemon=True).start()

    def _serve(self) -> None:
        while not self._life.wait(self._seconds):
            self._round()
        for feed in self._feeds.values():
            feed.end()

    def _round(self) -> None:
        """Look once; what fails is said once, and tried again with the next look."""
        try:
            held = self._sources.look(self._held) or {}
        except KizashiError as error:
            if not self._failed:
                _log.warning("sources cannot be looked for: %s It is tried again.", error)
            self._failed = True
            return
        except Exception:  # noqa: BLE001 - a thread that ended would never take a source
            _log.exception("sources cannot be looked for")
            return
        self._failed = False
        for source, feed in list(self._feeds.items()):
            if held.get(source) != feed.revision:
                feed.end()
            if not feed.is_alive():
                del self._feeds[source]
        for source, revision in held.items():
            if source not in self._feeds:
                feed = Feed(self._site, source, revision, self._worker, self._busy)
                self._feeds[source] = feed
                feed.start()

    def _held(self) -> dict[str, int] | None:
        return self._site.sources.holding.hold(self._worker) or None


class Feed(threading.Thread):
    """Runs one source until it ends, changes, or is another worker's.

    Parameters
    ----------
    source, revision
        Which one, as it is to be run.
    worker
        By which.
    busy
        Lets only so many bring something in at once.
    """

    def __init__(
        self, site: Site, source: str, revision: int, worker: str, busy: threading.Semaphore
    ) -> None:
        super().__init__(name=f"source {source}", daemon=True)
        self.revision = revision
        self._site = site
        self._source = source
        self._worker = worker
        self._busy = busy
        self._over = threading.Event()
        self._live: Live | None = None

    def end(self) -> None:
        """Let the source end; it is not waited for."""
        self._over.set()

    def run(self) -> None:
        """Look again and again; whatever fails is noted, and tried again later."""
        held: Held | None = None
        while not self._over.is_set():
            pause = timedelta(seconds=_SECONDS)
            try:
                if held is None:
                    held = self._site.sources.holding.open(self._source, self._worker)
                    if held is None or held.revision != self.revision:
                        break
                held, pause = self._looked(held)
            except NotHeld:
                break
            except StorageError as error:  # the database is away
                _log.warning("source %s: %s It is tried again.", self._source, error)
            self._over.wait(pause.total_seconds())
        self._left(held)

    def _looked(self, held: Held) -> tuple[Held, timedelta]:
        """Look once; return the source after that, and how long to wait."""
        try:
            if self._live is None:
                self._live = open_source(self._site, held)
            held, more = look(self._site, held, self._live, self._busy)
        except NotHeld:
            raise
        except TryAgain:
            return held, timedelta(seconds=_SECONDS)
        except KizashiError as error:
            self._hung_up()
            return fail(self._site, held, error)
        except Exception as error:  # noqa: BLE001 - the source must be tried again, and say so
            _log.exception("source %s failed", held.draft.name)
            self._hung_up()
            return fail(self._site, held, SourceError(f"{type(error).__name__}: {error}"))
        return held, timedelta() if more else timedelta(seconds=held.draft.every)

    def _hung_up(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.close()

    def _left(self, held: Held | None) -> None:
        """Hang up; for good where the source was removed, or leads elsewhere by now."""
        live, self._live = self._live, None
        if held is None or live is None:
            return
        gone = False
        with suppress(StorageError):
            gone = self._elsewhere(held)
        if gone:
            live.retire()
        else:
            live.close()

    def _elsewhere(self, held: Held) -> bool:
        if not self._site.sources.holding.exists(held.id):
            return True
        after = self._site.sources.holding.open(held.id, self._worker)
        return after is not None and _place(after) != _place(held)


def _place(held: Held) -> tuple[object, ...]:
    told = held.origin.model_dump()
    return tuple(told.get(name) for name in ("kind", "host", "port"))
