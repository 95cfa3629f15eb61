"""Distance of windows from the centres of clusters: k-means, and k-shape."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from benchmarks.quality.families.base import ByColumn, Windowed, spread_evenly
from detectors.kernels.join import ab_join

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix, FloatVector

_CENTRES, _SHAPES = 30, 6
_ROUNDS, _CLUSTERED = 10, 300


class KMeansAD(Windowed):
    """Distance of the window to the nearest of 30 centres of training windows (Yairi, 2001)."""

    @override
    def _made(self) -> Any:
        return _Centres()


class _Centres:
    def fit(self, windows: FloatMatrix) -> None:
        from sklearn.cluster import KMeans

        found = min(_CENTRES, len(windows))
        self._model = KMeans(found, n_init=1, random_state=0).fit(windows)

    def decision_function(self, windows: FloatMatrix) -> FloatVector:
        return np.asarray(self._model.transform(windows).min(axis=1))


class KShapeAD(ByColumn):
    """Distance in shape of the window from the centres of k-shape clusters, by their sizes.

    Paparrizos and Gravano (2015), as the offline form of SAND (Boniol and others, 2021) uses
    it: clusters are of windows four times as long; a window's distance from a centre is that
    to the nearest stretch of it, and the mean over six centres counts each by its share.
    """

    @override
    def _learn_column(self, z: FloatVector) -> list[tuple[float, FloatVector]]:
        cut = np.lib.stride_tricks.sliding_window_view(z, min(4 * self._width, len(z)))
        windows = spread_evenly(cut, _CLUSTERED)
        windows = _normed(windows - windows.mean(axis=1, keepdims=True))
        rng = np.random.default_rng(0)
        centres = windows[rng.choice(len(windows), min(_SHAPES, len(windows)), replace=False)]
        labels = np.full(len(windows), -1)
        for _ in range(_ROUNDS):
            distance, shift = _distances(windows, centres)
            nearest = distance.argmin(axis=1)
            if (nearest == labels).all():
                break
            labels = nearest
            for number in range(len(centres)):
                own = np.flatnonzero(labels == number)
                if len(own):
                    centres[number] = _centre(_moved(windows[own], shift[own, number]))
        shares = np.bincount(labels, minlength=len(centres)) / len(labels)
        return list(zip(shares.tolist(), centres, strict=True))

    @override
    def _judge_column(
        self, model: list[tuple[float, FloatVector]], z: FloatVector
    ) -> FloatVector:
        far = np.zeros(len(z) - self._width + 1)
        for share, centre in model:
            far += share * ab_join(z, centre, self._width)[0]
        return self._around(far)


def _normed(windows: FloatMatrix) -> FloatMatrix:
    length = np.linalg.norm(windows, axis=1, keepdims=True)
    out = np.zeros_like(windows)
    np.divide(windows, length, out=out, where=length > 1e-9)
    return out


def _distances(
    windows: FloatMatrix, centres: FloatMatrix
) -> tuple[FloatMatrix, NDArray[np.intp]]:
    """Return shape distances (n_windows, n_centres), and the shifts that give them."""
    width = windows.shape[1]
    room = 1 << (2 * width - 1).bit_length()
    seen = np.fft.rfft(windows, room, axis=1)
    distance = np.empty((len(windows), len(centres)))
    shift = np.empty(distance.shape, np.intp)
    for number, centre in enumerate(np.fft.rfft(centres, room, axis=1)):
        products = np.fft.irfft(seen * centre.conj(), room, axis=1)
        products = np.roll(products, width - 1, axis=1)[:, : 2 * width - 1]
        shift[:, number] = products.argmax(axis=1) - (width - 1)
        distance[:, number] = 1.0 - products.max(axis=1)
    return distance, shift


def _moved(windows: FloatMatrix, shift: NDArray[np.intp]) -> FloatMatrix:
    """Move windows back by their shifts, zeros where they leave."""
    width = windows.shape[1]
    place = np.arange(width) + shift[:, None]
    inside = (place >= 0) & (place < width)
    moved = np.take_along_axis(windows, np.clip(place, 0, width - 1), axis=1)
    return np.where(inside, moved, 0.0)


def _centre(aligned: FloatMatrix) -> FloatVector:
    """Return the shape whose squared correlations with the windows sum to the most."""
    centred = _normed(aligned - aligned.mean(axis=1, keepdims=True))
    axis = np.linalg.svd(centred, full_matrices=False)[2][0]
    best = axis * (1.0 if centred.mean(axis=0) @ axis >= 0 else -1.0)
    return np.asarray(_normed((best - best.mean())[None])[0])
