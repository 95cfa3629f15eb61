"""Servers in pods: what pod is asked for, how it stands in words, and when it ends."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from appliance.access import Access, Person
from appliance.access.passwords import Passwords
from appliance.core.clock import monotonic, now
from appliance.core.db import open_database
from appliance.core.errors import (
    Forbidden,
    InvalidRequest,
    LimitExceeded,
    OperatorError,
    StorageError,
    Unreachable,
)
from appliance.machine.roles import notebook
from appliance.notebooks import identity, idling
from appliance.notebooks.place import Stage
from appliance.notebooks.pods import wire
from appliance.notebooks.pods.servers import InPod, PodServers, PodTerms
from appliance.notebooks.pods.standing import standing
from appliance.schemas.access import Right
from tests.appliance.api.ports import free_port
from tests.appliance.notebooks.kubernetes_api import Cluster, cluster
from tests.appliance.people import ADMIN, ME, PASSWORD, add_people

KEY = bytes(32)
LABELS = {"app.kubernetes.io/component": "notebook"}
SECOND = "second"
RUN = "from appliance.cli.main import main; main()"


@pytest.fixture(scope="module")
def access(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Access]:
    """Who may what, at a site with two admins and somebody of each role."""
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('site') / 'kizashi.db'}")
    made = Access(database, KEY, passwords=Passwords(time_cost=1, memory_kib=8, lanes=1))
    add_people(made)
    made.users.add(ME, SECOND, PASSWORD, admin=True)
    yield made
    database.close()


@pytest.fixture
def kubernetes(tmp_path: Path) -> Iterator[Cluster]:
    with cluster(tmp_path) as made:
        yield made


def templates(folder: Path, port: int = 8888) -> Path:
    """Templates as the chart gives them, as far as the code looks at them."""
    metadata = {"name": "plant-notebook", "labels": LABELS}
    own = {"name": "notebook", "ports": [{"containerPort": port}]}
    pod = {"kind": "Pod", "metadata": metadata, "spec": {"containers": [own], "volumes": []}}
    claim = {"kind": "PersistentVolumeClaim", "metadata": metadata}
    for name, told in {"pod": pod, "claim": claim}.items():
        (folder / f"{name}.json").write_text(json.dumps(told))
    return folder


def servers(kubernetes: Cluster, access: Access, folder: Path, port: int = 8888) -> PodServers:
    at = templates(folder, port)
    terms = PodTerms(at, 1, 60, KEY, "https://plant-web:8443", "PEM")
    return PodServers(terms, access, kubernetes.client())


def person(access: Access, name: str) -> Person:
    return access.authenticate(access.login(name, PASSWORD).secret)


def told(pod: dict[str, Any]) -> dict[str, Any]:
    """What the server of a pod is told."""
    found: dict[str, Any] = json.loads(pod["spec"]["containers"][0]["args"][2])
    return found


def runs(pod: dict[str, Any]) -> None:
    pod["status"] = {
        "phase": "Running",
        "podIP": "127.0.0.1",
        "containerStatuses": [{"started": True, "state": {"running": {}}}],
    }


# ---------------------------------------------------------------- what is asked for
@pytest.mark.slow
def test_the_pod_is_the_analysts_and_holds_nothing_secret(
    kubernetes: Cluster, access: Access, tmp_path: Path
) -> None:
    own = servers(kubernetes, access, tmp_path)
    assert own.open(person(access, ADMIN)) is Stage.STARTS
    (pod,) = kubernetes.pods()
    name, digits = pod["metadata"]["name"], sha256(ADMIN.encode()).hexdigest()[:12]
    assert name == f"plant-notebook-{digits}"
    assert pod["metadata"]["labels"] == {**LABELS, "kizashi.dev/analyst": digits}
    assert pod["metadata"]["annotations"]["kizashi.dev/owner"] == ADMIN
    assert pod["spec"]["volumes"] == [
        {"name": "home", "persistentVolumeClaim": {"claimName": name}}
    ]
    assert ("persistentvolumeclaims", name) in kubernetes.objects
    assert told(pod)["base"] == f"/notebooks/{ADMIN}/"
    assert notebook.understood(pod["spec"]["containers"][0]["args"][2]) == told(pod)
    runs(pod)
    found = servers(kubernetes, access, tmp_path).find(person(access, ADMIN), ADMIN)
    assert isinstance(found, InPod), "another web pod finds it, and knows its secret"
    assert found.address == ("127.0.0.1", 8888)
    assert found.secret not in json.dumps(pod)
    assert told(pod)["gate"] == identity.digest(found.secret)
    with pytest.raises(Forbidden, match=f"notebooks of {ADMIN}"):
        own.find(person(access, SECOND), ADMIN)
    with pytest.raises(Forbidden):
        own.open(person(access, "analyst"))
    with pytest.raises(LimitExceeded, match="1 notebook servers run"):
        own.open(person(access, SECOND))
    pod["metadata"]["annotations"]["kizashi.dev/owner"] = SECOND
    assert servers(kubernetes, access, tmp_path).find(person(access, ADMIN), ADMIN) is None


@pytest.mark.slow
def test_a_pod_that_ended_is_made_anew_on_the_same_volume_with_another_secret(
    kubernetes: Cluster, access: Access, tmp_path: Path
) -> None:
    own, who = servers(kubernetes, access, tmp_path), person(access, ADMIN)
    own.open(who)
    (first,) = kubernetes.pods()
    first["status"] = {"phase": "Succeeded"}
    assert own.open(who) is Stage.STARTS
    assert kubernetes.pods() == []
    assert own.open(who) is Stage.STARTS
    (second,) = kubernetes.pods()
    assert told(second)["gate"] != told(first)["gate"]


@pytest.mark.slow
def test_the_account_is_read_anew_for_each_request(
    kubernetes: Cluster, access: Access, tmp_path: Path
) -> None:
    own, who = servers(kubernetes, access, tmp_path), person(access, ADMIN)
    own.open(who)
    (tmp_path / "token").write_text("second")
    own.open(who)
    assert list(dict.fromkeys(kubernetes.tokens)) == ["first", "second"]
    (tmp_path / "token").unlink()
    with pytest.raises(StorageError, match="no pod with a service account"):
        own.open(who)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "said", "words"),
    [
        (403, 'pods "x" is forbidden: exceeded quota: small', "quota of the namespace"),
        (403, 'violates PodSecurity "restricted:latest"', "violates PodSecurity"),
        (500, "etcd is away", r"refuses to make persistentvolumeclaims \(500\): etcd is away"),
    ],
)
def test_why_no_pod_is_made_is_told(
    kubernetes: Cluster, access: Access, tmp_path: Path, status: int, said: str, words: str
) -> None:
    own = servers(kubernetes, access, tmp_path)
    kubernetes.refuses = (status, said)
    with pytest.raises(OperatorError, match=words):
        own.open(person(access, ADMIN))


@pytest.mark.slow
def test_templates_that_are_none_and_an_api_that_is_away_are_told(
    kubernetes: Cluster, access: Access, tmp_path: Path
) -> None:
    own, who = servers(kubernetes, access, tmp_path), person(access, ADMIN)
    (tmp_path / "pod.json").write_text("{}")
    with pytest.raises(InvalidRequest, match="templates in"):
        own.open(who)
    kubernetes.address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(Unreachable, match="API of Kubernetes"):
        servers(kubernetes, access, tmp_path).open(who)


# ---------------------------------------------------------------- how it stands
def waiting(reason: str, message: str = "") -> dict[str, Any]:
    state = {"waiting": {"reason": reason, "message": message}}
    return {"phase": "Pending", "containerStatuses": [{"state": state}]}


def failed(**terminated: str) -> dict[str, Any]:
    state = {"terminated": terminated}
    return {"phase": "Failed", "containerStatuses": [{"state": state}]}


FULL = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes: Insufficient cpu."}
NO_ROOM = {"phase": "Pending", "conditions": [FULL]}


def test_a_pod_that_comes_is_told_by_how_far_it_is() -> None:
    at = now()
    stages = {
        stage: standing(
            {"metadata": {"creationTimestamp": at.isoformat()}, "status": status}, at
        )
        for stage, status in {
            Stage.STARTS: {"phase": "Pending"},
            Stage.ROOM: NO_ROOM,
            Stage.FETCHED: waiting("ContainerCreating"),
        }.items()
    }
    assert all((each.stage, each.trouble) == (stage, "") for stage, each in stages.items())
    assert not standing({"metadata": {}, "status": {"phase": "Running"}}, at).address


@pytest.mark.slow
@pytest.mark.parametrize(
    ("status", "words"),
    [
        (waiting("ImagePullBackOff", "not found"), "its image cannot be fetched: not found."),
        (waiting("CreateContainerConfigError", "x"), "its node cannot start it: x."),
        (failed(reason="OOMKilled"), "it took more memory than it may."),
        (failed(reason="Error", message="a\nno space\n"), "it ended: no space."),
        ({"phase": "Failed", "message": "evicted: disk"}, "it ended: evicted: disk."),
        (NO_ROOM, "no node has room for it: 0/3 nodes: Insufficient cpu (for 10 minutes)."),
    ],
)
def test_a_pod_that_comes_to_nothing_says_why(
    kubernetes: Cluster, access: Access, tmp_path: Path, status: dict[str, Any], words: str
) -> None:
    own, who = servers(kubernetes, access, tmp_path), person(access, ADMIN)
    own.open(who)
    (pod,) = kubernetes.pods()
    pod["status"] = status
    pod["metadata"]["creationTimestamp"] = (now() - timedelta(minutes=11)).isoformat()
    with pytest.raises(OperatorError, match="cannot run") as raised:
        own.open(who)
    assert raised.value.message.endswith(words)
    assert kubernetes.pods() == [], "the next call makes another"


# ---------------------------------------------------------------- when it ends
@pytest.mark.slow
def test_who_may_run_code_no_more_loses_their_pod(
    kubernetes: Cluster, access: Access, tmp_path: Path
) -> None:
    own = servers(kubernetes, access, tmp_path)
    own.open(person(access, SECOND))
    own.look()
    assert len(kubernetes.pods()) == 1
    access.users.set_admin(ME, SECOND, admin=False)
    own.look()
    access.users.set_admin(ME, SECOND, admin=True)
    assert kubernetes.pods() == []


@pytest.mark.slow
def test_a_pod_that_ended_is_removed_and_one_that_is_being_removed_is_left(
    kubernetes: Cluster, access: Access, tmp_path: Path
) -> None:
    own = servers(kubernetes, access, tmp_path)
    own.open(person(access, ADMIN))
    (pod,) = kubernetes.pods()
    pod["status"] = {"phase": "Succeeded"}
    pod["metadata"]["deletionTimestamp"] = now().isoformat()
    own.look()
    assert own.open(person(access, ADMIN)) is Stage.STARTS
    assert len(kubernetes.pods()) == 1
    del pod["metadata"]["deletionTimestamp"]
    own.look()
    assert kubernetes.pods() == []


@pytest.mark.slow
def test_a_pod_that_comes_to_nothing_keeps_nobody_else_waiting(
    kubernetes: Cluster, access: Access, tmp_path: Path
) -> None:
    own = servers(kubernetes, access, tmp_path)
    own.open(person(access, ADMIN))
    kubernetes.pods()[0]["status"] = waiting("ImagePullBackOff")
    own.look()
    assert own.open(person(access, SECOND)) is Stage.STARTS


def test_a_server_in_a_pod_is_idle_when_neither_people_nor_kernels_do_anything() -> None:
    def app(state: str, last: datetime) -> Any:
        kernel = {"execution_state": state, "last_activity": last.isoformat()}
        manager = SimpleNamespace(list_kernels=lambda: [kernel])
        return SimpleNamespace(kernel_manager=manager, web_app=SimpleNamespace(settings={}))

    def came(**headers: str) -> None:
        shown = {"X-Kizashi-Gate": "s", "X-Kizashi-User": "ana"} | headers
        gate = identity.ByGate()
        gate.get_user(SimpleNamespace(request=SimpleNamespace(headers=shown)))

    identity.keep(identity.digest("s"), "ana")
    long_ago = now() - timedelta(hours=1)
    assert not idling.is_idle(app("idle", long_ago), -1), "nobody came in yet"
    came(**{"X-Kizashi-Gate": "wrong"})
    assert not identity.met()
    came()
    assert not idling.is_idle(app("idle", long_ago), 60), "somebody did something just now"
    last = identity.used()
    came()
    assert identity.used() == last, "an open page asks without anybody"
    came(**{"X-Kizashi-Use": "1"})
    assert identity.used() > last
    assert not idling.is_idle(app("busy", long_ago), -1)
    assert not idling.is_idle(app("idle", now() + timedelta(minutes=1)), -1)
    assert idling.is_idle(app("idle", long_ago), -1)


# ---------------------------------------------------------------- a real server in its place
@pytest.mark.slow
def test_the_pods_program_takes_its_token_by_the_gate_and_ends_when_idle(
    kubernetes: Cluster, access: Access, tmp_path: Path
) -> None:
    port = free_port()
    own, who = servers(kubernetes, access, tmp_path, port), person(access, ADMIN)
    own.open(who)
    (pod,) = kubernetes.pods()
    short = {**told(pod), "idle": 20}
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "run", "notebook", json.dumps(short)],
        env={"PATH": "/usr/bin:/bin", "KIZASHI_HOME": str(tmp_path / "home"), "TMPDIR": "/tmp"}
        | {"KIZASHI_DATABASE_URL": "postgresql://secret"},
    )
    try:
        runs(pod)
        end = monotonic() + 120
        found = own.open(who)
        while not isinstance(found, InPod):
            assert monotonic() < end
            assert process.poll() is None
            threading.Event().wait(0.3)
            found = own.open(who)
        for other in (replace(found, secret="x"), replace(found, owner=person(access, SECOND))):
            with pytest.raises(Unreachable, match="it answers 403"):
                wire.token_of(other)
        (token,) = access.tokens.list(who, ADMIN)
        assert Right.TRAIN in token.rights
        assert Right.MANAGE_USERS not in token.rights
        own.look()
        assert len(access.tokens.list(who, ADMIN)) == 1, "it is good for longer"
        words = Path(f"/proc/{process.pid}/environ").read_text()
        assert "secret" not in words
        assert process.wait(120) == 0
    finally:
        process.kill()
        process.wait()
    pod["status"] = {"phase": "Succeeded"}
    own.look()
    assert access.tokens.list(who, ADMIN)[0].revoked is not None
