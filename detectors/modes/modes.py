"""The operating modes of one machine: learned, told by rows, kept as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from detectors.errors import InvalidInput, StateCorrupt
from detectors.modes.choice import (
    DWELL,
    Choice,
    choose,
    first_look,
    level_of,
    levels_seen,
    switching,
)
from detectors.modes.levels import MOST_LEVELS
from detectors.modes.steps import settled, smoothed

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

UNKNOWN = -1
STOPPED = 0
QUANTILES = (0.05, 0.5, 0.95)
_MOST_ROWS = 20_000
_TOGETHER = 1_000_000
"""Cells that are looked at in one go."""
_OUTVOTED = 3
_STATE = ("columns", "needed", "cuts", "codes", "bands", "share", "dwell")


@dataclass(frozen=True)
class OperatingModes:
    """In which of a few modes a machine runs, and what is normal in each.

    A mode is a combination of levels that some columns switch between: each column is split at
    the empty places of its distribution, if it passes them at once and more than once; the
    combinations that the machine is often in are its modes.  A machine whose columns only
    drift, swing or scatter has one mode.  What depends on the order of magnitude alone is not
    looked at: columns may be shifted, scaled and exchanged.

    Modes are numbered from 1 by the levels of the columns that tell them apart, the clearest
    column first and its lowest level first; 0 is the machine that does not run, -1 is unknown.

    Attributes
    ----------
    columns : ndarray of shape (n_used,)
        Columns that tell the modes apart.
    needed : int
        The first so many of them suffice; the others have a say too.
    cuts : ndarray of shape (n_used, 5)
        Between the levels of these columns; infinite where there are fewer.
    codes : ndarray of shape (n_modes, n_used)
        Level of each mode in these columns.
    bands : ndarray of shape (1 + n_modes, 3, n_columns)
        Quantiles 5, 50 and 95 % by mode; NaN where there is no value.
    share : ndarray of shape (1 + n_modes,)
        Of the time, by mode; they add up to at most 1.
    dwell : int
        Rows that a mode lasts at least.

    References
    ----------
    See `levels.cuts_of` and `choice.choose`.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> speed = np.repeat([900.0, 1500.0] * 5, 100) + rng.normal(size=1000)
    >>> flow = 0.1 * speed + rng.normal(size=1000)
    >>> modes = OperatingModes.learn(np.stack([speed, flow], axis=1))
    >>> modes.count, modes.bands[1:, 1, 0].round(-2).tolist()
    (2, [900.0, 1500.0])
    >>> modes.assign([[1498.0, 150.2]]).tolist()
    [2]
    """

    columns: NDArray[np.int64]
    needed: int
    cuts: NDArray[np.float64]
    codes: NDArray[np.int8]
    bands: NDArray[np.float64]
    share: NDArray[np.float64]
    dwell: int

    @property
    def count(self) -> int:
        """Modes in which the machine runs."""
        return len(self.codes)

    # ------------------------------------------------------------------ learning
    @classmethod
    def learn(
        cls,
        X: ArrayLike,
        *,
        contexts: Sequence[int] = (),
        stopped: ArrayLike | None = None,
    ) -> OperatingModes:
        """Find the modes in readings of normal running.

        Parameters
        ----------
        X
            Rows in time order, shape (n_rows, n_columns); NaN where there is no value.  Some
            20,000 of them, evenly spread, are looked at.
        contexts
            Columns that explain normal change.  Where they switch, they alone tell the modes.
        stopped
            Rows in which the machine did not run, shape (n_rows,).

        Raises
        ------
        InvalidInput
            The arrays do not fit together.
        """
        values, still = _checked(X, stopped)
        columns = values.shape[0]
        if any(not 0 <= context < columns for context in contexts):
            raise InvalidInput(f"contexts must be columns 0..{columns - 1}, got {contexts}")
        runs = np.flatnonzero(~still)
        step = max(-(-len(runs) // _MOST_ROWS), 1)
        running = values[:, runs] if still.any() else values
        choice = _chosen(running, step, contexts)
        used = choice.columns if choice is not None else ()
        made = cls(
            columns=np.array([one.column for one in used], np.int64),
            needed=choice.needed if choice is not None else 0,
            cuts=_padded([one.cuts for one in used]),
            codes=choice.codes if choice is not None else np.zeros((1, 0), np.int8),
            bands=np.zeros((0, len(QUANTILES), columns)),
            share=np.zeros(0),
            dwell=DWELL * step,
        )
        return made._with_bands(values, still)

    def _with_bands(self, values: NDArray[Any], still: NDArray[np.bool_]) -> OperatingModes:
        step = max(-(-values.shape[1] // _MOST_ROWS), 1)
        modes = self._told(values, still, step, -(-self.dwell // step))
        thinned = values[:, ::step]
        bands = np.full((1 + self.count, len(QUANTILES), len(values)), np.nan)
        share = np.zeros(1 + self.count)
        for mode in range(1 + self.count):
            own = np.flatnonzero(modes == mode)
            if not len(own):
                continue
            share[mode] = len(own) / len(modes)
            whole = len(own) == len(modes)
            bands[mode] = _quantiles(thinned if whole else thinned[:, own])
        return OperatingModes(
            self.columns, self.needed, self.cuts, self.codes, bands, share, self.dwell
        )

    # ------------------------------------------------------------------ telling
    def assign(
        self, X: ArrayLike, *, stopped: ArrayLike | None = None, dwell: int | None = None
    ) -> NDArray[np.int8]:
        """Return the mode of each row; -1 where its values do not tell.

        Parameters
        ----------
        X, stopped
            As `learn` takes them; the rows are neighbours in time.
        dwell
            Rows that a mode lasts at least, where rows are further apart than in training.

        Raises
        ------
        InvalidInput
            The arrays do not fit together, or are not those of training.
        """
        values, still = _checked(X, stopped)
        if len(values) != self.bands.shape[2]:
            raise InvalidInput(f"{self.bands.shape[2]} columns were learned, got {len(values)}")
        return self._told(values, still, 1, self.dwell if dwell is None else dwell)

    def _told(
        self, values: NDArray[Any], still: NDArray[np.bool_], step: int, dwell: int
    ) -> NDArray[np.int8]:
        """Return the mode at every so many rows, each of which lasts `dwell` of them."""
        still = still[::step]
        if not len(still):
            return np.zeros(0, np.int8)
        if len(self.columns):
            modes = self._nearest(smoothed(values[self.columns], step))
        else:
            alive = np.zeros(len(still), bool)
            for own in values:
                alive |= np.isfinite(own[::step])
                if alive.all():
                    break
            if alive.all() and not still.any():
                return np.ones(len(still), np.int8)
            modes = np.where(alive, 1, UNKNOWN).astype(np.int8)
        runs = ~still
        modes[runs] = settled(modes[runs], dwell)
        modes[still] = STOPPED
        return modes

    def _nearest(self, used: NDArray[np.float64]) -> NDArray[np.int8]:
        """Return the mode that most of a row's levels agree with."""
        levels = np.stack(
            [level_of(own, cuts) for own, cuts in zip(used, self.cuts, strict=True)]
        )
        known = levels >= 0
        away = np.stack([(known & (levels != own[:, None])).sum(axis=0) for own in self.codes])
        best = away.min(axis=0)
        sure = (away == best).sum(axis=0) == 1
        sure &= best <= (known.sum(axis=0) - 1) // _OUTVOTED
        return np.where(sure, 1 + away.argmin(axis=0), UNKNOWN).astype(np.int8)

    # ------------------------------------------------------------------ keeping
    def state(self) -> dict[str, NDArray[Any]]:
        """Return all of it as arrays."""
        return {name: np.asarray(getattr(self, name)) for name in _STATE}

    @classmethod
    def from_state(cls, state: Mapping[str, NDArray[Any]]) -> OperatingModes:
        """Return the modes that `state` told of.

        Raises
        ------
        StateCorrupt
            Arrays are missing or do not fit together.
        """
        gone = [name for name in _STATE if name not in state]
        if gone:
            raise StateCorrupt(f"arrays of operating modes are missing: {', '.join(gone)}")
        kept = {name: np.asarray(state[name]) for name in _STATE}
        used, modes = len(kept["columns"]), len(kept["codes"])
        shapes = {
            "needed": (),
            "cuts": (used, MOST_LEVELS - 1),
            "codes": (modes, used),
            "bands": (1 + modes, len(QUANTILES), *kept["bands"].shape[2:3]),
            "share": (1 + modes,),
            "dwell": (),
        }
        wrong = [name for name, shape in shapes.items() if kept[name].shape != shape]
        if wrong:
            raise StateCorrupt(f"arrays of operating modes do not fit: {', '.join(wrong)}")
        needed, dwell = int(kept.pop("needed")), int(kept.pop("dwell"))
        return cls(**kept, needed=needed, dwell=dwell)


