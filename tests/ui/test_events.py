"""The inbox: found, worked through by keyboard, quick among ten thousand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from appliance.schemas.event import EventState
from tests.ui import triage
from tests.ui.conftest import Browse
from tests.ui.homes import open_home
from tests.ui.serving import serving
from ui.inbox import Wanted, listed, neighbours, wanted

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


@pytest.fixture(scope="module")
def busy(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with events to be worked through."""
    made = tmp_path_factory.mktemp("busy") / "home"
    site = triage.copy_home(home, made)
    triage.add_events(site)
    triage.add_many(site)
    triage.add_odd(site)
    site.close()
    return made


@pytest.fixture(scope="module")
def busy_server(busy: Path) -> Iterator[str]:
    with serving(busy) as url:
        yield url


@pytest.fixture
def analyst(browse: Browse, busy_server: str) -> Page:
    return browse("analyst", url=busy_server)


def table(page: Page) -> Locator:
    return page.get_by_role("table", name="Events")


def rows(page: Page) -> Locator:
    return table(page).locator("tbody tr")


def machines(page: Page) -> list[str]:
    return table(page).locator("td.asset a").all_inner_texts()


def count(page: Page, name: str) -> Locator:
    return page.get_by_role("navigation", name="Events that wait").get_by_role(
        "link", name=re.compile(f"^{name}")
    )


# ---------------------------------------------------------------- finding
def test_the_most_urgent_is_on_top_of_ten_thousand_and_only_a_page_is_drawn(analyst: Page):
    analyst.goto("/events")
    expect(rows(analyst)).to_have_count(50)
    assert machines(analyst)[:2] == ["P-2", "P-3"]
    expect(count(analyst, "Watch")).to_contain_text("10,004")
    analyst.keyboard.press("n")
    expect(table(analyst)).to_contain_text("M-049")
    expect(analyst.get_by_text("Page 2")).to_be_visible()
    assert "page=2" in analyst.url
    analyst.go_back()
    expect(rows(analyst).first).to_contain_text("P-2")


def test_counts_filter_and_lead_back(analyst: Page):
    analyst.goto("/events?fleet=pumps")
    expect(rows(analyst)).to_have_count(5)
    count(analyst, "Plan").click()
    expect(rows(analyst)).to_have_count(1)
    assert "severity=plan" in analyst.url
    expect(count(analyst, "Plan")).to_have_attribute("aria-current", "true")
    count(analyst, "Plan").click()
    expect(rows(analyst)).to_have_count(5)
    count(analyst, "Sensor fault").click()
    expect(rows(analyst)).to_have_count(1)
    expect(rows(analyst).first).to_contain_text("s0 · frozen")
    analyst.go_back()
    expect(rows(analyst)).to_have_count(5)


def test_filters_are_in_the_address_and_follow_it_back(analyst: Page):
    analyst.goto("/events?text=P-3&sort=time")
    expect(rows(analyst)).to_have_count(4)
    expect(rows(analyst).first).to_contain_text("Sensor fault")
    box = analyst.get_by_placeholder("Machine or sensor")
    expect(box).to_have_value("P-3")
    box.fill("P-2")
    box.press("Enter")
    expect(rows(analyst)).to_have_count(1)
    assert "text=P-2" in analyst.url
    box.fill("nowhere to be found")
    box.press("Enter")
    expect(analyst.get_by_text("No events here")).to_be_visible()
    analyst.get_by_role("link", name="Take all filters away").click()
    expect(rows(analyst)).to_have_count(50)


def test_names_are_text_and_a_telephone_has_cards(browse: Browse, busy_server: str):
    page = browse("analyst", url=busy_server, size=(390, 844), dark=True)
    page.goto("/events?fleet=odd")
    expect(rows(page)).to_have_count(2)
    assert sorted(machines(page)) == sorted([triage.ODD, triage.LONG])
    assert page.evaluate("window.hurt") is None
    assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
    card = rows(page).first.bounding_box()
    assert card["width"] < 390 < card["height"] * 4


def test_it_speaks_japanese(browse: Browse, busy_server: str):
    page = browse("analyst", url=busy_server, language="ja")
    page.goto("/events?fleet=pumps")
    expect(page.get_by_role("heading", name="イベント")).to_be_visible()
    expect(page.get_by_role("table", name="イベント")).to_contain_text("至急")


# ---------------------------------------------------------------- working through
def test_many_are_acknowledged_by_keyboard_and_the_outcome_is_told(analyst: Page, busy: Path):
    analyst.goto("/events?text=M-007&state=open")
    expect(rows(analyst)).to_have_count(50)
    for key in ("x", "j", "x", "ArrowDown", "x"):
        analyst.keyboard.press(key)
    expect(analyst.get_by_text("3 chosen")).to_be_visible()
    analyst.keyboard.press("a")
    expect(analyst.get_by_text("Acknowledged: 3")).to_be_visible()
    expect(analyst.get_by_text("3 chosen")).to_be_hidden()
    site = open_home(busy)
    seen = site.events.list("many", assets=["M-007"], states=[EventState.ACKNOWLEDGED])
    site.close()
    assert len(seen) == 3


