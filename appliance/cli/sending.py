"""Files of this machine, brought into a fleet of a site that runs elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from appliance.client import Plant
from appliance.client.fleet import Meaning
from appliance.core.errors import BadFile
from appliance.intake import IngestOptions
from appliance.intake.naming import name_assets
from appliance.intake.quality import merge_assets, merge_sensors
from appliance.intake.sources.files.discover import discover
from appliance.schemas.ingest import FileReport, FileStatus, IngestReport
from appliance.schemas.progress import Progress


def send(
    plant: Plant,
    files: Sequence[str],
    fleet: str,
    options: IngestOptions,
    progress: Progress,
) -> IngestReport:
    """Send files one by one; return what became of them, as if they had been there.

    Raises
    ------
    KizashiError
        The site refuses more than a single file.
    """
    paths = discover(files)
    named = name_assets(paths, fleet)
    progress.step("Sending files", total=len(paths))
    found: list[IngestReport] = []
    for path in paths:
        found.append(_sent(plant, path, fleet, _meaning(options, named[path])))
        progress.advance()
    for sensor, unit in options.units:
        plant.fleet(fleet).edit_sensor(sensor, unit=unit)
    return _together(fleet, found)


def _meaning(options: IngestOptions, called: str) -> Meaning:
    meant = Meaning(called=called, context=options.context, layout=options.layout)
    if options.time is not None:
        meant["time"] = options.time
    if options.asset is not None:
        meant["asset"] = options.asset
    if options.timezone:
        meant["timezone"] = options.timezone
    return meant


def _sent(plant: Plant, path: Path, fleet: str, meant: Meaning) -> IngestReport:
    try:
        report = plant.fleet(fleet).ingest(path, **meant)
    except BadFile as error:
        refused = FileReport(path=str(path), status=FileStatus.REJECTED, reason=str(error))
        return _together(fleet, [], [refused])
    told = [file.model_copy(update={"path": str(path)}) for file in report.files]
    return report.model_copy(update={"files": tuple(told)})


def _together(
    fleet: str, found: Sequence[IngestReport], files: Sequence[FileReport] = ()
) -> IngestReport:
    told = [*files, *(file for report in found for file in report.files)]
    sensors = merge_sensors(one for report in found for one in report.quality)
    assets = merge_assets(one for report in found for one in report.sampling)
    return IngestReport(
        fleet=fleet,
        rows=sum(report.rows for report in found),
        quarantined=sum(report.quarantined for report in found),
        assets=len(assets),
        sensors=len(sensors),
        files=tuple(told),
        quality=tuple(sensors),
        sampling=tuple(assets),
    )
