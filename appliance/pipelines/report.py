"""Report: what happened on a fleet, gathered into one page."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, NotFound
from appliance.events.urgency import by_urgency
from appliance.events.words import sentence
from appliance.fleet import Artifact
from appliance.objects import Shelf, join, shelf
from appliance.pipelines.site import Site
from appliance.pipelines.whole import whole_file
from appliance.report.model import EventView, HeatRow, Language, QualityRow, Report, Trace
from appliance.report.page import render
from appliance.report.text import say
from appliance.schemas.base import fleet_name
from appliance.schemas.event import Event, EventKind
from appliance.schemas.manifest import FleetManifest
from appliance.schemas.model import ModelVersion
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.sensor import Sensor

_BINS = 120
_SHORTEST_BIN = timedelta(minutes=1)
_DRAWN = 40
_TRACES = 4
_CONTEXTS = 1
_LEAST_AROUND = timedelta(hours=6)
_ROWS_AROUND = 360
"""Of a machine that is read every second, hours around an event would hide the event."""
_ASSETS_AT_ONCE = 16
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True)
class _Facts:
    """What every part of the page needs."""

    site: Site
    fleet: str
    language: Language
    version: ModelVersion
    manifest: FleetManifest
    start: datetime
    end: datetime
    sensors: dict[str, Sensor]


def report(
    site: Site,
    fleet: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    language: Language | None = None,
    progress: Progress | None = None,
) -> str:
    """Return the page of a fleet.

    Parameters
    ----------
    start, end
        Half-open range to show; everything scored if not given.
    language
        The site's if not given.

    Raises
    ------
    NotFound
        The fleet has no readings or no model.
    InvalidRequest
        It was not scored yet, or there is nothing in this range.
    """
    fleet = fleet_name(fleet)
    progress = progress or Silent()
    site.require_fleet(fleet)
    facts = _facts(site, fleet, start, end, language or site.settings.language)
    events = by_urgency(site.events.list(fleet, since=facts.start, until=facts.end))
    heat = _Heat(facts)
    heat.collect(progress)
    anomalies = [event for event in events if event.kind is EventKind.ANOMALY]
    faults = [event for event in events if event.kind is EventKind.SENSOR_FAULT]
    progress.step("Drawing events", total=min(len(events), 2 * _DRAWN))
    page = Report(
        fleet=fleet,
        language=facts.language,
        zone=site.settings.zone,
        made=now(),
        start=facts.start,
        end=facts.end,
        model_version=facts.version.version,
        recipe=facts.manifest.recipe.name,
        trained_from=facts.version.lineage.data_start,
        trained_until=facts.version.lineage.data_end,
        assets=len(heat.rows),
        rows=heat.scored,
        judged_share=heat.judged / max(heat.scored, 1),
        bins=heat.bins,
        heat=heat.ranked(anomalies),
        events=tuple(_views(facts, anomalies, progress)),
        faults=tuple(_views(facts, faults, progress)),
        quality=_quality(facts),
        failures=facts.manifest.failures,
        quarantined=site.lake.quarantine(fleet).count(),
        time_kind=facts.manifest.time_kind,
    )
    return render(page, shown=_DRAWN)


@dataclass(frozen=True)
class ReportKept:
    """A page that was written.

    Attributes
    ----------
    path
        Where it is: a path, or an address on S3.
    """

    path: str
    bytes: int


def keep_page(site: Site, fleet: str, job: str, text: str) -> ReportKept:
    """Keep the page that a job made, where all processes of the site find it.

    Raises
    ------
    StorageFull, StorageError
        It cannot be written.
    """
    pages, key, content = _pages(site), f"{fleet}/{job}.html", text.encode("utf-8")
    pages.put(key, content)
    return ReportKept(join(pages.url, key), len(content))


def kept_page(site: Site, fleet: str, job: str) -> bytes:
    """Return the page that a job made.

    Raises
    ------
    NotFound
        There is none.
    """
    try:
        return _pages(site).read(f"{fleet}/{job}.html")
    except NotFound as error:
        raise NotFound(f"job {job} has no page of fleet {fleet}.") from error


def _pages(site: Site) -> Shelf:
    return shelf(site.settings.place("reports"))


def write_page(text: str, path: Path) -> None:
    """Write a page so that it appears whole or not at all.

    Raises
    ------
    StorageFull, StorageError
        It cannot be written.
    """
    with whole_file(path) as draft:
        draft.write_text(text, "utf-8")


def _facts(
    site: Site,
    fleet: str,
    start: datetime | None,
    end: datetime | None,
    language: Language,
) -> _Facts:
    version = site.registry.champion(fleet)
    span = site.lake.scores(fleet).span(version.version)
    if span is None:
        raise InvalidRequest(
            f"fleet {fleet} was not scored by version {version.version} yet.",
            remedy=f"Score it: `kizashi score {fleet}`.",
        )
    low, high = start or span[0], end or span[1] + _INSTANT
    if low >= high or low > span[1] or high <= span[0]:
        raise InvalidRequest(
            "there are no scores in this range.",
            remedy=f"They go from {span[0]:%Y-%m-%d} to {span[1]:%Y-%m-%d}.",
        )
    return _Facts(
        site=site,
        fleet=fleet,
        language=language,
        version=version,
        manifest=Artifact(version.path).manifest,
        start=max(low, span[0]),
        end=min(high, span[1] + _INSTANT),
        sensors={sensor.name: sensor for sensor in site.intake.sensors(fleet)},
    )


# ---------------------------------------------------------------- heat map
class _Heat:
    """Highest surprise / threshold by asset and bin, read a few assets at a time."""

    def __init__(self, facts: _Facts) -> None:
        self._facts = facts
        span = facts.end - facts.start
        self._step = max(span / _BINS, _SHORTEST_BIN)
        count = max(math.ceil(span / self._step), 1)
        self.bins = tuple(facts.start + number * self._step for number in range(count))
        self.rows: dict[str, NDArray[np.float64]] = {}
        self.scored = self.judged = 0

    def collect(self, progress: Progress) -> None:
        """Read all scores of the range."""
        facts = self._facts
        assets = facts.site.lake.readings(facts.fleet).assets()
        groups = range(0, len(assets), _ASSETS_AT_ONCE)
        progress.step("Reading scores", total=len(groups))
        for first in groups:
            self._add(assets[first : first + _ASSETS_AT_ONCE])
            progress.advance()

    def _add(self, assets: Sequence[str]) -> None:
        facts = self._facts
        scores = facts.site.lake.scores(facts.fleet).read(
            assets,
            facts.start,
            facts.end,
            model_version=facts.version.version,
            columns=["surprise"],
        )
        self.scored += scores.height
        self.judged += scores.height - scores["surprise"].null_count()
        number = (pl.col("time") - facts.start).dt.total_microseconds() // (
            self._step // _INSTANT
        )
        peaks = (
            scores.group_by("asset", number.alias("bin"))
            .agg(pl.col("surprise").max())
            .drop_nulls()
        )
        for asset in scores["asset"].unique():
            self.rows[asset] = np.full(len(self.bins), np.nan)
        for asset, place, peak in peaks.iter_rows():
            model = facts.manifest.of(asset)
            if model is not None:
                bin_ = min(place, len(self.bins) - 1)
                self.rows[asset][bin_] = peak / model.threshold

    def ranked(self, events: Sequence[Event]) -> tuple[HeatRow, ...]:
        """Return the rows, the most alarming asset first."""
        counts = dict.fromkeys(self.rows, 0)
        for event in events:
            counts[event.asset] = counts.get(event.asset, 0) + 1
        peak = {asset: np.nanmax(np.r_[row, -1.0]) for asset, row in self.rows.items()}
        order = sorted(self.rows, key=lambda asset: (-counts[asset], -peak[asset], asset))
        return tuple(HeatRow(asset, self.rows[asset], counts[asset]) for asset in order)


# ---------------------------------------------------------------- events
def _views(facts: _Facts, events: Sequence[Event], progress: Progress) -> Iterator[EventView]:
    for number, event in enumerate(events):
        drawn = number < _DRAWN
        around = max(0.5 * (event.end - event.start), _least_around(facts, event.asset))
        start, end = event.start - around, event.end + around
        yield EventView(
            event=event,
            sentence=sentence(
                event,
                facts.language,
                facts.site.settings.zone,
                time_kind=facts.manifest.time_kind,
            ),
            traces=tuple(_traces(facts, event, start, end)) if drawn else (),
            start=start,
            end=end,
        )
        if drawn:
            progress.advance()


def _least_around(facts: _Facts, asset: str) -> timedelta:
    entry = facts.manifest.of(asset)
    if entry is None:
        return _LEAST_AROUND
    return min(_LEAST_AROUND, _ROWS_AROUND * timedelta(seconds=entry.interval_seconds))


def _traces(facts: _Facts, event: Event, start: datetime, end: datetime) -> Iterator[Trace]:
    named = [share for share in event.sensors if share.name in facts.sensors][:_TRACES]
    contexts = facts.manifest.context[:_CONTEXTS]
    wanted = [*(share.name for share in named), *contexts]
    readings = facts.site.lake.readings(facts.fleet).read([event.asset], start, end, wanted)
    shares = {share.name: share.share for share in named}
    for name in wanted:
        yield Trace(
            name=name,
            unit=facts.sensors[name].unit if name in facts.sensors else "",
            times=_seconds(readings),
            values=_values(readings, name),
            share=shares.get(name) if event.kind is EventKind.ANOMALY else None,
        )
    scores = facts.site.lake.scores(facts.fleet).read(
        [event.asset],
        start,
        end,
        model_version=facts.version.version,
        columns=["surprise"],
    )
    model = facts.manifest.of(event.asset)
    yield Trace(
        name=say(facts.language, "surprise"),
        unit="",
        times=_seconds(scores),
        values=_values(scores, "surprise"),
        limit=event.threshold if model is None else model.threshold,
    )


def _seconds(frame: pl.DataFrame) -> NDArray[np.float64]:
    return frame["time"].to_physical().to_numpy().astype(np.float64) / 1e6


def _values(frame: pl.DataFrame, name: str) -> NDArray[np.float64]:
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


# ---------------------------------------------------------------- quality
def _quality(facts: _Facts) -> tuple[QualityRow, ...]:
    rows = []
    for found in facts.site.intake.quality(facts.fleet):
        sensor = facts.sensors.get(found.sensor, Sensor(name=found.sensor))
        rows.append(
            QualityRow(
                sensor=found.sensor,
                unit=sensor.unit,
                role=sensor.role.value,
                missing_share=found.missing_share,
                longest_stuck=found.longest_stuck,
                out_of_limits=found.out_of_limits,
                minimum=found.minimum,
                median=found.median,
                maximum=found.maximum,
            )
        )
    return tuple(rows)
