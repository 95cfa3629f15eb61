"""Names, descriptions, plug-ins, and that looking costs nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from detectors import catalog
from detectors.errors import DetectorError, InvalidInput, MissingDependency, UnknownDetector
from detectors.models import names as registered
from detectors.models.mahalanobis import Mahalanobis


def test_looking_imports_no_algorithm() -> None:
    code = (
        "import sys; from detectors import catalog, persistence; catalog.names(); "
        "print([m for m in ('numba', 'scipy', 'pyod', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_names() -> None:
    assert set(catalog.names()) >= {"auto", "forest", "ecod", "knn", "pca", "forecast"}
    assert "pyod:LOF" not in catalog.names()
    assert {"pyod:LOF", "pyod:IForest"} <= set(catalog.names(pyod=True))


@pytest.mark.parametrize("name", [n for n in catalog.names() if n != "auto"] + ["pyod:LOF"])
def test_descriptions_are_json_and_agree_with_the_detector(name: str) -> None:
    described = catalog.describe(name)
    data = json.loads(json.dumps(described.as_json()))
    assert data["summary"].endswith(".")
    assert described.tags == catalog.make(name).tags
    properties = data["parameters"]["properties"]
    own = catalog.make(name).get_params()
    own.pop("name", None)
    assert properties.keys() == own.keys()
    for parameter, schema in properties.items():
        assert schema["default"] == own[parameter]
        assert schema["description"].endswith("."), parameter


def test_schema_of_types() -> None:
    knn = catalog.describe("knn").parameters["properties"]
    assert knn["k"]["type"] == "integer"
    assert knn["method"]["enum"] == ["mean", "largest"]
    window = catalog.describe("matrix_profile").parameters["properties"]["window"]
    assert window["anyOf"] == [{"type": "integer"}, {"type": "null"}]


@pytest.mark.parametrize(
    ("name", "params", "error", "said"),
    [
        ("forrest", {}, UnknownDetector, "did you mean forest"),
        ("nothing like it", {}, UnknownDetector, "there are auto"),
        ("pca", {"colour": 1}, InvalidInput, "colour"),
        ("ecod", {"colour": 1}, InvalidInput, "ecod takes no arguments"),
        ("pca", {"variance": 2}, InvalidInput, "variance"),
        ("pca", {"trim": "much"}, InvalidInput, "trim"),
        ("forest", {"n_trees": 0}, InvalidInput, "n_trees"),
        ("forest", {"seed": True}, InvalidInput, "seed"),
        ("knn", {"method": "median"}, InvalidInput, "mean, largest"),
        ("spectral_residual", {"ahead": 100}, InvalidInput, "half of the window"),
        ("pyod:LOFF", {}, UnknownDetector, "did you mean LOF"),
        ("pyod:LOF", {"colour": 1}, InvalidInput, "colour"),
        ("pyod:DOMINANT", {}, MissingDependency, "graph"),
    ],
)
def test_what_cannot_be_made(
    name: str, params: dict[str, object], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        catalog.make(name, **params)


# ---------------------------------------------------------------- plug-ins
class Plugged(Mahalanobis):
    """A plug-in's detector."""


HERE = __name__


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    found = [
        EntryPoint("plugged", f"{HERE}:Plugged", registered.GROUP),
        EntryPoint("absent", "no_such_package:Detector", registered.GROUP),
        EntryPoint("odd", "json:dumps", registered.GROUP),
        EntryPoint("forest", "json:dumps", registered.GROUP),
    ]
    monkeypatch.setitem(sys.modules, HERE, sys.modules[HERE])
    monkeypatch.setattr(registered, "entry_points", lambda group: found)
    registered.plugins.cache_clear()
    yield
    registered.plugins.cache_clear()


@pytest.mark.usefixtures("plugins")
def test_plugins_are_detectors_like_others() -> None:
    assert "plugged" in catalog.names()
    made = catalog.make("plugged", support=0.6)
    assert type(made) is Plugged
    assert registered.name_of(made) == "plugged"
    assert catalog.describe("plugged").summary == "A plug-in's detector."


@pytest.mark.usefixtures("plugins")
def test_plugins_cannot_take_a_name_and_fail_by_name() -> None:
    assert type(catalog.make("forest")).__name__ == "Forest"
    with pytest.raises(MissingDependency, match="absent"):
        catalog.make("absent")
    with pytest.raises(DetectorError, match="odd"):
        catalog.make("odd")


@pytest.mark.slow
def test_kernels_that_were_compiled_are_only_loaded() -> None:
    code = "from detectors import catalog; print(catalog.warm().compiled)"
    assert catalog.warm().seconds >= 0
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    assert int(done.stdout) == 0
