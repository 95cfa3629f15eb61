"""Scripts and styles of components, as they are handed to the browser."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent


def joined(folder: str, *names: str) -> str:
    """Return files of a component's folder, one after the other.

    They are parts of one script or style: Streamlit takes one of each for a component.
    """
    parts = [(_FOLDER / folder / name).resolve().read_text("utf-8") for name in names]
    return "\n".join(parts) + "\n"
