"""Jobs and schedules: asked for, followed, ended and planned by a person."""

from __future__ import annotations

import re
from datetime import time

import pytest
from playwright.sync_api import Page, expect

from appliance.client import connect
from appliance.schemas.job import Job, JobState, JobStep
from tests.appliance.people import PASSWORD
from tests.ui.conftest import Browse
from ui.jobs import words
from ui.jobs.clock import Times, read

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


# ---------------------------------------------------------------- pure
@pytest.mark.parametrize(
    "times",
    [
        Times("hourly", at=time(0, 15)),
        Times("hourly", at=time(0, 30), every=6),
        Times("daily", at=time(6, 5)),
        Times("weekly", at=time(3), days=(0, 2, 4)),
        Times("monthly", at=time(22, 45), day=28),
    ],
)
def test_times_are_read_as_they_were_written(times):
    cron = times.written()
    found = read(cron)
    assert found == Times(times.rhythm, times.at, times.every, times.days, times.day, cron=cron)


@pytest.mark.parametrize(
    ("cron", "rhythm"),
    [
        ("0 3 * * 1-5", "weekly"),
        ("0 3 * * 0", "weekly"),
        ("*/5 * * * *", "cron"),
        ("0 */5 * * *", "cron"),
        ("0 3 31 * *", "cron"),
        ("0 3 1 6 *", "cron"),
        ("0 3 * * fri-mon", "cron"),
        ("nonsense", "cron"),
    ],
)
def test_what_has_no_simple_words_stays_cron(cron, rhythm):
    found = read(cron)
    assert found.rhythm == rhythm
    if rhythm == "cron":
        assert found.written() == cron


def test_time_left_follows_from_the_step_and_from_those_before():
    begun = "2026-03-01T08:00:00Z"
    step = JobStep(
        number=1, name="fit", state=JobState.RUNNING, started=begun, done=10, total=40
    )
    facts = {"pipeline": "train", "fleet": "pumps", "project": "default", "arguments": {}}
    facts |= {"by": "erika", "created": begun, "started": begun}
    job = Job(id="job_1", state=JobState.RUNNING, steps=(step,), **facts)
    now = job.created.replace(minute=1)
    assert words.left(job, [], now).total_seconds() == pytest.approx(180)
    good = Job(id="job_0", state=JobState.SUCCEEDED, ended="2026-03-01T08:05:00Z", **facts)
    assert words.left(job, [good], now).total_seconds() == pytest.approx(240)
    assert words.left(good, [good], now) is None


# ---------------------------------------------------------------- in a browser
def active(page: Page):
    return page.get_by_role("table", name="At work and waiting")


def ended(page: Page):
    return page.get_by_role("table", name="Ended")


HELD_BACK = """(table) => new Promise((done) => {
  const look = () => table.draw ? done() : setTimeout(look, 50);
  look();
})"""
"""Waits until a table has something new to draw and keeps it, as it is pressed."""


def test_a_press_is_not_lost_while_the_table_changes(page: Page, server: str):
    with connect(server, user="root", password=PASSWORD) as plant:
        job = plant.jobs.ask("score", "fans")
        page.goto("/jobs")
        expect(active(page).locator("tbody").get_by_role("row")).to_have_count(1)
        page.get_by_role("button", name="Cancel").hover()
        page.mouse.down()
        # How long it has waited is told anew every other second.
        page.locator(".table", has=active(page)).evaluate(HELD_BACK)
        page.mouse.up()
        expect(page.get_by_role("dialog")).to_be_visible()
        job.cancel()


def test_a_job_waits_is_run_and_tells_what_it_did(page: Page, request):
    page.goto("/jobs?start=score&fleet=fans")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Judges what came since")).to_be_visible()
    dialog.get_by_role("button", name="Start", exact=True).click()
    expect(dialog).to_have_count(0)
    row = active(page).get_by_role("row").filter(has_text="Score new readings")
    expect(row).to_contain_text("Waits, 1 in the queue")
    row.get_by_role("link", name="Score new readings").click()
    page.wait_for_url(re.compile(r"/job\?id=job_"))
    expect(page.get_by_text("It waits in the queue")).to_be_visible()
    request.getfixturevalue("worker")
    steps = page.get_by_role("list", name="Steps")
    expect(steps.get_by_role("listitem").first).to_contain_text("Plan", timeout=40_000)
    expect(page.get_by_text("Ended", exact=True)).to_be_visible(timeout=40_000)
    expect(page.get_by_role("log", name="Log")).to_contain_text("succeeded")
    page.get_by_role("list", name="What it made").get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/events\?fleet=fans"))


