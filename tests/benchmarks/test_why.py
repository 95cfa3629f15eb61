"""The benchmark of causes: its measures by hand and by scikit-learn, and the real servers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import ndcg_score

from appliance.schemas.event import EventDraft, SensorShare, Severity
from benchmarks.why import events, injected
from benchmarks.why.contrast import beyond
from benchmarks.why.events import Machine, Told
from benchmarks.why.loaders import faults
from benchmarks.why.run import (
    CHANCE,
    GAIN,
    HIT_1,
    HIT_ALL,
    LARGEST_Z,
    MEAN_Z,
    OTHER,
    SAME_SENSORS,
    lines,
)
from detectors import metrics
from detectors.errors import InvalidInput

CAUSES = [True, False, True, False, False]
SHARES = [0.2, 0.4, 0.3, 0.1, 0.0]


def test_a_cause_among_the_first_is_a_hit():
    assert not metrics.cause_hit(CAUSES, SHARES, 1)
    assert metrics.cause_hit(CAUSES, SHARES, 2)


def test_hit_rate_looks_at_as_many_sensors_as_are_causes():
    assert metrics.cause_hit_rate(CAUSES, SHARES) == 0.5
    assert metrics.cause_hit_rate(CAUSES, SHARES, 150) == 1.0
    assert metrics.cause_hit_rate(CAUSES, SHARES, 50) == 0.0


def test_gain_is_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(20):
        causes, shares = rng.random(9) < 0.4, rng.random(9)
        causes[0] = True
        assert metrics.cause_gain(causes, shares) == pytest.approx(
            ndcg_score([causes.astype(float)], [shares])
        )


def test_equal_shares_are_no_merit():
    assert not metrics.cause_hit(CAUSES, np.ones(5), 3)


def test_without_a_cause_or_with_other_sensors_there_is_nothing_to_judge():
    with pytest.raises(InvalidInput, match="no sensor is a cause"):
        metrics.cause_gain([False, False], [0.5, 0.5])
    with pytest.raises(InvalidInput, match="shape"):
        metrics.cause_hit(CAUSES, [1.0], 1)


def test_faults_are_read_with_last_rows_and_sensors_counted_from_one(tmp_path):
    folder = tmp_path / "smd" / "interpretation_label"
    folder.mkdir(parents=True)
    (folder / "one.txt").write_text("5-9:1,3\n12-12:2\n")
    first, second = faults(tmp_path, "smd", "one", sensors=3)
    assert (first.rows, first.causes.tolist()) == (slice(5, 10), [True, False, True])
    assert (second.rows, second.causes.tolist()) == (slice(12, 13), [False, True, False])


def _told(fault: str, kind: str, causes: list[int], shares: list[float], day: int = 0) -> Told:
    named = tuple(
        SensorShare(name=f"s{place:02d}", share=share) for place, share in enumerate(shares)
    )
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    draft = EventDraft(
        asset="A",
        start=start,
        end=start + timedelta(hours=1),
        peak=5.0,
        peak_time=start,
        threshold=3.0,
        severity=Severity.WATCH,
        sensors=named,
    )
    none = np.zeros(len(shares))
    flags = np.isin(np.arange(len(shares)), causes)
    return Told(
        draft=draft,
        touched=frozenset([fault]),
        kinds=frozenset([kind]),
        causes=flags,
        shares=np.array(shares),
        new=none,
        mean_z=none,
        largest_z=none,
    )


def test_events_are_compared_with_those_of_other_faults_only():
    told = [
        _told("first", "leak", [0, 1], [0.7, 0.3, 0.0]),
        _told("first", "leak", [0, 1], [0.7, 0.3, 0.0]),
        _told("second", "leak", [0], [0.6, 0.3, 0.1]),
        _told("third", "wear", [2], [0.0, 0.1, 0.9]),
    ]
    kinds = events.nearest(told, events.same_kind)
    # All but the wear have the other leak nearest; that one has no like.
    assert (kinds.near, kinds.compared) == (0.75, 4)
    assert kinds.other == pytest.approx((0.5 + 0.5 + 2 / 3 + 0) / 4)
    sensors = events.nearest(told, events.same_sensors)
    assert sensors.near == pytest.approx((0.5 + 0.5 + 0.5 + 0.0) / 4)


def test_a_stretch_like_an_events_is_sought_outside_its_faults():
    rng = np.random.default_rng(0)
    values, truth = rng.normal(size=(1_000, 3)), np.zeros((1_000, 3), bool)
    shape = 20 * np.sin(np.arange(40) / 4)
    for start in (100, 600):
        values[start : start + 40, 0] += shape
        truth[start : start + 40, 0] = True
    one = _told("first", "", [0], [1.0, 0.0, 0.0])
    machine = Machine(1, [one], values, truth, [[(100, 140), (95, 150)]])
    found = events.nearest_stretches([machine])
    assert (found.near, found.compared) == (1.0, 1)
    assert found.other < 0.12


def test_what_was_there_before_is_not_new():
    weighted = np.tile([2.0, 0.5, 0.1], (500, 1))
    weighted[400:420, 1] += 1.0
    assert weighted[400:420].mean(axis=0).argmax() == 0
    assert beyond(weighted, 400, 420).argmax() == 1
    # Nothing is known of before; and where nothing is new, the order stays.
    assert beyond(weighted, 10, 20).tolist() == pytest.approx([2.0, 0.5, 0.1])
    assert np.argsort(-beyond(weighted, 300, 320)).tolist() == [0, 1, 2]


def test_faults_are_put_where_they_are_said_to_be(tmp_path):
    rng = np.random.default_rng(2)
    for name in ("smd", "asd"):
        for part in ("train", "test", "test_label"):
            (tmp_path / name / part).mkdir(parents=True)
    folder = tmp_path / "skab" / "data" / "anomaly-free"
    folder.mkdir(parents=True)
    values = rng.normal(size=(6_000, 4))
    frame = {"datetime": np.arange(6_000)} | {f"x{at}": one for at, one in enumerate(values.T)}
    pl.DataFrame(frame).write_csv(folder / "anomaly-free.csv", separator=";")
    ((series, found),) = injected.machines(tmp_path)
    assert len(found) >= len(injected.KINDS)
    changed = series.test != values[len(series.train) : len(series.train) + len(series.test)]
    for fault in found:
        assert changed[fault.rows].any(axis=0).tolist() == fault.causes.tolist()
        changed[fault.rows] = False
    assert not changed.any()
    assert series.labels.sum() == sum(one.rows.stop - one.rows.start for one in found)


@pytest.mark.slow
def test_events_of_a_plant_name_their_faults():
    machines = list(events.of_plant("gearboxes", "mahalanobis", seeds=(7,), days=12))
    told = [one for machine in machines for one in machine.told]
    assert told
    assert sum(machine.raised for machine in machines) >= len(told)
    assert {kind for one in told for kind in one.kinds} <= {
        "tooth_damage",
        "oil_loss",
        "sensor_drift",
    }
    assert all(one.shares.sum() == pytest.approx(1, abs=1e-6) for one in told)


@pytest.mark.data
@pytest.mark.slow
def test_contributions_name_faulty_servers_sensors_first(data_dir):
    found = {
        (line["metric"], by): value
        for line in lines("auto", ["asd"], data_dir)
        for by, value in {**line["rivals"], "": line["value"]}.items()
    }
    assert found[f"events, {HIT_1}", ""] > found[f"events, {HIT_1}", LARGEST_Z]
    assert found[SAME_SENSORS, ""] > found[SAME_SENSORS, OTHER]
    assert found[HIT_1, ""] >= 0.9
    for metric in (HIT_1, HIT_ALL, GAIN):
        for rival in (MEAN_Z, LARGEST_Z, CHANCE):
            assert found[metric, ""] > found[metric, rival]
