"""Any estimator of scikit-learn, or of a package that builds on it, behind this contract."""

from __future__ import annotations

import importlib
import inspect
import re
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from typing import Any, ClassVar

import numpy as np
from typing_extensions import override

from detectors.errors import InvalidInput, MissingDependency, UnknownDetector
from detectors.models.borrowed import Borrowed
from detectors.models.scaling import RobustScale
from detectors.validation import FloatMatrix

_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)+")
_LEARN = re.compile(r"scikit[-_.]learn\b", re.IGNORECASE)


class SklearnDetector(Borrowed):
    """One estimator with ``score_samples`` or ``decision_function``, by its full name.

    It is fitted on the training rows alone, without labels, brought to one scale by median and
    spread: most estimators take columns as comparable.  Estimators say by both methods how
    *usual* a row is (novelty detectors, densities, mixtures), so that the score is the negative
    of what they say, counted from the training rows' median in their quartiles' distance.
    `random_state` is given to classes that take one; ``LocalOutlierFactor`` is made with
    ``novelty=True``, without which it judges no new rows.

    Only classes of scikit-learn are imported, and those of installed packages that name it as
    what they need: a recipe cannot have anything else imported.

    Not for classifiers and regressors, nor for data with gaps.

    Parameters
    ----------
    name
        Module and class, for example ``"sklearn.svm.OneClassSVM"``.
    random_state
        Seed, for the classes that take one.
    **params
        The class's own parameters.

    Attributes
    ----------
    model_ : object
        The fitted estimator.
    columns_ : ndarray of shape (n_used,)
        Columns it was fitted on.
    median_ : ndarray of shape (n_columns,)

    References
    ----------
    Pedregosa et al. (2011), Scikit-learn: machine learning in Python, JMLR 12, 2825-2830.
    Each class names its own paper.

    Examples
    --------
    >>> import numpy as np
    >>> pump = np.random.default_rng(0).normal(size=(300, 3))
    >>> detector = SklearnDetector("sklearn.svm.OneClassSVM", nu=0.05).fit(pump)
    >>> normal, faulty = detector.score([[0.0, 0.0, 0.0], [0.0, 9.0, 0.0]])
    >>> bool(faulty > normal)
    True
    """

    library: ClassVar[str] = "scikit-learn"

    def __init__(
        self,
        name: str = "sklearn.ensemble.IsolationForest",
        random_state: int = 0,
        **params: Any,
    ) -> None:
        super().__init__(name, random_state, **params)

    @override
    def check_parameters(self) -> None:
        known = inspect.signature(_class(self.name).__init__).parameters
        for name in self.params:
            if name not in known:
                raise InvalidInput(f"Invalid parameter {name!r} for {self.name}.")

    @override
    def _made(self, columns: int) -> Any:
        kind = _class(self.name)
        known = inspect.signature(kind.__init__).parameters
        params = dict(self.params)
        if "random_state" in known:
            params["random_state"] = self.random_state
        if "novelty" in known:
            params.setdefault("novelty", True)
        try:
            return _Scaled(kind(**params))
        except Exception as error:
            raise InvalidInput(f"{self!r} cannot be made: {error}") from error

    @override
    def _values(self, X: FloatMatrix) -> Any:
        return self.model_.unusual(X)

    @override
    def _ready(self) -> None:
        _class(self.name)


class _Scaled:
    """An estimator that is given columns of one scale."""

    def __init__(self, estimator: Any) -> None:
        self.estimator = estimator

    def fit(self, X: FloatMatrix) -> None:
        self.scale = RobustScale.learn(X)
        self.estimator.fit(self.scale.apply(X))
        # What some say grows with the rows learned from: a model of fewer is made comparable.
        low, self.level, high = np.quantile(self._said(X), (0.25, 0.5, 0.75))
        self.spread = float(high - low) or 1.0

    def unusual(self, X: FloatMatrix) -> Any:
        return (self._said(X) - self.level) / self.spread

    def _said(self, X: FloatMatrix) -> Any:
        rows = self.scale.apply(X)
        if hasattr(self.estimator, "score_samples"):
            return -np.asarray(self.estimator.score_samples(rows))
        return -np.asarray(self.estimator.decision_function(rows))


@cache
def _class(name: str) -> Any:
    """Return a class by its full name.

    Raises
    ------
    UnknownDetector
        It is no estimator that scores rows without labels.
    MissingDependency
        Its package is not installed, or cannot be imported.
    """
    if not _NAME.fullmatch(str(name)):
        raise UnknownDetector(
            f"{name!r} is no class of scikit-learn: write sklearn:sklearn.svm.OneClassSVM"
        )
    _allow(name.partition(".")[0])
    module, _, own = name.rpartition(".")
    try:
        kind = getattr(importlib.import_module(module), own)
    except (ImportError, AttributeError) as error:
        raise MissingDependency(f"{name} cannot be imported: {error}") from error
    if not isinstance(kind, type) or not hasattr(kind, "fit"):
        raise UnknownDetector(f"{name} is no estimator")
    # Read from the class: what an object has may depend on its parameters.
    kinds = {base.__name__ for base in kind.__mro__}
    if kinds & {"ClassifierMixin", "RegressorMixin"}:
        raise UnknownDetector(f"{name} needs labels to learn from")
    if not (hasattr(kind, "score_samples") or hasattr(kind, "decision_function")):
        raise UnknownDetector(f"{name} has neither score_samples nor decision_function")
    return kind


def _allow(package: str) -> None:
    """Refuse packages that do not build on scikit-learn, before anything is imported."""
    found = packages_distributions().get(package, [])
    if not found:
        raise MissingDependency(f"{package} is not installed")
    for distribution in found:
        try:
            needs = requires(distribution) or []
        except PackageNotFoundError:
            continue
        if package == "sklearn" or any(_LEARN.match(one) for one in needs):
            return
    raise UnknownDetector(
        f"{package} does not build on scikit-learn: nothing of it is imported"
    )
