"""Commands that keep the lake small."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.asking import asked
from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.upkeep import RetentionReport

ONE = typer.Argument(None, help="Name of the fleet; all if not given.")
_MEGABYTE = 1_000_000


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (retention, compact):
        app.command()(command)


def retention(
    context: typer.Context,
    fleet: str | None = ONE,
    days: float | None = typer.Option(
        None, "--days", help="Age at which readings and scores go; the settings'."
    ),
    dry_run: bool = typer.Option(False, "--dry-run", help="Only tell."),
    even_needed: bool = typer.Option(
        False, "--even-needed", help="Also what the champion and open events rest on."
    ),
    as_json: bool = JSON,
) -> None:
    """Take out readings and scores beyond an age that nothing needs any more."""
    from appliance.schemas.upkeep import RetentionReport

    own: Context = context.obj
    with own.plant() as plant:
        done = asked(
            plant,
            "retention",
            fleet,
            list[RetentionReport],
            days=days,
            dry_run=dry_run or None,
            even_needed=even_needed or None,
        )
        zone = plant.zone()
    if as_json:
        print_json([one.model_dump(mode="json") for one in done])
        return
    for one in done:
        _print_retention(one, zone)


def _print_retention(one: RetentionReport, zone: ZoneInfo) -> None:
    if one.until is None:
        print(f"{one.fleet}: everything is kept.")
    else:
        verb = "would go" if one.dry_run else "went"
        print(
            f"{one.fleet}: {one.readings:,} readings and {one.scores:,} scores before "
            f"{local(one.until, zone)} {verb}"
        )
    for note in one.notes:
        print(f"  {note}")


def compact(
    context: typer.Context,
    fleet: str | None = ONE,
    keep_hours: float = typer.Option(
        168.0, "--keep-hours", help="Age of snapshots whose files are kept; 24 at least."
    ),
    as_json: bool = JSON,
) -> None:
    """Put small files together, and delete what no snapshot needs."""
    from appliance.schemas.upkeep import CompactReport

    own: Context = context.obj
    with own.plant() as plant:
        done = asked(plant, "compact", fleet, list[CompactReport], keep_hours=keep_hours)
    if as_json:
        print_json([one.model_dump(mode="json") for one in done])
        return
    print_table(
        ("fleet", "files before", "after", "deleted", "freed"),
        [
            (
                one.fleet,
                f"{one.files_before:,}",
                f"{one.files_after:,}",
                f"{one.deleted:,}",
                f"{one.freed / _MEGABYTE:,.1f} MB",
            )
            for one in done
        ],
        right="lrrrr",
    )
