"""Score files: judge readings that are not in the lake, and leave the lake as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from appliance.core.errors import InvalidRequest
from appliance.fleet import FleetModel
from appliance.pipelines.site import Site
from appliance.pipelines.whole import whole_file
from appliance.schemas.base import fleet_name
from appliance.schemas.progress import Progress, Silent

_SUFFIXES = (".csv", ".parquet")


@dataclass(frozen=True)
class FilesScored:
    """What was written where."""

    rows: int
    alarms: int
    out: str


def score_files(
    site: Site,
    fleet: str,
    source: str,
    out: Path | None = None,
    *,
    version: int | None = None,
    engine: str | None = None,
    progress: Progress | None = None,
) -> FilesScored:
    """Judge files by a fleet's model.

    One file is read as `ingest` would read it, and its scores are written beside its readings
    into `out` (``.csv`` or ``.parquet``).  A folder or pattern of Parquet files with the
    columns asset and time may be larger than memory: each file is scored into the folder
    `out`, slice by slice.

    Raises
    ------
    NotFound
        No such file, or the fleet has no model.
    BadFile
        The file cannot be read.
    InvalidRequest
        Where the scores are to go is not said, or in no known form.
    """
    fleet = fleet_name(fleet)
    progress = progress or Silent()
    registry = site.registry
    entry = registry.champion(fleet) if version is None else registry.get(fleet, version)
    model = FleetModel(entry.path)
    path = Path(source).expanduser()
    if not path.is_file():
        if out is None or out.suffix in _SUFFIXES:
            raise InvalidRequest(
                "say which folder the scores of many files go into.", remedy="--out FOLDER."
            )
        done = model.score_files(source, out, engine=engine or site.settings.engine)
        return FilesScored(done.rows, done.alarms, str(out))
    target = out or path.with_name(f"{path.name.split('.')[0]}.scores.csv")
    if target.suffix not in _SUFFIXES:
        raise InvalidRequest(f"{target} ends in no known form.", remedy="Use .csv or .parquet.")
    progress.step("Scoring", total=1)
    scores = model.score(site.intake.read(path, fleet))
    _write(scores, target)
    progress.advance()
    return FilesScored(scores.height, int(scores["alarm"].sum()), str(target))


def _write(frame: pl.DataFrame, target: Path) -> None:
    with whole_file(target) as draft:
        if target.suffix == ".csv":
            frame.write_csv(draft)
        else:
            frame.write_parquet(draft, compression="zstd")
