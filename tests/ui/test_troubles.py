"""Troubles: a platform away, a session ended, rights that lack, odd names, too much."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from streamlit.testing.v1 import AppTest

from appliance.client import connect
from tests.appliance.api.ports import free_port
from tests.appliance.people import PASSWORD
from tests.appliance.pipelines.sites import plant
from tests.ui import odd, triage
from tests.ui.conftest import Browse
from tests.ui.homes import add_users, bring, make_empty_home, open_home
from tests.ui.serving import served, serving
from ui.text import catalogue
from ui.views import PAGES

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
STANDS = "[data-test-script-state=notRunning]"
SHOWN = (
    "overview",
    "asset",
    "event",
    "machines",
    "calendar",
    "windows",
    "recipes",
    "sensors",
    "tokens",
    "events",
    "data",
    "audit",
)
"""Pages on which an odd text is to be seen."""
DEEDS = [
    re.compile(f"^{word}")
    for word in (
        "Add",
        "Train",
        "Retrain",
        "Promote",
        "Delete",
        "Remove",
        "Acknowledge",
        "Close an",
    )
]
LATEST = 3.0
"""Seconds after which an inbox of ten thousand stands, at the latest."""
WIDTH = "[document.documentElement.scrollWidth, document.body.scrollWidth]"


def stands(page: Page) -> None:
    """Wait until a page is drawn."""
    page.locator(STANDS).wait_for()
    expect(page.get_by_role("heading", level=1).first).to_be_visible()


# ---------------------------------------------------------------- odd names
@pytest.fixture(scope="module")
def odd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a home whose names are what nobody expects."""
    home = tmp_path_factory.mktemp("odd") / "home"
    odd.make_odd_home(home)
    with serving(home) as url:
        yield url


def wider_than(page: Page, width: int) -> bool:
    """Whether anything makes the page wider than a screen of a width."""
    page.set_viewport_size({"width": width, "height": 900})
    return bool(max(page.evaluate(WIDTH)) > width)


def test_whatever_a_text_says_it_is_only_shown(browse: Browse, odd_server: str):
    with connect(odd_server, user="root", password=PASSWORD) as root:
        addresses = odd.say_odd(root)
    page = browse("root", url=odd_server)
    hurt: list[str] = []
    page.on("dialog", lambda dialog: (hurt.append(dialog.message), dialog.dismiss()))
    wrong: dict[str, object] = {}
    for name, address in addresses.items():
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(address)
        stands(page)
        if name in SHOWN:
            said = page.get_by_text(odd.HURT).or_(page.get_by_text(odd.SCRIPT))
            expect(said.first).to_be_attached()
        found = [width for width in (1440, 390) if wider_than(page, width)]
        if page.evaluate("window.__x") is not None or page.locator("[onerror]").count():
            found.append("harmed")
        if page.get_by_test_id("stException").count():
            found.append("failed")
        if found:
            wrong[name] = found
    assert wrong == {}
    assert hurt == []


# ---------------------------------------------------------------- sessions and rights
def entered(page: Page, user: str) -> None:
    """Log in on the page that is shown."""
    page.fill("#user", user)
    page.fill("#password", PASSWORD)
    page.click("button")


LEADS = (
    "events?fleet={fleet}",
    "models?fleet={fleet}",
    "models?fleet={fleet}&part=history",
    "model?fleet={fleet}&version=1",
    "data?fleet={fleet}",
    "data?fleet={fleet}&part=sensors",
    "schedules",
    "calendar?fleet={fleet}",
)
"""Pages with something to do that not everybody may."""
LACKS = {
    "analyst": ("Promote", "Delete", "Roll back", "Add a source", "Add a schedule", "Pause"),
    "engineer": ("Delete", "Add a user", "Make a project", "Add a channel"),
}
"""Begins of what would answer no to whoever has a role."""
HAS = {"analyst": "Train", "engineer": "Add a schedule"}
"""What each is offered on one of the pages, so that the others are missing for a reason."""


@pytest.mark.parametrize("role", LACKS)
def test_whoever_may_something_is_offered_that_and_no_more(
    browse: Browse, odd_server: str, role: str
):
    page = browse(role, url=odd_server)
    offered = False
    for lead in LEADS:
        page.goto("/" + lead.format(fleet=odd.FLEET))
        stands(page)
        for word in LACKS[role]:
            button = page.get_by_role("button", name=re.compile(f"^{word}"))
            assert button.count() == 0, (lead, word)
        offered |= page.get_by_role("button", name=re.compile(f"^{HAS[role]}")).count() > 0
    assert offered


def test_a_session_that_ends_leads_to_the_login_and_back(browse: Browse, odd_server: str):
    page = browse("analyst", url=odd_server)
    page.goto("/")
    stands(page)
    with connect(odd_server, user="root", password=PASSWORD) as root:
        root.users.end_sessions("analyst")
    page.get_by_role("link", name="Jobs").click()
    page.wait_for_url(re.compile("/login"))
    entered(page, "analyst")
    page.wait_for_url(re.compile(r"/jobs"))
    expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()


def test_an_address_that_is_wanted_is_kept_with_what_it_asks(browse: Browse, odd_server: str):
    page = browse("engineer", url=odd_server)
    with connect(odd_server, user="root", password=PASSWORD) as root:
        root.users.end_sessions("engineer")
    page.goto("/events?state=closed&fleet=odd")
    page.wait_for_url(re.compile("/login"))
    entered(page, "engineer")
    page.wait_for_url(re.compile(r"/events\?(?=.*state=closed)(?=.*fleet=odd)"))


