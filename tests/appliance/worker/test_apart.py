"""Web and workers in homes of their own, which share a PostgreSQL and a bucket alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from fastapi.testclient import TestClient

from appliance.api.app import create_app
from appliance.core.settings import Settings
from appliance.objects import shelf
from appliance.pipelines.site import Site
from tests.appliance.api.conftest import Caller, logged_in
from tests.appliance.people import ADMIN, add_people, cheap_access
from tests.appliance.pipelines import sites
from tests.appliance.pipelines.sites import FLEET
from tests.appliance.postgres import Server
from tests.appliance.worker.conftest import Plant
from tests.s3 import S3, s3, s3_place

__all__ = ["s3", "s3_place"]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("postgresql")]


@pytest.fixture
def web(postgresql: Server, s3_place: str, tmp_path: Path) -> Iterator[Caller]:
    """A web process: its home is its own."""
    told = {"database_url": postgresql.make(f"t{uuid4().hex}"), "storage_url": s3_place}
    site = Site(Settings(home=tmp_path / "web", engine="local", **told))
    site.access = cheap_access(site)
    add_people(site.access)
    with TestClient(create_app(site)) as client:
        yield Caller(client, logged_in(site, ADMIN))
    site.close()


@pytest.fixture
def workers(web: Caller, s3: S3, s3_place: str, tmp_path: Path) -> Iterator[list[Plant]]:
    """Homes of two workers, each of which has the site's secrets and nothing else."""
    made = []
    for name in ("one", "two"):
        home = sites.new_home(tmp_path / name)
        (home / "kizashi.db").unlink()
        shutil.copytree(tmp_path / "web" / "secrets", home / "secrets")
        settings = {**s3.environment, "KIZASHI_STORAGE_URL": s3_place, "KIZASHI_WORKERS": "2"}
        url = web.client.app.state.site.settings.database_url
        made.append(Plant(home, url, settings | {"KIZASHI_WORKER_METRICS_PORT": "0"}))
    yield made
    for one in made:
        one.close()


def done(web: Caller, worker: Plant, pipeline: str, **arguments: Any) -> dict[str, Any]:
    """Ask for a job over the API; return it when a worker has done it."""
    asked = {"pipeline": pipeline, "fleet": FLEET, "arguments": arguments}
    answer = web.post("/jobs", json=asked)
    assert answer.status_code == 202, answer.text

    def told() -> dict[str, Any]:
        return web.get(f"/jobs/{answer.json()['id']}").json()

    worker.until(lambda: told()["state"] in ("succeeded", "failed", "cancelled"))
    assert told()["state"] == "succeeded", told()
    return told()


def test_what_one_takes_another_brings_in_and_a_third_judges(
    web: Caller, workers: list[Plant], s3_place: str, tmp_path: Path
) -> None:
    one, two = workers
    one.work(module="appliance.worker")
    sent = web.post("/uploads?file=day.csv", content=sites.plant().write_csv().encode())
    assert sent.status_code == 201, sent.text
    upload = sent.json()["upload"]
    assert [entry.key for entry in shelf(f"{s3_place}/uploads").entries()] == [upload]
    asked = {"upload": upload, "asset": "asset", "time": "time"}
    seen = web.post(f"/fleets/{FLEET}/readings/preview", json=asked)
    assert seen.status_code == 200, seen.text
    assert not list((tmp_path / "web").glob("uploads/upl_*"))

    columns = {"asset": "asset", "time": "time"}
    done(web, one, "ingest", paths=[upload], **columns)
    assert list(shelf(f"{s3_place}/uploads").entries()) == []
    day = sites.next_day().write_csv().encode()
    shelf(f"{s3_place}/import").put("line/next.csv", day)
    shelf(s3_place).put("elsewhere/next.csv", day)
    done(web, one, "ingest", paths=[f"{s3_place}/import/line/*.csv"], **columns)
    refused = {"pipeline": "ingest", "fleet": FLEET, "arguments": {**columns}}
    refused["arguments"]["paths"] = [f"{s3_place}/elsewhere/next.csv"]
    out = web.post("/jobs", json=refused).json()["id"]
    one.until(lambda: web.get(f"/jobs/{out}").json()["state"] == "failed")
    assert "outside of the import folders" in web.get(f"/jobs/{out}").json()["error"]
    done(web, one, "train", recipe="mahalanobis")
    one.end(0)

    two.work(module="appliance.worker")
    assert done(web, two, "score")["result"]["rows"] > 0
    page = done(web, two, "report")
    came = web.get(f"/fleets/{FLEET}/batches").json()["items"]
    assert {(each["file"], each["way"]) for each in came} == {
        ("day.csv", "sent"),
        ("next.csv", "file"),
    }
    [version] = web.get(f"/fleets/{FLEET}/models").json()["items"]
    assert version["version"] == 1
    assert web.get(f"/fleets/{FLEET}/models/1").status_code == 200
    assert any(each["asset"] == "P-2" for each in web.get("/events").json()["items"])
    told = web.get(f"/jobs/{page['id']}/report")
    assert told.status_code == 200
    assert told.headers["content-disposition"].startswith("attachment")
    assert "P-2" in told.text
    assert web.get(f"/jobs/{out}/report").status_code == 404
    # Every process shows its own figures, and the site's workers by the database.
    platform = web.get("/platform").json()
    assert len(platform["workers"]) == 1
    assert web.get("/metrics").status_code == 200
    for home in ("web", "one", "two"):
        for part in ("lake", "models", "reports", "import"):
            assert not (tmp_path / home / part).exists(), (home, part)
