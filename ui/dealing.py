"""What people do to events, one or many: what it needs is asked, and its outcome told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from appliance.client import Plant
from appliance.core.clock import now
from appliance.core.errors import KizashiError
from appliance.schemas.backtest import VerdictPreview
from appliance.schemas.event import Event, EventKind, Muting, Verdict
from ui import api, formats, frame, wrong
from ui.dialogs import dialog
from ui.text import t

VERDICTS: tuple[Verdict, ...] = ("true", "false", "planned")
_SPANS: Mapping[str, timedelta | None] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "closed": None,
}
_MOST_WORDS = 10_000
_LONGEST_REASON = 500
_NAMED = 5


def ask(plant: Plant, name: str, events: Sequence[Event]) -> None:
    """Do something to events; what it needs to know is asked for first."""
    asks = {"close": _close, "assign": _assign, "mute": _mute}.get(name)
    if asks is None:
        do(plant, name, events)
        return
    heading = t(f"dealing.{name}_one")
    if len(events) > 1:
        heading = t(f"dealing.{name}_many", n=formats.number(len(events)))
    dialog(heading)(asks)(plant, events)


def do(
    plant: Plant,
    name: str,
    events: Sequence[Event],
    *,
    mute: Muting | None = None,
    **facts: str | None,
) -> None:
    """Do it, tell what became of it, and draw the page anew."""
    tell(plant, name, events, mute=mute, **facts)
    st.rerun()


def tell(
    plant: Plant,
    name: str,
    events: Sequence[Event],
    *,
    mute: Muting | None = None,
    **facts: str | None,
) -> None:
    """Do it, and tell what became of it beside the page that is drawn next."""
    outcome = plant.deal([one.id for one in events], name, mute=mute, **facts)
    refused = [one for one in outcome.outcomes if one.changed is None]
    told = t(f"dealing.done_{name}", n=formats.number(outcome.done)) if outcome.done else ""
    if refused:
        left = t("dealing.refused", n=formats.number(len(refused)), why=refused[0].problem)
        told = f"{told} {left}".strip()
    frame.say_next(told)


def muted(event: Event, zone: ZoneInfo, at: datetime) -> str:
    """Say until when an event is muted; nothing if it is not."""
    mute = event.mute
    if mute is None or (mute.until is not None and mute.until <= at):
        return ""
    if mute.until is None:
        return t("dealing.muted_until_closed")
    return t("dealing.muted_until", at=formats.at(mute.until, zone))


# ---------------------------------------------------------------- closing
def _close(plant: Plant, events: Sequence[Event]) -> None:
    verdict = st.radio(
        t("dealing.verdict"),
        VERDICTS,
        format_func=lambda word: t(f"verdict.{word}"),
        captions=[consequence(events, word) for word in VERDICTS],
        index=None,
        key="verdict",
        label_visibility="collapsed",
    )
    again = sum(one.again.count for one in events if one.again)
    if again:
        st.caption(t("dealing.with_repeats", n=formats.number(again)))
    if verdict:
        _ahead(plant, events, verdict)
    text = st.text_area(
        t("dealing.comment"),
        max_chars=_MOST_WORDS,
        key="closing_comment",
        placeholder=t("dealing.comment_hint"),
        height=80,
    )
    if st.button(t("dealing.close"), type="primary", disabled=verdict is None):
        if text.strip():
            for one in events:
                plant.event(one.id).comment(text.strip())
        do(plant, "close", events, verdict=verdict)


def consequence(events: Sequence[Event], verdict: str) -> str:
    """Say what a verdict on events would do to the next training."""
    learned = [one for one in events if one.kind is EventKind.ANOMALY]
    if not learned:
        return t("dealing.then_fault")
    length = sum((one.end - one.start for one in learned), timedelta())
    return t(f"dealing.then_{verdict}", span=formats.span(length))


def _ahead(plant: Plant, events: Sequence[Event], verdict: Verdict) -> None:
    """Offer to try what a verdict would change; it takes a while, so it is asked for."""
    if len(events) != 1 or events[0].kind is not EventKind.ANOMALY:
        return
    if st.button(t("dealing.try"), icon=":material/science:", key=f"try_{verdict}"):
        try:
            with st.spinner(t("dealing.trying")):
                told = plant.event(events[0].id).verdict_preview(verdict)
        except KizashiError as error:
            st.text(wrong.line(error))
            return
        st.text("\n".join(ahead(told)))


def ahead(told: VerdictPreview) -> list[str]:
    """Return what a verdict would change, line by line."""
    lines = [t("dealing.ahead_rows", n=f"{told.rows:+,}")]
    if told.removed:
        names = ", ".join(sorted({one.asset for one in told.removed})[:_NAMED])
        count = formats.number(len(told.removed))
        lines.append(t("dealing.ahead_removed", n=count, assets=names))
    else:
        lines.append(t("dealing.ahead_none"))
    if told.lost:
        lines.append(t("dealing.ahead_lost", n=formats.number(len(told.lost))))
    if told.added:
        lines.append(t("dealing.ahead_added", n=formats.number(len(told.added))))
    return lines


# ---------------------------------------------------------------- assigning
def _assign(plant: Plant, events: Sequence[Event]) -> None:
    owner = st.selectbox(
        t("dealing.owner"),
        people(plant, {one.fleet for one in events}),
        index=None,
        key="owner",
        placeholder=t("dealing.nobody"),
    )
    if st.button(t("dealing.assign"), type="primary"):
        do(plant, "assign", events, owner=owner)


def people(plant: Plant, fleets: set[str]) -> list[str]:
    """Return who may be given events of these fleets; whoever looks comes first."""
    known = [{one.user for one in plant.fleet(fleet).people()} for fleet in sorted(fleets)]
    me = str(api.me().get("user", ""))
    return [me, *sorted(set.intersection(*known) - {me})]


# ---------------------------------------------------------------- muting
def _mute(plant: Plant, events: Sequence[Event]) -> None:
    st.caption(t("dealing.mute_text"))
    span = st.radio(
        t("dealing.mute_span"),
        list(_SPANS),
        format_func=lambda name: t(f"dealing.mute_{name}"),
        index=1,
        key="mute_span",
        horizontal=True,
    )
    reason = st.text_input(
        t("dealing.reason"),
        max_chars=_LONGEST_REASON,
        key="mute_reason",
        placeholder=t("dealing.reason_hint"),
    )
    whole = st.radio(
        t("dealing.mute_scope"),
        ["kind", "sensor"],
        format_func=lambda name: t(f"dealing.mute_{name}"),
        key="mute_scope",
        disabled=_SPANS[span] is None,
    )
    if st.button(t("dealing.mute"), type="primary", disabled=not reason.strip()):
        length = _SPANS[span]
        wanted = Muting(
            until=None if length is None else now() + length,
            reason=reason.strip(),
            only_sensor=whole == "sensor",
        )
        do(plant, "mute", events, mute=wanted)
