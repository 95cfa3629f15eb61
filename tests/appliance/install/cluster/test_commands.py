"""What is told to helm, kubectl, kind and Docker; and what becomes of what they say."""

from __future__ import annotations

import json
import socket
import sys
import tarfile
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import pytest

from appliance.backup.vault import Vault
from appliance.core import clock
from appliance.core.errors import (
    InvalidRequest,
    NotFound,
    OperatorError,
    TryAgain,
)
from appliance.core.restoring import PLACING
from appliance.install.cluster import (
    calling,
    doing,
    images,
    kind,
    moving,
    preflight,
    release,
)
from appliance.install.cluster.calling import Called, Kubectl, call, pour, reason
from appliance.install.cluster.plan import Place, Target, Wishes
from appliance.install.cluster.preflight import State
from appliance.schemas.backup import Backup
from tests.helm import rendering

PLACE = Place("plant", "site", "kind-plant")
NODE_IMAGE = """Creating cluster "plant" ...
 • Ensuring node image (kindest/node:v1.37.0) 🖼️  ...
 ✗ Ensuring node image (kindest/node:v1.37.0) 🖼️
ERROR: failed to create cluster: failed to pull image "kindest/node:v1.37.0@sha256:a1ed": \
command "docker pull kindest/node:v1.37.0@sha256:a1ed" failed with error: exit status 1

Command Output: Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: \
lookup registry-1.docker.io on 10.0.0.1:53: no such host
"""
"""What kind 0.33.0 says where no registry can be reached."""


# ---------------------------------------------------------------- kind
def test_a_kind_cluster_has_one_node_one_loopback_port_and_lasting_volumes(tmp_path):
    (node,) = kind.config(9443, tmp_path)["nodes"]
    (port,) = node["extraPortMappings"]
    assert (port["hostPort"], port["containerPort"]) == (9443, kind.NODE_PORT)
    assert port["listenAddress"] == "127.0.0.1"
    assert node["extraMounts"][0]["hostPath"] == str(tmp_path)


def test_what_kind_says_becomes_a_sentence_with_a_remedy():
    found = kind.refusal(Called(1, b"", NODE_IMAGE))
    assert found.message == (
        "the image of kind's node, kindest/node:v1.37.0, is not here and cannot be fetched."
    )
    assert "--node-image" in found.remedy
    taken = kind.refusal(Called(1, b"", "Bind for 127.0.0.1:8443: port is already allocated"))
    assert "--port" in taken.remedy


@pytest.mark.parametrize(
    ("api", "named"), [((1, 41), []), ((1, 48), ["--platform", "linux/amd64"])]
)
def test_an_image_is_saved_for_one_platform_where_docker_can(api, named):
    command = images.save_command("kizashi:1", api, "linux/amd64")
    assert command == ["docker", "image", "save", *named, "kizashi:1"]


def test_an_image_on_the_node_is_known_by_any_of_its_names():
    told = {
        "images": [
            {"id": "sha256:1", "repoTags": ["docker.io/library/kizashi:1"]},
            {"id": "sha256:2", "repoTags": None},
        ]
    }
    assert images.identifiers(json.dumps(told).encode(), "kizashi:1") == {"sha256:1"}
    assert images.identifiers(b"no JSON", "kizashi:1") == set()


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("registry.example:5000", "registry.example:5000/kizashi"),
        ("https://registry.example/plant/kizashi/", "registry.example/plant/kizashi"),
    ],
)
def test_a_registry_may_be_named_briefly(given, meant):
    assert images.repository(given) == meant
    with pytest.raises(InvalidRequest, match="no repository"):
        images.repository("Not/A Repository")


def test_an_upgrade_keeps_where_the_image_is():
    kept = "registry.example:5000/plant/kizashi:0.1.0"
    assert (
        images.of_version(kept, "kizashi:0.2.0") == "registry.example:5000/plant/kizashi:0.2.0"
    )


# ---------------------------------------------------------------- helm
def test_helm_is_given_composed_values_by_its_standard_input(tmp_path):
    own = tmp_path / "own.yaml"
    command = release.upgrade_command(PLACE, Path("/chart"), (own,))
    assert command[:5] == ["helm", "--kube-context", "kind-plant", "--namespace", "site"]
    files = [b for a, b in pairwise(command) if a == "--values"]
    assert files == ["-", str(own)], "own files are above what is composed"
    assert "--install" in command


