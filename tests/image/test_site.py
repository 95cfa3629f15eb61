"""A site of containers: what a cluster runs has run, with a PostgreSQL and an S3 server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from appliance.client import Plant
from appliance.client.jobs import JobHandle
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, next_day, plant
from tests.image.containers import Containers, awaited
from tests.image.docker import Docker

pytestmark = [
    pytest.mark.image,
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("image"),
]

_PATIENCE = 300.0
_KILL = "import psutil; [one.kill() for one in psutil.process_iter() if one.name() == 'raylet']"


@pytest.fixture(scope="module")
def site(
    docker: Docker, image: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Containers]:
    """Return a site whose databases are up to date, and whose roles are all ready."""
    with Containers(docker, image, tmp_path_factory.mktemp("site")) as made:
        made.postgres()
        made.objects()
        with ThreadPoolExecutor(2) as both:  # before PostgreSQL is up, and twice at once
            told = list(both.map(lambda _: made.once("run", "migrate"), range(2)))
        assert sum("made the user admin" in one for one in told) == 1, told
        roles = ("ray-head", "web", "worker")
        begun = [(made.role(role), role) for role in roles]
        begun += [
            (made.role("ray-worker", name=name), "ray-worker") for name in ("ray-1", "ray-2")
        ]
        made.await_ready(*begun)
        yield made


@pytest.fixture(scope="module")
def running(site: Containers) -> Iterator[Plant]:
    """Return the site over REST, with a fleet brought in and a champion."""
    found = site.connect(f"{site.network}-web")
    report = found.fleet(FLEET).ingest(plant(), asset="asset", time="time")
    assert report.rows == plant().height
    job = found.fleet(FLEET).train(recipe="mahalanobis")
    found.fleet(FLEET).promote(job.wait(timeout=_PATIENCE, progress=False)["version"])
    yield found
    found.close()


def test_migrating_again_changes_nothing(site: Containers) -> None:
    assert site.once("run", "migrate") == "the databases are up to date"


def test_a_fault_that_is_brought_in_comes_back_as_an_event(running: Plant) -> None:
    running.fleet(FLEET).ingest(next_day(), asset="asset", time="time")
    running.fleet(FLEET).score().wait(timeout=_PATIENCE, progress=False)
    events = list(running.fleet(FLEET).events())
    assert [event.asset for event in events] == ["P-2"]
    assert events[0].sensors[0].name == "s1"


def test_dockers_own_check_of_health_asks_the_role(site: Containers, running: Plant) -> None:
    for role in ("web", "worker", "ray-head"):
        name = f"{site.network}-{role}"
        site.docker.run("exec", name, "python", "-I", "-S", "/usr/share/kizashi/healthy.py")


def test_ray_serve_judges_the_same_readings_as_the_web_process(
    site: Containers, running: Plant
) -> None:
    row = plant(1, first=LEARNED + DAY, seed=3).row(0, named=True)
    reading = {"asset": row.pop("asset"), "time": row.pop("time"), "values": row}
    here = running.fleet(FLEET).online([reading])
    name = site.role("web", "--env", "KIZASHI_ONLINE=ray", name="web-of-ray")
    site.await_ready((name, "web"))
    with site.connect(name) as other:
        assert other.fleet(FLEET).online([reading]) == here
    assert here.scores[0].asset == "P-1"
    site.stop(name, 30)


def test_a_container_whose_node_of_ray_is_lost_is_not_ready_until_it_is_back(
    site: Containers,
) -> None:
    """In place: the container itself stays, and says so."""
    name = f"{site.network}-ray-2"
    began = site.docker.told(name)["State"]["StartedAt"]
    site.docker.run("exec", name, "python", "-c", _KILL)
    awaited("it says that it is not ready", lambda: not site.ready(name, "ray-worker"), 60)
    site.await_ready((name, "ray-worker"))
    assert site.docker.told(name)["State"]["StartedAt"] == began


def test_a_job_outlives_the_ray_worker_that_it_runs_on(
    site: Containers, running: Plant
) -> None:
    job = running.fleet(FLEET).train(recipe="forest")
    awaited("the job works", lambda: _is_under_way(job), 120)
    site.docker.run("kill", f"{site.network}-ray-1")
    assert job.wait(timeout=_PATIENCE, progress=False)["version"]
    site.docker.run("start", f"{site.network}-ray-1")
    site.await_ready((f"{site.network}-ray-1", "ray-worker"))


def test_workers_join_the_next_head(site: Containers, running: Plant) -> None:
    name = f"{site.network}-ray-head"
    site.docker.run("kill", name)
    site.docker.run("start", name)
    site.await_ready((name, "ray-head"))
    job = running.fleet(FLEET).train(recipe="forest")
    assert job.wait(timeout=_PATIENCE, progress=False)["version"]


def test_every_role_ends_when_it_is_told_to(site: Containers, running: Plant) -> None:
    """In an order in which each still has what it needs, and none of them by force."""
    ended = {
        role: site.stop(f"{site.network}-{role}", 30)
        for role in ("web", "worker", "ray-1", "ray-2", "ray-head")
    }
    assert ended == dict.fromkeys(ended, 0)


def test_a_role_without_the_sites_secrets_refuses_to_begin(docker: Docker, image: str) -> None:
    told = docker.run(
        *("run", "--rm", "--network", "none", "--read-only", "--tmpfs", "/tmp:mode=1777"),
        *(image, "run", "web"),
        check=False,
    )
    assert told.startswith("kizashi: /var/lib/kizashi/secrets lacks site.key, ray.token")
    assert len(told.splitlines()) == 1


def _is_under_way(job: JobHandle) -> bool:
    told = job.refresh()
    assert not told.state.over, f"over before it could be disturbed: {told.state}"
    return any(step.state == "running" and step.total for step in told.steps)


def test_a_container_uses_the_processors_that_it_was_given(docker: Docker, image: str) -> None:
    script = (
        "import json; from appliance.core.limits import *;"
        " print(json.dumps([cores(), memory_limit()]))"
    )
    told = docker.run(
        *("run", "--rm", "--network", "none", "--cpus", "1", "--memory", "512m"),
        *("--entrypoint", "python", image, "-c", script),
    )
    assert json.loads(told.splitlines()[-1]) == [1, 512 * 2**20]
