"""Events over REST: found over all fleets, told in words, dealt with by those who may."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.schemas.access import Role
from appliance.schemas.event import Severity
from tests.appliance.events.drafts import DAY, draft, fault, minute
from tests.appliance.people import ME


@pytest.fixture
def events(site):
    """Return three events of pumps, and one of fans, which are in a project of their own."""

    def found(fleet, *drafts):
        made = site.events.revise(fleet, drafts, DAY, model_version=1, score_batch="s1")
        return sorted(made, key=lambda event: event.start)

    site.access.projects.add(ME, "hall2")
    site.access.projects.assign(ME, "fans", "hall2")
    site.access.users.grant(ME, "stranger", "hall2", Role.ANALYST)
    pumps = found(
        "pumps",
        draft(10, 20, 5.0),
        draft(100, 120, 9.0, severity=Severity.ACT),
        fault(200, 210),
    )
    (fan,) = found("fans", draft(300, 320))
    return [*pumps, fan]


def ids(answer):
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["items"]]


# ---------------------------------------------------------------- finding
def test_the_most_urgent_comes_first_and_only_what_one_may_see(as_, events):
    watch, act, broken, fan = (event.id for event in events)
    assert ids(as_("root").get("/events")) == [act, fan, watch, broken]
    assert ids(as_("viewer").get("/events")) == [act, watch, broken]
    assert ids(as_("stranger").get("/events")) == [fan]
    assert ids(as_("stranger").get("/events?fleet=pumps")) == []
    assert ids(as_("viewer").get("/events?sort=time")) == [broken, act, watch]


@pytest.mark.parametrize("sort", ["urgency", "time"])
@pytest.mark.parametrize("narrow", ["", "&severity=watch&severity=act", "&fleet=pumps"])
def test_pages_follow_each_other_without_a_gap(as_, site, events, sort, narrow):
    many = [draft(n, n + 1, 4.0 + n % 7) for n in range(400, 480, 4)]
    site.events.revise("fans", many, DAY, model_version=1, score_batch="s2")
    whole = ids(as_("root").get(f"/events?limit=500&sort={sort}{narrow}"))
    walked, cursor = [], ""
    while cursor is not None:
        answer = as_("root").get(f"/events?limit=3&sort={sort}{narrow}{cursor}")
        walked += ids(answer)
        cursor = answer.json()["next"] and f"&cursor={answer.json()['next']}"
    assert walked == whole


def test_events_are_found_by_what_they_are(as_, site, events):
    watch, act, broken, fan = (event.id for event in events)
    root = as_("root")
    site.events.assign(watch, "ken", ME)
    site.events.close(act, ME, "true")
    for query, wanted in {
        "state=closed": [act],
        "state=open&kind=anomaly": [fan, watch],
        "severity=act": [act],
        "kind=sensor_fault": [broken],
        "owner=ken": [watch],
        "verdict=true": [act],
        "fleet=fans": [fan],
        "asset=P-1&fleet=pumps&kind=anomaly": [watch, act],
        "text=FLOW&fleet=fans": [fan],
        "text=%25": [],
    }.items():
        assert ids(root.get(f"/events?{query}")) == wanted, query


def test_a_time_range_finds_what_touches_it(as_, events):
    watch, act = (event.id for event in events[:2])
    span = {"from": minute(15).isoformat(), "to": minute(110).isoformat(), "sort": "time"}
    assert ids(as_("root").get("/events", params=span)) == [act, watch]
    late = {"from": (minute(300) + timedelta(days=900)).isoformat()}
    assert ids(as_("root").get("/events", params=late)) == []


@pytest.mark.parametrize(
    "query",
    ["state=none", "limit=0", "limit=501", "cursor=x", "from=yesterday", "fleet=..", "txt=a"],
)
def test_what_cannot_be_looked_for_is_said(as_, query):
    assert as_("viewer").get(f"/events?{query}").status_code == 422


# ---------------------------------------------------------------- telling
def test_an_event_is_told_in_plain_words_of_either_language(as_, events):
    event = events[1].id
    answer = as_("viewer").get(f"/events/{event}")
    assert answer.headers["etag"] == '"1"'
    told = answer.json()
    assert "P-1 ran unusually from 1 Mar 2026, 01:40" in told["words"]
    assert told["origin"]["score_batch"] == "s1"
    assert told["origin"]["links"]["asset"] == "/api/v1/fleets/pumps/assets/P-1"
    japanese = as_("viewer").get(f"/events/{event}?language=ja").json()["words"]
    assert "通常と異なる" in japanese


def test_what_one_may_not_see_is_not_there(as_, events):
    fan = events[3].id
    for path in (f"/events/{fan}", f"/events/{fan}/history", "/events/evt_0"):
        assert as_("viewer").get(path).status_code == 404
    assert as_("viewer").post(f"/events/{fan}/acknowledge").status_code == 404


# ---------------------------------------------------------------- dealing
def test_the_life_of_an_event_and_who_did_what(as_, site, events):
    event = events[0].id
    analyst = as_("analyst")
    assert analyst.post(f"/events/{event}/acknowledge").json()["state"] == "acknowledged"
    answer = analyst.post(f"/events/{event}/assign", json={"owner": "yuki"})
    assert (answer.json()["owner"], answer.headers["etag"]) == ("yuki", '"3"')
    assert analyst.post(f"/events/{event}/close", json={"verdict": "false"}).status_code == 200
    assert analyst.post(f"/events/{event}/reopen").json()["verdict"] is None
    history = analyst.get(f"/events/{event}/history?limit=3").json()
    assert [one["by"] for one in history["items"]] == ["kizashi", "analyst", "analyst"]
    rest = analyst.get(f"/events/{event}/history?cursor={history['next']}").json()
    assert [one["change"] for one in rest["items"]] == ["closed", "reopened"]
    done = [(e.by, e.action) for e in site.access.audit.list(ME, what=f"event:{event}")]
    assert done == [
        ("analyst", "event.reopened"),
        ("analyst", "event.closed"),
        ("analyst", "event.assigned"),
        ("analyst", "event.acknowledged"),
    ]
    assert site.access.audit.verify().whole


def test_a_viewer_looks_and_does_not_touch(as_, site, events):
    event = events[0].id
    for verb, body in {
        "acknowledge": None,
        "assign": {"owner": "viewer"},
        "close": {"verdict": "true"},
        "reopen": None,
        "comments": {"text": "hello"},
    }.items():
        assert as_("viewer").post(f"/events/{event}/{verb}", json=body).status_code == 403
    assert site.events.get(event).revision == 1
    assert site.access.audit.list(ME, what=f"event:{event}") == []


def test_what_changed_meanwhile_is_not_overwritten(as_, events):
    event = events[0].id
    seen = {"If-Match": as_("analyst").get(f"/events/{event}").headers["etag"]}
    as_("engineer").post(f"/events/{event}/acknowledge", headers=seen)
    late = as_("analyst").post(f"/events/{event}/close", json={"verdict": "true"}, headers=seen)
    assert late.status_code == 412
    assert late.json()["type"] == "urn:kizashi:problem:Outdated"
    assert as_("analyst").post(f"/events/{event}/acknowledge").status_code == 409


@pytest.mark.slow
def test_comments_come_in_order_and_stay_text(as_, events):
    event = events[0].id
    words = ["<script>alert(1)</script>", "'; DROP TABLE events; --", "軸受の音"]
    for text in words:
        made = as_("analyst").post(f"/events/{event}/comments", json={"text": text})
        assert (made.status_code, made.json()["text"]) == (201, text)
    first = as_("viewer").get(f"/events/{event}/comments?limit=2").json()
    rest = as_("viewer").get(f"/events/{event}/comments?cursor={first['next']}").json()
    assert [one["text"] for one in first["items"] + rest["items"]] == words
    for text in ("  ", "", "x" * 10_001, None):
        answer = as_("analyst").post(f"/events/{event}/comments", json={"text": text})
        assert answer.status_code == 422


def test_a_comment_sent_twice_is_said_once(as_, events):
    event = events[0].id
    for _ in range(2):
        as_("analyst").post(
            f"/events/{event}/comments",
            json={"text": "worn seal"},
            headers={"Idempotency-Key": "k1"},
        )
    assert len(as_("analyst").get(f"/events/{event}/comments").json()["items"]) == 1


# ---------------------------------------------------------------- many at once
@pytest.mark.slow
def test_many_events_are_dealt_with_and_each_outcome_is_told(as_, site, events):
    watch, act, broken, fan = (event.id for event in events)
    site.events.close(broken, ME, "true")
    asked = {"events": [watch, broken, fan, "evt_0", act, watch], "action": "close"}
    assert as_("analyst").post("/events/bulk", json=asked).status_code == 422  # no verdict
    told = as_("analyst").post("/events/bulk", json={**asked, "verdict": "planned"}).json()
    assert [(one["event"], one["status"]) for one in told["outcomes"]] == [
        (watch, 200),
        (broken, 409),
        (fan, 404),
        ("evt_0", 404),
        (act, 200),
    ]
    assert (told["done"], told["refused"]) == (2, 3)
    assert site.events.get(act).verdict == "planned"
    assert site.events.get(fan).state == "open"
    audit = [one.object for one in site.access.audit.list(ME, who="analyst", limit=2)]
    assert audit == [f"event:{act}", f"event:{watch}"]


def test_rights_are_asked_for_each_event(as_, site, events):
    site.access.users.grant(ME, "viewer", "hall2", Role.ANALYST)
    asked = {"events": [events[0].id, events[3].id], "action": "acknowledge"}
    told = as_("viewer").post("/events/bulk", json=asked).json()
    assert [one["status"] for one in told["outcomes"]] == [403, 200]


def test_no_more_than_500_at_once(as_):
    asked = {"events": [f"evt_{n}" for n in range(501)], "action": "acknowledge"}
    assert as_("analyst").post("/events/bulk", json=asked).status_code == 422


# ---------------------------------------------------------------- muting
def test_a_muted_event_is_neither_listed_nor_counted_among_those_that_wait(as_, events):
    watch, act, broken, _ = (event.id for event in events)
    analyst = as_("analyst")
    counts = {"act": 1, "plan": 0, "watch": 1, "faults": 1, "mine": 0, "muted": 0}
    assert analyst.get("/events/counts").json() == counts
    wanted = {"until": "2199-01-01T00:00:00Z", "reason": "The seal comes on Friday."}
    answer = analyst.post(f"/events/{watch}/mute", json=wanted)
    assert answer.json()["mute"]["by"] == "analyst"
    assert answer.headers["etag"] == '"2"'
    analyst.post(f"/events/{act}/assign", json={"owner": "analyst"})
    assert ids(as_("viewer").get("/events?muted=false&state=open")) == [act, broken]
    assert ids(as_("viewer").get("/events?muted=true")) == [watch]
    told = analyst.get("/events/counts?fleet=pumps").json()
    assert told == counts | {"watch": 0, "mine": 1, "muted": 1}
    assert analyst.get("/events/counts?fleet=fans").json() == dict.fromkeys(counts, 0)
    assert as_("stranger").get("/events/counts").json()["watch"] == 1
    assert analyst.post(f"/events/{watch}/unmute").json()["mute"] is None
    assert analyst.post(f"/events/{watch}/unmute").status_code == 409


def test_many_are_muted_at_once_with_a_reason(as_, events):
    several = [event.id for event in events[:2]]
    asked = {"events": several, "action": "mute"}
    assert as_("analyst").post("/events/bulk", json=asked).status_code == 422
    mute = {"reason": "Known."}
    told = as_("analyst").post("/events/bulk", json={**asked, "mute": mute}).json()
    assert told["done"] == 2
    assert {one["changed"]["mute"]["until"] for one in told["outcomes"]} == {None}
    told = as_("analyst").post("/events/bulk", json={**asked, "action": "unmute"}).json()
    assert told["done"] == 2
    for wrong in ({"reason": " "}, {}, {"reason": "x", "until": "2199-01-01T00:00:00"}):
        answer = as_("analyst").post(f"/events/{several[0]}/mute", json=wrong)
        assert answer.status_code == 422


# ---------------------------------------------------------------- what happened before
def test_what_looked_alike_is_told_with_how_it_ended(as_, site, events):
    watch, act = events[0].id, events[1].id
    analyst = as_("analyst")
    assert "looked alike" not in analyst.get(f"/events/{act}").json()["words"]
    analyst.post(f"/events/{watch}/comments", json={"text": "Bearing\n replaced."})
    site.events.close(watch, ME, "true")
    (found,) = as_("viewer").get(f"/events/{act}/similar").json()["events"]
    assert (found["event"]["id"], found["likeness"]) == (watch, 1.0)
    assert found["remark"]["by"] == "analyst"
    told = as_("viewer").get(f"/events/{act}").json()["words"]
    assert told.endswith(
        " Last time this looked alike: 1 Mar 2026 on P-1, closed as true: Bearing replaced."
    )
    japanese = as_("viewer").get(f"/events/{act}?language=ja").json()["words"]
    assert japanese.endswith(
        "前回の似た事例: 2026年3月1日 の P-1、判定は「正しい」（Bearing replaced）。"
    )
    assert as_("viewer").get(f"/events/{watch}/similar").json()["events"] == []
    assert as_("viewer").get(f"/events/{act}/similar?limit=0").status_code == 422


def test_whoever_deals_with_events_sees_who_may_take_care_of_them(as_, events):
    found = as_("analyst").get("/fleets/pumps/people").json()["items"]
    assert {"user": "analyst", "role": "analyst"} in found
    assert "stranger" not in {one["user"] for one in found}
