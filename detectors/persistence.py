"""Fitted detectors as plain arrays and a JSON manifest; reading them executes nothing.

Detectors that can only be pickled (PyOD's) come as bytes with this site's signature, which is
verified before the bytes are read; see `set_signing_key`.

Examples
--------
>>> import numpy as np
>>> from detectors import catalog
>>> pump = np.random.default_rng(0).normal(size=(100, 2))
>>> fitted = catalog.make("mahalanobis").fit(pump)
>>> arrays, manifest = pack(fitted)
>>> manifest["detector"], sorted(arrays)[:3]
('mahalanobis', ['centre', 'location', 'n_features_in'])
>>> bool((unpack(arrays, manifest).score(pump) == fitted.score(pump)).all())
True
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors.errors import DetectorError, InvalidInput, StateCorrupt, StateVersion
from detectors.models import names as registered
from detectors.models.signing import set_signing_key

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from detectors.base import Detector

__all__ = ["FORMAT", "pack", "set_signing_key", "unpack"]

FORMAT = 1
"""Version of the manifest; raised whenever an older reader would misread it."""

_NUMBERS = "biuf"


def pack(detector: Detector) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """Return what a fitted detector learned, and what it is.

    Returns
    -------
    arrays
        Numbers and truth values, C-contiguous, by name.
    manifest
        Plain JSON data: format, name in the catalog, parameters, and the arrays expected.

    Raises
    ------
    NotFitted
        There is nothing to pack.
    DetectorError
        The detector is in no catalog, or its state or parameters cannot be stored.
    """
    name = registered.name_of(detector)
    arrays = {key: np.asarray(value, order="C") for key, value in detector.state().items()}
    for key, array in arrays.items():
        if array.dtype.kind not in _NUMBERS:
            raise DetectorError(f"{name}: state {key!r} of type {array.dtype} is no number")
    manifest = {
        "format": FORMAT,
        "detector": name,
        "params": _plain(name, detector.get_params()),
        "arrays": {key: [a.dtype.str, list(a.shape)] for key, a in sorted(arrays.items())},
    }
    return arrays, manifest


def unpack(arrays: Mapping[str, NDArray[Any]], manifest: Mapping[str, Any]) -> Detector:
    """Return the fitted detector of `pack`; the arrays may be read-only or memory-mapped.

    Raises
    ------
    StateVersion
        Written in a newer format.
    StateCorrupt
        Manifest or arrays are incomplete or do not fit together.
    UntrustedState
        A pickle without this site's valid signature.
    UnknownDetector
        The detector is not installed here.
    """
    version = manifest.get("format")
    if version != FORMAT:
        raise StateVersion(f"detector state of format {version!r}; this version reads {FORMAT}")
    try:
        name, params = str(manifest["detector"]), dict(manifest["params"])
        expected = {str(k): (str(v[0]), tuple(v[1])) for k, v in manifest["arrays"].items()}
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise StateCorrupt(f"the manifest of a detector is incomplete: {error!r}") from error
    found = {key: (array.dtype.str, array.shape) for key, array in arrays.items()}
    if found != expected:
        wrong = sorted(key for key, _ in set(found.items()) ^ set(expected.items()))
        raise StateCorrupt(f"arrays of detector {name} are not as written: {', '.join(wrong)}")
    try:
        made = registered.made(name, params)
    except InvalidInput as error:
        raise StateCorrupt(f"parameters of detector {name} cannot be used: {error}") from error
    return type(made).from_state(arrays, made.get_params())


def _plain(name: str, params: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in params.items() if not _is_class_name(name, key)}
    try:
        plain: dict[str, Any] = json.loads(json.dumps(kept, default=_number))
    except (TypeError, ValueError) as error:
        raise DetectorError(f"a parameter of {name} cannot be stored: {error}") from error
    return plain


def _is_class_name(name: str, key: str) -> bool:
    """Tell whether a parameter only repeats what a name such as ``pyod:<Class>`` says."""
    return key == "name" and registered.prefix_of(name) is not None


def _number(value: object) -> object:
    """Return a numpy scalar as Python's own."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is neither number, text nor list")
