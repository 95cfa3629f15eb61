"""Own pipelines in the pages: a graph with live states, in words and signs, by keyboard too."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from appliance.access import shell
from appliance.client import connect
from appliance.core.settings import Settings
from appliance.pipelines.own_code import put
from appliance.pipelines.site import Site
from appliance.steps.writing import parsed
from tests.appliance.people import PASSWORD
from tests.ui.conftest import Browse
from ui.components.graph import placed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ui")]

WEEKLY = """
name: weekly
summary: Looks at the week, and tells the shift.
parameters: {gate: , limit: 3}
steps:
  rows: {command: [sh, -c, "echo '{\\"n\\": 7}' > outputs.json"]}
  hold:
    command: [sh, -c, 'until [ -e "$0" ]; do sleep 0.05; done', "${parameters.gate}"]
    needs: [rows]
  count:
    command: [sh, -c, "echo '{\\"n\\": 2}' > outputs.json"]
    with: {limit: "${parameters.limit}"}
    needs: [rows]
  tell: {command: [sh, -c, "exit 3"], needs: [hold, count]}
"""


def test_steps_stand_behind_what_they_wait_for():
    links = [("a", "c"), ("b", "c"), ("a", "d"), ("c", "d")]
    places = placed(["a", "b", "c", "d"], links)
    assert places == {"a": (0, 0), "b": (0, 1), "c": (1, 0), "d": (2, 0)}


@pytest.fixture(scope="module")
def run(home: Path, server: str, worker: None, tmp_path_factory) -> tuple[str, Path]:
    """Put the pipeline and let it run up to the step that waits for a gate."""
    gate = tmp_path_factory.mktemp("gate") / "gate"
    site = Site(Settings(home=home, engine="local"))
    put(site, shell("root"), parsed(WEEKLY))
    site.close()
    with connect(server, user="root", password=PASSWORD) as plant:
        handle = plant.own_pipelines.run("weekly", parameters={"gate": str(gate)})
    return handle.id, gate


def steps(page: Page):
    return page.get_by_role("list", name="Steps of weekly and what they wait for")


def test_a_run_is_followed_in_the_graph(run: tuple[str, Path], browse: Browse):
    page = browse("root")
    page.goto("/pipelines?name=weekly")
    nodes = steps(page).get_by_role("listitem")
    expect(nodes).to_have_count(4)
    expect(nodes.filter(has_text="count")).to_contain_text("Done")
    expect(nodes.filter(has_text="hold")).to_contain_text("At work")
    expect(nodes.filter(has_text="tell")).to_contain_text("Waiting")
    run[1].touch()
    expect(nodes.filter(has_text="tell")).to_contain_text("Failed")
    page.get_by_role("link", name="count").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("Step count")).to_be_visible()
    expect(page.get_by_role("list", name="Step count")).to_contain_text("gave n")
    page.goto(f"/job?id={run[0]}")
    expect(steps(page).get_by_role("listitem").filter(has_text="tell")).to_contain_text(
        "Failed"
    )
    page = browse("root", language="ja")
    page.goto("/pipelines")
    expect(page.get_by_role("list", name="パイプライン")).to_contain_text("weekly")
