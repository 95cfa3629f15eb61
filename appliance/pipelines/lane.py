"""The swim lane: machines over time, by how unusual they were, where to look first on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from appliance.access.seen import Seen
from appliance.events.detect import FAR, LONG
from appliance.events.store.counts import EventCounts
from appliance.events.urgency import class_of
from appliance.heat import Calendar, Stretch, calendar_of
from appliance.heat.days import QUARTERS
from appliance.intake.ledger import Asset, FleetFacts
from appliance.pipelines import heat
from appliance.pipelines.overview import champion_manifest
from appliance.pipelines.site import Site
from appliance.schemas.manifest import FleetManifest, TimeKind
from appliance.schemas.overview import Lane, LaneRow

MOST_BUCKETS = 92
"""Stretches of time that a lane has: more are too narrow to be told apart."""
_SHORT = 14
"""Days up to which the parts of each day are shown."""
_CLOSE = 0.9
"""Share of the alarm level from which a stretch is close to it."""
_RECENT = timedelta(days=3)
_NOWHERE = (1_000, 0.0, 0)


@dataclass(frozen=True)
class _Ruler:
    """The stretches of time of a lane.

    Attributes
    ----------
    first, last
        Days.
    width
        Days that are shown together.
    parts
        Stretches that each day is cut into; then `width` is 1.
    """

    calendar: Calendar
    first: int
    last: int
    width: int
    parts: int

    @property
    def count(self) -> int:
        """How many stretches there are."""
        return ((self.last - self.first) // self.width + 1) * self.parts

    def start(self, bucket: int) -> datetime:
        """Return the first moment of a stretch; that after the last for their number."""
        day, part = divmod(bucket, self.parts)
        return self.calendar.start(self.first + day * self.width, part)


@dataclass
class _Row:
    """A machine's row while it is put together."""

    asset: Asset
    cells: list[str]
    peaks: list[int | None] = field(default_factory=list)


def lane(
    site: Site, seen: Seen, *, fleet: str | None = None, days: int | None, limit: int
) -> Lane:
    """Return the machines that somebody sees, up to the newest reading.

    Where no fleet is named, fleets whose times are counters stand beside others in no order
    and are left out, unless there are no others.

    Parameters
    ----------
    days
        How many days are shown, by the site's clock; None: all.
    limit
        How many machines are.

    Raises
    ------
    NotFound
        There is no such fleet.
    """
    if fleet is None:
        known = site.intake.assets.fleets(seen)
    else:
        known = [site.intake.assets.fleet(fleet)]
    kind: TimeKind = "time" if any(one.time_kind == "time" for one in known) else "cycle"
    known = [one for one in known if one.time_kind == kind]
    if not known:
        return Lane(kind="time", timezone=site.settings.timezone, rows=(), total=0)
    ruler = _ruler(calendar_of(kind, site.settings.timezone), known, days)
    rows, counts, unready = _rows(site, known, ruler)
    ordered = _ordered(site, [one.name for one in known], rows, ruler)
    return Lane(
        kind=kind,
        timezone=ruler.calendar.timezone,
        starts=tuple(ruler.start(bucket) for bucket in range(ruler.count)),
        end=ruler.start(ruler.count),
        rows=tuple(ordered[:limit]),
        total=len(rows),
        coverage=min(counts[0] / counts[1], 1.0) if counts[1] else None,
        unready=tuple(unready),
    )


