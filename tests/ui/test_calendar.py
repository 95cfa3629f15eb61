"""The calendar: a month on a sheet, and windows that are weighed before they are made."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import Page, expect

from appliance.schemas.calendar import WindowDraft, WindowKind
from tests.appliance.api.test_calendar import ICS
from tests.appliance.events.drafts import START
from tests.ui.conftest import Browse
from ui import windows
from ui.components.month import Entry, days_of, slots
from ui.windows import Repeat, repeat_of, rule_of

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
JANUARY = "/calendar?fleet=pumps&month=2026-01"


# ---------------------------------------------------------------- rules and sheets
@pytest.mark.parametrize(
    ("repeat", "rule"),
    [
        (Repeat(), ""),
        (Repeat("daily"), "FREQ=DAILY"),
        (Repeat("weekly", ("TU", "SA")), "FREQ=WEEKLY;BYDAY=TU,SA"),
        (Repeat("monthly", (), date(2027, 3, 31)), "FREQ=MONTHLY;UNTIL=20270331"),
        (Repeat("own", own="FREQ=MONTHLY;BYDAY=1MO"), "FREQ=MONTHLY;BYDAY=1MO"),
        (Repeat("own", own="FREQ=WEEKLY;INTERVAL=2"), "FREQ=WEEKLY;INTERVAL=2"),
    ],
)
def test_a_choice_and_its_rule_are_the_same_thing(repeat: Repeat, rule: str):
    assert rule_of(repeat) == rule
    assert repeat_of(rule) == repeat


def test_rules_are_told_in_words():
    assert windows.returns("") == "Once"
    assert windows.returns("FREQ=WEEKLY;BYDAY=MO,SA") == "Every Mon, Sat"
    assert (
        windows.returns("FREQ=DAILY;UNTIL=20270331T000000Z") == "Every day, until 31 Mar 2027"
    )
    assert "FREQ=YEARLY" in windows.returns("FREQ=YEARLY")


def test_what_changed_is_told():
    before = WindowDraft(
        fleet="pumps", start=START, end=START + timedelta(days=1), title="seals"
    )
    after = before.model_copy(update={"asset": "P-1", "kind": WindowKind.OTHER})
    assert windows.differences(before, after) == ["kind", "machines"]


@pytest.mark.parametrize("month", [date(2026, 2, 1), date(2026, 3, 1), date(2027, 2, 1)])
def test_a_sheet_is_whole_weeks_around_a_month(month: date):
    days = days_of(month)
    assert days[0].weekday() == 0
    assert days[0] <= month
    assert len(days) % 7 == 0
    assert days[-1].month in (month.month, month.month + 1)
    assert len(days) - 7 <= 6 + 31


def test_entries_keep_their_lane():
    def entry(first: int, last: int) -> Entry:
        days = date(2026, 1, first), date(2026, 1, last)
        return Entry("x", *days, colour="#000", title="x", address="/")

    long, short, later = entry(1, 4), entry(2, 2), entry(3, 9)
    assert slots([later, short, long]) == [[long], [short, later]]


# ---------------------------------------------------------------- in the browser
def weigh(page: Page) -> None:
    page.get_by_role("button", name="What would it change?").click()
    expect(page.get_by_text("What it would change", exact=True)).to_be_visible()


def test_maintenance_is_weighed_entered_and_taken_out_again(browse: Browse):
    page = browse("engineer")
    page.goto(JANUARY)
    sheet = page.get_by_role("grid", name="Calendar of January 2026")
    sheet.get_by_role("button", name="Add: Sat 3 Jan").click(force=True)
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("combobox").nth(1).click()
    page.get_by_role("option", name="P-3").click()
    dialog.get_by_label("What", exact=True).fill("<i>Seals</i> changed")
    expect(dialog.get_by_role("button", name="Save")).to_have_count(0)
    weigh(page)
    expect(dialog.get_by_text("24", exact=True).first).to_be_visible()
    expect(dialog.get_by_text("pumps · version 1")).to_be_visible()
    dialog.get_by_label("What", exact=True).fill("Seals")
    dialog.get_by_label("What", exact=True).press("Enter")
    expect(dialog.get_by_role("button", name="Save")).to_have_count(0)
    weigh(page)
    dialog.get_by_role("button", name="Save").click()
    page.wait_for_url(re.compile("window=win_"))
    entry = sheet.get_by_role("link", name=re.compile("Seals · pumps · P-3"))
    expect(entry).to_have_attribute("aria-current", "true")
    expect(page.get_by_role("list", name="Who changed what")).to_contain_text("engineer")
    page.get_by_role("button", name="Remove").click()
    weigh(page)
    expect(dialog.get_by_text("24 would be learned from again")).to_be_visible()
    dialog.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("This window was removed")).to_be_visible()
    expect(entry).to_have_count(0)


def test_a_file_is_shown_before_it_is_brought_in(browse: Browse):
    page = browse("engineer")
    page.goto("/calendar?fleet=fans&month=2026-03")
    page.get_by_role("button", name="Import").click()
    dialog = page.get_by_role("dialog")
    told = {"name": "plan.ics", "mimeType": "text/calendar", "buffer": ICS.encode()}
    dialog.locator("input[type=file]").set_input_files(files=[told])  # type: ignore[list-item]
    expect(dialog.get_by_text("Overhaul")).to_be_visible()
    weigh(page)
    dialog.get_by_role("button", name="Bring in 1 windows").click()
    expect(page.get_by_text("1 added, 0 changed")).to_be_visible()
    entries = page.get_by_role("link", name=re.compile("Overhaul"))
    expect(entries).to_have_count(4)
    entries.first.click()
    page.wait_for_url(re.compile("window=win_"))
    expect(page.get_by_text("overhaul-1")).to_be_visible()
    page.go_back()
    expect(page.get_by_text("Who changed what")).to_have_count(0)


def test_months_are_turned_and_the_address_keeps_them(page: Page):
    page.goto(JANUARY)
    expect(page.get_by_text("January 2026")).to_be_visible()
    page.locator(".st-key-month_after").get_by_role("button").click()
    page.wait_for_url(re.compile("month=2026-02"))
    expect(page.get_by_text("February 2026")).to_be_visible()
    page.get_by_role("radio", name="All windows").click()
    page.wait_for_url(re.compile("part=list"))
    page.goto("/calendar?month=9999-99")
    expect(page.get_by_role("grid")).to_be_visible()


def test_whoever_may_not_change_it_may_read_it(browse: Browse):
    page = browse("viewer", language="ja", size=(390, 844))
    page.goto(JANUARY)
    expect(page.get_by_role("heading", name="カレンダー")).to_be_visible()
    expect(page.get_by_role("grid", name="2026年1月のカレンダー")).to_be_visible()
    expect(page.get_by_role("button", name="追加")).to_have_count(0)
    assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
