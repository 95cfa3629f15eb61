"""Writes what follows from the chart's values: ``python -m tests.helm.written``.

The comments of ``values.yaml`` become the table in the chart's README; with the names of the
appliance's settings and prices they become ``values.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.helm.kinds import DEFINITIONS, USUAL

CHART = Path(__file__).resolve().parents[2] / "helm" / "kizashi"
_HEAD = CHART.parent / "README.head.md"


@dataclass(frozen=True, eq=False)
class Value:
    """A value that somebody may set.

    Attributes
    ----------
    path
        Its name, and those of the maps that it is in.
    default
        What it is if nobody does.
    words
        Its comment.
    schema
        What it may be.
    """

    path: tuple[str, ...]
    default: Any
    words: str
    schema: dict[str, Any]

    @property
    def name(self) -> str:
        """Its path as `--set` takes it."""
        return ".".join(self.path)


def values() -> list[Value]:
    """Return the values of the chart in their order."""
    text = (CHART / "values.yaml").read_text("utf-8")
    lines = text.splitlines()
    node = yaml.compose(text)
    return list(_values(node, yaml.safe_load(text), (), lines))


def _values(node: Any, loaded: Any, path: tuple[str, ...], lines: list[str]) -> Iterator[Value]:
    for key, below in node.value:
        own, default = (*path, key.value), loaded[key.value]
        words, tag = _comment(lines, key.start_mark.line)
        if isinstance(default, dict) and not tag:
            if not default:
                raise ValueError(
                    f"{'.'.join(own)} is an empty map: its comment must say of what"
                )
            yield from _values(below, default, own, lines)
            continue
        words = words or USUAL.get(key.value, "")
        yield Value(own, default, words, _schema(tag) if tag else _of(default))


def _comment(lines: list[str], at: int) -> tuple[str, str]:
    """Return the words and the tag above a line."""
    first = at
    while first and lines[first - 1].lstrip().startswith("#"):
        first -= 1
    found = [line.strip().removeprefix("#").strip() for line in lines[first:at]]
    tags = [line[1:].strip() for line in found if line.startswith("@")]
    return " ".join(line for line in found if not line.startswith("@")), "".join(tags)


def _schema(tag: str) -> dict[str, Any]:
    if tag.startswith("{"):
        given: dict[str, Any] = json.loads(tag)
        return given
    if tag not in DEFINITIONS:
        raise ValueError(f"no kind is called {tag}")
    return {"$ref": f"#/definitions/{tag}"}


def _of(default: object) -> dict[str, Any]:
    kinds = {bool: "boolean", int: "integer", str: "string"}
    return {"type": kinds[type(default)]}


def schema() -> str:
    """Return the text of ``values.schema.json``."""
    root = _closed()
    for value in values():
        place = root
        for name in value.path[:-1]:
            place = place["properties"].setdefault(name, _closed())
        described = {"description": value.words} if value.words else {}
        place["properties"][value.path[-1]] = _described(value.schema, described)
    head = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Values of the chart of Kizashi",
        "$comment": "Written by make chart from values.yaml: change that.",
    }
    return json.dumps({**head, **root, "definitions": DEFINITIONS}, indent=1) + "\n"


def _described(given: dict[str, Any], described: dict[str, Any]) -> dict[str, Any]:
    # Beside a $ref draft 7 looks at nothing.
    return {**described, "allOf": [given]} if "$ref" in given else {**given, **described}


def _closed() -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": {}}


def readme() -> str:
    """Return the text of the chart's README."""
    parts = [_HEAD.read_text("utf-8").rstrip()]
    section = None
    for value in values():
        own = value.path[0]
        if own != section:
            section = own
            parts.append(f"\n### `{own}`\n\n| value | default | |\n|---|---|---|")
        words = value.words.replace("|", "\\|")
        parts.append(f"| `{value.name}` | {_shown(value.default)} | {words} |")
    return "\n".join(parts) + "\n"


def _shown(default: object) -> str:
    text = json.dumps(default, separators=(", ", ": "))
    return f"`{text}`" if len(text) <= 100 else "see values.yaml"


def files() -> dict[Path, str]:
    """Return the texts by the files that they belong in."""
    return {CHART / "values.schema.json": schema(), CHART / "README.md": readme()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
