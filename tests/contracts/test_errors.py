"""Error trees: drawn as they are, whole after crossing processes, and never swallowed."""

from __future__ import annotations

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from functools import cache

import pytest

import detectors.errors
from appliance.core import errors
from appliance.core.errors import KizashiError
from detectors.errors import DetectorError
from tests.contracts.source import Source, sources

_BRANCH = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<name>\w+)")

# Raised by ours outside of the trees.  Key: file or folder, and what is raised there.
OUTSIDE = {
    ("appliance/__init__.py", "AttributeError"): "what a module's __getattr__ must raise",
    ("appliance/lake/__init__.py", "AttributeError"): "what a module's __getattr__ must raise",
    ("appliance/metrics/__init__.py", "AttributeError"): "the same",
    ("appliance/api/guard.py", "ValueError"): "whoever wrote a route forgot its right",
    ("appliance/api/", "HTTPException"): "as the framework says it: `problems` retells it",
    ("appliance/api/uploads.py", "uploads.storage_error"): "makes one of ours",
    ("appliance/backup/own.py", "OSError"): "what is no plain file; `make` tells of it",
    ("appliance/backup/vault.py", "OSError"): "what is no plain file; caught in the same file",
    ("appliance/cli/context.py", "TypeError"): "what json's `default` must raise",
    ("appliance/cli/", "typer.Exit"): "ends the command with a status; all was said already",
    ("appliance/core/settings.py", "ValueError"): "pydantic's validators speak by it",
    ("appliance/demo/ledger.py", "ValueError"): "caught in the same file",
    ("appliance/fleet/", "Unfit"): "one asset's reason, which becomes its outcome",
    ("appliance/install/bundle.py", "ValueError"): "a manifest; caught in the same file",
    ("appliance/install/", "InstallError"): "runs before anything is installed",
    ("appliance/install/", "OSError"): "as the system says it; the steps catch it",
    (
        "appliance/intake/sources/files/arrow.py",
        "ValueError",
    ): "damage; caught in the same file",
    ("appliance/intake/sources/files/", "Malformed"): "caught in `weight`",
    ("appliance/intake/sources/files/weight.py", "self._too"): "makes one of ours",
    ("appliance/intake/sources/files/stream.py", "EOFError"): "as gzip says it; caught above",
    ("appliance/lake/table.py", "OSError"): "restored from its text for the caller's handlers",
    ("appliance/intake/sources/folder.py", "FileNotFoundError"): "caught in the same function",
    ("appliance/intake/sources/mqtt/source.py", "self._away"): "makes one of ours",
    ("appliance/intake/sources/mqtt/spool.py", "OSError"): "as the system says it",
    ("appliance/notebooks/executing.py", "_REFUSED[kind]"): "one of ours, by the kind told",
    ("appliance/notebooks/given.py", "web.HTTPError"): "as Jupyter answers a request",
    ("appliance/notebooks/results.py", "TypeError"): "what json's `default` must raise",
    ("appliance/web/relay.py", "httpx2.ReadError"): "caught in the same file",
    ("appliance/schemas/alert.py", "ValueError"): "pydantic's validators speak by it",
    ("appliance/schemas/source.py", "ValueError"): "pydantic's validators speak by it",
    ("appliance/schemas/backup.py", "ValueError"): "pydantic's validators speak by it",
    ("appliance/machine/supervisor.py", "PermissionError"): "as the system says it",
    ("appliance/pipelines/uploads.py", "storage_error"): "makes one of ours",
    ("appliance/schemas/base.py", "ValueError"): "pydantic's validators speak by it",
    ("appliance/schemas/own.py", "ValueError"): "pydantic's validators speak by it",
    ("appliance/steps/checks.py", "AssertionError"): "a check is an assertion",
    (
        "appliance/steps/writing.py",
        "yaml.composer.ComposerError",
    ): "PyYAML's; caught in the same file",
    (
        "appliance/steps/writing.py",
        "yaml.constructor.ConstructorError",
    ): "PyYAML's; caught in the same file",
    ("appliance/tls/authority.py", "ValueError"): "caught in the same file",
    ("detectors/checks/", "AssertionError"): "a check is an assertion",
    ("detectors/checks/", "ValueError"): "whoever runs the checks named one wrongly",
    ("detectors/models/auto.py", "ValueError"): "a state is refused: persistence catches it",
    (
        "detectors/models/auto_newest.py",
        "ValueError",
    ): "a state is refused: persistence catches it",
    (
        "detectors/models/auto_shapes.py",
        "ValueError",
    ): "a state is refused: persistence catches it",
    (
        "detectors/models/auto_views.py",
        "ValueError",
    ): "a state is refused: persistence catches it",
    (
        "detectors/persistence.py",
        "TypeError",
    ): "a detector's author stored what has no JSON form",
}


