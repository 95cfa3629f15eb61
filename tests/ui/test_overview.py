"""The overview: where to look first, and what leads there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Browse
from tests.ui.homes import add_users, make_fleet, open_home
from tests.ui.serving import serving

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
LANE = re.compile("Machines by time")


def lane(page: Page):
    return page.get_by_role("grid", name=LANE)


def names(page: Page) -> list[str]:
    return lane(page).get_by_role("rowheader").get_by_role("link").all_inner_texts()


def test_the_first_page_has_figures_a_lane_and_what_waits(page: Page):
    page.goto("/")
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    expect(lane(page)).to_have_attribute("aria-rowcount", "7")
    assert names(page)[0] == "P-2"
    for label in ("Open events", "Machines watched", "Data coverage", "Last reading"):
        expect(page.get_by_text(label, exact=True)).to_be_visible()
    expect(page.get_by_text("100.0%")).to_be_visible()
    waiting = page.get_by_role("list", name="Look here first")
    expect(waiting.get_by_role("link").first).to_contain_text("P-2")
    silent = page.get_by_role("list", name="Data that stopped coming")
    expect(silent).to_contain_text("pumps: all 4 machines")
    expect(silent).to_contain_text("fans: all 3 machines")


def test_a_cell_tells_what_it_is_and_leads_to_its_machine_and_time(page: Page):
    page.goto("/")
    row = lane(page).get_by_role("row").first
    cells = row.get_by_role("gridcell")
    expect(cells).to_have_count(30)
    last = cells.nth(29)
    expect(last).to_have_attribute("aria-label", re.compile("P-2 · Thu 8 Jan · "))
    cells.nth(28).hover()
    expect(page.locator(".tip.shown")).to_contain_text("of the alarm level")
    last.click()
    expect(page.get_by_role("heading", name="P-2")).to_be_visible()
    start, end = (int(re.search(rf"{name}=(\d+)", page.url)[1]) for name in ("from", "to"))
    assert end - start == 3 * 86400
    assert (start + 86400) % 86400 == 15 * 3600  # midnight in Tokyo
    page.go_back()
    expect(lane(page)).to_be_visible()


def test_it_is_walked_with_the_keyboard(page: Page):
    page.goto("/")
    expect(lane(page)).to_be_visible()
    lane(page).get_by_role("gridcell").nth(29).focus()
    for key in ("ArrowDown", "ArrowLeft", "ArrowLeft", "Home", "End", "ArrowUp", "PageDown"):
        page.keyboard.press(key)
    at = page.evaluate(
        "() => { let one = document; while (one.activeElement?.shadowRoot)"
        " one = one.activeElement.shadowRoot; return {...one.activeElement.dataset}; }"
    )
    assert at == {"row": "6", "bucket": "29"}
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/asset\?fleet=.*&asset=.*&from=\d+"))


def test_fleet_and_range_are_in_the_address(page: Page):
    page.goto("/?fleet=fans&days=7")
    expect(lane(page)).to_have_attribute("aria-rowcount", "3")
    expect(lane(page)).to_have_attribute("aria-colcount", "30")
    page.get_by_role("radio", name="90 d").click()
    expect(lane(page)).to_have_attribute("aria-colcount", "92")
    assert "days=90" in page.url
    assert "fleet=fans" in page.url
    for name, columns in (("30 d", "32"), ("7 d", "30"), ("30 d", "32")):
        page.get_by_role("radio", name=name, exact=True).click()
        expect(lane(page)).to_have_attribute("aria-colcount", columns)
    assert "days" not in page.url


def test_news_are_since_the_visit_before(browse: Browse):
    page = browse("engineer")
    page.goto("/")
    expect(page.get_by_text("This is your first visit.")).to_be_visible()


def test_an_event_is_opened_from_the_list(page: Page):
    page.goto("/")
    page.get_by_role("list", name="Look here first").get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/event\?id=evt_"))


def test_it_speaks_japanese(browse: Browse):
    page = browse(language="ja", dark=True)
    page.goto("/")
    expect(page.get_by_role("heading", name="概要")).to_be_visible()
    expect(page.get_by_text("最初に確認するもの")).to_be_visible()
    first = page.get_by_role("grid").get_by_role("gridcell").nth(29)
    expect(first).to_have_attribute("aria-label", re.compile("1月8日"))


def test_an_empty_appliance_leads_by_the_hand(browse: Browse, empty_server: str):
    page = browse("engineer", url=empty_server)
    page.goto("/")
    expect(page.get_by_text("From a file to the first explained anomaly")).to_be_visible()
    first = page.locator(".way li").first
    expect(first).to_contain_text("Bring in readings")
    expect(first.locator(".sign")).to_have_text("1")
    viewer = browse("viewer", url=empty_server)
    viewer.goto("/")
    expect(viewer.get_by_text("ask an engineer")).to_be_visible()


def test_whoever_has_no_role_is_told(browse: Browse):
    page = browse("stranger")
    page.goto("/")
    expect(page.get_by_text("You see no fleets yet")).to_be_visible()


def test_a_fleet_is_chosen_from_the_list(page: Page):
    page.goto("/")
    page.get_by_role("list", name="Fleets").get_by_role("link", name="fans").click()
    expect(lane(page)).to_have_attribute("aria-rowcount", "3")
    page.go_back()
    expect(lane(page)).to_have_attribute("aria-rowcount", "7")


ODD = ('<img src=x onerror="window.hurt = 1">', "ポンプ" * 60, "a & b = <b>c</b>?/#%")


@pytest.fixture(scope="module")
def odd_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a fleet whose machines have names that nobody expects, learned and scored."""
    home = tmp_path_factory.mktemp("odd") / "home"
    site = open_home(home)
    add_users(site)
    make_fleet(site, "odd", ODD)
    site.close()
    with serving(home) as url:
        yield url


def test_names_are_shown_as_they_are_and_do_nothing(browse: Browse, odd_server: str):
    for size in ((1440, 900), (390, 844)):
        page = browse("viewer", url=odd_server, size=size)
        page.goto("/")
        expect(lane(page)).to_have_attribute("aria-rowcount", "3")
        assert sorted(names(page)) == sorted(ODD)
        assert page.evaluate("window.hurt") is None
        assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
    lane(page).get_by_role("link", name="a & b").click()
    page.wait_for_url(lambda url: "/asset" in url)
    assert parse_qs(urlsplit(page.url).query)["asset"] == [ODD[2]]


def test_a_machine_is_called_as_it_is(browse: Browse, odd_server: str):
    for size in ((1440, 900), (390, 844)):
        page = browse("viewer", url=odd_server, size=size)
        for name in ODD:
            page.goto(f"/asset?fleet=odd&asset={quote(name, safe='')}")
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            assert page.evaluate("window.hurt") is None
            assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
