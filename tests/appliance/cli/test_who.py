"""What is done at the shell is in the audit log, by whoever is at the machine."""

from __future__ import annotations

import getpass

from appliance.access.person import shell
from tests.appliance.pipelines.sites import FLEET, open_site


def actions(home) -> list[tuple[str, str]]:
    site = open_site(home)
    found = [(one.by, one.action) for one in site.access.audit.list(shell("test"))]
    assert site.access.audit.verify().whole
    site.close()
    return found[::-1]


def test_what_is_done_to_events_models_and_the_calendar_is_told(full, kizashi):
    site = open_site(full)
    event = site.events.list(FLEET)[0].id
    site.close()
    before = len(actions(full))
    for command in (
        ("acknowledge", event),
        ("assign", event, "ken"),
        ("comment", event, "worn seal"),
        ("close", event, "--verdict", "true"),
        ("reopen", event),
        ("mute", event, "--reason", "known"),
        ("unmute", event),
        ("calendar", "add", FLEET, "--from", "2026-03-01", "--until", "2026-03-02"),
    ):
        told = kizashi(*command)
        assert told.status == 0, told.err
    me = f"shell:{getpass.getuser()}"
    assert actions(full)[before:] == [
        (me, "event.acknowledged"),
        (me, "event.assigned"),
        (me, "event.commented"),
        (me, "event.closed"),
        (me, "event.reopened"),
        (me, "event.muted"),
        (me, "event.unmuted"),
        (me, "window.added"),
    ]
