"""What a role waits for before it begins: a database that comes up at the same time."""

from __future__ import annotations

import threading

from appliance.core.clock import monotonic
from appliance.core.db import Database
from appliance.core.errors import StorageError
from appliance.core.log import get

_log = get(__name__)
_LOOK, _TELL = 1.0, 10.0
PATIENCE = 300.0
"""Seconds after which a role gives up: whoever started it starts it again, and sees it fail."""


def wait_for(url: str, what: str, patience: float = PATIENCE) -> None:
    """Return as soon as a database answers, and tell in the log that it is waited for.

    Parameters
    ----------
    url
        Of SQLAlchemy.
    what
        What it is called in the log.
    patience
        Seconds to wait.

    Raises
    ------
    StorageError
        It did not answer in time.
    """
    began = told = monotonic()
    database = Database(url)
    try:
        while True:
            try:
                database.ping()
            except StorageError as error:
                at = monotonic()
                if at - began >= patience:
                    raise StorageError(
                        f"the {what} did not answer in {patience:.0f} s: {error.message}",
                        remedy="Check that it runs, its address and its password.",
                    ) from error
                if at == began or at - told >= _TELL:
                    told = at
                    _log.warning("waits for the %s, %.0f s by now", what, at - began)
                threading.Event().wait(_LOOK)
            else:
                return
    finally:
        database.close()
