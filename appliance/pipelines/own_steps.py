"""What the steps of own pipelines do: on the engine, or by the appliance's own pipelines."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from appliance.core.errors import (
    EngineError,
    Forbidden,
    InvalidRequest,
    KizashiError,
    LimitExceeded,
    NotFound,
)
from appliance.core.scratch import scratch
from appliance.engine.base import Engine
from appliance.engine.meter import Used, count
from appliance.engine.needs import Needs
from appliance.engine.stop import LOOK, current
from appliance.jobs.terms import Place
from appliance.objects import Shelf, shelf
from appliance.pipelines.abreast import Part
from appliance.pipelines.own_code import FLEET, READINGS
from appliance.pipelines.site import Site
from appliance.pipelines.spec import Call, Spec
from appliance.pipelines.steps import Output
from appliance.schemas.job import JobRequest
from appliance.schemas.own import MOST_JSON, Code, DeclaredStep, OwnStep, StepKind, StepOutput
from appliance.schemas.progress import Progress
from appliance.steps.lines import Following
from appliance.steps.performing import Performed, Work, perform
from appliance.steps.values import file_told

_Given = TypeVar("_Given")
TABLE = "table.parquet"


@dataclass
class Running:
    """A run of an own pipeline.

    Attributes
    ----------
    specs
        The appliance's own pipelines by name.
    engine_name
        That was asked for; as the settings say if None.
    """

    site: Site
    specs: Mapping[str, Spec]
    job: str
    fleet: str
    by: str
    progress: Progress
    engine_name: str | None = None
    _engine: Engine | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._turns = threading.BoundedSemaphore(self.site.settings.worker_count)

    @property
    def place(self) -> str:
        """Address of the shelf of runs."""
        return self.site.settings.place("runs")

    @property
    def shelf(self) -> Shelf:
        """The shelf of runs."""
        return shelf(self.place)

    @property
    def engine(self) -> Engine:
        """Where steps run; made with the first one."""
        with self._lock:
            if self._engine is None:
                self._engine = self.site.engine(self.engine_name)
            return self._engine

    @contextmanager
    def turn(self, engine: Engine) -> Iterator[None]:
        """Wait until a step may begin: threads share out no processors, which Ray does."""
        if engine.name != "local":
            yield
            return
        stop = current()
        while not self._turns.acquire(timeout=LOOK):
            stop.check()
        try:
            yield
        finally:
            self._turns.release()

    def close(self) -> None:
        """Release the engine."""
        if self._engine is not None:
            self._engine.close()


@dataclass(frozen=True)
class Asked:
    """One step as it is to be done.

    Attributes
    ----------
    inputs
        Values, with references filled.
    files
        Key on the shelf of runs by the name that a file has among the inputs.
    """

    name: str
    step: OwnStep
    inputs: Mapping[str, Any]
    command: tuple[Any, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    code: Code | None = None
    declared: DeclaredStep | None = None


def do(run: Running, asked: Asked) -> StepOutput:
    """Return what a step gives.

    Raises
    ------
    KizashiError
        It failed; in one sentence that names it.
    """
    if asked.step.kind is not StepKind.PIPELINE:
        return _on_engine(run, asked)
    if asked.step.pipeline == READINGS:
        return _readings(run, asked)
    return _by_pipeline(run, asked)


# ---------------------------------------------------------------- on the engine
def _on_engine(run: Running, asked: Asked) -> StepOutput:
    needs, work = _work(run, asked)
    engine = run.engine
    following = Following(
        work.place, work.key, lambda line: run.progress.note(f"{asked.name}: {line}")
    )
    with run.turn(engine), following:
        (outcome,) = engine.map(perform, [work], needs)
    if outcome.value is None:
        raise outcome.cause or EngineError(f"step {asked.name}: {outcome.error}.")
    done: Performed = outcome.value
    cores = done.cpu_seconds if engine.name == "local" else 0.0
    count(Used(cpu_seconds=done.cpu_seconds, core_seconds=cores, peak_bytes=done.peak_bytes))
    following.finish(done.said, done.lines)
    if done.error is not None or done.output is None:
        raise done.error or EngineError(f"step {asked.name} gave nothing.")
    return done.output


def _work(run: Running, asked: Asked) -> tuple[Needs, Work]:
    one, told = asked.step, asked.declared
    has = told.resources if told is not None else None
    memory = one.memory or (has.memory if has else None)
    needs = Needs(
        cpus=one.cpu or (has.cpu if has else 1.0),
        memory=memory,
        gpus=one.gpu if one.gpu is not None else (has.gpu if has else 0.0),
    )
    work = Work(
        name=asked.name,
        kind=one.kind,
        place=run.place,
        key=f"{run.job}/{asked.name}",
        inputs=asked.inputs,
        files=asked.files,
        blob=None if asked.code is None else run.site.code.blob(asked.code),
        entry=told.entry if told is not None else "",
        command=asked.command,
        memory=memory,
        timeout=one.timeout or (told.timeout if told is not None else 3_600.0),
        variables=asked.variables,
        packages=told.packages if told is not None else (),
        wheels=run.site.settings.place("wheels"),
    )
    return needs, work


# ---------------------------------------------------------------- the appliance's own
def _by_pipeline(run: Running, asked: Asked) -> StepOutput:
    spec = run.specs[asked.step.pipeline or ""]
    terms, where = spec.terms, f"step {asked.name}"
    fleet = _fleet(run, asked)
    if terms.place is Place.SITE:
        if run.fleet:
            raise Forbidden(
                f"{where}: {terms.name} works on the whole site, and the job on one fleet.",
                remedy="Run it without a fleet.",
            )
        fleet = None
    given = {name: value for name, value in asked.inputs.items() if name != FLEET}
    try:
        request = JobRequest(pipeline=terms.name, fleet=fleet, arguments=given)
        arguments = terms.arguments.model_validate(terms.checked(request))
    except (InvalidRequest, ValidationError) as error:
        raise InvalidRequest(f"{where}: {error}") from error
    call = Call(
        site=run.site,
        job=run.job,
        fleet=fleet or "",
        arguments=arguments,
        by=run.by,
        progress=run.progress,
        steps=_Within(run, asked.name),
    )
    gave = spec.run(call)
    told = TypeAdapter(type(gave)).dump_python(gave, mode="json")
    if len(json.dumps(told)) > MOST_JSON:
        raise LimitExceeded(f"{where} gave more than {MOST_JSON // 2**20} MiB.")
    return StepOutput(values={"result": told})


class _Within:
    """Steps of a pipeline that is one step of another: what each gave lies on the shelf."""

    def __init__(self, run: Running, name: str) -> None:
        self._run = run
        self._name = name
        self._number = 0

    def run(self, name: str, kind: type[Output], work: Callable[[], Output]) -> Output:
        """Return what a step gives, or gave; see `appliance.pipelines.steps.Steps`."""
        self._number += 1
        adapter: TypeAdapter[Output] = TypeAdapter(kind)
        key = f"{self._run.job}/{self._name}.within-{self._number}.json"
        found = kept(self._run.shelf, key)
        if found is not None:
            return adapter.validate_json(found)
        self._run.progress.note(f"{self._name}: {name}")
        given = work()
        self._run.shelf.put(key, adapter.dump_json(given))
        return given

    def together(self, parts: Any, most: int) -> dict[str, Any]:
        """Return what the steps of a graph give, one after the other."""
        del most
        found: dict[str, Any] = {}
        for part in parts:
            one: Part = part
            found[one.name] = self.run(one.name, one.kind, lambda one=one: one.work(found))  # type: ignore[misc]
        return found


def _readings(run: Running, asked: Asked) -> StepOutput:
    """Give a fleet's readings as a table."""
    where = f"step {asked.name}"
    fleet = _fleet(run, asked)
    if not fleet:
        raise InvalidRequest(
            f"{where}: whose readings is not said.", remedy="Run it on a fleet, or say fleet: …"
        )
    run.site.require_fleet(fleet)
    start, end = (_moment(asked, key) for key in ("start", "end"))
    table = run.site.lake.readings(fleet)
    frame = table.read(start=start, end=end, assets=asked.inputs.get("assets"))
    sensors = asked.inputs.get("sensors")
    if sensors is not None:
        unknown = [one for one in sensors if one not in frame.columns]
        if unknown:
            raise NotFound(f"{where}: {fleet} has no sensor {unknown[0]}.")
        frame = frame.select("asset", "time", *sensors)
    with scratch("kizashi-step") as made:
        path = made / TABLE
        frame.write_parquet(path)
        told = file_told(path, TABLE)
        key = f"{run.job}/{asked.name}/{TABLE}"
        run.shelf.put_file(key, path)
    return StepOutput(values={"table": told, "rows": frame.height}, files={TABLE: key})


def _fleet(run: Running, asked: Asked) -> str | None:
    named = asked.inputs.get(FLEET)
    if run.fleet and named not in (None, run.fleet):
        raise Forbidden(
            f"step {asked.name}: the job works on {run.fleet} alone, not on {named}.",
            remedy="Run it without a fleet, which asks for rights over the whole site.",
        )
    return str(named) if named else run.fleet or None


def _moment(asked: Asked, key: str) -> datetime | None:
    value = asked.inputs.get(key)
    if value is None:
        return None
    try:
        return TypeAdapter(datetime).validate_python(value).astimezone()
    except ValidationError as error:
        raise InvalidRequest(f"step {asked.name}: {key}: {value!r} is no time.") from error


def kept(place: Shelf, key: str) -> bytes | None:
    """Return what lies on a shelf, None if nothing does."""
    try:
        return place.read(key)
    except NotFound:
        return None


def failed(error: KizashiError, name: str) -> KizashiError:
    """Return an error that says which step it is of."""
    where = f"step {name}"
    if error.message.startswith(where):
        return error
    return type(error)(f"{where}: {error.message}", remedy=error.remedy)