def test_the_context_and_namespace_are_always_said():
    command = Kubectl("prod", "site").command("get", "pods")
    assert command == ["kubectl", "--context", "prod", "--namespace", "site", "get", "pods"]


@pytest.mark.parametrize(
    ("host", "minutes", "cut_off"), [("own", 0, True), ("other", 5, False), ("other", 90, True)]
)
def test_an_installation_of_this_machine_or_an_old_one_was_cut_off(host, minutes, cut_off):
    begun = clock.now().timestamp() - 60 * minutes
    label = release.this_host() if host == "own" else "0" * 16
    assert release.is_cut_off({"kizashi-host": label, "createdAt": f"{begun:.0f}"}) is cut_off


# ---------------------------------------------------------------- other programs
@pytest.mark.slow
def test_what_a_program_reads_is_never_in_its_arguments():
    read = "import sys; sys.stdout.write(sys.stdin.read())"
    done = call([sys.executable, "-c", read], given=b"secret")
    assert (done.status, done.out) == (0, b"secret")
    poured = pour([sys.executable, "-c", "import sys; sys.stdin.read(); sys.exit(3)"], _million)
    assert poured.status == 3


def _million(pipe):
    for _ in range(1000):
        pipe.write(bytes(1000))


@pytest.mark.slow
def test_a_program_that_is_not_there_or_does_not_end_is_told():
    with pytest.raises(OperatorError, match="cannot be run"):
        call(["no-such-program"])
    with pytest.raises(OperatorError, match="did not end"):
        call([sys.executable, "-c", "import time; time.sleep(60)"], seconds=0.1)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "it did not say why"),
        ("W1127 noise\nError: UPGRADE FAILED: timed out.\n", "UPGRADE FAILED: timed out"),
        ("line\nlast words", "last words"),
        ("Error: password=hunter2 refused", "password=[hidden] refused"),
    ],
)
def test_a_failure_is_the_rest_of_a_sentence(said, why):
    assert reason(said) == why


