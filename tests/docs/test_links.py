"""Links and pictures lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Page, pages

_LINK = re.compile(r"(!?)\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_LARGEST_PICTURE = 300_000


def _anchors(path: Path) -> set[str]:
    text = path.read_text("utf-8")
    words = (re.sub(r"[^\w\s-]", "", h.lower()) for h in _HEADING.findall(text))
    return {word.strip().replace(" ", "-") for word in words}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links(page: Page) -> None:
    for _, target in _LINK.findall(page.prose):
        if "://" in target or target.startswith("mailto:"):
            continue
        name, _, anchor = target.partition("#")
        path = (ROOT / page.name).parent / name if name else ROOT / page.name
        assert path.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in _anchors(path), f"{page.name} links to {target}"


def test_pictures_are_small_and_used() -> None:
    used = {
        ((ROOT / page.name).parent / target).resolve()
        for page in pages()
        for mark, target in _LINK.findall(page.text)
        if mark
    }
    there = {path for path in (ROOT / "docs" / "images").rglob("*") if path.is_file()}
    assert used == there
    for path in there:
        assert path.stat().st_size < _LARGEST_PICTURE, path.name


def test_every_page_can_be_reached() -> None:
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop().resolve()
        if path in seen or path.suffix != ".md":
            continue
        seen.add(path)
        waiting += [
            path.parent / target.partition("#")[0]
            for _, target in _LINK.findall(path.read_text("utf-8"))
            if "://" not in target and not target.startswith("#")
        ]
    missing = [page.name for page in pages() if (ROOT / page.name).resolve() not in seen]
    assert missing == []
