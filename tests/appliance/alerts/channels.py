"""Channels and events as the tests need them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.schemas.alert import Channel, ChannelDraft
from appliance.schemas.event import Event, SensorShare, Severity

AT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
HOOK = {"kind": "webhook", "url": "http://127.0.0.1:1/hook"}


def draft(**told: Any) -> ChannelDraft:
    """Return a channel as somebody asks for it."""
    return ChannelDraft(**{"name": "shift", "target": HOOK, **told})


def channel(**told: Any) -> Channel:
    """Return a channel that has been there for a day."""
    since = told.pop("since", AT - timedelta(days=1))
    life = {"created": since, "created_by": "yuki", "updated": since, "updated_by": "yuki"}
    return Channel(**dict(draft(**told)), revision=1, since=since, **life)


def event(**facts: Any) -> Event:
    """Return an event that has just been found."""
    known: dict[str, Any] = {
        "id": "evt_1",
        "fleet": "pumps",
        "asset": "P-1",
        "start": AT - timedelta(hours=2),
        "end": AT - timedelta(hours=1),
        "peak": 6.0,
        "peak_time": AT - timedelta(hours=1),
        "threshold": 4.0,
        "severity": Severity.PLAN,
        "sensors": (SensorShare(name="vibration", share=1.0, direction=1),),
        "model_version": 1,
        "score_batch": "b",
        "created": AT,
        "updated": AT,
    }
    return Event(**(known | facts))
