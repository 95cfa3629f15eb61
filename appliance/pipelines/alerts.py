"""Alerts: events that channels are to tell of are noted, then told; nothing is told twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from appliance.alerts import Claimed, Message, Send, Told, due, message, send, tells
from appliance.alerts.message import trial
from appliance.core.clock import now
from appliance.core.errors import DeliveryError, NotFound, StorageError
from appliance.core.ids import new_id
from appliance.core.log import get
from appliance.events.life import FRESH
from appliance.events.muting import is_muted
from appliance.events.store.news import EventNews
from appliance.metrics.instruments import delivered
from appliance.pipelines.events import told as event_told
from appliance.pipelines.platform_alerts import telling
from appliance.pipelines.site import Site
from appliance.schemas.alert import Channel, Trial
from appliance.schemas.event import UNCLOSED

_log = get(__name__)
_ROUNDS = 50
_KEPT = timedelta(days=400)
"""How long it is known what was told."""


def raise_alerts(site: Site, clock: Callable[[], datetime] = now) -> int:
    """Note what channels are to tell of events that changed lately; return how many alerts.

    Nothing is remembered between two rounds: a round that was cut off is made up for by the
    next, in this process or another.
    """
    channels = [one for one in site.channels.list() if not one.paused]
    if not channels:
        return 0
    at = clock()
    events = EventNews(site.database).since(max(at - FRESH, min(one.since for one in channels)))
    known = site.deliveries.known([event.id for event in events])
    kinds = {fleet: site.intake.time_kind(fleet) for fleet in {one.fleet for one in events}}
    raised = 0
    for event in events:
        by_time = kinds[event.fleet] == "time"
        tellers = {
            channel.name: due(channel, event.severity, at, site.settings.zone)
            for channel in channels
            if tells(channel, event, known.get((event.id, channel.name)), at, by_time=by_time)
        }
        if tellers and site.deliveries.note(event, tellers, at):
            raised += 1
    return raised


def deliver(site: Site, sending: Send = send, clock: Callable[[], datetime] = now) -> int:
    """Send what is due, one message a channel; return how many deliveries were taken.

    A message is sent again only where the process died, or the database went away, after it
    was taken and before that was noted: it then has the same key.
    """
    done = 0
    for _ in range(_ROUNDS):
        claimed = site.deliveries.claim(clock())
        if claimed is None:
            break
        done += _sent(site, claimed, sending, clock)
    return done


def forget(site: Site, clock: Callable[[], datetime] = now) -> int:
    """Forget deliveries that ended long ago; return how many."""
    return site.deliveries.forget(clock() - _KEPT)


def try_channel(site: Site, name: str, sending: Send = send) -> Trial:
    """Send a message that tries a channel; raises `NotFound`."""
    channel, target = site.channels.get(name), site.channels.target(name)
    told = trial(site.settings.name, channel.language, new_id("try"))
    try:
        sending(target, told)
    except DeliveryError as error:
        return Trial(sent=False, error=error.message)
    return Trial(sent=True)


def _sent(site: Site, claimed: Claimed, sending: Send, clock: Callable[[], datetime]) -> int:
    try:
        channel, target = (
            site.channels.get(claimed.channel),
            site.channels.target(claimed.channel),
        )
    except NotFound:
        site.deliveries.dropped(claimed, clock(), "the channel was removed.")
        return 0
    except StorageError as error:  # its secrets cannot be read: somebody must give them anew
        site.deliveries.later(claimed, clock(), error.message)
        return 0
    told, none = _message(site, channel, claimed, clock())
    if channel.paused or told is None:
        why = "the channel is paused." if channel.paused else none
        site.deliveries.dropped(claimed, clock(), why)
        delivered(target.kind, "dropped", len(claimed.deliveries))
        return 0
    try:
        sending(target, told)
    except DeliveryError as error:
        _log.warning("channel %s: %s", channel.name, error.message)
        site.deliveries.later(claimed, clock(), error.message)
        delivered(target.kind, "failed", len(claimed.deliveries))
        return 0
    site.deliveries.sent(claimed, clock())
    delivered(target.kind, "sent", len(claimed.deliveries))
    return len(claimed.deliveries)


def _message(
    site: Site, channel: Channel, claimed: Claimed, at: datetime
) -> tuple[Message | None, str]:
    """Return what is to be said, and why nothing is if there is nothing any more."""
    if claimed.of_platform:
        return telling(site, channel, claimed), "the trouble is over."
    found = _telling(site, channel, claimed, at)
    said = message(site.settings.name, found, channel.language) if found else None
    return said, "the event is dealt with or muted."


def _telling(site: Site, channel: Channel, claimed: Claimed, at: datetime) -> list[Told]:
    """Return the events that still wait for somebody; each once, as severe as it is now."""
    found = []
    for event in dict.fromkeys(one.event for one in claimed.deliveries):
        try:
            told = event_told(site, event, channel.language)
        except NotFound:
            continue
        if told.state in UNCLOSED and not is_muted(told, at):
            found.append(Told(told, told.words, _address(site, event)))
    return found


def _address(site: Site, event: str) -> str:
    """Return where an event is looked at; empty where the site does not know its address."""
    base = site.settings.public_url.rstrip("/")
    return f"{base}/event?id={event}" if base else ""