def _ruler(calendar: Calendar, known: Sequence[FleetFacts], days: int | None) -> _Ruler:
    last = calendar.day_of(max(one.end for one in known))
    oldest = calendar.day_of(min(one.start for one in known))
    first = oldest if days is None else last - days + 1
    shown = last - first + 1
    if shown <= _SHORT:
        return _Ruler(calendar, first, last, 1, QUARTERS)
    return _Ruler(calendar, first, last, -(-shown // MOST_BUCKETS), 1)


# ---------------------------------------------------------------- rows
def _rows(
    site: Site, known: Sequence[FleetFacts], ruler: _Ruler
) -> tuple[list[_Row], tuple[float, float], list[str]]:
    """Return the rows, the readings that there are and were to be expected, and who waits."""
    champions = site.registry.champions([one.name for one in known])
    rows: list[_Row] = []
    there, expected = 0.0, 0.0
    unready: list[str] = []
    for one in known:
        own = {
            asset.name: _Row(asset, ["."] * ruler.count, [None] * ruler.count)
            for asset in site.intake.assets.list(one.name)
        }
        rows += own.values()
        version, manifest = champions.get(one.name), champion_manifest(site, one.name)
        if version is None or manifest is None:
            continue
        if not heat.ready(site, one.name, version):
            unready.append(one.name)
            continue
        days = ruler.first, ruler.last
        found = site.heat.read(one.name, version, days, ruler.width)
        parts = _parts(site, one.name, version, ruler)
        for stretch in found:
            row = own.get(stretch.asset)
            if row is not None:
                _fill(row, stretch, manifest, ruler, parts.get((stretch.asset, stretch.bucket)))
        counted = _expected(found, own, manifest, ruler)
        there, expected = there + counted[0], expected + counted[1]
    return rows, (there, expected), unready


def _parts(
    site: Site, fleet: str, version: int, ruler: _Ruler
) -> Mapping[tuple[str, int], Sequence[float | None]]:
    if ruler.parts == 1:
        return {}
    found = site.heat.quarters(fleet, version, (ruler.first, ruler.last))
    return {(asset, day): peaks for asset, day, peaks in found}


def _fill(
    row: _Row,
    stretch: Stretch,
    manifest: FleetManifest,
    ruler: _Ruler,
    parts: Sequence[float | None] | None,
) -> None:
    """Write what is known of a stretch of days into its cells."""
    model = manifest.of(stretch.asset)
    long = stretch.alarms >= LONG * manifest.recipe.threshold.minimum_rows
    first = stretch.bucket * ruler.parts
    for part, peak in enumerate((stretch.peak,) if parts is None else parts):
        bucket = first + part
        if peak is None or model is None:
            if parts is None or _within(row.asset, ruler, bucket):
                row.cells[bucket] = "m" if stretch.masked else "u"
            continue
        far = peak / max(model.threshold, 1e-9)
        row.cells[bucket] = str(_level(far, alarms=stretch.alarms > 0, long=long))
        row.peaks[bucket] = round(far * 100)


def _within(asset: Asset, ruler: _Ruler, bucket: int) -> bool:
    """Whether a machine can have readings in a stretch."""
    return asset.start < ruler.start(bucket + 1) and asset.end >= ruler.start(bucket)


def _level(far: float, *, alarms: bool, long: bool) -> int:
    """Return how a stretch is shown: as an event of just this stretch would be judged."""
    if far < _CLOSE:
        return 0
    if far < 1 or not alarms:
        return 1
    return 2 + (far >= FAR) + long


def _expected(
    found: Sequence[Stretch], own: Mapping[str, _Row], manifest: FleetManifest, ruler: _Ruler
) -> tuple[float, float]:
    """Return how many readings there are, and how many were to be expected by then."""
    if not found:
        return 0.0, 0.0
    rows: dict[str, int] = {}
    for stretch in found:
        rows[stretch.asset] = rows.get(stretch.asset, 0) + stretch.rows
    scored = ruler.start((max(one.bucket for one in found) + 1) * ruler.parts)
    end = min(max(row.asset.end for row in own.values()), scored)
    there, expected = 0.0, 0.0
    for name, row in own.items():
        model = manifest.of(name)
        if model is None or model.interval_seconds <= 0:
            continue
        start = max(row.asset.start, ruler.start(0))
        wanted = max((end - start).total_seconds() / model.interval_seconds, 0.0) + 1
        there += min(rows.get(name, 0), wanted)
        expected += wanted
    return there, expected


# ---------------------------------------------------------------- order
def _ordered(
    site: Site, fleets: Sequence[str], rows: Sequence[_Row], ruler: _Ruler
) -> list[LaneRow]:
    """Return the rows, those to look at first on top."""
    worst = EventCounts(site.database).worst(fleets)
    recent = [bucket for bucket in range(ruler.count) if _is_recent(ruler, bucket)]

    def urgency(row: _Row) -> tuple[object, ...]:
        rank, calm, _ = worst.get((row.asset.fleet, row.asset.name), _NOWHERE)
        lately = max((row.peaks[bucket] or 0 for bucket in recent), default=0)
        ever = max((peak or 0 for peak in row.peaks), default=0)
        return rank, calm, -lately, -ever, row.asset.fleet, row.asset.name

    out = []
    for row in sorted(rows, key=urgency):
        place = row.asset.fleet, row.asset.name
        rank, _, events = worst.get(place, _NOWHERE)
        out.append(
            LaneRow(
                fleet=row.asset.fleet,
                asset=row.asset.name,
                end=row.asset.end,
                urgency=class_of(rank)[2] if events else None,
                events=events,
                cells="".join(row.cells),
                peaks=tuple(row.peaks),
            )
        )
    return out


def _is_recent(ruler: _Ruler, bucket: int) -> bool:
    return ruler.start(bucket + 1) > ruler.start(ruler.count) - _RECENT
