"""How badly a small neural network gives back the last rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from typing_extensions import override

from detectors import windows
from detectors.base import Detector
from detectors.errors import InvalidInput, MissingDependency
from detectors.models.network import ROWS, Network
from detectors.models.parameters import require_int
from detectors.models.scaling import RobustScale
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.models.training import Plan, Watch

WINSOR = 6.0
"""Deviations that the network sees a reading cut at."""
_FLOOR = 1.0e-3
_ENOUGH = 20
_FOLDS = 4
_MOST_VALUES = 8_192


class Autoencoder(Detector):
    """Error of a neural network that passes windows through a narrow middle.

    Each sensor is brought to its robust spread.  The last `window` rows of all sensors go
    through dense layers that narrow to `code` numbers and widen again; what does not come
    back is unusual.  Each sensor's squared errors are divided by their mean in training, and
    the score is the root of their mean over the window, so its terms are exact contributions.

    It is learned by PyTorch (``pip install 'kizashi[torch]'``) and judges without it.  One
    network can be learned from many machines, by several workers: see `plan`, `scaled` and
    `with_network`.

    Assumes many windows that are much alike, and more of them than the network has weights.
    Not for a few hundred rows, where ``auto`` and ``window_pca`` need no training to speak of.

    Parameters
    ----------
    window
        Rows taken together.
    width
        Values of the layers before and after the middle.
    code
        Values in the middle.
    epochs
        Times that all windows are gone through in training; few windows more often, and of
        more than a thousand batches an epoch takes so many.
    batch
        Windows a step.
    least_steps
        Steps in all, however few windows there are.
    seed
        Everything random derives from it.

    Attributes
    ----------
    network_ : Network
        What was learned.
    usual_ : ndarray of shape (n_columns,)
        Mean squared error of each column in training, in its spread.

    References
    ----------
    Hinton, Salakhutdinov (2006), Reducing the dimensionality of data with neural networks,
    doi:10.1126/science.1127647; Liu, Paparrizos (2024), The elephant in the room: towards a
    reliable time-series anomaly detection benchmark.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(1200)
    >>> noise = np.random.default_rng(0).normal(size=(1200, 1))
    >>> pump = np.sin(time / 5)[:, None] + 0.05 * noise
    >>> detector = Autoencoder().fit(pump[:800])
    >>> pump[1000:1016] = pump[1000]
    >>> bool(1000 < detector.score(pump[800:]).argmax() + 800 < 1048)
    True
    """

    tags: ClassVar[Tags] = Tags(ordered=True, exact_contributions=True, scale_invariant=True)

    def __init__(
        self,
        window: int = 32,
        width: int = 64,
        code: int = 8,
        epochs: int = 20,
        batch: int = 128,
        least_steps: int = 200,
        seed: int = 0,
    ) -> None:
        self.window = window
        self.width = width
        self.code = code
        self.epochs = epochs
        self.batch = batch
        self.least_steps = least_steps
        self.seed = seed
        self._given: Network | None = None

    @override
    def check_parameters(self) -> None:
        require_int("window", self.window, 1, 1024)
        require_int("width", self.width, 1, 4096)
        require_int("code", self.code, 1, 4096)
        require_int("epochs", self.epochs, 1, 10_000)
        require_int("batch", self.batch, 1, 65_536)
        require_int("least_steps", self.least_steps, 1, 1_000_000)
        require_int("seed", self.seed, 0)

    @override
    def reach(self) -> tuple[int, int]:
        return (self.window - 1, 0)

    # ------------------------------------------------------------------ one network for many
    def sizes(self, n_columns: int) -> tuple[int, ...]:
        """Return the sizes of the network for so many columns."""
        size = self.window * n_columns
        if size > _MOST_VALUES:
            raise InvalidInput(
                f"a window of {self.window} rows of {n_columns} columns is more than "
                f"{_MOST_VALUES} values: choose a shorter one"
            )
        return (size, self.width, self.code, self.width, size)

    def plan(self, n_columns: int) -> Plan:
        """Return how the network for so many columns is learned, for `learn_network`.

        Raises
        ------
        MissingDependency
            PyTorch is not installed.
        """
        training = _training()
        plan: Plan = training.Plan(
            self.sizes(n_columns),
            self.window,
            self.epochs,
            self.batch,
            self.least_steps,
            self.seed,
        )
        return plan

    @staticmethod
    def scaled(X: FloatMatrix) -> NDArray[np.float32]:
        """Return a machine's rows as the network sees them: in its own spreads, and cut."""
        return _cut(RobustScale.learn(X).apply(X))

    def with_network(self, network: Network) -> Self:
        """Return an unfitted detector that takes a network as learned.

        Its `fit` learns a machine's scale and usual errors alone, and needs no PyTorch.
        """
        made = type(self)(**self.get_params())
        made._given = network
        return made

    @override
    def clone(self) -> Self:
        return super().clone() if self._given is None else self.with_network(self._given)

    # ------------------------------------------------------------------ fit and score
    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._scale = RobustScale.learn(X)
        self._learn([self._scale.apply(X)])

    def _learn(self, stretches: Sequence[FloatMatrix]) -> None:
        """Learn from scaled rows; no window reaches from one stretch into the next."""
        whole = [
            Z if len(Z) >= 2 * self.window else windows.with_past(Z, self.window)
            for Z in stretches
        ]
        given, n_columns = self._given, stretches[0].shape[1]
        if given is not None and given.sizes != self.sizes(n_columns):
            raise InvalidInput(
                f"the network takes {given.sizes[0]} values, not {self.window} rows of "
                f"{n_columns} columns"
            )
        self.network_ = given or learn_network([_cut(Z) for Z in whole], self.plan(n_columns))
        errors = [part.mean(axis=1) for Z in whole for part in self._errors(Z)]
        usual = np.concatenate(errors).mean(axis=0)
        self.usual_ = np.maximum(usual, max(float(usual.mean()), _FLOOR) * _FLOOR)

    def _errors(self, Z: FloatMatrix) -> Iterator[NDArray[np.float64]]:
        """Yield squared errors of windows in blocks, (n_windows, window, n_columns)."""
        views = sliding_window_view(Z, self.window, axis=0)
        for start in range(0, len(views), ROWS):
            part = views[start : start + ROWS].transpose(0, 2, 1)
            flat = part.reshape(len(part), -1)
            back = self.network_.apply(_cut(flat))
            yield np.square(flat - back).reshape(part.shape)

    def _terms(self, Z: FloatMatrix) -> FloatMatrix:
        """Return each column's part of the squared score of every row."""
        found = [part.mean(axis=1) for part in self._errors(windows.with_past(Z, self.window))]
        return np.asarray(np.concatenate(found) / self.usual_ / Z.shape[1])

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray(np.sqrt(self._contributions(X).sum(axis=1)))

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        return self._terms(self._scale.apply(X))

    @override
    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        """Score each quarter by what the others teach, unless rows are many a weight."""
        weights = sum(array.size for array in self.network_.weights)
        if self._given is not None or len(X) >= _ENOUGH * weights:
            return self._score(X)
        Z, gap = self._scale.apply(X), self.window - 1
        out = np.full(len(X), np.nan)
        for low, high in itertools.pairwise(np.linspace(0, len(X), _FOLDS + 1).astype(int)):
            beside = [Z[: max(low - gap, 0)], Z[high + gap :]]
            stretches = [part for part in beside if len(part) > gap]
            if not stretches:
                return self._score(X)
            other = self.clone()
            other._learn(stretches)
            start = max(low - gap, 0)
            found = np.sqrt(other._terms(Z[start:high]).sum(axis=1))
            out[low:high] = found[low - start :]
        return out

    # ------------------------------------------------------------------ state
    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        return {"usual": self.usual_} | self.network_.state() | self._scale.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._scale = RobustScale.restore(state)
        self.usual_ = np.asarray(state["usual"])
        self.network_ = Network.restore(state, self.sizes(self.n_features_in_))


def learn_network(
    stretches: Sequence[NDArray[np.float32]],
    plan: Plan,
    watch: Watch | None = None,
    state: Mapping[str, NDArray[Any]] | None = None,
) -> Network:
    """Learn a network from scaled rows, see `detectors.models.training.learn`."""
    made: Network = _training().learn(stretches, plan, watch, state)
    return made


def _training() -> Any:
    try:
        from detectors.models import training
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        raise MissingDependency(
            "detector autoencoder is learned by PyTorch, which is not installed: "
            "pip install 'kizashi[torch]'"
        ) from error
    return training


def _cut(rows: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.clip(rows, -WINSOR, WINSOR).astype(np.float32)
