"""All words of the pages, in English and Japanese: one catalogue a language."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import streamlit as st

from appliance.schemas.base import Language

LANGUAGES = {"en": "English", "ja": "日本語"}
COOKIE = "kizashi_language"
_DEFAULT = "en"


def language() -> Language:
    """Return the reader's language: the one they chose, else their browser's."""
    chosen = st.context.cookies.get(COOKIE)
    spoken = (st.context.locale or "")[:2].lower()
    return "ja" if "ja" in (chosen, None if chosen in LANGUAGES else spoken) else "en"


def t(key: str, /, **values: object) -> str:
    """Return a text in the reader's language.

    Parameters
    ----------
    key
        Such as ``events.title``.
    **values
        What the text has in braces.
    """
    return catalogue(language())[key].format(**values)


def known(key: str) -> bool:
    """Whether there is a text of some key."""
    return key in catalogue(_DEFAULT)


@cache
def catalogue(code: str) -> Mapping[str, str]:
    """Return the texts of a language by key."""
    source = files("ui.text").joinpath(f"{code}.toml").read_text("utf-8")
    return dict(_flat(tomllib.loads(source)))


def _flat(tree: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for name, value in tree.items():
        key = f"{before}{name}"
        found += _flat(value, f"{key}.") if isinstance(value, Mapping) else [(key, str(value))]
    return found
