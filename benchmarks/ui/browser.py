"""Chromium, and how long somebody in front of it waits."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from appliance.api.guard import COOKIE

PROGRAMS = ("chromium", "chromium-headless-shell")
"""Names that a browser is installed by; the second has no windows to manage."""
LOOK = Path(__file__).parent / "look.js"
_SIZE = (1440, 900)
_DRAG = (0.42, 0.52)
"""From where to where of a chart one drags to zoom, in parts of its width."""


def program(*names: str) -> str | None:
    """Return the browser that is named, or the first of some names that is installed."""
    named = os.environ.get("KIZASHI_CHROMIUM")
    return named or next(filter(None, map(shutil.which, names)), None)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Start the browser that is named, that is installed, or that Playwright brought."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program(*PROGRAMS), args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


async def visit(browser: Browser, url: str, secret: str = "") -> Page:
    """Open a page of its own for somebody who is logged in."""
    width, height = _SIZE
    context = await browser.new_context(
        base_url=url, locale="en-GB", viewport={"width": width, "height": height}
    )
    if secret:
        await context.add_cookies([{"name": COOKIE, "value": secret, "url": url}])
    await context.add_init_script(path=LOOK)
    return await context.new_page()


async def go(page: Page, address: str, selector: str, seconds: float = 30.0) -> float | None:
    """Return the seconds from a click until something is painted; None if it never is."""
    asked = [address, selector, seconds * 1e3]
    spent = await page.evaluate("(asked) => window.look.go(...asked)", asked)
    return None if spent is None else float(spent) / 1e3


async def zoom(page: Page, root: str, attribute: str, chart: str, shift: float) -> float:
    """Drag over a part of a chart; return the seconds until it is painted with more detail.

    Parameters
    ----------
    root, attribute
        What is written anew when the detail has come.
    chart
        What is dragged over.
    shift
        By how much of its width the part is moved.
    """
    box = await page.locator(chart).first.bounding_box()
    if box is None:
        raise SystemExit(f"{chart} is not shown")
    await page.evaluate(
        "([root, attribute]) => { window.look.watch(root, attribute); }", [root, attribute]
    )
    first, last = (box["x"] + box["width"] * (place + shift) for place in _DRAG)
    middle = box["y"] + box["height"] / 2
    await page.mouse.move(first, middle)
    await page.mouse.down()
    await page.mouse.move(last, middle, steps=4)
    await page.mouse.up()
    return float(await page.evaluate("() => window.look.watched")) / 1e3
