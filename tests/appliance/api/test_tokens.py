"""Tokens over HTTP: shown once, narrow, for a time, revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from appliance.access import Access
from appliance.api.app import create_app
from appliance.core.secrets import site_key
from tests.appliance.api.conftest import Caller
from tests.appliance.people import ME


def bearer(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}"}


def test_a_token_is_shown_once_and_opens_what_it_names(as_, client, nobody):
    analyst = as_("analyst")
    answer = analyst.post("/tokens", json={"label": "notebook", "rights": ["read"], "days": 7})
    assert answer.status_code == 201
    secret, token = answer.json()["secret"], answer.json()["token"]
    assert token["owner"] == "analyst"
    me = nobody.get("/session", headers=bearer(secret)).json()
    assert (me["user"], me["via"], me["csrf"]) == ("analyst", "token", None)
    listed = analyst.get("/tokens")
    assert [one["id"] for one in listed.json()["items"]] == [token["id"]]
    assert secret not in listed.text
    assert analyst.delete(f"/tokens/{token['id']}").status_code == 204
    assert nobody.get("/session", headers=bearer(secret)).status_code == 401


def test_a_token_can_neither_exceed_its_owner_nor_make_tokens(as_, nobody):
    analyst = as_("analyst")
    for rights in (["delete"], ["manage_users"]):
        answer = analyst.post("/tokens", json={"label": "more", "rights": rights})
        assert answer.status_code == 403
    others = {"label": "x", "rights": ["read"], "owner": "root"}
    assert analyst.post("/tokens", json=others).status_code == 403
    secret = as_("root").post("/tokens", json={"label": "all", "rights": ["manage_users"]})
    told = {"label": "next", "rights": ["read"]}
    answer = nobody.post("/tokens", json=told, headers=bearer(secret.json()["secret"]))
    assert answer.status_code == 403


@pytest.mark.slow
def test_tokens_come_in_pages_the_newest_first(as_):
    root = as_("root")
    made = [
        root.post("/tokens", json={"label": f"t{i}", "rights": ["read"]}).json()["token"]["id"]
        for i in range(5)
    ]
    found, cursor = [], None
    while not found or cursor:
        asked = {"limit": 2, "owner": "root"} | ({"cursor": cursor} if cursor else {})
        answer = root.get("/tokens", params=asked).json()
        found += [one["id"] for one in answer["items"]]
        cursor = answer["next"]
    assert found == made[::-1]
    assert as_("viewer").get("/tokens").json()["items"] == []
    assert as_("viewer").get("/tokens?owner=root").status_code == 403


def test_a_token_ends_at_its_time(site):
    made = site.access.tokens.create(ME, "viewer", "soon over", ["read"])
    at = made.token.expires
    for moment, status in ((at - timedelta(seconds=1), 200), (at, 401)):
        site.access = Access(
            site.database, site_key(site.settings.home), clock=lambda now=moment: now
        )
        caller = Caller(TestClient(create_app(site)), bearer(made.secret))
        assert caller.get("/session").status_code == status


@pytest.mark.parametrize(
    "shown", ["", "kz_", "ks_x", "Zürich", "kz_0123456789abcdef_" + "a" * 43]
)
def test_what_is_no_token_opens_nothing(client, shown):
    caller = Caller(client, {"Authorization": b"Bearer " + shown.encode("utf-8")})
    assert caller.get("/session").status_code == 401


def test_the_same_key_gives_the_same_token_again(as_, site):
    root = as_("root")
    told, key = {"label": "once", "rights": ["read"]}, {"Idempotency-Key": "k-1"}
    first = root.post("/tokens", json=told, headers=key)
    again = root.post("/tokens", json=told, headers=key)
    assert again.json() == first.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(root.get("/tokens").json()["items"]) == 1
    other = root.post("/tokens", json=told | {"label": "two"}, headers=key)
    assert other.status_code == 422
    # What is kept for the second answer does not tell the secret.
    with site.database.session() as session:
        kept = session.connection().exec_driver_sql("SELECT answer FROM idempotency_keys")
        assert first.json()["secret"].encode() not in bytes(kept.scalar_one())
