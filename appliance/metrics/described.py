"""What a metric is, and how many values its labels may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["counter", "gauge", "histogram"]
OTHER = "(other)"
"""Stands for all that a label would otherwise have too many values of."""
MOST_FLEETS = 50
"""Fleets, and projects, that are told one by one."""


@dataclass(frozen=True)
class Described:
    """One metric.

    Attributes
    ----------
    role
        Whose port shows it; empty where every role's does.
    buckets
        Upper bounds of a histogram, without infinity.
    """

    name: str
    kind: Kind
    help: str
    role: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def family(self) -> str:
        """The name without the ending that samples of a counter have."""
        return self.name.removesuffix("_total") if self.kind == "counter" else self.name


SURPRISE = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0)
"""Upper bounds of surprise; 3 is reached by one reading of a thousand in normal running."""
