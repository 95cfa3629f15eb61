"""Looks after the platform where no worker does: somebody must tell that there is none."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Self

from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.core.locks import Lead
from appliance.core.log import get
from appliance.jobs.store.figures import JobFigures
from appliance.pipelines.alerts import deliver
from appliance.pipelines.care import LOOKS, Care
from appliance.pipelines.platform_alerts import raise_troubles
from appliance.pipelines.site import Site

_log = get(__name__)
_SECONDS = 60.0


class Vigil:
    """Looks every minute, in a thread, for as long as it is open.

    Parameters
    ----------
    site
        Whose platform.
    clock
        What time it is.
    """

    def __init__(self, site: Site, clock: Callable[[], datetime] = now) -> None:
        self._site = site
        self._clock = clock
        self._care = Care(site, clock)
        self._lead = Lead(lambda: site.database, site.settings.home, LOOKS)
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="vigil", daemon=True)

    def look(self) -> bool:
        """Look once; whether there was no worker to do it.

        Raises
        ------
        StorageError
            The database is away.
        """
        if JobFigures(self._site.database).standing(self._clock()).workers:
            self._lead.close()  # a worker is to have it
            return False
        if not self._lead.mine():  # another machine's web has
            return True
        self._care.look()
        raise_troubles(self._site, self._clock)
        deliver(self._site, clock=self._clock)
        return True

    def _run(self) -> None:
        while not self._ending.wait(_SECONDS):
            try:
                self.look()
            except KizashiError as error:
                _log.debug("the platform cannot be looked after: %s", error)
            except Exception:  # noqa: BLE001 - a thread that ended would never tell of anything
                _log.exception("the platform cannot be looked after")

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(1.0)
        self._lead.close()
