"""The demo: the plant's files through every pipeline, and what was found beside the truth."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from appliance.demo.config import PlantConfig
from appliance.demo.faults import Fault
from appliance.demo.files import FleetFiles, PlantFiles, write_plant
from appliance.fleet.recipe import resolve
from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.report import report, write_page
from appliance.pipelines.score import score
from appliance.pipelines.site import Site
from appliance.pipelines.train import TrainOptions, train
from appliance.schemas.event import Event, EventKind
from appliance.schemas.progress import Progress, Silent

RECIPE = "auto"
_MONTH = timedelta(days=30)
_AFTERMATH = timedelta(hours=6)
"""Heat that a fault brought fades for hours: an event in that time is the fault's."""


@dataclass(frozen=True)
class Outcome:
    """One fault that was injected after training, and the event that found it, if any."""

    fault: Fault
    event: Event | None


@dataclass(frozen=True)
class DemoFleet:
    """What came of one fleet.

    Attributes
    ----------
    events
        All events that stand, sensor faults among them.
    outcomes
        The faults in the time after training.
    others
        Anomalies after training in whose time their machine had no injected fault.
    allowed
        As many of them as the recipe's budget promises at most, in the mean.
    report
        The page written.
    """

    name: str
    assets: int
    events: tuple[Event, ...]
    outcomes: tuple[Outcome, ...]
    others: tuple[Event, ...]
    allowed: float
    report: Path


def run_demo(
    site: Site,
    config: PlantConfig | None = None,
    *,
    engine: str | None = None,
    progress: Progress | None = None,
) -> list[DemoFleet]:
    """Generate the demo plant, ingest, train on its first part, score all, write reports.

    Every step asks what is done already: run again, it repeats nothing; cut off at any moment
    and run again, it completes.

    Raises
    ------
    StorageFull, StorageError, EngineError, TryAgain
        The same call, repeated, goes on from where it stopped.
    """
    progress = progress or Silent()
    config = config or PlantConfig()
    plant = write_plant(config, site.settings.home / "demo", progress)
    found = []
    for files in plant.fleets:
        _bring(site, files, progress)
        _learn(site, plant, files, engine, progress)
        score(site, files.fleet, engine=engine, progress=progress)
        found.append(_outcome(site, plant, files, config.end, progress))
    return found


def _bring(site: Site, files: FleetFiles, progress: Progress) -> None:
    options = IngestOptions(context=files.context, timezone=files.timezone, units=files.units)
    ingest(site, files.files, files.fleet, options, progress)
    limits = {name: (lower, upper) for name, lower, upper in files.limits}
    for sensor in site.intake.sensors(files.fleet):
        lower, upper = limits.get(sensor.name, (None, None))
        if (sensor.lower, sensor.upper) == (None, None) and lower is not None:
            own = sensor.model_copy(update={"lower": lower, "upper": upper})
            site.intake.edit_sensor(files.fleet, own)


def _learn(
    site: Site, plant: PlantFiles, files: FleetFiles, engine: str | None, progress: Progress
) -> None:
    """Train unless a version was made from these very batches already."""
    batches = {batch.id for batch in site.intake.batches(files.fleet)}
    for version in site.registry.versions(files.fleet):
        if set(version.lineage.batches) == batches:
            return
    options = TrainOptions(RECIPE, end=plant.training_end)
    made = train(site, files.fleet, options, engine=engine, progress=progress)
    if made.version > 1:
        site.registry.promote(files.fleet, made.version, "kizashi demo")


def _outcome(
    site: Site, plant: PlantFiles, files: FleetFiles, end: datetime, progress: Progress
) -> DemoFleet:
    events = site.events.list(files.fleet)
    faults = [fault for fault in plant.faults if fault.fleet == files.fleet]
    later = [fault for fault in faults if not fault.in_training]
    told = [event for event in events if event.repeats is None]
    outcomes = tuple(Outcome(fault, _finder(fault, told)) for fault in later)
    others = tuple(
        event
        for event in told
        if event.kind is EventKind.ANOMALY
        and event.start >= plant.training_end
        and not any(_explains(fault, event) for fault in faults)
    )
    budget = resolve(RECIPE).threshold.false_alarms_per_month
    path = site.settings.home / "reports" / f"{files.fleet}.html"
    write_page(report(site, files.fleet, progress=progress), path)
    return DemoFleet(
        name=files.fleet,
        assets=len(files.assets),
        events=tuple(events),
        outcomes=outcomes,
        others=others,
        allowed=budget * len(files.assets) * ((end - plant.training_end) / _MONTH),
        report=path,
    )


def _explains(fault: Fault, event: Event) -> bool:
    return (
        fault.asset == event.asset
        and event.start <= fault.end + _AFTERMATH
        and event.end >= fault.start
    )


def _finder(fault: Fault, events: list[Event]) -> Event | None:
    """Return the earliest event in a fault's time that names a sensor of it."""
    mine = [event for event in events if _explains(fault, event)]
    named = [e for e in mine if {s.name for s in e.sensors[:3]} & set(fault.sensors)]
    return min(named, key=lambda event: event.start, default=None)
