"""Administration: channels that tell of events are added, tried, changed and removed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from appliance.client import Plant, connect
from appliance.core.clock import now
from appliance.pipelines.platform_alerts import raise_troubles
from appliance.schemas.alert import ChannelDraft
from appliance.telemetry.trouble_words import trouble
from tests.appliance.alerts.receivers import Address, address, mailbox
from tests.appliance.people import PASSWORD
from tests.ui.conftest import Browse
from tests.ui.homes import open_home

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
_SECRET = "open sesame, but nobody else"


@pytest.fixture
def hook() -> Iterator[Address]:
    """Serve an address that is told."""
    with address() as told:
        yield told


@pytest.fixture
def plant(server: str) -> Iterator[Plant]:
    """Connect as the admin of the site; leave it without channels."""
    made = connect(server, user="root", password=PASSWORD)
    yield made
    for one in made.channels.list():
        made.channels.remove(one.name)


def made(plant: Plant, url: str, name: str = "chat") -> None:
    """Add a channel that posts to an address."""
    target = {"kind": "webhook", "url": url, "form": "text", "secret": _SECRET}
    plant.channels.add(ChannelDraft.model_validate({"name": name, "target": target}))


def opened(browse: Browse) -> tuple[Page, Locator]:
    """Open the channels as the admin of the site; return the page and the table's body."""
    page = browse("root")
    page.goto("/administration?part=channels")
    return page, page.get_by_label("Channels", exact=True).locator("tbody")


def test_a_channel_is_added_and_tried(browse: Browse, plant: Plant, hook: Address):
    page, rows = opened(browse)
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()
    page.get_by_role("button", name="Add a channel").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("radio", name="Webhook").click()
    dialog.get_by_label("Address", exact=True).fill(f"{hook.url}/hooks/hidden")
    dialog.get_by_label("Secret for signing", exact=True).fill(_SECRET)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("“Name” cannot be used as it is.")).to_be_visible()
    dialog.get_by_label("Name", exact=True).fill("chat")
    dialog.get_by_role("button", name="Save").click()
    expect(rows).to_contain_text("Plan and above")
    assert plant.channels.get("chat").secrets == ("secret",)
    expect(rows).not_to_contain_text("hidden")
    assert _SECRET not in page.content()
    page.get_by_role("button", name="Try").click()
    expect(page.get_by_text("took the message")).to_be_visible()
    assert [post.path for post in hook.posts] == ["/hooks/hidden"]
    assert "X-Kizashi-Signature" in hook.posts[0].headers


def test_mail_is_told_by_the_plants_own_server(browse: Browse, plant: Plant):
    page, rows = opened(browse)
    page.get_by_role("button", name="Add a channel").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("night-shift")
    with mailbox() as box:
        dialog.get_by_label("Mail server", exact=True).fill("127.0.0.1")
        dialog.get_by_label("Port", exact=True).fill(str(box.port))
        dialog.get_by_role("radio", name="None").click()
        expect(dialog.get_by_label("Password", exact=True)).to_have_count(0)
        dialog.get_by_label("Sender", exact=True).fill("kizashi@plant.example")
        receivers = dialog.get_by_label("Receivers", exact=True)
        receivers.fill("shift@plant.example\nnot an address")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_text("“Receivers” cannot be used as it is.")).to_be_visible()
        receivers.fill("shift@plant.example\nmaintenance@plant.example")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_have_count(0)
        expect(rows).to_contain_text("night-shift")
        assert plant.channels.get("night-shift").secrets == ()
        page.get_by_role("button", name="Try").click()
        expect(page.get_by_text("The mail server took the message")).to_be_visible()
    (mail,) = box.mails
    assert mail["From"] == "kizashi@plant.example"
    assert "shift@plant.example" in mail["To"]


def test_a_channel_tells_of_the_platform_too(
    browse: Browse, plant: Plant, hook: Address, home: Path
):
    made(plant, f"{hook.url}/1")
    page, rows = opened(browse)
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("The platform too", exact=True).click()
    dialog.get_by_role("button", name="Save").click()
    expect(rows).to_contain_text("and the platform")
    assert plant.channels.get("chat").platform
    site = open_home(home)
    begun = now() + timedelta(seconds=1)
    site.troubles.note([trouble("backup_old", "warning", days=9.0)], begun)
    raise_troubles(site, lambda: begun + timedelta(minutes=5))
    site.troubles.note([], begun)
    site.close()
    page.reload()
    told = page.get_by_label("Latest deliveries", exact=True).locator("tbody")
    expect(told).to_contain_text("The platform")
    told.get_by_role("link").first.click()
    page.wait_for_url("**/platform")


def test_a_try_that_fails_says_why(browse: Browse, plant: Plant, hook: Address):
    made(plant, hook.url)
    hook.status = 403
    page, _ = opened(browse)
    page.get_by_role("button", name="Try").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("The message was not taken")).to_be_visible()
    expect(dialog).to_contain_text("403")


def test_a_channel_is_paused_changed_and_removed(browse: Browse, plant: Plant, hook: Address):
    made(plant, hook.url)
    page, rows = opened(browse)
    page.get_by_role("button", name="Pause").click()
    expect(rows).to_contain_text("Paused")
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    secret = dialog.get_by_label("Secret for signing", exact=True)
    expect(secret).to_have_value("")
    expect(secret).to_have_attribute("placeholder", "Leave empty to keep")
    dialog.get_by_role("radio", name="Act now only").click()
    dialog.get_by_role("button", name="Save").click()
    expect(rows).to_contain_text("Act now only")
    told = plant.channels.get("chat")
    assert (told.paused, told.secrets) == (True, ("secret",))
    page.get_by_role("button", name="Remove").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()


def test_what_somebody_else_changed_is_not_overwritten(
    browse: Browse, plant: Plant, hook: Address
):
    made(plant, hook.url)
    page, _ = opened(browse)
    page.get_by_role("button", name="Edit").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Save")).to_be_visible()
    plant.channels.remove("chat")
    made(plant, f"{hook.url}/other")
    plant.channels.put(
        ChannelDraft.model_validate(
            {"name": "chat", "target": {"kind": "webhook", "url": hook.url}, "faults": True}
        )
    )
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("Nothing of yours was saved")).to_be_visible()
    assert plant.channels.get("chat").faults


def test_only_whoever_runs_the_site_sees_them(browse: Browse):
    page = browse("admin")
    page.goto("/administration?part=channels")
    expect(page.get_by_role("radio", name="Projects")).to_be_visible()
    expect(page.get_by_role("radio", name="Channels")).to_have_count(0)
