"""Limits on what requests may ask: how often, how large, how much at once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from appliance.core.clock import monotonic
from appliance.core.errors import TooOften

MOST_ITEMS = 500
"""Items on one page of a list."""
MOST_BODY = 2 * 2**20
"""Bytes of a body, where a route says nothing else."""
_MOST_CALLERS = 10_000


@dataclass
class _Bucket:
    left: float
    at: float


class Rate:
    """A token bucket for every caller, in memory: the least recent callers are forgotten.

    Parameters
    ----------
    per_second, burst
        Requests that a known caller may send for long, and at once.
    public_per_second, public_burst
        The same for an address that nobody is known from, such as at the login.
    clock
        Seconds that never jump.
    """

    def __init__(
        self,
        per_second: float,
        burst: float,
        *,
        public_per_second: float = 5.0,
        public_burst: float = 30.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._known = (per_second, burst)
        self._public = (public_per_second, public_burst)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def spend(self, caller: str, *, public: bool = False) -> None:
        """Count one request.

        Raises
        ------
        TooOften
            The caller has none left; it says when there is one again.
        """
        rate, burst = self._public if public else self._known
        with self._lock:
            at = self._clock()
            bucket = self._buckets.setdefault(caller, _Bucket(burst, at))
            self._buckets.move_to_end(caller)
            bucket.left = min(burst, bucket.left + (at - bucket.at) * rate)
            bucket.at = at
            if bucket.left >= 1:
                bucket.left -= 1
                if len(self._buckets) > _MOST_CALLERS:
                    self._buckets.popitem(last=False)
                return
            seconds = max(1, int((1 - bucket.left) / rate + 0.999))
        error = TooOften("too many requests.", remedy=f"Wait {seconds} s, then go on.")
        error.seconds = seconds
        raise error
