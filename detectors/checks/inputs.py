"""What a detector does with the arrays it is given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from detectors.base import Detector
from detectors.checks.data import n_columns, training, unseen
from detectors.errors import InvalidInput, NotFitted, TooLittleData


def _raises(
    expected: type[Exception], what: str, act: Callable[..., Any], *arguments: Any
) -> None:
    said = ""
    try:
        act(*arguments)
    except expected as error:
        said = str(error).strip() or "nothing"
    assert said, f"{what}: {expected.__name__} expected, nothing was raised"
    assert said != "nothing", f"{what}: the error says nothing"


def check_input_unchanged(detector: Detector) -> None:
    """Neither fit nor any kind of scoring writes into the caller's array."""
    X = training(detector)
    before = X.copy()
    fitted = detector.clone().fit(X)
    for act in (fitted.score, fitted.contributions, fitted.calibration_scores):
        act(X)
        assert np.array_equal(X, before), f"{act.__name__} changed its input"


def check_read_only_input(detector: Detector) -> None:
    """Read-only arrays (shared memory, mapped files) are as good as others."""
    X, Y = training(detector), unseen(detector)
    expected = detector.clone().fit(X).score(Y)
    for array in (X, Y):
        array.flags.writeable = False
    fitted = detector.clone().fit(X)
    assert np.array_equal(fitted.score(Y), expected)
    fitted.contributions(Y)


def check_memory_layouts(detector: Detector) -> None:
    """Precision, order and strides of the input do not matter where the numbers are equal."""
    X, Y = training(detector), unseen(detector)
    expected = detector.clone().fit(X).score(Y)
    wide = np.repeat(Y, 2, axis=1)
    for name, fit_on, score_on in (
        ("Fortran order", np.asfortranarray(X), np.asfortranarray(Y)),
        ("float32", X.astype(np.float32), Y.astype(np.float32)),
        ("float32 in Fortran order", np.asfortranarray(X, np.float32), Y),
        ("strided", np.repeat(X, 2, axis=0)[::2], wide[:, ::2]),
        ("nested lists", X.tolist(), Y.tolist()),
    ):
        scores = detector.clone().fit(fit_on).score(score_on)
        assert np.allclose(scores, expected, rtol=1e-6, atol=1e-9), f"{name} gives other scores"


def check_integers(detector: Detector) -> None:
    """Integers are numbers."""
    X, Y = (
        np.round(data * 256).astype(np.int32) for data in (training(detector), unseen(detector))
    )
    expected = detector.clone().fit(X.astype(np.float64)).score(Y.astype(np.float64))
    scores = detector.clone().fit(X).score(Y)
    assert np.allclose(scores, expected, rtol=1e-6, atol=1e-9)


def check_wrong_columns(detector: Detector) -> None:
    """A matrix of another width than in training is refused."""
    fitted = detector.clone().fit(training(detector))
    Y = unseen(detector)
    wider = np.hstack([Y, Y[:, :1]])
    for act in (fitted.score, fitted.contributions, fitted.calibration_scores):
        _raises(InvalidInput, f"{act.__name__} of a wider matrix", act, wider)


def check_dimensions(detector: Detector) -> None:
    """Vectors, cubes and matrices without columns are refused."""
    X = training(detector)
    fitted = detector.clone().fit(X)
    for name, array in (("vector", X[:, 0]), ("cube", X[None]), ("no columns", X[:, :0])):
        _raises(InvalidInput, f"fit on a {name}", detector.clone().fit, array)
        _raises(InvalidInput, f"score of a {name}", fitted.score, array)


def check_too_few_rows(detector: Detector) -> None:
    """Fewer rows than promised are refused, exactly as many are enough."""
    fewest = detector.tags.min_rows
    X = training(detector, fewest)
    for rows in {0, 1, fewest - 1}:
        _raises(TooLittleData, f"fit on {rows} rows", detector.clone().fit, X[:rows])
    scores = detector.clone().fit(X).score(X)
    assert np.isfinite(scores).all()


def check_one_row(detector: Detector) -> None:
    """A single row can be scored and explained."""
    fitted = detector.clone().fit(training(detector))
    row = unseen(detector)[:1]
    assert fitted.score(row).shape == (1,)
    assert np.isfinite(fitted.score(row)).all()
    assert fitted.contributions(row).shape == row.shape


def check_missing_values(detector: Detector) -> None:
    """NaN is handled where the tags say so, and refused where they do not."""
    X, Y = training(detector), unseen(detector)
    fitted = detector.clone().fit(X)
    holes_X, holes_Y = X.copy(), Y.copy()
    holes_X[50:60, 0] = holes_Y[50:60, 0] = np.nan
    if not detector.tags.handles_missing:
        _raises(InvalidInput, "fit on NaN", detector.clone().fit, holes_X)
        _raises(InvalidInput, "score of NaN", fitted.score, holes_Y)
        return
    for model in (fitted, detector.clone().fit(holes_X)):
        assert np.isfinite(model.score(holes_Y)).all()
        assert np.isfinite(model.contributions(holes_Y)).all()
        assert np.isfinite(model.score(np.full((40, Y.shape[1]), np.nan))).all()


def check_masked_column(detector: Detector) -> None:
    """A column that is missing throughout has no part in the judgement."""
    if not detector.tags.masks_columns or n_columns(detector) < 2:
        return
    fitted = detector.clone().fit(training(detector))
    Y = unseen(detector)
    without = Y.copy()
    without[:, 0] = np.nan
    assert np.isfinite(fitted.score(without)).all()
    shares = fitted.contributions(without)
    assert (shares[:, 0] <= 1e-9).all(), "a missing column is given a share"


def check_infinite_values(detector: Detector) -> None:
    """Infinity is refused: it is a missing reading that nobody marked."""
    X, Y = training(detector), unseen(detector)
    fitted = detector.clone().fit(X)
    X[3, 0] = np.inf
    Y[3, 0] = -np.inf
    _raises(InvalidInput, "fit on infinity", detector.clone().fit, X)
    _raises(InvalidInput, "score of infinity", fitted.score, Y)


def check_not_numbers(detector: Detector) -> None:
    """Text and complex numbers are refused."""
    X = training(detector)
    text = X.astype(object)
    text[0, 0] = "valve"
    _raises(InvalidInput, "fit on text", detector.clone().fit, text)
    _raises(InvalidInput, "fit on complex numbers", detector.clone().fit, X + 1j)


def check_not_fitted(detector: Detector) -> None:
    """Nothing can be asked of a detector before fit."""
    X = training(detector)
    new = detector.clone()
    for act in (new.score, new.contributions, new.calibration_scores):
        _raises(NotFitted, act.__name__, act, X)
    _raises(NotFitted, "state", new.state)
