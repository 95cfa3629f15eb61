"""Many sites as one: what is asked, of whom, and what comes of it."""

from __future__ import annotations

import pytest

from appliance.core.errors import InvalidRequest
from appliance.gateway.delivering import Delivering
from appliance.schemas.base import fleet_anywhere


@pytest.fixture
def lima_away(world):
    """Cut lima's line for one test, after it was asked once."""
    for path in ("/overview", "/fleets", "/events/counts"):
        world.get(path)
    world.members["lima"].cut()
    yield world
    if "lima" not in world.app.gateway.hub.here():
        world.members["lima"].connect()


def events_of(world, **query) -> list[dict]:
    found, cursor = [], None
    while True:
        page = world.get("/events", params={**query, **({"cursor": cursor} if cursor else {})})
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


# ---------------------------------------------------------------- lists
def test_fleets_of_all_sites_are_one_list(world) -> None:
    found = world.get("/fleets")
    assert [one["fleet"] for one in found["items"]] == ["pumps@lima", "pumps@oslo"]
    assert [one["site"] for one in found["items"]] == ["lima", "oslo"]
    assert [one["project"] for one in found["items"]] == ["default@lima", "default@oslo"]
    assert "away" not in found


def test_pages_of_events_hold_each_event_once_in_the_order_of_urgency(world) -> None:
    whole = events_of(world, limit=500)
    paged = events_of(world, limit=1)
    assert [one["id"] for one in paged] == [one["id"] for one in whole]
    assert len({one["id"] for one in whole}) == len(whole) > 1
    assert {one["site"] for one in whole} == {"lima", "oslo"}
    own = [world.get("/events", params={"site": site})["items"] for site in ("oslo", "lima")]
    assert len(whole) == sum(map(len, own))
    peaks = [one["peak"] / one["threshold"] for one in whole if one["state"] == "open"]
    assert peaks[0] == max(peaks)


def test_a_site_is_asked_alone_where_it_is_named(world) -> None:
    found = world.get("/fleets", params={"site": "oslo"})
    assert [one["fleet"] for one in found["items"]] == ["pumps@oslo"]
    assert world.get("/fleets/pumps@oslo")["fleet"] == "pumps@oslo"
    # What is named by its identifier is where it is, whatever else is shown.
    assert world.get("/fleets/pumps@oslo", params={"site": "lima"})["site"] == "oslo"
    assert world.ask("GET", "/fleets", params={"site": "mars"}).status_code == 404
    assert world.ask("GET", "/fleets/pumps@mars").status_code in (404, 422)


def test_a_write_goes_to_the_site_of_what_it_is_about(world) -> None:
    event = world.get("/events", params={"site": "oslo"})["items"][0]
    path = f"/events/{event['id']}"
    told = world.ask("GET", path)
    done = world.ask("POST", f"{path}/assign", json={"owner": "engineer"})
    assert done.status_code == 200, done.text
    assert done.json()["owner"] == "engineer"
    assert done.json()["id"] == event["id"]
    assert done.headers["kizashi-site"] == "oslo"
    own = world.members["oslo"].site.events.get(event["id"].partition("@")[0])
    assert own.owner == "gateway:engineer"
    edited = world.ask(
        "POST", f"{path}/acknowledge", headers={"If-Match": told.headers["etag"]}
    )
    assert edited.status_code == 412
    mine = world.get("/events", params={"owner": "engineer"})["items"]
    assert [one["id"] for one in mine] == [event["id"]]
    origin = told.json()["origin"]["links"]
    assert origin["self"] == f"/api/v1{path}"
    assert origin["fleet"] == "/api/v1/fleets/pumps@oslo"
    changes = world.members["oslo"].site.events.history(own.id, after=0, limit=10)
    assert changes[-1].by == "gateway:root"
    assert world.get(f"{path}/history")["items"][-1]["by"] == "root"
    noted = world.get("/audit", params={"on": "site:oslo"})["items"]
    assert {(one["by"], one["action"]) for one in noted[:2]} == {("root", "site.asked")}


def test_events_of_several_sites_are_dealt_with_at_once(world) -> None:
    events = [
        world.get("/events", params={"site": s})["items"][-1]["id"] for s in ("oslo", "lima")
    ]
    wanted = [*events, "evt_none@oslo", "evt_none"]
    told = {"events": wanted, "action": "assign", "owner": "analyst"}
    done = world.ask("POST", "/events/bulk", json=told)
    assert done.status_code == 200, done.text
    outcomes = done.json()["outcomes"]
    assert [one["event"] for one in outcomes] == wanted
    assert [one["status"] for one in outcomes] == [200, 200, 404, 404]
    assert {one["changed"]["owner"] for one in outcomes[:2]} == {"analyst"}


