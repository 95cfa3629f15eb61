"""One event, as it is dealt with in the morning: read, compared, said, decided."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.access import shell
from appliance.schemas.event import Event
from appliance.schemas.model import HeldNote
from tests.ui import triage
from tests.ui.conftest import Browse
from tests.ui.homes import open_home
from tests.ui.serving import serving
from ui import dealing, events
from ui.components.shares import significant

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


@pytest.fixture(scope="module")
def busy(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """Return a home, and its events of P-3: the first was closed as true, with a comment."""
    made = tmp_path_factory.mktemp("event") / "home"
    site = triage.copy_home(home, made)
    found = triage.add_events(site)
    me = shell("mori")
    site.events.comment(found[0].id, me, "Bearing replaced.")
    site.events.close(found[0].id, me, "true")
    site.close()
    return made, found


@pytest.fixture(scope="module")
def event_server(busy: tuple[Path, list[Event]]) -> Iterator[str]:
    with serving(busy[0]) as url:
        yield url


@pytest.fixture
def analyst(browse: Browse, event_server: str) -> Page:
    return browse("analyst", url=event_server)


def test_it_tells_what_why_and_what_happened_last_time(analyst: Page, busy):
    second = busy[1][1]
    analyst.goto(f"/event?id={second.id}")
    expect(analyst.get_by_role("heading", name="P-3: unusual running")).to_be_visible()
    expect(analyst.get_by_text("Plan a check or a repair")).to_be_visible()
    told = "Last time this looked alike: 2 Jan 2026 on P-3, closed as true: Bearing replaced."
    expect(analyst.get_by_text(told)).to_be_visible()
    before = analyst.get_by_role("list", name="When it looked like this before")
    expect(before).to_contain_text("Closed: True alarm · shell:mori: Bearing replaced.")
    expect(before).to_contain_text("99% alike")
    sensors = analyst.locator("table.shares")
    expect(sensors).to_contain_text("80%")
    expect(sensors).to_contain_text(re.compile("normal .+–.+, median in the event"))
    expect(analyst.get_by_text("kept out of training until somebody says")).to_be_visible()
    urgent = analyst.locator(".kz-mark + .kz-why")
    expect(urgent).to_have_count(1)
    before.get_by_role("link").click()
    analyst.wait_for_url(re.compile(busy[1][0].id))
    expect(urgent).to_have_count(0)  # it is closed: nobody is to do anything
    expect(analyst.get_by_text("are kept out of the next training")).to_be_visible()
    analyst.get_by_role("link", name="Model version").last.click()
    expect(analyst.get_by_role("heading", level=1)).to_contain_text("pumps · version 1")


def test_another_language_shows_the_same(browse: Browse, event_server: str, busy):
    reader = browse("analyst", url=event_server)
    event = busy[1][1]
    reader.goto(f"/event?id={event.id}")
    reader.get_by_role("link", name="日本語").click()
    reader.wait_for_url(f"**/event?id={event.id}")
    expect(reader.get_by_role("heading", level=1)).to_contain_text(f"{event.asset}: ")
    reader.goto("/")
    reader.get_by_role("link", name="English").click()
    expect(reader.get_by_role("heading", name="Overview")).to_be_visible()


def test_what_would_have_been_normal_is_drawn_and_said(
    analyst: Page, browse: Browse, event_server: str, busy
):
    second = busy[1][1]
    analyst.goto(f"/event?id={second.id}")
    traces = analyst.locator(".traces")
    expect(traces).to_have_attribute("data-expected", "s1 s2")
    expect(traces.locator(".keys")).to_contain_text("What would have been normal (95 %)")
    said = re.compile(r"s1 -?[\d.,]+; normal would have been -?[\d.,]+ ± [\d.]+\.")
    expect(analyst.get_by_text(said)).to_be_visible()
    expect(analyst.get_by_text("beside what normal running would have given")).to_be_visible()
    # The line is there in its colour, and only in the lanes of these sensors.
    assert [name for name in ("s0", "s1", "s2", "s3") if green(analyst, name)] == ["s1", "s2"]
    japanese = browse("analyst", url=event_server, language="ja")
    japanese.goto(f"/event?id={second.id}")
    expect(
        japanese.get_by_text(re.compile("^s1 は .+。正常なら .+ ± .+ でした。$"))
    ).to_be_visible()
    expect(japanese.locator(".traces .keys")).to_contain_text("正常ならこうなった値")


def green(page: Page, sensor: str) -> bool:
    """Whether something is drawn in the colour of what would have been normal."""
    lane = page.locator(".lane").filter(has=page.get_by_title(sensor, exact=True))
    drawn = """canvas => {
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      for (let at = 0; at < data.length; at += 4) {
        const [red, green, blue, seen] = data.slice(at, at + 4);
        if (seen === 255 && red < 40 && Math.abs(green - 143) < 20 && Math.abs(blue - 107) < 20)
          return true;
      }
      return false;
    }"""
    return bool(lane.locator("canvas").first.evaluate(drawn))


def test_the_morning_from_the_list_to_a_verdict(analyst: Page, busy):
    analyst.goto("/events?text=P-2")
    row = analyst.get_by_role("table", name="Events").locator("tbody tr")
    expect(row).to_have_count(1)
    analyst.keyboard.press("o")
    expect(analyst.get_by_role("heading", name="P-2: unusual running")).to_be_visible()
    expect(analyst.get_by_text("What it rests on")).to_be_visible()
    done = analyst.get_by_role("list", name="Activity")
    analyst.get_by_role("combobox", name=re.compile("Assigned to")).click()
    analyst.get_by_role("option", name="engineer").click()
    expect(done.locator("li").first).to_contain_text("Assigned: engineer")
    analyst.get_by_placeholder("Add a comment").fill("<b>Looks like</b> the bearing")
    analyst.get_by_role("button", name="Post").click()
    expect(done.locator("li").first).to_contain_text("<b>Looks like</b> the bearing")
    analyst.get_by_role("heading", name="P-2").click()
    analyst.keyboard.press("a")
    expect(done.locator("li").first).to_contain_text("Acknowledged")
    expect(done.locator("li").first).to_contain_text("analyst")
    analyst.keyboard.press("c")
    dialog = analyst.get_by_role("dialog", name="What was it?")
    dialog.get_by_text("True alarm", exact=True).click()
    dialog.get_by_label("Comment").fill("Seal worn")
    dialog.get_by_label("Comment").press("Tab")
    dialog.get_by_role("button", name="Close", exact=True).last.click()
    expect(done.locator("li").first).to_contain_text("Closed: True")
    expect(analyst.get_by_text("6 h 30 min are kept out of the next training")).to_be_visible()
    analyst.get_by_role("button", name="Open again").click()
    expect(done.locator("li").first).to_contain_text("Opened again")


def test_what_a_verdict_would_change_is_tried_before_it_is_given(analyst: Page, busy):
    site = open_home(busy[0])
    (own,) = site.events.list("pumps", assets=["P-2"])
    site.close()
    analyst.goto(f"/event?id={own.id}")
    analyst.get_by_role("button", name="Close", exact=True).click()
    dialog = analyst.get_by_role("dialog")
    dialog.get_by_text("False alarm", exact=True).click()
    dialog.get_by_role("button", name="Try what this would change").click()
    expect(dialog.get_by_text("Readings that training would learn from: +")).to_be_visible()


def test_it_is_muted_says_so_and_calls_again(analyst: Page, busy):
    third = busy[1][2]
    analyst.goto(f"/event?id={third.id}")
    analyst.get_by_role("button", name="Mute").click()
    dialog = analyst.get_by_role("dialog", name="Mute this event")
    dialog.get_by_text("7 days", exact=True).click()
    dialog.get_by_label("Why").fill("The seal is ordered")
    dialog.get_by_label("Why").press("Enter")
    dialog.get_by_role("button", name="Mute", exact=True).click()
    expect(analyst.get_by_text(re.compile("^Muted until"))).to_be_visible()
    expect(analyst.get_by_text("by analyst: The seal is ordered")).to_be_visible()
    analyst.get_by_role("button", name="Unmute").click()
    expect(analyst.get_by_text(re.compile("^Muted until"))).to_have_count(0)


def test_one_walks_through_the_list_it_was_opened_from(analyst: Page, busy):
    analyst.goto("/events?text=P-3&sort=time&state=all")
    rows = analyst.get_by_role("table", name="Events").locator("tbody tr")
    expect(rows).to_have_count(4)
    rows.nth(1).click()
    expect(analyst.get_by_text("2 of 4")).to_be_visible()
    analyst.keyboard.press("j")
    expect(analyst.get_by_text("3 of 4")).to_be_visible()
    analyst.get_by_role("link", name="Previous").click()
    expect(analyst.get_by_text("2 of 4")).to_be_visible()
    analyst.get_by_role("link", name="← Events").click()
    expect(rows).to_have_count(4)
    analyst.goto(f"/event?id={busy[1][1].id}&list=fleet%3D..%26after%3Dx")
    expect(analyst.get_by_role("heading", name="P-3")).to_be_visible()


def test_a_viewer_reads_and_is_offered_nothing_else(browse: Browse, event_server: str, busy):
    page = browse("viewer", url=event_server, language="ja", size=(390, 844))
    page.goto(f"/event?id={busy[1][3].id}")
    expect(page.get_by_role("heading", name="P-3: センサー故障")).to_be_visible()
    expect(page.get_by_text("根拠", exact=True)).to_be_visible()
    for name in ("確認する", "完了する", "投稿"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    assert page.evaluate("document.body.scrollWidth <= window.innerWidth")


def test_what_is_not_there_is_said(analyst: Page):
    analyst.goto("/event?id=evt_nowhere")
    expect(analyst.get_by_text("This is not there")).to_be_visible()
    analyst.goto("/event")
    expect(analyst.get_by_text("No event chosen")).to_be_visible()


# ---------------------------------------------------------------- words
def versions(site, event: str):
    """Return three versions: one knew nothing, one was told, one is that with other levels."""
    first = site.registry.champion("pumps")
    held = (HeldNote(reason="true", events=(event,), rows=5),)
    told = first.lineage.model_copy(update={"held": held})
    same = told.model_copy(update={"derived_from": 2})
    return [
        first.model_copy(update={"version": version, "lineage": lineage})
        for version, lineage in ((3, same), (2, told), (1, first.lineage))
    ]


def test_a_verdict_is_followed_into_the_version_that_learned_of_it(busy):
    site = open_home(busy[0])
    event = site.events.get(busy[1][0].id)
    made = versions(site, event.id)
    site.close()
    assert events.learned_by(event, made) == 2
    assert events.learned_by(event, made[2:]) is None
    other = event.model_copy(update={"verdict": "false"})
    assert events.learned_by(other, made) is None
    vouched = made[1].lineage.model_copy(update={"vouched": (event.id,)})
    assert events.learned_by(other, [made[1].model_copy(update={"lineage": vouched})]) == 2


def test_markup_in_words_stays_text():
    assert events.as_text("a_b *c* [d](e)") == r"a\_b \*c\* \[d\]\(e\)"


@pytest.mark.parametrize(
    ("value", "text"), [(61.234, "61.2"), (12345.0, "12,300"), (0.00123, "0.00123"), (0.0, "0")]
)
def test_numbers_have_three_digits_that_count(value: float, text: str):
    assert significant(value) == text


def test_a_mute_that_is_over_is_not_told(busy):
    now = datetime(2026, 3, 1, tzinfo=UTC)
    event = busy[1][0]
    assert dealing.muted(event, triage.FIRST.tzinfo, now) == ""
    assert not events.is_muted(event, now + timedelta(days=1))
