"""Others' ways to remaining life, with fixed settings, on the same engines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Matrix = NDArray[np.float64]
    Rival = Callable[[Sequence[Matrix], Sequence[Matrix], float], Matrix]

_FROM = 20
_SMOOTHING = 6
_WINDOW = 60
_SHARPNESS = 10.0


def _rows(lives: Sequence[Matrix], cap: float) -> tuple[Matrix, Matrix]:
    left = [np.minimum(np.arange(len(life))[::-1], cap) for life in lives]
    return np.concatenate(lives), np.concatenate(left).astype(float)


def ridge(lives: Sequence[Matrix], courses: Sequence[Matrix], cap: float) -> Matrix:
    """Ridge regression of scikit-learn on single rows."""
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), Ridge()).fit(*_rows(lives, cap))
    return np.asarray(model.predict(np.array([course[-1] for course in courses])))


def boosting(lives: Sequence[Matrix], courses: Sequence[Matrix], cap: float) -> Matrix:
    """Gradient-boosted trees of scikit-learn on single rows and their age."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    def aged(life: Matrix) -> Matrix:
        return np.column_stack([life, np.arange(len(life))])

    model = HistGradientBoostingRegressor(random_state=0)
    model.fit(*_rows([aged(life) for life in lives], cap)[:2])
    return np.asarray(model.predict(np.array([aged(course)[-1] for course in courses])))


def similarity(lives: Sequence[Matrix], courses: Sequence[Matrix], cap: float) -> Matrix:
    """Likeness to every stretch of every life (Wang and others, 2008, on sensors)."""
    from scipy.ndimage import gaussian_filter1d

    rows = np.concatenate(lives)
    moves = rows.std(axis=0) > 1e-9 * (1 + np.abs(rows.mean(axis=0)))
    mean, spread = rows.mean(axis=0)[moves], rows.std(axis=0)[moves]
    scaled = [(life[:, moves] - mean) / spread for life in lives]
    smooth = [gaussian_filter1d(life, _SMOOTHING, axis=0, mode="nearest") for life in scaled]
    noise = np.concatenate([a - b for a, b in zip(scaled, smooth, strict=True)])
    white = np.linalg.cholesky(np.linalg.inv(np.cov(noise.T) + 1e-6 * np.eye(moves.sum())))
    courses = [(course[:, moves] - mean) / spread @ white for course in courses]
    return np.array([_alike(course, [s @ white for s in smooth], cap) for course in courses])


def _alike(course: Matrix, lives: Sequence[Matrix], cap: float) -> float:
    width = min(len(course), _WINDOW)
    pattern = course[-width:]
    distances, left = [], []
    for life in lives:
        if len(life) < width:
            continue
        windows = np.lib.stride_tricks.sliding_window_view(life, width, axis=0)
        cross = np.tensordot(windows, pattern.T, axes=([1, 2], [0, 1]))
        sums = np.concatenate([[0.0], np.cumsum((life**2).sum(axis=1))])
        power = sums[width:] - sums[:-width]
        distances.append(power - 2 * cross + (pattern**2).sum())
        left.append(np.minimum(len(life) - width - np.arange(len(windows)), cap))
    near = np.concatenate(distances)
    weights = np.exp(-(near - near.min()) / (2 * _SHARPNESS))
    return float(np.average(np.concatenate(left), weights=weights))


RIVALS: dict[str, Rival] = {
    "ridge on rows": ridge,
    "boosted trees on rows": boosting,
    "similarity": similarity,
}
