"""From an empty appliance to the first event, led by the hand: one person, one browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.appliance.pipelines.sites import DAY, LEARNED, plant
from tests.ui.conftest import Browse
from tests.ui.homes import make_empty_home
from tests.ui.serving import serving, working

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
_LONG = 60_000
"""Milliseconds that a training may take here."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a home as it is after the installation, with a worker beside it."""
    home = tmp_path_factory.mktemp("fresh") / "home"
    make_empty_home(home)
    with serving(home) as url, working(home):
        yield url


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a week of four machines; P-2 has a fault on the last day."""
    path = tmp_path_factory.mktemp("recorded") / "Main pumps 2026-01.csv"
    faults = {"P-2": (1, LEARNED + 40, LEARNED + 80)}
    plant(LEARNED + DAY, faults=faults).write_csv(path)
    return path


def now(page: Page) -> str:
    """Return the step of the way that is due."""
    return page.locator(".way li.now b").inner_text()


def test_from_a_file_to_the_first_event(browse: Browse, fresh: str, recorded: Path):
    page = browse("engineer", url=fresh)
    page.goto("/")
    expect(page.get_by_text("From a file to the first explained anomaly")).to_be_visible()
    assert now(page) == "Bring in readings"
    page.get_by_role("link", name="Bring in data").click()
    page.get_by_label("Drop files here").set_input_files(recorded)
    expect(page.get_by_text("Nothing seems to be wrong")).to_be_visible()
    page.get_by_role("button", name="Bring in", exact=True).click()
    told = "4,032 readings of 4 machines and 5 sensors are in main-pumps now."
    expect(page.get_by_text(told)).to_be_visible(timeout=_LONG)
    assert now(page) == "Learn what is normal"
    page.goto("/")  # left in the middle, it goes on where it was
    assert now(page) == "Learn what is normal"
    page.get_by_role("button", name="Learn what is normal").click()
    expect(page.get_by_text("Look here first")).to_be_visible(timeout=_LONG)
    page.get_by_role("list", name="Look here first").get_by_role("link").first.click()
    page.wait_for_url(lambda url: "/event" in url)
    expect(page.get_by_text("P-2").first).to_be_visible()


def test_the_way_is_told_to_its_end(browse: Browse, fresh: str):
    page = browse("engineer", url=fresh)
    page.goto("/data?part=bring")
    expect(page.locator(".way li.done")).to_have_count(3)
    expect(page.get_by_role("link", name="See what stands out most")).to_be_visible()
