"""What needs care, looked for every minute: found, noted with its life, told by `alerts`."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from statistics import median

from appliance import __version__
from appliance.core.clock import monotonic, now
from appliance.core.errors import KizashiError
from appliance.core.log import get
from appliance.jobs.store.figures import JobFigures
from appliance.pipelines.glance import patience_for
from appliance.pipelines.health import health
from appliance.pipelines.overview import champion_manifest
from appliance.pipelines.site import Site
from appliance.schemas.platform import Metric, Trouble
from appliance.schemas.source import Source, SourceState
from appliance.telemetry import History, platform, watched
from appliance.telemetry.filling import Filling, filling
from appliance.telemetry.watched import CertificateFacts, ModelFacts, SourceFacts
from appliance.tls.authority import Authority, expiry

_log = get(__name__)
_TREND = timedelta(days=14)
_TREND_STEPS = 336
_USUAL = timedelta(days=1)
_USUAL_STEPS, _FEWEST_STEPS = 288, 12
_ARRIVALS, _FEWEST_ARRIVALS = 8, 3
_LOOKS = 10
"""Looks at a source that may bring nothing before it is silent."""
_LEAST_SILENCE = timedelta(minutes=30)
_HISTORY = timedelta(days=30)
"""Readings that are older were not meant to come at once."""
_ROUND = timedelta(hours=6).total_seconds()
"""Between two beginnings of a look at the normal of all machines."""
_SPARE = 1.0
"""Seconds of each look that are spent on it."""
_CHANGE_DAYS = 60
LOOKS = "care"
"""The lock of whichever process looks: one of a site, with several machines too."""


class Care:
    """Looks for what needs care.

    Parameters
    ----------
    site
        Which one.
    clock
        What time it is.
    """

    def __init__(self, site: Site, clock: Callable[[], datetime] = now) -> None:
        self._site = site
        self._clock = clock
        self._normal = Normal(site)
        self._learned: dict[tuple[str, int], datetime] = {}

    def look(self) -> None:
        """Look once, and note what is found.

        Raises
        ------
        StorageError
            It cannot be noted.
        """
        at = self._clock()
        found = [*platform_troubles(self._site), *self._all(at)]
        self._site.troubles.note(found, at)

    def _all(self, at: datetime) -> Iterator[Trouble]:
        site = self._site
        parts: tuple[Callable[[], Iterable[Trouble]], ...] = (
            lambda: watched.disk_fills(_filling(site, at)),
            lambda: watched.sources(_sources(site, at)),
            lambda: watched.certificates(_certificates(site), at),
            lambda: _backups(site, at),
            lambda: watched.models(self._models(), at),
            lambda: watched.budgets(site.budgets.list(at)),
            lambda: watched.schedules(JobFigures(site.database).failing_schedules()),
            lambda: _workers(site, at),
        )
        for part in parts:
            try:
                yield from part()
            except KizashiError as error:  # the other parts can be looked at all the same
                _log.warning("a part could not be looked at: %s", error)

    def _models(self) -> Iterator[ModelFacts]:
        changed, registry = self._normal.changed(), self._site.registry
        champions = registry.champions(registry.fleets())
        for key in champions.items():
            if key not in self._learned:
                self._learned[key] = registry.get(*key).created
        self._learned = {key: self._learned[key] for key in champions.items()}
        for (fleet, _), learned in self._learned.items():
            yield ModelFacts(fleet, learned, changed.get(fleet, 0))


class Normal:
    """Which machines run otherwise than their model learned; looked at a few at a time.

    Parameters
    ----------
    site
        Whose machines.
    every
        Seconds between two beginnings of a round over all of them.
    """

    def __init__(self, site: Site, every: float = _ROUND) -> None:
        self._site = site
        self._every = every
        self._left: list[tuple[str, str]] = []
        self._changed: dict[tuple[str, str], bool] = {}
        self._due = 0.0

    def changed(self, spare: float = _SPARE) -> dict[str, int]:
        """Go on with the round for some seconds; return by fleet how many have changed."""
        began = monotonic()
        if not self._left and began >= self._due:
            self._due = began + self._every
            self._left = list(self._known())
            self._changed = {key: self._changed.get(key, False) for key in self._left}
        while self._left and monotonic() - began < spare:
            fleet, asset = key = self._left.pop()
            try:
                told = health(self._site, fleet, asset, _CHANGE_DAYS)
            except KizashiError as error:  # it went away, or has too many scores
                _log.debug("the normal of %s %s is not known: %s", fleet, asset, error)
                continue
            since = (told.changed_from, told.drifted)
            self._changed[key] = any(one is not None for one in since)
        counts: dict[str, int] = {}
        for (fleet, _), changed in self._changed.items():
            counts[fleet] = counts.get(fleet, 0) + changed
        return counts

    def _known(self) -> Iterator[tuple[str, str]]:
        for fleet in self._site.registry.fleets():
            manifest = champion_manifest(self._site, fleet)
            for asset in () if manifest is None else manifest.assets:
                yield fleet, asset


def platform_troubles(site: Site) -> tuple[Trouble, ...]:
    """Return what the figures of now tell."""
    told = platform(site.settings, site.database, version=__version__, whole=False)
    return tuple(one for one in told.troubles if one.code not in watched.CODES)


def _filling(site: Site, at: datetime) -> Filling | None:
    history = History(site.settings.home)
    found = history.read([Metric.HOST_DISK], at - _TREND, at, width=_TREND_STEPS, now=at)
    times = [moment.timestamp() for moment in found.times]
    free = shutil.disk_usage(site.settings.home).free
    return filling(times, found.metrics[0].most, float(free))


def _sources(site: Site, at: datetime) -> Iterator[SourceFacts]:
    for one in site.sources.list():
        if one.state is not SourceState.PAUSED:
            yield SourceFacts(one.name, one.failures, _silent(one, at), _patience(site, one))


def _silent(source: Source, at: datetime) -> float | None:
    if source.came is None:
        return None
    lag = source.lag or 0.0
    came = (at - source.came).total_seconds()
    return max(came, lag) if lag < _HISTORY.total_seconds() else came


def _patience(site: Site, source: Source) -> float | None:
    arrivals = site.intake.assets.arrivals(source.fleet, _ARRIVALS)
    if len(arrivals) < _FEWEST_ARRIVALS:
        return None
    usual = max(patience_for(arrivals), _LEAST_SILENCE).total_seconds()
    return max(usual, _LOOKS * source.every)


def _certificates(site: Site) -> Iterator[CertificateFacts]:
    settings = site.settings
    own = Authority(settings.home / "secrets")
    files = (
        (own.certificate, False),
        (own.server_certificate, True),
        (settings.tls_certificate, False),
        (settings.oidc_authority, False),
    )
    for path, renews in files:
        if path is not None and path.exists():
            yield CertificateFacts(path.name, expiry(path), renews)


def _backups(site: Site, at: datetime) -> Iterable[Trouble]:
    began = min((one.created for one in site.intake.assets.fleets()), default=None)
    last = site.access.audit.last("backup.made")
    return watched.backups(last, began, site.settings.backup_every_days, at)


def _workers(site: Site, at: datetime) -> Iterator[Trouble]:
    figures = JobFigures(site.database)
    found = History(site.settings.home).read(
        [Metric.JOBS_WORKERS], at - _USUAL, at, width=_USUAL_STEPS, now=at
    )
    counts = [value for value in found.metrics[0].most if value is not None]
    if len(counts) >= _FEWEST_STEPS:
        yield from watched.workers(figures.standing(at).workers, round(median(counts)))
    latest = figures.last_sign_of_life()
    if latest is not None:
        yield from watched.clocks(latest - at)
