"""Events that came again while nobody answered the first: seen, gone through, answered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.schemas.event import Event
from tests.ui import triage
from tests.ui.conftest import Browse
from tests.ui.serving import serving

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


@pytest.fixture(scope="module")
def busy(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    made = tmp_path_factory.mktemp("repeats") / "home"
    site = triage.copy_home(home, made)
    found = triage.add_repeats(site)
    site.close()
    return made, found


@pytest.fixture(scope="module")
def repeats_server(busy: tuple[Path, list[Event]]) -> Iterator[str]:
    with serving(busy[0]) as url:
        yield url


def rows(page: Page):
    return page.get_by_role("table", name="Events").locator("tbody tr")


def test_one_waits_leads_to_its_repeats_and_answers_them(
    browse: Browse, repeats_server: str, busy: tuple[Path, list[Event]]
):
    first, second, _ = busy[1]
    page = browse("analyst", url=repeats_server)
    page.goto("/events?fleet=pumps&text=P-1")
    expect(rows(page)).to_have_count(1)
    expect(rows(page)).to_contain_text("Open · again ×2")
    rows(page).get_by_role("link").first.click()
    page.get_by_role("link", name=re.compile("It came again 2×, last until")).click()
    expect(page.get_by_text("Only repeats of one event")).to_be_visible()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("Muted until it is closed")
    page.goto(f"/event?id={second.id}")
    expect(
        page.get_by_text("It repeats an event that nobody has answered yet").first
    ).to_be_visible()
    page.get_by_role("button", name="First event").click()
    page.wait_for_url(re.compile(first.id))
    page.get_by_role("button", name="Close", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("get the same verdict: 2")
    dialog.get_by_text("False alarm").click()
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(page.get_by_text("Closed: 1")).to_be_visible()
    page.goto(f"/event?id={second.id}")
    expect(page.get_by_text("Closed: False alarm").first).to_be_visible()
    expect(page.get_by_text("With the event that it repeats")).to_be_visible()