def _tree(kind: type[Exception]) -> list[type[Exception]]:
    return [kind] + [e for sub in kind.__subclasses__() for e in _tree(sub)]


OURS, DETECTORS = _tree(KizashiError), _tree(DetectorError)
TREES = {kind.__name__ for kind in OURS + DETECTORS}


def _drawn(text: str) -> dict[str, str]:
    """Return child → parent as the drawing shows them."""
    parents: dict[str, str] = {}
    above: list[str] = []
    for line in text.splitlines():
        if not above and re.fullmatch(r"\s*\w+Error", line):
            above = [line.strip()]
            margin = len(line) - len(line.lstrip())
        elif above and (found := _BRANCH.match(line)):
            depth = (len(found["indent"]) - margin) // 4 + 1
            parents[found["name"]] = above[depth - 1]
            above[depth:] = [found["name"]]
    return parents


@pytest.mark.parametrize(
    ("drawing", "tree"), [(errors.__doc__, OURS), (detectors.errors.__doc__, DETECTORS)]
)
def test_the_drawing_is_the_tree(drawing: str, tree: list[type[Exception]]) -> None:
    names = {kind.__name__ for kind in tree}
    parents = {
        kind.__name__: base.__name__
        for kind in tree[1:]
        for base in kind.__bases__
        if base.__name__ in names
    }
    assert _drawn(drawing) == parents


@pytest.mark.parametrize("kind", OURS)
def test_errors_cross_process_borders_whole(kind: type[KizashiError]) -> None:
    error = kind("what is wrong.", remedy="what to do.")
    error.status = 418
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert type(other) is kind
        assert (other.message, other.remedy) == ("what is wrong.", "what to do.")
        assert str(other) == "what is wrong. what to do."
        assert other.status == 418


@pytest.mark.parametrize("kind", DETECTORS)
def test_detectors_errors_cross_process_borders(kind: type[DetectorError]) -> None:
    other = pickle.loads(pickle.dumps(kind("what is wrong.")))
    assert type(other) is kind
    assert str(other) == "what is wrong."


# ---------------------------------------------------------------- what is raised
def _raised(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and name of what each ``raise`` makes; re-raised objects are none."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.Raise) or node.exc is None:
            continue
        made = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        name = ast.unparse(made)
        if isinstance(node.exc, ast.Call) or name[0].isupper():
            yield node.lineno, _makers().get(name, name)


@cache
def _makers() -> dict[str, str]:
    """Return the functions that make an error of ours, by the class that they return."""
    return {
        node.name: ast.unparse(node.returns)
        for source in sources("appliance", "detectors")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef) and node.returns is not None
        if ast.unparse(node.returns) in TREES
    }


def _excused(path: str, name: str) -> bool:
    return any(path.startswith(where) and name == kind for where, kind in OUTSIDE)


@pytest.mark.slow
def test_what_is_raised_is_of_the_trees() -> None:
    strange = [
        f"{source.path}:{line} raises {name}"
        for source in sources("appliance", "detectors")
        for line, name in _raised(source)
        if name not in TREES and not _excused(source.path, name)
    ]
    assert strange == []


@pytest.mark.slow
def test_every_excuse_is_used() -> None:
    met = [(s.path, name) for s in sources("appliance", "detectors") for _, name in _raised(s)]
    unused = [
        (where, kind)
        for where, kind in OUTSIDE
        if not any(path.startswith(where) and name == kind for path, name in met)
    ]
    assert unused == []


# ---------------------------------------------------------------- what is caught
_BROAD = {"Exception", "BaseException"}


def _handlers() -> Iterator[tuple[Source, ast.ExceptHandler, str]]:
    for source in sources("appliance", "detectors", "ui", "benchmarks"):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ExceptHandler):
                kind = ast.unparse(node.type) if node.type else ""
                yield source, node, kind


@pytest.mark.slow
def test_nothing_is_caught_blindly() -> None:
    """No bare ``except``; a broad one goes on raising, or says at its line why it need not."""
    blind = [
        f"{source.path}:{node.lineno}"
        for source, node, kind in _handlers()
        if not kind
        or (
            kind in _BROAD
            and not any(isinstance(part, ast.Raise) for part in ast.walk(node))
            and "# noqa: BLE001 - " not in source.lines[node.lineno - 1]
        )
    ]
    assert blind == []


@pytest.mark.slow
def test_an_error_passed_over_says_why() -> None:
    silent = [
        f"{source.path}:{node.lineno}"
        for source, node, _ in _handlers()
        if isinstance(node.body[0], ast.Pass)
        and "#" not in source.lines[node.body[0].lineno - 1]
    ]
    assert silent == []
