"""Events are told by mail and by HTTP, as a plant would get it: to real servers."""

from __future__ import annotations

import hashlib
import hmac
import json
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from appliance.access.person import shell
from appliance.alerts.channels.webhook import SIGNATURE
from appliance.core.clock import now
from appliance.core.settings import Settings
from appliance.pipelines.alerts import deliver, forget, raise_alerts, try_channel
from appliance.pipelines.site import Site
from appliance.schemas.alert import DeliveryState
from appliance.schemas.event import EventDraft, Muting, SensorShare, Severity
from appliance.tls.authority import Authority
from tests.appliance.alerts.channels import draft
from tests.appliance.alerts.receivers import Address, Mailbox, address, mailbox

ME = shell("test")


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(
        Settings(
            home=tmp_path / "home",
            name="Chiba",
            timezone="Asia/Tokyo",
            public_url="https://plant.example:8443/",
        )
    )
    yield made
    made.close()


@pytest.fixture
def hook() -> Iterator[Address]:
    with address() as made:
        yield made


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


def find(
    site: Site,
    asset: str = "P-1",
    ago: timedelta = timedelta(),
    again: timedelta | None = None,
    **facts,
) -> str:
    """Let scores show an event that ended a while ago; return its identifier."""
    end = now().replace(microsecond=0) - ago
    span = (end - timedelta(hours=1), end)
    given = {
        "asset": asset,
        "start": span[0],
        "end": end,
        "peak": 6.0,
        "peak_time": end,
        "threshold": 4.0,
        "severity": Severity.PLAN,
        "sensors": (SensorShare(name="vibration", share=1.0, direction=1),),
    }
    found = EventDraft(**(given | facts))
    source = {"model_version": 1, "score_batch": "b"}
    (event,) = site.events.revise("pumps", [found], {asset: span}, **source, again=again)
    return event.id


def by_hook(site: Site, hook: Address, **told) -> None:
    target = {"kind": "webhook", "url": f"{hook.url}/hooks/1", **told.pop("target", {})}
    site.channels.add(draft(target=target, **told), ME)


def by_mail(site: Site, box: Mailbox, **told) -> None:
    target = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": box.port,
        "security": "none",
        "sender": "kizashi@plant.example",
        "to": ["shift@plant.example", "lead@plant.example"],
    }
    site.channels.add(draft(name="mail", target=target, **told), ME)


# ---------------------------------------------------------------- what is told
@pytest.mark.slow
def test_an_event_is_told_once_with_where_to_look(site, hook):
    by_hook(site, hook, target={"secret": "signed", "authorization": "Bearer b"})
    event = find(site)
    assert raise_alerts(site) == 1
    assert deliver(site) == 1
    assert (raise_alerts(site), deliver(site)) == (0, 0)
    (post,) = hook.posts
    assert (post.path, post.headers["Authorization"]) == ("/hooks/1", "Bearer b")
    (told,) = json.loads(post.body)["events"]
    assert told["id"] == event
    assert told["address"] == f"https://plant.example:8443/event?id={event}"
    assert "P-1" in told["words"]
    at, _, digest = post.headers[SIGNATURE].partition(",v1=")
    signed = at.removeprefix("t=").encode() + b"." + post.body
    assert digest == hmac.new(b"signed", signed, hashlib.sha256).hexdigest()


@pytest.mark.slow
def test_what_comes_again_is_told_once_until_it_is_graver(site, hook):
    by_hook(site, hook)
    month = timedelta(days=30)
    first = find(site, ago=timedelta(hours=20), again=month)
    find(site, ago=timedelta(hours=10), again=month)
    find(site, again=month)
    assert (raise_alerts(site), deliver(site)) == (1, 1)
    graver = find(site, ago=timedelta(hours=5), again=month, severity=Severity.ACT)
    assert (raise_alerts(site), deliver(site)) == (1, 1)
    told = [one["id"] for post in hook.posts for one in json.loads(post.body)["events"]]
    assert told == [first, graver]


@pytest.mark.slow
def test_a_chat_gets_the_same_as_text_in_its_language(site, hook):
    by_hook(site, hook, target={"form": "text"}, language="ja")
    find(site)
    raise_alerts(site)
    deliver(site)
    told = json.loads(hook.posts[0].body)
    assert set(told) == {"text"}
    assert told["text"].startswith("[Chiba] 対応を計画: P-1(pumps)\nP-1 は")


@pytest.mark.slow
def test_mail_is_readable_and_its_head_is_one_line(site, box):
    by_mail(site, box)
    name = "pump\r\nBcc: evil@example.com ポンプ"
    event = find(site, name)
    raise_alerts(site)
    assert deliver(site) == 1
    (mail,) = box.mails
    assert mail["subject"] == "[Chiba] Plan: pump Bcc: evil@example.com ポンプ (pumps)"
    assert mail["bcc"] is None
    assert mail["to"] == "shift@plant.example, lead@plant.example"
    assert f"/event?id={event}" in mail.get_content()


