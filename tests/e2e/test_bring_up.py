"""`kizashi cluster` against a real API server: what it makes, and that it goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.core.errors import InvalidRequest, OperatorError
from appliance.install.cluster import doing, ending, hook, release, status
from appliance.install.cluster.calling import Kubectl
from appliance.install.cluster.plan import Place, Target, Told, Wishes
from appliance.install.cluster.sealed import ByKubectl
from appliance.install.cluster.secrets import Wanted, ensure
from tests.e2e.build import built
from tests.e2e.chart import CHART, documents
from tests.e2e.cluster import wait_for
from tests.e2e.namespaces import Namespace

pytestmark = pytest.mark.e2e

RELEASE, CONTEXT = "site", "e2e"
IMAGE = "registry.example/kizashi:0.1.0"
_SECONDS = 120.0


@dataclass
class Operator:
    """Whoever brings a site up in a namespace, from a home of their own."""

    namespace: Namespace
    home: Path
    values: Path

    @property
    def place(self) -> Place:
        """Where the site is."""
        return Place(RELEASE, self.namespace.name, CONTEXT)

    def work(self, **wishes: Any) -> doing.Work:
        """Return a run of `up` for some wishes."""
        wanted = Wishes(files=(self.values,), image=IMAGE, **wishes)
        return doing.Work(Target.CONTEXT, self.place, wanted, self.home, Told())

    def up(self, **wishes: Any) -> Told:
        """Bring the site up but for its pods: there is no node."""
        steps = tuple(step for step in doing.UP if step.name != "ready")
        with doing.alone(self.home, self.place):
            return doing.perform(steps, self.work(**wishes), lambda _: _nothing, _nothing)

    def secret(self) -> dict[str, str]:
        """Return what the roles share."""
        found = self.namespace.cluster.find(
            "secret", f"{RELEASE}-secrets", namespace=self.namespace.name
        )
        return dict(found["data"])


def _nothing(_told: object) -> None:
    """Show nothing."""


@pytest.fixture
def operator(
    namespace: Namespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Operator]:
    """Return an operator whose programs reach the cluster."""
    tools = f"{built('kubectl').parent}:{built('helm').parent}:{os.environ['PATH']}"
    found = namespace.cluster.environment() | {"PATH": tools, "KIZASHI_HOME": str(tmp_path)}
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    values = tmp_path / "own.json"
    values.write_text(json.dumps({"web": {"replicas": 2}}), "utf-8")
    made = Operator(namespace, tmp_path, values)
    yield made
    ending.end(made.place, tmp_path, purge=True)


def test_a_site_is_installed_and_again_nothing_changes_unasked(operator: Operator) -> None:
    told = operator.up(size=None, ray_workers=3)
    assert [one.name for one in told.steps][-1] == "release"
    first = operator.secret()
    assert {"site.key", "admin-password", "database-url", "s3-secret-key"} <= set(first)
    assert b64decode(first["database-url"]).decode().split("@")[1].startswith("site-postgres:")
    values = release.values(operator.place)
    assert values["ray"]["workers"][0]["replicas"] == 3
    assert values["web"]["replicas"] == 2, "of the file"
    deployed = release.history(operator.place)
    assert [one.state for one in deployed] == ["deployed"]
    found = status.status(operator.place)
    assert not found.ready
    assert {"web", "worker", "ray-head", "ray-worker"} <= {part.role for part in found.parts}
    assert status.admin_password(operator.place)
    assert not any("FailedCreate" in line for line in operator.namespace.refusals())


def test_values_that_the_chart_does_not_know_are_refused_before_anything_is_made(
    operator: Operator,
) -> None:
    operator.values.write_text(json.dumps({"web": {"replica": 2}}), "utf-8")
    with pytest.raises(InvalidRequest, match="replica"):
        operator.up()
    assert release.history(operator.place) == []
    assert "site-secrets" not in operator.namespace.names("secrets")


def test_killed_within_helm_it_goes_on_then_back_and_away(operator: Operator) -> None:
    """The hook of an external database is a job, which is done when the test says so."""
    operator.namespace.cluster.kubectl(
        *("create", "secret", "generic", "own-database", "-n", operator.namespace.name),
        *("--from-literal=database-url=a", "--from-literal=registry-url=b"),
    )
    words = ["--image", IMAGE, "--values", str(operator.values)]
    with _kizashi(operator, "up", "--target", "context", *words) as killed:
        wait_for(lambda: _job(operator) is not None, _SECONDS, "the first job")
        before = _job(operator)
        killed.send_signal(signal.SIGKILL)
    assert release.history(operator.place)[0].state == "pending-install"
    secret = operator.secret()
    with _kizashi(operator, "up", "--target", "context", *words) as again:
        _finish(operator, before)
        _until(operator, again, lambda: _state(operator) == "deployed")
    assert operator.secret() == secret, "what was made stays"
    assert "database-url" not in secret, "others have the database"
    with _kizashi(operator, "up", "--target", "context", "--size", "medium", *words) as more:
        _finish(operator, None)
        _until(operator, more, lambda: len(release.history(operator.place)) == 2)
    back = release.roll_back(operator.place, None, lambda: None)
    assert back.number == 1
    assert release.history(operator.place)[0].number == 3
    ending.end(operator.place, operator.home, purge=False)
    assert release.history(operator.place) == []
    assert operator.secret() == secret


@contextmanager
def _kizashi(operator: Operator, verb: str, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command meanwhile; it is over at the end, whatever happens."""
    where = ("--context", CONTEXT, "--name", RELEASE, "--namespace", operator.namespace.name)
    secret = ("--database-secret", "own-database")
    command = [sys.executable, "-m", "appliance.cli.main", "cluster", verb, *where, *secret]
    with subprocess.Popen([*command, *words]) as run:
        try:
            yield run
        finally:
            run.kill()


