"""Troubles of the platform, told by channels: once when they begin, once when they are over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from appliance.alerts import Claimed, due
from appliance.alerts.message import Message, PlatformWord, platform_message
from appliance.alerts.rules import OVER, platform_severity, tells_of_trouble
from appliance.core.clock import now
from appliance.pipelines.site import Site
from appliance.schemas.alert import Channel, Delivery, DeliveryState
from appliance.schemas.base import Language
from appliance.schemas.event import Severity
from appliance.telemetry.store.troubles import OVER_AFTER, Standing
from appliance.telemetry.trouble_words import remedy_of, text_of

_NEWS = OVER_AFTER + timedelta(hours=2)
"""How long ago a trouble may have ended whose end is still to be told."""


@dataclass(frozen=True)
class _Matter:
    id: str
    severity: Severity
    fleet: str = ""


def raise_troubles(site: Site, clock: Callable[[], datetime] = now) -> int:
    """Note what channels are to tell of the platform; return how many alerts."""
    channels = [one for one in site.channels.list() if one.platform and not one.paused]
    if not channels:
        return 0
    at = clock()
    troubles = site.troubles.since(at - _NEWS)
    known = site.deliveries.known([one.id for one in troubles])
    raised = 0
    for one in troubles:
        severity = OVER if one.ended else platform_severity(one.trouble.severity)
        if severity is None or (one.gone and not one.ended):
            continue
        telling = {
            channel.name: due(channel, severity, at, site.settings.zone)
            for channel in channels
            if _tells(channel, one, severity, known.get((one.id, channel.name)), at)
        }
        if telling and site.deliveries.note(_Matter(one.id, severity), telling, at):
            raised += 1
    return raised


def _tells(
    channel: Channel, one: Standing, severity: Severity, known: Severity | None, at: datetime
) -> bool:
    if severity is OVER:
        return known is not None
    return tells_of_trouble(channel, severity, one.began, known, at)


def telling(site: Site, channel: Channel, claimed: Claimed) -> Message | None:
    """Return what a channel is to say of the platform now; None if nothing any more."""
    words = list(_words(site, channel, claimed))
    base = site.settings.public_url.rstrip("/")
    address = f"{base}/platform" if base else ""
    if not words:
        return None
    return platform_message(site.settings.name, words, address, channel.language)


def _words(site: Site, channel: Channel, claimed: Claimed) -> Iterator[PlatformWord]:
    for delivery in claimed.deliveries:
        one = site.troubles.get(delivery.event)
        if one is None:
            continue
        over = delivery.severity is OVER
        if over and not _was_told(site, delivery):
            continue
        if not over and (one.gone or one.ended):
            continue
        yield _word(one, over=over, language=channel.language)


def _was_told(site: Site, delivery: Delivery) -> bool:
    """Whether somebody was told by this channel that the trouble began."""
    sent = site.deliveries.list(
        event=delivery.event, channel=delivery.channel, states=[DeliveryState.SENT]
    )
    return any(one.severity is not OVER for one in sent)


def _word(one: Standing, *, over: bool, language: Language) -> PlatformWord:
    told = one.trouble
    facts = {
        **told.model_dump(mode="json"),
        "id": one.id,
        "began": one.began.isoformat(),
        "ended": one.ended.isoformat() if one.ended else None,
        "over": over,
    }
    return PlatformWord(
        key=f"{one.id} {'over' if over else told.severity}",
        text=text_of(told.code, told.subject, told.values, language),
        remedy=remedy_of(told.code, told.subject, language),
        over=over,
        facts=facts,
    )
