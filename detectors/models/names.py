"""From a detector's name to its class and back; nothing is imported until it is asked for."""

from __future__ import annotations

import difflib
import importlib
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from detectors.base import Detector
from detectors.errors import DetectorError, InvalidInput, MissingDependency, UnknownDetector

if TYPE_CHECKING:
    from collections.abc import Mapping

GROUP = "kizashi.detectors"
PYOD_PREFIX = "pyod:"
SKLEARN_PREFIX = "sklearn:"
BORROWED = {
    PYOD_PREFIX: ("detectors.models.pyod", "PyODDetector"),
    SKLEARN_PREFIX: ("detectors.models.estimators", "SklearnDetector"),
}
"""Module and class of detectors that are named by what they borrow, by their prefix."""

BUILT_IN = {
    "auto": "auto:Auto",
    "autoencoder": "autoencoder:Autoencoder",
    "copod": "copod:COPOD",
    "ecod": "ecod:ECOD",
    "forecast": "forecast:Forecast",
    "forest": "forest:Forest",
    "knn": "knn:KNN",
    "mahalanobis": "mahalanobis:Mahalanobis",
    "matrix_profile": "matrix_profile:MatrixProfile",
    "moving_average": "moving_average:MovingAverage",
    "onset": "onset:Onset",
    "pca": "pca:PCA",
    "spectral_residual": "spectral_residual:SpectralResidual",
    "window_knn": "window_knn:WindowKNN",
    "window_pca": "window_pca:WindowPCA",
}
"""Module within this package and class, by name.  Plug-ins cannot take these names."""


@cache
def plugins() -> dict[str, EntryPoint]:
    """Return what other packages registered, by name."""
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    return {
        name: entry
        for name, entry in sorted(found.items())
        if name not in BUILT_IN and prefix_of(name) is None
    }


def prefix_of(name: str) -> str | None:
    """Return the prefix of a name that says what is borrowed, such as ``pyod:LOF``."""
    return next((one for one in BORROWED if name.startswith(one)), None)


def class_of(name: str) -> type[Detector]:
    """Return the class behind a name.

    Raises
    ------
    UnknownDetector
        Nothing has this name.
    MissingDependency
        Something that it needs is not installed.
    """
    prefix = prefix_of(name)
    if prefix is not None:
        return _imported(*BORROWED[prefix], name)
    if name in BUILT_IN:
        module, _, kind = BUILT_IN[name].partition(":")
        return _imported(f"detectors.models.{module}", kind, name)
    if name in plugins():
        return _plugin(plugins()[name])
    known = [*BUILT_IN, *plugins()]
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
    raise UnknownDetector(f"there is no detector {name!r}: {hint}")


def made(name: str, params: Mapping[str, Any]) -> Detector:
    """Return the detector of a name with these parameters, neither checked nor fitted.

    Raises
    ------
    UnknownDetector
        Nothing has this name.
    InvalidInput
        It has no such parameter.
    """
    kind = class_of(name)
    arguments = dict(params)
    prefix = prefix_of(name)
    if prefix is not None:
        arguments["name"] = name.removeprefix(prefix)
    try:
        return kind(**arguments)
    except TypeError as error:
        words = str(error).replace(".__init__()", "()")
        words = words.replace(f"{kind.__name__}()", f"detector {name}")
        raise InvalidInput(words) from error


def name_of(detector: Detector) -> str:
    """Return the name under which a detector can be found again.

    Raises
    ------
    DetectorError
        Its class is registered under no name.
    """
    kind = type(detector)
    for name, place in BUILT_IN.items():
        module, _, own = place.partition(":")
        if (kind.__module__, kind.__name__) == (f"detectors.models.{module}", own):
            return name
    for prefix, (module, _) in BORROWED.items():
        if kind.__module__ == module:
            return f"{prefix}{detector.get_params()['name']}"
    for name, entry in plugins().items():
        if entry.value == f"{kind.__module__}:{kind.__qualname__}":
            return name
    raise DetectorError(
        f"{kind.__module__}.{kind.__qualname__} is registered under no name: list it in the "
        f"entry-point group {GROUP} to save it"
    )


def _imported(module: str, kind: str, name: str) -> type[Detector]:
    try:
        found: type[Detector] = getattr(importlib.import_module(module), kind)
    except ModuleNotFoundError as error:
        raise MissingDependency(f"detector {name} needs {error.name}, not installed") from error
    return found


def _plugin(entry: EntryPoint) -> type[Detector]:
    try:
        found = entry.load()
    except (ImportError, AttributeError) as error:
        raise MissingDependency(
            f"detector {entry.name} of {entry.value} cannot be loaded: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Detector)):
        raise DetectorError(f"{entry.value} ({entry.name}) is no detectors.base.Detector")
    return found