def _state(operator: Operator) -> str:
    found = release.history(operator.place)
    return found[0].state if found else ""


def _until(operator: Operator, run: Any, done: Callable[[], bool]) -> None:
    """Wait for Helm's part; the pods, which never come, are not waited for."""
    wait_for(lambda: done() and _state(operator) == "deployed", _SECONDS, "the release")
    run.terminate()


def _job(operator: Operator) -> dict[str, Any] | None:
    return operator.namespace.cluster.find(
        "job", f"{RELEASE}-migrate", namespace=operator.namespace.name
    )


def _finish(operator: Operator, before: dict[str, Any] | None) -> None:
    """Say that the pod of the job around an installation ended well, once it is a new one."""
    old = "" if before is None else before["metadata"]["uid"]

    def is_new() -> bool:
        found = _job(operator)
        return found is not None and found["metadata"]["uid"] != old

    wait_for(is_new, _SECONDS, "the next job")
    chosen = ("-l", f"controller-uid={_job(operator)['metadata']['uid']}")
    cluster, name = operator.namespace.cluster, operator.namespace.name
    wait_for(lambda: cluster.get("pods", *chosen, namespace=name), _SECONDS, "its pod")
    (pod,) = cluster.get("pods", *chosen, namespace=name)
    # As a node would tell; the job's controller does the rest.
    cluster.kubectl(
        *("patch", "pod", pod["metadata"]["name"], "-n", name, "--subresource=status"),
        *("--type=merge", "-p", json.dumps({"status": {"phase": "Succeeded"}})),
    )


def test_the_charts_own_job_makes_the_same_secret(operator: Operator, tmp_path: Path) -> None:
    """With the very rights that the chart gives it, against the API server itself."""
    cluster, name = operator.namespace.cluster, operator.namespace.name
    rendered = documents(operator.namespace.helm("template", RELEASE, str(CHART)).out)
    kinds = ("ServiceAccount", "Role", "RoleBinding")
    rights = [one for one in rendered if one["kind"] in kinds]
    cluster.apply(*rights, namespace=name)
    account = tmp_path / "account"
    account.mkdir()
    token = cluster.kubectl("create", "token", f"{RELEASE}-secrets-job", "-n", name).out
    (account / "token").write_text(token)
    (account / "namespace").write_text(name)
    config = json.loads(
        cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json").out
    )
    server = config["clusters"][0]["cluster"]
    authority = server.get("certificate-authority-data")
    pem = (
        b64decode(authority)
        if authority
        else Path(server["certificate-authority"]).read_bytes()
    )
    (account / "ca.crt").write_bytes(pem)
    wanted = Wanted(postgres=f"{RELEASE}-postgres:5432", objects=True)

    def make() -> tuple[str, ...]:
        return hook.make_secret(
            f"{RELEASE}-secrets", wanted, {}, account=account, address=server["server"]
        )

    assert "site.key" in make()
    assert make() == ()
    kubectl = Kubectl(CONTEXT, name)
    assert ensure(ByKubectl(kubectl, f"{RELEASE}-secrets", RELEASE), wanted) == ()
    with pytest.raises(OperatorError, match="may not"):
        hook.make_secret("another", wanted, {}, account=account, address=server["server"])
