"""The demo command: a plant to look around in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, local, print_json, print_table, progress
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from appliance.demo.config import PlantConfig
    from appliance.demo.run import DemoFleet, Outcome
    from appliance.pipelines.site import Site
    from appliance.schemas.progress import Progress

_MOST_EVENTS = 8


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(demo)


def demo(
    context: typer.Context,
    seed: int = typer.Option(7, "--seed", help="The same seed gives the same plant."),
    days: int = typer.Option(60, "--days", help="Length of the recording."),
    scale: float = typer.Option(1.0, "--scale", help="Factor on the number of machines."),
    engine: str | None = typer.Option(None, "--engine", help="ray, local or auto."),
    as_json: bool = JSON,
) -> None:
    """Set up the demo plant: generate, ingest, train, score, and show what was found."""
    from appliance.demo.config import PlantConfig

    own: Context = context.obj
    config = PlantConfig(seed=seed, days=days, scale=scale)
    with own.site() as site, progress() as shown:
        found = _run(site, config, engine, shown)
        zone = site.settings.zone
    if as_json:
        print_json([_data(fleet) for fleet in found])
    else:
        for fleet in found:
            _print_fleet(fleet, zone)
        _print_summary(found)


def _run(
    site: Site, config: PlantConfig, engine: str | None, shown: Progress
) -> list[DemoFleet]:
    """Set the plant up; where Ray does not come up on this machine, in this process."""
    from appliance.core.errors import EngineError
    from appliance.demo.run import run_demo

    try:
        return run_demo(site, config, engine=engine, progress=shown)
    except EngineError as error:
        if engine is not None or site.settings.ray_address:
            raise
        typer.echo(f"{error.message} Going on in this process.", err=True)
    return run_demo(site, config, engine="local", progress=shown)


def _data(fleet: DemoFleet) -> dict[str, object]:
    from appliance.cli.events import as_data
    from appliance.events.urgency import by_urgency

    return {
        "fleet": fleet.name,
        "assets": fleet.assets,
        "events": [as_data(event) for event in by_urgency(list(fleet.events))],
        "found": [_told(one) for one in fleet.outcomes if one.event],
        "missed": [_told(one) for one in fleet.outcomes if not one.event],
        "others": [as_data(event) for event in fleet.others],
        "allowed": round(fleet.allowed, 1),
        "report": str(fleet.report),
    }


def _told(outcome: Outcome) -> dict[str, object]:
    fault = outcome.fault
    return {
        "asset": fault.asset,
        "kind": fault.kind,
        "start": fault.start.isoformat(),
        "end": fault.end.isoformat(),
        "sensors": list(fault.sensors),
        "event": outcome.event.id if outcome.event else None,
    }


def _print_fleet(fleet: DemoFleet, zone: ZoneInfo) -> None:
    from appliance.cli.events import print_events
    from appliance.events.urgency import by_urgency

    print(f"\n{fleet.name}: {fleet.assets} machines, {len(fleet.events)} events")
    shown = by_urgency(list(fleet.events))[:_MOST_EVENTS]
    if shown:
        print_events(shown, zone)
    if len(fleet.events) > len(shown):
        print(f"… kizashi events {fleet.name} lists all")
    print("\nWhat was really the matter (faults put into the plant after training):")
    print_table(
        ("fault", "asset", "from", "found", "by"),
        [
            (
                one.fault.kind.replace("_", " "),
                one.fault.asset,
                local(one.fault.start, zone),
                _found(one),
                ", ".join(s.name for s in one.event.sensors[:2]) if one.event else "",
            )
            for one in fleet.outcomes
        ],
    )


def _found(outcome: Outcome) -> str:
    if outcome.event is None:
        return "MISSED"
    hours = (outcome.event.start - outcome.fault.start).total_seconds() / 3600
    return f"after {hours:.1f} h" if hours > 0 else "at once"


def _print_summary(found: list[DemoFleet]) -> None:
    outcomes = [one for fleet in found for one in fleet.outcomes]
    hits = sum(one.event is not None for one in outcomes)
    others = sum(len(fleet.others) for fleet in found)
    print(
        f"\n{hits} of {len(outcomes)} injected faults found; {others} other anomalies on "
        f"{sum(fleet.assets for fleet in found)} machines after training, where the budget of "
        f"false alarms allows {sum(fleet.allowed for fleet in found):.0f}."
    )
    print("\nReports, one page each:")
    for fleet in found:
        print(f"  {fleet.report}")
    first = found[0].name
    print(
        f"\nWhere to go next:\n"
        f"  kizashi events {first}                   what to look at, most urgent first\n"
        f"  kizashi event ID                       one event in full\n"
        f"  kizashi report {first} --out {first}.html   a page to mail\n"
        f"  kizashi ingest FILES… --fleet NAME     your own machines"
    )
