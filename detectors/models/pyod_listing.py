"""Every detector class of the installed PyOD, and whether it can be used here.

PyOD's files are read, not imported: importing them prints, takes seconds and needs packages
that may not be installed.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from detectors.errors import MissingDependency

_ROOTS = frozenset({"BaseDetector", "BaseDeepLearningDetector", "BaseTSDetector"})
_OPTIONAL = ("torch", "torch_geometric", "combo", "suod", "xgboost", "librosa", "pygod")

_GRAPH = "judges the nodes of a graph, not rows of readings"
_UNSAVED = "its network cannot be saved: PyOD makes its class anew each time"
_UNUSABLE = {
    "ANOMALOUS": _GRAPH,
    "AnomalyDAE": _GRAPH,
    "CoLA": _GRAPH,
    "CONAD": _GRAPH,
    "DOMINANT": _GRAPH,
    "GUIDE": _GRAPH,
    "Radar": _GRAPH,
    "SCAN": _GRAPH,
    "AudioAE": "judges sound files, not rows of readings",
    "EmbeddingOD": "judges texts or images through an encoder, not rows of readings",
    "MultiModalOD": "judges several kinds of data at once, not rows of readings",
    "DevNet": "needs labelled anomalies to learn from",
    "XGBOD": "needs labelled anomalies to learn from",
    "LSTMAD": _UNSAVED,
    "MO_GAAL": _UNSAVED,
    "MatrixProfile": "scores only the rows it was fitted on; take matrix_profile",
}
_BATCH = "scores depend on the rows that are scored together"
_REMARKS = {
    "CD": _BATCH,
    "COF": f"{_BATCH}, at least 21 of them",
    "COPOD": f"{_BATCH}; copod does not have this",
    "ECOD": f"{_BATCH}; ecod does not have this",
    "KShape": _BATCH,
    "LMDD": _BATCH,
    "LOCI": f"{_BATCH}; for some hundred rows at most (its cost grows with their cube)",
    "LSCP": "give detector_list as names, for example ['LOF', 'KNN']",
    "MAD": "takes one column",
    "RGraph": _BATCH,
    "ROD": _BATCH,
    "SAND": _BATCH,
    "SOD": f"{_BATCH}, at least 21 of them",
    "SOS": _BATCH,
    "SpectralResidual": f"{_BATCH}; spectral_residual does not have this",
    "TimeSeriesOD": f"{_BATCH}, at least a few windows of them",
    "VAE": f"{_BATCH}: it draws at random, the same each time",
}
SERIES = frozenset({"AnomalyTransformer", "KShape", "SAND", "SpectralResidual", "TimeSeriesOD"})
"""Detectors to which the order of rows matters."""


@dataclass(frozen=True)
class PyODEntry:
    """One detector class of PyOD.

    Attributes
    ----------
    name
        The class; ``pyod:<name>`` in the catalog.
    works
        It can be fitted and scored here.
    reason
        Why not; or, where it works, what to mind (often empty).
    module
        Where PyOD keeps it.
    """

    name: str
    works: bool
    reason: str
    module: str


@cache
def _listed() -> tuple[PyODEntry, ...]:
    spec = importlib.util.find_spec("pyod")  # finds it without importing it
    if spec is None or not spec.submodule_search_locations:
        raise MissingDependency("PyOD is not installed: install kizashi[pyod]")
    files = sorted(Path(spec.submodule_search_locations[0], "models").glob("*.py"))
    parsed = {file.stem: ast.parse(file.read_text("utf-8")) for file in files}
    classes = {
        node.name: (module, {getattr(base, "id", "") for base in node.bases})
        # Backwards: of two files with one class the elder, shorter name wins.
        for module, tree in reversed(parsed.items())
        for node in tree.body
        if isinstance(node, ast.ClassDef)
    }
    found = []
    for name, (module, bases) in sorted(classes.items()):
        if name.startswith(("_", "Base")) or not _is_detector(bases, classes):
            continue
        needed = _missing(parsed[module], parsed)
        reason = _UNUSABLE.get(name, f"needs {', '.join(needed)}, not installed" * bool(needed))
        works = not reason
        found.append(PyODEntry(name, works, reason or _REMARKS.get(name, ""), module))
    return tuple(found)


def list_pyod() -> list[PyODEntry]:
    """Return every detector class of the installed PyOD, by name.

    Raises
    ------
    MissingDependency
        PyOD is not installed.
    """
    return list(_listed())


def _is_detector(bases: set[str], classes: dict[str, tuple[str, set[str]]]) -> bool:
    if bases & _ROOTS:
        return True
    return any(_is_detector(classes[base][1], classes) for base in bases if base in classes)


def _missing(tree: ast.Module, parsed: dict[str, ast.Module]) -> list[str]:
    """Return the optional packages that a module needs and that are not there."""
    wanted = _packages(tree)
    for node in ast.walk(tree):
        # One step into PyOD's own modules: most deep models import torch through their base.
        if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module in parsed:
            wanted |= _packages(parsed[node.module], top_only=True)
    return [name for name in _OPTIONAL if name in wanted and not importlib.util.find_spec(name)]


def _packages(tree: ast.Module, *, top_only: bool = False) -> set[str]:
    nodes = _top_level(tree) if top_only else list(ast.walk(tree))
    names = {n.name for node in nodes if isinstance(node, ast.Import) for n in node.names}
    names |= {n.module or "" for n in nodes if isinstance(n, ast.ImportFrom) and not n.level}
    return {name.split(".")[0] for name in names}


def _top_level(tree: ast.Module) -> list[ast.AST]:
    """Return what runs on import: functions and classes are not looked into."""
    found: list[ast.AST] = []
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, ast.FunctionDef | ast.ClassDef):
            waiting += list(ast.iter_child_nodes(node))
    return found
