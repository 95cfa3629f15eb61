"""Channels over REST: their secrets go in and never come out; what was told is told."""

from __future__ import annotations

import pytest

from appliance.core.clock import now
from appliance.schemas.event import Severity
from tests.appliance.alerts.receivers import address
from tests.appliance.events.drafts import DAY, draft

HOOK = {"kind": "webhook", "url": "http://127.0.0.1:1/hook", "secret": "sesame"}


def channel(name="shift", **more):
    return {"name": name, "target": HOOK, "severity": "act"} | more


def test_the_life_of_a_channel(as_):
    root = as_("root")
    made = root.post("/channels", json=channel())
    assert (made.status_code, made.headers["location"]) == (201, "/api/v1/channels/shift")
    assert made.json()["secrets"] == ["secret"]
    assert "sesame" not in made.text
    assert root.post("/channels", json=channel()).status_code == 409
    shown = root.get("/channels/shift")
    tag = {"If-Match": shown.headers["etag"]}
    assert "sesame" not in shown.text + root.get("/channels").text
    without = {name: value for name, value in HOOK.items() if name != "secret"}
    edited = root.put(
        "/channels/shift", json=channel(target=without, severity="watch"), headers=tag
    )
    assert (edited.status_code, edited.json()["secrets"]) == (200, ["secret"])
    assert root.put("/channels/shift", json=channel(), headers=tag).status_code == 412
    assert root.put("/channels/shift", json=channel("other")).status_code == 422
    assert root.delete("/channels/shift", headers=tag).status_code == 412
    assert root.delete("/channels/shift").status_code == 204
    assert root.get("/channels/shift").status_code == 404


def test_what_cannot_be_used_is_refused_without_repeating_a_secret(as_):
    root = as_("root")
    for target in (
        {**HOOK, "url": "file:///etc/passwd"},
        {**HOOK, "url": "http://a\r\nb"},
        {**HOOK, "secret": ["sesame"]},
        {**HOOK, "authorization": "sesame\r\nX: y"},
        {"kind": "email", "host": "h", "sender": "a@b", "to": []},
        {"kind": "email", "host": "h", "sender": "a@b", "to": ["a@b\nBcc: c@d"]},
        {"kind": "pigeon"},
    ):
        answer = root.post("/channels", json=channel(target=target))
        assert answer.status_code == 422, target
        assert "sesame" not in answer.text


@pytest.mark.slow
def test_trying_tells_what_went_wrong(as_):
    root = as_("root")
    root.post("/channels", json=channel())
    tried = root.post("/channels/shift/try").json()
    assert not tried["sent"]
    assert "did not answer" in tried["error"]
    with address() as hook:
        target = {**HOOK, "url": hook.url}
        root.put("/channels/shift", json=channel(target=target))
        assert root.post("/channels/shift/try").json() == {"sent": True, "error": ""}
        assert len(hook.posts) == 1


def test_who_was_told_of_an_event_is_told(as_, site):
    found = [draft(10, 20, severity=Severity.ACT)]
    (event,) = site.events.revise("pumps", found, DAY, model_version=1, score_batch="s1")
    made = site.deliveries.note(event, {"shift": now(), "mail": now()}, now())
    told = as_("viewer").get(f"/events/{event.id}/deliveries").json()["items"]
    assert {one["channel"] for one in told} == {"shift", "mail"}
    assert {one["id"] for one in told} == {one.id for one in made}
    root = as_("root")
    first = root.get("/deliveries?limit=1").json()
    rest = root.get(f"/deliveries?limit=1&cursor={first['next']}").json()
    assert {one["items"][0]["id"] for one in (first, rest)} == {one.id for one in made}
    assert len(root.get("/deliveries?channel=mail&state=waiting").json()["items"]) == 1
    assert root.get("/deliveries?state=sent").json()["items"] == []
