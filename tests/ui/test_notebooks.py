"""JupyterLab behind the login: an own server, opened from the pages, and nobody else's."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import nbformat
import psutil
import pytest
from playwright.sync_api import Locator, Page, TimeoutError, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from appliance.notebooks.executing import execute
from tests.appliance.api.ports import free_port
from tests.appliance.people import ADMIN, ME, PASSWORD
from tests.ui.conftest import Browse
from tests.ui.homes import open_home
from tests.ui.serving import HOMES, served

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]
LONG = 120_000
SECOND = "second"
MINE = f"/notebooks/{ADMIN}"
CELL = """import os, appliance as kizashi
plant = kizashi.connect()
events = list(plant.fleet("pumps").events())
print("machine", events[0].asset)
try:
    print("open to it", open(r"%s", "rb").read(1))
except PermissionError:
    print("closed to it")
print("secrets", [one for one in os.environ if "DATABASE" in one or "SECRET" in one])"""
Cookies = Callable[[str, str], list[Any]]


@pytest.fixture(scope="module")
def web(home: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Serve the home, where one server may run at once; give the address and the process."""
    site = open_home(home)
    site.access.users.add(ME, SECOND, PASSWORD, admin=True)
    site.close()
    folder = home / "notebooks" / ADMIN
    folder.mkdir(parents=True)
    made = nbformat.v4.new_notebook()
    made.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    made.cells = [nbformat.v4.new_code_cell(CELL % (home / "kizashi.db"))]
    nbformat.write(made, folder / "score.ipynb")
    port = free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KIZASHI_NOTEBOOKS_AT_ONCE", "1")
        patch.setenv("KIZASHI_DATABASE_URL", f"sqlite:///{home / 'kizashi.db'}")
        with served(home, port) as (url, process):
            HOMES[url] = home
            yield url, process
            del HOMES[url]


@pytest.fixture(scope="module")
def url(web: tuple[str, subprocess.Popen[bytes]]) -> str:
    return web[0]


def servers(home: Path) -> list[psutil.Process]:
    """The notebook servers of a home that run, and their kernels."""
    folder = str(home / "notebooks")
    found = [
        one
        for one in psutil.process_iter(["cmdline"])
        if folder in (one.info["cmdline"] or ())[-5:] or _below(one, folder)
    ]
    return [*found, *(child for one in found for child in one.children(recursive=True))]


def _below(one: psutil.Process, folder: str) -> bool:
    return any(word.startswith(f"{folder}/") for word in one.info["cmdline"] or ())


def test_an_admin_opens_notebooks_and_runs_a_cell(browse: Browse, url: str) -> None:
    page = browse(ADMIN, url=url)
    page.goto("/notebooks")
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Open JupyterLab").click()
    lab = opened.value
    expect(lab.get_by_role("status")).to_contain_text("is starting")
    lab.wait_for_url(f"**{MINE}/lab**", timeout=LONG)
    assert "token" not in lab.url
    lab.goto(f"{MINE}/lab/tree/score.ipynb")
    lab.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=LONG)
    shown = ran(lab)
    expect(shown).to_contain_text("secrets []", timeout=LONG)
    expect(shown).to_contain_text("machine P-2")
    expect(shown).to_contain_text("closed to it")
    assert not any("jupyter" in one["name"].lower() for one in lab.context.cookies())
    lab.close()


def ran(lab: Page) -> Locator:
    """The output of the first cell; what is asked of a kernel that is not connected is lost."""
    for _ in range(LONG // 500):
        told = lab.request.get(f"{MINE}/api/sessions").json()
        kernels = [one["kernel"] for one in told]
        if any(one["connections"] and one["execution_state"] == "idle" for one in kernels):
            break
        lab.wait_for_timeout(500)
    shown = lab.locator(".jp-OutputArea-output").first
    for _ in range(10):
        if (asks := lab.locator(".jp-Dialog")).count():
            asks.locator(".jp-mod-accept").click()
        lab.locator(".jp-Notebook .cm-content").first.click()
        lab.keyboard.press("Control+Enter")
        try:
            shown.wait_for(timeout=10_000)
        except TimeoutError:
            continue
        break
    return shown


def test_nobody_else_reaches_it(browse: Browse, url: str, cookies: Cookies) -> None:
    other = browse(SECOND, url=url)
    answer = other.goto(f"{MINE}/lab")
    assert answer is not None
    assert answer.status == 403
    expect(other.get_by_role("alert")).to_contain_text("belong to somebody else")
    answer = other.goto("/notebooks/")
    assert answer is not None
    assert answer.status == 503, "one server may run, and it does"
    expect(other.get_by_role("alert")).to_contain_text("as the site allows")
    assert refused(url, None) == 403, "no session"
    assert refused(url, cookies(url, "analyst")) == 403, "no right"
    assert refused(url, cookies(url, SECOND)) == 403, "another's"
    assert refused(url, cookies(url, ADMIN), origin="https://elsewhere.example") == 403
    assert refused(url, cookies(url, ADMIN)) is None, "the owner's own"


def refused(url: str, cookies: list[Any] | None, origin: str | None = None) -> int | None:
    """The status that a connection for events is refused with; None if it is not."""
    held = "; ".join(f"{one['name']}={one['value']}" for one in cookies or ())
    there = f"{url.replace('http', 'ws', 1)}{MINE}/api/events/subscribe"
    try:
        with connect(
            there, origin=origin or url, additional_headers={"Cookie": held}, open_timeout=60
        ):
            return None
    except InvalidStatus as error:
        return error.response.status_code


def test_who_may_not_run_code_is_not_offered_it(browse: Browse, url: str) -> None:
    page = browse("analyst", url=url)
    page.goto("/")
    expect(page.get_by_role("link", name="Models")).to_be_visible()
    expect(page.get_by_role("link", name="Notebooks")).to_have_count(0)
    answer = page.goto("/notebooks/")
    assert answer is not None
    assert answer.status == 403
    expect(page.get_by_role("alert")).to_contain_text("register_code")


def test_the_example_compares_recipes_on_this_site(
    url: str, cookies: Cookies, worker: None
) -> None:
    shipped = files("appliance.notebooks") / "examples" / "02-compare-recipes.ipynb"
    shown = {"KIZASHI_URL": url, "KIZASHI_TOKEN": cookies(url, ADMIN)[0]["value"]}
    done = execute(
        shipped.read_bytes(),
        {"fleet": "pumps", "recipes": ["mahalanobis", "ecod"]},
        timeout=280,
        environment=shown,
    )
    assert done.error == ""
    assert done.results["fleet"] == "pumps"
    assert set(done.results["events"]) == {"mahalanobis", "ecod"}


def test_a_killed_web_process_leaves_no_server_behind(
    home: Path, web: tuple[str, subprocess.Popen[bytes]]
) -> None:
    left = servers(home)
    assert left
    web[1].kill()
    _, alive = psutil.wait_procs(left, 60)
    assert not alive
