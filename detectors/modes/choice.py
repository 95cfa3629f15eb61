"""Which columns switch, and which few of them tell the modes of a machine apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from detectors.modes.levels import FEWEST_SHARE, MOST_LEVELS, cuts_of, single
from detectors.modes.steps import run_starts, settled

MOST_MODES = 6
DWELL = 5
"""Fewest rows, of those looked at, that a mode lasts."""
_MOST_COLUMNS = 8
_COVERED = 0.9
_COUNTED_COLUMNS = 5
_FEWEST_VISITS = 3
_ABRUPT = 0.5
_STAYS = 0.9
_AROUND = 3
_FEWEST_ROWS = 200
_A_SWITCH = 2
_USUAL = 0.005
_ROUNDED = 0.5
_FIRST_LOOK = 2_000
_CLEAREST = 1e6


@dataclass(frozen=True)
class Switching:
    """A column that switches between levels.

    Attributes
    ----------
    cuts
        Between its levels, rising.
    codes
        Level of each row, settled; -1 where it has no value.
    clarity
        Least distance of neighbouring levels in spreads of the wider one.
    """

    column: int
    cuts: NDArray[np.float64]
    codes: NDArray[np.int8]
    clarity: float


@dataclass(frozen=True)
class Choice:
    """Columns whose levels together are the modes.

    Attributes
    ----------
    columns
        Those that are needed come first, the others have a say where these are missing.
    needed
        How many.
    codes
        Level of each mode in each column, shape (n_modes, n_columns), in rising order.
    """

    columns: Sequence[Switching]
    needed: int
    codes: NDArray[np.int8]


def level_of(values: NDArray[np.float64], cuts: NDArray[np.float64]) -> NDArray[np.int8]:
    """Return the level of each value; -1 where there is none."""
    codes = np.searchsorted(cuts, values, side="right").astype(np.int8)
    codes[np.isnan(values)] = -1
    return codes


def first_look(rows: int) -> int:
    """Return the step at which enough rows remain to see whether a column has levels."""
    return max(rows // _FIRST_LOOK, 1)


def levels_seen(values: NDArray[np.float64], *, trusted: bool) -> list[NDArray[np.float64]]:
    """Return by column the cuts between its levels; empty for one level.

    Parameters
    ----------
    values
        Smoothed, shape (n_columns, n_values); NaN where there is none.
    trusted
        Steps of the values are levels, such as numbers of recipes, and not how finely a
        sensor reads.
    """
    # Most columns have one level and all of their values: those are told at first sight.
    often = 0 if trusted else _often(values.shape[1])
    return [
        own[:0] if one else _cuts(np.sort(own), trusted)  # NaN comes last
        for own, one in zip(values, single(values, often), strict=True)
    ]


def _cuts(ordered: NDArray[np.float64], trusted: bool) -> NDArray[np.float64]:
    known = ordered[~np.isnan(ordered)]
    if len(known) < _FEWEST_ROWS:
        return known[:0]
    return cuts_of(known if trusted else _between_steps(known))


def _often(count: int) -> int:
    return max(int(np.ceil(_USUAL * count)), 2)


def _between_steps(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Spread sorted values that were rounded over the step that they were rounded to.

    What takes but two values has no step: it is a switch.
    """
    first = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    counts = np.diff(np.r_[first, len(values)])
    usual = counts >= _often(len(values))
    if usual.sum() <= _A_SWITCH or counts[usual].sum() < _ROUNDED * len(values):
        return values
    place = np.arange(len(values)) - np.repeat(first, counts) + 0.5
    away = (place / np.repeat(counts, counts) - 0.5) * np.diff(values[first][usual]).min()
    return np.sort(values + away)


def switching(
    values: NDArray[np.float64], cuts: NDArray[np.float64], column: int, *, trusted: bool
) -> Switching | None:
    """Return the column if it stays in its levels, jumps between them and comes back.

    A slow drift leaves empty places too: what crosses them step by step is no change of mode,
    nor is what happened only once.

    Parameters
    ----------
    values
        Smoothed, in time order, shape (n_rows,).
    trusted
        Known to explain normal change: seen once is enough, and it may change slowly.
    """
    if not trusted:
        cuts = np.array([cut for cut in cuts if _jumps(values, cuts, cut)], np.float64)
    levels = level_of(values, cuts)
    codes = settled(levels, DWELL)
    if not len(cuts) or np.mean(codes == levels) < _STAYS:
        return None
    clarity = _clarity(values, codes)
    return Switching(column, cuts, codes, clarity) if clarity > 0 else None