def test_a_failed_job_says_why_and_is_begun_anew(browse: Browse, worker):
    page = browse("engineer")
    page.goto("/jobs?start=promote&fleet=fans")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Still to be said: Model version")).to_be_visible()
    expect(dialog.get_by_role("button", name="Start", exact=True)).to_be_disabled()
    dialog.get_by_label("Model version").fill("99")
    dialog.get_by_label("Model version").press("Tab")
    dialog.get_by_role("button", name="Start", exact=True).click()
    expect(dialog).to_have_count(0)
    page.goto("/jobs?state=failed")
    row = ended(page).get_by_role("row").filter(has_text="Put a version to work")
    expect(row).to_contain_text("has no model version 99", timeout=40_000)
    row.get_by_role("link").first.click()
    expect(page.get_by_text("Why it failed")).to_be_visible()
    page.get_by_role("button", name="Retry the job").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Retry the job").click()
    expect(page.get_by_text("attempt 2", exact=True)).to_be_visible(timeout=40_000)


def test_filters_are_in_the_address(page: Page):
    page.goto("/jobs?state=cancelled&pipeline=train&fleet=pumps")
    expect(page.get_by_text("No such jobs.")).to_be_visible()
    page.get_by_role("radio", name="Failed").click()
    page.wait_for_url(re.compile("state=failed"))
    assert "pipeline=train" in page.url


def test_a_viewer_may_look_and_nothing_else(browse: Browse):
    page = browse("viewer")
    page.goto("/jobs")
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.get_by_text("Workers", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Cancel")).to_have_count(0)
    page.goto("/schedules")
    expect(page.get_by_role("heading", name="Schedules")).to_be_visible()
    expect(page.get_by_role("button", name="Add a schedule")).to_have_count(0)


def test_a_schedule_is_added_seen_in_its_week_paused_and_removed(browse: Browse):
    page = browse("engineer")
    page.goto("/schedules")
    page.get_by_role("button", name="Add a schedule").click()
    dialog = page.get_by_role("dialog")
    expect(
        dialog.get_by_text("Runs every day at 06:00, by the clock of Asia/Tokyo.")
    ).to_be_visible()
    dialog.get_by_role("radio", name="Week").click()
    expect(dialog.get_by_text("Runs every Mon at 06:00")).to_be_visible()
    dialog.get_by_role("textbox", name="Name").fill("weekly-look")
    dialog.get_by_role("textbox", name="Name").press("Tab")
    dialog.get_by_role("button", name="Save").click()
    row = page.get_by_role("row").filter(has_text="weekly-look")
    expect(row).to_contain_text("every Mon at 06:00")
    page.goto("/schedules?part=week&week=2030-03-06")
    expect(page.get_by_text("4 Mar 2030 – 10 Mar 2030")).to_be_visible()
    monday = page.get_by_role("group", name="Mon 4 Mar")
    expect(monday).to_contain_text("06:00")
    page.get_by_role("link", name="After").click()
    expect(page.get_by_text("11 Mar 2030 – 17 Mar 2030")).to_be_visible()
    page.goto("/schedules")
    row.get_by_role("button", name="Pause").click()
    expect(row).to_contain_text("Paused")
    row.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(row).to_have_count(0)


def test_it_fits_a_telephone_in_japanese(browse: Browse):
    page = browse(language="ja", dark=True, size=(390, 844))
    for address, head in (("/jobs", "ジョブ"), ("/schedules?part=week", "スケジュール")):
        page.goto(address)
        expect(page.get_by_role("heading", name=head, exact=True)).to_be_visible()
        assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
