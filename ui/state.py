"""What a page shows, in its address: a link shows a colleague the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st


def get(name: str, default: str = "") -> str:
    """Return one word of the address."""
    return str(st.query_params.get(name, default))


def choice(name: str, options: Sequence[str], default: str) -> str:
    """Return a word of the address if it is one of the options."""
    found = get(name, default)
    return found if found in options else default


def many(name: str, options: Sequence[str]) -> list[str]:
    """Return the words of a list in the address, those that are options."""
    return [word for word in get(name).split(",") if word in options]


def number(name: str, default: int, low: int, high: int) -> int:
    """Return a number of the address within bounds."""
    text = get(name)
    return max(low, min(high, int(text))) if text.isdecimal() and len(text) < 10 else default


def moment(name: str) -> datetime | None:
    """Return a time of the address: whole seconds since 1970, UTC."""
    text = get(name)
    if not text.isdecimal() or len(text) > 11:
        return None
    return datetime.fromtimestamp(int(text), UTC)


def put(**words: str | int | None) -> None:
    """Bring the address to what is shown now; nothing and empty words leave it."""
    for name, word in words.items():
        text = "" if word is None else str(word)
        if text:
            if st.query_params.get(name) != text:
                st.query_params[name] = text
        elif name in st.query_params:
            del st.query_params[name]
