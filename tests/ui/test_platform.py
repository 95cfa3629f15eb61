"""The platform: to those who operate it the machine, to others what waits and needs care."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from appliance.access import shell
from appliance.core.clock import now
from appliance.core.errors import SourceError
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore, Told
from appliance.jobs.store.workers import WorkerStore
from appliance.pipelines.sources import fail, open_source
from appliance.schemas.job import JobRequest, JobState
from appliance.schemas.platform import Metric
from appliance.schemas.source import SourceDraft
from appliance.telemetry.trouble_words import trouble
from tests.appliance.people import ADMIN
from tests.ui.conftest import Browse
from tests.ui.homes import open_home
from tests.ui.serving import serving
from ui.platform.charts import METRICS

ME = shell("tests")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[str]:
    """Serve the home by a process that the page knows among all others; give its address."""
    with serving(home, alone=True) as url:
        yield url


def test_the_machine_and_its_processes_are_told(browse: Browse):
    page = browse(ADMIN)
    page.goto("/platform")
    for label in ("Processor", "Memory", "Disk", "Workers"):
        expect(page.get_by_text(label, exact=True).first).to_be_visible()
    processes = page.get_by_role("table", name="Processes")
    expect(processes.get_by_role("row").filter(has_text="pages and API")).to_contain_text("MB")
    expect(processes.get_by_role("row").filter(has_text="Ray")).to_contain_text("not running")
    home = page.get_by_role("table", name="What the disk holds")
    expect(home).to_contain_text("Readings and scores")
    expect(page.get_by_role("list", name="Machine")).to_contain_text("SQLite")


def test_who_is_at_what_and_which_source_fails(browse: Browse, server: str, home: Path):
    site = open_home(home)
    WorkerStore(site.database).enter("plant-7.x", "plant-7", 1, now())
    job = site.jobs.ask(ME, JobRequest(pipeline="compact"))
    ClaimStore(site.database).claim("plant-7.x", now())
    runs = RunStore(site.database, "plant-7.x")
    runs.begin_step(job.id, 1, "compact", now())
    runs.report(job.id, Told(done=3, total=12), 1)
    gone = {"kind": "folder", "path": "nowhere"}
    site.sources.add(SourceDraft(name="hall7", fleet="fans", origin=gone), ME)
    (identifier,) = site.sources.holding.hold("plant-7.x")
    held = site.sources.holding.open(identifier, "plant-7.x")
    with pytest.raises(SourceError) as error:
        open_source(site, held).pull({})
    fail(site, held, error.value)
    site.troubles.note([trouble("disk_fills", "warning", days=9.2, per_day=4.2e9)], now())
    try:
        page = browse(ADMIN)
        page.goto("/platform")
        row = page.get_by_role("table", name="Who is at what").get_by_role("row")
        expect(row.filter(has_text="plant-7")).to_contain_text("3 of 12")
        failing = page.get_by_role("table", name="Sources that fail").get_by_role("row")
        expect(failing.filter(has_text="hall7")).to_contain_text("no folder 'nowhere'")
        care = page.get_by_role("list", name="What needs care")
        expect(care).to_contain_text("full in about 9 days: 4.2 GB are added a day.")
        row.filter(has_text="plant-7").get_by_role("link").first.click()
        page.wait_for_url(re.compile(job.id))
        expect(page.get_by_text(site.jobs.get(job.id).request)).to_be_visible()
    finally:
        site.sources.remove("hall7", ME)
        site.troubles.note([], now() - timedelta(hours=2))
        site.troubles.note([], now())
        runs.end(job.id, JobState.CANCELLED, now(), Told())
        WorkerStore(site.database).leave("plant-7.x")
        site.close()


def test_figures_over_time_are_drawn(browse: Browse):
    page = browse(ADMIN)
    page.goto("/platform?part=history&range=6h")
    for title in ("Processor", "Memory", "Processor by process", "Disk traffic"):
        expect(page.get_by_text(title, exact=True).first).to_be_visible()
    page.get_by_role("radio", name="1 y", exact=True).click()
    page.wait_for_url(re.compile("range=1y"))
    expect(page.get_by_text("Each point is the mean of")).to_be_visible()


def test_a_reader_sees_what_waits_and_needs_care(browse: Browse):
    page = browse("viewer")
    page.goto("/platform?part=history")
    expect(page.get_by_text("Jobs at work")).to_be_visible()
    expect(page.get_by_text("What needs care")).to_be_visible()
    expect(page.get_by_text("shown to those who operate the site")).to_be_visible()
    expect(page.get_by_role("radio", name="Over time")).to_have_count(0)
    page.get_by_role("radio", name="Jobs").click()
    page.wait_for_url(re.compile("part=jobs"))


def test_it_speaks_japanese_on_a_telephone(browse: Browse):
    page = browse(ADMIN, language="ja", size=(390, 844))
    page.goto("/platform")
    expect(page.get_by_role("heading", name="プラットフォーム")).to_be_visible()
    expect(page.get_by_text("対処が必要なこと", exact=True)).to_be_visible()
    assert page.evaluate("document.body.scrollWidth <= window.innerWidth")


def test_no_metric_is_drawn_twice():
    assert len(set(METRICS)) == len(METRICS) <= len(Metric)