@pytest.mark.slow
def test_many_events_are_one_message(site, box):
    by_mail(site, box)
    for number in range(12):
        find(site, f"P-{number}", severity=Severity.ACT if number == 7 else Severity.PLAN)
    assert raise_alerts(site) == 12
    assert deliver(site) == 12
    (mail,) = box.mails
    assert mail["subject"] == "[Chiba] 12 events: Act now 1, Plan 11"
    text = mail.get_content()
    assert text.startswith("P-7 ")
    assert "And 2 more." in text


@pytest.mark.slow
def test_what_becomes_more_severe_is_told_again(site, hook):
    by_hook(site, hook)
    event = find(site)
    raise_alerts(site)
    deliver(site)
    assert find(site, severity=Severity.ACT, peak=9.0) == event
    assert raise_alerts(site) == 1
    deliver(site)
    severities = [json.loads(post.body)["events"][0]["severity"] for post in hook.posts]
    assert severities == ["plan", "act"]


# ---------------------------------------------------------------- what is not told
@pytest.mark.slow
def test_an_event_that_somebody_dealt_with_in_the_meantime_is_dropped(site, hook):
    by_hook(site, hook)
    closed, muted = find(site), find(site, "P-2")
    raise_alerts(site)
    site.events.close(closed, ME, "false")
    mute(site, muted)
    assert deliver(site) == 0
    assert hook.posts == []
    assert {one.state for one in site.deliveries.list()} == {DeliveryState.DROPPED}


@pytest.mark.slow
def test_a_muted_event_raises_no_alert(site, hook):
    by_hook(site, hook)
    mute(site, find(site))
    assert raise_alerts(site) == 0


@pytest.mark.slow
def test_a_removed_or_paused_channel_tells_nothing(site, hook):
    by_hook(site, hook)
    find(site)
    raise_alerts(site)
    site.channels.remove("shift", ME)
    assert deliver(site) == 0
    (one,) = site.deliveries.list()
    assert (one.state, one.error) == (DeliveryState.DROPPED, "the channel was removed.")


@pytest.mark.slow
def test_a_look_into_the_past_wakes_nobody(site, hook):
    by_hook(site, hook)
    find(site, ago=timedelta(days=100))
    assert raise_alerts(site) == 0


# ---------------------------------------------------------------- what goes wrong
@pytest.mark.slow
@pytest.mark.parametrize("status", [302, 404, 500, 503])
def test_an_address_that_does_not_take_it_is_tried_again(site, hook, status):
    by_hook(site, hook)
    find(site)
    hook.status, hook.location = status, "http://169.254.169.254/"
    raise_alerts(site)
    assert deliver(site) == 0
    (one,) = site.deliveries.list()
    assert one.error == f"the address answered {status}."
    assert one.state is DeliveryState.WAITING
    hook.status = 204
    assert deliver(site, clock=lambda: one.due) == 1
    assert len({post.headers["Idempotency-Key"] for post in hook.posts}) == 1


@pytest.mark.slow
def test_nobody_there_is_told_in_words(site):
    by_hook(site, Address("http://127.0.0.1:1"))
    target = {
        "kind": "email",
        "host": "127.0.0.1",
        "port": 1,
        "sender": "a@b.example",
        "to": ["c@d.example"],
    }
    site.channels.add(draft(name="mail", target=target), ME)
    assert "did not answer" in try_channel(site, "shift").error
    assert "did not take it" in try_channel(site, "mail").error


@pytest.mark.slow
def test_a_mail_server_that_refuses_is_quoted(site, box):
    by_mail(site, box)
    box.refuse = "550 no such person"
    assert "no such person" in try_channel(site, "mail").error
    box.refuse = ""
    assert try_channel(site, "mail").sent
    assert box.mails[0]["subject"] == "[Chiba] This is a test"


@pytest.mark.slow
def test_a_password_is_sent_over_tls_to_a_server_that_proves_who_it_is(
    site, tmp_path, monkeypatch
):
    authority = Authority(tmp_path / "secrets")
    shown = authority.issue(["localhost"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown)
    with mailbox(context) as box:
        target = {
            "kind": "email",
            "host": "localhost",
            "port": box.port,
            "user": "kizashi",
            "password": "open sesame",
            "sender": "kizashi@plant.example",
            "to": ["shift@plant.example"],
        }
        site.channels.add(draft(target=target), ME)
        assert "certificate" in try_channel(site, "shift").error
        assert box.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
        assert try_channel(site, "shift").error == ""
        assert box.logins == [("kizashi", "open sesame")]


@pytest.mark.slow
def test_old_deliveries_are_forgotten(site, hook):
    by_hook(site, hook)
    find(site)
    raise_alerts(site)
    deliver(site)
    assert forget(site) == 0
    assert forget(site, clock=lambda: now() + timedelta(days=401)) == 1


def mute(site: Site, event: str) -> None:
    site.events.mute(event, ME, Muting(reason="known"))
