"""A release goes on, forward, back and away, by Helm against a real API server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.chart import CHART, documents, secret, values_of
from tests.e2e.cluster import Refused, wait_for
from tests.e2e.namespaces import Namespace

pytestmark = pytest.mark.e2e

_WORKLOADS = "deployments,statefulsets"
# There is no node here: a job around an installation would be waited for in vain.
_HOOKS = "--no-hooks"


@pytest.fixture
def release(namespace: Namespace) -> Iterator[Namespace]:
    """Return a namespace with a release ``site``."""
    namespace.cluster.apply(secret("site-secrets"), namespace=namespace.name)
    namespace.helm("install", "site", str(CHART), *values_of("values-kind.yaml"), _HOOKS)
    yield namespace
    if namespace.releases():
        namespace.helm("uninstall", "site", _HOOKS)


def _images(namespace: Namespace) -> set[str]:
    return {
        container["image"]
        for owner in namespace.items(_WORKLOADS)
        for container in owner["spec"]["template"]["spec"]["containers"]
        if "kizashi:" in container["image"]
    }


def test_a_release_goes_forward_and_back(release: Namespace) -> None:
    before = _images(release)
    values = values_of("values-kind.yaml")
    release.helm("upgrade", "site", str(CHART), *values, "--set", "image.tag=9.9.9", _HOOKS)
    assert _images(release) == {"kizashi:9.9.9"}
    release.helm("rollback", "site", "1", _HOOKS)
    assert _images(release) == before


def test_an_upgrade_that_changes_nothing_starts_no_pod_anew(release: Namespace) -> None:
    before = {
        o["metadata"]["name"]: o["metadata"]["generation"] for o in release.items(_WORKLOADS)
    }
    release.helm("upgrade", "site", str(CHART), *values_of("values-kind.yaml"), _HOOKS)
    after = {
        o["metadata"]["name"]: o["metadata"]["generation"] for o in release.items(_WORKLOADS)
    }
    assert after == before


def test_a_removed_release_leaves_its_secret_and_its_volumes_alone(release: Namespace) -> None:
    wanted = {f"data-site-{name}-0" for name in ("postgres", "objects")} | {
        "home-site-worker-0"
    }
    wait_for(
        lambda: release.names("persistentvolumeclaims") == wanted,
        60,
        "the volumes are asked for",
    )
    release.helm("uninstall", "site", _HOOKS)
    assert release.names(_WORKLOADS) == set()
    assert release.names("persistentvolumeclaims") == wanted
    assert "site-secrets" in release.names("secrets")


def test_two_releases_stand_beside_each_other(release: Namespace) -> None:
    release.cluster.apply(secret("other-secrets"), namespace=release.name)
    release.helm("install", "other", str(CHART), _HOOKS)
    assert {name.split("-")[0] for name in release.names(_WORKLOADS)} == {"site", "other"}
    release.helm("uninstall", "other", _HOOKS)


def test_a_value_that_is_none_is_refused(namespace: Namespace) -> None:
    with pytest.raises(Refused, match="replica"):
        namespace.helm("install", "site", str(CHART), "--set", "web.replica=2")


def test_the_jobs_account_may_do_no_more_than_its_work(namespace: Namespace) -> None:
    """The job that makes the Secret reaches that Secret, and no other."""
    rendered = documents(namespace.helm("template", "site", str(CHART)).out)
    rights = [
        one
        for one in rendered
        if one["kind"] in ("ServiceAccount", "Role", "RoleBinding")
        and "helm.sh/hook" in one["metadata"].get("annotations", {})
    ]
    namespace.cluster.apply(*rights, namespace=namespace.name)
    bound = [one for one in rights if one["kind"] == "RoleBinding"]
    accounts = {subject["name"] for one in bound for subject in one["subjects"]}
    assert len(accounts) == 1
    account = accounts.pop()

    def may(verb: str, kind: str) -> bool:
        return namespace.cluster.may(account, verb, kind, namespace=namespace.name)

    assert may("create", "secrets")
    assert may("get", "secret/site-secrets")
    assert not may("get", "secret/other-secrets")
    assert not may("list", "secrets")
    assert not may("delete", "secret/site-secrets")
    assert not may("create", "pods")
    for other in namespace.names("serviceaccounts") - {account}:
        assert not namespace.cluster.may(other, "get", "secrets", namespace=namespace.name)
