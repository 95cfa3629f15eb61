"""The catalogues: whole in every language, with nothing missing and nothing left over."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

from appliance.core.errors import KizashiError
from ui.text import LANGUAGES, catalogue
from ui.views import PAGES

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "ui").rglob("*.py"))
ENGLISH = catalogue("en")
_ANYTHING = "\0"


def holes(text: str) -> set[str]:
    """Return the names in braces."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


def asked() -> Iterator[tuple[str, str, set[str] | None]]:
    """Yield each key that is asked for: where, the key with holes, and the values given."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"t", "known"}:
                given = {word.arg for word in node.keywords if word.arg}
                spread = any(word.arg is None for word in node.keywords)
                where = f"{path.relative_to(ROOT)}:{node.lineno}"
                for key in keys(node.args[0]):
                    yield where, key, None if spread or node.func.id == "known" else given


def keys(node: ast.expr) -> list[str]:
    """Return the keys that an expression may be, what is put in marked."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else _ANYTHING for p in node.values]
        return ["".join(map(str, parts))]
    if isinstance(node, ast.IfExp):
        return keys(node.body) + keys(node.orelse)
    return []


def fits(pattern: str) -> list[str]:
    """Return the keys that a pattern can be."""
    shape = re.compile(".+".join(re.escape(part) for part in pattern.split(_ANYTHING)))
    return [key for key in ENGLISH if shape.fullmatch(key)]


def literals() -> set[str]:
    """Return every text in the sources that looks like a key."""
    found = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


@pytest.mark.parametrize("code", LANGUAGES)
def test_a_language_has_every_key_with_the_same_holes(code: str):
    other = catalogue(code)
    assert sorted(other) == sorted(ENGLISH)
    assert {key for key in other if holes(other[key]) != holes(ENGLISH[key])} == set()
    assert {key for key, text in other.items() if not text.strip()} == set()


@pytest.mark.slow
def test_every_key_that_is_asked_for_is_there():
    missing = [(where, key) for where, key, _ in asked() if not fits(key)]
    assert missing == []


@pytest.mark.slow
def test_a_text_is_given_what_it_has_holes_for():
    wrong = [
        (where, key, sorted(holes(ENGLISH[key]) ^ given))
        for where, pattern, given in asked()
        for key in fits(pattern)
        if given is not None and _ANYTHING not in pattern and holes(ENGLISH[key]) != given
    ]
    assert wrong == []


@pytest.mark.slow
def test_no_key_is_left_over():
    used = {key for _, pattern, _ in asked() for key in fits(pattern)}
    used |= literals() & set(ENGLISH)
    used |= {f"{page.name}.title" for pages in PAGES.values() for page in pages}
    assert sorted(set(ENGLISH) - used) == []


def kinds(kind: type[KizashiError] = KizashiError) -> Iterator[str]:
    """Yield the names of the platform's errors."""
    yield kind.__name__
    for below in kind.__subclasses__():
        yield from kinds(below)


@pytest.mark.parametrize("table", ["problem", "problem_do"])
def test_every_error_of_the_platform_has_words(table: str):
    told = {key.partition(".")[2] for key in ENGLISH if key.startswith(f"{table}.")}
    assert told == set(kinds())


def test_japanese_is_japanese():
    """Texts without a Japanese letter are names, units and signs."""
    other = catalogue("ja")
    letters = re.compile("[぀-ヿ㐀-鿿]")
    bare = {key: text for key, text in other.items() if not letters.search(text)}
    assert {key: text for key, text in bare.items() if re.search("[A-Za-z]{4}", text)} == {}
