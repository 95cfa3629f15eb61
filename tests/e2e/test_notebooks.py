"""An analyst's pod against a real API server: admitted, made by the web's account, and no more.

There is no node: what is made waits for one, and says so.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from appliance.access import Access, Person
from appliance.access.passwords import Passwords
from appliance.core.db import open_database
from appliance.core.errors import LimitExceeded, OperatorError
from appliance.notebooks.place import Stage
from appliance.notebooks.pods.servers import PodServers, PodTerms
from appliance.notebooks.pods.wire import Kubernetes
from tests.appliance.people import ADMIN, ME, PASSWORD, add_people
from tests.e2e.chart import CHART, secret
from tests.e2e.cluster import Cluster, wait_for
from tests.e2e.namespaces import Namespace

pytestmark = pytest.mark.e2e

_HOOKS = "--no-hooks"
_SECOND = "second"
_QUOTA = {
    "apiVersion": "v1",
    "kind": "ResourceQuota",
    "metadata": {"name": "none"},
    "spec": {"hard": {"pods": "0"}},
}


@dataclass(frozen=True)
class Site:
    """A release with notebooks, and the web's account there.

    Attributes
    ----------
    account
        Folder as a web pod finds it.
    server
        Address of the API.
    servers
        The site's notebooks.
    """

    namespace: Namespace
    account: Path
    server: str
    servers: PodServers
    access: Access

    def person(self, name: str) -> Person:
        """Return somebody who has logged in."""
        return self.access.authenticate(self.access.login(name, PASSWORD).secret)

    def pods(self) -> list[dict[str, Any]]:
        """Return the analysts' pods."""
        selector = "app.kubernetes.io/component=notebook"
        found: list[dict[str, Any]] = self.namespace.cluster.get(
            "pods", "-l", selector, namespace=self.namespace.name
        )
        return found

    def status(self, verb: str, path: str) -> int:
        """Return how the API answers the web's account."""
        context = ssl.create_default_context(cafile=str(self.account / "ca.crt"))
        where = urlsplit(self.server).netloc
        line = http.client.HTTPSConnection(where, timeout=30, context=context)
        shown = {"Authorization": f"Bearer {(self.account / 'token').read_text()}"}
        try:
            line.request(verb, path, body=b"{}" if verb == "POST" else None, headers=shown)
            return line.getresponse().status
        finally:
            line.close()


@pytest.fixture
def site(namespace: Namespace, tmp_path: Path) -> Iterator[Site]:
    """Return a release ``site`` with notebooks, in a namespace of the restricted standard."""
    cluster, name = namespace.cluster, namespace.name
    cluster.apply(secret("site-secrets"), namespace=name)
    namespace.helm("install", "site", str(CHART), "--set", "notebooks.enabled=true", _HOOKS)
    told = json.loads(cluster.kubeconfig.read_text())["clusters"][0]["cluster"]
    account = tmp_path / "account"
    account.mkdir()
    (account / "ca.crt").write_bytes(base64.b64decode(told["certificate-authority-data"]))
    (account / "namespace").write_text(name)
    token = cluster.kubectl("create", "token", "site-web", "-n", name).out
    (account / "token").write_text(token.strip())
    for file, text in cluster.find("configmap", "site-notebooks", namespace=name)[
        "data"
    ].items():
        (tmp_path / file).write_text(text)
    database = open_database(f"sqlite:///{tmp_path / 'kizashi.db'}")
    quick = Passwords(time_cost=1, memory_kib=8, lanes=1)
    access = Access(database, bytes(32), passwords=quick)
    add_people(access)
    access.users.add(ME, _SECOND, PASSWORD, admin=True)
    terms = PodTerms(tmp_path, 1, 60, bytes(32), "https://site-web:8443", "PEM")
    asks = Kubernetes(account, told["server"])
    yield Site(namespace, account, told["server"], PodServers(terms, access, asks), access)
    asks.close()
    database.close()
    namespace.helm("uninstall", "site", _HOOKS)


def test_the_webs_account_makes_an_analysts_pod_which_waits_for_a_node(site: Site) -> None:
    who = site.person(ADMIN)
    assert site.servers.open(who) is Stage.STARTS
    (pod,) = site.pods()
    name = pod["metadata"]["name"]
    assert pod["metadata"]["annotations"]["kizashi.dev/owner"] == ADMIN
    assert site.namespace.names("persistentvolumeclaims") >= {name}
    wait_for(lambda: site.servers.open(who) is Stage.ROOM, 60, "the scheduler finds no node")
    with pytest.raises(LimitExceeded, match="1 notebook servers run"):
        site.servers.open(site.person(_SECOND))
    site.access.users.set_admin(ME, ADMIN, admin=False)
    site.servers.look()
    wait_for(lambda: site.pods() == [], 60, "who may run code no more loses their pod")
    assert site.namespace.names("persistentvolumeclaims") >= {name}, "files stay"


def test_a_quota_is_told_as_such(site: Site) -> None:
    cluster, name = site.namespace.cluster, site.namespace.name
    cluster.apply(_QUOTA, namespace=name)
    wait_for(
        lambda: bool(cluster.get("resourcequota", "none", namespace=name).get("status")),
        60,
        "the quota holds",
    )
    with pytest.raises(OperatorError, match="quota of the namespace"):
        site.servers.open(site.person(ADMIN))


def test_the_webs_account_may_nothing_else(site: Site, cluster: Cluster) -> None:
    own = f"/api/v1/namespaces/{site.namespace.name}"
    assert site.status("GET", f"{own}/pods") == 200
    for verb, path in (
        ("GET", f"{own}/secrets"),
        ("GET", f"{own}/secrets/site-secrets"),
        ("POST", f"{own}/secrets"),
        ("DELETE", f"{own}/secrets/site-secrets"),
        ("GET", f"{own}/configmaps"),
        ("GET", f"{own}/persistentvolumeclaims"),
        ("DELETE", f"{own}/persistentvolumeclaims/data-site-postgres-0"),
        ("GET", f"{own}/pods/any/log"),
        ("POST", f"{own}/pods/any/exec"),
        ("POST", f"{own}/pods/any/ephemeralcontainers"),
        ("GET", "/api/v1/namespaces/kube-system/secrets"),
        ("GET", "/api/v1/namespaces/default/pods"),
        ("POST", "/api/v1/namespaces/default/pods"),
        ("GET", "/api/v1/pods"),
        ("GET", "/api/v1/nodes"),
        ("GET", "/api/v1/namespaces"),
    ):
        assert site.status(verb, path) == 403, f"{verb} {path}"
    for account in ("site-notebook", "site-worker", "site-ray"):
        assert not cluster.may(account, "list", "pods", namespace=site.namespace.name)
