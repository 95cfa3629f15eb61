"""The fleet's shared sub-model: what is normal of any machine, for those without an own.

It is learned from readings of several machines together, as if one machine had run through all
of them: what differs from machine to machine is normal to it, so that a new one is not called
unusual for being another one.  It sees less than a machine's own, and goes when that comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from appliance.fleet.chunks import AssetRows
from appliance.fleet.learning import Fitted, Unfit, fit_asset
from appliance.fleet.series import MICRO, Mask, Rows
from appliance.schemas.manifest import AssetManifest
from appliance.schemas.recipe import Recipe
from detectors.errors import DetectorError
from detectors.pools import Network

SHARED = "*"
"""Name that the shared sub-model goes by where randomness is drawn from a name."""
FEWEST = 2
"""Machines that it is learned from, at least: one says nothing of how they differ."""
_MOST = 10
_ROWS = 60_000
"""Rows of all machines together."""
_BLOCK = 1_500
"""Rows in a row, so that windows and daily courses are whole."""
_APART = 1_000
"""Cells between two blocks, more than any gap that is bridged."""


def donors(names: Sequence[str]) -> frozenset[str]:
    """Return the machines of a fleet that lend readings: not all of a large one."""
    return frozenset(spread(names, _MOST))


def spread(names: Sequence[str], most: int) -> list[str]:
    """Return at most so many of some names, from the first to the last."""
    ordered = sorted(names)
    if len(ordered) <= most:
        return ordered
    return [ordered[place] for place in np.linspace(0, len(ordered) - 1, most).astype(int)]


@dataclass(frozen=True)
class Sample:
    """Blocks of one machine's readings."""

    asset: str
    blocks: tuple[Rows, ...]


def sample_of(found: AssetRows, entry: AssetManifest, machines: int) -> Sample:
    """Return blocks of what a machine was learned from, spread over its time.

    Parameters
    ----------
    machines
        That rows are taken of in all.
    """
    kept = _learned(found, entry)
    rows = np.flatnonzero(kept)
    share = min(_ROWS // max(machines, FEWEST), len(rows))
    count = max(share // _BLOCK, 1)
    length = share // count
    starts = np.linspace(0, len(rows) - length, count).astype(int)
    return Sample(
        found.asset,
        tuple(_taken(found.rows, rows[start : start + length]) for start in starts if length),
    )


def _learned(found: AssetRows, entry: AssetManifest) -> Mask:
    times, running = found.rows.times, found.rows.running
    kept = np.ones(len(times), bool) if running is None else running.copy()
    for stretch in entry.excluded:
        start, end = (round(at.timestamp() * MICRO) for at in (stretch.start, stretch.end))
        kept[np.searchsorted(times, start) : np.searchsorted(times, end, side="right")] = False
    return kept


def _taken(rows: Rows, which: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Rows:
    return Rows(rows.times[which], rows.sensors[:, which], rows.context[:, which])


def fit_shared(
    samples: Sequence[Sample],
    entries: Mapping[str, AssetManifest],
    recipe: Recipe,
    sensors: Sequence[str],
    network: Network | None = None,
) -> Fitted | None:
    """Learn the shared sub-model; None where that is not possible.

    Only machines of the usual interval take part: a detector counts in rows.
    """
    intervals = [entries[one.asset].interval_seconds for one in samples]
    if not intervals:
        return None
    usual = float(np.median(intervals))
    chosen = [
        one
        for one, own in zip(samples, intervals, strict=True)
        if abs(own - usual) <= 0.01 * usual and one.blocks
    ]
    if len(chosen) < FEWEST:
        return None
    rows = _together([block for one in chosen for block in one.blocks], round(usual * MICRO))
    try:
        fitted = fit_asset(SHARED, rows, sensors, recipe, network=network)
    except (Unfit, DetectorError):
        return None
    first, last = (
        min(entries[one.asset].data_start for one in chosen),
        max(entries[one.asset].data_end for one in chosen),
    )
    entry = fitted.entry.model_copy(
        update={
            "donors": tuple(one.asset for one in chosen),
            "data_start": first,
            "data_end": last,
            "excluded": (),
        }
    )
    return Fitted(fitted.arrays, entry)


def _together(blocks: Sequence[Rows], interval: int) -> Rows:
    """Return blocks one after the other, far enough apart that no window spans two."""
    ends = np.cumsum([0, *(b.times[-1] - b.times[0] + _APART * interval for b in blocks)])
    begin = int(blocks[0].times[0])
    times = [
        b.times - b.times[0] + begin + int(at) for b, at in zip(blocks, ends, strict=False)
    ]
    return Rows(
        np.concatenate(times),
        np.concatenate([b.sensors for b in blocks], axis=1),
        np.concatenate([b.context for b in blocks], axis=1),
    )