# ---------------------------------------------------------------- a platform that goes away
LOST = {"en": "The platform does not answer. Trying again", "ja": "応答していません"}


def test_a_server_that_goes_away_is_waited_for_in_the_pages_language(
    browse: Browse, tmp_path: Path
):
    home, port = tmp_path / "home", free_port()
    make_empty_home(home)
    with served(home, port) as (url, process):
        pages = {code: browse("viewer", url=url, language=code) for code in LOST}
        left = browse("analyst", url=url)
        for page in (*pages.values(), left):
            page.goto("/events?state=closed")
            stands(page)
        with connect(url, user="root", password=PASSWORD) as root:
            root.users.end_sessions("analyst")
        process.kill()
        for code, page in pages.items():
            expect(page.get_by_role("status").filter(has_text=LOST[code])).to_be_in_viewport()
            assert page.get_by_role("dialog").count() == 0
            page.keyboard.press("Tab")
            assert page.evaluate("document.activeElement !== document.body")
    with served(home, port):
        left.wait_for_url(re.compile(r"/login\?next="))
        entered(left, "analyst")
        left.wait_for_url(re.compile(r"/events\?state=closed"))
        for code, page in pages.items():
            expect(page.get_by_text(LOST[code])).to_have_count(0)
        page = pages["en"]
        page.get_by_role("link", name="Jobs").click()
        expect(page.get_by_role("heading", name="Jobs", level=1)).to_be_visible()


def test_a_platform_that_does_not_answer_is_told_in_words():
    page = AppTest.from_function(asks_nobody).run()
    assert not page.exception
    assert "The platform does not answer" in page.markdown[0].value
    assert [one.label for one in page.button] == ["Try again"]


def asks_nobody() -> None:
    """Draw a page whose platform is away."""
    from appliance.client import connect
    from ui import frame

    with frame.troubles(), connect("http://127.0.0.1:9", "kz_none", patience=0) as nobody:
        nobody.me()


# ---------------------------------------------------------------- what is not there
NOWHERE = {
    "/nowhere?fleet=odd": "frame.unknown",
    "/event?id=evt_00000000000000000000": "event.title",
    "/asset?fleet=none&asset=none": "asset.title",
}


@pytest.mark.parametrize("language", ["en", "ja"])
def test_what_is_not_there_is_told_under_a_heading(
    browse: Browse, odd_server: str, language: str
):
    page = browse("viewer", url=odd_server, language=language)
    for address, title in NOWHERE.items():
        page.goto(address)
        page.locator(STANDS).wait_for()
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text(catalogue(language)[title])
        missing = "見つかりません" if language == "ja" else "This is not there"
        expect(page.get_by_role("heading", name=missing)).to_be_visible()
        assert page.get_by_role("dialog").count() == 0
    detail = page.locator(".kz-detail")
    if language == "en":
        expect(detail).to_have_count(0)
        expect(page.get_by_text("there is no fleet")).to_be_visible()
    else:
        expect(detail).to_contain_text("there is no fleet")
        expect(page.get_by_text("一覧から選び直してください")).to_be_visible()


# ---------------------------------------------------------------- rights, nothing, too much
OFFERED = [page.name for pages in PAGES.values() for page in pages if page.listed]
"""The pages of the navigation."""


def test_a_viewer_is_offered_nothing_that_would_answer_no(browse: Browse, odd_server: str):
    page = browse("viewer", url=odd_server)
    for name in OFFERED:
        page.goto(f"/{name}?fleet={odd.FLEET}")
        if name == "administration":
            expect(page.get_by_text("You may not do that")).to_be_visible()
            expect(page.get_by_role("heading", level=1)).to_have_text("Administration")
            expect(page.get_by_text("“Give and take roles”")).to_be_visible()
            continue
        stands(page)
        for word in DEEDS:
            assert page.get_by_role("button", name=word).count() == 0, (name, word.pattern)


@pytest.fixture(scope="module")
def bare_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a fleet without a model, and one without readings that has 10,000 events."""
    home = tmp_path_factory.mktemp("bare") / "home"
    site = open_home(home)
    add_users(site)
    bring(site, "bare", plant(30, assets=("B-1",)), "readings")
    triage.add_many(site)
    site.close()
    with serving(home) as url:
        yield url


def test_a_fleet_without_a_model_or_readings_is_no_error(browse: Browse, bare_server: str):
    page = browse("engineer", url=bare_server)
    asked = [(name, "bare") for name in OFFERED if name != "administration"]
    for name, fleet in (*asked, ("overview", "many"), ("models", "many"), ("data", "many")):
        page.goto(f"/{name}?fleet={fleet}")
        stands(page)
        assert page.get_by_test_id("stException").count() == 0, (name, fleet)


def test_ten_thousand_events_are_opened_and_turned_at_once(browse: Browse, bare_server: str):
    page = browse("analyst", url=bare_server)
    page.goto("/scorecard")
    stands(page)
    begun = time.monotonic()
    page.goto("/events")
    rows = page.get_by_role("table", name="Events").locator("tbody tr")
    expect(rows).to_have_count(50)
    assert time.monotonic() - begun < LATEST
    page.keyboard.press("n")
    expect(page.get_by_text("Page 2")).to_be_visible()
