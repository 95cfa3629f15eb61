"""Who may import whom: the rules of pyproject hold, and each outside library has one door."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib

import pytest

from tests.contracts.source import ROOT, sources

_RULES = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]

# Libraries that are imported by name at run time, which import-linter cannot see.
LATE = {"pyod": {"detectors/models/pyod.py", "detectors/models/pyod_listing.py"}}


@pytest.mark.slow
def test_imports_go_one_way() -> None:
    code = "from importlinter.cli import lint_imports as ask; exit(ask(no_cache=True))"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_room_has_its_place_in_the_flow() -> None:
    (flow,) = [rule for rule in _RULES["contracts"] if rule["id"] == "flow"]
    placed = {room.strip() for layer in flow["layers"] for room in layer.split("|")}
    rooms = {path.parent.name for path in (ROOT / "appliance").glob("*/__init__.py")}
    assert flow["exhaustive"]
    assert placed == rooms


@pytest.mark.slow
@pytest.mark.parametrize("library", sorted(LATE))
def test_libraries_imported_by_name_have_one_door_too(library: str) -> None:
    users = {
        source.path
        for source in sources("appliance", "detectors")
        for node in ast.walk(source.tree)
        if library in _imported(node)
    }
    assert users == LATE[library]


def _imported(node: ast.AST) -> set[str]:
    """Return the top-level packages that a statement, or a call that imports, names."""
    if isinstance(node, ast.Import):
        return {alias.name.split(".")[0] for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        return {(node.module or "").split(".")[0]}
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
        ("import_module", "find_spec", "__import__")
    ):
        texts = [part for part in ast.walk(node) if isinstance(part, ast.Constant)]
        return {str(text.value).split(".")[0] for text in texts}
    return set()
