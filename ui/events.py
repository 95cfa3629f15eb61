"""What is told of an event, in words and marks; pure."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from appliance.schemas.alert import Delivery
from appliance.schemas.event import (
    Event,
    EventChange,
    EventComment,
    EventKind,
    EventRevision,
    EventState,
    EventTold,
    Mute,
)
from appliance.schemas.model import ModelVersion
from ui import formats, theme
from ui.components.activity import Entry
from ui.components.shares import Normal
from ui.text import t

BY_DATA = "kizashi"
"""Who changed an event when new scores did."""
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:])")
_MOST = 40
"""Lines of what became of an event that are drawn."""


def as_text(text: str) -> str:
    """Return a text that markup leaves as it is."""
    return _MARKUP.sub(r"\\\1", text)


def is_muted(event: Event, at: datetime) -> bool:
    """Whether an event is muted at a moment."""
    mute = event.mute
    return mute is not None and (mute.until is None or at < mute.until)


def badges(event: Event, muted: str) -> str:
    """Return what is to be done and where an event stands, as marks with their meaning."""
    colours = theme.tokens()
    fault = event.kind is EventKind.SENSOR_FAULT
    severity = event.severity.value
    why = html.escape(t(f"urgency.{'fault' if fault else severity}"), quote=True)
    name = html.escape(t(f"severity.{severity}"))
    mark = f'<i style="background:{colours[severity]}"></i><b>{name}</b>'
    marks = [f'<span class="kz-mark" title="{why}">{mark}</span>']
    if event.state in (EventState.OPEN, EventState.ACKNOWLEDGED):
        marks.append(f'<span class="kz-why">{why}</span>')
    said = [t("kind.sensor_fault")] if fault else []
    said.append(t(f"state.{event.state.value}"))
    if event.verdict:
        said.append(t(f"verdict.{event.verdict}"))
    marks += [f'<span class="kz-badge">{html.escape(word)}</span>' for word in said]
    if muted and event.mute:
        title = html.escape(_muted_by(event.mute, event), quote=True)
        marks.append(f'<span class="kz-badge" title="{title}">{html.escape(muted)}</span>')
        marks.append(f'<span class="kz-why kz-by" title="{title}">{title}</span>')
    return f'{_style()}<div class="kz-marks">{"".join(marks)}</div>'


def entries(
    event: Event,
    history: Sequence[EventRevision],
    comments: Sequence[EventComment],
    deliveries: Sequence[Delivery],
    zone: ZoneInfo,
    at: datetime,
) -> list[Entry]:
    """Return what became of an event, was said and told of it, the latest first."""
    told = [(one.at, one.by, _change(one), _why(one, event)) for one in history]
    told += [(one.at, one.by, "", one.text) for one in comments]
    told += [
        (
            one.ended or one.raised,
            one.channel,
            t(f"channels.event_{one.state.value}"),
            one.error,
        )
        for one in deliveries
    ]
    told.sort(key=lambda one: one[0], reverse=True)
    return [
        Entry(
            who=t("event.data") if by == BY_DATA else by,
            when=formats.at(moment, zone),
            ago=formats.ago(moment, at),
            what=what,
            text=text,
        )
        for moment, by, what, text in told[:_MOST]
    ]


def _change(one: EventRevision) -> str:
    what = t(f"change.{one.change.value}")
    if one.change is EventChange.CLOSED and one.verdict:
        return f"{what}: {t(f'verdict.{one.verdict}')}"
    if one.change is EventChange.ASSIGNED:
        return f"{what}: {one.owner or t('event.nobody')}"
    return what


def _why(one: EventRevision, event: Event) -> str:
    if one.note and one.change in (EventChange.CLOSED, EventChange.REOPENED):
        return t("event.with_another")
    if one.change is not EventChange.MUTED or one.mute is None:
        return ""
    return _like(one.mute, event) if one.mute.by == BY_DATA else one.mute.reason


def _like(mute: Mute, event: Event) -> str:
    """Say why an earlier event speaks for this one."""
    return t("dealing.muted_" + ("repeat" if mute.event == event.repeats else "like"))


def _muted_by(mute: Mute, event: Event) -> str:
    """Say who muted an event and why, or which earlier one speaks for it."""
    if mute.by == BY_DATA:
        return _like(mute, event)
    return t("dealing.muted_by", name=mute.by, reason=mute.reason)


def normal(event: EventTold) -> dict[str, Normal]:
    """Return by sensor what it normally does in the event's mode, beside what it did."""
    if event.mode is None:
        return {}
    return {
        one.sensor: Normal(one.low, one.high, one.measured, one.unit)
        for one in event.mode.sensors
        if one.measured is not None
    }


def learned_by(event: Event, versions: Iterable[ModelVersion]) -> int | None:
    """Return the earliest of some versions that was told of an event's verdict.

    A version that is another but for its alarm levels learned nothing itself.
    """
    told = []
    for one in versions:
        made = one.lineage
        known = {
            name for note in made.held if note.reason == event.verdict for name in note.events
        }
        if event.verdict == "false":
            known = set(made.vouched)
        if event.id in known and made.derived_from is None:
            told.append(one.version)
    return min(told, default=None)


def _style() -> str:
    colours = theme.tokens()
    return f"""
<style>
.kz-marks {{ display: flex; flex-wrap: wrap; gap: 6px 10px; align-items: center;
  font-size: 13px; }}
.kz-mark {{ display: inline-flex; align-items: center; gap: 7px; }}
.kz-mark i {{ width: 12px; height: 12px; border-radius: 3px;
  border: 1px solid rgba(128, 128, 128, .35); }}
.kz-mark b {{ font-weight: 600; }}
.kz-why {{ color: {colours["muted"]}; }}
.kz-by {{ max-width: 380px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }}
.kz-badge {{ border: 1px solid {colours["border"]}; border-radius: 10px; padding: 1px 9px;
  font-size: 12px; white-space: nowrap; }}
</style>
"""