def test_keys_are_told_and_do_nothing_while_one_types(analyst: Page):
    analyst.goto("/events?fleet=pumps")
    expect(rows(analyst)).to_have_count(5)
    analyst.keyboard.press("?")
    expect(analyst.get_by_role("region", name="Keys")).to_contain_text("close with a verdict")
    analyst.keyboard.press("Escape")
    expect(analyst.get_by_role("region", name="Keys")).to_be_hidden()
    analyst.get_by_placeholder("Machine or sensor").click()
    analyst.keyboard.type("xac")
    expect(analyst.get_by_role("dialog")).to_have_count(0)
    expect(analyst.get_by_text("chosen", exact=False)).to_be_hidden()


def test_some_are_closed_with_a_verdict_and_muted_with_a_reason(analyst: Page):
    analyst.goto("/events?text=M-008&state=open")
    expect(rows(analyst)).to_have_count(50)
    analyst.keyboard.press("x")
    analyst.keyboard.press("j")
    analyst.keyboard.press("x")
    analyst.keyboard.press("c")
    dialog = analyst.get_by_role("dialog")
    expect(dialog).to_contain_text("2 events: what were they?")
    expect(dialog).to_contain_text("The next training learns these 2 h as normal.")
    dialog.get_by_text("False alarm", exact=True).click()
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(analyst.get_by_text("Closed: 2")).to_be_visible()
    analyst.goto("/events?text=M-009&state=open")
    expect(rows(analyst)).to_have_count(50)
    analyst.keyboard.press("m")
    dialog = analyst.get_by_role("dialog")
    dialog.get_by_label("Why").fill("The seal is ordered")
    dialog.get_by_label("Why").press("Enter")
    dialog.get_by_role("button", name="Mute", exact=True).click()
    expect(analyst.get_by_text("Muted: 1")).to_be_visible()
    count(analyst, "Muted").click()
    expect(rows(analyst)).to_have_count(1)
    expect(rows(analyst).first).to_contain_text("Muted until")


def test_a_viewer_may_look_and_no_more(browse: Browse, busy_server: str):
    page = browse("viewer", url=busy_server)
    page.goto("/events?fleet=pumps")
    expect(rows(page)).to_have_count(5)
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(table(page).locator("input")).to_have_count(0)
    page.keyboard.press("a")
    page.keyboard.press("j")
    page.keyboard.press("o")
    page.wait_for_url(re.compile("/event\\?id="))


def test_where_nothing_waits_it_is_said(browse: Browse, server: str, empty_server: str):
    page = browse("analyst", url=server)
    page.goto("/events?fleet=fans")
    expect(page.get_by_text("Nothing waits for you")).to_be_visible()
    page = browse("analyst", url=empty_server)
    page.goto("/events")
    expect(page.get_by_text("You see no fleets yet")).to_be_visible()


def test_a_free_stretch_of_time_is_in_the_address(browse: Browse):
    page = browse(language="ja")
    page.goto("/events?fleet=pumps&state=all&days=range&to=946684800")
    expect(page.get_by_text("該当するイベントはありません")).to_be_visible()
    until = page.get_by_label("終了", exact=True)
    expect(until.first).to_be_visible()
    page.goto("/events?fleet=pumps&state=all&days=range&from=946684800")
    expect(page.get_by_role("table").locator("tbody tr").first).to_contain_text("P-")


# ---------------------------------------------------------------- addresses
def test_a_list_comes_back_from_its_address():
    one = Wanted("pumps", "open", "act", "anomaly", "mine", "7", "a&b=c", "time", "xyz", "3")
    assert wanted(one.words()) == one
    assert Wanted().address() == "/events"
    assert one.address(severity="") == (
        "/events?fleet=pumps&state=open&kind=anomaly&owner=mine&days=7&text=a%26b%3Dc&sort=time"
    )
    ranged = Wanted(days="range", from_="1700000000", to="1700003600")
    assert ranged.address() == "/events?days=range&from=1700000000&to=1700003600"
    assert wanted({**ranged.words(), "days": "7"}) == Wanted(days="7")
    assert wanted(ranged.words()) == ranged
    address = one.event("evt_1", 4)
    told = dict(part.split("=", 1) for part in address.split("?")[1].split("&"))
    assert (told["id"], told["at"]) == ("evt_1", "4")
    assert listed("fleet=pumps&state=open").fleet == "pumps"


@pytest.mark.parametrize(
    "words", [{"state": "x", "severity": "y", "days": "2"}, {"page": "-1"}, {"page": "9"}]
)
def test_words_that_mean_nothing_are_left_aside(words: dict[str, str]):
    assert wanted(words) == Wanted()


@pytest.mark.parametrize(
    ("event", "at", "expected"),
    [
        ("a", 0, (0, None, 1)),
        ("b", 0, (1, 0, 2)),
        ("c", 2, (2, 1, None)),
        ("gone", 1, (None, 0, 1)),
        ("gone", 9, (None, 2, None)),
        ("gone", 0, (None, None, 0)),
    ],
)
def test_what_stands_before_and_after(event: str, at: int, expected: tuple[int | None, ...]):
    found = neighbours(["a", "b", "c"], event, at)
    assert (found.place, found.before, found.after) == expected
