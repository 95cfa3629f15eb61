"""One machine: what it did, how it compares, what is known of its past, and what was marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import polars as pl
import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from appliance.intake import IngestOptions
from appliance.pipelines.ingest import ingest
from appliance.pipelines.score import score
from appliance.pipelines.train import TrainOptions, train
from tests.appliance.pipelines.sites import DAY, LEARNED, moment, plant
from tests.ui.conftest import Browse
from tests.ui.homes import add_users, bring, open_home
from tests.ui.serving import serving

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
FAULT = moment(LEARNED + 40), moment(LEARNED + 80)
ODD = ('<img src=x onerror="window.hurt = 1">', "ポンプ" * 60, "**a** & [b](c)")


def address(asset: str, fleet: str = "pumps", **more: object) -> str:
    return f"/asset?{urlencode({'fleet': fleet, 'asset': asset, **more})}"


def around_fault() -> dict[str, int]:
    room = (FAULT[1] - FAULT[0]) / 2
    ends = FAULT[0] - room, FAULT[1] + room
    return {"from": int(ends[0].timestamp()), "to": int(ends[1].timestamp())}


def opened(page: Page, there: str) -> Locator:
    """Open a machine; return its traces once they are painted."""
    page.goto(there)
    traces = page.locator(".traces")
    expect(traces).to_have_attribute("data-painted", re.compile(r"\d+"))
    return traces


def shown(traces: Locator) -> str:
    return traces.locator(".range").inner_text()


def span(page: Page) -> tuple[int, int]:
    query = parse_qs(urlsplit(page.url).query)
    return int(query["from"][0]), int(query["to"][0])


def lane(traces: Locator, name: str) -> Locator:
    return traces.locator(".lane", has=traces.page.locator(".name", has_text=name)).locator(
        ".u-over"
    )


def drag(page: Page, where: Locator, left: float, right: float) -> None:
    """Drag over a part of a lane: from and to, 0 to 1."""
    where.scroll_into_view_if_needed()
    box = where.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + left * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + right * box["width"], y, steps=3)
    page.mouse.up()


def test_a_machine_is_told_at_one_glance(page: Page):
    traces = opened(page, address("P-2"))
    expect(page.get_by_role("heading", name="P-2")).to_be_visible()
    for label in ("Open events", "Surprise now", "Health", "Data coverage", "Last reading"):
        expect(page.locator(".figure .label", has_text=label)).to_be_visible()
    expect(page.locator(".figure", has_text="Data coverage")).to_contain_text("100.0%")
    expect(page.locator(".figure", has_text="Health")).to_contain_text("No sign of wear.")
    names = traces.locator(".name").all_inner_texts()
    assert names[0] == "Recording"
    assert names[-1] == "Surprise"
    assert len(names) > 4
    expect(traces.get_by_role("img", name=re.compile("made of: s1 "))).to_be_visible()
    expect(traces.locator(".lane.last .value")).to_contain_text("Highest here")
    events = page.get_by_role("list", name="Events of this machine")
    expect(events.get_by_role("link").first).to_contain_text("s1")
    events.get_by_role("link").first.click()
    page.wait_for_url(re.compile(r"/event\?id=evt_"))


def test_rows_that_are_judged_for_now_are_told_apart(page: Page):
    traces = opened(page, address("P-2", **around_fault()))
    told = traces.locator(".lane.last .value")
    expect(told).to_contain_text("Highest here")
    expect(told).not_to_contain_text("shaded: judged for now")

    def newest(route: Route) -> None:
        answer = route.fetch()
        rows = answer.json()
        rows["series"][0]["standing"][-5:] = ["provisional"] * 5
        route.fulfill(response=answer, json=rows)

    page.route("**/scores?*", newest)
    page.reload()
    expect(told).to_contain_text("shaded: judged for now")


def test_one_moves_by_mouse_wheel_and_keys_and_the_address_follows(page: Page):
    traces = opened(page, address("P-2"))
    whole = shown(traces)
    drag(page, lane(traces, "s1"), 0.5, 0.75)
    page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    first = span(page)
    assert first[1] - first[0] == pytest.approx(7 * 86_400 / 4, rel=0.05)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -100)
    page.keyboard.up("Control")
    page.wait_for_function("old => !location.search.includes(old)", arg=f"from={first[0]}")
    closer = span(page)
    assert closer[1] - closer[0] < first[1] - first[0]
    again = shown(traces)
    opened(page, page.url)
    assert shown(traces) == again
    traces.focus()
    page.keyboard.press("n")
    expect(traces.locator(".status")).to_contain_text("Anomaly")
    page.keyboard.press("0")
    expect(traces.locator(".range")).to_have_text(whole)


def test_it_is_compared_with_its_sisters_and_an_earlier_time(page: Page):
    traces = opened(page, address("P-2", **around_fault()))
    seen = shown(traces)
    page.get_by_role("radio", name="Sisters").click()
    expect(traces.locator(".key", has=page.locator(".dash"))).to_have_text(["P-1"])
    page.get_by_role("combobox", name="Machines to compare with").click()
    page.get_by_role("option", name="P-4").click()
    expect(traces.locator(".key", has=page.locator(".dash"))).to_have_text(["P-1", "P-4"])
    page.wait_for_url(re.compile("with=P-1&with=P-4"))
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="Earlier").click()
    days = page.get_by_role("spinbutton", name="Days earlier")
    days.fill("1")
    days.press("Enter")
    expect(traces.locator(".key", has=page.locator(".dash"))).to_have_text(["1 days earlier"])
    assert shown(traces) == seen
    assert span(page) == (around_fault()["from"], around_fault()["to"])
    assert "with=" not in page.url


def test_a_stretch_is_found_again_with_what_was_found_then(page: Page):
    traces = opened(page, address("P-1", **around_fault()))
    page.get_by_role("radio", name="Similar stretch").click()
    expect(page.get_by_text(re.compile("^Searched for 7 Jan"))).to_be_visible()
    picks = page.get_by_role("radio", name=re.compile(r"^\d+% · \d+ Jan"))
    expect(picks).to_have_count(3)
    expect(traces.locator(".key", has=page.locator(".dash"))).to_contain_text("% · ")
    picks.nth(1).click()
    page.wait_for_url(re.compile("pick=1"))
    page.get_by_text("Also search other machines").click()
    expect(page.get_by_role("radio", name=re.compile(r"^\d+% · P-\d · "))).not_to_have_count(0)
    assert "others=1" in page.url


def test_the_next_machine_is_shown_at_the_same_time(page: Page):
    traces = opened(page, address("P-2", **around_fault()))
    seen = shown(traces)
    page.get_by_role("button", name="Next machine: P-3").click()
    expect(page.get_by_role("heading", name="P-3")).to_be_visible()
    assert shown(traces) == seen
    page.go_back()
    expect(page.get_by_role("heading", name="P-2")).to_be_visible()


def test_a_stretch_is_marked_weighed_and_seen_at_once(browse: Browse):
    page = browse("engineer")
    traces = opened(page, address("P-3"))
    expect(traces.locator(".key", has_text="Maintenance")).to_have_count(0)
    page.keyboard.down("Shift")
    drag(page, lane(traces, "s1"), 0.3, 0.35)
    page.keyboard.up("Shift")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Maintenance", exact=True).click()
    expect(dialog.get_by_text(re.compile("Readings no longer judged:"))).to_be_visible()
    dialog.get_by_placeholder("Seal replaced").fill("Seal & <b>bearing</b>")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Noted down.")).to_be_visible()
    expect(traces.locator(".key", has_text="Maintenance and other windows")).to_be_visible()
    where = lane(traces, "s1")
    box = where.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 0.325 * box["width"], box["y"] + 20)
    expect(traces.locator(".tip")).to_have_text("Maintenance · Seal & <b>bearing</b>")


def test_marking_needs_no_mouse_and_offers_what_one_may(browse: Browse):
    page = browse("analyst")
    traces = opened(page, address("P-1"))
    traces.focus()
    page.keyboard.press("m")
    expect(traces.locator(".status")).to_contain_text("press Enter")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Failure", exact=True)).to_be_visible()
    expect(dialog.get_by_text("Maintenance", exact=True)).to_have_count(0)
    viewer = browse("viewer")
    traces = opened(viewer, address("P-1"))
    expect(traces.get_by_role("button", name="Mark a stretch")).to_have_count(0)


def test_fingers_move_and_change_the_scale(
    browser: Browser, server: str, cookies: Callable[[str, str], list[Any]]
):
    context = browser.new_context(
        base_url=server, viewport={"width": 390, "height": 844}, has_touch=True, locale="en-GB"
    )
    context.add_cookies(cookies(server, "analyst"))
    page = context.new_page()
    traces = opened(page, address("P-2", **around_fault()))
    assert page.evaluate("document.body.scrollWidth") <= 390
    where = lane(traces, "s1")
    where.scroll_into_view_if_needed()
    box = where.bounding_box()
    assert box is not None
    wire = context.new_cdp_session(page)

    def touch(kind: str, *places: float) -> None:
        points = [
            {"x": box["x"] + x, "y": box["y"] + 20, "id": n} for n, x in enumerate(places)
        ]
        wire.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    before = span(page)
    touch("touchStart", 100)
    for x in (90, 70, 50):
        touch("touchMove", x)
    touch("touchEnd")
    page.wait_for_function("old => !location.search.includes(old)", arg=f"from={before[0]}")
    moved = span(page)
    assert moved[0] > before[0]
    assert moved[1] - moved[0] == pytest.approx(before[1] - before[0], abs=2)
    touch("touchStart", 60, 100)
    for wider in (5, 20, 40):
        touch("touchMove", 60 - wider, 100 + wider)
    touch("touchEnd")
    page.wait_for_function("old => !location.search.includes(old)", arg=f"from={moved[0]}")
    assert span(page)[1] - span(page)[0] < (moved[1] - moved[0]) / 2
    context.close()


def test_what_is_not_there_is_told(page: Page):
    page.goto(address("P-9"))
    expect(page.get_by_text("This is not there")).to_be_visible()
    page.goto("/asset")
    expect(page.get_by_text("No machine chosen")).to_be_visible()
    traces = opened(page, address("P-1"))
    page.goto(address("P-1", **{"from": 10, "to": 20}))
    expect(traces.locator(".range")).to_contain_text("1 Jan 2026")


def test_readings_that_take_long_are_said_to_be_on_their_way(page: Page):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/readings?*", hold)
    page.goto(address("P-2"))
    traces = page.locator(".traces")
    expect(traces.locator(".status")).to_have_text("Readings are being loaded …")
    expect(traces).to_have_attribute("aria-busy", "true")
    for route in held:
        route.continue_()
    page.unroute("**/readings?*", hold)
    expect(traces).to_have_attribute("aria-busy", "false")
    expect(traces.locator(".status")).to_have_text("")


def test_it_speaks_japanese(browse: Browse):
    page = browse(language="ja", dark=True)
    traces = opened(page, address("P-2"))
    expect(page.locator(".figure", has_text="健全度")).to_be_visible()
    expect(traces.get_by_role("button", name="区間を指定")).to_be_visible()


@pytest.fixture(scope="module")
def other_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a fleet with odd names and no model, and one whose times are cycles."""
    home = tmp_path_factory.mktemp("assets") / "home"
    site = open_home(home)
    add_users(site)
    bring(site, "odd", plant(DAY, assets=ODD), "names")
    frame = plant(LEARNED, assets=("E-1", "E-2")).with_columns(
        time=pl.col("time").rank("dense").over("asset").cast(pl.Int64)
    )
    path = home.parent / "engines.csv"
    frame.rename({"time": "cycle"}).write_csv(path)
    report = ingest(site, [path], "engines", IngestOptions(asset="asset", time="cycle"))
    assert report.files[0].status == "added", report.files[0].reason
    train(site, "engines", TrainOptions(recipe="mahalanobis"))
    score(site, "engines")
    site.close()
    with serving(home) as url:
        yield url


