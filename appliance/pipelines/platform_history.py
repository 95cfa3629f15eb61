"""The history of the platform's figures: from Prometheus if the site has one, else its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.core.log import get
from appliance.pipelines.site import Site
from appliance.schemas.platform import Metric, PlatformHistory
from appliance.telemetry import History
from appliance.telemetry.prometheus import Prometheus

_log = get(__name__)


def history(
    site: Site, metrics: Sequence[Metric], start: datetime, end: datetime, width: int
) -> PlatformHistory:
    """Return figures over a time, in at most `width` stretches; see `History.read`.

    A Prometheus that is away is made up for by what the site itself has kept.
    """
    at, own = now(), History(site.settings.home)
    found = own.read(metrics, start, end, width=width, now=at)
    if not site.settings.prometheus_url:
        return found
    try:
        return Prometheus(site.settings).read(metrics, found)
    except KizashiError as error:
        _log.warning("%s Its own figures are told.", error)
        return found
