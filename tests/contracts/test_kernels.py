"""What is asked of the kernels: ready at first call, never stale, one thread each."""

from __future__ import annotations

import ast
import hashlib
from importlib import import_module
from pathlib import Path

import pytest

import detectors.kernels

FILES = sorted(Path(detectors.kernels.__file__).parent.glob("[a-z]*.py"))

# Numba's cache looks at a kernel's own file and at nothing that it imports.  These are the
# constants that compiled code takes from another file: whoever changes one renames it,
# or else a cached kernel goes on with the old value after an upgrade.
SHARED = {
    "forest_grow": {"SPLIT_LEFT": 1, "SPLIT_RIGHT": 2, "DEEPEST": 17},
    "forest_steps": {"LEAF": 0, "PAIR": 1, "TREE": 2, "KINDS": 3},
    "views": {"SIZE_FLOOR": 0.05},
}
# What compiled code takes in whole from another file: whoever changes the file renames it.
BUILT_IN = {"detectors.kernels.byte_lanes": "cdd265aa3d2022ec"}


def _compiled(tree: ast.Module) -> dict[str, bool]:
    """Compiled functions of a file, and whether they are compiled when it is imported."""
    found = {}
    for node in tree.body:
        for mark in getattr(node, "decorator_list", []):
            if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "njit":
                found[node.name] = bool(mark.args)  # type: ignore[attr-defined]
    return found


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_no_kernel_is_compiled_when_it_is_first_called(file: Path) -> None:
    tree = ast.parse(file.read_text())
    compiled = _compiled(tree)
    late = {name for name, early in compiled.items() if not early}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name not in compiled:
            asked = late & _names(node)
            assert not asked, f"{node.name} calls {asked}: give them their types"


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_compiled_code_uses_nothing_of_another_file_that_may_change(file: Path) -> None:
    tree = ast.parse(file.read_text())
    compiled = _compiled(tree)
    foreign = {
        name.asname or name.name
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("detectors")
        if node.module not in BUILT_IN
        for name in node.names
    }
    shared = {name for constants in SHARED.values() for name in constants}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in compiled:
            body = set().union(*map(_names, node.body))
            assert not (body & foreign) - shared, node.name


def test_the_shared_constants_are_what_they_were() -> None:
    for holder, constants in SHARED.items():
        module = import_module(f"detectors.kernels.{holder}")
        assert {name: getattr(module, name) for name in constants} == constants


@pytest.mark.parametrize("module", BUILT_IN)
def test_a_file_that_is_built_in_is_what_it_was(module: str) -> None:
    text = Path(str(import_module(module).__file__)).read_bytes()
    assert hashlib.sha256(text).hexdigest()[:16] == BUILT_IN[module]


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_kernel_runs_on_the_thread_that_calls_it(file: Path) -> None:
    # Engines fill the cores with threads and tasks: threads of threads would wait in line.
    asked = {
        word.arg
        for word in ast.walk(ast.parse(file.read_text()))
        if isinstance(word, ast.keyword)
    }
    assert "parallel" not in asked
