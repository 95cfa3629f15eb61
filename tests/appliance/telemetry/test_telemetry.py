"""The machine, the processes and the queue as they are measured and told."""

from __future__ import annotations

import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta

import pytest

from appliance.core.clock import monotonic, now
from appliance.core.db import open_database
from appliance.core.errors import StorageError
from appliance.core.settings import Settings
from appliance.engine import shared
from appliance.schemas.platform import Cluster, ClusterNode, Host, Metric, Queue
from appliance.telemetry import History, Sampler, health, platform, probes
from appliance.telemetry.health import Facts
from appliance.telemetry.host import HostProbe, ProcessProbe, roles
from appliance.telemetry.sampler import Probe
from tests.conftest import ROOT

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
GB = 10**9
QUEUE = Queue(queued=0, running=0, workers=1, at_once=2, failed=0)
HOST = Host(
    name="plant-1",
    system="Linux",
    started=AT,
    cpus=8,
    memory_bytes=16 * GB,
    memory_used_bytes=6 * GB,
    disk_bytes=500 * GB,
    disk_free_bytes=300 * GB,
)
NODE = ClusterNode(
    name="plant-2",
    address="10.0.0.2",
    alive=False,
    cpus=8,
    cpus_used=0,
    memory_bytes=GB,
    memory_used_bytes=0,
)


@pytest.fixture
def home(tmp_path):
    (tmp_path / "home" / "lake" / "pumps").mkdir(parents=True)
    (tmp_path / "home" / "lake" / "pumps" / "x.parquet").write_bytes(b"x" * 100_000)
    (tmp_path / "home" / "kizashi.toml").write_text("")
    return tmp_path / "home"


# ---------------------------------------------------------------- measuring
def test_the_machine_is_measured(home):
    probe = HostProbe(home)
    first, second = probe(), probe()
    assert Metric.HOST_SENT not in first
    assert second[Metric.HOST_SENT] >= 0
    assert 0 <= second[Metric.HOST_CPU] <= 1
    assert second[Metric.HOST_MEMORY] > 0
    assert second[Metric.HOST_DISK] > 0


def test_processes_of_a_home_are_found_with_what_they_use(home):
    program = "import sys; print('up', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", program, "-m", "appliance.worker", "--home", str(home)]
    other = [*command[:-1], str(home.parent)]
    running = [
        subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
        for line in (command, other)
    ]
    try:
        for one in running:
            one.stdout.readline()
        probe = ProcessProbe(home)
        probe()
        told = probe()
        assert told[Metric.WORKER_MEMORY] > 0
        assert told[Metric.WORKER_CPU] >= 0
        assert Metric.WEB_MEMORY not in told
        found = {one.role: one for one in roles(home, lambda _: 0.5)}
        assert (found["worker"].processes, found["worker"].cpu_cores) == (1, 0.5)
        assert found["worker"].since is not None
        assert (found["web"].processes, found["web"].since) == (0, None)
    finally:
        for one in running:
            one.communicate()


def test_all_is_measured_and_told(home, database_url):
    settings = Settings(home=home, database_url=database_url, engine="local")
    database = open_database(database_url)
    sampler = Sampler(settings, probes(settings, lambda: database))
    sampler.measure()
    told = platform(settings, database, version="1.2.3", whole=True)
    assert told.host is not None
    assert told.host.cpu_ratio is not None
    sizes = {one.part: one.size_bytes for one in told.parts}
    assert sizes["lake"] >= 100_000
    assert sizes["models"] == 0
    assert told.database == database.engine.dialect.name
    if told.database == "postgresql":
        assert sizes["database"] > 1_000_000
    assert [one.code for one in told.troubles if one.code == "not_measured"] == []
    assert {"no_worker"} <= {one.code for one in told.troubles}
    little = platform(settings, database, version="1.2.3", whole=False)
    assert (little.host, little.parts, little.roles) == (None, (), ())
    assert little.queue == told.queue
    database.close()