# ---------------------------------------------------------------- figures
def test_figures_add_up(world) -> None:
    each = {s: world.get("/overview", params={"site": s}) for s in world.members}
    whole = world.get("/overview")
    for name in ("fleets", "assets", "watched"):
        assert whole[name] == sum(one[name] for one in each.values())
    assert whole["waiting"] == {
        name: sum(one["waiting"][name] for one in each.values()) for name in whole["waiting"]
    }
    counts = world.get("/events/counts")
    assert counts["plan"] == whole["waiting"]["plan"]


@pytest.mark.slow
def test_all_other_questions_of_the_pages_have_an_answer(world) -> None:
    lane = world.get("/overview/lane")
    assert lane["total"] == 8
    assert {row["fleet"] for row in lane["rows"]} == {"pumps@oslo", "pumps@lima"}
    assert all(len(row["cells"]) == len(lane["starts"]) for row in lane["rows"])
    costs = world.get("/costs")
    assert costs["currency"] == "JPY"
    assert all("@" in line["name"] for line in costs["lines"])
    platform = world.get("/platform")
    assert platform["queue"]["queued"] == 0
    for path in ("/jobs", "/schedules", "/sources", "/channels", "/calendar", "/deliveries"):
        assert world.get(path)["items"] == [], path
    assert "train" in {one["name"] for one in world.get("/pipelines")["items"]}
    assert world.get("/budgets")["budgets"] == []
    hits = world.get("/search", params={"q": "P-2"})["hits"]
    assert {one["fleet"] for one in hits} == {"pumps@oslo", "pumps@lima"}
    assert world.get(hits[0]["link"].removeprefix("/api/v1"))["asset"]


def test_a_question_of_one_site_says_so(world) -> None:
    found = world.ask("GET", "/platform/history", params={"metric": "host_cpu_ratio"})
    assert found.status_code == 422
    assert "?site=NAME" in found.json()["remedy"]


def test_cursors_of_nobody_are_refused(world) -> None:
    for cursor in ("x", "eNo", "eyJhIjoxfQ"):
        assert world.ask("GET", "/events", params={"cursor": cursor}).status_code == 422


def test_fleets_have_their_sites_behind_their_names_in_the_client_too() -> None:
    assert fleet_anywhere(" pumps@oslo ") == "pumps@oslo"
    assert fleet_anywhere("pumps") == "pumps"
    for name in ("pumps@", "@oslo", "pumps@Oslo", "a@b@c", "Pumps@oslo"):
        with pytest.raises(InvalidRequest):
            fleet_anywhere(name)


# ---------------------------------------------------------------- away
def test_answers_without_a_site_say_so(lima_away) -> None:
    answer = lima_away.ask("GET", "/events")
    assert answer.status_code == 200
    assert answer.headers["kizashi-sites-away"] == "lima"
    assert answer.json()["away"] == [{"site": "lima", "age_seconds": None}]
    assert {one["site"] for one in answer.json()["items"]} == {"oslo"}
    assert lima_away.ask("GET", "/fleets/pumps@lima").status_code == 503
    states = {one["name"]: one["state"] for one in lima_away.get("/sites")["items"]}
    assert states == {"kyoto": "here", "lima": "away", "oslo": "here"}


def test_the_last_overview_of_a_site_is_shown_with_its_age(lima_away) -> None:
    answer = lima_away.ask("GET", "/overview")
    assert answer.json()["fleets"] == 2
    (away,) = answer.json()["away"]
    assert away["site"] == "lima"
    assert away["age_seconds"] >= 0
    assert answer.headers["kizashi-sites-away"].startswith("lima;age=")
    fleets = lima_away.get("/fleets")
    assert [one["fleet"] for one in fleets["items"]] == ["pumps@lima", "pumps@oslo"]


