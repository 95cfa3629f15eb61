"""Commands that ask models about the past."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import typer

from appliance.cli.asking import asked, told_recipe
from appliance.cli.context import Context, local, moment, print_json, print_table
from appliance.cli.data import FLEET, JSON
from appliance.cli.models import ENGINE

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.schemas.backtest import Backtest, BacktestSide, Figures
    from appliance.schemas.event import EventDraft
    from appliance.schemas.scorecard import Estimate

RECIPE = typer.Option(None, "--recipe", help="auto, a detector's name, or a file.")
LOOK_BACK = typer.Option(
    30.0, "--look-back", min=0, help="Days before a failure in which an event was a sign."
)
_SHOWN = 20


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (backtest, backtests):
        app.command()(command)


def backtest(
    context: typer.Context,
    fleet: str = FLEET,
    version: int | None = typer.Option(
        None, "--version", help="Version to ask; the challenger, or the champion without one."
    ),
    recipe: str | None = RECIPE,
    since: str | None = typer.Option(None, "--from", help="First moment; a year back."),
    until: str | None = typer.Option(None, "--to", help="What is asked about was before it."),
    look_back: float = LOOK_BACK,
    engine: str | None = ENGINE,
    as_json: bool = JSON,
) -> None:
    """Tell what a version, or a recipe, would have told of a time past; change nothing."""
    from appliance.schemas.backtest import Backtest

    own: Context = context.obj
    with own.plant() as plant:
        zone = plant.zone()
        done = asked(
            plant,
            "backtest",
            fleet,
            Backtest,
            version=version,
            recipe=told_recipe(recipe),
            start=moment(since, zone, "--from"),
            end=moment(until, zone, "--to"),
            look_back_days=look_back,
            engine=engine,
        )
        made = plant.fleet(fleet).backtested(done.id)
    if as_json:
        print_json(made.model_dump(mode="json"))
    else:
        _print_backtest(made, zone)


def backtests(
    context: typer.Context,
    fleet: str = FLEET,
    backtest: str | None = typer.Argument(None, help="Identifier of one, to see it in full."),
    limit: int = typer.Option(20, "--limit", min=1, help="At most so many."),
    as_json: bool = JSON,
) -> None:
    """List the backtests of a fleet, the latest first, or show one."""
    own: Context = context.obj
    with own.plant() as plant:
        zone, own_fleet = plant.zone(), plant.fleet(fleet)
        if backtest is not None:
            found = [own_fleet.backtested(backtest)]
        else:
            found = [*islice(own_fleet.backtests(), limit)]
    if as_json:
        told = [one.model_dump(mode="json") for one in found]
        print_json(told[0] if backtest is not None else told)
    elif backtest is not None:
        _print_backtest(found[0], zone)
    elif found:
        print_table(
            ("made", "of", "from", "to", "events", "false alarms", "missed", "by", "id"),
            [_row(one, zone) for one in found],
            right="llllrrr",
        )
    else:
        print(f"{fleet}: no backtest yet.")


def _row(one: Backtest, zone: ZoneInfo) -> tuple[str, ...]:
    figures = one.candidate.figures
    return (
        local(one.created, zone),
        _named(one.candidate),
        local(one.start, zone),
        local(one.end, zone),
        str(figures.events),
        _estimate(figures.false_alarms),
        f"{figures.missed} of {figures.failures}",
        one.by,
        one.id,
    )


# ---------------------------------------------------------------- what is told
def _print_backtest(made: Backtest, zone: ZoneInfo) -> None:
    print(f"{made.fleet}, {local(made.start, zone)} to {local(made.end, zone)}: {made.id}")
    sides = [made.candidate] + ([] if made.champion is None else [made.champion])
    head = ("", "events", "right", "false alarms", "promised", "caught", "lead time", "seen")
    rows = [(_named(side), *_cells(side.figures), f"{side.seen:.0%}") for side in sides]
    rows += [("  or with", *_cells(one), "") for one in made.candidate.budgets]
    print_table(head, rows, right="lrrrrrrr")
    print(
        "\nFalse alarms and promise: for each machine and month of 30 days; what nobody knows "
        "of counts as one.\nseen: share of the time that it had learned from; figures of it "
        "flatter."
    )
    apart = [one for one in made.events if one.side.value != "both"]
    if made.champion is not None and apart:
        both = sum(count for side, count in made.sides.items() if side.value == "both")
        print(f"\nBoth show {both} events; only one of them shows:")
        print_table(
            ("shown by", "event", "was"),
            [
                (one.side.value, told(one.facts, zone), one.worth.value)
                for one in apart[:_SHOWN]
            ],
        )
    for side in sides:
        for one in side.missed:
            print(f"missed by {_named(side)}: {one.asset} {local(one.start, zone)} {one.title}")


def _named(side: BacktestSide) -> str:
    if side.model_version is None:
        return f"recipe {side.recipe}"
    return f"version {side.model_version}"


def _cells(figures: Figures) -> tuple[str, ...]:
    lead = figures.lead_hours
    caught = figures.failures - figures.missed
    return (
        str(figures.events),
        str(figures.right),
        _estimate(figures.false_alarms),
        f"{figures.budget:g}",
        f"{caught} of {figures.failures}",
        "" if lead is None else f"{lead.median:.1f} h",
    )


def _estimate(found: Estimate) -> str:
    if found.value is None or found.high is None:
        return "–"
    return f"{found.value:.2f} ({found.low:.2f}–{found.high:.2f})"


def told(draft: EventDraft, zone: ZoneInfo) -> str:
    """Return an event in one cell of a table."""
    said = f"{draft.asset} {local(draft.start, zone)} to {local(draft.end, zone)}"
    return f"{said}, {draft.severity.value}"
