"""The repository's own Python files, parsed once for all contracts."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Source:
    """One file.

    Attributes
    ----------
    path
        Relative to the repository, with ``/``.
    """

    path: str
    lines: tuple[str, ...]
    tree: ast.Module


@cache
def sources(*packages: str) -> tuple[Source, ...]:
    """Return the Python files below these folders; a folder that is absent holds none."""
    return tuple(_read(path) for package in packages for path in _files(ROOT / package))


def _files(folder: Path) -> Iterator[Path]:
    yield from sorted(folder.rglob("*.py"))


@cache
def _read(path: Path) -> Source:
    text = path.read_text("utf-8")
    return Source(
        path.relative_to(ROOT).as_posix(), tuple(text.splitlines()), ast.parse(text, path.name)
    )
