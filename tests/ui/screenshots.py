"""Pictures of every page: ``python -m tests.ui.screenshots [--home DIR] [--look L] [NAME…]``.

Each page is shown at the size of a screen and of a telephone, light and dark, in every
language.  The home is the demo plant's unless one is named; it is copied, and the copy gets a
user of its own.  ``--docs`` renews those that the docs use.  Look at each picture: what you
would not show to a customer is to be mended.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from appliance.access import shell
from appliance.core.settings import Settings
from appliance.demo.config import PlantConfig
from appliance.demo.run import run_demo
from appliance.events.urgency import by_urgency
from appliance.pipelines.site import Site
from tests.ui.serving import ROOT, serving
from ui.text import LANGUAGES
from ui.views import PAGES

FOLDER = ROOT / "build" / "screenshots"
DOCS = ROOT / "docs" / "images" / "ui"
SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
THEMES = ("light", "dark")
LOOKS = ["-".join(look) for look in product(SIZES, THEMES, LANGUAGES)]
_USER, _PASSWORD = "yuki", "a long enough passphrase 42"
_HEAD = "[data-testid=stMainBlockContainer] h1"
_SETTLED = """() => document.querySelector('[data-test-script-state="notRunning"]')
  && !document.querySelector('[data-testid="stSkeleton"], [data-stale="true"]')"""
_CALM = 500
"""Milliseconds that a settled page is given to draw its charts."""


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
        addresses = prepare(Path(folder) / "home", told.home)
        chosen = {n: a for n, a in addresses.items() if not told.pages or n in told.pages}
        with serving(Path(folder) / "home") as url, sync_playwright() as playwright:
            program = os.environ.get("KIZASHI_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
            for path in shoot(browser, url, chosen, told.look or LOOKS, told.out):
                print(path)  # noqa: T201 - told as they are made
                if told.docs and (DOCS / path.name).exists():
                    renew(path, DOCS / path.name)
            browser.close()


def prepare(home: Path, source: Path | None) -> dict[str, str]:
    """Make the home that is shown; return the address of each page by its name."""
    if source is not None:
        shutil.copytree(source, home)
    site = Site(Settings(home=home, engine="local"))
    if source is None:
        run_demo(site, PlantConfig())
    person = shell("screenshots")
    if _USER in {one.name for one in site.access.users.list(person)}:
        site.access.users.set_password(person, _USER, _PASSWORD)
    else:
        site.access.users.add(person, _USER, _PASSWORD, admin=True)
    event = by_urgency(e for fleet in site.lake.fleets() for e in site.events.list(fleet))[0]
    site.close()
    names = [page.name for pages in PAGES.values() for page in pages]
    addresses = {name: "/" if name == "overview" else f"/{name}" for name in names}
    place = {"fleet": event.fleet, "asset": event.asset}
    addresses["asset"] = f"/asset?{urlencode(place)}"
    addresses["event"] = f"/event?{urlencode({'id': event.id})}"
    version = {"fleet": event.fleet, "version": event.model_version}
    addresses["models"] = f"/models?{urlencode({'fleet': event.fleet})}"
    addresses["model"] = f"/model?{urlencode(version)}"
    return addresses


def renew(picture: Path, target: Path) -> None:
    """Write a picture small enough for the docs: 128 colours are all that a page has."""
    with Image.open(picture) as image:
        small = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(target, optimize=True)


def shoot(
    browser: Browser, url: str, addresses: dict[str, str], looks: list[str], out: Path
) -> Iterator[Path]:
    """Write one picture of each page in each look: size, theme and language."""
    context = browser.new_context(base_url=url)
    page = context.new_page()
    page.goto("/login")
    page.fill("#user", _USER)
    page.fill("#password", _PASSWORD)
    page.click("button")
    page.wait_for_selector(_HEAD)
    cookies = context.cookies()
    context.close()
    for look in looks:
        size, theme, language = look.split("-")
        width, height = SIZES[size]
        context = browser.new_context(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme=theme,  # type: ignore[arg-type]
            locale={"en": "en-GB", "ja": "ja-JP"}[language],
        )
        page = context.new_page()
        page.goto("/login")
        page.screenshot(path=out / f"login-{look}.png")
        yield out / f"login-{look}.png"
        context.add_cookies(cookies)  # type: ignore[arg-type]
        for name, address in addresses.items():
            path = out / f"{name}-{look}.png"
            _shoot(page, address, path)
            yield path
        context.close()


def _shoot(page: Page, address: str, path: Path) -> None:
    page.goto(address)
    page.wait_for_selector(_HEAD)
    page.wait_for_load_state("networkidle")
    page.wait_for_function(_SETTLED)
    page.wait_for_timeout(_CALM)
    page.screenshot(path=path)


if __name__ == "__main__":
    main()
