"""Models: trained with one click, compared, given another budget, promoted, rolled back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from appliance.access import shell
from appliance.pipelines.retrain import RetrainOptions, retrain
from appliance.pipelines.site import Site
from appliance.schemas.job import JobRequest
from tests.ui.conftest import Browse
from tests.ui.homes import add_users, make_fleet, open_home
from tests.ui.serving import serving, working

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
JOB_TIME = 60_000
"""Milliseconds that a training on a busy machine may take."""
_ME = shell("test")
Open = Callable[..., Page]


@dataclass(frozen=True)
class Plant:
    """A home of its own: what these tests change, no others look at.

    Attributes
    ----------
    backtest
        Of the mills, whose challenger waits for somebody's word.
    """

    url: str
    site: Site
    backtest: str


@pytest.fixture(scope="module")
def mills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """Serve mills with a challenger that waits, and saws that tests may change."""
    home = tmp_path_factory.mktemp("models") / "home"
    site = open_home(home)
    add_users(site)
    make_fleet(site, "mills", ("M-1", "M-2"), {"M-2": (1, 40, 80)})
    make_fleet(site, "saws", ("S-1", "S-2"), {"S-2": (1, 40, 80)})
    options = RetrainOptions(recent=timedelta(days=1), promote="ask")
    report = retrain(site, "mills", options, by="kimura")
    with serving(home) as url, working(home):
        yield Plant(url, site, str(report.backtest))
    site.close()


@pytest.fixture
def visit(browse: Browse, mills: Plant) -> Open:
    """Return a function that opens an address as somebody."""

    def go(address: str, user: str = "engineer", **how: object) -> Page:
        page = browse(user, url=mills.url, **how)
        page.goto(address)
        return page

    return go


def rows(page: Page, name: str):
    return page.get_by_role("table", name=name).locator("tbody tr")


# ---------------------------------------------------------------- looking
def test_all_fleets_tell_who_is_in_charge_and_what_waits(visit: Open):
    page = visit("/models")
    expect(page.get_by_role("heading", name="Models")).to_be_visible()
    fleets = rows(page, "Fleets and the model that alarms")
    expect(fleets.filter(has_text="mills")).to_contain_text("Version 1")
    expect(fleets.filter(has_text="mills")).to_contain_text("Version 2 challenges")
    expect(rows(page, "Waiting for your word")).to_contain_text(["mills: version 2"])
    fleets.filter(has_text="mills").get_by_role("link").first.click()
    expect(rows(page, "Versions").filter(has_text="Version 2")).to_contain_text("kimura")
    assert "fleet=mills" in page.url
    page.get_by_role("radio", name="Recipes").click()
    expect(page.get_by_text("Looks at each sensor's shape")).to_be_visible()
    assert "part=recipes" in page.url


def test_a_version_tells_what_it_learned_and_how_it_judges(visit: Open):
    page = visit("/model?fleet=mills&version=2")
    expect(page.get_by_role("heading", name="mills · version 2")).to_be_visible()
    expect(page.get_by_text("How it judges: Distance from normal")).to_be_visible()
    expect(page.get_by_text("deliveries of readings")).to_be_visible()
    page.get_by_role("radio", name="Machines").click()
    machine = rows(page, "Machines").filter(has_text="M-1")
    expect(machine).to_contain_text("learned anew")
    expect(machine).to_contain_text("prolonged")
    page.goto("/model?fleet=mills&version=2&part=against")
    expect(page.get_by_text("Both have the same recipe")).to_be_visible()
    expect(page.get_by_text("No reading was scored by both")).to_be_visible()


def test_who_may_only_look_is_offered_nothing(visit: Open, mills: Plant):
    address = f"/backtest?fleet=mills&id={mills.backtest}"
    page = visit(address, "viewer")
    expect(page.get_by_text("kimura asks whether version 2")).to_be_visible()
    expect(page.get_by_role("slider")).to_be_visible()
    for name in ("Approve", "Refuse", "Promote", "Use this budget"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page.goto("/models?fleet=mills")
    expect(rows(page, "Versions")).to_have_count(2)
    for name in ("Train", "Promote", "Compare"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    analyst = visit("/models?fleet=mills", "analyst")
    expect(analyst.get_by_role("button", name="Train", exact=True)).to_be_visible()
    expect(rows(analyst, "Versions")).to_have_count(2)
    expect(analyst.get_by_role("button", name="Promote")).to_have_count(0)


# ---------------------------------------------------------------- budget
SLIDE = """(slider) => new Promise((done) => {
  const began = performance.now();
  slider.value = slider.max;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
  requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
})"""


def test_another_budget_is_shown_at_once(visit: Open, mills: Plant):
    page = visit(f"/backtest?fleet=mills&id={mills.backtest}")
    slider = page.get_by_role("slider")
    expect(slider).to_have_attribute("aria-valuetext", "1")
    events = page.get_by_role("row", name=re.compile("^Events [0-9]")).get_by_role("cell")
    spans = page.locator(".budgets .span:not(.hollow)")
    kept = {one.budget: one.events for one in mills.site.backtests.get(mills.backtest).others}
    assert slider.evaluate(SLIDE) < 200
    expect(slider).to_have_attribute("aria-valuetext", "20")
    expect(events.first).to_have_text(str(len(kept[20.0])))
    expect(spans).to_have_count(len(kept[20.0]))
    slider.focus()
    page.keyboard.press("Home")
    expect(slider).to_have_attribute("aria-valuetext", "0.05")
    expect(spans).to_have_count(len(kept[0.05]))
    expect(page.get_by_text("Where they disagree")).to_be_visible()


# ---------------------------------------------------------------- the whole way
def test_retrain_compare_promote_and_roll_back(visit: Open):
    page = visit("/models?fleet=saws")
    page.set_default_timeout(JOB_TIME)
    page.get_by_role("button", name="More choices").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Compare it, and ask me").click()
    expect(dialog.get_by_text("are not learned: on them both are compared")).to_be_visible()
    dialog.get_by_role("button", name="Train").click()
    page.wait_for_url(re.compile("job="))
    told = page.get_by_text("Version 2 was compared and waits for your word.")
    expect(told).to_be_visible(timeout=JOB_TIME)
    page.get_by_role("link", name="See the comparison").click()
    expect(page.get_by_text("engineer asks whether version 2")).to_be_visible()
    expect(page.get_by_text("Judged on time it has not learned")).to_be_visible()
    page.get_by_role("button", name="Approve").click()
    dialog.get_by_label("Why").fill("quieter at night")
    dialog.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("Approved", exact=True)).to_be_visible()

    page.goto("/models?fleet=saws&part=history")
    latest = rows(page, "Who was in charge, and why").first
    expect(latest).to_contain_text("Version 2")
    expect(latest).to_contain_text("quieter at night")
    page.get_by_role("button", name="Roll back").click()
    expect(dialog.get_by_text("Version 2 stops alarming")).to_be_visible()
    dialog.get_by_role("button", name="Roll back").click()
    expect(rows(page, "Who was in charge, and why").first).to_contain_text("Rolled back")
    expect(page.get_by_text("Version 1 is in charge again.")).to_be_visible()


def test_a_budget_is_used_without_learning_anew(visit: Open, mills: Plant):
    page = visit(f"/backtest?fleet=mills&id={mills.backtest}", "analyst")
    slider = page.get_by_role("slider")
    expect(page.get_by_role("button", name="Use this budget")).to_be_disabled()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.get_by_role("button", name="Use this budget").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("without learning anew")).to_be_visible()
    dialog.get_by_role("button", name="Make the version").click()
    ready = page.get_by_text("Version 3 is ready")
    expect(ready).to_be_visible(timeout=JOB_TIME)
    made = rows(page, "Versions").filter(has_text="Version 3")
    expect(made).to_contain_text("version 2 under other levels")
    expect(made).to_contain_text("analyst")


def test_what_failed_is_told_in_words(visit: Open, mills: Plant):
    request = JobRequest(
        pipeline="train",
        fleet="saws",
        arguments={"start": datetime(2100, 1, 1, tzinfo=UTC).isoformat()},
    )
    job = mills.site.jobs.ask(_ME, request)
    page = visit(f"/models?fleet=saws&job={job.id}")
    expect(page.get_by_text("has no readings from 2100-01-01").first).to_be_visible(
        timeout=JOB_TIME
    )
    expect(page.get_by_role("button", name="Try again")).to_be_visible()
    page.get_by_role("button", name="Done").click()
    expect(page).not_to_have_url(re.compile("job="))
    expect(page.get_by_role("button", name="Train", exact=True)).to_be_visible()


def test_it_speaks_japanese(visit: Open, mills: Plant):
    page = visit(f"/backtest?fleet=mills&id={mills.backtest}", language="ja", dark=True)
    expect(page.get_by_text("もし運用していたら")).to_be_visible()
    expect(page.get_by_text("学習していない期間で判定している")).to_be_visible()
    small = visit("/models?fleet=mills", size=(390, 844))
    expect(rows(small, "Versions").first).to_be_visible()
    assert small.evaluate("document.body.scrollWidth <= window.innerWidth")
