"""Commands on channels, at the machine and from elsewhere."""

from __future__ import annotations

import io
import json
import sys

import pytest

from tests.appliance.alerts.receivers import Address, address


@pytest.fixture
def hook():
    with address() as made:
        yield made


def ok(told):
    assert told.status == 0, told.err
    return told.out


@pytest.mark.slow
def test_a_channel_is_added_tried_paused_and_removed(kizashi, full, hook: Address):
    url = f"{hook.url}/hook"
    assert "no channel yet" in ok(kizashi("channel", "list"))
    said = ok(kizashi("channel", "webhook", "shift", url, "--quiet", "22:00-06:00"))
    assert said == f"shift: plan and above of all fleets to {url}, tells\n"
    assert ok(kizashi("channel", "try", "shift")) == "shift: sent\n"
    assert [post.path for post in hook.posts] == ["/hook"]
    hook.status = 500
    tried = kizashi("channel", "try", "shift")
    assert (tried.status, tried.out) == (1, "shift: the address answered 500.\n")
    assert ok(kizashi("channel", "pause", "shift")).endswith(", paused\n")
    [told] = json.loads(ok(kizashi("channel", "list", "--json")))
    assert told["quiet"] == {"start": "22:00:00", "end": "06:00:00"}
    assert ok(kizashi("channel", "resume", "shift")).endswith(", tells\n")
    assert json.loads(ok(kizashi("channel", "deliveries", "--json"))) == []
    assert ok(kizashi("channel", "remove", "shift")) == "shift: removed\n"


def test_a_password_never_stands_in_the_words_of_a_command(kizashi, full, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("open sesame\n"))
    mail = (
        "--host",
        "mail.plant.example",
        "--from",
        "a@plant.example",
        "--to",
        "b@plant.example",
    )
    given = ("channel", "mail", "lead", *mail, "--user", "kizashi", "--secret-stdin", "--json")
    told = json.loads(ok(kizashi(*given)))
    assert told["secrets"] == ["password"]
    assert "password" not in told["target"]


def test_what_cannot_be_used_is_told_in_words(kizashi, full):
    wrong = kizashi("channel", "webhook", "shift", "ftp://somewhere")
    assert wrong.status == 2
    assert "the channel's target.webhook.url cannot be used" in wrong.err
    wrong = kizashi("channel", "webhook", "shift", "http://a", "--quiet", "night")
    assert "it is no range" in wrong.err
    assert "there is no channel 'x'" in kizashi("channel", "try", "x").err
