"""The calendar and labels over REST."""

from __future__ import annotations

from datetime import timedelta

import pytest

from appliance.pipelines.calendar import outdated
from appliance.schemas.access import Role
from appliance.schemas.calendar import WindowDraft
from tests.appliance.events.drafts import DAY, START, draft, minute
from tests.appliance.people import ME

HOUR = timedelta(hours=1)
ICS = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//plant//EN
BEGIN:VEVENT
UID:overhaul-1
SUMMARY:Overhaul
DTSTART:20260302T080000Z
DTEND:20260302T100000Z
RRULE:FREQ=WEEKLY;COUNT=4
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")


@pytest.fixture
def fleets(site, monkeypatch):
    """Let pumps and fans be there; fans are in a project of their own."""
    monkeypatch.setattr(site, "require_fleet", lambda fleet: None)
    site.access.projects.add(ME, "hall2")
    site.access.projects.assign(ME, "fans", "hall2")
    site.access.users.grant(ME, "stranger", "hall2", Role.ENGINEER)
    return site


def window(**more):
    told = {
        "fleet": "pumps",
        "start": START.isoformat(),
        "end": (START + HOUR).isoformat(),
        "title": "<b>seals</b>",
    }
    return told | more


def names(answer):
    assert answer.status_code == 200, answer.text
    return [one["title"] for one in answer.json()["items"]]


# ---------------------------------------------------------------- windows
def test_the_life_of_a_window_and_who_did_what(as_, fleets):
    engineer = as_("engineer")
    made = engineer.post("/calendar", json=window())
    assert made.status_code == 201, made.text
    told = made.json()["window"]
    assert (told["title"], told["created_by"]) == ("<b>seals</b>", "engineer")
    at = made.headers["location"].removeprefix("/api/v1")
    seen = engineer.get(at)
    assert (seen.json(), seen.headers["etag"]) == (told, '"1"')
    tag = {"If-Match": seen.headers["etag"]}
    edited = engineer.put(at, json=window(title="pump"), headers=tag)
    assert edited.json()["window"]["title"] == "pump"
    assert engineer.put(at, json=window(title="late"), headers=tag).status_code == 412
    assert engineer.delete(at, headers=tag).status_code == 412
    assert engineer.delete(at, headers={"If-Match": '"2"'}).status_code == 200
    for answer in (engineer.get(at), engineer.delete(at), engineer.put(at, json=window())):
        assert answer.status_code == 404
    first = engineer.get(f"{at}/history?limit=2").json()
    rest = engineer.get(f"{at}/history?cursor={first['next']}").json()
    changes = [one["change"] for one in first["items"] + rest["items"]]
    assert changes == ["added", "edited", "removed"]
    audit = fleets.access.audit.list(ME, what=f"window:{told['id']}")
    assert [(one.by, one.action) for one in audit] == [
        ("engineer", "window.removed"),
        ("engineer", "window.edited"),
        ("engineer", "window.added"),
    ]


def test_each_sees_the_windows_of_their_fleets_and_of_the_site(as_, fleets):
    for fleet in ("pumps", "fans", None):
        as_("root").post("/calendar", json=window(fleet=fleet, title=str(fleet)))
    assert names(as_("root").get("/calendar")) == ["pumps", "fans", "None"]
    assert names(as_("viewer").get("/calendar")) == ["pumps", "None"]
    assert names(as_("stranger").get("/calendar")) == ["fans", "None"]
    assert names(as_("stranger").get("/calendar?fleet=pumps")) == ["None"]
    assert names(as_("viewer").get("/calendar?kind=failure")) == []
    first = as_("root").get("/calendar?limit=2").json()
    assert names(as_("root").get(f"/calendar?cursor={first['next']}")) == ["None"]
    pumps, fans, everywhere = (
        one["id"] for one in as_("root").get("/calendar").json()["items"]
    )
    assert as_("viewer").get(f"/calendar/{everywhere}").status_code == 200
    assert as_("viewer").get(f"/calendar/{fans}").status_code == 404
    assert as_("viewer").delete(f"/calendar/{pumps}").status_code == 403
    assert as_("admin").delete(f"/calendar/{everywhere}").status_code == 403


def test_a_window_is_not_moved_where_one_may_not(as_, fleets):
    engineer = as_("engineer")
    made = engineer.post("/calendar", json=window()).json()["window"]["id"]
    for fleet, status in (("fans", 404), (None, 403)):
        moved = window(fleet=fleet)
        assert engineer.post("/calendar", json=moved).status_code == status
        assert engineer.put(f"/calendar/{made}", json=moved).status_code == status
    assert as_("analyst").post("/calendar", json=window()).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"end": START.isoformat()},
        {"rule": "FREQ=SECONDLY"},
        {"zone": "../../etc/passwd"},
        {"start": "2026-03-01T00:00:00"},
        {"start": "0001-01-01T00:00:00+14:00"},
        {"title": "x" * 201},
        {"asset": "P-1", "fleet": None},
        {"kind": "holiday"},
    ],
)
def test_what_is_no_window_is_said(as_, fleets, wrong):
    assert as_("root").post("/calendar", json=window(**wrong)).status_code == 422


def test_times_of_windows_in_order(as_, fleets):
    as_("root").post("/calendar", json=window(rule="FREQ=DAILY;COUNT=3", title="nightly"))
    as_("root").post(
        "/calendar",
        json=window(
            title="once",
            start=(START + 30 * HOUR).isoformat(),
            end=(START + 31 * HOUR).isoformat(),
        ),
    )
    span = {"from": (START + HOUR).isoformat(), "to": (START + 60 * HOUR).isoformat()}
    assert names(as_("viewer").get("/calendar/times", params=span)) == [
        "nightly",
        "once",
        "nightly",
    ]
    backwards = {"from": span["to"], "to": span["from"]}
    assert as_("viewer").get("/calendar/times", params=backwards).status_code == 422


