"""Pictures of every page: ``python -m tests.ui.screenshots [--home DIR] [--look L] [NAME…]``.

Each page is shown at the size of a screen and of a telephone, light and dark, in every
language.  The home is the demo plant's unless one is named, which is copied; in it is done
what people do in a plant (`tests.ui.lived`).  ``--docs`` renews those that the docs use.  Look
at each picture: what you would not show to a customer is to be mended.
"""

from __future__ import annotations

import argparse
import re
import shutil
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from appliance.client import Plant, connect
from appliance.core.settings import Settings
from appliance.demo.config import PlantConfig
from appliance.demo.run import run_demo
from appliance.pipelines.site import Site
from benchmarks.ui.browser import PROGRAMS, program
from tests.ui import lived
from tests.ui.homes import ZONE
from tests.ui.serving import ROOT, serving, working
from ui.text import LANGUAGES

FOLDER = ROOT / "build" / "screenshots"
DOCS = ROOT / "docs" / "images" / "ui"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")
LOOKS = ["-".join(look) for look in product(SIZES, THEMES, LANGUAGES)]
_HEAD = "[data-testid=stMainBlockContainer] h1"
_SETTLED = """() => {
  const quiet = window.quiet ??= { since: performance.now() };
  if (!quiet.eye) {
    quiet.eye = new MutationObserver(() => { quiet.since = performance.now(); });
    quiet.eye.observe(document, { subtree: true, childList: true, attributes: true });
  }
  return document.querySelector('[data-test-script-state="notRunning"]')
    && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')
    && document.fonts.status === "loaded"
    && performance.now() - quiet.since > 400;
}"""
"""A page is settled when nothing in it has changed for a while: charts draw when they can."""
_PATIENCE = 30_000
_BUSY = ("jobs", "job-running")
"""Shown while something runs."""


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("--docs", action="store_true", help="renew those that the docs use")
    parser.add_argument("--look", action="append", choices=LOOKS, help="all unless told")
    parser.add_argument("pages", nargs="*")
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kizashi-screens-") as folder:
        home = Path(folder) / "home"
        prepare(home, told.home)
        with (
            serving(home) as url,
            working(home),
            _in(url) as plant,
            sync_playwright() as playwright,
        ):
            addresses = lived.live(plant, home)
            chosen = {n: a for n, a in addresses.items() if not told.pages or n in told.pages}
            browser = playwright.chromium.launch(
                executable_path=program(*PROGRAMS), args=["--no-sandbox"]
            )
            for path in shoot(browser, plant, chosen, told.look or LOOKS, told.out):
                print(path)  # noqa: T201 - told as they are made
                if told.docs and (DOCS / path.name).exists():
                    renew(path, DOCS / path.name)
            browser.close()


def _in(url: str) -> Plant:
    return connect(url, user=lived.USER, password=lived.PASSWORD, timeout=60)


def prepare(home: Path, source: Path | None) -> None:
    """Make the home that is shown, with somebody who may log in."""
    if source is not None:
        shutil.copytree(source, home)
    site = Site(Settings(home=home, engine="local", timezone=ZONE))
    if source is None:
        run_demo(site, PlantConfig(interval_seconds=300))
    lived.admin(site)
    site.close()


def renew(picture: Path, target: Path) -> None:
    """Write a picture small enough for the docs: 256 colours, the rare ones of marks too."""
    with Image.open(picture) as image:
        rare = Image.Quantize.MAXCOVERAGE
        small = image.convert("RGB").quantize(256, rare, kmeans=2, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


def shoot(
    browser: Browser, plant: Plant, addresses: dict[str, str], looks: list[str], out: Path
) -> Iterator[Path]:
    """Write one picture of each page in each look: size, theme and language."""
    opened = {look: _open(browser, plant.url, look) for look in looks}
    for look, (_, page) in opened.items():
        page.goto("/login")
        page.screenshot(path=out / f"login-{look}.png")
        yield out / f"login-{look}.png"
        page.fill("#user", lived.USER)
        page.fill("#password", lived.PASSWORD)
        page.click("button")
        page.wait_for_selector(_HEAD)
    for name, address in addresses.items():
        for look, (_, page) in opened.items():
            running = lived.busy(plant) if name in _BUSY else ""
            path = out / f"{name}-{look}.png"
            _shoot(page, address.format(running=running), path)
            yield path
        if name in _BUSY:
            lived.calm(plant)
    for context, _ in opened.values():
        context.close()


def _open(browser: Browser, url: str, look: str) -> tuple[BrowserContext, Page]:
    size, theme, language = look.split("-")
    width, height = SIZES[size]
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        color_scheme=theme,  # type: ignore[arg-type]
        locale={"en": "en-GB", "ja": "ja-JP"}[language],
    )
    return context, context.new_page()


def _shoot(page: Page, address: str, path: Path) -> None:
    page.goto(address)
    page.wait_for_selector(_HEAD)
    page.wait_for_load_state("networkidle")
    for traces in page.locator(".traces").all():
        expect(traces).to_have_attribute("data-painted", re.compile(r"\d+"), timeout=_PATIENCE)
        expect(traces).to_have_attribute("aria-busy", "false", timeout=_PATIENCE)
    page.wait_for_function(_SETTLED)
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
