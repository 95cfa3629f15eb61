"""Commands on data: what comes in, what is there, how good it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from appliance.cli.completing import fleets as fleet_names
from appliance.cli.context import Context, local, print_json, print_table, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.intake.options import Layout
    from appliance.schemas.ingest import AssetQuality, IngestReport, SensorQuality

JSON = typer.Option(False, "--json", help="Print machine-readable JSON.")
FLEET = typer.Argument(help="Name of the fleet.", autocompletion=fleet_names)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (ingest, fleets, sensors, sensor, quality, quarantine):
        app.command()(command)


def ingest(
    context: typer.Context,
    files: list[str] = typer.Argument(
        help="Files, folders or patterns: CSV, Parquet, gz, zst."
    ),
    fleet: str = typer.Option(
        ..., "--fleet", help="Fleet that the machines belong to.", autocompletion=fleet_names
    ),
    time: str | None = typer.Option(
        None, "--time", help="Column of times; 'date,clock' names two; 'row' counts rows."
    ),
    asset: str | None = typer.Option(
        None, "--asset", help="Column of machine names; '=NAME' for one machine."
    ),
    explains: list[str] = typer.Option(
        [], "--context", help="Column that explains normal change (load, speed); repeatable."
    ),
    timezone: str = typer.Option("", "--timezone", help="Zone of times written without one."),
    layout: str = typer.Option("auto", "--layout", help="auto, wide or long."),
    units: list[str] = typer.Option([], "--unit", help="SENSOR=UNIT; repeatable."),
    as_json: bool = JSON,
) -> None:
    """Bring files into a fleet; the same file twice adds nothing."""
    from appliance.cli.sending import send
    from appliance.intake import IngestOptions
    from appliance.pipelines.ingest import ingest as run

    own: Context = context.obj
    options = IngestOptions(
        time=time,
        asset=asset,
        context=tuple(explains),
        timezone=timezone,
        layout=_layout(layout),
        units=tuple(_pair(unit) for unit in units),
    )
    if own.url is None:
        with own.site() as site, progress() as shown:
            report = run(site, files, fleet, options, shown)
    else:
        with own.running() as plant, progress() as shown:
            report = send(plant, files, fleet, options, shown)
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _print_report(report)
    if report.files and all(file.status == "rejected" for file in report.files):
        raise typer.Exit(1)


def _layout(text: str) -> Layout:
    from typing import get_args

    from appliance.core.errors import InvalidRequest
    from appliance.intake.options import Layout as Known

    for known in get_args(Known):
        if text == known:
            found: Layout = known
            return found
    raise InvalidRequest(f"--layout {text}: it is auto, wide or long.")


def _pair(text: str) -> tuple[str, str]:
    from appliance.core.errors import InvalidRequest

    name, sign, unit = text.partition("=")
    if not (sign and name):
        raise InvalidRequest(f"--unit {text}: write it as SENSOR=UNIT.")
    return name, unit


def _print_report(report: IngestReport) -> None:
    for file in report.files:
        name = Path(file.path).name
        if file.status == "added":
            extra = f", {file.corrected:,} corrected" if file.corrected else ""
            extra += f", {file.quarantined:,} to quarantine" if file.quarantined else ""
            print(f"{name}: {_counted(file.rows, 'row')} added{extra}")
        else:
            print(f"{name}: {file.status}: {file.reason}")
    told = dict.fromkeys(guess for file in report.files for guess in file.guesses)
    if told:
        print("\nGuessed: " + "\n         ".join(list(told)[:12]))
        if len(told) > 12:
            print(f"         and {len(told) - 12} more")
    print(
        f"\n{report.fleet}: {_counted(report.rows, 'row')}, "
        f"{_counted(report.assets, 'asset')}, {_counted(report.sensors, 'column')}; "
        f"{report.quarantined:,} rows or cells in quarantine"
    )
    if twice := sum(one.duplicates for one in report.sampling):
        print(
            f"{_counted(twice, 'row')} with an asset and time that stood before in the same "
            "file: the later values count."
        )
    if report.quarantined:
        print(f"`kizashi quarantine {report.fleet}` shows them, with file, row and reason.")
    if report.quality:
        print()
        _print_sensors(report.quality)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def fleets(context: typer.Context, as_json: bool = JSON) -> None:
    """List the fleets that have readings."""
    own: Context = context.obj
    with own.plant() as plant:
        found, zone = [*plant.fleets()], plant.zone()
    if as_json:
        print_json([fleet.model_dump(mode="json") for fleet in found])
        return
    if not found:
        print("There is no fleet yet. Bring files: kizashi ingest FILES… --fleet NAME")
        return
    print_table(
        ("fleet", "assets", "rows", "from", "to", "model"),
        [
            (
                one.fleet,
                f"{one.assets:,}",
                f"{one.rows:,}",
                local(one.start, zone),
                local(one.end, zone),
                f"v{one.champion}" if one.champion else "none",
            )
            for one in found
        ],
        right="lrrlll",
    )


def sensors(context: typer.Context, fleet: str = FLEET, as_json: bool = JSON) -> None:
    """List the sensors and contexts of a fleet."""
    own: Context = context.obj
    with own.plant() as plant:
        found = [*plant.fleet(fleet).sensors()]
    if as_json:
        print_json([sensor.model_dump(mode="json") for sensor in found])
        return
    print_table(
        ("sensor", "unit", "role", "lower", "upper"),
        [(s.name, s.unit, s.role.value, _number(s.lower), _number(s.upper)) for s in found],
        right="lllrr",
    )


def sensor(
    context: typer.Context,
    fleet: str = FLEET,
    name: str = typer.Argument(help="Name of the sensor."),
    role: str | None = typer.Option(None, "--role", help="sensor, context or ignored."),
    unit: str | None = typer.Option(None, "--unit", help="Its unit."),
    lower: float | None = typer.Option(None, "--lower", help="Lowest value it can show."),
    upper: float | None = typer.Option(None, "--upper", help="Highest value it can show."),
    as_json: bool = JSON,
) -> None:
    """Change a sensor's role, unit or physical limits; the next training uses them."""
    from appliance.cli.words import one_of
    from appliance.schemas.sensor import SensorRole

    own: Context = context.obj
    changes = {"unit": unit, "lower": lower, "upper": upper}
    wanted: Any = {n: v for n, v in changes.items() if v is not None}
    if role is not None:
        wanted["role"] = one_of(SensorRole, role, "--role")
    with own.plant() as plant:
        edited = plant.fleet(fleet).edit_sensor(name, **wanted)
    if as_json:
        print_json(edited.model_dump(mode="json"))
    else:
        print(f"{fleet}, {name}: {edited.role.value}, unit {edited.unit or 'none'}")