def _jumps(values: NDArray[np.float64], cuts: NDArray[np.float64], cut: float) -> bool:
    """Whether a column passes a cut at once, and is seen on either side more than once."""
    levels = level_of(values, cuts)
    place = int(np.searchsorted(cuts, cut))
    below, above = values[levels == place], values[levels == place + 1]
    if not len(below) or not len(above):
        return False
    gap = float(np.median(above) - np.median(below))
    known = levels >= 0
    raw = levels[known] > place
    sides, kept = settled(raw, DWELL), values[known]
    beside = (levels[known] == place) | (levels[known] == place + 1)
    turns = run_starts(sides)
    if len(turns) + 1 < 2 * _FEWEST_VISITS or np.mean((raw == sides)[beside]) < _STAYS:
        return False
    before = kept[np.maximum(turns - _AROUND, 0)]
    after = kept[np.minimum(turns + _AROUND - 1, len(kept) - 1)]
    return bool(np.median(np.abs(after - before)) >= _ABRUPT * gap)


def _clarity(values: NDArray[np.float64], codes: NDArray[np.int8]) -> float:
    parts = [values[codes == level] for level in np.unique(codes[codes >= 0])]
    quartiles = np.array([np.nanquantile(part, (0.1, 0.5, 0.9)) for part in parts])
    if len(quartiles) < 2:
        return 0.0
    gaps = np.diff(quartiles[:, 1])
    spreads = quartiles[:, 2] - quartiles[:, 0]
    wider = np.maximum(np.maximum(spreads[1:], spreads[:-1]), gaps / _CLEAREST)
    return float((gaps / np.where(wider > 0, wider, 1.0)).min())


def choose(found: Sequence[Switching]) -> Choice | None:
    """Choose columns, the clearest first; None if they tell no two modes apart.

    A column is needed if it splits what those before it tell apart into more modes that the
    machine is often in; one that splits nothing confirms; one that would make too many modes,
    or leave too much of the time in none, is left aside.  Cells of a grid that are dense are
    the clusters, as in CLIQUE.

    References
    ----------
    Agrawal, Gehrke, Gunopulos and Raghavan (1998), Automatic subspace clustering of high
    dimensional data for data mining applications, doi:10.1145/276304.276314
    """
    needed: list[Switching] = []
    confirming: list[Switching] = []
    codes = np.zeros((1, 0), np.int8)
    for one in sorted(found, key=lambda one: -one.clarity):
        if len(needed) + len(confirming) >= _MOST_COLUMNS:
            break
        cells = _cells([*needed, one])
        if cells is None or len(cells) > MOST_MODES or len(cells) < len(codes):
            continue
        if len(cells) > len(codes):
            needed.append(one)
            codes = cells
        else:
            confirming.append(one)
    if len(codes) < 2:
        return None
    kept = list(needed)
    for one in confirming:
        cells = _cells([*kept, one])
        if cells is not None and len(cells) == len(codes):
            kept.append(one)
    final = _cells(kept)
    if final is None:
        return None
    return Choice(kept, len(needed), final)


def _cells(columns: Sequence[Switching]) -> NDArray[np.int8] | None:
    """Return the dense cells, shape (n_cells, n_columns), in rising order.

    None if too few rows are in one.
    """
    stacked = np.stack([one.codes for one in columns])
    stacked = stacked[:, (stacked >= 0).all(axis=0)]
    if not stacked.shape[1]:
        return None
    base = MOST_LEVELS ** np.arange(len(columns))[::-1]
    numbers = base @ stacked.astype(np.int64)
    if len(columns) <= _COUNTED_COLUMNS:
        every = np.bincount(numbers)
        found = np.flatnonzero(every)
        counts = every[found]
    else:
        found, counts = np.unique(numbers, return_counts=True)
    share = counts / stacked.shape[1]
    dense = share >= FEWEST_SHARE
    if share[dense].sum() < _COVERED:
        return None
    return np.asarray(found[dense][:, None] // base % MOST_LEVELS, np.int8)
