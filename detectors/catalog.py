"""Detectors by name: what there is, what it can do, and how to make it.

Importing this module imports no algorithm.  Other packages add detectors by the entry-point
group ``kizashi.detectors`` (name → subclass of :class:`detectors.base.Detector`); every
detector of PyOD is there as ``pyod:<Class>``, and every estimator of scikit-learn that scores
rows without labels as ``sklearn:<module>.<Class>``.

Examples
--------
>>> make("mahalanobis", support=0.8)
Mahalanobis(support=0.8)
>>> describe("mahalanobis").summary
'Robust Mahalanobis distance.'
"""

from __future__ import annotations

import inspect
import re
import types
import typing
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from detectors.base import Detector
from detectors.models import names as registered
from detectors.tags import Tags

if TYPE_CHECKING:
    from detectors.kernels import Warmed

_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


@dataclass(frozen=True)
class Description:
    """What is known of a detector without fitting it.

    Attributes
    ----------
    name, summary
        Its name and one line on it.
    tags
        What it can do.
    parameters
        JSON Schema of its parameters, with defaults and descriptions.
    """

    name: str
    summary: str
    tags: Tags
    parameters: dict[str, Any]

    def as_json(self) -> dict[str, Any]:
        """Return the description as plain JSON data."""
        return asdict(self)


def names(*, pyod: bool = False) -> list[str]:
    """Return the names that `make` takes.

    Parameters
    ----------
    pyod
        Also ``pyod:<Class>`` for the classes of PyOD that can be used here.
    """
    found = [*registered.BUILT_IN, *registered.plugins()]
    if pyod:
        found += [f"{registered.PYOD_PREFIX}{entry.name}" for entry in _pyod() if entry.works]
    return found


def unusable() -> dict[str, str]:
    """Return why a class of PyOD cannot be used here, by class."""
    return {entry.name: entry.reason for entry in _pyod() if not entry.works}


def make(name: str, **params: Any) -> Detector:
    """Return an unfitted detector.

    Parameters
    ----------
    name
        One of `names`.
    **params
        Its parameters.

    Raises
    ------
    UnknownDetector
        Nothing has this name.
    InvalidInput
        A parameter is unknown or its value cannot be used.
    MissingDependency
        Something that it needs is not installed.
    """
    detector = registered.made(name, params)
    detector.check_parameters()
    return detector


def describe(name: str) -> Description:
    """Return what a detector is, can do and takes.

    Raises
    ------
    UnknownDetector
        Nothing has this name.
    """
    prefix = registered.prefix_of(name)
    if prefix is not None:
        return _described_borrowed(name, prefix)
    kind = registered.class_of(name)
    return Description(name, _summary(kind), kind.tags, _schema(kind))


def warm() -> Warmed:
    """Compile every kernel for this machine, or load it compiled; say what it took."""
    from detectors import kernels

    return kernels.warm()


# ---------------------------------------------------------------- descriptions
def _pyod() -> list[Any]:
    from detectors.models.pyod_listing import list_pyod

    return list(list_pyod())


def _described_borrowed(name: str, prefix: str) -> Description:
    detector = registered.made(name, {})
    own = name.removeprefix(prefix)
    remark, library = "", "scikit-learn's way"
    if prefix == registered.PYOD_PREFIX:
        library = "PyOD"
        remark = next((entry.reason for entry in _pyod() if entry.name == own), "")
    detector.check_parameters()
    schema = _schema(type(detector))
    schema["properties"].pop("name")
    # The other parameters are the library's, which describes no types.
    schema["additionalProperties"] = True
    summary = f"{own} of {library}" + (f": {remark}." if remark else ".")
    return Description(name, summary, detector.tags, schema)


def _summary(kind: type[Detector]) -> str:
    return (inspect.getdoc(kind) or kind.__name__).strip().splitlines()[0]


def _schema(kind: type[Detector]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind.__init__)
    texts = _parameter_texts(inspect.getdoc(kind) or "")
    properties: dict[str, Any] = {}
    for name, parameter in inspect.signature(kind.__init__).parameters.items():
        if name == "self" or parameter.kind in (
            parameter.VAR_KEYWORD,
            parameter.VAR_POSITIONAL,
        ):
            continue
        own = _of_type(hints.get(name, Any))
        if parameter.default is not parameter.empty:
            own["default"] = parameter.default
        if name in texts:
            own["description"] = texts[name]
        properties[name] = own
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _of_type(hint: Any) -> dict[str, Any]:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return {"enum": list(inner)}
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of_type(one) for one in inner]}
    if origin in (list, tuple):
        return {"type": "array"}
    if hint is type(None):
        return {"type": "null"}
    return {"type": _JSON_TYPES[hint]} if hint in _JSON_TYPES else {}


def _parameter_texts(doc: str) -> dict[str, str]:
    """Return the sentences on each parameter from a numpydoc docstring."""
    found = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n\w+\n-+\n|\Z)", doc, re.DOTALL | re.M)
    if found is None:
        return {}
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in found.group(1).splitlines():
        if line and not line.startswith(" "):
            current = []
            texts |= dict.fromkeys((part.strip() for part in line.split(",")), current)
        elif line.strip():
            current.append(line.strip())
    return {name: " ".join(lines) for name, lines in texts.items()}
