"""Detectors that go on learning while they judge."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Self, final

from detectors.base import Detector

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from detectors.validation import FloatMatrix


class LearningDetector(Detector):
    """Judges each row by all rows before it, those of the same call among them.

    `score` takes its rows as what came right after the rows learned from, learns along them and
    forgets that again: it can be asked twice.  `partial_fit` keeps it.  So rows that are scored
    and then learned part by part score as the whole does, to the last bit; `detectors.streams`
    does this.  Such scores have no bounded reach: `reach` names the rows that are worth handing
    over before those asked for where nothing is kept.

    Subclasses set ``tags.partial_fit``, and implement `_learn` beside what `Detector` asks for.
    """

    @final
    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn from rows that came after those learned so far; the first call fits.

        Parameters
        ----------
        X
            Readings, shape (n_rows, n_columns), in time order.
        y
            Ignored; present for scikit-learn's sake.

        Raises
        ------
        InvalidInput
            As `fit` and `score` do.
        """
        if not self.__sklearn_is_fitted__():
            return self.fit(X, y)
        self._learn(self._checked(X))
        return self

    @abstractmethod
    def _learn(self, X: FloatMatrix) -> None: ...
