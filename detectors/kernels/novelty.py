"""How new each row is beside all rows before it, judged and then learned, one after the other.

Every sensor's newest window is looked at in seven views: four rows, eight means of four rows,
the shape of eight means of eight rows, the spread of 16 and of 64 rows, eight peaks of five
rows, and the shape of eight peaks of eight rows; a peak is the reading furthest from its rows'
mean towards its longer side, as a mean hides what is short.  Of each view there is a memory of
references, of which no two lie within its radius; when it is full, the radius grows until a
quarter of it is free (Charikar and others 2004, doi:10.1137/S0097539702418498).
A window's novelty is the distance to the nearest reference; of four rows it is the geometric
mean of that and of the newest jump, as what is strange and small is common.  Its surprise is
the tail probability of that among all novelties before, as a decimal logarithm: beyond the
highest of them a Pareto tail is assumed (Hill 1975, doi:10.1214/aos/1176343247).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
from numba import boolean, float32, float64, int64, njit, types, void

from detectors.errors import InvalidInput
from detectors.kernels.arrays import Array, Doubles, Floats, Indices, matrix

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

VIEWS = 7
FIRST_VIEWS = 5
"""Views of a memory that was kept before there were peaks: it goes on with these."""
_ROWS = (4, 32, 64, 16, 64, 40, 64)
_GAPS = (8, 32, 64, 16, 64, 40, 64)
_PLACES = (0, 4, 12, 20, 21, 22, 30, 38)
_SHAPES, _SPREADS = (2, 6), (3, 4)
_MOST_PLACES = 8
_KEPT = 128
"""Rows of the past that the newest window and the one learned now reach back."""
_CARRIED = 16
_LEAST_SIZE = 0.1
_LEAST_SPREAD = 0.05
_GROWTH = 1.5
_FREED = 0.75
_HIGHEST = 32
_FEWEST = 50
_TAIL_SHARE = 0.05
_PRIOR_MEAN, _PRIOR_WEIGHT = 0.3, 10.0
_LEAST = 0.01
_LOG10 = float(np.log(10.0))


class Memory(NamedTuple):
    """What has been learned so far; `advance` changes it in place.

    Attributes
    ----------
    recent
        Last rows, a reading carried over gaps of up to 16 rows, (n_sensors, 128).
    silent
        Rows since each sensor's last reading, (n_sensors,).
    references
        Of all views side by side, (n_sensors, n_references, 38).
    counts
        References of each view, (n_sensors, 7).
    radius
        Squared, (n_sensors, 7).
    highest
        Novelties, the highest first, (n_sensors, 7, 33).
    judged
        Windows judged so far, (n_sensors, 7).
    """

    recent: Floats
    silent: Indices
    references: Floats
    counts: Indices
    radius: Doubles
    highest: Doubles
    judged: Indices

    @classmethod
    def empty(cls, n_sensors: int, n_references: int, views: int = VIEWS) -> Self:
        """Return one that has seen nothing; it looks in the first so many views."""
        return cls(
            np.full((n_sensors, _KEPT), np.nan, np.float32),
            np.full(n_sensors, _CARRIED, np.int64),
            np.zeros((n_sensors, n_references, _PLACES[views]), np.float32),
            np.zeros((n_sensors, views), np.int64),
            np.zeros((n_sensors, views)),
            np.zeros((n_sensors, views, _HIGHEST + 1)),
            np.zeros((n_sensors, views), np.int64),
        )

    def copy(self) -> Self:
        """Return one that can be changed without changing this one."""
        return type(self)._make(array.copy() for array in self)


@njit(cache=True, nogil=True)
def _means(line: Array, start: int, each: int, out: Array) -> float:
    """Write means of so many rows each; return that of all, NaN where a reading is missing."""
    mean = 0.0
    for point in range(len(out)):
        total = 0.0
        for i in range(start + point * each, start + (point + 1) * each):
            if np.isnan(line[i]):
                return np.nan
            total += line[i]
        out[point] = total / each
        mean += total / (each * len(out))
    return mean


@njit(cache=True, nogil=True)
def _peaks(line: Array, start: int, each: int, out: Array) -> float:
    """Put peaks in the place of the means; return the mean of the peaks."""
    mean = 0.0
    for point in range(len(out)):
        low = high = line[start + point * each]
        for i in range(start + point * each + 1, start + (point + 1) * each):
            low, high = min(low, line[i]), max(high, line[i])
        out[point] = high if high - out[point] > out[point] - low else low
        mean += out[point] / len(out)
    return mean


@njit(cache=True, nogil=True)
def _described(line: Array, row: int, view: int, out: Array) -> bool:
    """Write a view of the window that ends at a row; False where a reading is missing."""
    start, points = row - _ROWS[view] + 1, len(out)
    each = _ROWS[view] // points
    mean = _means(line, start, each, out)
    if np.isnan(mean):
        return False
    power = 0.0
    if view in _SPREADS:
        for i in range(start, row + 1):
            power += (line[i] - mean) ** 2
        out[0] = np.log(np.sqrt(power / _ROWS[view]) + _LEAST_SPREAD)
        return True
    if view >= FIRST_VIEWS:
        mean = _peaks(line, start, each, out)
    if view in _SHAPES:
        for point in range(points):
            power += (out[point] - mean) ** 2
        spread = np.sqrt(power / points) + _LEAST_SIZE
        for point in range(points):
            out[point] = (out[point] - mean) / spread / np.sqrt(points)
        return True
    out /= np.sqrt(points)
    return True


@njit(cache=True, nogil=True)
def _nearest(known: Array, count: int, window: Array, enough: float) -> float:
    """Return the least squared distance to a reference, or one that is at most `enough`."""
    best = np.inf
    for j in range(count):
        total = 0.0
        for i in range(len(window)):
            gap = float(window[i]) - float(known[j, i])
            total += gap * gap
            if total >= best:
                break
        if total < best:
            best = total
            if best <= enough:
                break
    return best


@njit(cache=True, nogil=True)
def _thinned(known: Array, count: int, radius: float) -> tuple[int, float]:
    """Widen the radius until a quarter of the references is free; return count and radius."""
    most = int(_FREED * len(known))
    if radius == 0.0:
        radius = 1e-30
        closest = np.inf
        for j in range(1, count):
            between = _nearest(known[j - 1 : j], 1, known[j], -1.0)
            if 0.0 < between < closest:
                closest = between
        if closest < np.inf:
            radius = closest
    while count > most:
        radius *= _GROWTH
        kept = 1
        for j in range(1, count):
            if _nearest(known, kept, known[j], radius) > radius:
                known[kept] = known[j]
                kept += 1
        count = kept
    return count, radius


@njit(cache=True, nogil=True)
def _surprise(novelty: float, highest: Array, judged: int) -> float:
    """Return the decades of the tail probability of a novelty."""
    if judged < _FEWEST:
        return 0.0
    number = min(_HIGHEST, int(np.ceil(_TAIL_SHARE * judged)))
    start = highest[number]
    base = np.log10((judged + 1) / (number + 1))
    if novelty <= start:
        return float(base * novelty / start)
    total = _PRIOR_WEIGHT * _PRIOR_MEAN
    for i in range(number):
        total += np.log(highest[i] / start)
    mean = total / (number + _PRIOR_WEIGHT)
    return float(base + np.log(novelty / start) / mean / _LOG10)


@njit(cache=True, nogil=True)
def _insert(highest: Array, value: float) -> None:
    """Put a value among the highest, of which the lowest falls out."""
    place = len(highest) - 1
    if value <= highest[place]:
        return
    while place > 0 and highest[place - 1] < value:
        highest[place] = highest[place - 1]
        place -= 1
    highest[place] = value


_f1 = float32[::1]
_f2 = float32[:, ::1]
_d1 = float64[::1]
_d2 = float64[:, ::1]
_l1 = int64[::1]
_b1 = boolean[::1]


@njit(void(_f1, _b1, _f2, _l1, _d1, _d2, _l1, _d2, _l1, int64), cache=True, nogil=True)
def _sensor(
    line: Array,
    present: Array,
    references: Array,
    counts: Array,
    radius: Array,
    highest: Array,
    judged: Array,
    top: Array,
    owners: Array,
    sensor: int,
) -> None:
    """Judge and learn one sensor's rows; keep the two highest surprises of every row."""
    window = np.empty(_MOST_PLACES, np.float32)
    start = len(line) - len(present)
    for row in range(start, len(line)):
        for view in range(len(counts)):
            first, stop = _PLACES[view], _PLACES[view + 1]
            known, own = references[:, first:stop], window[: stop - first]
            if _described(line, row - _GAPS[view], view, own):
                between = _nearest(known, counts[view], own, radius[view])
                if between > radius[view] and counts[view] == len(known):
                    found = _thinned(known, counts[view], radius[view])
                    counts[view], radius[view] = found
                    between = _nearest(known, counts[view], own, radius[view])
                if between > radius[view]:
                    known[counts[view]] = own
                    counts[view] += 1
            at = row - start
            judgeable = counts[view] > 0 and present[at]
            if not (judgeable and _described(line, row, view, own)):
                continue
            novelty = np.sqrt(_nearest(known, counts[view], own, -1.0))
            if view == 0:
                novelty = np.sqrt(novelty * abs(line[row] - line[row - 1]))
            novelty += _LEAST
            surprise = _surprise(novelty, highest[view], judged[view])
            _insert(highest[view], novelty)
            judged[view] += 1
            if surprise > top[0, at]:
                top[1, at], owners[2 * at + 1] = top[0, at], owners[2 * at]
                top[0, at], owners[2 * at] = surprise, sensor
            elif surprise > top[1, at]:
                top[1, at], owners[2 * at + 1] = surprise, sensor


