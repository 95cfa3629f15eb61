"""The benchmark of what would have been normal: its faults by hand, and the real servers."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.why import normal


def test_faults_are_of_the_size_that_is_said():
    true = np.array([[0.0], [1.0], [2.0]])
    before = np.array([[3.0], [1.0], [1.0]])
    made = {
        kind: normal.faulty(kind, true, before, 4.0).ravel().tolist() for kind in normal.FAULTS
    }
    assert made == {
        "shift": [4, 5, 6],
        "drift": [0, 3, 6],
        "frozen": [1, 1, 1],
        "scaled": [-3, 1, 5],
    }


@pytest.mark.data
@pytest.mark.slow
def test_what_would_have_been_normal_is_nearer_to_the_truth_than_what_is_simpler(data_dir):
    line = next(normal.lines("asd", data_dir, 12, 4.0))
    assert (line["fault"], line["faults"]) == ("all", 72)
    ours = line["mean"].pop(normal.OURS)
    line["mean"].pop(normal.TOLD)
    assert all(ours < 0.4 * other for other in line["mean"].values())
    assert 0.9 < line["inside"] < 0.99
