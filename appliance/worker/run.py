"""One job in a thread of the worker, from its beginning or from where it stood to its end."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from appliance.core.clock import monotonic, now
from appliance.core.errors import Cancelled, EngineError, KizashiError, LimitExceeded
from appliance.core.log import get
from appliance.core.trail import Trail, following, span
from appliance.engine.meter import Used
from appliance.engine.stop import Stop, stoppable
from appliance.jobs.store.runs import RunStore, Told
from appliance.metrics import instruments
from appliance.pipelines import costs
from appliance.pipelines.catalog import catalog
from appliance.pipelines.site import Site
from appliance.pipelines.spec import Call
from appliance.schemas.job import Job, JobState
from appliance.telemetry.recording import Recorder
from appliance.worker.life import Life
from appliance.worker.progress import JobProgress
from appliance.worker.steps import DurableSteps, Keeper

_log = get(__name__)
_MOST_DEATHS = 5


class Why(StrEnum):
    """Why a job was stopped, in the words that are kept."""

    ASKED = "somebody asked for its end."
    LATE = "it took longer than it may."


@dataclass
class Running:
    """A job that this worker is at.

    Attributes
    ----------
    seconds
        How long it may take.
    deaths
        Workers that were lost in the step that it is in.
    """

    job: str
    seconds: float
    deaths: int = 0
    stop: Stop = field(default_factory=Stop)
    begun: float = field(default_factory=monotonic)

    @property
    def late(self) -> bool:
        """Whether it takes longer than it may."""
        return monotonic() - self.begun > self.seconds


@dataclass(frozen=True)
class _End:
    state: JobState
    result: Any = None
    error: KizashiError | None = None


class Runner:
    """Runs jobs of one worker.

    Parameters
    ----------
    site
        Where they work.
    keeper, store
        Where outputs of steps are kept, and what others see of them.
    life
        Of this process.
    """

    def __init__(self, site: Site, keeper: Keeper, store: RunStore, life: Life) -> None:
        self._site = site
        self._keeper = keeper
        self._store = store
        self._life = life
        self._recorders: dict[str, Recorder] = {}

    def keep(self) -> None:
        """Keep what the jobs at work have used so far."""
        for recorder in list(self._recorders.values()):
            recorder.keep()

    def run(self, running: Running) -> bool:
        """Run a job to its end, and return whether it succeeded; raises nothing."""
        job = self._life.insist(lambda: self._site.jobs.get(running.job))
        trail = Trail(request=job.request, job=job.id, trace=job.trace)
        with following(trail), span(f"job {job.pipeline}", attempt=job.attempt) as told:
            end = self._whole(job, running)
            if told is not None and end.error is not None:
                told.error = str(end.error)
        return end.state is JobState.SUCCEEDED

    def _whole(self, job: Job, running: Running) -> _End:
        """Run a job and note its end, also where that, and not the job, goes wrong."""
        progress = JobProgress(self._store, job.id, running.stop)
        try:
            return self._run(job, running, progress)
        except Exception as error:  # noqa: BLE001 - it would count as at work for ever
            _log.exception("the end of job %s could not be noted", job.id)
            self._recorders.pop(job.id, None)
            end = _unexpected(error)
            self._note(job, end, progress.last(_words(end)))
            return end

    def _run(self, job: Job, running: Running, progress: JobProgress) -> _End:
        if job.started is not None and job.attempt == 1 and running.deaths == 0:
            instruments.job_began(job.pipeline, (job.started - job.created).total_seconds())
        recorder = self._life.insist(lambda: costs.recorder(self._site, costs.of_job(job)))
        self._recorders[job.id] = recorder
        with recorder.measuring():
            end = self._ended(job, running, progress)
        del self._recorders[job.id]
        if self._life.ending:
            recorder.keep()
            self._life.rest()
        recorder.rows = costs.rows_of(end.result)
        kept = self._life.insist(lambda: recorder.end(end.state.value))
        self._note(job, end, progress.last(*_where(kept.used), _words(end)))
        took = (now() - (job.started or job.created)).total_seconds()
        instruments.job_ended(job.pipeline, end.state.value, took)
        _log.info("%s %s %s %s", job.id, job.pipeline, job.fleet or "", _words(end))
        return end

    def _note(self, job: Job, end: _End, told: Told) -> None:
        """Note in the database that a job has ended, and its last lines."""
        self._life.insist(
            lambda: self._store.end(
                job.id, end.state, now(), told, result=end.result, error=end.error
            )
        )

    def _ended(self, job: Job, running: Running, progress: JobProgress) -> _End:
        """Run a job and return how it ended."""
        _log.info("%s %s %s begins", job.id, job.pipeline, job.fleet or "")
        if running.deaths >= _MOST_DEATHS:
            lost = EngineError(
                f"{running.deaths} workers were lost in the same step of it.",
                remedy="Look at the machine's memory, then retry it.",
            )
            return _End(JobState.FAILED, error=lost)
        try:
            progress.say("info", f"begun by {job.worker}, attempt {job.attempt}")
            return _End(JobState.SUCCEEDED, self._result(job, running, progress))
        except Cancelled as error:
            if running.stop.reason == Why.LATE:
                late = LimitExceeded(error.message, remedy="Ask for less at once.")
                return _End(JobState.FAILED, error=late)
            return _End(JobState.CANCELLED, error=Cancelled(error.message))
        except KizashiError as error:
            return _End(JobState.FAILED, error=error)
        except Exception as error:  # noqa: BLE001 - a mistake of ours ends the job, not the worker
            _log.exception("job %s failed", job.id)
            return _unexpected(error)

    def _result(self, job: Job, running: Running, progress: JobProgress) -> Any:
        spec = catalog().get(job.pipeline)
        if spec is None:
            raise KizashiError(f"there is no pipeline {job.pipeline} any more.")
        terms = spec.terms
        steps = DurableSteps(
            job,
            self._keeper,
            self._store,
            progress,
            running.stop,
            self._life,
            terms.patience,
        )
        call = Call(
            site=self._site,
            job=job.id,
            fleet=job.fleet or "",
            arguments=terms.arguments.model_validate(job.arguments),
            by=job.by,
            progress=progress,
            steps=steps,
        )
        with stoppable(running.stop):
            given = steps.repeated(lambda: spec.run(call))
        return TypeAdapter(type(given)).dump_python(given, mode="json")


def _unexpected(error: Exception) -> _End:
    return _End(JobState.FAILED, error=KizashiError(f"{type(error).__name__}: {error}"))


def _where(used: Used) -> list[str]:
    """Return which machines of Ray did its tasks, in a line, if any did."""
    ran = ", ".join(f"{machine} {tasks}" for machine, tasks in used.machines)
    return [f"tasks that machines of Ray ran: {ran}"] if ran else []


def _words(end: _End) -> str:
    return f"{end.state.value}: {end.error.message}" if end.error else end.state.value
