"""Files into the lake: the ledger first, then the readings, exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from appliance.access.store.audit import Change
from appliance.core.db import Database
from appliance.core.errors import (
    BadFile,
    InvalidRequest,
    KizashiError,
)
from appliance.core.settings import Settings
from appliance.intake import quality
from appliance.intake.arrange import arrange
from appliance.intake.ledger import Fresh, joined_spans
from appliance.intake.look import Looked, known_numbers, preview, unread
from appliance.intake.mapping import Mapping
from appliance.intake.naming import name_assets
from appliance.intake.options import IngestOptions, unknown
from appliance.intake.plan import OF_ONE_FILE, Plan, beyond, planned
from appliance.intake.quarantine import of_file
from appliance.intake.run import FileRun
from appliance.intake.sources.files import stream
from appliance.intake.sources.files.ahead import digests
from appliance.intake.sources.files.discover import discover
from appliance.intake.sources.files.source import Source, open_source
from appliance.intake.store import IntakeStore
from appliance.intake.store.arrivals import Came
from appliance.intake.store.assets import AssetStore
from appliance.lake import Lake
from appliance.schemas.base import fleet_name
from appliance.schemas.ingest import (
    AssetQuality,
    Batch,
    FileReport,
    FileStatus,
    IngestReport,
    SensorQuality,
)
from appliance.schemas.manifest import TimeKind
from appliance.schemas.preview import Preview
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.sensor import Sensor, SensorRole


class Intake:
    """Brings files into a lake and knows what came.

    Parameters
    ----------
    lake
        Where readings and refused rows go.
    database
        Where batches, sensors and quality are kept.
    settings
        Limits and the site's time zone.
    """

    def __init__(self, lake: Lake, database: Database, settings: Settings) -> None:
        self._lake = lake
        self._store = IntakeStore(database)
        self._settings = settings

    # ------------------------------------------------------------------ bringing in
    def ingest(
        self,
        paths: Sequence[Path | str],
        fleet: str,
        options: IngestOptions | None = None,
        progress: Progress | None = None,
        *,
        by: str = "",
        ongoing: bool = False,
    ) -> IngestReport:
        """Bring files into a fleet; the same content twice adds nothing.

        Parameters
        ----------
        paths
            Files, folders and patterns.
        fleet
            The fleet that their assets belong to.
        options
            What is not to be guessed.
        by
            Who brings them in.
        ongoing
            Whether more is to come: a context may then be in none of the files yet.

        Raises
        ------
        NotFound
            Something named is not there.
        InvalidRequest
            An option names a column that no file has, or a zone that is none.
        StorageFull, StorageError, TryAgain
            The same call, repeated, completes what was begun.
        """
        fleet = fleet_name(fleet)
        options = self._with_zone(options or IngestOptions())
        asked = options.context
        remembered = (name for name in self._contexts(fleet) if name not in asked)
        options = replace(options, context=(*asked, *remembered))
        progress = progress or Silent()
        files = discover(paths)
        plans = self._plans(files, fleet, options)
        due = () if ongoing else asked
        self._check_context(due, plans, fleet, late=False)
        progress.step("ingest", sum(path.stat().st_size for path in files))
        reports = []
        for plan, digest in zip(plans, digests([p.path for p in plans]), strict=True):
            reports.append(self._take(plan, digest, fleet, options, progress, by))
            progress.advance(plan.path.stat().st_size)
        self._check_context(due, plans, fleet, late=True)
        return self._report(fleet, reports)

    def _with_zone(self, options: IngestOptions) -> IngestOptions:
        zone = options.timezone or self._settings.timezone
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidRequest(
                f"{zone!r} is not a time zone.", remedy="Write one such as Asia/Tokyo."
            ) from error
        return replace(options, timezone=zone)

    def _plans(self, files: Sequence[Path], fleet: str, options: IngestOptions) -> list[Plan]:
        named = {} if options.called else name_assets(files, fleet)
        plans = [
            planned(path, named.get(path, options.called), options, self._settings)
            for path in files
        ]
        wrong = [p.error for p in plans if isinstance(p.error, InvalidRequest)]
        if wrong and not any(p.meaning for p in plans):
            raise wrong[0]
        return plans

    def _check_context(
        self, asked: Sequence[str], plans: Sequence[Plan], fleet: str, *, late: bool
    ) -> None:
        """Raise if a context is in no file; long tables show theirs only when they are read."""
        read = [plan.meaning for plan in plans if plan.meaning is not None]
        if not asked or not read:
            return
        if not late and any(meaning.long for meaning in read):
            return
        known = {name for meaning in read for name in meaning.values()}
        known |= set(self._lake.readings(fleet).columns())
        for name in asked:
            if name not in known:
                raise unknown("--context", name, sorted(known))

    def _take(
        self, plan: Plan, digest: Callable[[], str], fleet: str, options: IngestOptions,
        progress: Progress, by: str,
    ) -> FileReport:  # fmt: skip
        path = plan.path
        if plan.source is None or plan.meaning is None:
            return self._rejected(path, fleet, plan.error or BadFile("unknown"), progress)
        try:
            batch = plan.meaning.key(digest())
            run = FileRun(
                self._lake, self._store, self._settings, fleet, batch, plan.source, plan.meaning
            )
            return run.take(options, by)
        except OF_ONE_FILE as error:
            return self._rejected(path, fleet, error, progress)
        except pl.exceptions.PanicException as error:
            return self._rejected(path, fleet, beyond(path, error), progress)

    def _rejected(
        self, path: Path, fleet: str, error: KizashiError, progress: Progress
    ) -> FileReport:
        progress.note(f"rejected {path.name}: {error}")
        told = of_file(error.message)
        name = hashlib.sha256(f"{path}: {error.message}".encode()).hexdigest()
        self._lake.quarantine(fleet).write(
            told.with_columns(file=pl.lit(str(path))), batch=f"rejected:{name}"
        )
        return FileReport(path=str(path), status=FileStatus.REJECTED, reason=str(error))

    def _report(self, fleet: str, reports: Sequence[FileReport]) -> IngestReport:
        batches = {report.batch for report in reports if report.batch}
        sensors, assets = self._store.quality(fleet, batches)
        merged, sampling = quality.merge_sensors(sensors), quality.merge_assets(assets)
        return IngestReport(
            fleet=fleet,
            rows=sum(report.rows + report.corrected for report in reports),
            quarantined=sum(report.quarantined for report in reports),
            assets=len(sampling),
            sensors=len(merged),
            files=tuple(reports),
            quality=tuple(merged),
            sampling=tuple(sampling),
        )

    # ------------------------------------------------------------------ reading aside
    def read(
        self, path: Path | str, fleet: str, options: IngestOptions | None = None
    ) -> pl.DataFrame:
        """Return a file's readings as `ingest` would bring them in, and keep nothing.

        Returns
        -------
        DataFrame
            Asset, time and one column a sensor, called as the fleet calls it; sorted.

        Raises
        ------
        BadFile
            The file cannot be read, or no row of it can be used.
        """
        fleet = fleet_name(fleet)
        sensors = self.sensors(fleet)
        options = self._with_zone(options or IngestOptions(context=self._contexts(fleet)))
        path = Path(path)
        plan = planned(path, name_assets([path], fleet)[path], options, self._settings)
        if plan.source is None or plan.meaning is None:
            raise plan.error or BadFile(f"{path} cannot be read.")
        known = {sensor.name.casefold(): sensor for sensor in sensors}
        frames = []
        for parsed in plan.source.parts(plan.meaning.numeric):
            coder = partial(known_numbers, known)
            frame = arrange(parsed, plan.meaning, coder, self._settings.max_columns).frame
            names = {
                n: known[n.casefold()].name for n in frame.columns if n.casefold() in known
            }
            frames.append(frame.rename(names))
        whole = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
        if whole.is_empty():
            raise BadFile(f"{path} has no row that can be used.")
        return whole.sort("asset", "time")

    def understood(
        self, path: Path, fleet: str, options: IngestOptions | None = None
    ) -> IngestOptions:
        """Return options that say what is guessed of a file, for others that are like it.

        Raises
        ------
        BadFile, LimitExceeded, InvalidRequest
            It cannot be read as a table, or not as the options say.
        """
        options = self._with_zone(options or IngestOptions())
        plan = planned(path, fleet, options, self._settings)
        if plan.meaning is None:
            raise plan.error or BadFile(f"{path.name} cannot be read.")
        found = plan.meaning
        return replace(
            options,
            time=",".join(found.time) or "row",
            asset=options.asset or found.asset,
            layout="long" if found.long else "wide",
        )

    def preview(
        self, path: Path, fleet: str, options: IngestOptions, *, upload: str = ""
    ) -> Preview:
        """Return what `ingest` would make of a file, seen by its first part; keep nothing.

        Parameters
        ----------
        upload
            What the preview is to call it.

        Raises
        ------
        BadFile, LimitExceeded
            It cannot be read as a table.
        InvalidRequest
            The options name a zone that is none.
        """
        fleet = fleet_name(fleet)
        options = self._with_zone(options)
        remembered = (one for one in self._contexts(fleet) if one not in options.context)
        options = replace(options, context=(*options.context, *remembered))
        source = open_source(path, self._settings)
        try:
            plan = planned(path, name_assets([path], fleet)[path], options, self._settings)
            if plan.source is None or plan.meaning is None:
                raise plan.error or BadFile(f"{path.name} cannot be read.")
            looked = self._looked(plan.source, plan.meaning, fleet)
        except pl.exceptions.PanicException as error:
            wrong = beyond(path, error)
            return unread(source, upload, wrong.message, wrong.remedy)
        except OF_ONE_FILE as error:
            return unread(source, upload, error.message, error.remedy)
        return preview(plan.source, plan.meaning, options, upload, looked)

    def _looked(self, source: Source, meaning: Mapping, fleet: str) -> Looked:
        known = {sensor.name.casefold(): sensor for sensor in self._store.sensors.list(fleet)}
        parsed = next(source.parts(meaning.numeric))
        coder = partial(known_numbers, known)
        arranged = arrange(parsed, meaning, coder, self._settings.max_columns)
        batch = meaning.key(stream.digest(source.path))
        before = self._store.finished(fleet, batch)
        return Looked(arranged, parsed.frame.height, before)

    def _contexts(self, fleet: str) -> tuple[str, ...]:
        """Return the columns that are contexts of a fleet already."""
        found = self._store.sensors.list(fleet)
        return tuple(one.name for one in found if one.role is SensorRole.CONTEXT)

    # ------------------------------------------------------------------ what came
    @property
    def assets(self) -> AssetStore:
        """Fleets and assets as they are by now."""
        return self._store.assets

    def recount(self, fleet: str) -> None:
        """Count a fleet's assets in the lake, after readings went from there."""
        self._store.assets.replace(fleet_name(fleet), self._lake.readings(fleet).extents())

    def sensors(self, fleet: str) -> list[Sensor]:
        """Return the sensors of a fleet, in the order they came."""
        order = {name: i for i, name in enumerate(self._lake.readings(fleet).columns())}
        found = self._store.sensors.list(fleet_name(fleet))
        return sorted(
            found, key=lambda sensor: (order.get(sensor.name, len(order)), sensor.name)
        )

    def edit_sensor(
        self,
        fleet: str,
        sensor: Sensor,
        *,
        revision: int | None = None,
        change: Change | None = None,
    ) -> Sensor:
        """Change a sensor's unit, role, limits, label or run-state; later files leave it so.

        Parameters
        ----------
        revision
            The one that whoever edits has seen; any if not given.
        change
            A change under way, which the edit becomes part of.

        Raises
        ------
        NotFound
            The fleet has no sensor of that name.
        Outdated
            It changed since that revision.
        """
        return self._store.sensors.edit(
            fleet_name(fleet), sensor, revision=revision, change=change
        )

    def time_kind(self, fleet: str) -> TimeKind:
        """Return whether a fleet's times are moments or counted cycles."""
        return self._store.time_kind(fleet_name(fleet))

    def batches(self, fleet: str) -> list[Batch]:
        """Return the batches that were written to their end, oldest first."""
        return self._store.batches(fleet_name(fleet))

    def arrivals(
        self, fleet: str, before: tuple[datetime, str] | None, limit: int
    ) -> list[Came]:
        """Return the batches that were written to their end, the latest first."""
        return self._store.arrivals.page(fleet_name(fleet), before, limit)

    def latest(self, fleet: str, batches: Sequence[str]) -> datetime | None:
        """Return the last time that batches changed something at; None if they did not."""
        return self._store.arrivals.latest(fleet_name(fleet), batches)

    def spans_since(self, fleet: str, after: set[str]) -> Fresh:
        """Return what batches other than `after` changed."""
        ids = [b.id for b in self.batches(fleet) if b.id not in after]
        return Fresh(tuple(ids), joined_spans(self._store.spans(fleet_name(fleet), ids)))

    def quality(self, fleet: str, latest: int | None = None) -> list[SensorQuality]:
        """Return the data quality of each sensor over all batches, or the latest of them."""
        return quality.merge_sensors(self._store.quality(fleet_name(fleet), latest=latest)[0])

    def sampling(self, fleet: str, latest: int | None = None) -> list[AssetQuality]:
        """Return the sampling of each asset over all batches, or the latest of them."""
        return quality.merge_assets(self._store.quality(fleet_name(fleet), latest=latest)[1])

    def batch_count(self, fleet: str) -> int:
        """Return how many batches were written to their end."""
        return self._store.count(fleet_name(fleet))
