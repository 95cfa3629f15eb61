"""The command that says what a fleet's alarms were worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, moment, print_json, print_table
from appliance.cli.data import FLEET, JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.scorecard import Estimate, Scorecard, ScorecardRow


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command()(scorecard)


def scorecard(
    context: typer.Context,
    fleet: str = FLEET,
    since: str | None = typer.Option(None, "--since", help="First moment counted."),
    until: str | None = typer.Option(None, "--until", help="Counted is what was before it."),
    days: float = typer.Option(
        30.0, "--look-back", min=0, help="Days before a failure in which an event was a sign."
    ),
    as_json: bool = JSON,
) -> None:
    """Say what the alarms were worth: precision, false alarms, missed failures, lead time."""
    own: Context = context.obj
    with own.plant() as plant:
        zone = plant.zone()
        card = plant.fleet(fleet).scorecard(
            start=moment(since, zone, "--since"),
            end=moment(until, zone, "--until"),
            look_back_days=days,
        )
    if as_json:
        print_json(card.model_dump(mode="json"))
    else:
        _print_card(card, zone)


def _print_card(card: Scorecard, zone: ZoneInfo) -> None:
    named = [("as they stand", card.total)]
    named += [(f"version {row.model_version}", row) for row in card.versions]
    named += [(str(row.month), row) for row in card.months]
    print_table(
        (
            "events",
            "raised",
            "true",
            "false",
            "planned",
            "open",
            "precision",
            "false alarms",
            "promised",
            "failures",
            "missed",
            "lead time",
        ),
        [(name, *_cells(row)) for name, row in named],
        right="lrrrrrrrrrrr",
    )
    print(
        "\nFalse alarms and promise: for each machine and month of 30 days. In brackets: 95 % "
        "intervals.\nopen: without a verdict yet, in neither precision nor false alarms."
    )
    for one in card.missed:
        print(f"missed: {one.asset} {local(one.start, zone)} {one.title}".rstrip())


def _cells(row: ScorecardRow) -> tuple[str, ...]:
    lead = row.lead_hours
    return (
        str(row.events),
        str(row.true),
        str(row.false),
        str(row.planned),
        str(row.unreviewed),
        _estimate(row.precision, 100, " %"),
        _estimate(row.false_alarms, 1, ""),
        f"{row.budget:g}",
        str(row.failures),
        str(row.missed),
        ""
        if lead is None
        else f"{lead.median:.1f} h ({lead.lower_quartile:.1f}–{lead.upper_quartile:.1f})",
    )


def _estimate(found: Estimate, factor: float, unit: str) -> str:
    if found.value is None or found.high is None:
        return "–"
    digits = 0 if factor == 100 else 2
    value, low, high = (
        f"{factor * number:.{digits}f}" for number in (found.value, found.low, found.high)
    )
    return f"{value}{unit} ({low}–{high})"