def _checked(
    X: ArrayLike, stopped: ArrayLike | None
) -> tuple[NDArray[np.floating[Any]], NDArray[np.bool_]]:
    """Return columns of floats, and which rows the machine did not run in."""
    rows = np.asarray(X)
    if rows.ndim != 2 or rows.dtype.kind not in "biuf":
        raise InvalidInput("modes need numbers of shape (n_rows, n_columns)")
    values = rows.T if rows.dtype.kind == "f" else rows.T.astype(np.float64)
    still = np.zeros(len(rows), bool) if stopped is None else np.asarray(stopped, bool)
    if still.shape != (len(rows),):
        raise InvalidInput(f"stopped must have shape ({len(rows)},), got {still.shape}")
    return values, still


def _chosen(values: NDArray[Any], step: int, contexts: Sequence[int]) -> Choice | None:
    """Choose among the contexts; where none of them switches, among the sensors."""
    if not values.shape[1]:
        return None
    look = first_look(values.shape[1])
    sensors = [column for column in range(len(values)) if column not in set(contexts)]
    for group, trusted in ((list(contexts), True), (sensors, False)):
        found = []
        some = max(_TOGETHER // values.shape[1], 1)
        for place in range(0, len(group), some):
            block = group[place : place + some]
            own = values if block == list(range(len(values))) else values[block]
            looked = levels_seen(smoothed(own, look), trusted=trusted)
            for column, cuts in zip(block, looked, strict=True):
                if len(cuts):
                    smooth = smoothed(values[column : column + 1], step)[0]
                    found.append(switching(smooth, cuts, column, trusted=trusted))
        choice = choose([one for one in found if one is not None])
        if choice is not None:
            return choice
    return None


def _padded(cuts: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    out = np.full((len(cuts), MOST_LEVELS - 1), np.inf)
    for row, own in zip(out, cuts, strict=True):
        row[: len(own)] = own
    return out


def _quantiles(values: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return quantiles by column, shape (3, n_columns); NaN and infinities left out."""
    from detectors.kernels.ordering import neighbours  # compiled only for training

    around, known = neighbours(values, QUANTILES)
    low, high = around[:, 0], around[:, 1]
    places = np.multiply.outer(QUANTILES, np.maximum(known - 1, 0))
    return np.asarray(low + (high - low) * (places - np.floor(places)))
