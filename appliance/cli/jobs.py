"""Commands on jobs: what runs, ran and waits, and what it says."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import typer

from appliance.cli.completing import fleets as fleet_names
from appliance.cli.context import Context, local, print_json, print_table, progress
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.cli.here.jobs import JobHandle as Local
    from appliance.client import JobHandle
    from appliance.schemas.job import Job

_LOOK = 1.0
JOB = typer.Argument(help="Identifier of the job.")
PIPELINE = typer.Argument(help="Name of the pipeline: train, score, compact …")
OF_FLEET = typer.Argument(
    None, help="Name of the fleet; none for the whole site.", autocompletion=fleet_names
)
SET = typer.Option([], "--set", help="NAME=VALUE of the pipeline's arguments; repeatable.")

group = typer.Typer(
    name="jobs",
    help="What runs, ran and waits to run.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (show, ask, cancel, retry, log):
        group.command()(command)
    group.command("list")(list_jobs)
    app.add_typer(group)


def list_jobs(
    context: typer.Context,
    fleet: str | None = typer.Option(
        None, "--fleet", help="Only of this fleet.", autocompletion=fleet_names
    ),
    pipeline: str | None = typer.Option(None, "--pipeline", help="Only of this pipeline."),
    state: list[str] = typer.Option(
        [], "--state", help="queued, running, failed …; repeatable."
    ),
    limit: int = typer.Option(50, "--limit", min=1, max=500, help="At most so many."),
    as_json: bool = JSON,
) -> None:
    """List jobs, the newest first."""
    from appliance.cli.words import one_of
    from appliance.schemas.job import JobState

    own: Context = context.obj
    states = [one_of(JobState, word, "--state").value for word in state]
    with own.plant() as plant:
        zone = plant.zone()
        found = [
            *plant.jobs.list(fleet=fleet, pipeline=pipeline, state=states or None, limit=limit)
        ]
    if as_json:
        print_json([job.model_dump(mode="json") for job in found])
    elif not found:
        print("There is no such job.")
    else:
        print_table(
            ("job", "pipeline", "fleet", "state", "asked", "by", "took"),
            [(job.id, *_cells(job, zone)) for job in found],
            right="llllllr",
        )


def show(context: typer.Context, job: str = JOB, as_json: bool = JSON) -> None:
    """Tell one job in full: its steps, its result or its error."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = plant.jobs.get(job).job, plant.zone()
    if as_json:
        print_json(found.model_dump(mode="json"))
        return
    print_told(found, zone)
    if found.request:
        print(f"request: {found.request}  (kizashi logs --request {found.request})")
    if found.steps:
        print()
        print_table(
            ("step", "state", "done", "error"),
            [(s.name, s.state.value, _units(s.done, s.total), s.error) for s in found.steps],
        )
    if found.error:
        print(f"\n{found.error} {found.remedy}".rstrip())
    elif found.result is not None:
        print(f"\nresult: {json.dumps(found.result, ensure_ascii=False)}")


def ask(
    context: typer.Context,
    pipeline: str = PIPELINE,
    fleet: str | None = OF_FLEET,
    given: list[str] = SET,
    wait: bool = typer.Option(False, "--wait", help="Wait until it is over."),
    over_budget: bool = typer.Option(
        False, "--over-budget", help="Though the budget is spent; not everybody may."
    ),
    as_json: bool = JSON,
) -> None:
    """Ask for a job of any pipeline; a worker of the site runs it."""
    own: Context = context.obj
    with own.plant() as plant:
        asked = arguments(given)
        handle = plant.jobs.ask(pipeline, fleet, over_budget=over_budget, **asked)
        if wait:
            with progress() as shown:
                handle.wait(progress=shown)
        told, zone = handle.job, plant.zone()
    if as_json:
        print_json(told.model_dump(mode="json"))
    else:
        print_told(told, zone)


def cancel(context: typer.Context, job: str = JOB, as_json: bool = JSON) -> None:
    """Ask for a job's end: its work is stopped where it is."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = plant.jobs.get(job).cancel(), plant.zone()
    _tell(found, zone, as_json)


def retry(context: typer.Context, job: str = JOB, as_json: bool = JSON) -> None:
    """Begin a job again that failed or was cancelled, at the step it was in."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = plant.jobs.get(job).retry(), plant.zone()
    _tell(found, zone, as_json)


def log(
    context: typer.Context,
    job: str = JOB,
    follow: bool = typer.Option(False, "--follow", "-f", help="Go on until the job is over."),
    as_json: bool = typer.Option(False, "--json", help="Print a line of JSON for each."),
) -> None:
    """Print what a job said while it ran."""
    own: Context = context.obj
    with own.plant() as plant:
        zone, handle = plant.zone(), plant.jobs.get(job)
        seen, over = 0, False
        while not over:
            over = not follow or handle.refresh().state.over
            seen = _print_lines(handle, seen, zone, as_json)
            if not over:
                time.sleep(_LOOK)


def _print_lines(handle: JobHandle | Local, seen: int, zone: ZoneInfo, as_json: bool) -> int:
    """Print the lines after a number; return the number of the last one."""
    for line in handle.log(seen):
        seen = line.number
        if as_json:
            print(line.model_dump_json(), flush=True)
        else:
            mark = "" if line.level.lower() == "info" else f"{line.level}: "
            print(
                f"{line.at.astimezone(zone):%Y-%m-%d %H:%M:%S}  {mark}{line.text}", flush=True
            )
    return seen


def arguments(given: list[str]) -> dict[str, Any]:
    """Return ``NAME=VALUE`` options by name; a value that is JSON is taken as that.

    Raises
    ------
    InvalidRequest
        One is written otherwise.
    """
    from appliance.core.errors import InvalidRequest

    found: dict[str, Any] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (sign and name):
            raise InvalidRequest(f"--set {text}: write it as NAME=VALUE.")
        try:
            found[name] = json.loads(value)
        except ValueError:
            found[name] = value
    return found


# ---------------------------------------------------------------- what is told
def _tell(job: Job, zone: ZoneInfo, as_json: bool) -> None:
    if as_json:
        print_json(job.model_dump(mode="json"))
    else:
        print_told(job, zone)


def print_told(job: Job, zone: ZoneInfo) -> None:
    """Print a job in one line."""
    print(f"{job.id}:", "  ".join(cell for cell in _cells(job, zone) if cell))


def _cells(job: Job, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        job.pipeline,
        job.fleet or "",
        job.state.value,
        local(job.created, zone),
        job.by,
        _took(job),
    )


def _took(job: Job) -> str:
    if job.started is None or job.ended is None:
        return ""
    return f"{(job.ended - job.started).total_seconds():.1f} s"


def _units(done: int, total: int | None) -> str:
    return f"{done:,}" if total is None else f"{done:,}/{total:,}"
