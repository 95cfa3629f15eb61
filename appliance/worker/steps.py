"""The steps of a job: what they gave is kept; one that may go better later is tried again."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import Any, Protocol, TypeVar, cast

from pydantic import TypeAdapter

from appliance.core import errors
from appliance.core.clock import monotonic, now
from appliance.core.errors import (
    Cancelled,
    EngineError,
    KizashiError,
    StorageError,
    StorageFull,
)
from appliance.core.log import get
from appliance.core.trail import span, within
from appliance.engine.stop import Stop
from appliance.jobs.store.runs import RunStore
from appliance.jobs.terms import Patience
from appliance.metrics import instruments
from appliance.pipelines.abreast import Abreast, Part
from appliance.schemas.job import Job, JobState
from appliance.worker.life import Life
from appliance.worker.progress import JobProgress

_log = get(__name__)

Output = TypeVar("Output")
_MOST_SHOWN = 10_000
"""Characters of a step's output that are shown with the job."""


class Keeper(Protocol):
    """Keeps what steps gave; `appliance.jobs.durable.Durable` is one."""

    def step(self, name: str, work: Callable[[], str]) -> str:
        """Return what the next step gives, or gave before a crash."""


class DurableSteps:
    """The steps of one job.

    Parameters
    ----------
    job
        Which one.
    keeper, store
        Where outputs are kept, and what others see of the steps.
    progress, stop, life
        Of the job, and of the process.
    patience
        With errors that may pass by themselves.
    """

    def __init__(
        self,
        job: Job,
        keeper: Keeper,
        store: RunStore,
        progress: JobProgress,
        stop: Stop,
        life: Life,
        patience: Patience,
    ) -> None:
        self._job = job.id
        self._pipeline = job.pipeline
        self._keeper = keeper
        self._store = store
        self._progress = progress
        self._stop = stop
        self._life = life
        self._patience = patience
        self._known: list[Any] = []
        self._number = 0
        self.failure: KizashiError | None = None

    # ------------------------------------------------------------------ for the pipeline
    def run(self, name: str, kind: type[Output], work: Callable[[], Output]) -> Output:
        """Return what a step gives, or gave; see `appliance.pipelines.steps.Steps`."""
        self._number += 1
        if self._number <= len(self._known):
            known: Output = self._known[self._number - 1]
            return known
        self._stop.check()
        number = self._number
        adapter: TypeAdapter[Output] = _adapter(cast("Hashable", kind))

        def kept() -> str:
            return json.dumps(self._performed(number, name, adapter, work))

        output: Output = self._learned(self._keeper.step(name, kept), adapter)
        return output

    def together(self, parts: Sequence[Part], most: int) -> dict[str, Any]:
        """Return what the steps of a graph give; see `appliance.pipelines.steps.Steps`.

        They are kept in their order.  The first that is not kept yet begins the work of all
        that are left, each in a thread when what it needs is there.
        """
        first = self._number + 1
        found: dict[str, Any] = {}
        abreast: Abreast | None = None

        def performed(place: int, part: Part, known: Mapping[str, Any]) -> Any:
            adapter = _adapter(cast("Hashable", part.kind))
            told = self._performed(first + place, part.name, adapter, lambda: part.work(known))
            if "error" in told:
                raise _error(told)
            return adapter.validate_json(json.dumps(told["output"]))

        def kept(part: Part) -> str:
            nonlocal abreast
            if abreast is None:
                abreast = Abreast(parts, found, performed, most)
            try:
                given = abreast.result(part.name)
            except KizashiError as error:
                return json.dumps(_as_kept(error))
            adapter = _adapter(cast("Hashable", part.kind))
            return json.dumps({"output": adapter.dump_python(given, mode="json")})

        try:
            for part in parts:
                self._number += 1
                if self._number <= len(self._known):
                    found[part.name] = self._known[self._number - 1]
                    continue
                told = self._keeper.step(part.name, partial(kept, part))
                adapter = _adapter(cast("Hashable", part.kind))
                found[part.name] = self._learned(told, adapter)
        finally:
            if abreast is not None:
                abreast.close()
        return found

    def _learned(self, kept: str, adapter: TypeAdapter[Any]) -> Any:
        """Return what a step gave, as it was kept; raise why it gave nothing."""
        told = json.loads(kept)
        if "error" in told:
            self.failure = _error(told)
            raise self.failure
        output = adapter.validate_json(json.dumps(told["output"]))
        self._known.append(output)
        return output

    # ------------------------------------------------------------------ for the worker
    def repeated(self, work: Callable[[], Output]) -> Output:
        """Run the whole pipeline, again where something outside of its steps was in the way."""
        attempt = 1
        while True:
            self._number = 0
            try:
                return work()
            except KizashiError as error:
                if error is self.failure or not self._again(error, attempt):
                    raise
                attempt = self._paused(error, attempt)

    def _performed(
        self,
        number: int,
        name: str,
        adapter: TypeAdapter[Output],
        work: Callable[[], Output],
    ) -> dict[str, Any]:
        """Run a step until it ends for good, and return how, as plain JSON."""
        self._own(lambda: self._store.begin_step(self._job, number, name, now()))
        self._progress.enter(number)
        begun = monotonic()
        with within(step=name), span(f"step {name}", number=number) as traced:
            _log.info("step %d begins", number)
            try:
                output = adapter.dump_python(self._tried(work), mode="json")
            except Exception as error:  # noqa: BLE001 - told as the step's end
                if traced is not None:
                    traced.error = str(error)
                return self._failed(number, self._told(error, name), begun)
        shown = output if len(json.dumps(output)) <= _MOST_SHOWN else None
        self._end(number, JobState.SUCCEEDED, begun, output=shown)
        return {"output": output}

    def _told(self, error: Exception, name: str) -> KizashiError:
        """Return an error as it is kept: a mistake of ours ends the job, not the worker."""
        if isinstance(error, KizashiError):
            return error
        _log.exception("job %s failed in step %s", self._job, name)
        return KizashiError(f"{type(error).__name__}: {error}")

    def _tried(self, work: Callable[[], Output]) -> Output:
        attempt = 1
        while True:
            try:
                return work()
            except KizashiError as error:
                if not self._again(error, attempt):
                    raise
                attempt = self._paused(error, attempt)

    def _again(self, error: KizashiError, attempt: int) -> bool:
        """Whether what failed may go better, and there is patience left."""
        if self._life.ending or self._stop.asked:
            return False
        if isinstance(error, EngineError):
            return attempt < self._patience.engine_attempts
        passing = isinstance(error, StorageError) or error.retryable
        passing = passing and not isinstance(error, StorageFull)
        return passing and attempt < self._patience.attempts

    def _paused(self, error: KizashiError, attempt: int) -> int:
        """Wait before the next attempt, and return its number."""
        pause: timedelta = self._patience.before(attempt + 1)
        seconds = pause.total_seconds()
        instruments.retried(self._pipeline)
        self._progress.say("warning", f"{error} Tried again in {seconds:g} s.")
        self._stop.wait(seconds)
        self._stop.check()
        return attempt + 1

    def _failed(self, number: int, error: KizashiError, begun: float) -> dict[str, Any]:
        if self._life.ending:
            self._life.rest()
        cancelled = isinstance(error, Cancelled)
        state = JobState.CANCELLED if cancelled else JobState.FAILED
        self._end(number, state, begun, error=str(error))
        return _as_kept(error)

    def _end(
        self,
        number: int,
        state: JobState,
        begun: float,
        *,
        output: Any = None,
        error: str = "",
    ) -> None:
        told = self._progress.rest(number)
        instruments.step_ended(self._pipeline, state.value, monotonic() - begun)
        self._own(
            lambda: self._store.end_step(
                self._job, number, state, now(), told, output=output, error=error
            )
        )

    def _own(self, write: Callable[[], bool]) -> None:
        """Write to the job; one that another worker has taken over is left alone for good."""
        if not self._life.insist(write):
            self._life.rest()


@cache
def _adapter(kind: Hashable) -> TypeAdapter[Any]:
    return TypeAdapter(cast("type[Any]", kind))  # making one takes longer than keeping a step


def _as_kept(error: KizashiError) -> dict[str, Any]:
    return {
        "error": type(error).__name__,
        "message": error.message,
        "remedy": error.remedy,
    }


def _error(told: dict[str, Any]) -> KizashiError:
    kind = getattr(errors, told["error"], KizashiError)
    error: KizashiError = kind(told["message"], remedy=told["remedy"])
    return error
