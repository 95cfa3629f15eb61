"""Readings judged as they come, over REST: as the scoring run judges them, by the champion."""

from __future__ import annotations

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import polars as pl
import pytest

from appliance.api.limits import Rate
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest
from appliance.pipelines.adjust import adjust
from appliance.pipelines.online import OnlineFleets
from appliance.pipelines.online_served import fleets_online
from appliance.pipelines.promote import promote
from appliance.schemas.access import Right
from appliance.schemas.online import OnlineRequest
from tests.appliance.people import ME, PASSWORD, cheap_access
from tests.appliance.pipelines.sites import FLEET, next_day, open_site, scores_of

AT = f"/fleets/{FLEET}/online"
SENSORS = ("s0", "s1", "s2", "s3", "s4")


@pytest.fixture
def site(learned_home, tmp_path):
    shutil.copytree(learned_home, tmp_path / "home")
    made = open_site(tmp_path / "home")
    made.access = cheap_access(made)
    made.access.users.add(ME, "root", PASSWORD, admin=True)
    yield made
    made.close()


class Clock:
    """Seconds that pass when told so."""

    def __init__(self):
        self.at = 0.0

    def __call__(self):
        return self.at


@pytest.fixture
def clock(client, site):
    made = Clock()
    client.app.state.online = OnlineFleets(site, clock=made)
    return made


def sent(frame, **more):
    readings = [
        {
            "asset": row["asset"],
            "time": row["time"].isoformat(),
            "values": {name: row[name] for name in SENSORS},
        }
        for row in frame.iter_rows(named=True)
    ]
    return {"readings": readings, **more}


def day(*assets, first=0, rows=10):
    frame = next_day().filter(pl.col("asset").is_in(assets)).sort("time", "asset")
    return frame[first * len(assets) : (first + rows) * len(assets)]


@pytest.mark.slow
def test_readings_are_judged_as_the_scoring_run_judges_them(as_, site):
    root, known = as_("root"), scores_of(site)
    found = []
    for first in (35, 40, 45):
        # The lake holds the day: what came before a reading, and the reading itself.
        answer = root.post(AT, json=sent(day("P-1", "P-2", first=first, rows=5)))
        assert answer.status_code == 200, answer.text
        assert (answer.json()["fleet"], answer.json()["version"]) == (FLEET, 1)
        found += answer.json()["scores"]
    expected = known.join(
        day("P-1", "P-2", first=35, rows=15).select("asset", "time"), on=["asset", "time"]
    ).sort("time", "asset")
    assert [one["asset"] for one in found] == expected["asset"].to_list()
    assert [one["surprise"] for one in found] == pytest.approx(
        expected["surprise"].to_list(), rel=1e-5
    )
    assert [one["alarm"] for one in found] == expected["alarm"].to_list()
    assert {one["state"] for one in found} == {"final"}
    (loud,) = (
        one for one in found if one["asset"] == "P-2" and one["time"] == found[11]["time"]
    )
    assert loud["alarm"]
    assert loud["surprise"] >= loud["threshold"]
    assert max(loud["contributions"], key=loud["contributions"].get) == "s1"
    assert sum(loud["contributions"].values()) == pytest.approx(1.0, abs=1e-5)


def test_what_is_not_asked_for_is_left_out_and_a_stranger_is_judged_by_all(as_):
    body = sent(day("P-2", first=42, rows=1), contributions=False)
    body["readings"].append({**body["readings"][0], "asset": "P-9"})
    known, stranger = as_("root").post(AT, json=body).json()["scores"]
    assert (known["alarm"], known["contributions"]) == (True, {})
    # By the sub-model of the whole fleet, which has learned that machines differ.
    assert stranger["state"] == "final"
    assert stranger["threshold"] != known["threshold"]


@pytest.mark.slow
def test_a_new_champion_takes_over_within_a_second_and_goes_on(as_, site, clock):
    adjust(site, FLEET, budget=2.0)
    root = as_("root")
    before = root.post(AT, json=sent(day("P-1", rows=20)))
    assert before.json()["version"] == 1
    promote(site, FLEET, 2, ME)
    still = root.post(AT, json=sent(day("P-1", first=20, rows=1)))
    assert still.json()["version"] == 1
    clock.at += 2
    # So many readings may wait, and are told by the champion of this very second.
    after = root.post(AT, json=sent(day("P-1", first=21, rows=9)))
    assert after.json()["version"] == 2
    assert after.json()["scores"][0]["state"] == "final"
    again = root.post(AT, json=sent(day("P-1", first=20, rows=1)))
    assert again.status_code == 409


