"""Series2Graph: how well trodden the path of a window is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from typing_extensions import override

from benchmarks.quality.families.base import ByColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.validation import FloatMatrix, FloatVector

    Places = NDArray[np.intp]

_ANGLES, _RADII = 50, 10


class _Graph(NamedTuple):
    centre: FloatVector
    axes: FloatMatrix
    rings: FloatVector
    weight: FloatMatrix
    most: float


class Series2Graph(ByColumn):
    """Weight of the path that a series takes in a graph of its training rows.

    After Boniol and Palpanas (2020): moving sums over a third of the window, windows of these
    along three principal axes, the one of which that the level moves along taken out.  What is
    left is a plane, cut by 50 rays; a node is where a ray is crossed, by ten quantiles of the
    radius (the paper: peaks of a density on each ray).  From crossing to crossing an edge gains
    weight.  A window is as normal as the mean of edge times (degree - 1) along it.
    """

    @override
    def _learn_column(self, z: FloatVector) -> _Graph:
        windows = self._sums(z)
        centre = windows.mean(axis=0)
        _, axes = np.linalg.eigh(np.cov(windows.T))
        found = axes[:, -3:]
        # The direction within these three that a window of another level lies in.
        level = found.T @ np.ones(len(centre))
        turned = np.linalg.qr(np.column_stack([level, np.eye(3)]))[0][:, 1:3]
        plane = found @ turned
        radius = np.linalg.norm((windows - centre) @ plane, axis=1)
        rings = np.quantile(radius, np.linspace(0, 1, _RADII + 1)[1:-1])
        graph = _Graph(centre, plane, rings, np.zeros((_ANGLES * _RADII,) * 2), 0.0)
        nodes = self._crossings(graph, z)[1]
        np.add.at(graph.weight, (nodes[:-1], nodes[1:]), 1.0)
        degree = np.count_nonzero(graph.weight, axis=1)
        weight = graph.weight * np.maximum(degree - 1, 0)[:, None]
        graph = graph._replace(weight=weight)
        return graph._replace(most=float(self._trodden(graph, z).max()))

    @override
    def _judge_column(self, model: _Graph, z: FloatVector) -> FloatVector:
        unusual = np.log1p(model.most) - np.log1p(self._trodden(model, z))
        return np.asarray(np.maximum(unusual, 0.0))

    def _sums(self, z: FloatVector) -> FloatMatrix:
        third = max(1, self._width // 3)
        sums = np.convolve(z, np.ones(third), mode="valid")
        return np.lib.stride_tricks.sliding_window_view(sums, self._width - third + 1)

    def _crossings(self, graph: _Graph, z: FloatVector) -> tuple[Places, Places]:
        """Return the windows that cross a ray, and the nodes where they do."""
        x, y = ((self._sums(z) - graph.centre) @ graph.axes).T
        turn = (np.arctan2(y, x) / (2 * np.pi)) % 1.0
        angle = np.minimum((turn * _ANGLES).astype(np.intp), _ANGLES - 1)
        rows = np.flatnonzero(np.diff(angle)) + 1
        ring = np.searchsorted(graph.rings, np.hypot(x, y)[rows])
        return rows, np.asarray(angle[rows] * _RADII + ring)

    def _trodden(self, graph: _Graph, z: FloatVector) -> FloatVector:
        """Return how well trodden the path through the window around each row is."""
        rows, nodes = self._crossings(graph, z)
        steps = np.zeros(len(z) - self._width + 1)
        steps[rows[1:]] = graph.weight[nodes[:-1], nodes[1:]]
        width = min(self._width, len(steps))
        near = np.convolve(steps, np.ones(width) / width, mode="valid")
        beyond = len(z) - len(near)
        return np.pad(near, (beyond // 2, beyond - beyond // 2), mode="edge")
