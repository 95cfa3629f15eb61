"""The facts of a site as metrics: looked up, never counted a second time.

What the database knows is true whoever did it: a worker, a task of Ray or a command.  Each
group of facts is looked up no more often than it costs; where that fails, the others are told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from appliance import __version__
from appliance.access.seen import EVERYTHING
from appliance.alerts.store.figures import waiting
from appliance.core.clock import monotonic, now
from appliance.core.errors import KizashiError
from appliance.core.log import get
from appliance.events.store.counts import EventCounts
from appliance.events.urgency import class_of
from appliance.intake.store.figures import IntakeFigures
from appliance.jobs.store.figures import JobFigures
from appliance.metrics.described import OTHER
from appliance.metrics.families import Family, bounded, family, named
from appliance.pipelines.site import Site
from appliance.registry.store.figures import RegistryFigures
from appliance.schemas.platform import PARTS, PROCESS_ROLES, Metric
from appliance.telemetry.history import History
from appliance.telemetry.host import host
from appliance.telemetry.paid import cumulative
from appliance.telemetry.storage import size_of
from appliance.telemetry.store.costs import CostStore

_log = get(__name__)
_LATEST_DAYS = 7
_MANY = 0.05
_SELDOM = 1_200.0
_AGAIN = 1.0
"""Seconds that it waits for facts that were told before."""
_YEN = "JPY"
_PATIENCE = 4.0
"""Seconds that a scrape waits for facts that nobody has looked up yet."""

Look = Callable[[Site], Iterable[Family]]


@dataclass
class _Group:
    """Facts that are looked up together, no more often than every so many seconds."""

    name: str
    look: Look
    every: float
    told: list[Family] = field(default_factory=list)
    took: float | None = None
    due: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Figures:
    """The facts of a site, for whoever scrapes it.

    Parameters
    ----------
    site
        Whose.
    clock
        Seconds that never jump.
    """

    def __init__(self, site: Site, clock: Callable[[], float] = monotonic) -> None:
        self._site = site
        self._clock = clock
        self._groups = [
            _Group("queue", _queue, 5.0),
            _Group("intake", _intake, 15.0),
            _Group("sources", _sources, 5.0),
            _Group("events", _events, 5.0),
            _Group("models", _models, 30.0),
            _Group("alarms", _alarming, 300.0),
            _Group("database", _database, 5.0),
            _Group("lake", _lake, 300.0),
            _Group("machine", _machine, 5.0),
            _Group("cost", _cost, 30.0),
        ]

    def collect(self, patience: float = _PATIENCE) -> Iterator[Family]:
        """Yield all there is to tell; what takes longer than `patience` seconds comes later.

        Until then, and at most for a second, what was told before is told again.
        """
        begun = monotonic()
        for group in self._groups:
            if self._clock() >= group.due and group.lock.acquire(blocking=False):
                group.done.clear()
                threading.Thread(target=self._renew, args=[group], daemon=True).start()
        yield family("kizashi_build_info", {(__version__,): 1.0})
        took: dict[tuple[str, ...], float] = {}
        for group in self._groups:
            wait = patience if group.took is None else min(patience, _AGAIN)
            group.done.wait(max(begun + wait - monotonic(), 0.0))
            if group.took is not None:
                took[group.name,] = group.took
                yield from group.told
        yield family("kizashi_scrape_duration_seconds", took)

    def _renew(self, group: _Group) -> None:
        begun = monotonic()
        try:
            group.told = list(group.look(self._site))
        except KizashiError as error:
            _log.debug("metrics of %s cannot be told: %s", group.name, error)
            group.told = []
        finally:
            group.took = monotonic() - begun
            group.due = self._clock() + group.every
            group.done.set()
            group.lock.release()


# ---------------------------------------------------------------- jobs, intake
def _queue(site: Site) -> Iterator[Family]:
    at = now()
    found = JobFigures(site.database).standing(at)
    waited = 0.0 if found.oldest is None else (at - found.oldest).total_seconds()
    states: dict[tuple[str, ...], float] = {
        ("queued",): found.queued,
        ("running",): found.running,
    }
    yield family("kizashi_jobs", states)
    yield family("kizashi_jobs_longest_wait_seconds", max(waited, 0.0))
    yield family("kizashi_workers", found.workers)
    yield family("kizashi_job_slots", found.workers * site.settings.jobs_at_once)


def _intake(site: Site) -> Iterator[Family]:
    figures, at = IntakeFigures(site.database), now()
    fleets, readings = figures.fleets(), figures.readings()
    names = named(fleets)
    yield family(
        "kizashi_fleet_assets", bounded({f: one.assets for f, one in fleets.items()}, names)
    )
    added = {fleet: rows for fleet, (rows, _) in readings.items()}
    refused = {fleet: rows for fleet, (_, rows) in readings.items()}
    yield family("kizashi_readings_ingested_total", bounded(added, names))
    yield family("kizashi_readings_quarantined_total", bounded(refused, names))
    ages = {
        (fleet,): max((at - one.newest).total_seconds(), 0.0)
        for fleet, one in fleets.items()
        if one.by_clock and fleet in names
    }
    yield family("kizashi_readings_age_seconds", ages)


def _sources(site: Site) -> Iterator[Family]:
    found, at = IntakeFigures(site.database).sources(), now()
    keys = [(one.name, one.kind) for one in found]
    yield family(
        "kizashi_source_up", {k: float(one.fine) for k, one in zip(keys, found, strict=True)}
    )
    lags = {
        (one.name, one.kind): max((at - one.latest).total_seconds(), 0.0)
        for one in found
        if one.latest is not None
    }
    yield family("kizashi_source_lag_seconds", lags)
    yield family("kizashi_source_rows_total", {(o.name, o.kind): o.rows for o in found})
    yield family("kizashi_source_refused_total", {(o.name, o.kind): o.refused for o in found})


# ---------------------------------------------------------------- models, events
def _models(site: Site) -> Iterator[Family]:
    figures, at = RegistryFigures(site.database), now()
    models, scored = figures.models(), figures.scored()
    names = named(IntakeFigures(site.database).fleets())
    yield family(
        "kizashi_model_versions",
        bounded({fleet: one.versions for fleet, one in models.items()}, names),
    )
    ages = {
        (fleet,): max((at - one.trained).total_seconds(), 0.0)
        for fleet, one in models.items()
        if fleet in names
    }
    yield family("kizashi_model_champion_age_seconds", ages)
    rows = {fleet: count for fleet, (count, _) in scored.items()}
    alarms = {fleet: count for fleet, (_, count) in scored.items()}
    yield family("kizashi_readings_scored_total", bounded(rows, names))
    yield family("kizashi_readings_alarmed_total", bounded(alarms, names))


def _alarming(site: Site) -> Iterator[Family]:
    models = RegistryFigures(site.database).models()
    names = named(IntakeFigures(site.database).fleets())
    ratios: dict[tuple[str, ...], float] = {}
    alarming: dict[tuple[str, ...], float] = {}
    for fleet, one in models.items():
        if fleet not in names:
            continue
        found = site.heat.latest(fleet, one.champion, _LATEST_DAYS)
        judged = sum(each.judged for each in found)
        if judged:
            ratios[fleet,] = sum(each.alarms for each in found) / judged
            alarming[fleet,] = sum(each.alarms > _MANY * each.judged for each in found)
    yield family("kizashi_model_alarm_ratio", ratios)
    yield family("kizashi_model_assets_alarming", alarming)


def _events(site: Site) -> Iterator[Family]:
    counts: dict[tuple[str, ...], float] = {}
    for rank, count in EventCounts(site.database).by_rank(EVERYTHING).items():
        _, kind, severity = class_of(rank)
        key = (kind.value, severity.value)
        counts[key] = counts.get(key, 0.0) + count
    yield family("kizashi_events_waiting", counts)
    yield family("kizashi_alerts_waiting", waiting(site.database))


# ---------------------------------------------------------------- stores, machine
def _database(site: Site) -> Iterator[Family]:
    database = site.database
    begun = monotonic()
    database.ping()
    yield family("kizashi_database_ping_seconds", monotonic() - begun)
    held = database.held()
    yield family("kizashi_database_connections", {(state,): n for state, n in held.items()})


def _lake(site: Site) -> Iterator[Family]:
    sizes = {(table,): one for table, one in site.lake.sizes().items()}
    yield family("kizashi_lake_files", {k: one.files for k, one in sizes.items()})
    yield family("kizashi_lake_size_bytes", {k: one.size_bytes for k, one in sizes.items()})
    yield family("kizashi_lake_commits_total", {k: one.commits for k, one in sizes.items()})


def _machine(site: Site) -> Iterator[Family]:
    """Tell what the platform's own history knows: the very figures of its page."""
    history, at = History(site.settings.home), now()

    def latest(metric: Metric, within: float = 60.0) -> float | None:
        return history.latest(metric, at, within)

    machine = host(site.settings.home, latest)
    if machine.cpu_ratio is not None:
        yield family("kizashi_host_cpu_ratio", machine.cpu_ratio)
    if machine.load is not None:
        yield family("kizashi_host_load", machine.load)
    yield family("kizashi_host_cpus", machine.cpus)
    yield family("kizashi_host_memory_bytes", machine.memory_bytes)
    yield family("kizashi_host_memory_used_bytes", machine.memory_used_bytes)
    yield family("kizashi_host_disk_bytes", machine.disk_bytes)
    yield family("kizashi_host_disk_free_bytes", machine.disk_free_bytes)
    for name, ending in (
        ("kizashi_role_cpu_cores", "cpu_cores"),
        ("kizashi_role_memory_bytes", "memory_bytes"),
    ):
        found = {(r,): latest(Metric(f"{r}_{ending}")) for r in PROCESS_ROLES}
        yield family(name, {key: value for key, value in found.items() if value is not None})
    sizes = {(part,): latest(size_of(part), _SELDOM) for part in PARTS}
    known = {key: value for key, value in sizes.items() if value is not None}
    yield family("kizashi_home_size_bytes", known)
    if ("database",) in known:
        yield family("kizashi_database_size_bytes", known["database",])


# ---------------------------------------------------------------- cost
def _cost(site: Site) -> Iterator[Family]:
    """Tell what was paid in yen; other currencies have no metric of their own."""
    paid = cumulative(site.settings, site.database)
    if paid.currency != _YEN:
        return
    names = named(project for project, _ in paid.amounts)
    told: dict[tuple[str, str], float] = {}
    for (project, pipeline), amount in paid.amounts.items():
        key = (project if project in names else OTHER, pipeline)
        told[key] = told.get(key, 0.0) + amount
    yield family("kizashi_cost_yen_total", told)
    yield family("kizashi_cost_machines_yen_total", CostStore(site.database).machines(_YEN))
