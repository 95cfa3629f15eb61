"""What every detector promises: the template that checks, converts and delegates.

A detector is a scikit-learn style estimator (parameters in ``__init__`` only stored, ``fit``
returns self, fitted attributes end in ``_``) with PyOD's sign: **a higher score is more
unusual**.  The public methods below are final: they check and convert once, then call
``_fit``, ``_score`` and ``_contributions`` of the algorithm.
"""

from __future__ import annotations

import inspect
import itertools
from abc import ABC, abstractmethod
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Self, final

import numpy as np
from typing_extensions import override

from detectors.errors import InvalidInput, NotFitted, StateCorrupt
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector, as_matrix, check_columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

    Explain = Callable[[NDArray[np.int64]], NDArray[np.floating[Any]]]

_FOLDS = 4


class Detector(ABC):
    """Base class of all detectors.

    Subclasses set `tags`, store their parameters unchanged in ``__init__`` and implement
    `_fit`, `_score`, `_contributions`, `_state` and `_restore`; `check_parameters` where a
    parameter can be wrong.

    Attributes
    ----------
    n_features_in_ : int
        Number of columns seen in `fit`.
    """

    tags: ClassVar[Tags] = Tags()
    n_features_in_: int
    _single_columns: ClassVar[bool] = False
    """The algorithm works on columns of single precision: hand it arrays as they come."""

    # ------------------------------------------------------------------ parameters
    @classmethod
    @cache
    def _parameter_names(cls) -> tuple[str, ...]:
        signature = inspect.signature(cls.__init__)
        names = (
            p.name
            for p in signature.parameters.values()
            if p.name != "self" and p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)
        )
        return tuple(sorted(names))

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002
        """Return the constructor parameters by name."""
        return {name: getattr(self, name) for name in self._parameter_names()}

    def set_params(self, **params: Any) -> Self:
        """Set constructor parameters; raises `InvalidInput` on an unknown name."""
        known = set(self._parameter_names())
        for name, value in params.items():
            if name not in known:
                raise InvalidInput(f"Invalid parameter {name!r} for detector {self!r}.")
            setattr(self, name, value)
        return self

    def check_parameters(self) -> None:
        """Raise `InvalidInput` if a parameter cannot be used; called first by `fit`."""
        return

    def clone(self) -> Self:
        """Return an unfitted detector with the same parameters."""
        return type(self)(**self.get_params())

    @override
    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        shown = ", ".join(
            f"{name}={value!r}"
            for name, value in self.get_params().items()
            if value is not defaults[name].default and value != defaults[name].default
        )
        return f"{type(self).__name__}({shown})"

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "n_features_in_")

    def __sklearn_tags__(self) -> Any:
        """Describe this detector to scikit-learn, which is imported only when it asks."""
        from sklearn.utils import InputTags, TargetTags
        from sklearn.utils import Tags as SklearnTags

        return SklearnTags(
            estimator_type=None,
            target_tags=TargetTags(required=False),
            input_tags=InputTags(allow_nan=self.tags.handles_missing),
            non_deterministic=False,
        )

    # ------------------------------------------------------------------ fit and score
    @final
    def fit(self, X: ArrayLike, y: object = None) -> Self:  # noqa: ARG002
        """Learn what is normal from ``X``.

        Parameters
        ----------
        X
            Readings, shape (n_rows, n_columns), in time order if ``tags.ordered``.
        y
            Ignored; present for scikit-learn's sake.

        Raises
        ------
        TooLittleData
            Fewer rows than ``tags.min_rows``.
        InvalidInput
            Not numeric, not two-dimensional, infinite, or NaN where not handled.
        """
        self.check_parameters()
        matrix = as_matrix(
            X,
            allow_missing=self.tags.handles_missing,
            min_rows=self.tags.min_rows,
            keep=self._single_columns,
        )
        if matrix.shape[1] > 1 and not self.tags.multivariate:
            raise InvalidInput(f"{type(self).__name__} takes one column, got {matrix.shape[1]}")
        self._fit(matrix)
        self.n_features_in_ = matrix.shape[1]
        return self

    @final
    def score(self, X: ArrayLike, y: object = None) -> FloatVector:  # noqa: ARG002
        """Return how unusual each row is, shape (n_rows,); higher is more unusual."""
        matrix = self._checked(X)
        scores = np.asarray(self._score(matrix), dtype=np.float64)
        return scores.reshape(matrix.shape[0])

    @final
    def contributions(self, X: ArrayLike) -> FloatMatrix:
        """Return each column's share of each row's score.

        Returns
        -------
        ndarray of shape (n_rows, n_columns)
            Non-negative; a row adds up to 1.
        """
        return _shares(self._contributions(self._checked(X)))

    @final
    def score_and_explain(
        self, X: ArrayLike
    ) -> tuple[FloatVector, Callable[[NDArray[np.int64]], FloatMatrix]]:
        """Return `score`, and what gives `contributions` of some of the rows.

        For a detector that finds out both in one go, explaining costs next to nothing.

        Returns
        -------
        scores : ndarray of shape (n_rows,)
        explain : callable
            Takes numbers of rows; returns their shares, (n_rows_asked, n_columns).
        """
        matrix = self._checked(X)
        scores, terms = self._score_and_explain(matrix)
        shape = matrix.shape[0]
        return np.asarray(scores, np.float64).reshape(shape), lambda rows: _shares(terms(rows))

    @final
    def calibration_scores(self, X: ArrayLike) -> FloatVector:
        """Score the training rows as if each had not been trained on.

        Call it on a fitted detector with the rows given to `fit`.  A row whose left-out score
        is not computed is NaN.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        matrix = self._checked(X)
        return np.asarray(self._calibration_scores(matrix), dtype=np.float64)

    # ------------------------------------------------------------------ live
    def has_live_form(self) -> bool:
        """Whether a row can be judged by what is known when it arrives.

        A detector that looks at no later rows judges live as it always does; one that does
        look ahead needs another form.
        """
        return self.reach()[1] == 0

    @final
    def score_live(self, X: ArrayLike, later: int = 0) -> FloatVector:
        """Return how unusual each row is by what is known when it arrives, or soon after.

        Such a score is provisional.  With all the rows after it that `reach` names it is that
        of `score`, and final.

        Parameters
        ----------
        X
            As for `score`.
        later
            Rows after each row that are known by then.  With 0, a row's score is the same to
            the last bit whatever comes after it.

        Returns
        -------
        ndarray of shape (n_rows,)

        Raises
        ------
        InvalidInput
            The detector has no live form.
        """
        matrix = self._checked_live(X)
        is_final = later >= self.reach()[1]
        scores = self._score(matrix) if is_final else self._score_live(matrix, later)
        return np.asarray(scores, np.float64).reshape(len(matrix))

    @final
    def live_contributions(self, X: ArrayLike) -> FloatMatrix:
        """Return each column's share of each row's live score; see `contributions`."""
        return _shares(self._live_contributions(self._checked_live(X)))

    @final
    def live_calibration_scores(self, X: ArrayLike) -> FloatVector:
        """Score the training rows live as if each had not been trained on.

        See `calibration_scores`.
        """
        matrix = self._checked_live(X)
        return np.asarray(self._live_calibration_scores(matrix), np.float64)

    def live_reach(self) -> int:
        """Rows before a row that its live score depends on."""
        return self.reach()[0]

    def reach(self) -> tuple[int, int]:
        """Rows (before, after) a row that its score depends on, beyond the row itself."""
        return (0, 0)

    def fading_rows(self) -> float:
        """Return the rows in which a peak fades when stretches are ranked (`detectors.spans`).

        0 where a score stands for its row alone.
        """
        return 0.0

    @final
    def choices(self, X: ArrayLike) -> dict[str, Any]:
        """Return what `fit` chose by itself for rows, and by which facts of them; as JSON.

        Parameters
        ----------
        X
            The training rows.

        Returns
        -------
        dict
            Empty for a detector that chooses nothing.
        """
        return self._choices(self._checked(X))

    # ------------------------------------------------------------------ state
    @final
    def state(self) -> dict[str, NDArray[Any]]:
        """Return everything `fit` learned, as named arrays that need no pickle."""
        self._require_fitted()
        return {"n_features_in": np.array(self.n_features_in_, np.int64)} | self._state()

    @classmethod
    @final
    def from_state(
        cls, state: Mapping[str, NDArray[Any]], params: Mapping[str, Any] | None = None
    ) -> Self:
        """Rebuild a fitted detector from `state` and the parameters it was made with.

        Raises
        ------
        StateCorrupt
            Arrays are missing or do not belong to this detector.
        """
        detector = cls(**dict(params or {}))
        try:
            detector.n_features_in_ = int(state["n_features_in"])
            detector._restore({k: v for k, v in state.items() if k != "n_features_in"})
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise StateCorrupt(
                f"this is not the state of a {cls.__name__}: {type(error).__name__}: {error}"
            ) from error
        return detector

    # ------------------------------------------------------------------ for subclasses
    @abstractmethod
    def _fit(self, X: FloatMatrix) -> None: ...

    @abstractmethod
    def _score(self, X: FloatMatrix) -> NDArray[np.floating[Any]]: ...

    @abstractmethod
    def _contributions(self, X: FloatMatrix) -> NDArray[np.floating[Any]]: ...

    @abstractmethod
    def _state(self) -> dict[str, NDArray[Any]]: ...

    @abstractmethod
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None: ...

    def _score_and_explain(self, X: FloatMatrix) -> tuple[NDArray[np.floating[Any]], Explain]:
        if self.reach() == (0, 0):  # a row is explained without others
            return self._score(X), lambda rows: self._contributions(X[rows])
        return self._score(X), lambda rows: self._contributions(X)[rows]

    def _choices(self, X: FloatMatrix) -> dict[str, Any]:  # noqa: ARG002
        return {}

    def _score_live(self, X: FloatMatrix, later: int) -> NDArray[np.floating[Any]]:  # noqa: ARG002
        return self._score(X)

    def _live_contributions(self, X: FloatMatrix) -> NDArray[np.floating[Any]]:
        return self._contributions(X)

    def _live_calibration_scores(self, X: FloatMatrix) -> FloatVector:
        return self._calibration_scores(X)

    def _calibration_scores(self, X: FloatMatrix) -> FloatVector:
        """Cross-fit over four contiguous folds; detectors with a cheaper exact way override.

        A fold is scored with the rows around it that its scores reach, and the rows that
        reach into it are not trained on.  With too few rows for that, plain training scores;
        where the others alone teach nothing, as no sensor moves in them, none.
        """
        before, after = self.reach()
        gap = before + after
        edges = np.linspace(0, len(X), _FOLDS + 1).astype(int)
        out = np.full(len(X), np.nan)
        for low, high in itertools.pairwise(edges):
            rest = np.r_[0 : max(low - gap, 0), min(high + gap, len(X)) : len(X)]
            if len(rest) < max(self.tags.min_rows, len(X) // 4, 2) or high <= low:
                return self.score(X)
            start = max(low - before, 0)
            try:
                fitted = self.clone().fit(X[rest])
            except InvalidInput:
                continue
            scores = fitted.score(X[start : high + after])
            out[low:high] = scores[low - start : high - start]
        return out if np.isfinite(out).any() else self.score(X)

    def _require_fitted(self) -> None:
        if not hasattr(self, "n_features_in_"):
            raise NotFitted(f"this {type(self).__name__} is not fitted yet: call fit first")

    def _checked_live(self, X: ArrayLike) -> FloatMatrix:
        matrix = self._checked(X)
        if not self.has_live_form():
            raise InvalidInput(
                f"{type(self).__name__} judges a row by rows after it: there is no live score"
            )
        return matrix

    def _checked(self, X: ArrayLike) -> FloatMatrix:
        self._require_fitted()
        matrix = as_matrix(
            X, allow_missing=self.tags.handles_missing, keep=self._single_columns
        )
        check_columns(matrix, self.n_features_in_, type(self).__name__)
        return matrix


def _shares(terms: NDArray[np.floating[Any]]) -> FloatMatrix:
    """Return terms of scores as shares of each row that add up to 1."""
    from detectors.kernels.shares import shares_of  # compiled only where a score is explained

    return shares_of(terms)
