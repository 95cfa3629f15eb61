"""The audit log over HTTP: read by who, what and when; checked."""

from __future__ import annotations

from datetime import timedelta

from appliance.core.clock import now


def test_what_is_done_over_http_is_told_with_where_it_came_from(as_):
    root = as_("root")
    root.put("/users/viewer/roles/default", json={"role": "analyst"})
    (entry,) = root.get("/audit", params={"on": "user:viewer", "limit": 1}).json()["items"]
    assert (entry["by"], entry["action"], entry["origin"]) == (
        "root",
        "role.granted",
        "testclient",
    )
    assert entry["before"] == {"project": "default", "role": "viewer"}
    assert entry["after"] == {"project": "default", "role": "analyst"}


def test_entries_come_in_pages_by_whom_and_when(as_):
    root = as_("root")
    numbers, cursor = [], None
    while not numbers or cursor:
        asked = {"limit": 4} | ({"cursor": cursor} if cursor else {})
        answer = root.get("/audit", params=asked).json()
        numbers += [entry["number"] for entry in answer["items"]]
        cursor = answer["next"]
    assert numbers == list(range(len(numbers), 0, -1))
    told = root.get("/audit", params={"by": "shell:test"}).json()["items"]
    assert {entry["by"] for entry in told} == {"shell:test"}
    soon, before = now() + timedelta(hours=1), now() - timedelta(hours=1)
    for asked, some in (
        ({"since": soon.isoformat()}, False),
        ({"until": soon.isoformat()}, True),
        ({"since": before.isoformat(), "until": soon.isoformat()}, True),
        ({"until": before.isoformat()}, False),
    ):
        assert bool(root.get("/audit", params=asked).json()["items"]) == some
    for moment in ("9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00+14:00", "2026-03-01"):
        assert root.get("/audit", params={"since": moment}).status_code == 422


def test_the_log_is_checked_from_its_first_entry_to_its_last(as_):
    root = as_("root")
    found = root.get("/audit/verify").json()
    assert found["whole"] is True
    noted = found["head"]
    root.post("/users", json={"name": "erika"})
    assert root.get("/audit/verify", params={"head": noted}).json()["whole"] is True
    forged = f"{noted.partition(':')[0]}:{'0' * 64}"
    assert root.get("/audit/verify", params={"head": forged}).json()["whole"] is False
    assert root.get("/audit/verify", params={"head": "42"}).status_code == 422


def test_what_the_site_says_of_itself(as_):
    told = as_("stranger").get("/site").json()
    assert told["name"] == "Kizashi"
    assert told["timezone"] == "UTC"
    assert told["roles"]["viewer"] == ["read"]
    assert "manage_users" in told["site_rights"]
