"""Commands on schedules: jobs that are asked for by the clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import JSON
from appliance.cli.jobs import OF_FLEET, PIPELINE, SET, arguments, print_told

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.schedule import Schedule

NAME = typer.Argument(help="Name of the schedule.")

group = typer.Typer(
    name="schedule",
    help="Jobs that are asked for by the clock.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (add, pause, resume, run, remove):
        group.command()(command)
    group.command("list")(list_schedules)
    app.add_typer(group)


def add(
    context: typer.Context,
    name: str = NAME,
    cron: str = typer.Argument(help="Minute, hour, day, month, day of week: '0 3 * * 1'."),
    pipeline: str = PIPELINE,
    fleet: str | None = OF_FLEET,
    given: list[str] = SET,
    zone: str | None = typer.Option(None, "--zone", help="Zone of its clock; the site's."),
    catch_up: str = typer.Option(
        "latest", "--catch-up", help="Times missed while nothing ran: skip, latest or all."
    ),
    as_json: bool = JSON,
) -> None:
    """Add a schedule, or change the one of this name."""
    from appliance.cli.words import fitted, one_of
    from appliance.schemas.schedule import CatchUp, ScheduleDraft

    own: Context = context.obj
    wanted = {
        "name": name,
        "cron": cron,
        "zone": zone,
        "catch_up": one_of(CatchUp, catch_up, "--catch-up"),
        "request": {"pipeline": pipeline, "fleet": fleet, "arguments": arguments(given)},
    }
    draft = fitted(ScheduleDraft, wanted, "schedule")
    with own.plant() as plant:
        made, at = plant.schedules.put(draft), plant.zone()
    _tell(made, at, as_json)


def list_schedules(context: typer.Context, as_json: bool = JSON) -> None:
    """List the schedules."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.schedules.list()], plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        print("There is no schedule yet: kizashi schedule add NAME CRON PIPELINE [FLEET]")
    else:
        print_table(
            ("schedule", "times", "zone", "pipeline", "fleet", "next", "last", "last job"),
            [(one.name, *_cells(one, zone)) for one in found],
        )


def pause(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Let a schedule rest."""
    own: Context = context.obj
    with own.plant() as plant:
        changed, zone = plant.schedules.pause(name), plant.zone()
    _tell(changed, zone, as_json)


def resume(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Let a paused schedule go on, from its next time."""
    own: Context = context.obj
    with own.plant() as plant:
        changed, zone = plant.schedules.resume(name), plant.zone()
    _tell(changed, zone, as_json)


def run(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Ask for a schedule's job now, beside its times."""
    own: Context = context.obj
    with own.plant() as plant:
        asked, zone = plant.schedules.run(name).job, plant.zone()
    if as_json:
        print_json(asked.model_dump(mode="json"))
    else:
        print_told(asked, zone)


def remove(context: typer.Context, name: str = NAME, as_json: bool = JSON) -> None:
    """Remove a schedule; its jobs stay."""
    own: Context = context.obj
    with own.plant() as plant:
        plant.schedules.remove(name)
    if as_json:
        print_json({"schedule": name, "removed": True})
    else:
        print(f"{name}: removed")


def _tell(schedule: Schedule, zone: ZoneInfo, as_json: bool) -> None:
    if as_json:
        print_json(schedule.model_dump(mode="json"))
        return
    when = f"next {local(schedule.following, zone)}" if schedule.following else "paused"
    of = f" {schedule.request.fleet}" if schedule.request.fleet else ""
    print(f"{schedule.name}: {schedule.request.pipeline}{of} at {schedule.cron}, {when}")


def _cells(schedule: Schedule, zone: ZoneInfo) -> tuple[str, ...]:
    return (
        schedule.cron,
        schedule.zone,
        schedule.request.pipeline,
        schedule.request.fleet or "",
        local(schedule.following, zone) if schedule.following else "paused",
        local(schedule.last, zone) if schedule.last else "",
        schedule.last_job or "",
    )