def advance(memory: Memory, columns: ArrayLike) -> tuple[Doubles, Indices]:
    """Judge rows one after the other, each before it is learned.

    Parameters
    ----------
    memory
        What came before; changed in place.
    columns
        Scaled readings, sensors × rows; NaN where one is missing, which is not judged.

    Returns
    -------
    surprises
        The two highest of all sensors' views, (2, n_rows); 0 where nothing could be judged.
    owners
        The sensors whose they are, (n_rows, 2); -1 where nobody's.
    """
    readings = matrix(columns, "columns")
    if len(readings) != len(memory.recent):
        raise InvalidInput(f"{len(readings)} sensors where {len(memory.recent)} were learned")
    rows = readings.shape[1]
    top, owners = np.zeros((2, rows)), np.full(2 * rows, -1, np.int64)
    for sensor, values in enumerate(readings):
        line = np.concatenate([memory.recent[sensor], values])
        memory.silent[sensor] = _carry(line, _KEPT, int(memory.silent[sensor]), _CARRIED)
        _sensor(
            line,
            ~np.isnan(values),
            *(array[sensor] for array in memory[2:]),
            top,
            owners,
            sensor,
        )
        memory.recent[sensor] = line[-_KEPT:]
    return top, owners.reshape(rows, 2)


@njit(int64(_f1, int64, int64, int64), cache=True, nogil=True)
def _carry(line: Array, start: int, silent: int, longest: int) -> int:
    for row in range(start, len(line)):
        if not np.isnan(line[row]):
            silent = 0
            continue
        silent += 1
        if silent <= longest:
            line[row] = line[row - 1]
    return silent


