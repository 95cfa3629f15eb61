"""What other columns say of each, against the same in a few lines of numpy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from detectors.errors import InvalidInput
from detectors.kernels.relating import related

FLAT, LEAST = 1e-9, 0.05


def _twin(values, shrink, folds):
    cells = values.shape[1]
    mean, deviation = values.mean(axis=1), values.std(axis=1)
    deviation[deviation <= FLAT * np.abs(mean)] = 0.0
    z = (values - mean[:, None]) * np.where(
        deviation > 0, 1 / np.maximum(deviation, 1e-300), 0
    )[:, None]
    told = np.empty_like(z)
    edges = [f * cells // folds for f in range(folds + 1)]
    for start, stop in itertools.pairwise(edges):
        others = np.delete(z, np.s_[start:stop], axis=1)
        middle = others.mean(axis=1)
        inverse = np.linalg.inv(np.cov(others, bias=True) + shrink * np.eye(len(z)))
        left = z[:, start:stop] - middle[:, None]
        told[:, start:stop] = z[:, start:stop] - (inverse @ left) / np.diag(inverse)[:, None]
    gain = (told * z).sum(axis=1) / np.maximum((told * told).sum(axis=1), 1e-12)
    gain = np.clip(gain, 0, 1)
    missed = np.abs(z - gain[:, None] * told)
    silent = (missed**2).mean(axis=1) > (1 - LEAST) * (z**2).mean(axis=1)
    gain[silent], missed[silent] = 0, np.abs(z[silent])
    ends = np.stack([values.min(axis=1), values.max(axis=1), mean, deviation])
    return ends, z @ z.T, gain, np.abs(z), missed


@pytest.mark.parametrize("seed", range(20))
def test_what_is_told_is_that_of_the_slow_twin_to_ten_digits(seed):
    random = np.random.default_rng(seed)
    columns, cells = int(random.integers(2, 30)), int(random.integers(40, 700))
    causes = np.cumsum(random.normal(size=(3, cells)), axis=1)
    values = 0.2 * random.normal(size=(columns, 3)) @ causes + random.normal(
        size=(columns, cells)
    )
    values = values * random.uniform(0.1, 100, (columns, 1)) + 1e3 * random.normal(
        size=(columns, 1)
    )
    values[0] = 5.0  # says nothing, and is told nothing
    found = related(values, 0.05, 3, flat=FLAT, least=LEAST)
    assert found is not None
    for got, wanted in zip(found, _twin(values, 0.05, 3), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-9, atol=1e-9)


def test_no_relation_where_readings_are_not_numbers():
    values = np.ones((2, 10))
    values[0, 3] = np.inf
    assert related(values, 0.05, 3, flat=FLAT, least=LEAST) is None


def test_needs_rows():
    with pytest.raises(InvalidInput):
        related(np.ones((3, 1)), 0.05, 3, flat=FLAT, least=LEAST)
