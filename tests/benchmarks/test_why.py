"""The benchmark of causes: its measures by hand and by scikit-learn, and the real servers."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import ndcg_score

from benchmarks.why.loaders import faults
from benchmarks.why.run import CHANCE, GAIN, HIT_1, HIT_ALL, LARGEST_Z, MEAN_Z, lines
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


@pytest.mark.data
@pytest.mark.slow
def test_contributions_name_faulty_servers_sensors_first(data_dir):
    found = {
        (line["metric"], by): value
        for line in lines("auto", ["asd"], data_dir)
        for by, value in {**line["rivals"], "": line["value"]}.items()
    }
    assert found[HIT_1, ""] >= 0.9
    for metric in (HIT_1, HIT_ALL, GAIN):
        for rival in (MEAN_Z, LARGEST_Z, CHANCE):
            assert found[metric, ""] > found[metric, rival]
