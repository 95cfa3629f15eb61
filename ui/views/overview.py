"""The overview: every fleet at a glance, where to look first."""

from __future__ import annotations

from ui import frame
from ui.text import t


def show() -> None:
    """Draw the overview."""
    frame.head(t("overview.title"))
