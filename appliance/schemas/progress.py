"""How long work says where it is."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Receives steps; the command line draws a bar, a test counts, a pipe stays quiet."""

    def step(self, name: str, total: int | None = None) -> None:
        """A named step begins; `total` units of work if known."""

    def advance(self, units: int = 1) -> None:
        """Units of the current step are done."""

    def note(self, text: str) -> None:
        """Something worth a line."""


class Silent:
    """Progress that says nothing."""

    def step(self, name: str, total: int | None = None) -> None:
        """Ignore a step."""

    def advance(self, units: int = 1) -> None:
        """Ignore units."""

    def note(self, text: str) -> None:
        """Ignore a note."""
