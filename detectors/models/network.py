"""A small neural network as plain arrays: it is learned with PyTorch and judges without it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from detectors.errors import StateCorrupt

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PREFIX = "network_"
ROWS = 256
"""Windows judged at once: always as many, so that no sum depends on what stands beside it."""


@dataclass(frozen=True)
class Network:
    """Dense layers with rectified linear units between them.

    Attributes
    ----------
    weights
        Of each layer, shape (n_inputs, n_outputs), float32.
    biases
        Of each layer, shape (n_outputs,), float32.
    """

    weights: tuple[NDArray[np.float32], ...]
    biases: tuple[NDArray[np.float32], ...]

    @classmethod
    def begin(cls, sizes: tuple[int, ...], rng: np.random.Generator) -> Self:
        """Return a network that has learned nothing.

        Parameters
        ----------
        sizes
            Values that go in, values between each two layers, values that come out.

        References
        ----------
        He, Zhang, Ren, Sun (2015), Delving deep into rectifiers, doi:10.1109/ICCV.2015.123.
        """
        weights = []
        for inputs, outputs in pairwise(sizes):
            size = np.sqrt(2.0 / inputs)
            weights.append((size * rng.standard_normal((inputs, outputs))).astype(np.float32))
        return cls(tuple(weights), tuple(np.zeros(n, np.float32) for n in sizes[1:]))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Values that go in, between each two layers, and come out."""
        return (len(self.weights[0]), *(len(bias) for bias in self.biases))

    def apply(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what comes out, shape (n_rows, n_outputs), for rows of at most `ROWS`.

        A row's values are the same to the last bit whatever the others are.
        """
        values = np.zeros((ROWS, rows.shape[1]), np.float32)
        values[: len(rows)] = rows
        last = len(self.weights) - 1
        for number, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ weight + bias
            if number < last:
                np.maximum(values, 0, out=values)
        return values[: len(rows)]

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that `restore` takes."""
        return {
            f"{_PREFIX}{kind}_{number}": array
            for kind, arrays in (("weight", self.weights), ("bias", self.biases))
            for number, array in enumerate(arrays)
        }

    @classmethod
    def restore(cls, state: Mapping[str, NDArray[Any]], sizes: tuple[int, ...]) -> Self:
        """Rebuild from `state`.

        Raises
        ------
        KeyError, StateCorrupt
            Arrays are missing, or are not those of a network of these sizes.
        """
        layers = range(len(sizes) - 1)
        weights = tuple(np.asarray(state[f"{_PREFIX}weight_{i}"], np.float32) for i in layers)
        biases = tuple(np.asarray(state[f"{_PREFIX}bias_{i}"], np.float32) for i in layers)
        for weight, bias, (inputs, outputs) in zip(
            weights, biases, pairwise(sizes), strict=True
        ):
            if weight.shape != (inputs, outputs) or bias.shape != (outputs,):
                raise StateCorrupt("the layers of a network do not fit together")
        return cls(weights, biases)