def test_one_process_measures_until_it_ends(home):
    settings = Settings(home=home)
    met: list[str] = []
    woken = threading.Event()

    def told(name):
        def measure():
            met.append(name)
            woken.set()
            return {Metric.HOST_LOAD: 1.0}

        return [Probe(measure)]

    with Sampler(settings, told("first"), every=0.01):
        assert woken.wait(10)
        with Sampler(settings, told("second"), every=0.01) as second:
            woken.clear()
            assert woken.wait(10)
            assert not second._mine()
    assert set(met) == {"first"}
    with Sampler(settings, told("third"), every=0.01):
        woken.clear()
        assert woken.wait(10)
    assert met[-1] == "third"


def test_a_probe_that_fails_leaves_the_others(home):
    def lost():
        raise StorageError("the database is away.")

    sampler = Sampler(
        Settings(home=home), [Probe(lost), Probe(lambda: {Metric.HOST_LOAD: 2.0})]
    )
    sampler.measure()
    assert History(home).latest(Metric.HOST_LOAD, now()) == 2.0


def test_what_costs_is_measured_seldom(home):
    met: list[float] = []
    probe = Probe(lambda: met.append(monotonic()) or {}, every=1_000)
    sampler = Sampler(Settings(home=home), [probe])
    sampler.measure()
    sampler.measure()
    assert len(met) == 1


# ---------------------------------------------------------------- what needs care
def codes(**changes):
    facts = {
        "at": AT,
        "queue": QUEUE,
        "host": HOST,
        "cluster": None,
        "needs_ray": False,
        "measured": True,
    }
    found = health.troubles(Facts(**(facts | changes)))
    assert all(one.text.endswith(".") and one.remedy for one in found)
    return [one.code for one in found]


def test_nothing_needs_care():
    assert codes() == []


@pytest.mark.parametrize(
    ("free", "expected"), [(300, []), (20, ["disk_low"]), (0.5, ["disk_full"])]
)
def test_the_disk_fills(free, expected):
    assert codes(host=HOST.model_copy(update={"disk_free_bytes": int(free * GB)})) == expected


@pytest.mark.parametrize(
    ("used", "expected"), [(15, []), (15.5, ["memory_low"]), (15.9, ["memory_full"])]
)
def test_memory_is_short(used, expected):
    assert codes(host=HOST.model_copy(update={"memory_used_bytes": int(used * GB)})) == expected


def test_jobs_wait_and_fail():
    waiting = {"queued": 4, "oldest": AT - timedelta(hours=2)}
    assert codes(queue=QUEUE.model_copy(update=waiting)) == ["long_wait"]
    assert codes(queue=QUEUE.model_copy(update={"failed": 3})) == ["jobs_fail"]
    alone = QUEUE.model_copy(update=waiting | {"workers": 0})
    assert codes(queue=alone) == ["no_worker"]


def test_the_worst_is_first():
    assert codes(
        needs_ray=True, measured=False, queue=QUEUE.model_copy(update={"failed": 9})
    ) == [
        "no_ray",
        "jobs_fail",
        "not_measured",
    ]
    assert codes(cluster=Cluster(address="x", nodes=(NODE,))) == ["node_lost"]


# ---------------------------------------------------------------- Ray
def test_a_cluster_is_told_only_while_its_head_lives(home):
    settings = Settings(home=home)
    assert shared.cluster(settings) is None
    with shared.claimed(home) as claim:
        claim.tell("127.0.0.1:1")
        assert shared.cluster(settings) == Cluster(address="127.0.0.1:1")
        told = Cluster(address="127.0.0.1:1", at=AT, nodes=(NODE,))
        shared.tell_cluster(home, told)
        assert shared.cluster(settings) == told
        shared.tell_cluster(home, told.model_copy(update={"address": "of before"}))
        assert shared.cluster(settings) == Cluster(address="127.0.0.1:1")
        for word in (shared.ASLEEP, shared.WAKING):
            claim.tell(word)
            assert shared.cluster(settings) == Cluster(address="", asleep=True)
    assert shared.cluster(settings) is None
    other = Settings(home=home, ray_address="ray://plant:10001")
    assert shared.cluster(other) == Cluster(address="ray://plant:10001")
