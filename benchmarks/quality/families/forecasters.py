"""Forecasters whose errors are the score: level, parabola, network, pretrained network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from typing_extensions import override

from benchmarks.quality.families.base import ByColumn, Scaled

if TYPE_CHECKING:
    from detectors.validation import FloatMatrix, FloatVector

_GAINS = np.geomspace(0.01, 1.0, 20)
_DEGREE = 2
_VOLATILITY = 0.05
_UNSURE = 0.05
_HORIZON, _CONTEXT, _BATCH = 48, 512, 256
_LOW, _MIDDLE, _HIGH = 0, 4, 8


class LocalLevel(ByColumn):
    """Innovations of a random walk seen through noise, by the Kalman filter's steady state.

    The gain is the one, of twenty, whose one-step errors on the training rows are least.
    """

    @override
    def reach(self) -> tuple[int, int]:
        return (10 * self._width, 0)

    @override
    def _learn_column(self, z: FloatVector) -> float:
        errors = [float((self._judge_column(gain, z) ** 2).mean()) for gain in _GAINS]
        return float(_GAINS[int(np.argmin(errors))])

    @override
    def _judge_column(self, model: float, z: FloatVector) -> FloatVector:
        before = np.concatenate([z[:1], _faded(z, model)[:-1]])
        return np.asarray(np.abs(z - before))


class Polynomial(ByColumn):
    """Error of a parabola through the rows before, beside how large such errors have been.

    After POLY of TSB-UAD (Li, Yu, Wang, 2007): a fit to a window of rows is carried on by one
    row.  The volatility, there a GARCH model's, is a fading mean of squared errors.
    """

    @override
    def reach(self) -> tuple[int, int]:
        return (10 * self._width, 0)

    @override
    def _learn_column(self, z: FloatVector) -> float:
        return float(np.sqrt((self._errors(z) ** 2).mean()))

    @override
    def _judge_column(self, model: float, z: FloatVector) -> FloatVector:
        errors = self._errors(z)
        recent = np.concatenate([[model**2], _faded(errors**2, _VOLATILITY)[:-1]])
        return np.asarray(np.abs(errors) / np.sqrt(model**2 + recent + 1e-12))

    def _errors(self, z: FloatVector) -> FloatVector:
        place = np.arange(-self._width, 0) / self._width
        # The value at 0 of the parabola is a fixed sum of the rows that it was fitted to.
        weights = np.linalg.pinv(np.vander(place, _DEGREE + 1))[-1]
        past = np.concatenate([np.repeat(z[0], self._width), z[:-1]])
        windows = np.lib.stride_tricks.sliding_window_view(past, self._width)
        return np.asarray(z - windows @ weights)


class Convolutional(Scaled):
    """A convolutional network that forecasts the next row from a window (DeepAnT, 2019).

    Two layers of 32 filters with maxima between, a layer of 40, and a linear one: the shape
    that TSB-AD measures, given 300 steps of 64 windows.  A row's score is the root mean square
    of its errors over their deviation in training.
    """

    @override
    def reach(self) -> tuple[int, int]:
        return (self._width, 0)

    @override
    def _learn(self, Z: FloatMatrix) -> None:
        import torch
        from torch import nn

        torch.manual_seed(0)
        self._width = max(self._width, 16)
        rows = torch.tensor(Z, dtype=torch.float32)
        columns = Z.shape[1]
        self._network = nn.Sequential(
            *(nn.Conv1d(columns, 32, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2)),
            *(nn.Conv1d(32, 32, 3, padding=1), nn.ReLU(), nn.MaxPool1d(2)),
            *(nn.Flatten(), nn.Linear(32 * (self._width // 4), 40), nn.ReLU()),
            nn.Linear(40, columns),
        )
        optimiser = torch.optim.Adam(self._network.parameters(), lr=1e-3)
        lags = torch.arange(self._width)
        for _ in range(300):
            begin = torch.randint(0, max(1, len(rows) - self._width), (64, 1))
            windows = rows[begin + lags].transpose(1, 2)
            target = rows[(begin[:, 0] + self._width).clamp(max=len(rows) - 1)]
            loss = nn.functional.mse_loss(self._network(windows), target)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        self._unit = np.maximum(self._errors(Z).std(axis=0), _UNSURE)

    @override
    def _judge(self, Z: FloatMatrix) -> FloatVector:
        return np.asarray(np.sqrt(((self._errors(Z) / self._unit) ** 2).mean(axis=1)))

    def _errors(self, Z: FloatMatrix) -> FloatMatrix:
        import torch

        past = np.concatenate([np.repeat(Z[:1], self._width, axis=0), Z[:-1]])
        windows = np.lib.stride_tricks.sliding_window_view(past, self._width, axis=0)
        with torch.no_grad():
            blocks = [
                self._network(torch.tensor(windows[low : low + 4096], dtype=torch.float32))
                for low in range(0, len(windows), 4096)
            ]
        return np.asarray(Z - np.concatenate([block.numpy() for block in blocks]))


class Pretrained(ByColumn):
    """Zero-shot forecasts of Fracast-0, a network of 85,001 parameters that its package ships.

    Each 48 rows are forecast from the 512 before them, of which the first ones are what was
    learned from.  A row's score is its distance from the median, over the range from the 10 %
    to the 90 % quantile.
    """

    @override
    def reach(self) -> tuple[int, int]:
        return (_CONTEXT + _HORIZON, 0)

    @override
    def _learn_column(self, z: FloatVector) -> Any:
        from fracast import FracastModel

        return FracastModel.from_pretrained(), z[-_CONTEXT:]

    @override
    def _judge_column(self, model: Any, z: FloatVector) -> FloatVector:
        network, known = model
        rows = np.concatenate([known, z])
        starts = np.arange(len(known), len(rows), _HORIZON)
        out = np.zeros(len(starts) * _HORIZON)
        for low in range(0, len(starts), _BATCH):
            own = starts[low : low + _BATCH]
            past = rows[np.maximum(own[:, None] - np.arange(_CONTEXT, 0, -1), 0)]
            found = network.forecast_batch(past, horizon=_HORIZON)
            span = np.maximum(found[..., _HIGH] - found[..., _LOW], _UNSURE)
            place = np.minimum(own[:, None] + np.arange(_HORIZON), len(rows) - 1)
            error = np.abs(rows[place] - found[..., _MIDDLE]) / span
            out[low * _HORIZON : low * _HORIZON + error.size] = error.ravel()
        return out[: len(z)]


def _faded(z: FloatVector, gain: float) -> FloatVector:
    """Return the fading mean of a series up to each row."""
    from scipy.signal import lfilter

    return np.asarray(lfilter([gain], [1.0, gain - 1.0], z, zi=[(1.0 - gain) * z[0]])[0])
