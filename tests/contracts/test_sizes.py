"""Files stay short enough to read in one go: 400 lines a file, 50 a body."""

from __future__ import annotations

import ast

import pytest

from tests.contracts.source import Source, sources

FILE_LINES = 400
BODY_LINES = 50
LONGER_FILES: dict[str, str] = {}
LONGER_BODIES: dict[str, str] = {}

_PACKAGES = ("appliance", "detectors", "ui", "benchmarks", "tests")


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the lines of a body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def _long_bodies(source: Source) -> list[str]:
    return [
        f"{source.path}::{node.name}"
        for node in ast.walk(source.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _body_lines(node) > BODY_LINES
    ]


@pytest.mark.slow
def test_files_are_short() -> None:
    long = {source.path for source in sources(*_PACKAGES) if len(source.lines) > FILE_LINES}
    assert long == set(LONGER_FILES)


@pytest.mark.slow
def test_bodies_are_short() -> None:
    long = {name for source in sources(*_PACKAGES) for name in _long_bodies(source)}
    assert long == set(LONGER_BODIES)
