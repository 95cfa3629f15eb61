"""Whether what was learned can be stored, and parameters be read and set."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from detectors import persistence
from detectors.base import Detector
from detectors.checks.data import training, unseen
from detectors.errors import InvalidInput, StateError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_PICKLE_START = b"\x80"


def _same(a: Detector, b: Detector, detector: Detector) -> None:
    Y = unseen(detector)
    assert np.array_equal(a.score(Y), b.score(Y)), "scores differ after loading"
    assert np.array_equal(a.contributions(Y), b.contributions(Y)), "contributions differ"
    assert a.reach() == b.reach()
    assert a.has_live_form() == b.has_live_form()
    if a.has_live_form():
        assert np.array_equal(a.score_live(Y), b.score_live(Y)), "live scores differ"
    assert a.n_features_in_ == b.n_features_in_


def check_state_round_trip(detector: Detector) -> None:
    """`from_state` of `state` scores the same, bit for bit, from read-only arrays as well."""
    fitted = detector.clone().fit(training(detector))
    state = {name: array.copy() for name, array in fitted.state().items()}
    for array in state.values():
        array.flags.writeable = False
    _same(fitted, type(fitted).from_state(state, fitted.get_params()), detector)


def check_stored_round_trip(detector: Detector) -> None:
    """The same through the files' formats: JSON and safetensors."""
    from safetensors.numpy import load, save

    fitted = detector.clone().fit(training(detector))
    arrays, manifest = persistence.pack(fitted)
    read = persistence.unpack(load(save(arrays)), json.loads(json.dumps(manifest)))
    _same(fitted, read, detector)
    if detector.tags.pickle_free:  # a pickle's bytes may differ, its scores may not
        again, _ = persistence.pack(read)
        assert arrays.keys() == again.keys()
        assert all(np.array_equal(arrays[name], again[name]) for name in arrays)


def check_state_is_numbers(detector: Detector) -> None:
    """A state is numbers and truth values, and no pickle unless the tags say so."""
    fitted = detector.clone().fit(training(detector))
    for name, array in fitted.state().items():
        assert isinstance(array, np.ndarray), f"{name} is no array"
        assert array.dtype.kind in "biuf", f"{name} is of type {array.dtype}"
        hidden = array.dtype == np.uint8 and array.tobytes().startswith(_PICKLE_START)
        looks_pickled = hidden and array.tobytes().endswith(b".")
        assert not (looks_pickled and detector.tags.pickle_free), f"{name} is a pickle"


def check_incomplete_state(detector: Detector) -> None:
    """A state with an array missing is refused with an error of the package."""
    fitted = detector.clone().fit(training(detector))
    state = fitted.state()
    for name in state:
        part: dict[str, NDArray[Any]] = {k: v for k, v in state.items() if k != name}
        try:
            type(fitted).from_state(part, fitted.get_params())
        except StateError:
            continue
        raise AssertionError(f"a state without {name} was accepted")


def check_parameters(detector: Detector) -> None:
    """Parameters come back as given, in a clone too; unknown ones are refused."""
    params = detector.get_params()
    clone = detector.clone()
    assert clone is not detector
    assert clone.get_params() == params
    assert not clone.__sklearn_is_fitted__()
    assert hasattr(clone, "partial_fit") == detector.tags.partial_fit
    assert clone.set_params(**params) is clone
    assert clone.get_params() == params
    json.dumps(params)
    try:
        clone.set_params(no_such_parameter=1).check_parameters()
    except InvalidInput:
        return
    raise AssertionError("an unknown parameter was accepted")


def check_repr(detector: Detector) -> None:
    """`repr` names the class and what differs from the defaults, before and after fit."""
    text = repr(detector)
    assert text.startswith(type(detector).__name__ + "(")
    assert text.endswith(")")
    assert repr(detector.clone().fit(training(detector))) == text
