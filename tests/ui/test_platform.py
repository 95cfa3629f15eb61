"""The platform: to those who operate it the machine, to others what waits and needs care."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from appliance.schemas.platform import Metric
from tests.appliance.people import ADMIN
from tests.ui.conftest import Browse
from ui.platform.charts import METRICS

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


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
