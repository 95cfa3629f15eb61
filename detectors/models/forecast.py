"""How far a row is from what the rows before it let expect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from typing_extensions import override

from detectors.base import Detector
from detectors.kernels.products import lagged_products, products
from detectors.models.parameters import require_int, require_number
from detectors.models.scaling import RobustScale
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_FACTORS = 24
_WINSOR = 6.0
_OUTLYING = 3.0
_OUTLYING_SHARE = 0.25
_MOST_ROWS = 50_000
_NORMAL_MAD = 1.4826
_SPREAD_FLOOR = 1.0e-4


class Forecast(Detector):
    """Residual of a linear autoregression.

    Each sensor is predicted one row ahead from its own last rows, and what that leaves from
    the last rows of the others (of at most 24 principal factors where there are more
    sensors), by ridge regression.  Residuals are divided by their robust spread; rows with
    outlying residuals are set aside and the coefficients learned again.  The score is the
    root mean square over sensors, so its squared terms are exact contributions.

    A past value enters a prediction cut at six spreads: one wild reading does not make the
    following ones look wrong as well.

    Assumes that the future follows linearly from the recent past.  It sees changes when they
    *happen*: not for faults that build up slowly or that stay (a shifted but steady sensor is
    predicted well), where ``knn`` or ``auto`` belong.

    Parameters
    ----------
    lags
        Rows of the past that a prediction takes.
    ridge
        Strength of the regularisation, relative to the mean variance of the predictors.

    Attributes
    ----------
    own_ : ndarray of shape (n_columns, lags)
        Coefficients of a sensor's own past, oldest first.
    cross_ : ndarray of shape (lags * n_factors, n_columns)
        Coefficients of the past of the factors.
    spread_ : ndarray of shape (n_columns,)
        Robust spread of the residuals, in spreads of the sensor.

    References
    ----------
    Lütkepohl (2005), New Introduction to Multiple Time Series Analysis,
    doi:10.1007/978-3-540-27752-1; Stock, Watson (2002), Forecasting using principal
    components from a large number of predictors, doi:10.1198/016214502388618960.

    Examples
    --------
    >>> import numpy as np
    >>> time = np.arange(600)
    >>> pump = np.sin(time / 8)[:, None] + 0.05 * np.random.default_rng(0).normal(size=(600, 1))
    >>> detector = Forecast().fit(pump)
    >>> pump[300] += 1
    >>> int(detector.score(pump).argmax())
    300
    """

    tags: ClassVar[Tags] = Tags(ordered=True, exact_contributions=True, scale_invariant=True)

    def __init__(self, lags: int = 8, ridge: float = 1e-3) -> None:
        self.lags = lags
        self.ridge = ridge

    @override
    def check_parameters(self) -> None:
        require_int("lags", self.lags, 1, 512)
        require_number("ridge", self.ridge, 0, 1e9)

    @override
    def reach(self) -> tuple[int, int]:
        return (self.lags, 0)

    @override
    def _fit(self, X: FloatMatrix) -> None:
        self._scale = RobustScale.learn(X)
        Z = self._scale.apply(X)
        past = self._past(Z)
        self.basis_ = self._factors(past)
        # The past of the first rows is made up, and so many rows are not all needed.
        first = min(self.lags, len(Z) // 2)
        rows = np.arange(first, len(Z), -(-len(Z) // _MOST_ROWS))
        self._learn(Z, past, rows)
        usual = (np.abs(self._residual(Z) / self.spread_) <= _OUTLYING)[rows].mean(axis=1)
        kept = rows[usual > 1 - _OUTLYING_SHARE]
        if len(kept) >= len(rows) // 2:
            self._learn(Z, past, kept)

    @staticmethod
    def _factors(past: FloatMatrix) -> FloatMatrix:
        """Return the directions, (n_columns, n_factors), whose past all sensors may use."""
        columns = past.shape[1]
        if columns <= _MOST_FACTORS:
            return np.asarray(np.eye(columns), np.float64)
        centred = past - past.mean(axis=0)
        _, axes = np.linalg.eigh(centred.T @ centred)
        return np.ascontiguousarray(axes[:, ::-1][:, :_MOST_FACTORS])

    def _past(self, Z: FloatMatrix) -> FloatMatrix:
        """Return the rows before each row, cut and with a made-up beginning."""
        begin = np.repeat(Z[:1], self.lags, axis=0)
        past = np.concatenate([begin, Z[:-1]])
        return np.asarray(np.clip(past, -_WINSOR, _WINSOR))

    def _learn(self, Z: FloatMatrix, past: FloatMatrix, rows: NDArray[np.intp]) -> None:
        n_columns = Z.shape[1]
        targets = np.clip(Z[rows], -_WINSOR, _WINSOR)
        self.level_ = targets.mean(axis=0)
        self.own_ = np.empty((n_columns, self.lags))
        rest = targets - self.level_
        for column in range(n_columns):
            lagged = sliding_window_view(past[:, column], self.lags)[rows]
            lagged = lagged - self.level_[column]
            self.own_[column] = self._solve(lagged, rest[:, column])
            rest[:, column] -= lagged @ self.own_[column]
        self.cross_ = np.zeros((self.lags * self.basis_.shape[1], n_columns))
        if n_columns > 1:
            self.cross_ = self._solve(self._lagged_factors(past, rows), rest)
        residual = self._residual(Z)[rows]
        distance = np.abs(residual - np.median(residual, axis=0))
        self.spread_ = np.maximum(_NORMAL_MAD * np.median(distance, axis=0), _SPREAD_FLOOR)

    def _solve(self, lagged: FloatMatrix, target: NDArray[np.float64]) -> FloatMatrix:
        gram = lagged.T @ lagged
        strength = self.ridge * max(float(np.trace(gram)) / len(gram), 1.0e-12)
        gram[np.diag_indices_from(gram)] += strength
        return np.asarray(np.linalg.solve(gram, lagged.T @ target))

    def _lagged_factors(self, past: FloatMatrix, rows: NDArray[np.intp]) -> FloatMatrix:
        """Return the lags of the factors, (n_rows, lags * n_factors)."""
        views = sliding_window_view(self._along(past), self.lags, axis=0)[rows]
        return np.asarray(views.reshape(len(views), -1))

    def _along(self, past: FloatMatrix) -> FloatMatrix:
        """Return the factors of rows, (n_rows, n_factors)."""
        return products(past - self.level_, self.basis_.T)

    def _residual(self, Z: FloatMatrix) -> FloatMatrix:
        """Return rows minus their predictions."""
        past = self._past(Z)
        out = np.asarray(Z - self.level_)
        for column, own in enumerate(self.own_):
            alone = (past[:, column] - self.level_[column])[:, None]
            out[:, column] -= lagged_products(alone, self.lags, own[None])[:, 0]
        if past.shape[1] > 1:
            # One factor's lags stand together there, one row's factors in the product.
            apart = self.cross_.reshape(-1, self.lags, past.shape[1]).transpose(2, 1, 0)
            beside = apart.reshape(past.shape[1], -1)
            out -= lagged_products(self._along(past), self.lags, beside)
        return out

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return np.asarray(np.sqrt(self._contributions(X).mean(axis=1)))

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        Z = self._scale.apply(X)
        return np.asarray((self._residual(Z) / self.spread_) ** 2)

    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        own = {
            "own": self.own_,
            "cross": self.cross_,
            "basis": self.basis_,
            "level": self.level_,
            "residual_spread": self.spread_,
        }
        return own | self._scale.state()

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._scale = RobustScale.restore(state)
        self.own_ = np.asarray(state["own"])
        self.cross_ = np.asarray(state["cross"])
        self.basis_ = np.asarray(state["basis"])
        self.level_ = np.asarray(state["level"])
        self.spread_ = np.asarray(state["residual_spread"])
