"""Pages for everybody: contrast of the theme; on each page names, headings and contrast."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Browse
from ui import theme
from ui.views import PAGES

ROOT = Path(__file__).resolve().parents[2]
LOOK = (Path(__file__).parent / "accessible.js").read_text("utf-8")
CONFIG = tomllib.loads((ROOT / "ui" / ".streamlit" / "config.toml").read_text("utf-8"))
STILL = "document.getAnimations().every((one) => one.playState !== 'running')"
TEXT, SHAPE = 4.5, 3.0
"""What WCAG 2 asks at level AA of text, and of what is drawn."""
NAMES = [page.name for section in PAGES.values() for page in section]
TOKENS = {"light": theme.LIGHT, "dark": theme.DARK}
FINE = {"nameless": [], "pictures": [], "faint": [], "headings": 1, "language": "en"}


def light(colour: str) -> float:
    """Return the relative luminance of a colour as ``#RRGGBB``."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21."""
    low, high = sorted((light(one), light(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_have_contrast(name: str):
    tokens = TOKENS[name]
    for text in ("text", "muted", "accent"):
        assert contrast(tokens[text], tokens["back"]) >= TEXT, text
    for shape in ("line", "accent", "quiet", "act"):
        assert contrast(tokens[shape], tokens["back"]) >= SHAPE, shape


@pytest.mark.parametrize("name", TOKENS)
def test_severities_grow_in_contrast(name: str):
    tokens = TOKENS[name]
    against = [contrast(tokens[one], tokens["back"]) for one in theme.SEVERITIES]
    assert all(low * 1.1 < high for low, high in pairwise(against)), against


@pytest.mark.parametrize("name", TOKENS)
def test_the_theme_has_contrast(name: str):
    theme_of = CONFIG["theme"][name]
    backs = [theme_of[key] for key in ("backgroundColor", "secondaryBackgroundColor")]
    backs += [
        theme_of["sidebar"][key] for key in ("backgroundColor", "secondaryBackgroundColor")
    ]
    for back in backs:
        assert contrast(theme_of["textColor"], back) >= TEXT, back
    for key, colour in theme_of.items():
        if key.endswith("Color") and key.startswith(
            ("primary", "red", "orange", "yellow", "green")
        ):
            assert contrast(colour, theme_of["backgroundColor"]) >= TEXT, key


def addresses(page: Page) -> dict[str, str]:
    """Return what each page shows: something that is there."""
    found = page.request.get("/api/v1/events?fleet=pumps&limit=1").json()
    event = found["items"][0]["id"]
    known = {
        "overview": "/",
        "asset": "/asset?fleet=pumps&asset=P-2",
        "event": f"/event?id={event}",
        "models": "/models?fleet=pumps",
        "model": "/model?fleet=pumps&version=1",
        "data": "/data?fleet=pumps",
        "scorecard": "/scorecard?fleet=pumps",
    }
    return {name: known.get(name, f"/{name}") for name in NAMES}


def looked_at(page: Page, address: str) -> dict[str, Any]:
    """Return what a page lacks, once it stands."""
    page.goto(address)
    page.locator("[data-test-script-state=notRunning]").wait_for()
    expect(page.get_by_role("heading", level=1).first).to_be_visible()
    page.wait_for_function(STILL)
    return dict(page.evaluate(LOOK))


@pytest.mark.slow
@pytest.mark.xdist_group("ui")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_page_can_be_read_and_told(browse: Browse, dark: bool):
    page = browse("root", dark=dark)
    lacking = {
        name: found
        for name, address in addresses(page).items()
        if (found := looked_at(page, address)) != FINE
    }
    assert lacking == {}


@pytest.mark.slow
@pytest.mark.xdist_group("ui")
def test_a_page_says_in_which_language_it_is(browse: Browse):
    page = browse(language="ja")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "ja")
