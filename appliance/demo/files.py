"""The demo plant as the files that a plant would hand over, each fleet in its own manner.

Pumps come as Parquet, a file a machine; fans as CSV of a data logger in local time
(``;`` and decimal commas); gearboxes as compressed long CSV of a historian, a row a value.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from appliance.demo import plant
from appliance.demo.columns import FleetKind
from appliance.demo.config import START, ZONE, PlantConfig
from appliance.demo.faults import Fault
from appliance.demo.ledger import Ledger, write_whole
from appliance.schemas.progress import Progress, Silent

FORMAT = 1
"""Raised whenever the same configuration gives other files than before."""
TRUTH = "truth.json"
PLANT = "plant.json"
_GZIP_LEVEL = 4


@dataclass(frozen=True)
class FleetFiles:
    """The files of one fleet, and what is to be said when they are ingested.

    Attributes
    ----------
    files
        One a machine.
    context
        Columns that explain normal change.
    units
        Pairs (column, unit).
    limits
        Triples (sensor, lower, upper): what its transmitter can show.
    timezone
        Zone of times that are written without one.
    """

    fleet: str
    files: tuple[Path, ...]
    assets: tuple[str, ...]
    context: tuple[str, ...]
    units: tuple[tuple[str, str], ...]
    limits: tuple[tuple[str, float, float], ...]
    timezone: str
    interval_seconds: int
    layout: str


@dataclass(frozen=True)
class PlantFiles:
    """A written demo plant.

    Attributes
    ----------
    truth, description
        JSON files: the faults injected; fleets, files, columns and times.
    training_end
        First moment after the days meant for training, UTC.
    """

    folder: Path
    fleets: tuple[FleetFiles, ...]
    faults: tuple[Fault, ...]
    truth: Path
    description: Path
    training_end: datetime


@dataclass(frozen=True)
class _Export:
    """How a fleet's machines are exported."""

    suffix: str
    layout: str
    write: Callable[[FleetKind, str, pl.DataFrame, Path], None]


def _parquet(kind: FleetKind, asset: str, frame: pl.DataFrame, path: Path) -> None:
    del kind, asset
    frame.write_parquet(path, compression="zstd", statistics=True)


def _logger_csv(kind: FleetKind, asset: str, frame: pl.DataFrame, path: Path) -> None:
    del asset
    named = {column.name: f"{column.name} [{column.unit}]" for column in kind.columns}
    seconds = bool((frame["time"].dt.second() != 0).any())
    frame.with_columns(_local(pl.col("time")).dt.replace_time_zone(None)).rename(
        named
    ).write_csv(
        path,
        separator=";",
        decimal_comma=True,
        datetime_format="%Y/%m/%d %H:%M:%S" if seconds else "%Y/%m/%d %H:%M",
        check_extension=False,
    )


def _historian_csv(kind: FleetKind, asset: str, frame: pl.DataFrame, path: Path) -> None:
    del kind
    time = _local(pl.col("time")).dt.to_string("%Y-%m-%dT%H:%M:%S%:z")
    (
        frame.with_columns(time)
        .rename({name: f"{asset}.{name}" for name in frame.columns if name != "time"})
        .unpivot(index="time", variable_name="tag")
        .drop_nulls("value")
        .sort("time", maintain_order=True)
        .write_csv(
            path,
            compression="gzip",
            compression_level=_GZIP_LEVEL,
            check_extension=False,
        )
    )


def _local(time: pl.Expr) -> pl.Expr:
    return time.dt.convert_time_zone(ZONE)


_EXPORTS = {
    "pumps": _Export(".parquet", "wide", _parquet),
    "fans": _Export(".csv", "wide", _logger_csv),
    "gearboxes": _Export(".csv.gz", "long", _historian_csv),
}


def write_plant(
    config: PlantConfig, folder: Path, progress: Progress | None = None
) -> PlantFiles:
    """Write the demo plant's files, its truth and its description into a folder.

    Interrupted and called again, it completes; files that stand whole, of the same
    configuration, are kept as they are. Each file appears at once under its name.

    Parameters
    ----------
    folder
        Made if it is missing. Files of an earlier, other plant in it are replaced; files
        that this function did not write are left alone.

    Raises
    ------
    StorageFull
        No space is left; what stands whole stays.
    StorageError
        The folder or a file cannot be written.
    """
    progress = progress or Silent()
    found = describe(config, folder)
    ledger = Ledger(folder, {"format": FORMAT, **asdict(config), "training": config.training})
    progress.step("Generating the demo plant", sum(len(f.files) for f in found.fleets))
    for fleet in found.fleets:
        export, kind = _EXPORTS[fleet.fleet], plant.fleet_kind(fleet.fleet)
        for asset, path in zip(fleet.assets, fleet.files, strict=True):
            if not ledger.holds(path):
                frame = plant.generate_asset(config, fleet.fleet, asset)
                ledger.write(path, _writing(export, kind, asset, frame))
            progress.advance()
    _write_json(found.truth, [_fault(fault) for fault in found.faults])
    _write_json(found.description, _description(config, found))
    ledger.forget_others({path for fleet in found.fleets for path in fleet.files})
    return found


def describe(config: PlantConfig, folder: Path) -> PlantFiles:
    """Return which files `write_plant` writes, without writing any."""
    return PlantFiles(
        folder=folder,
        fleets=tuple(_fleet_files(config, folder, fleet) for fleet in plant.FLEETS),
        faults=plant.faults(config),
        truth=folder / TRUTH,
        description=folder / PLANT,
        training_end=config.training_end,
    )


def _fleet_files(config: PlantConfig, folder: Path, fleet: str) -> FleetFiles:
    kind, export = plant.fleet_kind(fleet), _EXPORTS[fleet]
    names = plant.assets(config, fleet)
    return FleetFiles(
        fleet=fleet,
        files=tuple(folder / fleet / f"{name}{export.suffix}" for name in names),
        assets=names,
        context=tuple(column.name for column in kind.context),
        units=tuple((column.name, column.unit) for column in kind.columns),
        limits=tuple((column.name, column.lower, column.upper) for column in kind.sensors),
        timezone=ZONE,
        interval_seconds=plant.interval_seconds(config, fleet),
        layout=export.layout,
    )


def _writing(
    export: _Export, kind: FleetKind, asset: str, frame: pl.DataFrame
) -> Callable[[Path], None]:
    return lambda path: export.write(kind, asset, frame, path)


def _fault(fault: Fault) -> dict[str, Any]:
    return {**asdict(fault), "start": fault.start.isoformat(), "end": fault.end.isoformat()}


def _description(config: PlantConfig, found: PlantFiles) -> dict[str, Any]:
    fleets = {}
    for fleet in found.fleets:
        relative = replace(
            fleet, files=tuple(path.relative_to(found.folder) for path in fleet.files)
        )
        told = asdict(relative)
        told["files"] = [path.as_posix() for path in relative.files]
        told["units"] = dict(fleet.units)
        told["limits"] = {name: [lower, upper] for name, lower, upper in fleet.limits}
        told["sensors"] = [name for name, _, _ in fleet.limits]
        fleets[told.pop("fleet")] = told
    return {
        "format": FORMAT,
        "seed": config.seed,
        "start": START.isoformat(),
        "training_end": config.training_end.isoformat(),
        "end": config.end.isoformat(),
        "timezone": ZONE,
        "fleets": fleets,
        "truth": TRUTH,
    }


def _write_json(path: Path, content: object) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    if path.is_file() and path.read_bytes() == text.encode():
        return
    write_whole(path, lambda part: part.write_bytes(text.encode()))
