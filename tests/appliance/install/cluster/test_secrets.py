"""The Secret that a site's roles share: made once, added to, the same for all who make it."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from appliance.core.errors import InvalidRequest, OperatorError, Unreachable
from appliance.install.cluster import hook, secrets
from appliance.install.cluster.secrets import Wanted
from appliance.machine.roles import placing
from tests.appliance.install.cluster.kubernetes import serving

NAME = "plant-secrets"
ALL = Wanted(postgres="plant-postgres:5432", objects=True)


@pytest.fixture
def kubernetes(tmp_path):
    with serving(tmp_path) as found:
        yield found


def make(kubernetes, wanted=ALL):
    return hook.make_secret(
        NAME,
        wanted,
        {"app.kubernetes.io/instance": "plant"},
        account=kubernetes.account,
        address=kubernetes.address,
    )


def held(kubernetes):
    data = kubernetes.secrets[NAME]["data"]
    return {key: base64.b64decode(value) for key, value in data.items()}


def test_a_pod_makes_all_that_the_roles_and_the_chart_need(kubernetes, tmp_path):
    added = make(kubernetes)
    found = held(kubernetes)
    assert set(added) == set(found)
    assert set(found) == {
        *placing.SHARED,
        *(secrets.ADMIN_PASSWORD, secrets.DATABASE_URL, secrets.REGISTRY_URL),
        *(secrets.POSTGRES_PASSWORD, secrets.S3_KEY, secrets.S3_SECRET, secrets.KUBERAY_TOKEN),
    }
    assert found["auth_token"] == found["ray.token"]
    for key, database in (("database-url", "kizashi"), ("registry-url", "kizashi_registry")):
        url = urlsplit(found[key].decode())
        assert (url.hostname, url.port, url.path) == ("plant-postgres", 5432, f"/{database}")
        assert url.password == found["postgres-password"].decode()
    key = serialization.load_pem_private_key(found["ca.key"], None)
    certificate = x509.load_pem_x509_certificate(found["ca.pem"])
    assert certificate.public_key() == key.public_key()
    # A role takes them as they are.
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    for name in placing.SHARED:
        (mounted / name).write_bytes(found[name])
    placing.place(tmp_path / "home", mounted)
    told = kubernetes.secrets[NAME]
    assert told["metadata"]["labels"] == {"app.kubernetes.io/instance": "plant"}
    assert told["metadata"].get("annotations") is None


def test_again_nothing_changes_and_what_is_missing_is_added(kubernetes):
    make(kubernetes)
    first = held(kubernetes)
    kubernetes.asked.clear()
    assert make(kubernetes) == ()
    assert all(one.startswith("GET") for one in kubernetes.asked)
    del kubernetes.secrets[NAME]["data"]["metrics.token"]
    kubernetes.secrets[NAME]["data"]["oidc-client-secret"] = "b3du"
    assert make(kubernetes) == ("metrics.token",)
    second = held(kubernetes)
    assert second.pop("oidc-client-secret") == b"own"
    assert second.pop("metrics.token") != first.pop("metrics.token")
    assert second == first


def test_only_what_the_chart_brings_gets_passwords(kubernetes):
    make(kubernetes, Wanted())
    made = {*placing.SHARED, secrets.KUBERAY_TOKEN, secrets.ADMIN_PASSWORD}
    assert set(held(kubernetes)) == made


def test_whoever_is_second_takes_what_the_first_made(kubernetes):
    key = base64.b64encode(b"ab" * 32).decode()
    theirs = {"metadata": {"name": NAME, "resourceVersion": "7"}, "data": {"site.key": key}}
    kubernetes.meanwhile = {NAME: theirs}
    added = make(kubernetes)
    assert "site.key" not in added
    assert held(kubernetes)["site.key"] == b"ab" * 32
    assert set(placing.SHARED) <= set(held(kubernetes))


def test_many_at_once_end_with_one(kubernetes):
    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(lambda _: make(kubernetes), range(4)))
    assert sum(map(bool, added)) == 1


def test_values_are_put_over_those_that_are_there(kubernetes):
    make(kubernetes)
    api = hook.Api(NAME, {}, account=kubernetes.account, address=kubernetes.address)
    secrets.put(api, {"site.key": b"new"})
    assert secrets.value(api.read(), "site.key") == "new"
    assert secrets.value(api.read(), "none") == ""
    api.close()


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refusal_is_told(kubernetes, status):
    kubernetes.refuses = status
    with pytest.raises(OperatorError, match=str(status)) as told:
        make(kubernetes)
    assert ("may not" in str(told.value)) == (status != 500)


def test_elsewhere_than_in_a_pod_it_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="no pod"):
        hook.make_secret(NAME, ALL, {}, account=tmp_path)


def test_a_server_of_another_authority_is_given_no_token(kubernetes, tmp_path):
    (tmp_path / "other").mkdir()
    with serving(tmp_path / "other") as other, pytest.raises(Unreachable):
        hook.make_secret(NAME, ALL, {}, account=other.account, address=kubernetes.address)
    assert kubernetes.asked == []
