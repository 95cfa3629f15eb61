"""What keeps models fresh is asked for from afar, and run by a real worker."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.access.person import shell
from appliance.api.app import create_app
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from tests.appliance.cli.conftest import Kizashi
from tests.appliance.client.servers import serve
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, bring, plant
from tests.forked import working

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cli-worker")]
ME = shell("test")
Data = Callable[..., Any]


@pytest.fixture
def data(
    full: Path, kizashi: Kizashi, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Data]:
    """Serve the home that holds events, with a worker; return how to ask it for JSON."""
    site = Site(load_settings(full))
    bring(site, plant(2 * DAY, first=LEARNED + DAY, seed=7), "later")
    site.access.users.add(ME, "root", None, admin=True)
    token = site.access.tokens.create(ME, "root", "tests", list(Right)).secret
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KIZASHI_TOKEN", token)
    with working(full), serve(create_app(site)) as url:

        def run(*arguments: Any) -> Any:
            told = kizashi("--url", url, *arguments, "--json")
            assert told.status == 0, told.err
            return json.loads(told.out)

        yield run


def test_all_of_it_over_rest(data: Data) -> None:
    made = data("backtest", FLEET, "--recipe", "pca")
    assert made["candidate"]["recipe"] == "pca"
    assert [one["id"] for one in data("backtests", FLEET)] == [made["id"]]
    [event] = data("events", FLEET, "--anomalies")
    assert data("verdicts", "preview", event["id"])["events"] == [event["id"]]
    asked = data("retrain", FLEET, "--recent", 1, "--promote", "ask")
    assert asked["outcome"] == "waits"
    assert data("approve", asked["approval"])["state"] == "approved"
    assert data("adjust", FLEET, "--false-alarms", 2)["lineage"]["derived_from"] == 2
    [kept] = data("retention", "--days", 2, "--dry-run")
    assert kept["readings"] == 0
    [compacted] = data("compact", FLEET)
    assert compacted["files_after"] <= compacted["files_before"]
