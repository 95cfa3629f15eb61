"""Who showed a credential a moment ago: asked for again as soon as anything was written."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

from appliance.access import Access, Person
from appliance.core.clock import monotonic
from appliance.core.db import Database

_SECONDS = 20.0
_MOST = 2_000


class Known:
    """Remembers persons by a digest of what they showed.

    A token that is revoked, a role that is taken away or a session that ends is a write: the
    database's stamp changes with it, and the next request is looked up again.

    Parameters
    ----------
    access
        Knows who somebody is.
    database
        Tells whether anything was written; where it cannot, nobody is remembered.
    clock
        Seconds that never jump.
    """

    def __init__(
        self, access: Access, database: Database, clock: Callable[[], float] = monotonic
    ) -> None:
        self._access = access
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._persons: OrderedDict[bytes, tuple[int, float, Person]] = OrderedDict()

    def authenticate(self, credential: str, origin: str) -> Person:
        """Return who shows a credential; see `Access.authenticate`, also for the errors."""
        stamp = self._database.stamp()
        if stamp is None:
            return self._access.authenticate(credential, origin)
        shown = f"{origin}\0{credential}".encode("utf-8", "replace")
        key = hashlib.sha256(shown).digest()
        with self._lock:
            found = self._persons.get(key)
        if found is not None and found[0] == stamp and found[1] > self._clock():
            return found[2]
        person = self._access.authenticate(credential, origin)
        with self._lock:
            self._persons[key] = (stamp, self._clock() + _SECONDS, person)
            self._persons.move_to_end(key)
            if len(self._persons) > _MOST:
                self._persons.popitem(last=False)
        return person
