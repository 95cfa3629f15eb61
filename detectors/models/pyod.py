"""Any detector of PyOD behind this package's contract."""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, ClassVar, Self

from typing_extensions import override

from detectors.errors import InvalidInput, MissingDependency, UnknownDetector
from detectors.models.borrowed import Borrowed
from detectors.models.pyod_listing import SERIES, PyODEntry, list_pyod
from detectors.validation import FloatMatrix

__all__ = ["PyODDetector", "PyODEntry", "list_pyod"]


class PyODDetector(Borrowed):
    """One of PyOD's detectors, by class name.

    The class is fitted on the training rows and scores by its ``decision_function``.  Columns
    that hold one value in training are left out: several of PyOD's detectors give infinite
    scores for them.  `random_state` is given to classes that take one, and to PyTorch for
    those that learn by it, so that fitting or scoring twice gives the same.

    Contributions are found without knowing the model: one column at a time is replaced by its
    training median, and a column's part is by how much the score drops (never below 0).  For
    scores that are sums over columns this is exact but for the median's own share; with
    columns that only together are unusual it credits each of them.  It costs one scoring a
    column.

    `state` is a pickle, because PyOD's models have no other form, signed with this site's key
    (:func:`detectors.persistence.set_signing_key`).  The signature is verified before a byte
    of it is read.  The pickle holds what PyOD keeps: for some classes (KNN, LOF, …) that
    includes the training rows.

    Not for data with gaps, nor where `list_pyod` says why not; many classes cost much more
    time and memory than this package's own detectors.

    Parameters
    ----------
    name
        Class in PyOD, for example ``"LOF"``; `list_pyod` has them all.
    random_state
        Seed, for the classes that take one.
    **params
        The class's own parameters.  ``detector_list`` takes names of classes.

    Attributes
    ----------
    model_ : object
        PyOD's fitted model.
    columns_ : ndarray of shape (n_used,)
        Columns it was fitted on.
    median_ : ndarray of shape (n_columns,)

    References
    ----------
    Zhao, Nasrullah, Li (2019), PyOD: a Python toolbox for scalable outlier detection,
    doi:10.48550/arXiv.1901.01588.  Each class names its own paper.

    Examples
    --------
    >>> import numpy as np
    >>> pump = np.random.default_rng(0).normal(size=(300, 3))
    >>> detector = PyODDetector("LOF", n_neighbors=10).fit(pump)
    >>> normal, faulty = detector.score([[0.0, 0.0, 0.0], [0.0, 9.0, 0.0]])
    >>> bool(faulty > normal)
    True
    """

    library: ClassVar[str] = "PyOD"

    def __init__(self, name: str = "IForest", random_state: int = 0, **params: Any) -> None:
        super().__init__(name, random_state, **params)
        # What it can do depends on the name, so the tags are the object's, not the class's.
        self.tags = replace(type(self).tags, ordered=name in SERIES)  # type: ignore[misc]

    @override
    def set_params(self, **params: Any) -> Self:
        super().set_params(**params)
        self.tags = replace(self.tags, ordered=self.name in SERIES)  # type: ignore[misc]
        return self

    @override
    def reach(self) -> tuple[int, int]:
        if self.name not in SERIES:
            return (0, 0)
        window = int(self.params.get("window_size", 0)) or 100
        return (window, window)

    @override
    def check_parameters(self) -> None:
        entry = _entry(self.name)
        if not entry.works:
            raise MissingDependency(f"PyOD's {self.name} cannot be used: {entry.reason}")
        known = inspect.signature(_load(entry).__init__).parameters
        for name in self.params:
            if name not in known:
                raise InvalidInput(f"Invalid parameter {name!r} for PyOD's {self.name}.")

    # ------------------------------------------------------------------ fit and score
    @override
    def _fit(self, X: FloatMatrix) -> None:
        with self._drawn():
            super()._fit(X)

    @override
    def _made(self, columns: int) -> Any:
        kind = _load(_entry(self.name))
        known = inspect.signature(kind.__init__).parameters
        params = dict(self.params)
        if "random_state" in known:
            params["random_state"] = self.random_state
        if "n_features" in known:
            params["n_features"] = columns
        if "detector_list" in known:
            names = params.get("detector_list", ("LOF", "KNN"))
            params["detector_list"] = [_load(_entry(name))() for name in names]
        try:
            return kind(**params)
        except Exception as error:
            raise InvalidInput(f"{self!r} cannot be made: {error}") from error

    @override
    def _values(self, X: FloatMatrix) -> Any:
        with self._drawn():
            return self.model_.decision_function(X)

    @contextmanager
    def _drawn(self) -> Iterator[None]:
        """Let PyTorch draw the same each time: most of PyOD's networks take no seed.

        Whoever else draws of PyTorch in this process goes on where they were.
        """
        _load(_entry(self.name))
        torch = sys.modules.get("torch")
        if torch is None:
            yield
            return
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            yield

    @override
    def _ready(self) -> None:
        _load(_entry(self.name))


def _entry(name: str) -> PyODEntry:
    entries = {entry.name: entry for entry in list_pyod()}
    if name not in entries:
        near = difflib.get_close_matches(str(name), entries, 1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownDetector(f"PyOD has no detector {name!r}{hint}")
    return entries[name]


def _load(entry: PyODEntry) -> Any:
    try:
        module = importlib.import_module(f"pyod.models.{entry.module}")
    except ImportError as error:
        raise MissingDependency(
            f"PyOD's {entry.name} cannot be imported: {error}. {entry.reason}"
        ) from error
    return getattr(module, entry.name)
