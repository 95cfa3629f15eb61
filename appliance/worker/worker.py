"""The worker's loop: signs of life, orphans, the queue, stops, schedules."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.core.clock import monotonic, now
from appliance.core.errors import StorageError
from appliance.core.log import get
from appliance.jobs.durable import Durable
from appliance.jobs.store.claims import Claim, ClaimStore
from appliance.jobs.store.runs import RunStore
from appliance.jobs.store.workers import WorkerStore
from appliance.pipelines.catalog import catalog
from appliance.pipelines.site import Site
from appliance.worker.feeder import Feeder
from appliance.worker.herald import Herald
from appliance.worker.life import Life
from appliance.worker.lives import Lives
from appliance.worker.quiet import Quiet
from appliance.worker.run import Runner, Running, Why

_log = get(__name__)
_UNKNOWN_SECONDS = 3600.0
_RECENTLY = 2.0


@dataclass(frozen=True)
class Pace:
    """How often a worker does what, in seconds.

    Attributes
    ----------
    busy, look
        Looks for jobs that wait: shortly after one began or ended, and else; and for those to
        be stopped.
    fire, realign
        Looks for orphans and for schedules that are due, and whether the clock was set back.
    beat, patience
        Signs of life, and how long another may give none.
    meter
        Between two times at which it is kept what jobs at work have used.
    away
        Between two tries to reach a database that is away.
    calm
        How long jobs at work may take to stop when the process ends.
    """

    busy: float = 0.01
    look: float = 0.2
    fire: float = 1.0
    realign: float = 30.0
    beat: float = 5.0
    meter: float = 10.0
    patience: float = 60.0
    away: float = 1.0
    calm: float = 5.0


class Worker:
    """Runs the jobs of a site, some at once.

    Parameters
    ----------
    site
        Whose jobs.
    name
        No other worker that lives has it.
    """

    def __init__(self, site: Site, name: str, pace: Pace | None = None) -> None:
        self.id = f"{name}.{secrets.token_hex(4)}"
        self.life = Life()
        self._site = site
        self._name = name
        self._pace = pace or Pace()
        self._lives = Lives(self._pace.patience)
        self._running: dict[str, Running] = {}
        self._over: list[str] = []
        self._wake = threading.Event()
        self._due: dict[str, float] = {}
        self._moved = monotonic()
        self._away = self._lost = False
        self.life.insist(lambda: site.database.ping())  # noqa: PLW0108 - opening it may fail too
        self._workers = WorkerStore(site.database)
        self._claims = ClaimStore(site.database)
        self._queue, self._orphans = Quiet(site.database), Quiet(site.database)
        self._runs = RunStore(site.database, self.id)
        self._durable = Durable(site.settings.jobs_database, self.id, self._body)
        self._runner = Runner(site, self._durable, self._runs, self.life)

    # ------------------------------------------------------------------ the process
    def serve(self, listen: Callable[[], None]) -> bool:
        """Run jobs until the process is to end; whether that was asked for.

        Parameters
        ----------
        listen
            Hears what asks for the end; called with every look for jobs.
        """
        self.life.insist(lambda: self._workers.enter(self.id, self._name, os.getpid(), now()))
        self._durable.launch(self.life.insist(self._workers.beats))
        Herald(self._site, self.life).start()
        Feeder(self._site, self.id, self.life).start()
        _log.info("worker %s is ready", self.id)
        while not (self.life.ending or self._lost):
            listen()
            with self._reached():
                self._round()
            self._wake.wait(self._pause())
            self._wake.clear()
        self._leave()
        return not self._lost

    def entered(self) -> bool:
        """Whether this process has noted in the database that it lives, and still counts.

        Raises
        ------
        StorageError
            The database is away.
        """
        return self._workers.beats().get(self.id, 0) > 0

    def end(self) -> None:
        """Let the loop end."""
        self.life.end()
        self._wake.set()

    def _round(self) -> None:
        pace = self._pace
        for work, seconds in (
            (self._beat, pace.beat),
            (self._stop, pace.look),
            (self._fire, pace.fire),
            (self._realign, pace.realign),
            (self._runner.keep, pace.meter),
        ):
            at = monotonic()
            if at >= self._due.get(work.__name__, 0.0):
                work()
                self._due[work.__name__] = at + seconds
        while len(self._running) < self._site.settings.jobs_at_once and not self._lost:
            if not self._begin():
                return

    def _pause(self) -> float:
        """Return the seconds until the next round."""
        if self._away:
            return self._pace.away
        recently = monotonic() - self._moved < _RECENTLY
        return self._pace.busy if recently else self._pace.look

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Go on without a database, and say once that it is away and once that it is back."""
        try:
            yield
        except StorageError as error:
            if not self._away:
                _log.warning("%s It is tried again.", error)
            self._away = True
            return
        if self._away:
            _log.warning("the database is back.")
        self._away = False

    def _leave(self) -> None:
        """Stop what runs, and let others have it at once."""
        self.life.end()
        for running in list(self._running.values()):
            running.stop.ask("the worker ends.")
        self.life.calm(len(self._running), self._pace.calm)
        try:
            self._claims.release(self.id)
            self._workers.leave(self.id)
        except StorageError as error:
            _log.warning("%s", error)

    # ------------------------------------------------------------------ rounds
    def _beat(self) -> None:
        self._lost = not self._workers.beat(self.id, now())
        if self._lost:
            _log.error("worker %s was taken for dead: it ends", self.id)
            return
        for worker in self._lives.dead(self._workers.beats()):
            if worker != self.id:
                _log.warning("worker %s died: its jobs are taken over", worker)
                self._workers.leave(worker)

    def _stop(self) -> None:
        for job in self._runs.cancelling() if self._running else ():
            if job in self._running:
                self._running[job].stop.ask(Why.ASKED)
        for running in list(self._running.values()):
            if running.late:
                running.stop.ask(Why.LATE)

    def _fire(self) -> None:
        for job in self._site.schedules.fire():
            _log.info("%s %s for schedule %s", job.id, job.pipeline, job.schedule)

    def _realign(self) -> None:
        for name in self._site.schedules.realign():
            _log.warning("the clock was set back: schedule %s comes sooner", name)

    # ------------------------------------------------------------------ jobs
    def _begin(self) -> bool:
        """Begin one more job; False if there is none."""
        claim = self._orphan() or self._queue.look(lambda: self._claims.claim(self.id, now()))
        if claim is None:
            return False
        self._moved = monotonic()
        self._running[claim.job] = self._prepared(claim)
        # In a thread: what keeps the steps may be away, and signs of life must go on.
        threading.Thread(target=self._start, args=[claim], daemon=True).start()
        return True

    def _orphan(self) -> Claim | None:
        at = monotonic()
        if at < self._due.get("orphans", 0.0):
            return None
        found = self._orphans.look(lambda: self._claims.adopt(self.id, now()))
        if found is None:
            self._due["orphans"] = at + self._pace.fire
        return found

    def _start(self, claim: Claim) -> None:
        self._durable.run(claim.job, claim.rewind)
        if claim.rewind is not None:
            self.life.insist(lambda: self._claims.begun(claim.job, self.id))
        over, self._over = self._over, []
        self._over += self._durable.forget(over) if over else ()

    def _prepared(self, claim: Claim) -> Running:
        spec = catalog().get(claim.pipeline)
        seconds = spec.terms.timeout.total_seconds() if spec else _UNKNOWN_SECONDS
        running = Running(claim.job, seconds, claim.deaths)
        if claim.cancelled:
            running.stop.ask(Why.ASKED)
        return running

    def _body(self, job: str) -> None:
        """Run a job in a thread of its own."""
        running = self._running.get(job)
        if running is None:
            _log.warning("job %s is not this worker's", job)
            return
        if self._runner.run(running):
            self._over.append(job)
        del self._running[job]
        self._moved = monotonic()
        self._wake.set()