def test_names_do_nothing_and_without_a_model_readings_are_shown(
    browse: Browse, other_server: str
):
    for size in ((1440, 900), (390, 844)):
        page = browse("analyst", url=other_server, size=size)
        for name in ODD:
            traces = opened(page, address(name, "odd"))
            expect(page.get_by_role("heading", level=1)).to_have_text(name)
            expect(page.get_by_text("No model yet")).to_be_visible()
            expect(traces.locator(".name", has_text="s1")).to_be_visible()
            expect(traces.locator(".name", has_text="Surprise")).to_have_count(0)
            assert page.evaluate("window.hurt") is None
            assert page.evaluate("document.body.scrollWidth <= window.innerWidth")


def test_counters_are_shown_as_cycles(browse: Browse, other_server: str):
    page = browse("analyst", url=other_server)
    traces = opened(page, address("E-1", "engines"))
    expect(traces.locator(".range")).to_have_text(f"Cycle 1 – Cycle {LEARNED}")
    expect(page.locator(".figure", has_text="Last reading")).to_contain_text(f"Cycle {LEARNED}")
    traces.focus()
    page.keyboard.press("m")
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("spinbutton", name="From")).to_have_value("1")
    page.keyboard.press("Escape")
    page.get_by_role("radio", name="Earlier").click()
    expect(page.get_by_role("spinbutton", name="Cycles earlier")).to_be_visible()
