"""Slow drift: before a fleet is learned anew, its machines are compared with months before.

Each version keeps, for every machine, the time that says what its normal is: what the first
version learned from, or what a person called normal since.  The readings themselves are the
memory, so that no earlier model is needed, and versions may come, go and be rolled back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from appliance.calendar.masks import Masks, merged
from appliance.core.errors import NotFound
from appliance.engine import Engine
from appliance.fleet import FitReport, Layout
from appliance.fleet.chunks import Columns
from appliance.fleet.drifting import FEWEST_SINCE, LEAST_NORMAL, Normal, find_drifts
from appliance.fleet.guide import Guide
from appliance.pipelines.site import Site
from appliance.schemas.manifest import Stretch
from appliance.schemas.model import DriftNote, HeldNote
from appliance.schemas.recipe import Recipe

LEAST = timedelta(days=LEAST_NORMAL)
"""Normal is told by so much time at least, even if the first version learned from less."""
_NEW_NORMAL = timedelta(days=1)
"""What is called normal for so long is a new normal; a false alarm of minutes is none."""
_SINCE = timedelta(days=FEWEST_SINCE)
RECENT = timedelta(days=7)
_INSTANT = timedelta(microseconds=1)


class Machine(Protocol):
    """A machine and the times of its first and last reading."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def start(self) -> datetime:
        """Time of the first."""

    @property
    def end(self) -> datetime:
        """Time of the last."""


@dataclass(frozen=True)
class Reading:
    """What a training is going to read.

    Attributes
    ----------
    version
        Of the readings' table.
    assets
        That are learned anew; all if None.
    start, end
        Half-open range.
    """

    version: int
    assets: Sequence[str] | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Drifts:
    """What months before say of a fleet.

    Attributes
    ----------
    notes
        Machines that went away from normal.
    normal
        By asset, the time that says what normal is.
    """

    notes: tuple[DriftNote, ...] = ()
    normal: Mapping[str, Stretch] = field(default_factory=dict)
    _end: datetime | None = None

    def guide(self, guide: Guide) -> Guide:
        """Return what a training is told, with what drifted held back."""
        if not self.notes:
            return guide
        own: dict[str, list[tuple[datetime, datetime]]] = {}
        for note in self.notes:
            end = note.until if note.over or self._end is None else self._end
            own.setdefault(note.asset, []).append((note.since, max(end, note.until)))
        masks = Masks(own={asset: merged(spans) for asset, spans in own.items()})
        return replace(guide, held=(*guide.held, ("drift", masks)))

    def held(self, report: FitReport) -> tuple[HeldNote, ...]:
        """Return how many readings were held back."""
        rows = report.held.get("drift", 0)
        return (HeldNote(reason="drift", events=(), rows=rows),) if self.notes else ()

    def learned(self, report: FitReport) -> dict[str, Stretch]:
        """Return what says what is normal of each machine that has a model."""
        return {a: told for a, told in sorted(self.normal.items()) if a not in report.failures}


def look_back(  # noqa: PLR0913 - whose readings, by what, judged how, without what
    site: Site,
    fleet: str,
    recipe: Recipe,
    layout: Layout,
    reading: Reading,
    engine: Engine,
    guide: Guide,
    calendar: Masks,
) -> Drifts:
    """Compare a fleet's machines with what was normal months before.

    Parameters
    ----------
    guide, calendar
        What is not learned from is not looked at; what people called normal for a day or
        longer says from then on what is normal.

    Raises
    ------
    StorageError, EngineError
        Readings could not be read, or a worker not be kept alive.
    """
    columns = Columns.of(recipe, layout.sensors, layout.context)

    def find(spans: Mapping[str, Normal]) -> list[DriftNote]:
        assets, start = sorted(spans), min(start for start, _ in spans.values())
        chunks = site.lake.readings(fleet).chunks(
            cells=site.chunk_cells(
                fleet, engine.workers, assets=assets, start=start, end=reading.end
            ),
            assets=assets,
            start=start,
            end=reading.end,
            version=reading.version,
        )
        return find_drifts(
            chunks,
            recipe,
            columns,
            spans,
            engine,
            guide.masks(calendar),
            most_cells=site.settings.chunk_cells,
        )

    machines = site.intake.assets.named(fleet, _wanted(site, fleet, reading))
    return compare(_former(site, fleet), machines, reading, guide.vouched, find)


