"""Dialogs: what is asked stays until it is answered, whatever comes meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from appliance.client import connect
from appliance.schemas.source import SourceDraft, SourceState
from tests.appliance.people import PASSWORD
from tests.appliance.telemetry.scraped import until
from tests.ui.conftest import Browse
from tests.ui.serving import working

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


def test_one_stays_while_the_page_behind_it_learns_of_something(
    browse: Browse, server: str, home: Path
) -> None:
    folder = home / "import" / "box"
    folder.mkdir(parents=True)
    origin = {"kind": "folder", "path": "box", "settled": 0}
    draft = {"name": "lathes-box", "fleet": "lathes", "origin": origin, "every": 1}
    sources = connect(server, user="root", password=PASSWORD).sources
    sources.add(SourceDraft.model_validate(draft))
    page = browse("root")
    with page.expect_websocket() as talk:
        page.goto("/data?part=sources")
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    files = dialog.get_by_label("Files", exact=True)
    files.fill("*.txt")
    with working(home):
        until(lambda: sources.get("lathes-box").state is not SourceState.NEW)
    for _ in range(2):  # the page has asked after it, and drawn what came of that
        talk.value.wait_for_event("framesent")
    expect(files).to_have_value("*.txt")
    rows = page.get_by_label("Sources", exact=True).locator("tbody")
    expect(rows).to_contain_text("Waits for its first look")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_have_count(0)
    expect(rows).to_contain_text("Works")
