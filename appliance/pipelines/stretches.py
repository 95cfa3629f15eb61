"""Which stretches of a fleet's readings are to be judged anew, and what to read for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from appliance.calendar.masks import Masks, clip
from appliance.schemas.manifest import AssetManifest, FleetManifest
from detectors.thresholds import HOLD

Span = tuple[datetime, datetime]
_INSTANT = timedelta(microseconds=1)
_NONE = Masks()
_REREAD = 4
"""A piece is at least so many times as long as what is read around it."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_judge(
    manifest: FleetManifest,
    changed: Mapping[str, Sequence[Span]],
    before: Mapping[str, Sequence[Span]],
    masks: Masks = _NONE,
) -> dict[str, list[Span]]:
    """Return the stretches whose scores depend on what changed.

    Parameters
    ----------
    manifest
        Of the model that judges: it knows how far a reading bears on its neighbours' scores.
    changed
        Closed ranges of new or corrected readings, by asset.
    before
        Closed ranges that had been judged already, by asset: however far away they are, the
        last rows of the one before a new stretch were provisional, and the first rows of the
        one after it stood at the start of their series.
    masks
        Stretches that the calendar takes out: what lies on either side of one are neighbours.

    Returns
    -------
    dict
        By asset, closed ranges in order, none touching another.
    """
    found = {}
    for asset, spans in changed.items():
        entry = manifest.of(asset)
        if entry is None:
            found[asset] = joined(spans)
            continue
        warm, after = reach(entry)
        known = before.get(asset, ())
        found[asset] = joined(
            (
                masks.before(asset, _last_before(known, start), after),
                masks.after(asset, _first_after(known, end), warm),
            )
            for start, end in spans
        )
    return found


def to_rejudge(
    manifest: FleetManifest,
    outdated: Masks,
    known: Mapping[str, Sequence[Span]],
    masks: Masks,
) -> dict[str, list[Span]]:
    """Return the stretches whose scores depend on what changed in the calendar.

    Parameters
    ----------
    outdated
        Half-open stretches that were taken out and are not any more, or the other way round.
    known
        Closed ranges that had been judged, by asset.
    masks
        Stretches that are taken out now.
    """
    found = {}
    for asset, (first, last) in extents(known).items():
        changed = clip(outdated.of(asset), (first, last + _INSTANT))
        if not changed:
            continue
        entry = manifest.of(asset)
        warm, after = reach(entry) if entry else (timedelta(), timedelta())
        own = known[asset]
        found[asset] = joined(
            (
                masks.before(
                    asset, start if _holds(own, start) else _last_before(own, start), after
                ),
                masks.after(asset, end if _holds(own, end) else _first_after(own, end), warm),
            )
            for start, end in ((start, end - _INSTANT) for start, end in changed)
        )
    return found


def _holds(known: Sequence[Span], moment: datetime) -> bool:
    return any(start <= moment <= end for start, end in known)


def together(*spans: Mapping[str, Sequence[Span]]) -> dict[str, list[Span]]:
    """Return ranges of several sources, by asset."""
    assets = sorted({asset for some in spans for asset in some})
    return {asset: joined(s for some in spans for s in some.get(asset, ())) for asset in assets}


def _last_before(known: Sequence[Span], start: datetime) -> datetime:
    return max((end for _, end in known if end < start), default=start)


def _first_after(known: Sequence[Span], end: datetime) -> datetime:
    return min((start for start, _ in known if start > end), default=end)


def reach(entry: AssetManifest) -> tuple[timedelta, timedelta]:
    """Return how far before and after a stretch readings bear on its scores."""
    step = timedelta(seconds=entry.interval_seconds)
    return (entry.warm_rows + 1) * step, (entry.after_rows + 1) * step


def joined(spans: Iterable[Span]) -> list[Span]:
    """Join ranges that touch or overlap."""
    out: list[Span] = []
    for start, end in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]))
        else:
            out.append((start, end))
    return out


def extents(*spans: Mapping[str, Sequence[Span]]) -> dict[str, Span]:
    """Return by asset the first and last moment in any of these ranges."""
    found: dict[str, Span] = {}
    for some in spans:
        for asset, own in some.items():
            both = [*own, found[asset]] if asset in found else own
            found[asset] = min(start for start, _ in both), max(end for _, end in both)
    return found


def horizon(extents: Mapping[str, Span]) -> Span:
    """Return the half-open time range of all readings; an empty one if there are none."""
    low = min((start for start, _ in extents.values()), default=_EPOCH)
    return low, max((end + _INSTANT for _, end in extents.values()), default=low)


def rounds(spans: Mapping[str, Sequence[Span]]) -> list[dict[str, Span]]:
    """Deal stretches into rounds of at most one for each asset, oldest first."""
    most = max((len(own) for own in spans.values()), default=0)
    return [
        {asset: own[number] for asset, own in sorted(spans.items()) if number < len(own)}
        for number in range(most)
    ]


def cut(
    manifest: FleetManifest, spans: Mapping[str, Sequence[Span]], cells: int
) -> dict[str, list[Span]]:
    """Cut stretches of which no task could hold all: an asset's past may be of any length.

    Parameters
    ----------
    cells
        Readings × sensors that a piece has at most, about; more where so few would be read
        again mostly for what bears on their neighbours.
    """
    rows = max(cells // (len(manifest.sensors) + 1), 1)
    found = {}
    for asset, own in spans.items():
        entry = manifest.of(asset)
        longest = None
        if entry is not None and entry.interval_seconds > 0:
            least = _REREAD * sum(reach(entry), timedelta())
            longest = max(rows * _step(manifest, asset), least)
        found[asset] = [piece for span in own for piece in _pieces(span, longest)]
    return found


def _pieces(span: Span, longest: timedelta | None) -> list[Span]:
    start, end = span
    out = []
    while longest is not None and end - start > longest:
        out.append((start, start + longest))
        start += longest + _INSTANT
    return [*out, (start, end)]


def to_read(manifest: FleetManifest, spans: Mapping[str, Span], masks: Masks = _NONE) -> Span:
    """Return the half-open range of readings that judging these stretches needs."""
    lows, highs = [], []
    for asset, (start, end) in spans.items():
        entry = manifest.of(asset)
        warm, after = reach(entry) if entry else (timedelta(0), timedelta(0))
        lows.append(masks.before(asset, start, warm))
        highs.append(masks.after(asset, end, after))
    return min(lows), max(highs) + _INSTANT


def after_calm(manifest: FleetManifest, spans: Mapping[str, Span]) -> dict[str, Span]:
    """Begin stretches where whatever was before them has ended for certain."""
    rule = manifest.recipe.threshold
    rows = (HOLD * rule.merge_rows + 1) * (rule.minimum_rows + 1)
    return {
        asset: (start - rows * _step(manifest, asset), end)
        for asset, (start, end) in spans.items()
    }


def merging(manifest: FleetManifest, assets: Iterable[str]) -> dict[str, timedelta]:
    """Return by asset the distance up to which two events are one."""
    rows = manifest.recipe.threshold.merge_rows + 1
    return {asset: rows * _step(manifest, asset) for asset in assets}


def _step(manifest: FleetManifest, asset: str) -> timedelta:
    entry = manifest.of(asset)
    return timedelta(seconds=0 if entry is None else entry.interval_seconds)
