"""Commands that look ahead at what verdicts do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.asking import asked
from appliance.cli.backtest import told
from appliance.cli.context import Context, print_json, print_table
from appliance.cli.data import JSON
from appliance.cli.models import ENGINE

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.backtest import VerdictPreview

group = typer.Typer(
    name="verdicts",
    help="What calling events true, false or planned would do.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    # Without a callback a group of one command would be that command.
    group.callback()(_group)
    group.command()(preview)
    app.add_typer(group)


def _group() -> None:
    """What calling events true, false or planned would do."""


def preview(
    context: typer.Context,
    event: list[str] = typer.Argument(help="Identifier of the event; repeatable."),
    verdict: str = typer.Option("false", "--verdict", help="true, false or planned."),
    engine: str | None = ENGINE,
    as_json: bool = JSON,
) -> None:
    """Tell which events a verdict would remove if it fed the next training."""
    from appliance.schemas.backtest import VerdictPreview

    own: Context = context.obj
    with own.plant() as plant:
        ahead = asked(
            plant,
            "verdict_preview",
            plant.event(event[0]).get().fleet,
            VerdictPreview,
            events=event,
            verdict=verdict,
            engine=engine,
        )
        zone = plant.zone()
    if as_json:
        print_json(ahead.model_dump(mode="json"))
    else:
        _print_ahead(ahead, zone)


def _print_ahead(ahead: VerdictPreview, zone: ZoneInfo) -> None:
    more = "more" if ahead.rows >= 0 else "fewer"
    print(f"{ahead.fleet}: {abs(ahead.rows):,} {more} readings would be learned from.")
    lost = {event.id for event in ahead.lost}
    rows = [
        ("lost, though true" if one.id in lost else "removed", told(one, zone), one.id)
        for one in ahead.removed
    ]
    rows += [("still there", told(one, zone), one.id) for one in ahead.kept]
    rows += [("gone in any case", told(one, zone), one.id) for one in ahead.gone]
    rows += [("new", told(one, zone), "") for one in ahead.added]
    if rows:
        print_table(("would be", "event", "id"), rows)
    for asset, why in ahead.failures.items():
        print(f"  {asset} would keep the model that it has: {why}")