def test_a_write_waits_for_its_site_and_is_done_once(lima_away) -> None:
    world = lima_away
    site = world.members["lima"].site
    own = site.events.look(_everything(), "urgency", after=None, limit=1)[0]
    before = len(site.events.comments(own.id, after=None, limit=100))
    ask = ("POST", f"/events/{own.id}@lima/comments")
    told = {"json": {"text": "seen from far away"}, "headers": {"Idempotency-Key": "k1"}}
    first = world.ask(*ask, **told)
    again = world.ask(*ask, **told)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"] == first.headers["kizashi-queued"]
    where = first.headers["location"].removeprefix("/api/v1")
    assert world.get(where)["state"] == "waiting"
    assert world.ask("GET", where, "viewer").status_code == 404
    # Without a key, nobody could tell later whether it was done.
    assert world.ask(*ask, json=told["json"]).status_code == 503

    world.members["lima"].connect()
    delivering = Delivering(world.app.gateway)
    letter = world.app.gateway.outbox.next("lima")
    assert world.run(delivering._sent(letter))[0] == 201  # its answer is lost on the way
    assert world.run(delivering.deliver("lima")) == 1
    done = world.get(where)
    assert (done["state"], done["status"]) == ("done", 201)
    assert done["answer"]["text"] == "seen from far away"
    assert done["answer"]["by"] == "root"
    # The same request once more finds what was done.
    assert world.ask(*ask, **told).status_code == 201
    found = site.events.comments(own.id, after=None, limit=100)
    assert len(found) == before + 1


def _everything():
    from appliance.access.seen import EVERYTHING
    from appliance.events.store import Search

    return Search(seen=EVERYTHING)


def test_what_waits_can_be_dropped(lima_away) -> None:
    world = lima_away
    told = {"json": {"pipeline": "score", "fleet": "pumps@lima"}}
    made = world.ask("POST", "/jobs", headers={"Idempotency-Key": "k2"}, **told)
    assert made.status_code == 202
    entry = made.json()["id"]
    assert world.ask("DELETE", f"/outbox/{entry}", "engineer").status_code == 404
    assert world.ask("DELETE", f"/outbox/{entry}").status_code == 204
    assert world.get(f"/outbox/{entry}")["state"] == "dropped"
    world.members["lima"].connect()
    assert world.run(Delivering(world.app.gateway).deliver("lima")) == 0


# ---------------------------------------------------------------- jobs
def test_a_job_goes_where_its_data_are_or_where_it_is_best(world) -> None:
    gateway = world.app.gateway
    for site in world.members:
        world.run(gateway.look_at(site))
    asked = world.ask("POST", "/jobs", json={"pipeline": "score", "fleet": "pumps@oslo"})
    assert asked.status_code == 202, asked.text
    job = asked.json()
    assert job["fleet"] == "pumps@oslo"
    assert asked.headers["location"] == f"/api/v1/jobs/{job['id']}"
    assert world.get(f"/jobs/{job['id']}")["by"] == "root"
    for site in world.members:
        world.run(gateway.look_at(site))
    told = {"pipeline": "score", "fleet": "pumps", "site": "auto"}
    chosen = world.ask("POST", "/jobs", json=told)
    assert chosen.status_code == 202, chosen.text
    assert chosen.json()["site"] == chosen.json()["chosen"]["site"] == "lima"  # oslo has one
    assert "shortest queue" in chosen.json()["chosen"]["why"]
    nowhere = world.ask("POST", "/jobs", json={**told, "fleet": "fans"})
    assert nowhere.status_code == 404
    assert "has a fleet fans" in nowhere.json()["detail"]
    unnamed = world.ask("POST", "/jobs", json={"pipeline": "score", "fleet": "pumps"})
    assert unnamed.status_code == 422
    for one in (job, chosen.json()):
        assert world.ask("POST", f"/jobs/{one['id']}/cancel").status_code == 200


# ---------------------------------------------------------------- models
@pytest.mark.slow
def test_a_model_is_copied_signed_and_waits_as_a_challenger(world) -> None:
    told = {"fleet": "pumps@oslo", "version": 1, "to": ["lima", "kyoto"]}
    found = world.ask("POST", "/models/copies", json=told)
    assert found.status_code == 201, found.text
    lima, kyoto = found.json()["copies"]
    assert lima == {"site": "lima", "fleet": "pumps@lima", "version": 2, "problem": ""}
    assert kyoto["version"] is None
    assert "no fleet pumps" in kyoto["problem"]
    registry = world.members["lima"].site.registry
    assert registry.champion("pumps").version == 1
    assert registry.get("pumps", 2).digest == registry.get("pumps", 1).digest
    promoted = world.ask("POST", "/fleets/pumps@lima/models/2/promote")
    assert promoted.status_code == 200, promoted.text
    assert registry.champion("pumps").version == 2
    assert world.ask("POST", "/models/copies", "viewer", json=told).status_code in (403, 422)
