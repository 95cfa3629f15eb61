"""What would have been normal is told by the other sensors, and no fault tells of itself."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import polars as pl
import pytest

import appliance as kizashi
from appliance.core.errors import InvalidRequest
from appliance.fleet.artifact import Artifact
from appliance.fleet.judging import AssetModel
from appliance.fleet.relations import MOST_SENSORS, Relations, blamed
from appliance.fleet.series import Rows
from tests.appliance.fleet.plants import SENSORS, START, readings

LATER = START + timedelta(days=30)


def related(cells: int = 2000, seed: int = 0) -> np.ndarray:
    """Return four sensors with a common cause, and one that has nothing to do with them."""
    rng = np.random.default_rng(seed)
    common = np.cumsum(rng.normal(size=cells)) * 0.1
    noise = rng.normal(size=(5, cells))
    follow = np.array([1.0, 5.0, -2.0, 0.5])[:, None] * common + 0.1 * noise[:4]
    return np.vstack([follow + np.array([0, 100, 0, 1e4])[:, None], noise[4]])


def middles(values: np.ndarray) -> np.ndarray:
    return np.median(values, axis=1)


def none(values: np.ndarray) -> np.ndarray:
    return np.zeros(values.shape, bool)


@pytest.fixture(scope="module")
def relations() -> Relations:
    found = Relations.learn(related())
    assert found is not None
    return found


# ---------------------------------------------------------------- what is expected
def test_a_fault_is_explained_by_what_the_others_show(relations):
    values = related(400)
    faulty = values.copy()
    faulty[1, 100:] += 8.0
    unknown = none(values)
    unknown[1] = True
    found = relations.expected(faulty, unknown, middles(values))
    np.testing.assert_allclose(found.middle[1], values[1], atol=1.0)
    assert np.abs(found.middle[1] - values[1]).mean() < 0.3
    inside = np.abs(found.middle[1] - values[1]) <= found.width[1]
    assert inside.mean() > 0.8
    away = np.abs(found.middle[1] - faulty[1]) > found.width[1]
    assert away[100:].all()


def test_two_faults_are_told_by_those_that_are_left(relations):
    values = related(400)
    faulty = values + np.array([3.0, 8.0, 0, 0, 0])[:, None]
    unknown = none(values)
    unknown[:2] = True
    found = relations.expected(faulty, unknown, middles(values))
    assert np.abs(found.middle - values)[:2].mean() < 0.3
    alone = relations.expected(values, none(values), middles(values))
    assert (found.width[:2] >= alone.width[:2]).all()


def test_a_sensor_tells_nothing_of_itself(relations):
    values = related(300)
    shifted = values.copy()
    shifted[2] += 1.0
    told, moved = (
        relations.expected(one, none(one), middles(values)) for one in (values, shifted)
    )
    np.testing.assert_allclose(told.middle[2], moved.middle[2])


def test_a_fault_that_nobody_blames_bears_little_on_others(relations):
    values = related(300)
    wild = values.copy()
    wild[2] += 1e6
    unknown = none(values)
    unknown[1] = True
    found = relations.expected(wild, unknown, middles(values))
    assert np.abs(found.middle[1] - values[1]).max() < 30.0


def test_where_others_say_nothing_the_middle_is_expected(relations):
    values = related(300)
    centre = middles(related())
    found = relations.expected(values, none(values), centre)
    np.testing.assert_array_equal(found.middle[4], np.full(300, centre[4]))
    assert found.width[4] == pytest.approx(np.full(300, 1.96), rel=0.15)
    silent = relations.expected(values, ~none(values), centre)
    assert (silent.width >= found.width).all()
    np.testing.assert_array_equal(silent.middle, np.repeat(centre[:, None], 300, axis=1))


def test_missing_readings_count_as_unknown(relations):
    values = related(300)
    holed = values.copy()
    holed[1, ::2] = np.nan
    unknown = none(values)
    unknown[1, ::2] = True
    centre = middles(values)
    by_hand = relations.expected(values, unknown, centre)
    np.testing.assert_allclose(
        relations.expected(holed, none(values), centre).middle, by_hand.middle
    )


# ---------------------------------------------------------------- learning
def test_constant_sensors_and_gaps_do_not_matter():
    values = related()
    values[3] = 7.0
    values[0, 200:700] = np.nan
    found = Relations.learn(values)
    assert found is not None
    told = found.expected(values, none(values), middles(np.nan_to_num(values)))
    np.testing.assert_array_equal(told.middle[3], 7.0)
    assert np.isfinite(told.middle).all()
    assert np.abs(told.middle[1] - values[1])[700:].mean() < 0.5


def test_relations_that_do_not_hold_elsewhere_are_not_believed():
    rng = np.random.default_rng(0)
    few = rng.normal(size=(40, 90))
    found = Relations.learn(few)
    assert found is not None
    assert np.mean(found.gain == 0) > 0.7


def test_too_few_cells_or_too_many_sensors_have_none():
    rng = np.random.default_rng(0)
    assert Relations.learn(rng.normal(size=(3, 5))) is None
    assert Relations.learn(rng.normal(size=(MOST_SENSORS + 1, 50))) is None


def test_arrays_keep_all_of_it(relations):
    values = related(50)
    again = Relations.of(relations.state())
    assert again is not None
    for one, other in (
        (again.expected(values, none(values), middles(values)).middle, values[:4]),
        (relations.expected(values, none(values), middles(values)).middle, values[:4]),
    ):
        assert np.abs(one[:4] - other).mean() < 0.5
    assert Relations.of({"centre": np.zeros(3)}) is None


def test_the_largest_share_and_those_of_a_tenth_are_blamed():
    shares = np.array([[0.6, 0.08, np.nan], [0.3, 0.07, np.nan], [0.06, 0.06, np.nan]])
    assert blamed(shares).T.tolist() == [
        [True, True, False],
        [True, False, False],
        [False, False, False],
    ]


# ---------------------------------------------------------------- of a model
@pytest.fixture(scope="module")
def model():
    return kizashi.fit(readings(("P-1",)), recipe="mahalanobis", engine="local")


@pytest.fixture(scope="module")
def new():
    return readings(("P-1",), 600, seed=1, start=LATER, faults={"P-1": (2, 300, 360)})


def test_blamed_sensors_of_a_scored_frame_are_taken_as_unknown(model, new):
    clean = readings(("P-1",), 600, seed=1, start=LATER)
    scored = model.score(new)
    told = model.expected(scored)
    of_faulty = told["expected:s2"][300:360].to_numpy()
    truth = model.expected(clean)["expected:s2"][300:360].to_numpy()
    # In a row or two chance blames another sensor besides.
    assert np.quantile(np.abs(of_faulty - truth), 0.9) < 0.05
    # The other sensors' expectation does not follow the fault either.
    others = told["expected:s0"][300:360].to_numpy()
    as_known = model.expected(new)["expected:s0"][300:360].to_numpy()
    beside = model.expected(clean)["expected:s0"][300:360].to_numpy()
    assert np.abs(others - beside).mean() < np.abs(as_known - beside).mean()


def test_sensors_to_be_explained_can_be_named_in_any_order_of_rows(model, new):
    named = model.expected(new, unknown=["s2"], interval=True)
    shuffled = new.sample(fraction=1, shuffle=True, seed=2)
    again = model.expected(shuffled, unknown=["s2"], interval=True).sort("time")
    for column in ("expected:s2", "expected_low:s2", "expected_high:s2"):
        np.testing.assert_allclose(again[column], named[column])
    low, high = named["expected_low:s0"], named["expected_high:s0"]
    assert 0.9 < new["s0"].is_between(low, high).mean() <= 1.0
    with pytest.raises(InvalidRequest, match="'x9' is no sensor"):
        model.expected(new, unknown=["x9"])


def test_models_from_before_expect_the_middle(model, new):
    artifact = Artifact(model.folder)
    arrays = artifact.arrays("P-1")
    before = {n: a for n, a in arrays.items() if not n.startswith("relations/")}
    entry = artifact.manifest.assets["P-1"]
    judge = AssetModel(entry, before, artifact.manifest.recipe)
    values = new.select(SENSORS).to_numpy().T
    rows = Rows(new["time"].dt.epoch("us").to_numpy(), values, np.zeros((0, 600)))
    found = judge.expected(rows)
    np.testing.assert_allclose(found.middle[0], arrays["centre"][0])
    np.testing.assert_allclose(found.width[0], 1.96 * arrays["spread"][0])
    assert pl.Series(judge.judge(rows).surprise).is_not_nan().all()
