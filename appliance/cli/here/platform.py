"""The platform of this home, as whoever is at the machine sees it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from appliance import __version__
from appliance.core.clock import now
from appliance.pipelines.platform_history import history
from appliance.pipelines.site import Site
from appliance.schemas.platform import Metric, PlatformHistory
from appliance.schemas.platform import Platform as Now
from appliance.telemetry import platform

_USUAL = timedelta(hours=6)
_WIDTH = 400


class Platform:
    """The machine, the processes and the queue of the home."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def get(self) -> Now:
        """Return how the platform does now."""
        settings = self._site.settings
        return platform(settings, self._site.database, version=__version__, whole=True)

    def history(
        self,
        metrics: Metric | Iterable[Metric],
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        width: int | None = None,
    ) -> PlatformHistory:
        """Return figures over time; of the latest six hours if no time is said."""
        names = [metrics] if isinstance(metrics, Metric) else [*metrics]
        until = end or now()
        return history(self._site, names, start or until - _USUAL, until, width or _WIDTH)
