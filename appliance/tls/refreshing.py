"""A certificate that is renewed while the appliance runs."""

from __future__ import annotations

import ssl
import threading
from typing import Self

from appliance.core.errors import KizashiError
from appliance.core.log import get
from appliance.core.settings import Settings
from appliance.tls.listening import Listening, listening

_log = get(__name__)
_PERIOD = 6 * 3600.0


class Refreshing:
    """Shows new connections the newest certificate: the home's own, or a file replaced.

    Parameters
    ----------
    settings
        Of the site.
    context
        What the running server makes its connections with.
    period
        Seconds between two looks.
    """

    def __init__(
        self, settings: Settings, context: ssl.SSLContext, *, period: float = _PERIOD
    ) -> None:
        self._settings = settings
        self._context = context
        self._period = period
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tls", daemon=True)

    def look(self) -> None:
        """Renew the certificate if it is time, and show the one that is there now."""
        try:
            now: Listening = listening(self._settings)
            if now.certfile is not None:
                self._context.load_cert_chain(now.certfile, now.keyfile)
        except (KizashiError, OSError) as error:
            _log.error("the certificate could not be refreshed: %s", error)

    def _run(self) -> None:
        while not self._ended.wait(self._period):
            self.look()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
