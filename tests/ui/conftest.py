"""A real server on a small real home, asked by a real browser.

A module of these tests begins with
``pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]``: they share one browser.
A server is started once a module, on a home of its own, when a page of it is asked for.
`page` is the analyst's; `browse` gives anybody's, and in another size, theme or language.
A test that changes something does so on machine P-3 or on what it added itself, so that those
beside it find what they look for.

Pages that are alike share a context, and so what the browser keeps of the pages' scripts:
fetching and compiling them anew takes as long as all else of a page.  Each test finds the
cookies of a login in it, and nothing that the test before left behind.  Logins are made with
the home; whoever is in none of its own logs in on the page, once a module.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    Playwright,
    expect,
    sync_playwright,
)

from appliance.api.guard import COOKIE
from benchmarks.ui.browser import PROGRAMS, program
from tests.appliance.people import PASSWORD
from tests.conftest import skip_or_fail
from tests.ui.homes import LOGINS, make_empty_home, make_home
from tests.ui.serving import HOMES, serving, working

Browse = Callable[..., Page]
FORGET = "() => { try { localStorage.clear() } catch (error) { /* a page of no site */ } }"
PATIENCE = 15_000
"""Milliseconds for which a browser waits for what is to be seen."""
expect.set_options(timeout=PATIENCE)
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-software-rasterizer"]
"""Without an imitated graphics card, which takes a third of a page's processor time."""


@pytest.fixture(scope="session")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the home that each module gets a copy of."""
    made = tmp_path_factory.mktemp("ui") / "home"
    make_home(made)
    return made


@pytest.fixture(scope="module")
def home(made_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home of the module's own: what its tests change, no others find changed."""
    copied = tmp_path_factory.mktemp("module") / "home"
    shutil.copytree(made_home, copied)
    return copied


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[str]:
    """Serve the home; give its address."""
    with serving(home) as url:
        yield url


@pytest.fixture(scope="session")
def empty_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a home as it is after the installation; give its address."""
    made = tmp_path_factory.mktemp("empty") / "home"
    make_empty_home(made)
    with serving(made) as url:
        yield url


@pytest.fixture(scope="module")
def worker(home: Path) -> Iterator[None]:
    """Let a worker run the jobs of the home."""
    with working(home):
        yield


@dataclass
class Chromium:
    """The one that is named, that is installed, or that Playwright brought, begun when used.

    While it runs, so does its event loop in this thread, and the tests of other rooms could
    start none: it ends with the last test of this room.
    """

    playwright: Playwright | None = None
    browser: Browser | None = None
    contexts: dict[str, BrowserContext] = field(default_factory=dict)

    def begun(self) -> Browser:
        if self.browser is None:
            # The one without windows first: a page takes 1.7 s of a processor, not 3.1.
            found = program(*reversed(PROGRAMS))
            self.playwright = sync_playwright().start()
            chromium = self.playwright.chromium
            if not (found or Path(chromium.executable_path).exists()):
                skip_or_fail("Chromium is not installed: set KIZASHI_CHROMIUM")
            self.browser = chromium.launch(executable_path=found, args=SWITCHES)
        return self.browser

    def context(self, user: str, **settings: Any) -> BrowserContext:
        """Return the context of some settings."""
        alike = repr((user, sorted(settings.items())))
        if alike not in self.contexts:
            made = self.begun().new_context(timezone_id="UTC", **settings)
            made.set_default_timeout(PATIENCE)
            self.contexts[alike] = made
        return self.contexts[alike]

    def end(self) -> None:
        self.contexts.clear()
        if self.browser is not None:
            self.browser.close()
        if self.playwright is not None:
            self.playwright.stop()
        self.browser = self.playwright = None


CHROMIUM = Chromium()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """End the browser before a test of another room."""
    if nextitem is None or Path(__file__).parent not in nextitem.path.parents:
        CHROMIUM.end()


def pytest_sessionfinish() -> None:
    """End the browser where the tests were broken off."""
    CHROMIUM.end()


@pytest.fixture(scope="module")
def browser() -> Browser:
    """Return the room's browser."""
    return CHROMIUM.begun()


@pytest.fixture(scope="module")
def cookies(browser: Browser) -> Callable[[str, str], list[Any]]:
    """Return a function that gives somebody's cookies, of a login made once."""
    known: dict[tuple[str, str], list[Any]] = {}

    def made(url: str, user: str) -> list[Any]:
        """Return the cookie of a login that the home was made with; none if there is none."""
        path = HOMES[url] / LOGINS if url in HOMES else None
        secrets = json.loads(path.read_text("utf-8")) if path and path.exists() else {}
        kept = {"httpOnly": True, "sameSite": "Strict", "url": url}
        return [
            {"name": COOKIE, "value": secret, **kept}
            for name, secret in secrets.items()
            if name == user
        ]

    def enter(url: str, user: str) -> list[Any]:
        if given := made(url, user):
            return given
        if (url, user) not in known:
            context = browser.new_context()
            page = context.new_page()
            page.goto(f"{url}/login")
            page.fill("#user", user)
            page.fill("#password", PASSWORD)
            page.click("button")
            page.wait_for_url(lambda there: "/login" not in there)
            known[url, user] = list(context.cookies())
            context.close()
        return known[url, user]

    return enter


@pytest.fixture
def browse(
    cookies: Callable[[str, str], list[Any]], request: pytest.FixtureRequest
) -> Iterator[Browse]:
    """Return a function that opens a page as somebody who is logged in.

    Its arguments are the user, ``language`` (``en`` or ``ja``), ``dark``, ``size``, and
    ``url`` of another server.  Addresses are then relative: ``page.goto("/events")``.
    """
    opened: list[Page] = []

    def open_page(
        user: str = "analyst",
        *,
        language: str = "en",
        dark: bool = False,
        size: tuple[int, int] = (1440, 900),
        url: str | None = None,
    ) -> Page:
        url = url or request.getfixturevalue("server")
        context = CHROMIUM.context(
            user,
            base_url=url,
            locale="ja-JP" if language == "ja" else "en-GB",
            color_scheme="dark" if dark else "light",
            viewport={"width": size[0], "height": size[1]},
        )
        if not context.pages:
            context.clear_cookies()
            context.add_cookies(cookies(url, user))
        opened.append(context.new_page())
        return opened[-1]

    yield open_page
    for page in opened:
        page.evaluate(FORGET)
        page.close()


@pytest.fixture
def page(browse: Browse) -> Page:
    """Open a page as the analyst."""
    return browse()
