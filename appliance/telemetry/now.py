"""How the platform does now, put together from all that tells of it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

from appliance.core.clock import now
from appliance.core.db import Database
from appliance.core.settings import Settings
from appliance.engine import shared
from appliance.jobs.store.figures import JobFigures
from appliance.schemas.platform import PARTS, Metric, Part, Platform, Queue, Trouble
from appliance.telemetry import health, watched
from appliance.telemetry.history import History
from appliance.telemetry.host import host, roles
from appliance.telemetry.storage import size_of
from appliance.telemetry.store.troubles import TroubleStore

_DAY = timedelta(days=1)
_SELDOM = 1_200.0
"""Seconds for which a size that is seldom looked at still counts."""


def platform(settings: Settings, database: Database, *, version: str, whole: bool) -> Platform:
    """Return how the platform does.

    Parameters
    ----------
    version
        Of the appliance.
    whole
        Whether more is told than queue and troubles.
    """
    at, home = now(), settings.home
    history, figures = History(home), JobFigures(database)
    standing = figures.standing(at)
    queue = Queue(
        queued=standing.queued,
        running=standing.running,
        oldest=standing.oldest,
        workers=standing.workers,
        at_once=settings.jobs_at_once,
        failed=figures.failed(at - _DAY, at),
    )
    latest = partial(history.latest, now=at)
    machine, cluster = host(home, latest), shared.cluster(settings)
    told = Platform(
        at=at,
        version=version,
        queue=queue,
        troubles=health.worst_first(
            [
                *health.troubles(
                    health.Facts(
                        at=at,
                        queue=queue,
                        host=machine,
                        cluster=cluster,
                        needs_ray=settings.engine == "ray",
                        measured=latest(Metric.HOST_CPU) is not None,
                    )
                ),
                *_noted(database, whole=whole),
            ]
        ),
    )
    if not whole:
        return told
    sizes = {part: history.latest(size_of(part), at, _SELDOM) for part in PARTS}
    return told.model_copy(
        update={
            "host": machine,
            "roles": roles(home, latest),
            "parts": tuple(
                Part(part=part, size_bytes=int(size))
                for part, size in sizes.items()
                if size is not None
            ),
            "database": database.engine.dialect.name,
            "cluster": cluster,
            "workers": tuple(figures.workers()),
        }
    )


def _noted(database: Database, *, whole: bool) -> list[Trouble]:
    """Return what the latest look every minute found, beyond the figures of now.

    Names of sources and fleets are not everybody's to see.
    """
    found = [one.trouble for one in TroubleStore(database).standing()]
    return [one for one in found if one.code in watched.CODES and (whole or not one.subject)]
