"""Tells channels of events, in a thread beside the jobs: none waits for a mail server.

Looks too, every minute, for what needs care of the platform itself.
"""

from __future__ import annotations

import threading

from appliance.core.clock import monotonic
from appliance.core.errors import KizashiError
from appliance.core.locks import Lead
from appliance.core.log import get
from appliance.pipelines.alerts import deliver, forget, raise_alerts
from appliance.pipelines.care import LOOKS, Care
from appliance.pipelines.platform_alerts import raise_troubles
from appliance.pipelines.site import Site
from appliance.worker.life import Life

_log = get(__name__)
_SECONDS = 2.0
_ROUNDS_A_DAY = int(86_400 / _SECONDS)
_CARE_SECONDS = 60.0


class Herald:
    """Looks every so often whether there is something to tell, and tells it.

    Parameters
    ----------
    site
        Whose events and channels.
    life
        Of the process: the herald ends with it.
    seconds
        Between two looks.
    """

    def __init__(self, site: Site, life: Life, seconds: float = _SECONDS) -> None:
        self._site = site
        self._life = life
        self._seconds = seconds
        self._failed = False
        self._care = Care(site)
        self._lead = Lead(lambda: site.database, site.settings.home, LOOKS)
        self._due = 0.0

    def start(self) -> None:
        """Begin to look, in a thread."""
        threading.Thread(target=self._serve, name="herald", daemon=True).start()

    def _serve(self) -> None:
        rounds = 0
        while not self._life.wait(self._seconds):
            self._round(tidy=rounds % _ROUNDS_A_DAY == 0)
            rounds += 1

    def _round(self, *, tidy: bool) -> None:
        """Look once; what fails is said once, and tried again with the next look."""
        try:
            raise_alerts(self._site)
            if monotonic() >= self._due:
                self._due = monotonic() + _CARE_SECONDS
                # What one machine finds would be over by the word of another that has it not.
                if self._lead.mine():
                    self._care.look()
                    raise_troubles(self._site)
            deliver(self._site)
            if tidy:
                forget(self._site)
        except KizashiError as error:
            if not self._failed:
                _log.warning("events cannot be told: %s It is tried again.", error)
            self._failed = True
            return
        except Exception:  # noqa: BLE001 - a thread that ended would never tell of anything
            _log.exception("events cannot be told")
            return
        self._failed = False
