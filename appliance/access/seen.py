"""Which fleets somebody sees, told in as few names as possible."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Seen:
    """Fleets that somebody may see.

    Attributes
    ----------
    only
        These alone; all if None.
    but
        Not these.
    """

    only: frozenset[str] | None = None
    but: frozenset[str] = frozenset()

    def __contains__(self, fleet: str) -> bool:
        return (self.only is None or fleet in self.only) and fleet not in self.but


EVERYTHING = Seen()
