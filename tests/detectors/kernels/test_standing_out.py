"""Runs of high scores, and what is left without some of them, against plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from detectors.errors import InvalidInput
from detectors.kernels.ordering import ordered
from detectors.kernels.standing_out import quantiles_left, ranks_of, runs_above

SHARES = (0.5, 0.75, 0.875)


def _runs(values, level, bridged):
    found = []
    for row in np.flatnonzero(values > level):
        if found and row - found[-1][-1] <= bridged + 1:
            found[-1].append(row)
        else:
            found.append([row])
    return [(run[0], run[-1] + 1, values[run].max()) for run in found]


@pytest.mark.parametrize("seed", range(20))
def test_runs_and_what_they_leave(seed):
    random = np.random.default_rng(seed)
    values = np.round(random.gamma(3.0, size=int(random.integers(20, 600))), 1)
    level = float(np.quantile(values, 0.85))
    start, stop, peak = runs_above(values, level, 3)
    assert list(zip(start, stop, peak, strict=True)) == _runs(values, level, 3)
    rising, rows = ordered(values)
    ranked = ranks_of(start, stop, rows)
    counts = np.arange(len(start) // 2 + 1)
    found = quantiles_left(rising, rows, ranked, counts, SHARES)
    for count, got in zip(counts, found.T, strict=True):
        kept = np.sort(values[ranked[0] >= count])
        places = [*(int(len(kept) * share) for share in SHARES), len(kept) - 1]
        assert got.tolist() == kept[places].tolist()


def test_runs_lie_within_the_rows():
    with pytest.raises(InvalidInput):
        ranks_of(np.array([3]), np.array([9]), np.arange(5))


def test_orders_of_numbers_that_differ_only_in_their_last_bits():
    values = np.r_[1e300, 1 + 1e-12 * np.random.default_rng(0).permutation(3000)]
    rising, rows = ordered(values)
    assert np.array_equal(rows, np.argsort(values, kind="stable"))
    assert np.array_equal(rising, values[rows])
