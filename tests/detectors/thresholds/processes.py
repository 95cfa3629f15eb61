"""Scores of normal running as detectors give them: autocorrelated, light or heavy tails."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import norm, t


def autoregressive(rng: np.random.Generator, rows: int, memory: float) -> NDArray[np.float64]:
    noise = rng.normal(size=rows + 500) * np.sqrt(1 - memory**2)
    return lfilter([1], [1, -memory], noise)[500:]


def gaussian(rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    return autoregressive(rng, rows, 0.9)


def distance(rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    return np.sqrt(sum(autoregressive(rng, rows, 0.95) ** 2 for _ in range(4)))


def heavy(rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    uniform = norm.cdf(autoregressive(rng, rows, 0.95))
    return np.abs(t.ppf(uniform, 3))


def skewed(rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    return np.exp(0.5 * autoregressive(rng, rows, 0.97))


def windowed(rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    squares = rng.normal(size=rows + 31) ** 2
    return np.log1p(np.convolve(squares, np.ones(32) / 32, "valid"))


def blocks(rng: np.random.Generator, rows: int) -> NDArray[np.float64]:
    lengths = rng.geometric(1 / 40, size=rows // 5 + 10)
    levels = np.repeat(rng.exponential(size=len(lengths)), lengths)[:rows]
    return levels + 0.05 * rng.normal(size=rows)


NORMAL = {
    "gaussian": gaussian,
    "distance": distance,
    "heavy": heavy,
    "skewed": skewed,
    "windowed": windowed,
    "blocks": blocks,
}


def spoiled(
    rng: np.random.Generator, scores: NDArray[np.float64], share: float, faults: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Put gross faults in: eight times as far from the middle as one row in fifty."""
    middle = np.median(scores)
    high = np.quantile(scores, 0.98) - middle
    out, truth = scores.copy(), np.zeros(len(scores), bool)
    length = int(len(scores) * share / faults)
    for start in rng.choice(len(scores) - length, faults):
        out[start : start + length] = middle + 8 * high * rng.uniform(0.8, 1.2, length)
        truth[start : start + length] = True
    return out, truth
