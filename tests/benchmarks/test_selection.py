"""Choosing detectors without labels: what choices are made by, and how they are judged."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.quality import selection, tuned
from benchmarks.quality.candidates import DEFAULT, GROUPS, OTHERS, Apart, Opinion, weighed
from benchmarks.quality.criteria import (
    KINDS,
    borda,
    centrality,
    chosen,
    faulty_copies,
    rank_correlation,
    ranks,
    spread_of,
)
from benchmarks.quality.loaders import Series
from benchmarks.quality.selection import (
    ALL,
    ANY,
    FAULTS,
    FIXED,
    HINDSIGHT,
    OWN,
    WEIGHED,
    WIDTH,
    Evidence,
    gather,
    judge,
)
from detectors.errors import DetectorError

NAN = float("nan")


def _rows(count: int = 900, columns: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    time = np.arange(count)[:, None]
    return np.sin(time / [5.0, 9.0, 13.0][:columns]) + 0.1 * rng.normal(size=(count, columns))


# ---------------------------------------------------------------- faults put in
def test_each_kind_of_fault_changes_readings_where_it_says_and_nowhere_else() -> None:
    rows = _rows()
    copies = faulty_copies(rows, spread_of(rows))
    assert [one.kind for one in copies] == list(KINDS)
    for one in copies:
        differs = (one.rows != rows).any(axis=1)
        assert 0 < one.labels.mean() <= 1 / 6, one.kind
        assert differs.any()
        assert not (differs & ~one.labels).any(), one.kind


def test_faults_are_the_same_every_time_and_others_by_another_seed() -> None:
    rows = _rows()
    first, again, other = (faulty_copies(rows, spread_of(rows), seed) for seed in (1, 1, 2))
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a.rows, b.rows)
    assert any((a.labels != b.labels).any() for a, b in zip(first, other, strict=True))


def test_what_cannot_move_is_left_as_it_is() -> None:
    rows = np.column_stack([_rows(), np.arange(900) % 2, np.full(900, 7.0), np.full(900, NAN)])
    spread = spread_of(rows)
    assert (spread > 0).tolist() == [True, True, True, False, False, False]
    for one in faulty_copies(rows, spread):
        np.testing.assert_array_equal(one.rows[:, 3:], rows[:, 3:])


@pytest.mark.parametrize("count", [7, 40, 133])
def test_few_rows_take_a_fault_too(count: int) -> None:
    for one in faulty_copies(_rows(count), np.ones(3)):
        assert 0 < one.labels.sum() < count


# ---------------------------------------------------------------- ranks
def test_equal_values_share_their_rank() -> None:
    np.testing.assert_array_equal(ranks(np.array([3.0, 1.0, 3.0, 9.0])), [1.5, 0, 1.5, 3])
    np.testing.assert_array_equal(
        borda([np.array([1.0, 2, 3]), np.array([9.0, 7, 8])]), [1, 0.5, 1.5]
    )


def test_correlation_is_of_ranks_and_of_what_is_known() -> None:
    x = np.array([1.0, 2, 3, 4, NAN])
    assert rank_correlation(x, np.exp(x)) == pytest.approx(1)
    assert rank_correlation(x, -np.exp(x)) == pytest.approx(-1)
    assert rank_correlation(x, np.ones(5)) == 0


def test_the_odd_one_out_agrees_least() -> None:
    x = np.arange(20.0)
    found = centrality([x, x**2, -x])
    assert found.argmin() == 2
    assert found[0] == pytest.approx(0)
    np.testing.assert_array_equal(centrality([x]), [0])


def test_the_first_stays_unless_another_is_better_by_a_margin() -> None:
    merits = np.array([0.5, 0.58, 0.3])
    assert [chosen(merits, margin) for margin in (0.0, 0.05, 0.1)] == [1, 1, 0]
    assert chosen(np.array([0.5, 0.5])) == 0


# ---------------------------------------------------------------- judging choices
def _evidence() -> tuple[Evidence, np.ndarray]:
    """Return candidates of which `half` sees faults, real ones too, and `raw` nothing."""
    rng = np.random.default_rng(0)
    labels = np.zeros(400, bool)
    labels[100:130] = True

    def says(where: np.ndarray) -> Opinion:
        noise = rng.random((3, len(where)))
        parts = np.zeros((len(GROUPS), 2, len(where)))
        parts[:, 1] = 1.0
        parts[0, 0] = noise[2]
        scores = {DEFAULT: noise[0] + 0.7 * where, "half": noise[1] + 3 * where}
        return Opinion(scores | {"raw": noise[2], "twice": noise[0]}, parts)

    quiet = np.zeros(400, bool)
    pair = [says(quiet), says(quiet)]
    faulty = [(labels, says(labels)), (labels, says(labels))]
    return Evidence(says(labels), 0.0, 2.0, says(quiet), faulty, pair, pair), labels


def test_what_finds_the_faults_put_in_is_chosen_and_judged_by_labels() -> None:
    evidence, labels = _evidence()
    assert evidence.names() == [DEFAULT, "half", "raw", "twice"]
    assert evidence.faults().argmax() == 1
    found = judge(evidence, labels, 10)
    best = found[ALL, HINDSIGHT].volume
    assert best > 0.9 > found[ALL, FIXED].volume > found[ALL, ANY].volume - 0.2
    assert found[ALL, FAULTS].volume == found[WIDTH, FAULTS].volume == best
    assert found[ALL, FAULTS].order == pytest.approx(1)
    assert found[ALL, FIXED].order is None
    assert found[WIDTH, "always half"].volume == best
    # Only `raw` is a view that could get a weight, and it sees nothing.
    assert found[OWN, WEIGHED].volume < 0.5
    assert set(found) >= {(pool, FIXED) for pool in (ALL, OWN, WIDTH)}


def test_labels_are_no_part_of_what_is_chosen_by() -> None:
    evidence, labels = _evidence()
    before = evidence.criteria()
    judge(evidence, ~labels, 10)
    for name, merits in evidence.criteria().items():
        np.testing.assert_array_equal(merits, before[name])


# ---------------------------------------------------------------- with detectors
@pytest.mark.slow
@pytest.mark.parametrize("columns", [1, 3])
def test_groups_of_views_add_up_to_the_default(columns: int) -> None:
    rows = _rows(1_200, columns)
    rows[700:712, 0] = NAN
    auto = Apart().fit(rows[:800])
    parts = auto.parts(rows[800:])
    again = weighed(parts, np.ones(len(GROUPS)), auto.usual_score_)
    np.testing.assert_allclose(again, auto.score(rows[800:]), rtol=1e-5)
    assert parts[GROUPS.index("joint")].any() == (columns > 1)


@pytest.mark.slow
def test_candidates_are_asked_of_a_series_and_their_choice_is_worth_something() -> None:
    rows, labels = _rows(1_800), np.zeros(900, bool)
    labels[300:340] = True
    rows[900:][labels, 1] = 0.0
    evidence = gather(Series("stuck", rows[:900], rows[900:], labels))
    assert evidence.names() == [DEFAULT, *GROUPS, "half", "twice", *OTHERS]
    found = judge(evidence, labels, 20)
    assert found[ALL, FIXED].volume > 0.8
    assert found[ALL, ANY].volume < found[ALL, HINDSIGHT].volume
    with pytest.raises(DetectorError):
        gather(Series("short", rows[:20], rows[900:], labels))


@pytest.mark.slow
def test_recipes_are_probed_and_judged() -> None:
    rows, labels = _rows(1_800), np.zeros(900, bool)
    labels[300:340] = True
    rows[900:][labels, 1] += 2.0
    found = tuned.standing(Series("moved", rows[:900], rows[900:], labels))
    assert len(found.merits) == len(found.found) == len(found.volumes) == 3 + len(tuned.OTHERS)
    assert all(a <= b for a, b in zip(found.merits, found.found, strict=True))
    assert found.volumes[0] > 0.7


def test_an_unknown_set_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    for benchmark in (selection, tuned):
        assert benchmark.main(["--sets", "nonsense"]) == 2
        assert "nonsense" in capsys.readouterr().err
