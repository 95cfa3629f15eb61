"""The dialog in which a channel is added or changed; secrets go in and never come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any, Literal

import streamlit as st
from pydantic import ValidationError

from appliance.client import Plant
from appliance.core.errors import Conflict, NotFound, Outdated
from appliance.schemas.alert import Channel, ChannelDraft, Email, Quiet, Webhook
from appliance.schemas.event import Severity
from ui import frame
from ui.dialogs import dialog
from ui.text import LANGUAGES, known, language, t

_Kind = Literal["email", "webhook"]
_KINDS: tuple[_Kind, ...] = ("email", "webhook")
_SECURITY = ("starttls", "tls", "none")
_FORMS = ("text", "events")
_ASKED_AS = {"to": "receivers"}
"""Fields of a channel that the form calls otherwise."""
_SECRET = 1_000
_NIGHT = Quiet(start=time(22), end=time(6))


def ask(plant: Plant, standing: Channel | None) -> None:
    """Ask for a channel and save it; `standing` is the one that is changed."""
    title = t("channels.edit_title", name=standing.name) if standing else t("channels.add")
    dialog(title, width="medium")(_ask)(plant, standing)


def _ask(plant: Plant, standing: Channel | None) -> None:
    told: dict[str, Any] = {"paused": standing.paused if standing else False}
    kind: _Kind | None
    if standing:
        told["name"] = standing.name
        kind = standing.target.kind
    else:
        told["name"] = st.text_input(
            t("channels.name"), max_chars=63, help=t("channels.name_help"), key="channel_name"
        ).strip()
        kind = st.segmented_control(
            t("channels.kind"),
            _KINDS,
            default="email",
            format_func=lambda word: t(f"channels.kind_{word}"),
            required=True,
            key="channel_kind",
        )
    target = standing.target if standing else None
    held = standing.secrets if standing else ()
    if kind == "email":
        told["target"] = _email(target if isinstance(target, Email) else None, held)
    else:
        told["target"] = _webhook(target if isinstance(target, Webhook) else None, held)
    if held:
        st.caption(t("channels.elsewhere"))
    told |= _what(plant, standing) | _when(standing)
    if st.button(t("channels.save"), type="primary", key="channel_save"):
        _save(plant, told, standing)


def _save(plant: Plant, told: Mapping[str, Any], standing: Channel | None) -> None:
    name = str(told["name"])
    try:
        draft = ChannelDraft.model_validate(told)
    except ValidationError as error:
        st.error(_wrong(error))
        return
    with frame.troubles():
        try:
            if standing:
                plant.channels.put(draft, standing.revision)
            else:
                plant.channels.add(draft)
        except (NotFound, Outdated):
            st.error(t("channels.conflict", name=name))
            return
        except Conflict:
            st.error(t("channels.exists", name=name))
            return
        frame.say_next(t("channels.saved", name=name))
        st.rerun()


def _wrong(error: ValidationError) -> str:
    """Return which field cannot be used; never what is in it."""
    found = error.errors(include_input=False)[0]["loc"]
    place = [_ASKED_AS.get(str(part), str(part)) for part in found]
    field = next((part for part in reversed(place) if known(f"channels.{part}")), "name")
    asked = f"channels.{field}_help"
    text = t("channels.wrong", field=t(f"channels.{field}"))
    return f"{text} {t(asked)}" if known(asked) else text


# ---------------------------------------------------------------- where it leads
def _email(before: Email | None, held: tuple[str, ...]) -> dict[str, Any]:
    left, right = st.columns([3, 1])
    host = left.text_input(
        t("channels.host"),
        before.host if before else "",
        max_chars=253,
        placeholder="mail.plant.example",
        help=t("channels.host_help"),
        key="channel_host",
    )
    port = right.number_input(
        t("channels.port"), 1, 65535, before.port if before else 587, key="channel_port"
    )
    security = st.segmented_control(
        t("channels.security"),
        _SECURITY,
        default=before.security if before else "starttls",
        format_func=lambda word: t(f"channels.security_{word}"),
        help=t("channels.security_help"),
        required=True,
        key="channel_security",
    )
    told: dict[str, Any] = {"kind": "email", "host": host.strip(), "port": port}
    told |= {"security": security, "user": "", "password": None}
    if security != "none":
        left, right = st.columns(2)
        user = left.text_input(
            t("channels.user"),
            before.user if before else "",
            max_chars=200,
            help=t("channels.user_help"),
            autocomplete="off",
            key="channel_user",
        )
        told["user"] = user.strip()
        with right:
            told["password"] = _secret("password", held)
    return told | _people(before)


def _people(before: Email | None) -> dict[str, Any]:
    sender = st.text_input(
        t("channels.sender"),
        before.sender if before else "",
        placeholder="kizashi@plant.example",
        help=t("channels.sender_help"),
        key="channel_sender",
    )
    to = st.text_area(
        t("channels.receivers"),
        "\n".join(before.to) if before else "",
        placeholder="shift@plant.example",
        help=t("channels.receivers_help"),
        height=80,
        key="channel_to",
    )
    return {"sender": sender.strip(), "to": to.replace(",", " ").split()}


def _webhook(before: Webhook | None, held: tuple[str, ...]) -> dict[str, Any]:
    url = st.text_input(
        t("channels.url"),
        before.url if before else "",
        max_chars=2000,
        placeholder="https://chat.plant.example/hooks/kizashi",
        help=t("channels.url_help"),
        key="channel_url",
    )
    form = st.segmented_control(
        t("channels.form"),
        _FORMS,
        default=before.form if before else "text",
        format_func=lambda word: t(f"channels.form_{word}"),
        help=t("channels.form_help"),
        required=True,
        key="channel_form",
    )
    left, right = st.columns(2)
    with left:
        authorization = _secret("authorization", held)
    with right:
        secret = _secret("secret", held)
    told: dict[str, Any] = {"kind": "webhook", "url": url.strip(), "form": form}
    return told | {"authorization": authorization, "secret": secret}


def _secret(name: str, held: tuple[str, ...]) -> str | None:
    """Ask for a secret; None leaves the one that is known, or there is none."""
    told = st.text_input(
        t(f"channels.{name}"),
        type="password",
        max_chars=_SECRET,
        autocomplete="new-password",
        placeholder=t("channels.keep" if name in held else "channels.no_secret"),
        help=t(f"channels.{name}_help"),
        key=f"channel_{name}",
    )
    return told or None


# ---------------------------------------------------------------- what it tells, and when
def _what(plant: Plant, before: Channel | None) -> dict[str, Any]:
    severity = st.segmented_control(
        t("channels.severity"),
        list(Severity),
        default=before.severity if before else Severity.PLAN,
        format_func=lambda one: t(f"channels.from_{one.value}"),
        help=t("channels.severity_help"),
        required=True,
        key="channel_severity",
    )
    faults = st.checkbox(
        t("channels.faults"), before.faults if before else False, key="channel_faults"
    )
    platform = st.checkbox(
        t("channels.platform"),
        before.platform if before else False,
        help=t("channels.platform_help"),
        key="channel_platform",
    )
    chosen = list(before.fleets) if before else []
    names = sorted({one.fleet for one in plant.fleets()} | set(chosen))
    fleets = st.multiselect(
        t("channels.fleets"),
        names,
        chosen,
        placeholder=t("frame.all_fleets"),
        key="channel_fleets",
    )
    told = {"severity": severity, "faults": faults, "fleets": fleets}
    return told | {"platform": platform}


def _when(before: Channel | None) -> dict[str, Any]:
    told = before.quiet if before else None
    on = st.checkbox(
        t("channels.quiet"),
        told is not None,
        help=t("channels.quiet_help"),
        key="channel_is_quiet",
    )
    quiet = None
    if on:
        usual = told or _NIGHT
        left, right = st.columns(2)
        start = left.time_input(t("channels.start"), usual.start, step=900, key="channel_start")
        end = right.time_input(t("channels.end"), usual.end, step=900, key="channel_end")
        quiet = {"start": start, "end": end}
    codes = list(LANGUAGES)
    spoken = st.segmented_control(
        t("channels.language"),
        codes,
        default=before.language if before else language(),
        format_func=LANGUAGES.__getitem__,
        required=True,
        key="channel_language",
    )
    return {"quiet": quiet, "language": spoken}