# ---------------------------------------------------------------- files
def test_a_calendar_file_comes_in_once(as_, fleets):
    engineer, media = as_("engineer"), {"Content-Type": "text/calendar; charset=utf-8"}
    for counts in ((1, 0), (0, 1)):
        answer = engineer.post("/calendar/import?fleet=pumps", content=ICS, headers=media)
        report = answer.json()["report"]
        assert (report["added"], report["unchanged"]) == counts
    (found,) = engineer.get("/calendar").json()["items"]
    assert (found["title"], found["rule"]) == ("Overhaul", "FREQ=WEEKLY;COUNT=4")
    at = f"/calendar/{found['id']}"
    edited = engineer.put(at, json=window(title="moved"))
    assert edited.json()["window"]["source"] == "overhaul-1"
    assert [one.action for one in fleets.access.audit.list(ME, what="calendar:pumps")] == [
        "calendar.imported"
    ]


@pytest.mark.parametrize(
    ("content", "media", "status"),
    [
        (b"hello", "text/calendar", 422),
        (b"", "text/calendar", 422),
        (b"\xff\xfe", "text/calendar", 422),
        (b'"BEGIN:VCALENDAR"', "application/json", 415),
        (b"x" * (2**21 + 1), "text/calendar", 413),
    ],
)
def test_what_is_no_calendar_file_is_refused(as_, fleets, content, media, status):
    answer = as_("engineer").post(
        "/calendar/import?fleet=pumps", content=content, headers={"Content-Type": media}
    )
    assert answer.status_code == status, answer.text


# ---------------------------------------------------------------- what it bears on
def test_a_change_says_what_is_to_be_judged_anew_and_asks_for_it(as_, fleets, monkeypatch):
    told = {"fleet": "pumps", "assets": 2, "start": START, "end": START + HOUR}
    from appliance.api.routes import calendar
    from appliance.schemas.calendar import Rescoring

    monkeypatch.setattr(calendar, "outdated", lambda site, fleet: Rescoring(**told))
    quiet = as_("engineer").post("/calendar", json=window()).json()
    assert [(one["assets"], one["job"]) for one in quiet["outdated"]] == [(2, None)]
    assert fleets.jobs.list() == []
    asked = as_("engineer").post("/calendar?score=true", json=window()).json()
    (job,) = fleets.jobs.list()
    assert asked["outdated"][0]["job"] == job.id
    assert (job.pipeline, job.fleet, job.by) == ("score", "pumps", "engineer")


def test_a_fleet_without_a_model_has_nothing_to_judge_anew(fleets):
    fleets.calendar.add(WindowDraft(start=START, end=START + HOUR), ME)
    assert outdated(fleets, "pumps") is None


def test_a_calendar_file_is_told_before_it_is_brought_in(as_, fleets):
    sent = {"content": ICS, "headers": {"Content-Type": "text/calendar"}}
    told = as_("engineer").post("/calendar/import/preview?fleet=pumps&kind=test_run", **sent)
    [draft] = told.json()["drafts"]
    assert (draft["fleet"], draft["kind"], draft["title"]) == ("pumps", "test_run", "Overhaul")
    assert names(as_("engineer").get("/calendar")) == []
    broken = {**sent, "content": "no calendar"}
    assert as_("engineer").post("/calendar/import/preview", **broken).status_code == 403
    refused = as_("engineer").post("/calendar/import/preview?fleet=pumps", **broken)
    assert refused.status_code in (400, 422)
    other = {**sent, "headers": {"Content-Type": "text/csv"}}
    assert as_("engineer").post("/calendar/import/preview", **other).status_code == 415


@pytest.mark.slow
def test_a_preview_needs_a_model(as_, fleets):
    asked = {"fleet": "pumps", "adding": [window()]}
    assert as_("analyst").post("/calendar/preview", json=asked).status_code == 404
    assert as_("viewer").post("/calendar/preview", json=asked).status_code == 403
    assert as_("stranger").post("/calendar/preview", json=asked).status_code == 404


# ---------------------------------------------------------------- labels
def test_failures_and_verdicts_are_one_list(as_, fleets):
    analyst = as_("analyst")
    events = fleets.events.revise(
        "pumps", [draft(10, 20), draft(100, 110)], DAY, model_version=1, score_batch="s1"
    )
    first = min(events, key=lambda event: event.start)
    fleets.events.close(first.id, ME, "true")
    failure = {"start": minute(30).isoformat(), "end": minute(90).isoformat(), "title": "seal"}
    made = analyst.post("/fleets/pumps/labels", json=failure)
    assert (made.status_code, made.json()["kind"]) == (201, "failure")
    query = {"to": (START + timedelta(days=9)).isoformat()}
    found = analyst.get("/fleets/pumps/labels", params=query).json()["items"]
    assert [(one["says"], one["title"]) for one in found] == [("failure", "seal"), ("true", "")]
    page = analyst.get("/fleets/pumps/labels", params={**query, "limit": 1}).json()
    more = {**query, "cursor": page["next"]}
    rest = analyst.get("/fleets/pumps/labels", params=more).json()
    assert page["items"] + rest["items"] == found
    assert as_("viewer").post("/fleets/pumps/labels", json=failure).status_code == 403
