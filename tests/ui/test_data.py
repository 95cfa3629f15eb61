"""The data page: a file with bad rows brought in, what came, quality, and sensors edited."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.ui.conftest import Browse

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
HOSTILE = '<img src=x onerror="window.hurt=1">'


@pytest.fixture
def bad_rows(tmp_path: Path) -> Path:
    """Write two days of a mixer: one time is none, and two cells are no numbers."""
    lines = ["when,unit,speed (rpm),power,note"]
    for hour in range(48):
        when = "never" if hour == 7 else f"2026-01-{1 + hour // 24:02d} {hour % 24:02d}:00:00"
        power = {3: HOSTILE, 5: "?!"}.get(hour, f"{hour / 10 + 1:.1f}")
        lines.append(f"{when},M-1,{1000 + hour},{power},fine")
    path = tmp_path / "mixers.csv"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def sheet(page: Page, cell: str):
    """Return a cell of the sensors that can be edited."""
    return page.get_by_label(cell, exact=True)


def test_a_file_with_bad_rows_is_looked_at_corrected_and_brought_in(
    browse: Browse, bad_rows: Path, worker: None
):
    page = browse("engineer")
    page.goto("/data?part=bring")
    page.get_by_label("Drop files here").set_input_files(bad_rows)
    expect(page.get_by_text("power: Not a number")).to_be_visible()
    expect(page.get_by_text("when: Not a time")).to_be_visible()
    use = page.get_by_label("speed: what it is taken for")
    expect(use).to_have_value("sensor")
    use.select_option("context")
    expect(page.get_by_label("speed: what it is taken for")).to_have_value("context")
    unit = page.get_by_label("power: unit")
    unit.fill("kW")
    unit.press("Tab")
    page.reload()  # the address leads back to the file
    expect(page.get_by_text("power: Not a number")).to_be_visible()
    page.get_by_label("speed: what it is taken for").select_option("context")
    expect(page.get_by_label("speed: what it is taken for")).to_have_value("context")
    page.get_by_role("button", name="Bring in", exact=True).click()
    told = "47 readings of 1 machines and 2 sensors are in mixers now."
    expect(page.get_by_text(told)).to_be_visible(timeout=30_000)
    page.get_by_role("link", name="All that was refused").click()
    reasons = page.get_by_role("table", name="Why rows and cells were refused")
    expect(reasons).to_contain_text(HOSTILE)
    reasons.get_by_role("link", name="Not a number").click()
    rows = page.get_by_role("table", name="Rows and cells refused for this reason")
    expect(rows).to_contain_text("?!")
    assert page.evaluate("window.hurt") is None
    with page.expect_download() as found:
        page.get_by_role("link", name="Download as CSV").first.click()
    assert "mixers.csv" in found.value.path().read_text("utf-8-sig")
    page.goto("/data?part=bring")
    page.get_by_label("Drop files here").set_input_files(bad_rows)
    expect(page.get_by_text("This file was brought in on")).to_be_visible()


def test_what_came_tells_by_whom_and_how_fresh(page: Page):
    page.goto("/data?fleet=pumps")
    came = page.get_by_role("table", name="What came")
    expect(came).to_contain_text("pumps-training.csv")
    fresh = page.get_by_role("list", name="Last reading by machine")
    fresh.get_by_role("link", name=re.compile("P-1")).click()
    page.wait_for_url(lambda url: "/asset" in url)
    page.go_back()
    expect(came).to_be_visible()


def test_quality_leads_from_a_day_to_the_readings(page: Page):
    page.goto("/data?part=quality&fleet=pumps&asset=P-1&days=7")
    cells = page.get_by_role("grid", name="Quality by sensor and day").get_by_role("gridcell")
    expect(cells.first).to_have_attribute("aria-label", re.compile(r"s0 · .*Coverage"))
    cells.nth(6).click()
    page.wait_for_url(lambda url: "/asset" in url)
    query = parse_qs(urlsplit(page.url).query)
    assert query["asset"] == ["P-1"]
    assert int(query["to"][0]) - int(query["from"][0]) == 86_400


def test_a_sensor_is_edited_and_a_conflict_is_told(browse: Browse):
    page, other = browse("engineer"), browse("engineer")
    for one in (page, other):
        one.goto("/data?part=sensors&fleet=fans")
        expect(sheet(one, "s1: Unit")).to_be_visible()
    cell = sheet(page, "s1: Unit")
    cell.fill("mm/s")
    cell.press("Enter")
    expect(page.get_by_text("s1: kept.")).to_be_visible()
    late = sheet(other, "s1: Upper limit")
    late.fill("50")
    late.press("Enter")
    expect(other.get_by_text("changed by somebody else in the meantime")).to_be_visible()
    expect(sheet(other, "s1: Unit")).to_have_value("mm/s")
    expect(sheet(other, "s1: Upper limit")).to_have_value("")
    wrong = sheet(other, "s1: Upper limit")
    wrong.fill("much")
    wrong.press("Enter")
    expect(other.get_by_text("much is no number")).to_be_visible()


def test_whoever_may_not_sees_no_way_to(browse: Browse):
    page = browse("viewer")
    page.goto("/data?part=sensors&fleet=fans")
    expect(page.get_by_role("table", name="Sensors")).to_contain_text("s0")
    expect(page.get_by_label("s0: Unit")).to_have_count(0)
    expect(page.get_by_text("Bring in", exact=True)).to_have_count(0)
    page.goto("/data?part=bring")
    expect(page.get_by_text("You may not bring data in")).to_be_visible()


def test_it_fits_a_telephone_in_japanese(browse: Browse):
    page = browse("engineer", language="ja", size=(390, 844), dark=True)
    for part in ("bring", "sources", "quality", "sensors", "refused"):
        page.goto(f"/data?part={part}&fleet=pumps")
        expect(page.get_by_role("heading", name="データ", exact=True)).to_be_visible()
        assert page.evaluate("document.body.scrollWidth <= window.innerWidth"), part
