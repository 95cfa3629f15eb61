"""What detectors of other libraries share: fitted there, explained here, kept signed."""

from __future__ import annotations

import io
import pickle  # noqa: TID251 - others' models have no other form; bytes are signed, see below
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from typing_extensions import override

from detectors.base import Detector
from detectors.errors import DetectorError, InvalidInput, StateVersion
from detectors.models import signing
from detectors.tags import Tags
from detectors.validation import FloatMatrix, FloatVector

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BEYOND = 1.0e300


class Borrowed(Detector):
    """A detector of another library, by the name of its class.

    Columns that hold one value in training are left out.  Contributions are found without
    knowing the model: one column at a time is replaced by its training median, and a column's
    part is by how much the score drops (never below 0).

    `state` is a pickle, signed with this site's key
    (:func:`detectors.persistence.set_signing_key`); the signature is verified before a byte of
    it is read.

    Parameters
    ----------
    name
        Of the class.
    random_state
        Seed, for classes that take one.
    **params
        The class's own.

    Attributes
    ----------
    model_ : object
        The other library's fitted model.
    columns_ : ndarray of shape (n_used,)
        Columns that it was fitted on.
    median_ : ndarray of shape (n_columns,)
    """

    tags: ClassVar[Tags] = Tags(pickle_free=False)
    library: ClassVar[str]
    """What the library is called."""

    def __init__(self, name: str, random_state: int = 0, **params: Any) -> None:
        self.name = name
        self.random_state = random_state
        self.params = params

    @abstractmethod
    def _made(self, columns: int) -> Any:
        """Return the other library's model for so many columns, not fitted yet."""

    @abstractmethod
    def _values(self, X: FloatMatrix) -> Any:
        """Return the model's scores of rows of the columns used; higher is more unusual."""

    @abstractmethod
    def _ready(self) -> None:
        """Import what the model needs; raises `MissingDependency` that names it."""

    @override
    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {"name": self.name, "random_state": self.random_state} | self.params

    @override
    def set_params(self, **params: Any) -> Self:
        merged = self.get_params() | params
        self.name = merged.pop("name")
        self.random_state = merged.pop("random_state")
        self.params = merged
        return self

    @override
    def __repr__(self) -> str:
        shown = [repr(self.name), *(f"{key}={value!r}" for key, value in self.params.items())]
        return f"{type(self).__name__}({', '.join(shown)})"

    # ------------------------------------------------------------------ fit and score
    @override
    def _fit(self, X: FloatMatrix) -> None:
        self.columns_ = np.flatnonzero(X.min(axis=0) < X.max(axis=0))
        if not len(self.columns_):
            raise InvalidInput(f"every column is constant: {self!r} has nothing to learn from")
        self.median_ = np.median(X, axis=0)
        model = self._made(len(self.columns_))
        try:
            model.fit(X[:, self.columns_])
        except Exception as error:
            raise InvalidInput(f"{self!r} cannot learn these data: {error}") from error
        self.model_ = model

    def _judged(self, X: FloatMatrix) -> FloatVector:
        try:
            scores = self._values(X[:, self.columns_])
        except Exception as error:
            raise InvalidInput(f"{self!r} cannot score these rows: {error}") from error
        scores = np.asarray(scores, np.float64).reshape(-1)
        if len(scores) != len(X):
            raise DetectorError(f"{self!r} gave {len(scores)} scores for {len(X)} rows")
        if np.isnan(scores).any():
            count = int(np.isnan(scores).sum())
            raise DetectorError(f"{self!r} could not judge {count} of {len(X)} rows")
        return np.asarray(np.clip(scores, -_BEYOND, _BEYOND))

    @override
    def _score(self, X: FloatMatrix) -> FloatVector:
        return self._judged(X)

    @override
    def _contributions(self, X: FloatMatrix) -> FloatMatrix:
        own = self._judged(X)
        out = np.zeros_like(X)
        for column in self.columns_:
            without = X.copy()
            without[:, column] = self.median_[column]
            out[:, column] = own - self._judged(without)
        return out

    # ------------------------------------------------------------------ state
    @override
    def _state(self) -> dict[str, NDArray[Any]]:
        buffer = io.BytesIO()
        held = {"model": self.model_, "columns": self.columns_, "median": self.median_}
        try:
            pickle.dump(held, buffer, protocol=pickle.HIGHEST_PROTOCOL)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise DetectorError(f"{self!r} cannot be saved: {error}") from error
        data = buffer.getvalue()
        return {
            "pickle": np.frombuffer(data, np.uint8),
            "signature": np.frombuffer(signing.sign(self._purpose(), data), np.uint8),
        }

    @override
    def _restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        data = np.asarray(state["pickle"], np.uint8).tobytes()
        signing.verify(self._purpose(), data, np.asarray(state["signature"]).tobytes())
        self._ready()  # so that a missing package is named, not a pickle's error
        try:
            content = pickle.loads(data)  # noqa: S301 - this site signed these very bytes
        except (AttributeError, ImportError) as error:
            raise StateVersion(
                f"{self!r} was saved with another version of its library: {error}. "
                "Train it again"
            ) from error
        self.model_ = content["model"]
        self.columns_ = content["columns"]
        self.median_ = content["median"]

    def _purpose(self) -> str:
        return f"{self.library}'s {self.name} with {self.n_features_in_} columns"
