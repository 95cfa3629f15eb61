"""Vectors of bytes against numpy."""

from __future__ import annotations

import numpy as np
import pytest
from numba import njit

from detectors.kernels.byte_lanes import LANES, add, choose, fill, load, store


@njit
def _led(rows, limit, above, kept, sums):
    other = load(kept, np.uint64(LANES))
    done = choose(rows, np.uint64(3), limit, fill(above), other)
    add(sums, np.uint64(0), done)
    store(kept, np.uint64(0), done)


@pytest.mark.slow
def test_each_lane_is_a_row_of_its_own():
    rng = np.random.default_rng(0)
    rows = rng.integers(-128, 128, LANES + 3).astype(np.int8)
    kept = rng.integers(0, 256, 2 * LANES).astype(np.uint8)
    sums = rng.integers(0, 60_000, LANES).astype(np.uint16)
    chosen = np.where(rows[3:] > -5, np.uint8(200), kept[LANES:])
    wanted = sums + chosen
    other = kept[LANES:].copy()
    _led(rows, np.int8(-5), np.uint8(200), kept, sums)
    np.testing.assert_array_equal(kept[:LANES], chosen)
    np.testing.assert_array_equal(kept[LANES:], other)
    np.testing.assert_array_equal(sums, wanted)
