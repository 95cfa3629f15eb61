"""One file's way into the lake."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import polars as pl

from appliance.core.errors import BadFile
from appliance.core.settings import Settings
from appliance.intake import quality
from appliance.intake.arrange import Arranged, arrange, free_name
from appliance.intake.ledger import Touched, Written
from appliance.intake.mapping import Mapping
from appliance.intake.options import IngestOptions
from appliance.intake.quarantine import REPEATED, of_column
from appliance.intake.sources.files.source import Source
from appliance.intake.store import IntakeStore
from appliance.lake import Lake
from appliance.schemas.ingest import AssetQuality, FileReport, FileStatus, SensorQuality
from appliance.schemas.manifest import TimeKind
from appliance.schemas.sensor import Sensor, SensorRole

KEYS = ("asset", "time")


class FileRun:
    """Writes the parts of one file; repeated after any interruption, it completes them.

    Parameters
    ----------
    fleet, batch
        Where to, and under which identity.
    source, meaning
        The file, and what its columns are for.
    """

    def __init__(
        self, lake: Lake, store: IntakeStore, settings: Settings, fleet: str, batch: str,
        source: Source, meaning: Mapping,
    ) -> None:  # fmt: skip
        self._readings = lake.readings(fleet)
        self._quarantine = lake.quarantine(fleet)
        self._store = store
        self._settings = settings
        self._fleet = fleet
        self._batch = batch
        self._source = source
        self._meaning = meaning
        self._limits = {s.name: (s.lower, s.upper) for s in store.sensors.list(fleet)}
        self._columns = {name.casefold(): name for name in self._readings.columns()}
        self._last: dict[str, datetime] = {}
        self._sensors: list[SensorQuality] = []
        self._assets: list[AssetQuality] = []

    def take(self, options: IngestOptions, by: str) -> FileReport:
        """Bring the file in for somebody.

        Raises
        ------
        BadFile
            The file turns out to be damaged, or no row of it can be used.
        Conflict
            It counts time another way than its fleet.
        """
        if self._store.is_done(self._fleet, self._batch):
            if self._readings.exists():
                return self._told(FileStatus.ALREADY_THERE, Written())
            self._store.reopen(self._fleet, self._batch)
        kind: TimeKind = "cycle" if self._meaning.time_format.kind == "cycle" else "time"
        self._store.settle_time(self._fleet, kind)
        self._store.begin(self._fleet, self._batch, str(self._source.path), by)
        rows = 0
        for part, parsed in enumerate(self._source.parts(self._meaning.numeric)):
            arranged = arrange(parsed, self._meaning, self._code, self._settings.max_columns)
            rows += arranged.frame.height
            self._write(part, arranged, options)
        written = self._store.written(self._fleet, self._batch)
        if not rows:
            raise BadFile(self._unusable())
        self._store.finish(
            self._fleet,
            self._batch,
            quality.merge_sensors(self._sensors),
            quality.merge_assets(self._assets),
        )
        if not written.rows and not written.corrected:
            return self._told(FileStatus.ALREADY_THERE, written)
        return self._told(FileStatus.ADDED, written)

    def _write(self, part: int, arranged: Arranged, options: IngestOptions) -> None:
        frame = self._spelled(arranged.frame)
        issues = arranged.issues
        if part == 0:
            again = [of_column(n, REPEATED) for n in self._source.repeated.values()]
            issues = pl.concat([*again, issues])
        self._register(frame, options)
        touched = _touched(frame)
        intended = Written(frame.height, 0, issues.height)
        self._store.intend(self._fleet, self._batch, part, touched, intended)
        self._quarantine.write(
            issues.with_columns(file=pl.lit(str(self._source.path))),
            batch=self._batch,
            part=part,
        )
        result = self._readings.write(frame, batch=self._batch, part=part)
        if not result.already_written:
            written = Written(result.added, result.corrected, issues.height)
            done = {
                asset: Touched(*span, result.added_by_asset.get(asset, 0))
                for asset, span in result.spans.items()
            }
            self._store.record(self._fleet, self._batch, part, done, written)
        self._sensors += quality.measure_sensors(frame, self._limits)
        self._assets += quality.measure_assets(frame, arranged.disorder, self._last)
        self._last |= {asset: one.end for asset, one in touched.items()}

    def _spelled(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return sensors as the fleet spells them: Delta tells no columns apart by case."""
        groups: dict[str, list[str]] = {}
        for name in frame.columns[len(KEYS) :]:
            known = self._columns.setdefault(name.casefold(), name)
            groups.setdefault(known, []).append(name)
        if len(self._columns) > self._settings.max_columns:
            raise BadFile(
                f"with {self._source.path.name} the fleet would have "
                f"{len(self._columns):,} sensors; {self._settings.max_columns:,} are allowed.",
                remedy="Put it into a fleet of its own, or raise max_columns in the settings.",
            )
        if all(names == [known] for known, names in groups.items()):
            return frame
        return frame.select(
            *KEYS, *(pl.coalesce(reversed(names)).alias(n) for n, names in groups.items())
        )

    def _code(self, name: str, words: Sequence[str]) -> dict[str, float]:
        return self._store.sensors.levels(self._fleet, free_name(name), words)

    def _register(self, frame: pl.DataFrame, options: IngestOptions) -> None:
        units = {self._sensor_name(name): unit for name, unit in self._meaning.units}
        units |= dict(options.units)
        labels = {self._sensor_name(name) for name in self._meaning.labels}
        found = [
            Sensor(
                name=name,
                unit=units.get(name, ""),
                role=SensorRole.IGNORED if name in labels else SensorRole.SENSOR,
            )
            for name in frame.columns
            if name not in KEYS
        ]
        self._store.sensors.add(self._fleet, found, options.context)

    def _sensor_name(self, column: str) -> str:
        sign = self._meaning.separator
        return free_name(column.rpartition(sign)[2] if sign else column)

    def _unusable(self) -> str:
        told = self._quarantine.read(batch=self._batch, limit=1)
        why = f": line {told['row'][0]}: {told['reason'][0]}" if told.height else ""
        return f"{self._source.path.name} has no row that can be used{why}."

    def _told(self, status: FileStatus, written: Written) -> FileReport:
        already = status is FileStatus.ALREADY_THERE
        return FileReport(
            path=str(self._source.path),
            status=status,
            batch=self._batch,
            rows=written.rows,
            corrected=written.corrected,
            quarantined=written.quarantined,
            reason="nothing in it is new" if already else "",
            guesses=self._meaning.guesses,
        )


def _touched(frame: pl.DataFrame) -> dict[str, Touched]:
    found = frame.group_by("asset").agg(
        pl.col("time").min().alias("start"), pl.col("time").max().alias("end"), rows=pl.len()
    )
    return {asset: Touched(start, end, rows) for asset, start, end, rows in found.iter_rows()}
