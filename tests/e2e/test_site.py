"""A whole site on a node: it comes up, learns and judges, and outlives what it runs on.

The tests go on from each other in the order in which they stand: a site takes minutes to come
up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from appliance.client import Plant
from appliance.client.fleet.fleet import Fleet
from appliance.client.jobs import JobHandle
from tests.appliance.pipelines.sites import DAY, FLEET, LEARNED, next_day, plant
from tests.conftest import ROOT
from tests.e2e.chart import CHART
from tests.e2e.cluster import Cluster, wait_for
from tests.e2e.namespaces import restricted
from tests.e2e.node import import_image, offer_storage
from tests.e2e.sending import Sender
from tests.e2e.site import RELEASE, Site, Use, local_values, most
from tests.e2e.world import World
from tests.image.build import POSTGRES, S3, make_all
from tests.image.docker import Docker

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1500)]

_SIZES = ["8Gi", "20Gi", "10Gi", "10Gi", "1Gi"]
_MINUTES = 600.0
_MEASURED = ROOT / "build" / "e2e" / "measured.txt"


@pytest.fixture(scope="module")
def site(
    world: World, docker: Docker, node: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Return a site that an operator brought up."""
    for image in (make_all(docker), POSTGRES, S3):
        import_image(world, docker, image)
    offer_storage(world, node, _SIZES)
    home = tmp_path_factory.mktemp("operator")
    with restricted(node, "plant") as namespace:
        made = Site(namespace, local_values(home, world.address), home, world.address)
        made.up()
        try:
            yield made
        finally:
            made.close()


@pytest.fixture(scope="module")
def idle(site: Site) -> dict[str, Use]:
    """Return what pods take before there is anything to do."""
    return most(site, 40)


@pytest.fixture(scope="module")
def running(site: Site, idle: dict[str, Use]) -> Plant:
    """Return the site over REST, with a fleet brought in and a champion."""
    assert idle
    found = site.plant()
    report = found.fleet(FLEET).ingest(plant(), asset="asset", time="time")
    assert report.rows == plant().height
    job = found.fleet(FLEET).train(recipe="mahalanobis")
    found.fleet(FLEET).promote(job.wait(timeout=_MINUTES, progress=False)["version"])
    return found


def _is_under_way(job: JobHandle) -> bool:
    told = job.refresh()
    assert not told.state.over, f"over before it could be disturbed: {told.state}"
    return any(step.state == "running" and step.total for step in told.steps)


def test_the_command_tells_where_the_site_is(site: Site) -> None:
    assert f": {site.url}\n" in site.told
    assert f"ready: {site.url}\n" in site.kizashi("cluster", "status", *site.where)


def test_every_pod_is_ready_and_none_was_begun_twice(site: Site) -> None:
    assert site.ready()
    assert site.restarts() == {}


def test_helms_own_test_passes(site: Site) -> None:
    site.namespace.helm("test", RELEASE, "--timeout", "5m")


def test_a_fault_that_is_brought_in_comes_back_as_an_event(running: Plant) -> None:
    running.fleet(FLEET).ingest(next_day(), asset="asset", time="time")
    running.fleet(FLEET).score().wait(timeout=_MINUTES, progress=False)
    events = list(running.fleet(FLEET).events())
    assert [event.asset for event in events] == ["P-2"]
    assert events[0].sensors[0].name == "s1"


def test_readings_are_judged_as_they_come(running: Plant) -> None:
    row = plant(1, first=LEARNED + DAY, seed=3).row(0, named=True)
    reading = {"asset": row.pop("asset"), "time": row.pop("time"), "values": row}
    (score,) = running.fleet(FLEET).online([reading]).scores
    assert score.asset == "P-1"


def test_what_pods_take_is_told(site: Site, running: Plant, idle: dict[str, Use]) -> None:
    """For the table in docs/install.md: a line a pod, idle and while a model is trained."""
    job = running.fleet(FLEET).train(recipe="forest")
    busy = most(site, 40)
    assert job.wait(timeout=_MINUTES, progress=False)["version"]
    lines = [
        f"{name}\tasked {use.asked['requests']}\tidle {idle[name]}\ttraining {use}"
        for name, use in sorted(busy.items())
        if name in idle
    ]
    assert lines
    told = [f"from the command to ready\t{site.seconds:.0f} s", *lines]
    _MEASURED.parent.mkdir(parents=True, exist_ok=True)
    _MEASURED.write_text("\n".join([*told, ""]), "utf-8")


_CELL = """
import os, pathlib
import appliance as kizashi
with kizashi.connect() as plant:
    print([one.fleet for one in plant.fleets()])
pathlib.Path("kept.txt").write_text("kept")
print(os.path.exists("/var/run/secrets/kubernetes.io"), os.getuid())
print([name for name in os.environ if "SECRET" in name or "PASSWORD" in name])
"""


