"""Texts in the languages that facts are told in: English, then Japanese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Texts: TypeAlias = Mapping[str, tuple[str, str]]
"""By key, the same text in English and in Japanese."""


def spoken(texts: Texts, language: str, key: str, **values: object) -> str:
    """Return a text in a language, ``en`` or ``ja``, with its values filled in."""
    text = texts[key][0 if language == "en" else 1]
    return text.format(**values) if values else text
