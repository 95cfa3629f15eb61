"""Sources over REST: whoever runs the site adds them, whoever may see the fleet sees them."""

from __future__ import annotations

SQL = {
    "kind": "sql",
    "host": "127.0.0.1",
    "port": 1,
    "database": "historian",
    "user": "reader",
    "password": "sesame",
    "table": "readings",
}


def source(name="line2", **more):
    return {"name": name, "fleet": "pumps", "origin": SQL} | more


def test_the_life_of_a_source(as_):
    root = as_("root")
    made = root.post("/sources", json=source())
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/sources/line2")
    assert (made.json()["secrets"], made.json()["state"]) == (["password"], "new")
    assert root.post("/sources", json=source()).status_code == 409
    shown = root.get("/sources/line2")
    tag = {"If-Match": shown.headers["etag"]}
    assert "sesame" not in made.text + shown.text + root.get("/sources").text
    without = {name: value for name, value in SQL.items() if name != "password"}
    edited = root.put("/sources/line2", json=source(origin=without, every=5), headers=tag)
    assert (edited.status_code, edited.json()["secrets"]) == (200, ["password"])
    assert root.put("/sources/line2", json=source(), headers=tag).status_code == 412
    assert root.put("/sources/line2", json=source("other")).status_code == 422
    assert root.post("/sources/line2/pause").json()["state"] == "paused"
    assert root.post("/sources/line2/resume").json()["state"] == "new"
    assert root.delete("/sources/line2", headers=tag).status_code == 412
    assert root.delete("/sources/line2").status_code == 204
    assert root.get("/sources/line2").status_code == 404


def test_who_sees_a_source_and_who_changes_it(as_, site):
    root, viewer, engineer, stranger = map(as_, ("root", "viewer", "engineer", "stranger"))
    root.post("/sources", json=source())
    root.post("/sources", json=source("other", fleet="fans"))
    assert [one["name"] for one in viewer.get("/sources").json()["items"]] == [
        "line2",
        "other",
    ]
    assert [one["name"] for one in viewer.get("/sources?fleet=fans").json()["items"]] == [
        "other"
    ]
    assert viewer.get("/sources?fleet=no").json()["items"] == []
    assert stranger.get("/sources").json()["items"] == []
    assert stranger.get("/sources/line2").status_code == 404
    assert viewer.post("/sources/line2/pause").status_code == 403
    assert engineer.post("/sources/line2/pause").status_code == 200
    assert engineer.put("/sources/line2", json=source()).status_code == 403


def test_what_cannot_be_used_is_refused_without_repeating_a_secret(as_):
    root = as_("root")
    for origin in (
        {**SQL, "table": "a; DROP TABLE b"},
        {**SQL, "query": "SELECT 1"},
        {**SQL, "host": "a b"},
        {**SQL, "password": ["sesame"]},
        {"kind": "mqtt", "host": "h", "topic": "plant/{x}/{sensor}", "password": "sesame"},
        {"kind": "mqtt", "host": "h", "topic": "plant/{asset}", "password": "sesame"},
        {"kind": "pigeon", "password": "sesame"},
    ):
        answer = root.post("/sources", json=source(origin=origin))
        assert answer.status_code == 422, origin
        assert "sesame" not in answer.text
    assert root.post("/sources", json=source(every=0)).status_code == 422


def test_trying_tells_what_would_come_or_what_is_wrong(as_, site):
    root = as_("root")
    tried = root.post("/sources/try", json=source()).json()
    assert "did not answer" in tried["error"]
    assert tried["remedy"]
    assert "sesame" not in str(tried)
    folder = site.settings.home / "import" / "box"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("time,pump,flow\n2026-03-01T08:00,P-1,1\n")
    told = root.post(
        "/sources/try", json=source(origin={"kind": "folder", "path": "box"}, asset="pump")
    ).json()
    assert (told["error"], told["preview"]["assets"]) == ("", ["P-1"])
    assert root.get("/sources").json()["items"] == []
