"""Retention: readings and scores beyond an age go, as far as nothing needs them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, NotFound
from appliance.core.ids import new_id
from appliance.pipelines.site import Site
from appliance.pipelines.steps import Plain, Steps
from appliance.schemas.base import Schema, fleet_name
from appliance.schemas.event import UNCLOSED, Event
from appliance.schemas.progress import Progress, Silent
from appliance.schemas.upkeep import RetentionReport

CONTEXT = timedelta(days=1)
"""Kept before an event that is kept: what led to it."""
_NAMED = 4


@dataclass(frozen=True)
class RetentionOptions:
    """What is to go.

    Attributes
    ----------
    days
        Age in days; the setting `retention_days` if not given, which keeps everything where
        it is not set.
    even_needed
        Also what the champion was learned from, and what events that stand rest on.
    dry_run
        Only tell.
    """

    days: float | None = None
    even_needed: bool = False
    dry_run: bool = False


class _Begun(Schema):
    """What a run settled at its beginning, and keeps to when it is begun again."""

    run: str
    at: datetime
    fleets: tuple[str, ...]


def retention(
    site: Site,
    fleet: str | None = None,
    options: RetentionOptions | None = None,
    *,
    progress: Progress | None = None,
    steps: Steps | None = None,
) -> list[RetentionReport]:
    """Take out readings and scores beyond an age, of a fleet or of all.

    Age counts from a fleet's newest reading: a machine that stands still loses nothing.  What
    goes is always the oldest part as a whole, so that what remains has no holes: the first
    reading that something needs, and all after it, stays.  The files are deleted a week later
    (see `compact`).  Events, models and what is known of batches stay.

    Raises
    ------
    NotFound
        There is no such fleet.
    InvalidRequest
        The age is none.
    TryAgain
        Another process scores the fleet.
    """
    options = options or RetentionOptions()
    progress = progress or Silent()
    steps = steps or Plain()
    days = site.settings.retention_days if options.days is None else options.days
    if days is not None and days <= 0:
        raise InvalidRequest(f"{days:g} days is no age that readings may reach.")
    begun = steps.run("begin", _Begun, lambda: _begin(site, fleet))
    progress.step("Taking out what is old", total=len(begun.fleets))
    reports = []
    for name in begun.fleets:
        work = _Work(site, name, options, days, begun)
        reports.append(steps.run(f"take out {name}", RetentionReport, work.done))
        progress.advance()
    return reports


def _begin(site: Site, fleet: str | None) -> _Begun:
    if fleet is not None:
        site.require_fleet(fleet_name(fleet))
    fleets = site.lake.fleets() if fleet is None else [fleet_name(fleet)]
    return _Begun(run=new_id("rtn"), at=now(), fleets=tuple(fleets))


@dataclass(frozen=True)
class _Need:
    """Something that needs readings from a moment on."""

    start: datetime
    text: str


class _Work:
    """One fleet's turn."""

    def __init__(
        self,
        site: Site,
        fleet: str,
        options: RetentionOptions,
        days: float | None,
        begun: _Begun,
    ) -> None:
        self._site = site
        self._fleet = fleet
        self._options = options
        self._days = days
        self._begun = begun

    def done(self) -> RetentionReport:
        """Take out what is old enough."""
        span = self._site.lake.readings(self._fleet).span()
        dry_run = self._options.dry_run
        if self._days is None or span is None:
            return RetentionReport(fleet=self._fleet, dry_run=dry_run)
        if self._site.intake.time_kind(self._fleet) == "cycle":
            note = "it counts cycles, which have no age: everything is kept"
            return RetentionReport(fleet=self._fleet, notes=(note,), dry_run=dry_run)
        cutoff = min(span[1], self._begun.at) - timedelta(days=self._days)
        with self._site.alone("score", self._fleet):
            until, notes = self._until(cutoff)
            readings, scores = self._site.lake.drop_before(
                self._fleet, until, run=self._begun.run, dry_run=dry_run
            )
            if not dry_run:
                self._site.intake.recount(self._fleet)
        gone = readings.rows + scores.rows > 0
        return RetentionReport(
            fleet=self._fleet,
            cutoff=cutoff,
            until=until,
            readings=readings.rows,
            scores=scores.rows,
            files=readings.files + scores.files,
            notes=notes if gone or not self._options.even_needed else (),
            dry_run=dry_run,
        )

    def _until(self, cutoff: datetime) -> tuple[datetime, tuple[str, ...]]:
        """Return what is older than may go, and what speaks of it."""
        needs = sorted(self._needs(cutoff), key=lambda need: need.start)
        if self._options.even_needed:
            return cutoff, tuple(f"went although needed: {need.text}" for need in needs)
        until = min([cutoff, *(need.start for need in needs)])
        return until, tuple(f"kept: {need.text}" for need in needs[:_NAMED])

    def _needs(self, cutoff: datetime) -> list[_Need]:
        found = self._of_champion(cutoff)
        standing = self._site.events.list(self._fleet)
        undecided = [event for event in standing if event.state in UNCLOSED]
        found += [
            _Need(event.start - CONTEXT, f"{_named(event)} is {event.state.value}")
            for event in undecided
            if event.start - CONTEXT < cutoff
        ]
        return found + _across(standing, min([cutoff, *(need.start for need in found)]))

    def _of_champion(self, cutoff: datetime) -> list[_Need]:
        try:
            champion = self._site.registry.champion(self._fleet)
        except NotFound:
            return []
        lineage = champion.lineage
        if lineage.data_start >= cutoff:
            return []
        text = (
            f"the champion, version {champion.version}, was learned from readings since "
            f"{lineage.data_start:%Y-%m-%d %H:%M}; retrain the fleet to need later ones"
        )
        return [_Need(lineage.data_start, text)]


def _across(events: Sequence[Event], moment: datetime) -> list[_Need]:
    """Return the events that the moment would cut in two, and those that this leads to."""
    found: list[_Need] = []
    for event in sorted(events, key=lambda event: event.end, reverse=True):
        if event.start < moment <= event.end:
            moment = event.start
            found.append(_Need(moment, f"{_named(event)} would be cut in two"))
    return found


def _named(event: Event) -> str:
    return f"event {event.id} of {event.asset} since {event.start:%Y-%m-%d %H:%M}"
