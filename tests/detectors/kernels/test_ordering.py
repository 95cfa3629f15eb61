"""Order statistics and orders by counting, against numpy's sort."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from detectors.columns import medians
from detectors.errors import InvalidInput
from detectors.kernels.ordering import neighbours, ordered

few = settings(max_examples=60, deadline=None)
QUANTILES = (0.0, 0.05, 0.5, 0.95, 1.0)


def _twin(values):
    """Sort, and look at the places on either side of each quantile."""
    out = np.full((len(QUANTILES), 2, len(values)), np.nan)
    known = np.zeros(len(values), np.int64)
    for f, row in enumerate(values):
        rising = np.sort(row[np.isfinite(row)])
        known[f] = len(rising)
        for q, quantile in enumerate(QUANTILES):
            if len(rising):
                first = int(np.floor(quantile * (len(rising) - 1)))
                out[q, :, f] = rising[first], rising[min(first + 1, len(rising) - 1)]
    return out, known


def _same(values):
    got, known = neighbours(values, QUANTILES)
    expected, count = _twin(values)
    assert np.array_equal(got, expected, equal_nan=True)
    assert np.array_equal(known, count)


@few
@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64]),
        st.tuples(st.integers(0, 4), st.integers(0, 70)),
        elements=st.floats(width=32),
    )
)
def test_values_beside_quantiles_are_those_of_sorting(values):
    _same(values)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize(
    "name", ["normal", "one", "two", "far", "farthest", "powers", "rounded", "missing"]
)
def test_long_columns_of_every_shape(kind, name):
    random = np.random.default_rng(3)
    values = random.normal(size=(3, 6_000))
    if name == "one":
        values[:] = 7.5
    elif name == "two":
        values = np.sign(values)
    elif name == "far":
        values[:, 17] = 1e30
    elif name == "farthest":
        values[:, :2] = np.array([-1.0, 1.0]) * np.finfo(kind).max
    elif name == "powers":
        values = np.exp2(20 * values)
    elif name == "rounded":
        values = values.round(1)
    elif name == "missing":
        values[random.random(values.shape) < 0.3] = np.nan
        values[0, 5], values[1, 5] = np.inf, -np.inf
    _same(values.astype(kind))


def test_quantiles_must_rise():
    with pytest.raises(InvalidInput, match="rise"):
        neighbours(np.zeros((1, 4)), [0.5, 0.1])
    with pytest.raises(InvalidInput, match="dimensions"):
        neighbours(np.zeros(4), [0.5])


@few
@given(arrays.arrays(np.float64, st.tuples(st.just(2), st.integers(1, 40))))
def test_medians_are_numpys(values):
    known = np.where(np.isfinite(values), values, np.nan)
    known = np.clip(known, -1e300, 1e300)
    expected = [np.median(r[~np.isnan(r)]) if (~np.isnan(r)).any() else np.nan for r in known]
    assert np.array_equal(medians(known), expected, equal_nan=True)


@few
@given(arrays.arrays(np.float64, st.integers(0, 80), elements=st.floats(allow_nan=False)))
def test_an_order_is_numpys_stable_one(values):
    values = values + 0.0  # no two zeros
    rising, order = ordered(values)
    assert np.array_equal(order, np.argsort(values, kind="stable"))
    assert np.array_equal(rising, np.sort(values))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_long_order(kind):
    values = np.random.default_rng(5).normal(size=9_000).astype(kind).round(3) + kind(0)
    rising, order = ordered(values)
    assert np.array_equal(rising, np.sort(values.astype(np.float64)))
    assert np.array_equal(order, np.argsort(values, kind="stable"))
