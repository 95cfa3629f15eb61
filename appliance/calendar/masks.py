"""Time ranges taken out of assets' series, and what can be asked of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Span = tuple[datetime, datetime]
"""A half-open time range."""
Spans = tuple[Span, ...]
"""Time ranges in order, apart."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


@dataclass(frozen=True)
class Masks:
    """Which stretches of each asset are left out.

    Attributes
    ----------
    common
        Of every asset that has none of its own.
    own
        All of an asset's, the common ones among them.
    """

    common: Spans = ()
    own: Mapping[str, Spans] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.common or any(self.own.values()))

    def of(self, asset: str) -> Spans:
        """Return the stretches of an asset."""
        return self.own.get(asset, self.common)

    def inside(self, asset: str, times: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which moments, in microseconds since 1970, lie in a stretch of an asset."""
        spans = self.of(asset)
        starts = np.array([_micro(start) for start, _ in spans], np.int64)
        ends = np.array([_micro(end) for _, end in spans], np.int64)
        begun = np.searchsorted(starts, times, side="right")
        ended = np.searchsorted(ends, times, side="right")
        return np.asarray(begun > ended)

    def before(self, asset: str, moment: datetime, length: timedelta) -> datetime:
        """Go back from a moment until so much time outside the stretches is passed."""
        spans = self.of(asset)
        at = bisect_left(spans, moment, key=lambda span: span[0])
        for start, end in reversed(spans[:at]):
            free = moment - min(end, moment)
            if free > length:
                break
            length -= free
            moment = start
        return moment - length

    def after(self, asset: str, moment: datetime, length: timedelta) -> datetime:
        """Go on from a moment until so much time outside the stretches is passed."""
        spans = self.of(asset)
        at = bisect_right(spans, moment, key=lambda span: span[1])
        for start, end in spans[at:]:
            free = max(start, moment) - moment
            if free > length:
                break
            length -= free
            moment = end
        return moment + length

    def clipped(self, horizon: Span) -> Masks:
        """Return the parts of the stretches within a time range."""
        own = {asset: clip(spans, horizon) for asset, spans in self.own.items()}
        return Masks(clip(self.common, horizon), own)


def _micro(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICRO


def merged(spans: Iterable[Span]) -> Spans:
    """Join ranges that touch or overlap; empty ones are left out."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return tuple(out)


def clip(spans: Sequence[Span], horizon: Span) -> Spans:
    """Return the parts of ranges that lie within another."""
    low, high = horizon
    return tuple(
        (max(start, low), min(end, high)) for start, end in spans if start < high and end > low
    )


def difference(one: Spans, other: Spans) -> Spans:
    """Return the time that lies in one of two sets of ranges but not in both."""
    if one == other:
        return ()
    edges = sorted([edge for span in (*one, *other) for edge in span])
    # Each edge turns being inside exactly one of the two on or off.
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return merged(pairs)


def changes(one: Masks, other: Masks) -> Masks:
    """Return the stretches that are left out in one but not in the other."""
    own = {a: difference(one.of(a), other.of(a)) for a in (*one.own, *other.own)}
    return Masks(difference(one.common, other.common), own)


def without(one: Masks, other: Masks) -> Masks:
    """Return the stretches that are left out in one, but not in the other."""
    return changes(union(one, other), other)


def union(one: Masks, other: Masks) -> Masks:
    """Return the stretches that are left out in either."""
    own = {a: merged((*one.of(a), *other.of(a))) for a in (*one.own, *other.own)}
    return Masks(merged((*one.common, *other.common)), own)
