"""What is asked of the kernels: ready at first call, never stale, one thread each."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import detectors.kernels

FILES = sorted(Path(detectors.kernels.__file__).parent.glob("[a-z]*.py"))

# Numba's cache looks at a kernel's own file and at nothing that it imports.  These are the
# constants that compiled code takes from another file: whoever changes one renames it,
# or else a cached kernel goes on with the old value after an upgrade.
SHARED = {"SPLIT_LEFT": 1, "SPLIT_RIGHT": 2, "DEEPEST": 17, "SIZE_FLOOR": 0.05}


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
        for name in node.names
    }
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in compiled:
            body = set().union(*map(_names, node.body))
            assert not (body & foreign) - set(SHARED), node.name


def test_the_shared_constants_are_what_they_were() -> None:
    from detectors.kernels import forest_grow, views

    for name, value in SHARED.items():
        holder = views if name == "SIZE_FLOOR" else forest_grow
        assert getattr(holder, name) == value


@pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)
def test_a_kernel_runs_on_the_thread_that_calls_it(file: Path) -> None:
    # Engines fill the cores with threads and tasks: threads of threads would wait in line.
    asked = {
        word.arg
        for word in ast.walk(ast.parse(file.read_text()))
        if isinstance(word, ast.keyword)
    }
    assert "parallel" not in asked
