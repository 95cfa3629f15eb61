"""Administration: users, roles, tokens and the audit log; and one's own account."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.client import connect
from appliance.core.errors import Forbidden, Unauthenticated
from tests.appliance.people import PASSWORD
from tests.ui.conftest import Browse

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


def chosen(page: Page, number: int, option: str) -> None:
    """Choose from a list of the dialog that is open."""
    page.get_by_role("dialog").get_by_role("combobox").nth(number).click()
    page.get_by_role("option", name=option, exact=True).click()


def added(page: Page, name: str, role: str) -> None:
    """Add a user with a role in the default project."""
    page.goto("/administration")
    page.get_by_role("button", name="Add a user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill(name)
    dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    chosen(page, 1, role)
    dialog.get_by_role("button", name="Add a user").click()
    page.wait_for_url(re.compile("user="))


def test_an_admin_adds_somebody_who_then_logs_in(browse: Browse, server: str):
    root = browse("root")
    added(root, "mori", "Analyst")
    expect(root.get_by_label("Users").locator("tbody")).to_contain_text("default: Analyst")
    mori = connect(server, user="mori", password=PASSWORD)
    assert mori.me()["roles"] == {"default": "analyst"}
    page = browse("mori")
    page.goto("/")
    expect(page.get_by_text("mori", exact=True)).to_be_visible()
    root.reload()
    root.get_by_role("button", name="Disable").click()
    root.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(root.get_by_text("Disabled: no session")).to_be_visible()
    with pytest.raises((Unauthenticated, Forbidden)):
        connect(server, user="mori", password=PASSWORD).me()
    page.goto("/scorecard")
    page.wait_for_url(re.compile("/login"))


def test_roles_are_given_and_taken(browse: Browse, server: str):
    root = browse("root")
    added(root, "ito", "Viewer")
    root.get_by_role("button", name="Take the role").click()
    dialog = root.get_by_role("dialog")
    expect(dialog).to_contain_text("ito no longer sees the fleets of project default.")
    dialog.get_by_role("button", name="Take the role").click()
    expect(root.get_by_text("no role yet")).to_be_visible()
    ito = connect(server, user="ito", password=PASSWORD)
    assert ito.me()["roles"] == {}


def test_nobody_shuts_themselves_out(browse: Browse):
    page = browse("root")
    page.goto("/administration?part=users&user=root")
    expect(page.get_by_text("another admin must be asked")).to_be_visible()
    expect(page.get_by_role("button", name="Disable")).to_have_count(0)
    expect(page.get_by_role("button", name="No admin any more")).to_have_count(0)


def test_a_token_is_shown_once_used_and_revoked(browse: Browse, server: str):
    page = browse("engineer")
    page.goto("/me")
    page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("What for", exact=True).fill("press line")
    dialog.get_by_label("What for", exact=True).press("Enter")
    dialog.get_by_role("button", name="See everything").click()
    dialog.get_by_role("button", name="Make a token").click()
    secret = dialog.locator("code").inner_text().strip()
    assert secret.startswith("kz_")
    assert secret not in page.url
    plant = connect(server, token=secret)
    assert [one.fleet for one in plant.fleets()] == ["fans", "pumps"]
    dialog.get_by_role("button", name="I have it").click()
    expect(page.get_by_text("press line")).to_be_visible()
    assert secret not in page.content()
    page.reload()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    expect(page.get_by_text("The token is revoked.")).to_be_visible()
    with pytest.raises(Unauthenticated):
        list(plant.fleets())


def test_a_password_is_changed_by_whoever_knows_it(browse: Browse, server: str):
    root = browse("root")
    added(root, "kato", "Viewer")
    page = browse("kato")
    page.goto("/me")
    for label, text in (
        ("Password now", "not it at all, never"),
        ("New password", "some other words 43"),
        ("New password once more", "some other words 43"),
    ):
        page.get_by_label(label, exact=True).fill(text)
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("That is not your password.")).to_be_visible()
    page.get_by_label("Password now", exact=True).fill(PASSWORD)
    page.get_by_label("New password", exact=True).fill("some other words 43")
    page.get_by_label("New password once more", exact=True).fill("some other words 43")
    page.get_by_role("button", name="Change").click()
    expect(page.get_by_text("Your password is changed")).to_be_visible()
    assert connect(server, user="kato", password="some other words 43").me()["user"] == "kato"


def test_a_fleet_is_seen_by_its_project_alone(browse: Browse):
    page = browse("root")
    page.goto("/administration?part=projects")
    page.get_by_role("button", name="Make a project").click()
    page.get_by_role("dialog").get_by_label("Name", exact=True).fill("hall9")
    page.get_by_role("dialog").get_by_role("button", name="Make a project").click()
    page.wait_for_url(re.compile("project=hall9"))
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_label("Name", exact=True)).to_have_count(1)
    page.get_by_label("Name", exact=True).fill("viewer")
    page.get_by_role("button", name="Give the role").click()
    members = page.get_by_label("Members")
    expect(members.locator("tbody")).to_contain_text("viewer")


def test_the_audit_log_is_read_checked_and_taken_along(browse: Browse, tmp_path: Path):
    page = browse("root")
    page.goto("/administration?part=audit&on=user:analyst")
    expect(page.get_by_text("Gave a role").first).to_be_visible()
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_text("The log is whole")).to_be_visible()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Export").click()
    path = tmp_path / "audit.jsonl"
    waiting.value.save_as(path)
    entries = [json.loads(line) for line in path.read_text().splitlines()]
    assert {one["object"] for one in entries} == {"user:analyst"}


def test_whoever_may_not_is_told(browse: Browse):
    page = browse("viewer")
    page.goto("/")
    expect(page.get_by_role("link", name="Overview")).to_be_visible()
    expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    page.goto("/administration?part=users")
    expect(page.get_by_role("heading", name="You may not do that")).to_be_visible()
    owner = browse("admin")
    owner.goto("/administration?part=users")
    expect(owner.get_by_role("radio", name="Projects")).to_be_visible()
    expect(owner.get_by_role("radio", name="Users")).to_have_count(0)


def test_it_fits_a_telephone_in_japanese(browse: Browse):
    page = browse("root", language="ja", size=(390, 844), dark=True)
    for address, heading in (("/administration", "管理"), ("/me", "アカウント")):
        page.goto(address)
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.body.scrollWidth <= window.innerWidth")
