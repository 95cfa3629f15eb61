"""The data page: sources are added, tried, seen to work or to fail, paused and removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from appliance.client import Plant, connect
from appliance.core.clock import now
from appliance.schemas.source import SourceDraft
from tests.appliance.people import PASSWORD
from tests.ui.conftest import Browse

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
_FLEET = "lathes"
_HOSTILE = '<img src=x onerror="window.hurt=1">'


@pytest.fixture
def plant(server: str) -> Iterator[Plant]:
    """Connect as the admin of the site; leave it without sources."""
    made = connect(server, user="root", password=PASSWORD)
    yield made
    for one in made.sources.list():
        made.sources.remove(one.name)


@pytest.fixture
def box(home: Path) -> Path:
    """Return a folder below the import folder, with a file in it."""
    folder = home / "import" / "box"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["time,machine,speed,power"]
    lines += [
        f"2026-01-0{1 + n // 12} {n % 12:02d}:00,L-{n % 2},{n},{n / 10}" for n in range(24)
    ]
    file = folder / "lathes.csv"
    file.write_text("\n".join(lines) + "\n", "utf-8")
    hour_ago = now().timestamp() - 3_600
    os.utime(file, (hour_ago, hour_ago))
    return folder


def made(plant: Plant, name: str, path: str = "box", fleet: str = _FLEET) -> None:
    origin = {"kind": "folder", "path": path, "settled": 0}
    told = {"name": name, "fleet": fleet, "origin": origin, "every": 1, "judge": False}
    plant.sources.add(SourceDraft.model_validate(told))


def opened(browse: Browse, who: str = "root", **more: object) -> tuple[Page, Locator]:
    """Open what came as somebody; return the page and the body of the table of sources."""
    page = browse(who, **more)
    page.goto("/data?part=sources")
    return page, page.get_by_label("Sources", exact=True).locator("tbody")


def test_a_folder_is_tried_added_and_brought_in(
    browse: Browse, plant: Plant, box: Path, worker: None
):
    page, rows = opened(browse)
    page.get_by_role("button", name="Add a source").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Not A Name")
    fleet = dialog.get_by_role("combobox", name="Fleet")
    fleet.fill(_FLEET)
    fleet.press("Enter")
    dialog.get_by_label("Folder", exact=True).fill("nowhere")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("“Name” cannot be used as it is.")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("lathes-box")
    dialog.get_by_role("button", name="Try", exact=True).click()
    expect(dialog.get_by_text("Nothing would come")).to_be_visible()
    expect(dialog).to_contain_text("no folder 'nowhere' below the import folders")
    dialog.get_by_label("Folder", exact=True).fill("box")
    dialog.get_by_role("button", name="Try", exact=True).click()
    expect(dialog.get_by_text("readings 24, machines 2, sensors 2")).to_be_visible()
    assert list(plant.sources.list()) == []
    dialog.get_by_role("button", name="Save").click()
    expect(rows).to_contain_text("lathes-box")
    expect(rows).to_contain_text("Works", timeout=60_000)
    expect(rows).to_contain_text("24")
    assert plant.fleet(_FLEET).get().rows == 24


def test_one_that_fails_says_why_and_what_to_do(browse: Browse, plant: Plant, worker: None):
    made(plant, "gone", path=_HOSTILE)
    page, rows = opened(browse)
    expect(rows).to_contain_text("Fails", timeout=60_000)
    expect(page.get_by_text("gone cannot be read")).to_be_visible()
    expect(page.get_by_text("there is no folder")).to_be_visible()
    expect(page.get_by_text("setting import_folders")).to_be_visible()
    assert page.evaluate("window.hurt") is None


def test_it_is_paused_resumed_changed_and_removed(browse: Browse, plant: Plant, box: Path):
    made(plant, "lathes-box")
    page, rows = opened(browse)
    page.get_by_role("button", name="Pause").click()
    expect(rows).to_contain_text("Paused")
    page.get_by_role("button", name="Resume").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Files", exact=True).fill("*.csv")
    dialog.get_by_text("Remove files once they are in").click()
    dialog.get_by_role("button", name="Save").click()
    expect(rows).to_contain_text("box/*.csv")
    told = plant.sources.get("lathes-box")
    assert (told.origin.after, told.origin.settled, told.every) == ("remove", 0, 1)
    assert not told.judge
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("is removed")).to_be_visible()
    assert list(plant.sources.list()) == []


def test_a_password_goes_in_and_never_comes_back(browse: Browse, plant: Plant):
    page, rows = opened(browse)
    page.get_by_role("button", name="Add a source").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Database").click()
    dialog.get_by_label("Name", exact=True).fill("historian")
    dialog.get_by_label("Host", exact=True).fill("127.0.0.1")
    dialog.get_by_label("Port", exact=True).fill("1")
    dialog.get_by_label("Database", exact=True).fill("plant")
    dialog.get_by_label("User", exact=True).fill("reader")
    dialog.get_by_label("Password", exact=True).fill("open sesame")
    dialog.get_by_label("Table or view", exact=True).fill("line2.readings")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    expect(rows).to_contain_text("127.0.0.1 · plant · line2.readings")
    assert plant.sources.get("historian").secrets == ("password",)
    page.get_by_role("button", name="Edit").click()
    secret = dialog.get_by_label("Password", exact=True)
    expect(secret).to_have_value("")
    expect(secret).to_have_attribute("placeholder", "Leave empty to keep")
    assert "open sesame" not in page.content()


def test_who_may_not_change_them_sees_how_they_fare(browse: Browse, plant: Plant, box: Path):
    made(plant, "lathes-box")
    page, rows = opened(browse, "engineer")
    expect(rows).to_contain_text("lathes-box")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    for name in ("Add a source", "Edit", "Remove"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
    page, rows = opened(browse, "viewer")
    expect(rows).to_contain_text("lathes-box")
    expect(page.get_by_role("button", name="Pause")).to_have_count(0)
