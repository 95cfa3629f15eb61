"""The command that says how long machines last."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, print_json, print_table
from appliance.cli.data import FLEET, JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.history import RemainingLife

_SIGNS = {True: "wears", False: "no sign of wear", None: "too few days"}


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(rul)


def rul(
    context: typer.Context,
    fleet: str = FLEET,
    assets: list[str] = typer.Option([], "--asset", help="Machine; repeatable; all if none."),
    limit: float = typer.Option(
        0.0, "--limit", min=0, max=100, help="Health that is taken for the end."
    ),
    as_json: bool = JSON,
) -> None:
    """Say how long machines last; nothing without a sign of wear.

    By machines of the fleet that failed, where `kizashi lives learn` learned from them; else
    by health, carried on as it goes.
    """
    own: Context = context.obj
    with own.plant() as plant:
        zone = plant.zone()
        known = plant.fleet(fleet)
        names = assets or [one.asset for one in known.assets()]
        found = [known.rul(name, limit=limit) for name in names]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
        return
    print_table(
        ("asset", "health", "sign", "days left", "from", "to", "counted from", "by"),
        [_cells(one, zone) for one in found],
        right="lrlrrrll",
    )


def _cells(one: RemainingLife, zone: ZoneInfo) -> tuple[str, ...]:
    health = "" if one.now is None else f"{one.now:.0f}"
    by = "health" if one.method == "health" else f"{one.lives} failures"
    if not one.wear or one.since is None:
        return one.asset, health, _SIGNS[one.wear], "", "", "", "", by
    bounds = [_days(value) for value in (one.days, one.low, one.high)]
    return one.asset, health, _SIGNS[one.wear], *bounds, local(one.since, zone), by


def _days(value: float | None) -> str:
    return "far" if value is None else f"{value:g}"
