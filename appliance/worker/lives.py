"""Which other workers died: their numbers do not go up any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from appliance.core.clock import monotonic


class Lives:
    """What this worker has seen of the others, on a clock of its own that never jumps.

    Parameters
    ----------
    patience
        Seconds without a sign of life after which a worker is dead.
    """

    def __init__(self, patience: float, clock: Callable[[], float] = monotonic) -> None:
        self._patience = patience
        self._clock = clock
        self._seen: dict[str, tuple[int, float]] = {}

    def dead(self, beats: Mapping[str, int]) -> list[str]:
        """Return the workers that have given no sign of life for too long.

        Parameters
        ----------
        beats
            How often each has noted that it lives.
        """
        now = self._clock()
        self._seen = {
            worker: self._seen[worker]
            if worker in self._seen and self._seen[worker][0] == count
            else (count, now)
            for worker, count in beats.items()
        }
        return [w for w, (_, since) in self._seen.items() if now - since >= self._patience]