def test_an_analyst_works_in_a_pod_of_their_own(
    site: Site, running: Plant, world: World
) -> None:
    assert list(running.fleets())
    with site.notebook() as notebook:
        notebook.open(world.check)
        told = notebook.run(_CELL).splitlines()
        assert told == [f"['{FLEET}']", "False 10001", "[]"]
        (pod,) = site.pods("notebook")
        use = most(site, 10)[pod["metadata"]["name"]]
        site.delete(pod)
        wait_for(lambda: not site.pods("notebook"), 60, "the pod is gone", world.check)
        notebook.open(world.check)  # on its volume, what was written is there
        assert notebook.run("print(open('kept.txt').read())") == "kept\n"
    for pod in site.pods("notebook"):
        site.delete(pod)
    with _MEASURED.open("a", encoding="utf-8") as kept:
        kept.write(f"notebook\tone kernel, idle\t{use}\n")


@pytest.mark.parametrize("role", ["ray-worker", "ray-head", "worker"])
def test_a_job_outlives_the_pod_that_it_runs_on(
    site: Site, running: Plant, world: World, role: str
) -> None:
    job = running.fleet(FLEET).train(recipe="forest")
    wait_for(lambda: _is_under_way(job), 120, "the job works", world.check)
    for pod in site.pods(role):
        site.delete(pod)
    assert job.wait(timeout=_MINUTES, progress=False)["version"]
    site.wait_until_ready(world.check)


def test_hooks_that_run_again_change_nothing(site: Site, running: Plant) -> None:
    """The job of the Secret finds it made, that of the database its tables."""
    secret, pods = site.secrets(), site.numbers()
    for _ in range(2):
        site.namespace.helm(
            *("upgrade", RELEASE, str(CHART), "--reuse-values", "--timeout", "10m"),
            *("--set", "secrets.job.enabled=true"),
        )
    assert site.completed() >= {f"{RELEASE}-secrets-job", f"{RELEASE}-migrate"}
    assert site.secrets() == secret
    assert site.numbers() == pods
    assert list(running.fleet(FLEET).events())


def test_an_upgrade_is_backed_up_and_loses_no_reading_and_goes_back(
    site: Site, running: Plant, world: World, tmp_path: Path
) -> None:
    """All pods are made anew while readings are sent: what was acknowledged is there, once."""
    passphrase, more = tmp_path / "passphrase", tmp_path / "more.json"
    passphrase.write_text("of the backup before the upgrade\n")
    more.write_text('{"settings": {"name": "Upgraded"}}')
    sender = Sender(_stream_of(site), plant(6000, assets=("Q-1", "Q-2"), seed=7))
    sender.start()
    wait_for(lambda: sender.acknowledged > 0, 60, "readings come in", world.check)
    before = site.numbers()
    told = site.kizashi(
        *("cluster", "upgrade", *site.where, "--values", str(more), "--yes"),
        *("--passphrase-file", str(passphrase)),
    )
    meanwhile = sender.acknowledged
    assert "] backup: " in told
    assert site.backups()
    roles = ("web", "worker", "ray-head", "ray-worker")
    after = {pod["metadata"]["uid"] for role in roles for pod in site.pods(role)}
    assert after.isdisjoint(before)
    told = site.kizashi("cluster", "rollback", *site.where, "--yes")
    assert "is back at revision" in told
    sent = sender.end()
    site.wait_until_ready(world.check)
    fleet = site.plant().fleet("stream")
    kept = {asset: fleet.readings(asset) for asset in ("Q-1", "Q-2")}
    assert sum(each.height for each in kept.values()) == sent
    assert all(each["time"].n_unique() == each.height for each in kept.values())
    assert list(site.plant().fleet(FLEET).events()), "what was there before is there"
    lines = f"readings sent during upgrade and rollback\t{sent}, of them by the upgrade's end "
    lines += f"{meanwhile}; {sender.repeated} files sent again; none lost\n"
    with _MEASURED.open("a", encoding="utf-8") as kept_file:
        kept_file.write(lines)


def _stream_of(site: Site) -> Callable[[], Fleet]:
    @cache
    def fleet() -> Fleet:
        return site.plant().fleet("stream")

    return fleet


def test_brought_down_for_good_nothing_of_it_stays(site: Site, world: World) -> None:
    site.kizashi("cluster", "down", *site.where, "--purge", "--yes")
    kinds = "deployments,statefulsets,services,persistentvolumeclaims,jobs"
    wait_for(
        lambda: not site.namespace.names(kinds) and not site.namespace.names("pods"),
        180,
        "all of it is gone",
        world.check,
    )
    assert f"{RELEASE}-secrets" not in site.namespace.names("secrets")
