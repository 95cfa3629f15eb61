"""The scorecard: in words and figures, and what they rest on."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.schemas.scorecard import Estimate, LeadTime, Scorecard, ScorecardRow
from tests.ui.conftest import Browse
from ui import scorecards

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


def row(**facts) -> ScorecardRow:
    """Return figures of ten events over two machine-months, but for what is given."""
    told = {
        "asset_months": 2.0,
        "events": 10,
        "true": 0,
        "false": 0,
        "planned": 0,
        "unreviewed": 10,
        "precision": Estimate(value=None, low=0, high=1),
        "false_alarms": Estimate(value=0.0, low=0, high=1.9),
        "budget": 1.0,
        "failures": 0,
        "missed": 0,
        "caught": Estimate(value=None, low=0, high=1),
    }
    return ScorecardRow(**told | facts)


def words(**facts) -> str:
    card = Scorecard(fleet="pumps", total=row(**facts), look_back_days=30)
    return scorecards.state(card)


def test_the_state_is_told_with_how_sure_it_is():
    assert "nobody has said yet" in words()
    assert "No alarm was raised" in words(events=0, unreviewed=0)
    few = Estimate(value=0.75, low=0.3, high=0.95)
    told = words(true=3, false=1, unreviewed=6, precision=few)
    assert "3 of the 4 alarms" in told
    assert "anywhere from 30% to 95%" in told
    assert "keep the budget so far" in told
    many = Estimate(value=0.9, low=0.8, high=0.96)
    told = words(true=27, false=3, unreviewed=0, precision=many)
    assert "few to go by" not in told


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.2, 0.1, 0.9, "keep the budget: 0.20"),
        (0.2, 0.1, 1.9, "keep the budget so far"),
        (1.4, 0.8, 3.0, "above the budget so far"),
        (3.0, 1.2, 6.0, "exceed the budget: 3.0"),
    ],
)
def test_false_alarms_are_held_against_the_budget(value, low, high, said):
    rate = Estimate(value=value, low=low, high=high)
    assert said in words(true=1, false=1, false_alarms=rate)


def test_failures_are_told_with_how_early_they_were_seen():
    assert "No failure is on record" in words()
    assert "1 of 2 failures" in words(failures=2, missed=1)
    early = LeadTime(median=30, lower_quartile=20, upper_quartile=40)
    assert "All 2 failures" in words(failures=2, lead_hours=early)
    assert "1 d 6 h" in words(failures=2, lead_hours=early)


# ---------------------------------------------------------------- in the browser
def test_all_fleets_lead_to_one(page: Page):
    page.goto("/scorecard")
    table = page.get_by_role("table", name="By fleet").or_(
        page.get_by_label("By fleet").locator("table")
    )
    expect(table.first).to_contain_text("pumps")
    expect(page.get_by_text("fleets keep their budget")).to_be_visible()
    table.first.get_by_role("link", name="pumps").click()
    page.wait_for_url(re.compile(r"/scorecard\?fleet=pumps"))
    for label in ("Right alarms", "Missed failures", "Warning ahead", "Alarms"):
        expect(page.locator(".figure .label").get_by_text(label, exact=True)).to_be_visible()
    page.go_back()
    expect(page.get_by_text("fleets keep their budget")).to_be_visible()


def test_the_range_is_in_the_address_and_figures_lead_to_events(page: Page):
    page.goto("/scorecard?fleet=pumps&days=all")
    page.get_by_role("radio", name="30 d").click()
    page.wait_for_url(re.compile("days=30"))
    page.get_by_text("P-2", exact=True).first.click()
    page.wait_for_url(re.compile(r"/event\?id=evt_"))


def test_figures_are_taken_along(page: Page, tmp_path: Path):
    page.goto("/scorecard?fleet=pumps&days=all")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="CSV").click()
    path = tmp_path / "card.csv"
    waiting.value.save_as(path)
    rows = list(csv.DictReader(path.open()))
    assert rows[0]["fleet"] == "pumps"
    assert rows[0]["month"] == ""
    assert {one["month"] for one in rows} >= {"2026-01"}
    assert waiting.value.suggested_filename == "scorecard-pumps.csv"


def test_a_failure_that_is_told_is_counted_as_missed(page: Page, browse: Browse):
    page.goto("/scorecard?fleet=pumps&basis=failures")
    page.get_by_role("button", name="Report a failure").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").first.click()
    page.get_by_role("option", name="P-3").click()
    dialog.get_by_label("What failed").fill("<b>seal</b> torn")
    dialog.get_by_role("button", name="Report").click()
    expect(page.get_by_text("The failure is on record.")).to_be_visible()
    expect(page.get_by_text("<b>seal</b> torn")).to_be_visible()
    expect(page.get_by_text(re.compile("failures came without a warning"))).to_be_visible()
    page.get_by_role("link", name="P-3").first.click()
    page.wait_for_url(re.compile(r"/calendar\?fleet=pumps&window=win_"))
    expect(page.get_by_text("Who changed what")).to_be_visible()
    viewer = browse("viewer")
    viewer.goto("/scorecard?fleet=pumps")
    expect(viewer.get_by_role("button", name="CSV")).to_be_visible()
    expect(viewer.get_by_role("button", name="Report a failure")).to_have_count(0)


def test_it_reads_in_japanese_on_a_telephone(browse: Browse):
    page = browse("viewer", language="ja", size=(390, 844), dark=True)
    page.goto("/scorecard?fleet=pumps")
    expect(page.get_by_role("heading", name="成績表")).to_be_visible()
    expect(page.get_by_text("集計の根拠").first).to_be_visible()
    assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
