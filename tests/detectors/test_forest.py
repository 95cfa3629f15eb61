"""Isolation forest: ranks as well as others', calibrated on its own training rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from detectors import catalog, persistence
from detectors.errors import StateCorrupt
from tests.detectors.machines import related, separation


def _planted(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    X = related(rng, rows)
    faulty = np.zeros(rows, bool)
    faulty[: rows // 50] = True
    X[faulty] += 5 * X.std(axis=0) * rng.standard_t(3, size=(rows // 50, X.shape[1]))
    return X, faulty


@pytest.mark.slow
def test_planted_outliers_are_ranked_as_scikit_learn_ranks_them() -> None:
    from sklearn.ensemble import IsolationForest

    ours, theirs = [], []
    for seed in range(4):
        X, faulty = _planted(np.random.default_rng(seed), 2_000)
        score = catalog.make("forest", seed=seed).fit(X).score(X)
        ours.append(separation(score[~faulty], score[faulty]))
        score = -IsolationForest(random_state=seed).fit(X).score_samples(X)
        theirs.append(separation(score[~faulty], score[faulty]))
    assert np.mean(ours) > 0.9
    assert np.mean(ours) > np.mean(theirs) - 0.01


@pytest.mark.slow
def test_many_trees_give_the_scores_of_scikit_learns() -> None:
    from sklearn.ensemble import IsolationForest

    X, _ = _planted(np.random.default_rng(5), 1_000)
    ours = catalog.make("forest", n_trees=600).fit(X).score(X)
    theirs = -IsolationForest(n_estimators=600, random_state=0).fit(X).score_samples(X)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.99
    np.testing.assert_allclose(ours, theirs, atol=0.05)
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.005)


@pytest.mark.slow
@pytest.mark.data
def test_tables_of_adbench_are_ranked_as_well_as_by_others(data_dir: Path) -> None:
    from sklearn.ensemble import IsolationForest

    ours, theirs = {}, {}
    for path in sorted((data_dir / "adbench").glob("*.npz")):
        table = np.load(path)
        X, faulty = table["X"].astype(float)[:20_000], table["y"][:20_000] == 1
        found = np.mean([catalog.make("forest", seed=s).fit(X).score(X) for s in range(3)], 0)
        ours[path.stem] = separation(found[~faulty], found[faulty])
        rivals = [IsolationForest(random_state=s).fit(X).score_samples(X) for s in range(3)]
        found = -np.mean(rivals, axis=0)
        theirs[path.stem] = separation(found[~faulty], found[faulty])
    assert len(ours) >= 10
    assert np.mean(list(ours.values())) > np.mean(list(theirs.values())) - 0.01
    gaps = {name: ours[name] - theirs[name] for name in ours}
    assert min(gaps.values()) > -0.06, gaps


@pytest.mark.parametrize("rows", [300, 1_500, 5_000])
def test_training_rows_are_calibrated_like_new_ones(rows: int) -> None:
    rng = np.random.default_rng(6)
    X, Y = related(rng, rows), related(rng, 5_000)
    fitted = catalog.make("forest").fit(X)
    known = fitted.calibration_scores(X)
    for share in (0.5, 0.9, 0.99):
        above = (fitted.score(Y) > np.quantile(known, share)).mean()
        assert 0.5 < above / (1 - share) < 2


def test_the_faulty_sensor_is_named() -> None:
    rng = np.random.default_rng(7)
    fitted = catalog.make("forest").fit(related(rng, 3_000))
    Y = related(rng, 60)
    at = np.arange(60) % 6
    Y[np.arange(60), at] += 8 * np.geomspace(0.1, 30, 6)[at]
    assert (fitted.contributions(Y).argmax(axis=1) == at).mean() > 0.9


def test_changed_splits_are_no_forest() -> None:
    fitted = catalog.make("forest", n_trees=5).fit(related(np.random.default_rng(8), 300))
    arrays, manifest = persistence.pack(fitted)
    for name, wrong in (("features", -1), ("kinds", 7), ("offsets", 1), ("sample_size", 0)):
        changed = arrays[name].copy()
        changed[0] = wrong if np.issubdtype(changed.dtype, np.signedinteger) else 7
        with pytest.raises(StateCorrupt, match="Forest"):
            persistence.unpack(arrays | {name: changed}, manifest)
