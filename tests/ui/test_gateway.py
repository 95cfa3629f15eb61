"""Many sites in one set of pages: one that is there, and one that has gone away."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.client import Plant, connect
from appliance.core.settings import Settings
from appliance.gateway.gateway import Gateway
from appliance.gateway.membership import join_store
from appliance.gateway.routes import invitation
from appliance.pipelines.site import Site
from appliance.schemas.access import Role
from tests.appliance.people import ME, PASSWORD
from tests.ui.conftest import Browse
from tests.ui.homes import make_empty_home
from tests.ui.serving import serving

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]


@pytest.fixture(scope="module")
def gateway(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a gateway before oslo, which has the pumps, and kyoto, which is switched off."""
    folder = tmp_path_factory.mktemp("gateway")
    hq = folder / "hq"
    make_empty_home(hq)
    (hq / "kizashi.toml").write_text('name = "hq"\ngateway = true\n', "utf-8")
    kyoto = folder / "kyoto"
    make_empty_home(kyoto)
    with serving(hq) as url:
        site = Site(Settings(home=hq))
        asked = Gateway(site)
        for name, own in (("oslo", home), ("kyoto", kyoto)):
            member = Site(Settings(home=own))
            made = invitation(asked, asked.sites.invite(ME, name), name)
            join_store(member).join(ME, url, made, Role.ADMIN, operators=True)
            member.close()
        site.close()
        with connect(url, user="root", password=PASSWORD) as plant:
            with serving(kyoto):
                _called(plant, "kyoto")
            with serving(home):
                _called(plant, "oslo")
                yield url


def _called(plant: Plant, name: str) -> None:
    """Wait until a site has called."""
    until = time.monotonic() + 60
    while {one.name: one.state for one in plant.sites()}[name] != "here":
        assert time.monotonic() < until, f"{name} never called"
        time.sleep(0.1)


@pytest.fixture
def root(browse: Browse, gateway: str) -> Page:
    page = browse("root", url=gateway)
    page.goto("/")
    return page


def away(page: Page):
    return page.get_by_role("alert").filter(has_text="Away: kyoto")


def choose(page: Page, name: str) -> None:
    page.get_by_test_id("stSidebar").get_by_role("combobox", name="Site").click()
    page.get_by_role("option", name=name).click()


def test_one_overview_shows_all_sites_and_says_which_is_away(root: Page):
    expect(away(root)).to_be_visible()
    expect(root.get_by_role("rowheader", name="P-2")).to_be_visible()
    choose(root, "oslo")
    expect(root).to_have_url(re.compile("site=oslo"))
    expect(away(root)).to_be_hidden()
    expect(root.get_by_role("rowheader", name="P-2")).to_be_visible()
    choose(root, "kyoto")
    expect(away(root)).to_be_visible()
    expect(root.get_by_role("rowheader", name="P-2")).to_be_hidden()


def test_an_event_of_a_site_is_worked_on_at_the_gateway(root: Page, home: Path):
    root.goto("/events")
    expect(root.get_by_role("table", name="Events")).to_contain_text("P-2")
    root.keyboard.press("o")
    expect(root.get_by_role("heading", name="P-2: unusual running")).to_be_visible()
    expect(root).to_have_url(re.compile("oslo"))
    root.keyboard.press("a")
    done = root.get_by_role("list", name="Activity")
    expect(done.locator("li").first).to_contain_text("Acknowledged")
    site = Site(Settings(home=home))
    acts = [one.action for one in site.access.audit.list(ME, who="gateway:root")]
    site.close()
    assert acts == ["event.acknowledged"]


def test_a_page_about_one_site_asks_for_it_first(root: Page):
    root.goto("/data")
    expect(root.get_by_text("Choose a site")).to_be_visible()
    choose(root, "oslo")
    expect(root.get_by_text("Choose a site")).to_be_hidden()
    expect(root.get_by_role("heading", name="Data", exact=True)).to_be_visible()