def compare(
    former: Drifts | None,
    machines: Sequence[Machine],
    reading: Reading,
    vouched: Masks,
    find: Callable[[Mapping[str, Normal]], list[DriftNote]],
) -> Drifts:
    """Compare machines with what was normal before, wherever their readings are.

    Parameters
    ----------
    former
        What the champion says.
    vouched
        What people called normal.
    find
        Finds the drifts of machines, by the time that says what is normal of each.
    """
    carried = {} if former is None else former.normal
    normal = {m.name: _normal(m, carried, reading, vouched) for m in machines}
    ends = {m.name: _end(m, reading) for m in machines}
    compared = {
        asset: end
        for asset, end in ends.items()
        if asset in carried and end - normal[asset].end >= _SINCE
    }
    found: list[DriftNote] = []
    if compared:
        found = find({a: (normal[a].start, normal[a].end) for a in compared})
    notes = [*found, *_kept(former, found, compared, normal)]
    return Drifts(
        tuple(sorted(notes, key=lambda note: (note.asset, note.since))),
        {**carried, **normal},
        max(ends.values()) + _INSTANT if ends else None,
    )


def _wanted(site: Site, fleet: str, reading: Reading) -> Sequence[str]:
    return site.lake.readings(fleet).assets() if reading.assets is None else reading.assets


def _former(site: Site, fleet: str) -> Drifts | None:
    """Return what the champion says."""
    try:
        champion = site.registry.champion(fleet).lineage
    except NotFound:
        return None
    if champion.normal:
        return Drifts(champion.drifted, champion.normal)
    # Made before versions told it: the oldest one there is says what was normal.
    first = min(site.registry.versions(fleet), key=lambda one: one.version).lineage
    told = Stretch(start=first.data_start, end=first.data_end)
    names = site.lake.readings(fleet).assets()
    return Drifts(champion.drifted, dict.fromkeys(names, told))


def _normal(
    machine: Machine, carried: Mapping[str, Stretch], reading: Reading, vouched: Masks
) -> Stretch:
    """Return the time that says what is normal of one machine."""
    told = carried.get(machine.name)
    if told is None:
        start = max(machine.start, reading.start or machine.start)
        told = Stretch(start=start, end=_end(machine, reading))
    for start, end in vouched.of(machine.name):
        if end - start >= _NEW_NORMAL and end > told.end:
            told = Stretch(start=start, end=end)
    return Stretch(start=told.start, end=max(told.end, told.start + LEAST))


def _end(machine: Machine, reading: Reading) -> datetime:
    return min(machine.end, reading.end or machine.end)


def _kept(
    former: Drifts | None,
    found: Iterable[DriftNote],
    compared: Mapping[str, datetime],
    normal: Mapping[str, Stretch],
) -> Iterator[DriftNote]:
    """Yield what was told before and still holds: nobody called it normal since.

    Parameters
    ----------
    compared
        Newest reading of the machines that were looked at.
    """
    if former is None:
        return
    again = {note.asset for note in found}
    for note in former.notes:
        now = normal.get(note.asset)
        same = now is None or now == former.normal.get(note.asset)
        if note.over:
            if same or (now is not None and note.until <= now.start):
                yield note
        elif same and note.asset not in compared:
            yield note
        elif same and note.asset not in again:
            # Half of the last days are as before; those before them need not be.
            until = max(note.until, compared[note.asset] - RECENT)
            yield note.model_copy(update={"until": until, "over": True})
