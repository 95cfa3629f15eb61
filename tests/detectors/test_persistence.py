"""Packing and unpacking, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from detectors import catalog, persistence
from detectors.errors import (
    DetectorError,
    NotFitted,
    StateCorrupt,
    StateVersion,
    UnknownDetector,
)
from detectors.models.mahalanobis import Mahalanobis


@pytest.fixture
def packed() -> tuple[dict[str, Any], dict[str, Any]]:
    X = np.random.default_rng(0).normal(size=(100, 3))
    return persistence.pack(catalog.make("mahalanobis", support=np.float64(0.8)).fit(X))


def test_manifest_is_plain(packed: tuple[dict[str, Any], dict[str, Any]]) -> None:
    _, manifest = packed
    assert manifest["format"] == persistence.FORMAT
    assert manifest["detector"] == "mahalanobis"
    assert manifest["params"] == {"support": 0.8}
    assert type(manifest["params"]["support"]) is float


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"format": 2}, StateVersion),
        ({"format": None}, StateVersion),
        ({"detector": "nothing"}, UnknownDetector),
        ({"params": {"colour": 1}}, StateCorrupt),
        ({"params": None}, StateCorrupt),
        ({"arrays": {"centre": 3}}, StateCorrupt),
        ({"arrays": {}}, StateCorrupt),
        ({"detector": "pca"}, StateCorrupt),
    ],
)
def test_wrong_manifests(
    packed: tuple[dict[str, Any], dict[str, Any]],
    change: dict[str, Any],
    error: type[Exception],
) -> None:
    arrays, manifest = packed
    with pytest.raises(error):
        persistence.unpack(arrays, manifest | change)


def test_wrong_arrays(packed: tuple[dict[str, Any], dict[str, Any]]) -> None:
    arrays, manifest = packed
    for name in arrays:
        rest = {key: value for key, value in arrays.items() if key != name}
        for wrong in (rest, rest | {name: np.zeros((2, 2, 2))}):
            with pytest.raises(StateCorrupt, match=name):
                persistence.unpack(wrong, manifest)
    with pytest.raises(StateCorrupt, match="more"):
        persistence.unpack(arrays | {"more": np.zeros(1)}, manifest)


def test_unfitted_and_unregistered() -> None:
    with pytest.raises(NotFitted):
        persistence.pack(catalog.make("pca"))

    class Private(Mahalanobis):
        pass

    fitted = Private().fit(np.random.default_rng(0).normal(size=(50, 2)))
    with pytest.raises(DetectorError, match=r"kizashi\.detectors"):
        persistence.pack(fitted)
