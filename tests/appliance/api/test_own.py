"""Code and own pipelines over REST: who may register, what is told, what is never imported."""

from __future__ import annotations

import sys

import pytest

from appliance.steps.packing import wheel_of_module

MODULE = '''
import appliance as kizashi

@kizashi.step
def twice(value: float) -> float:
    """Twice a value."""
    return 2 * value
'''
DRAFT = {
    "name": "doubling",
    "parameters": {"value": 2.0},
    "steps": {"it": {"use": "doubles:twice", "with": {"value": "${parameters.value}"}}},
}
OCTETS = {"Content-Type": "application/octet-stream"}


def wheel(tmp_path, source=MODULE, name="doubles", version="1"):
    path = tmp_path / f"{name}.py"
    path.write_text(source)
    return wheel_of_module(path, version)


def send(who, file, data):
    return who.post("/code", params={"file": file}, content=data, headers=OCTETS)


@pytest.mark.slow
def test_only_those_with_the_right_register_code_and_nothing_is_imported_here(
    as_, site, tmp_path
):
    root, engineer, viewer = map(as_, ("root", "engineer", "viewer"))
    file, data = wheel(tmp_path, "raise SystemExit('it was imported')")
    assert send(engineer, file, data).status_code == 403
    refused = send(root, file, data)
    assert (refused.status_code, "doubles" in refused.text) == (422, True)
    assert root.get("/code").json()["items"] == []
    file, data = wheel(tmp_path)
    made = send(root, file, data)
    assert made.status_code == 201, made.text
    told = made.json()
    assert (told["name"], told["version"], told["added_by"]) == ("doubles", "1", "root")
    assert [one["name"] for one in told["steps"]] == ["twice"]
    assert told["steps"][0]["required"] == ["value"]
    assert "doubles" not in sys.modules
    assert send(root, file, data).json()["sha256"] == told["sha256"]
    other = wheel(tmp_path, MODULE.replace("2 *", "3 *"))
    assert send(root, *other).status_code == 409
    assert viewer.get("/code/doubles").json() == told
    assert viewer.get("/code/doubles?version=2").status_code == 404
    assert engineer.delete("/code/doubles").status_code == 403
    assert engineer.patch("/users/engineer", json={"runs_code": True}).status_code == 403
    given = root.patch("/users/engineer", json={"runs_code": True})
    assert (given.json()["runs_code"], given.json()["admin"]) == (True, False)
    assert engineer.delete("/code/doubles").status_code == 204
    root.patch("/users/engineer", json={"runs_code": False})
    assert send(engineer, file, data).status_code == 403
    assert send(root, file, data).status_code == 201
    log = root.get("/audit").json()["items"]
    noted = next(one for one in log if one["action"] == "code.registered")
    assert (noted["object"], noted["after"]["sha256"]) == ("code:doubles@1", told["sha256"])
    assert root.delete("/code/doubles").status_code == 204
    assert root.get("/code/doubles").status_code == 404


def test_what_is_no_code_is_refused(as_):
    root = as_("root")
    assert send(root, "x.whl", b"not a wheel").status_code == 422
    assert send(root, "../x.whl", b"").status_code == 422
    assert send(root, "x.exe", b"").status_code == 422
    assert send(root, "x.ipynb", b"{}").status_code == 422


@pytest.mark.slow
def test_the_life_of_an_own_pipeline(as_, tmp_path):
    root, analyst, viewer, engineer = map(as_, ("root", "analyst", "viewer", "engineer"))
    put = "/own-pipelines/doubling"
    early = root.put(put, json=DRAFT)
    assert "step it: use: no code is registered as doubles" in early.json()["detail"]
    send(root, *wheel(tmp_path))
    assert engineer.put(put, json=DRAFT).status_code == 403
    made = root.put(put, json=DRAFT)
    assert (made.status_code, made.json()["revision"]) == (200, 1), made.text
    assert (made.json()["order"], made.json()["rights"]) == (["it"], ["train"])
    tag = {"If-Match": made.headers["etag"]}
    assert root.put(put, json={**DRAFT, "summary": "Twice."}, headers=tag).status_code == 200
    assert root.put(put, json=DRAFT, headers=tag).status_code == 412
    assert root.put("/own-pipelines/other", json=DRAFT).status_code == 422
    assert viewer.get(put).json()["summary"] == "Twice."
    assert [one["name"] for one in viewer.get("/own-pipelines").json()["items"]] == ["doubling"]
    run = {"pipeline": "run", "fleet": "pumps", "arguments": {"name": "doubling"}}
    assert viewer.post("/jobs", json=run).status_code == 403
    asked = analyst.post("/jobs", json=run)
    assert asked.status_code == 202, asked.text
    job = asked.json()["id"]
    assert viewer.get(f"/jobs/{job}/files/it/x.txt").status_code == 404
    del run["fleet"]
    assert analyst.post("/jobs", json=run).status_code == 403
    more = {"name": "doubling", "parameters": {"speed": 1}}
    wrong = root.post("/jobs", json={**run, "arguments": more})
    assert (wrong.status_code, "has no parameter 'speed'" in wrong.text) == (422, True)
    assert root.delete(put).status_code == 204
    assert root.get(put).status_code == 404


def test_running_asks_for_the_rights_of_all_that_it_does(as_):
    root, analyst, engineer = map(as_, ("root", "analyst", "engineer"))
    step = {"pipeline": "promote", "with": {"version": 1}}
    draft = {"name": "bold", "steps": {"it": step}}
    made = root.put("/own-pipelines/bold", json=draft)
    assert made.json()["rights"] == ["promote", "train"], made.text
    run = {"pipeline": "run", "fleet": "pumps", "arguments": {"name": "bold"}}
    assert analyst.post("/jobs", json=run).status_code == 403
    assert engineer.post("/jobs", json=run).status_code == 202
