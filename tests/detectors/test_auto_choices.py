"""What `auto` says that it chose for some rows, and by which facts."""

from __future__ import annotations

import json

import numpy as np

from detectors.models.auto import Auto
from detectors.models.pca import PCA


def several(rows: int = 900) -> np.ndarray:
    rng = np.random.default_rng(1)
    wave = np.sin(np.arange(rows) / 9)[:, None]
    return wave * [1.0, 2.0, 3.0] + 0.1 * rng.normal(size=(rows, 3))


def one(period: int, rows: int = 1500) -> np.ndarray:
    noise = np.random.default_rng(2).normal(size=rows)
    return (np.sin(2 * np.pi * np.arange(rows) / period) + 0.05 * noise)[:, None]


def test_several_sensors_are_looked_at_together():
    X = several()
    found = Auto().fit(X).choices(X)
    assert (found["rows"], found["sensors"], found["period"]) == (900, [0, 1, 2], None)
    assert found["windows"] == [16, 32, 16]
    assert "joint" in found["views"]
    assert found["left_out"] == {"nearest_shapes": "several sensors"}
    apart = Auto(joint_weight=0).fit(X).choices(X)
    assert apart["left_out"]["joint"] == "weight 0"
    assert "joint" not in apart["views"]


def test_a_single_sensor_sets_its_windows_by_its_period():
    X = one(48)
    found = Auto().fit(X).choices(X)
    assert found["period"] == 48
    assert found["windows"][:2] == [48, 96]
    assert found["left_out"] == {"joint": "one sensor"}
    assert "nearest_shapes" in found["views"]
    assert not {"shape", "long_shape"} & {*found["views"]}


def test_a_line_has_no_period():
    X = np.arange(600.0)[:, None]
    assert Auto().fit(X).choices(X)["period"] is None


def test_columns_that_are_left_out_are_told_with_the_reason():
    X = np.column_stack([several(), np.arange(900) // 50 % 2, np.full(900, np.nan)])
    gaps = np.where(np.arange(900) % 40 < 39, np.nan, X[:, 0])
    X = np.column_stack([X, gaps])
    found = Auto().fit(X).choices(X)
    assert found["sensors"] == [0, 1, 2]
    assert (found["switches"], found["silent"], found["gappy"]) == ([3], [4], [5])
    assert found["missing"] == 0
    X[100:190, 0] = np.nan
    assert Auto().fit(X).choices(X)["missing"] == round(90 / 2700, 4)


def test_it_is_json_and_the_same_after_coming_back():
    X = several()
    detector = Auto().fit(X)
    told = detector.choices(X)
    assert json.loads(json.dumps(told)) == told
    again = Auto.from_state(detector.state(), detector.get_params())
    assert again.choices(X) == told == Auto().fit(X).choices(X)


def test_others_choose_nothing():
    X = several()
    assert PCA().fit(X).choices(X) == {}
