"""One event: what happened, why it is thought so, and what became of it."""

from __future__ import annotations

from ui import frame
from ui.text import t


def show() -> None:
    """Draw the event that the address names."""
    frame.head(t("event.title"))