class Quiet(NamedTuple):
    """What decides whether a row is called; `calls` changes it in place.

    Attributes
    ----------
    peaks
        Highest surprises so far, (64,), the highest first.
    clock
        Rows so far, and the surprise that is held, (2,).
    """

    peaks: Doubles
    clock: Doubles

    @classmethod
    def empty(cls) -> Self:
        """Return one that has seen nothing."""
        return cls(np.zeros(64), np.zeros(2))

    def copy(self) -> Self:
        """Return one that can be changed without changing this one."""
        return type(self)(self.peaks.copy(), self.clock.copy())


_MARGIN = 0.1
_SHIFTED = 0.5
_ro = types.Array(float64, 1, "C", readonly=True)


@njit(void(_ro, _d1, _d1, float64, float64[::1]), cache=True, nogil=True)
def _calls(surprises: Array, peaks: Array, clock: Array, share: float, out: Array) -> None:
    for row in range(len(surprises)):
        usual = 0.0
        if clock[0] > _FEWEST:
            usual = peaks[len(peaks) - 1] - np.log10((clock[0] + 1) / len(peaks))
        _insert(peaks, surprises[row])
        surprise = surprises[row] - _SHIFTED * usual
        held = clock[1]
        out[row] = surprise if surprise > held + _MARGIN else 0.0
        clock[0] += 1
        clock[1] = max(surprise, held * (1.0 - 1.0 / (share * clock[0] + 1.0)), 0.0)


def calls(quiet: Quiet, surprises: ArrayLike, share: float) -> Doubles:
    """Return surprises that say something new, and 0 for the others.

    A surprise counts less the more of them there were than there should be: by half of what the
    64th highest so far lies above the one that chance would give.  One is called that exceeds
    what is held of those before by a tenth of a decade.  What is held fades to 37 % in `share`
    of the rows seen.

    Parameters
    ----------
    quiet
        What came before; changed in place.
    surprises
        In time order, (n_rows,).
    share
        Above 0.
    """
    if not share > 0:
        raise InvalidInput(f"the share in which what is held fades must exceed 0, got {share}")
    values = np.ascontiguousarray(surprises, np.float64)
    out = np.empty(len(values))
    _calls(values, quiet.peaks, quiet.clock, float(share), out)
    return out