# ---------------------------------------------------------------- preflight
@pytest.fixture
def tools(tmp_path, monkeypatch):
    """Return a folder that alone is looked for programs in."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(name, *lines):
        path = folder / name
        path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        path.chmod(0o755)

    return put


def test_what_is_missing_is_said_all_at_once(tools):
    found = list(preflight.machine(Target.KIND, Wishes()))
    assert [one.name for one in found if one.state is State.WRONG] == [
        *("helm", "kubectl", "kind", "docker")
    ]
    with pytest.raises(OperatorError, match="4 things keep this from working") as told:
        preflight.require(found)
    assert str(told.value).count("\n") == 4


def test_a_tool_that_is_too_old_is_refused(tools):
    tools("helm", "echo v3.9.0+g7ceeda6")
    tools("kubectl", """echo '{"clientVersion": {"gitVersion": "v1.32.4-dispatcher"}}'""")
    found = {one.name: one for one in preflight.machine(Target.CONTEXT, Wishes())}
    assert found["helm"].text == "helm 3.9.0 is too old"
    assert found["kubectl"].state is State.FINE
    with pytest.raises(OperatorError, match=r"helm: helm 3\.9\.0 is too old\. Install 3\.17"):
        preflight.require(list(found.values()))


def test_a_docker_that_does_not_answer_is_told(tools):
    tools("docker", """echo '{"Client": {"Version": "28.2.2"}, "Server": null}'""", "exit 1")
    found = {one.name: one for one in preflight.machine(Target.KIND, Wishes())}
    assert found["docker"].text == "no Docker engine answers"


def test_little_inotify_is_told_and_keeps_nobody(tmp_path, monkeypatch, tools):
    monkeypatch.setattr(preflight, "INOTIFY", tmp_path)
    (tmp_path / "max_user_watches").write_text("8192\n")
    (tmp_path / "max_user_instances").write_text("8192\n")
    found = list(preflight.machine(Target.KIND, Wishes(), fresh=True))
    (limit,) = [one for one in found if one.name == "inotify"]
    assert limit.state is State.TOLD
    assert "sysctl fs.inotify.max_user_watches=524288" in limit.remedy


def test_a_taken_port_is_told():
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        assert preflight.port(holder.getsockname()[1]).state is State.WRONG


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("v4.3.1", (4, 3, 1)),
        ("kind v0.33.0 go1.26", (0, 33, 0)),
        ("none", None),
        ("1.34", (1, 34)),
    ],
)
def test_versions(text, number):
    assert preflight.version(text) == number


# ---------------------------------------------------------------- one at a time
def test_two_commands_do_not_work_on_one_site(tmp_path):
    with doing.alone(tmp_path, PLACE):
        with pytest.raises(TryAgain, match="another command"), doing.alone(tmp_path, PLACE):
            pass
        with doing.alone(tmp_path, Place("other")):
            pass
    with doing.alone(tmp_path, PLACE):
        assert (tmp_path / "clusters" / "plant").stat().st_mode & 0o77 == 0


# ---------------------------------------------------------------- moving
def worker():
    return rendering.one({}, "StatefulSet", "worker")


def test_the_pod_that_restores_has_all_that_a_worker_has():
    own = worker()["spec"]["template"]["spec"]
    made = moving.pod_like(worker(), "plant-restore")["spec"]
    (container,) = made["containers"]
    (before,) = [one for one in own["containers"] if one["name"] == "worker"]
    assert container["env"] == before["env"]
    assert container["securityContext"] == before["securityContext"]
    assert made["securityContext"] == own["securityContext"]
    assert container["command"] == ["sleep"]
    assert not {"livenessProbe", "readinessProbe", "startupProbe"} & set(container)
    volumes = {one["name"]: one for one in made["volumes"]}
    assert {one["name"] for one in container["volumeMounts"]} <= set(volumes)
    claim = volumes["home"]["persistentVolumeClaim"]["claimName"]
    assert claim == f"home-{rendering.RELEASE}-worker-0"


def test_where_the_workers_have_the_databases_address_from():
    assert moving.database_key(worker()) == (f"{rendering.RELEASE}-secrets", "database-url")
    own = worker()
    own["spec"]["template"]["spec"]["containers"][0]["env"] = []
    with pytest.raises(OperatorError, match="from no Secret"):
        moving.database_key(own)


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        (
            "postgresql+psycopg://k:p%2F@db:5432/kizashi",
            "postgresql+psycopg://k:p%2F@db:5432/new",
        ),
        ("postgresql://k@db/kizashi?sslmode=require", "postgresql://k@db/new?sslmode=require"),
    ],
)
def test_the_address_of_another_database(address, meant):
    assert moving.with_database(address, "new") == meant


def test_a_backup_is_copied_without_the_others_of_its_folder(tmp_path):
    vault = Vault(tmp_path / "safe")
    made = []
    for number in range(2):
        (tmp_path / "file").write_text(f"reading {number}")
        with vault.writing():
            file, _ = vault.put(tmp_path / "file", "uploads/file.csv")
            one = Backup(
                id=f"bak_{number:020d}",
                made=clock.now(),
                version="0.1.0",
                database="sqlite",
                revision="0001",
                tables={},
                files=(file,),
            )
            vault.write(one)
            made.append(one)
    pipe = BytesIO()
    moving.write_archive(vault, made[0], pipe)
    pipe.seek(0)
    with tarfile.open(fileobj=pipe) as archive:
        archive.extractall(tmp_path / "there", filter="data")
    copied = Vault(tmp_path / "there")
    with copied.reading():
        assert copied.ids() == [made[0].id]
    assert copied.wrong(made[0].files[0], thorough=True) == ""
    assert copied.wrong(made[1].files[0], thorough=False) != ""


@pytest.mark.slow
def test_a_restore_cut_off_at_its_last_step_keeps_its_database(tmp_path, monkeypatch):
    monkeypatch.setenv("KIZASHI_HOME", str(tmp_path))

    def noted(name):
        return call(["sh", "-c", moving._NOTED, "sh", name]).text

    assert noted("first") == "first"
    assert noted("second") == "second"
    (tmp_path / PLACING).mkdir()
    assert noted("third") == "second"


def test_a_backup_that_is_not_there_is_told_before_anything_is_stopped(tmp_path):
    move = moving.Move(tmp_path / "none")
    with pytest.raises(NotFound, match="no backups"):
        move.read()
    assert calling.is_there("no-such-program") is False
