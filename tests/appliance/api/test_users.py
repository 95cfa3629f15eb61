"""Users over HTTP: added, edited, kept out, given roles, their sessions ended."""

from __future__ import annotations

import pytest

from appliance.access.passwords import Passwords
from appliance.access.secrets import new_password
from tests.appliance.api.conftest import PREFIX
from tests.appliance.people import PASSWORD


def test_a_user_is_added_given_a_role_and_logs_in(as_, client):
    root = as_("root")
    secret = new_password()
    answer = root.post("/users", json={"name": "Erika", "password": secret})
    assert answer.status_code == 201, answer.text
    assert answer.headers["Location"] == f"{PREFIX}/users/erika"
    assert (answer.json()["name"], answer.json()["roles"]) == ("erika", {})
    assert secret not in answer.text
    assert root.put("/users/erika/roles/default", json={"role": "analyst"}).status_code == 204
    login = client.post(f"{PREFIX}/session", json={"user": "erika", "password": secret})
    assert login.json()["roles"] == {"default": "analyst"}
    assert root.delete("/users/erika/roles/default").status_code == 204
    assert root.get("/users/erika").json()["roles"] == {}
    assert root.post("/users", json={"name": "erika"}).status_code == 409


def test_users_come_in_pages(as_):
    root = as_("root")
    names, cursor = [], None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        answer = root.get("/users", params=asked).json()
        assert len(answer["items"]) <= 2
        names += [user["name"] for user in answer["items"]]
        cursor = answer["next"]
        if cursor is None:
            break
    assert names == sorted(["admin", "analyst", "engineer", "root", "stranger", "viewer"])
    assert root.get("/users?cursor=eyJhIjoxfQ").status_code == 422


def test_whoever_is_disabled_is_out_at_once_and_can_be_let_in_again(as_):
    root, viewer = as_("root"), as_("viewer")
    token = viewer.post("/tokens", json={"label": "mine", "rights": ["read"]}).json()["secret"]
    bearer = {"Authorization": f"Bearer {token}"}
    assert viewer.get("/session", headers=bearer).status_code == 200
    assert root.delete("/users/viewer").status_code == 204
    assert viewer.get("/session").status_code == 401
    assert viewer.get("/session", headers=bearer).status_code == 401
    answer = root.patch("/users/viewer", json={"disabled": False})
    assert answer.json()["disabled"] is False
    assert viewer.get("/session").status_code == 401  # sessions stay ended
    assert viewer.get("/session", headers=bearer).status_code == 200


def test_the_last_admin_stays(as_):
    root = as_("root")
    for answer in (
        root.delete("/users/root"),
        root.patch("/users/root", json={"admin": False, "disabled": False}),
    ):
        assert answer.status_code == 409
        assert "last admin" in answer.json()["detail"]
    assert root.patch("/users/admin", json={"admin": True}).json()["admin"] is True
    assert root.patch("/users/root", json={"admin": False}).json()["admin"] is False
    assert root.get("/users").status_code == 403


def test_one_looks_at_oneself_alone(as_):
    viewer = as_("viewer")
    assert viewer.get("/users/viewer").json()["roles"] == {"default": "viewer"}
    for path in ("/users/root", "/users/not-there", "/users/root/sessions"):
        assert viewer.get(path).status_code == 403


def test_a_name_is_locked_after_failures_and_unlocked_by_an_admin(as_, client):
    root = as_("root")
    wrong = {"user": "viewer", "password": "wrong"}
    for _ in range(5):
        answer = client.post(f"{PREFIX}/session", json=wrong)
        assert "wrong" in answer.json()["detail"]
    right = {"user": "viewer", "password": PASSWORD}
    locked = client.post(f"{PREFIX}/session", json=right)
    assert locked.status_code == 401
    assert "too many logins" in locked.json()["detail"]
    assert root.get("/users/viewer").json()["locked_until"] is not None
    assert root.post("/users/viewer/unlock").status_code == 204
    assert client.post(f"{PREFIX}/session", json=right).status_code == 201


@pytest.mark.slow
def test_an_admins_word_changes_a_password_and_ends_sessions(as_, client):
    root, viewer = as_("root"), as_("viewer")
    secret = new_password()
    assert root.put("/users/viewer/password", json={"password": secret}).status_code == 204
    assert viewer.get("/session").status_code == 401
    login = {"user": "viewer", "password": secret}
    assert client.post(f"{PREFIX}/session", json=login).status_code == 201
    assert root.put("/users/viewer/password", json={"password": None}).status_code == 204
    assert client.post(f"{PREFIX}/session", json=login).status_code == 401
    answer = root.put("/users/viewer/password", json={"password": "viewer"})
    assert answer.status_code == 422
    assert root.put("/users/viewer/password", json={}).status_code == 422


def test_ones_own_password_is_changed_by_knowing_the_old_one(as_, client):
    viewer = as_("viewer")
    second = client.post(f"{PREFIX}/session", json={"user": "viewer", "password": PASSWORD})
    cookie = {"Cookie": f"kizashi_session={second.cookies['kizashi_session']}"}
    secret = new_password()
    wrong = viewer.put("/session/password", json={"old": "not it", "new": secret})
    assert wrong.status_code == 401
    changed = viewer.put("/session/password", json={"old": PASSWORD, "new": secret})
    assert changed.status_code == 204, changed.text
    assert viewer.get("/session").status_code == 200
    assert viewer.get("/session", headers=cookie).status_code == 401  # the other one ended


def test_sessions_are_listed_and_ended(as_, client):
    root, viewer = as_("root"), as_("viewer")
    client.post(f"{PREFIX}/session", json={"user": "viewer", "password": PASSWORD})
    first = viewer.get("/users/viewer/sessions?limit=1").json()
    rest = viewer.get("/users/viewer/sessions", params={"cursor": first["next"]}).json()
    assert [len(page["items"]) for page in (first, rest)] == [1, 1]
    assert rest["next"] is None
    other = rest["items"][0]["id"]
    assert as_("analyst").delete(f"/sessions/{other}").status_code == 404
    assert viewer.delete(f"/sessions/{other}").status_code == 204
    assert len(viewer.get("/users/viewer/sessions").json()["items"]) == 1
    assert root.delete("/users/viewer/sessions").status_code == 204
    assert viewer.get("/session").status_code == 401
    assert root.delete("/users/nobody/sessions").status_code == 404


def test_a_user_without_a_password_cannot_log_in(as_, client):
    as_("root").post("/users", json={"name": "gateway"})
    login = {"user": "gateway", "password": ""}
    assert client.post(f"{PREFIX}/session", json=login).status_code == 401


def test_hashes_of_the_real_cost_are_what_a_site_makes():
    assert Passwords().hash(new_password()).startswith("$argon2id$v=19$m=65536,t=3,p=4$")
