"""What batches did, in plain nouns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.schemas.manifest import TimeKind

Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Touched:
    """The stretch of one asset that a part of a batch changes, and the rows that it adds."""

    start: datetime
    end: datetime
    rows: int


@dataclass(frozen=True)
class Written:
    """Counts of a part or a batch.

    Attributes
    ----------
    rows, corrected
        Readings that were new, and that replaced older values.
    quarantined
        Rows and cells refused.
    """

    rows: int = 0
    corrected: int = 0
    quarantined: int = 0


@dataclass(frozen=True)
class Fresh:
    """Batches that came later than others, and what they changed.

    Attributes
    ----------
    batches
        Their ids, oldest first.
    spans
        By asset: first and last time of each stretch changed; apart, and in order.
    """

    batches: tuple[str, ...]
    spans: dict[str, list[Span]]


def joined_spans(
    found: Iterable[tuple[str, datetime, datetime]], apart: timedelta = timedelta(days=1)
) -> dict[str, list[Span]]:
    """Join stretches of an asset that are less than `apart` from each other.

    The parts of one file follow each other without touching; and judging a stretch looks
    beyond its ends in any case.
    """
    spans: dict[str, list[Span]] = {}
    for asset, start, end in sorted(found):
        mine = spans.setdefault(asset, [])
        if mine and start - mine[-1][1] < apart:
            mine[-1] = (mine[-1][0], max(end, mine[-1][1]))
        else:
            mine.append((start, end))
    return spans


@dataclass(frozen=True)
class Asset:
    """One asset over all finished batches of its fleet.

    Attributes
    ----------
    rows
        Readings.
    start, end
        First and last time.
    """

    fleet: str
    name: str
    rows: int
    start: datetime
    end: datetime


@dataclass(frozen=True)
class FleetFacts:
    """One fleet over all its finished batches."""

    name: str
    time_kind: TimeKind
    created: datetime
    assets: int
    rows: int
    start: datetime
    end: datetime
