"""Costs on the Platform page, and what a job and a training say of theirs."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import expect

from appliance.access import shell
from appliance.core.clock import now
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore, Told
from appliance.schemas.job import JobRequest, JobState
from appliance.telemetry.cost.allocation import MachineHour
from tests.appliance.people import ADMIN
from tests.appliance.telemetry.runs import run
from tests.ui.conftest import Browse
from tests.ui.homes import open_home

ME = shell("tests")
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


@pytest.fixture(scope="module")
def paid(home: Path) -> str:
    """Let runs and the machine have cost something; give a job's identifier."""
    site, at = open_home(home), now()
    job = site.jobs.ask(ME, JobRequest(pipeline="report", fleet="pumps"))
    ClaimStore(site.database).claim("w", at)
    RunStore(site.database, "w").end(job.id, JobState.SUCCEEDED, at, Told())
    soon = {"started": at - timedelta(minutes=1), "until": at}
    site.costs.keep(run(job.id, **(soon | {"pipeline": "report", "amount": 12.0})))
    site.costs.keep(run("job_fans", **(soon | {"fleet": "fans", "amount": 2.5})))
    hour = at.replace(minute=0, second=0, microsecond=0)
    site.costs.add(MachineHour(hour, "m", 60.0, 5.0, 3.6e6, 0.0, 90.0, 10.0))
    site.close()
    return job.id


def test_costs_are_told_by_what_one_chooses_and_a_budget_is_set(browse: Browse, paid: str):
    page = browse(ADMIN)
    page.goto("/platform?part=cost")
    lines = page.get_by_role("table", name=re.compile("^Costs by"))
    expect(lines.get_by_role("row").filter(has_text="fans")).to_contain_text("¥2.5")
    expect(page.get_by_text("At the month's end")).to_be_visible()
    page.get_by_role("radio", name="Kind of job", exact=True).click()
    page.wait_for_url(re.compile("by=pipeline"))
    expect(lines.get_by_role("row").filter(has_text="Write a report")).to_contain_text("¥12")
    page.get_by_role("button", name="Set a budget").click()
    dialog = page.get_by_role("dialog")
    amount = dialog.get_by_label("A month")
    amount.fill("5000")
    amount.press("Enter")
    dialog.get_by_role("button", name="Save").click()
    budgets = page.get_by_role("table", name="Budgets of this month")
    expect(budgets.get_by_role("row").filter(has_text="The whole site")).to_contain_text(
        "¥5,000"
    )


def test_a_viewer_sees_their_costs_and_no_machine(browse: Browse, paid: str):
    page = browse("viewer", language="ja", size=(390, 844))
    page.goto("/platform?part=cost")
    expect(page.get_by_text("日ごとの使用分")).to_be_visible()
    expect(page.get_by_text("未使用分", exact=True)).to_have_count(0)
    expect(page.get_by_role("button", name="予算を設定")).to_have_count(0)
    assert page.evaluate("document.body.scrollWidth <= window.innerWidth")


def test_a_job_tells_its_cost_and_a_training_its_estimate(browse: Browse, paid: str):
    page = browse(ADMIN)
    page.goto(f"/job?id={paid}")
    expect(page.get_by_text("¥12", exact=True)).to_be_visible()
    expect(page.get_by_text("Expected: 9 min, ¥5.0")).to_be_visible()
    page.goto("/models?fleet=fans")
    expect(page.get_by_text(re.compile("This will take about .* and ¥"))).to_be_visible()
