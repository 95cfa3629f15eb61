"""The pages of the documentation, and the fenced blocks in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_PROMPT = "$ "


@dataclass(frozen=True)
class Block:
    """A fenced block.

    Attributes
    ----------
    line
        Of its first line in the page.
    """

    language: str
    text: str
    line: int


@dataclass(frozen=True)
class Page:
    """A page of Markdown; `name` is its path within the repository."""

    name: str
    text: str

    @property
    def blocks(self) -> list[Block]:
        """Its fenced blocks, in order."""
        return [
            Block(
                found[2],
                "\n".join(line.removeprefix(found[1]) for line in found[3].splitlines()),
                self.text.count("\n", 0, found.start()) + 2,
            )
            for found in _FENCE.finditer(self.text)
        ]

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return _FENCE.sub("", self.text)


@cache
def pages() -> tuple[Page, ...]:
    """Return README, CHANGELOG and everything below docs."""
    found = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return tuple(Page(p.relative_to(ROOT).as_posix(), p.read_text("utf-8")) for p in found)


@dataclass(frozen=True)
class Command:
    """What a user types, and the lines that the page shows after it."""

    text: str
    shown: tuple[str, ...] = ()


def commands(block: Block) -> list[Command]:
    """Return what a user types of a block: all of ``sh``, the prompts' lines of ``console``."""
    typed: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if typed and typed[-1][0][-1].endswith("\\"):
            typed[-1][0].append(line)
        elif block.language == "sh":
            if line and not line.startswith("#"):
                typed.append(([line], []))
        elif line.startswith(_PROMPT):
            typed.append(([line.removeprefix(_PROMPT)], []))
        elif typed:
            typed[-1][1].append(line)
    return [Command("\n".join(lines), tuple(shown)) for lines, shown in typed]
