"""A missing sensor is filled by what the others say of it."""

from __future__ import annotations

import numpy as np

from appliance.fleet.filling import Filler


def correlated(n: int = 5000) -> np.ndarray:
    rng = np.random.default_rng(0)
    common = rng.normal(size=n)
    return np.stack([10 + common, 5 * common + 0.1 * rng.normal(size=n), rng.normal(size=n)])


def test_expected_given_the_others():
    values = correlated()
    filler = Filler.learn(values)
    holed = values.copy()
    holed[1, ::2] = np.nan
    filled = filler.fill(holed)
    assert np.abs(filled - values)[1].max() < 0.6
    np.testing.assert_array_equal(filled[:, 1::2], values[:, 1::2])
    assert np.isnan(holed[1, 0])


def test_without_others_the_mean():
    values = correlated()
    filler = Filler.learn(values)
    filled = filler.fill(np.full((3, 4), np.nan))
    np.testing.assert_allclose(filled, np.repeat(values.mean(axis=1)[:, None], 4, axis=1))


def test_gaps_in_training_are_left_out():
    values = correlated()
    holed = values.copy()
    holed[0, :1000] = np.nan
    np.testing.assert_allclose(Filler.learn(holed).mean, values.mean(axis=1), atol=0.05)


def test_constant_and_very_many_sensors():
    flat = np.ones((2, 100))
    holed = flat.copy()
    holed[0, 3] = np.nan
    assert Filler.learn(flat).fill(holed)[0, 3] == 1
    many = np.random.default_rng(0).normal(size=(300, 400))
    filler = Filler.learn(many)
    assert filler.covariance.size == 0
    many[7, 9] = np.nan
    assert filler.fill(many)[7, 9] == filler.mean[7]


def test_single_and_complete_values_pass_unchanged():
    values = correlated()
    assert Filler.learn(values).fill(values) is values