def quality(context: typer.Context, fleet: str = FLEET, as_json: bool = JSON) -> None:
    """Show the data quality of a fleet, by sensor and by machine."""
    own: Context = context.obj
    with own.plant() as plant:
        found = plant.fleet(fleet).quality()
    if as_json:
        told = found.model_dump(mode="json")
        for data, sensor in zip(told["sensors"], found.sensors, strict=True):
            data["missing_share"] = sensor.missing_share
        print_json(told)
        return
    _print_sensors(found.sensors)
    print()
    _print_assets(found.assets)


def _print_sensors(found: Sequence[SensorQuality]) -> None:
    print_table(
        ("sensor", "missing", "longest stuck", "out of limits", "min", "median", "max"),
        [
            (
                q.sensor,
                f"{q.missing_share:.1%}",
                f"{q.longest_stuck:,}",
                f"{q.out_of_limits:,}",
                _number(q.minimum),
                _number(q.median),
                _number(q.maximum),
            )
            for q in found
        ],
        right="lrrrrrr",
    )


def _print_assets(found: Sequence[AssetQuality]) -> None:
    print_table(
        ("asset", "rows", "interval", "gaps", "longest gap", "back", "twice", "clock"),
        [
            (
                q.asset,
                f"{q.rows:,}",
                f"{q.interval_seconds:g} s" if q.interval_seconds else "",
                f"{q.gaps:,}",
                f"{q.longest_gap_seconds:,.0f} s",
                f"{q.jumps_back:,}",
                f"{q.duplicates:,}",
                f"{q.clock_changes:,}",
            )
            for q in found
        ],
        right="lrrrrrrr",
    )


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def quarantine(
    context: typer.Context,
    fleet: str = FLEET,
    limit: int = typer.Option(50, "--limit", min=1, help="Rows to show."),
    as_json: bool = JSON,
) -> None:
    """Show the rows and cells that were refused, with file, row and reason."""
    own: Context = context.obj
    with own.site() as site:
        held = site.lake.quarantine(fleet)
        if not held.count():
            site.require_fleet(fleet)
        total, rows = held.count(), held.read(limit=limit).to_dicts()
    if as_json:
        print_json({"total": total, "rows": rows})
        return
    if not total:
        print(f"{fleet}: nothing was refused.")
        return
    print_table(
        ("file", "row", "column", "value", "reason"),
        [
            (
                Path(r["file"]).name,
                str(r["row"]),
                r["column"] or "",
                (r["value"] or "")[:40],
                r["reason"],
            )
            for r in rows
        ],
        right="lr",
    )
    if total > len(rows):
        print(f"… {total:,} in all")