@pytest.mark.slow
def test_no_request_is_lost_while_champions_change(site):
    adjust(site, FLEET, budget=2.0)
    clock = Clock()
    fleets = OnlineFleets(site, clock=clock)

    def one_asset(asset):
        frame, versions = day(asset, rows=144), []
        for number in range(frame.height):
            if asset == "P-1" and number % 36 == 20:
                site.registry.promote(FLEET, 2 - number // 36 % 2, ME, show=False)
                clock.at += 2
            asked = OnlineRequest.model_validate(sent(frame[number : number + 1]))
            answer = None if asset == "P-1" else fleets.answer_at_once(FLEET, asked)
            answer = answer or fleets.answer(FLEET, asked)
            assert answer.scores[0].state == "final"
            versions.append(answer.version)
        return versions

    with ThreadPoolExecutor(4) as pool:
        found = [*pool.map(one_asset, ("P-1", "P-2", "P-3", "P-4"))]
    assert [len(versions) for versions in found] == [144] * 4
    assert {*found[0]} == {1, 2}


@pytest.mark.slow
def test_one_that_waits_for_nothing_goes_on_while_a_champion_is_looked_for(site):
    adjust(site, FLEET, budget=2.0)
    clock = Clock()
    fleets = OnlineFleets(site, clock=clock)
    asked = [OnlineRequest.model_validate(sent(day("P-1", first=n, rows=1))) for n in range(3)]
    assert fleets.answer_at_once(FLEET, asked[0]) is None  # nothing is known yet
    assert fleets.answer(FLEET, asked[0]).version == 1
    site.registry.promote(FLEET, 2, ME, show=False)
    clock.at += 2
    before = {*threading.enumerate()}
    assert fleets.answer_at_once(FLEET, asked[1]).version == 1
    for looking in {*threading.enumerate()} - before:
        looking.join()
    # It has yet to open what it knows of the machine, and then waits for nothing either.
    assert fleets.answer_at_once(FLEET, asked[2]) is None
    assert fleets.answer(FLEET, asked[2]).version == 2


def test_a_reading_that_is_not_later_is_refused_unless_it_is_the_same_request(as_):
    root, body = as_("root"), sent(day("P-1", rows=2))
    keyed = {"Idempotency-Key": "batch-1"}
    first = root.post(AT, json=body, headers=keyed)
    assert first.status_code == 200
    assert root.post(AT, json=body, headers=keyed).json() == first.json()
    refused = root.post(AT, json=body)
    assert refused.status_code == 409
    assert refused.json()["type"] == "urn:kizashi:problem:Conflict"
    assert "P-1" in refused.json()["detail"]


def _with(**changes):
    return {"readings": [{**sent(day("P-1", rows=1))["readings"][0], **changes}]}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"readings": []}, 422),
        (_with(asset=""), 422),
        (_with(asset="x" * 401), 422),
        (_with(time="2026-01-07T00:00:00"), 422),
        (_with(time="9999-01-01T00:00:00Z"), 422),
        (_with(values={"s0": "much"}), 422),
        (_with(values={"s0": [1.0]}), 422),
        (_with(values={f"x{n}": 1.0 for n in range(5_001)}), 422),
        (_with(more=1), 422),
        ({"readings": [_with()["readings"][0]] * 501}, 422),
        ({"readings": [_with(values={"x" * 400: "y" * 400})["readings"][0]] * 3_000}, 413),
    ],
)
def test_what_is_no_reading_is_refused(as_, body, status):
    answer = as_("root").post(AT, json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_clock_that_is_ahead_harms_no_later_reading(as_):
    root = as_("root")
    late = root.post(AT, json=_with(time=(now() + timedelta(days=2)).isoformat()))
    assert (late.status_code, "ahead" in late.json()["detail"]) == (422, True)
    assert root.post(AT, json=sent(day("P-1", rows=1))).status_code == 200
    late = root.post(AT, json=_with(time=(now() + timedelta(days=2)).isoformat()))
    assert late.status_code == 422


def test_without_a_fleet_there_is_nothing_to_judge_by(as_):
    root, body = as_("root"), sent(day("P-1", rows=1))
    assert root.post("/fleets/nowhere/online", json=body).status_code == 404


def test_fleets_that_were_not_asked_for_longest_make_room(site):
    fleets = OnlineFleets(site, most_bytes=1)
    asked = OnlineRequest.model_validate(sent(day("P-1", rows=1)))
    fleets.answer(FLEET, asked)
    # Forgotten or not, what the lake holds is asked for again.
    later = OnlineRequest.model_validate(sent(day("P-1", "P-2", first=1, rows=3)))
    assert {one.state for one in fleets.answer(FLEET, later).scores} == {"final"}


# ---------------------------------------------------------------- by token, the quick way
@pytest.fixture
def token(site):
    """Return a token that may score, and what takes it back."""
    made = site.access.tokens.create(ME, "root", "line", [Right.SCORE, Right.READ])
    return made.secret, lambda: site.access.tokens.revoke(ME, made.token.id)


def by(client, secret, body, path=AT, **headers):
    client.cookies.clear()
    told = {"Authorization": f"Bearer {secret}", **headers}
    return client.post(f"/api/v1{path}", json=body, headers=told)


@pytest.mark.slow
def test_by_token_the_answers_are_those_that_others_get(as_, client, site, token):
    frame = day("P-1", "P-2", first=30, rows=30)
    bodies = [sent(frame[n : n + 1 + n % 3]) for n in range(0, frame.height, 3)]
    quick = [by(client, token[0], body) for body in bodies]
    client.app.state.online = OnlineFleets(site)
    usual = [as_("root").post(AT, json=body) for body in bodies]
    assert [one.json() for one in quick] == [one.json() for one in usual]
    assert {one.status_code for one in quick} == {200}
    shown, expected = (
        {k.lower(): v for k, v in one.headers.items() if k.lower() != "x-request-id"}
        for one in (quick[-1], usual[-1])
    )
    assert shown == expected


def test_by_token_what_is_refused_is_refused_in_the_same_words(as_, client, token):
    bodies = [
        sent(day("P-1", rows=3)),
        sent(day("P-1", rows=1)),
        _with(asset=""),
        _with(values={"s0": "much"}, time="2026-01-08T00:00:00Z"),
        {"readings": []},
    ]
    for body in bodies:
        quick, usual = by(client, token[0], body), as_("root").post(AT, json=body)
        if quick.status_code != 200:
            told = {k: v for k, v in quick.json().items() if k != "instance"}
            assert told == {k: v for k, v in usual.json().items() if k != "instance"}
        assert usual.status_code == (409 if quick.status_code == 200 else quick.status_code)
    elsewhere = by(client, token[0], bodies[0], "/fleets/nowhere/online")
    assert elsewhere.status_code == 404
    assert by(client, "kz_0_none", bodies[0]).status_code == 401
    odd = client.post(f"/api/v1{AT}", content=b"{", headers={"Authorization": "Bearer x"})
    assert odd.status_code in (401, 422)


def test_a_token_that_is_revoked_opens_nothing_from_then_on(client, site, token):
    secret, revoke = token
    frame = day("P-1", rows=4)
    assert [by(client, secret, sent(frame[n : n + 1])).status_code for n in (0, 1)] == [200] * 2
    revoke()
    assert by(client, secret, sent(frame[2:3])).status_code == 401
    reader = site.access.tokens.create(ME, "root", "reads", [Right.READ]).secret
    assert by(client, reader, sent(frame[2:3])).status_code == 403


def test_who_asks_too_often_waits_in_the_quick_lane_too(client, site, token):
    client.app.state.rate = Rate(per_second=1e-3, burst=6)
    frame = day("P-1", rows=8)
    found = [by(client, token[0], sent(frame[n : n + 1])) for n in range(8)]
    statuses = [one.status_code for one in found]
    assert statuses == sorted(statuses)
    assert {*statuses} == {200, 429}
    assert statuses.count(200) >= 3
    assert "Retry-After" in found[-1].headers


def test_a_body_that_comes_in_pieces_or_packed_is_taken_all_the_same(client, token):
    frame, secret = day("P-1", rows=2), token[0]

    def pieces():
        text = json.dumps(sent(frame[:1])).encode()
        yield text[:20]
        yield text[20:]

    kind = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    answer = client.post(f"/api/v1{AT}", content=pieces(), headers=kind)
    assert answer.status_code == 200, answer.text
    assert by(client, secret, sent(frame[1:])).status_code == 200


def test_ray_serve_judges_only_where_it_is_asked_for_and_to_be_had(tmp_path):
    named = open_site(tmp_path / "named", ray_address="nobody:6379")
    assert isinstance(fleets_online(named), OnlineFleets)
    named.close()
    alone = open_site(tmp_path / "alone", online="ray")
    with pytest.raises(InvalidRequest, match="not to be had"):
        fleets_online(alone)
    alone.close()
