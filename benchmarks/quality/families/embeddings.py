"""Distance to the nearest training windows by their features: random ones, learned ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from benchmarks.quality.families.base import Scaled, Windowed, spread_evenly

if TYPE_CHECKING:
    from detectors.validation import FloatMatrix, FloatVector

_KERNELS, _TAPS = 200, 9
_NEIGHBOURS = 5
_STEPS, _TOGETHER, _MARGIN = 60, 128, 0.5
_EVERY = 4


class RandomConvolutions(Scaled):
    """Neighbours among what random convolutions say of windows (Dempster and others, 2020).

    200 kernels of nine taps, each on one column, with a random dilation and bias; of each, by
    window, the share of rows above the bias and the maximum, as in ROCKET.  The score is the
    mean distance to the five nearest of 2,000 training windows.
    """

    @override
    def _learn(self, Z: FloatMatrix) -> None:
        rng = np.random.default_rng(0)
        most = max(1, (self._width - 1) // (_TAPS - 1))
        self._kernels = []
        for _ in range(_KERNELS):
            taps = rng.normal(size=_TAPS)
            column, dilation = int(rng.integers(Z.shape[1])), int(rng.integers(1, most + 1))
            seen = _convolved(Z[:, column], taps - taps.mean(), dilation)
            bias = float(rng.choice(seen))
            self._kernels.append((column, taps - taps.mean(), dilation, bias))
        features = self._features(Z)
        self._mean, self._deviation = features.mean(axis=0), features.std(axis=0) + 1e-9
        self._near = _neighbours(spread_evenly((features - self._mean) / self._deviation))

    @override
    def _judge(self, Z: FloatMatrix) -> FloatVector:
        features = (self._features(Z) - self._mean) / self._deviation
        return np.asarray(self._near.kneighbors(features)[0].mean(axis=1))

    def _features(self, Z: FloatMatrix) -> FloatMatrix:
        """Return two features a kernel of the window around each row."""
        from scipy.ndimage import maximum_filter1d, uniform_filter1d

        out = np.empty((len(Z), 2 * _KERNELS))
        for number, (column, taps, dilation, bias) in enumerate(self._kernels):
            seen = _convolved(Z[:, column], taps, dilation)
            out[:, 2 * number] = uniform_filter1d((seen > bias).astype(float), self._width)
            out[:, 2 * number + 1] = maximum_filter1d(seen, self._width)
        return out


class PatchEmbeddings(Windowed):
    """Neighbours among windows as a small network sees them, after PaAno (Park, Kang, 2026).

    Windows lose level and size; three convolutions and a mean over time make 64 numbers of
    each.  In 60 steps of 128 windows the network learns that a window is nearer to itself
    moved by a few rows than to the least similar one beside it.  Every fourth window
    is judged.  The paper has four layers, windows of 96 rows and a second task at first.
    """

    @override
    def _made(self) -> Any:
        return _Patches(self._width)


class _Patches:
    def __init__(self, width: int) -> None:
        self._width = width

    def fit(self, windows: FloatMatrix) -> None:
        import torch
        from torch import nn

        torch.manual_seed(0)
        self._columns = windows.shape[1] // self._width
        self._network = nn.Sequential(
            *(nn.Conv1d(self._columns, 32, 7, 2, padding=3), nn.BatchNorm1d(32), nn.ReLU()),
            *(nn.Conv1d(32, 64, 5, 2, padding=2), nn.BatchNorm1d(64), nn.ReLU()),
            *(nn.Conv1d(64, 64, 3, padding=1), nn.BatchNorm1d(64), nn.ReLU()),
            *(nn.AdaptiveAvgPool1d(1), nn.Flatten()),
        )
        head = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64))
        parameters = [*self._network.parameters(), *head.parameters()]
        optimiser = torch.optim.AdamW(parameters, lr=1e-3, weight_decay=1e-4)
        patches = self._patches(windows)
        moved = max(1, self._width // 16)
        for _ in range(_STEPS):
            chosen = patches[torch.randint(0, len(patches), (min(_TOGETHER, len(patches)),))]
            beside = torch.roll(chosen, int(torch.randint(1, moved + 1, ())), dims=2)
            here, there = (
                nn.functional.normalize(head(self._network(part)), dim=1)
                for part in (chosen, beside)
            )
            alike = here @ here.T
            loss = (alike.min(dim=1).values - (here * there).sum(dim=1) + _MARGIN).relu().mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        self._network.eval()
        self._near = _neighbours(self._embedded(windows))

    def decision_function(self, windows: FloatMatrix) -> FloatVector:
        seen = self._embedded(windows[::_EVERY])
        found = self._near.kneighbors(seen)[0].mean(axis=1)
        return np.repeat(found, _EVERY)[: len(windows)]

    def _patches(self, windows: FloatMatrix) -> Any:
        import torch

        cut = windows.reshape(len(windows), self._columns, self._width)
        centred = cut - cut.mean(axis=2, keepdims=True)
        spread = centred.std(axis=2, keepdims=True)
        return torch.tensor(centred / (spread + 1e-2), dtype=torch.float32)

    def _embedded(self, windows: FloatMatrix) -> FloatMatrix:
        import torch

        with torch.no_grad():
            blocks = [
                self._network(self._patches(windows[low : low + 2048])).numpy()
                for low in range(0, len(windows), 2048)
            ]
        found = np.concatenate(blocks)
        length = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.maximum(length, 1e-9))


def _convolved(z: FloatVector, taps: FloatVector, dilation: int) -> FloatVector:
    spread = np.zeros((len(taps) - 1) * dilation + 1)
    spread[::dilation] = taps
    padded = np.pad(z, (len(spread) // 2, (len(spread) - 1) // 2), mode="edge")
    return np.convolve(padded, spread, mode="valid")


def _neighbours(rows: FloatMatrix) -> Any:
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=min(_NEIGHBOURS, len(rows)), algorithm="brute").fit(
        rows
    )
