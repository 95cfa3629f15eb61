"""The few mathematical parts that all machines of the demo plant are made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def lag(signal: Floats, seconds: float, interval: float) -> Floats:
    """Follow a signal with inertia: the exact first-order lag of a stepwise input.

    Parameters
    ----------
    signal
        Input, shape (n,).
    seconds
        Time constant.
    interval
        Seconds between two rows.

    Returns
    -------
    ndarray
        Shape (n,); it starts settled on the first value.
    """
    pass_on = 1.0 - float(np.exp(-interval / seconds))
    keep = 1.0 - pass_on
    followed, _ = lfilter([pass_on], [1.0, -keep], signal, zi=[keep * signal[0]])
    return np.asarray(followed, dtype=np.float64)


def wander(rng: np.random.Generator, rows: int, seconds: float, interval: float) -> Floats:
    """Return noise of unit variance that forgets itself over a time constant.

    An autoregression of first order, started in its stationary distribution.
    """
    keep = float(np.exp(-interval / seconds))
    white = rng.standard_normal(rows)
    white[1:] *= np.sqrt(1.0 - keep * keep)
    coloured = lfilter([1.0], [1.0, -keep], white)
    return np.asarray(coloured, dtype=np.float64)


def since(flags: Flags) -> Floats:
    """Return for each row how many rows ago the last true run began; 0 where false.

    A run that began before the first row counts as endless.
    """
    rows = np.arange(flags.size)
    begins = flags & ~np.concatenate(([True], flags[:-1]))
    last = np.maximum.accumulate(np.where(begins, rows, -flags.size))
    return np.where(flags, rows - last, 0).astype(np.float64)


def sawtooth(resets: Flags) -> Floats:
    """Return rows since the last reset, counted on from the first row."""
    rows = np.arange(resets.size)
    last = np.maximum.accumulate(np.where(resets, rows, 0))
    return (rows - last).astype(np.float64)


def bursts(
    rng: np.random.Generator, rows: int, interval: float, *, per_day: float, minutes: float
) -> Floats:
    """Return 1 in bursts that begin at random and 0 between them.

    Parameters
    ----------
    per_day
        Bursts that begin in a day on average.
    minutes
        Their mean length; lengths vary by a factor of three either way.
    """
    found = np.zeros(rows)
    count = int(rng.poisson(per_day * rows * interval / 86_400))
    begins = rng.integers(0, rows, size=count)
    lengths = minutes * 60 / interval * np.exp(rng.uniform(-1.1, 1.1, size=count))
    for begin, length in zip(begins.tolist(), lengths.tolist(), strict=True):
        found[begin : begin + max(int(length), 1)] = 1.0
    return found


def stick(command: Floats, breakaway: float) -> Floats:
    """Return the position of a valve that sticks until the command is `breakaway` away.

    One-parameter stiction: the valve stands still, then jumps to its command
    (Choudhury, Thornhill, Shah 2005, doi:10.1016/j.conengprac.2004.05.005, without slip-jump).
    """
    position = command.copy()
    held = float(command[0]) if command.size else 0.0
    for row, wanted in enumerate(command.tolist()):
        if abs(wanted - held) > breakaway:
            held = wanted
        position[row] = held
    return position
