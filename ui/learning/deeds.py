"""Deeds on models that ask first, and say what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

import streamlit as st

from appliance.client import Plant
from appliance.client.fleet import Fleet
from appliance.core.errors import Conflict
from appliance.schemas.approval import Approval
from appliance.schemas.model import ModelVersion
from ui import controls, formats, frame, state, wrong
from ui.dialogs import dialog
from ui.text import t

_YEAR = timedelta(days=365)
LEAST_AROUND = timedelta(hours=2)
"""Time shown on either side of a stretch, at least."""


def asked(handle: str) -> None:
    """Show a job that was just asked for: the address names it."""
    state.put(job=handle)
    st.rerun()


def _done(told: str) -> None:
    frame.say_next(told)
    st.rerun()


def _confirmed(title: str, texts: Sequence[str], label: str, key: str) -> bool:
    """Draw what is about to be done and what follows; return whether it is to be done."""
    st.markdown(f"#### {title}")
    for text in texts:
        st.text(text)
    return st.button(label, type="primary", key=f"confirmed_{key}")


# ---------------------------------------------------------------- which version alarms
@dialog(" ")
def promote(fleet: Fleet, version: int, champion: int | None) -> None:
    """Ask whether a version is to alarm, and let it."""
    with frame.troubles():
        texts = [t("model.promote_text", version=version)]
        if champion is not None:
            texts.append(t("model.promote_before", champion=champion))
        title = t("model.promote_title", version=version)
        if _confirmed(title, texts, t("model.promote"), "promote"):
            fleet.promote(version)
            _done(t("model.promoted", version=version))


@dialog(" ")
def roll_back(fleet: Fleet, champion: int) -> None:
    """Ask whether to go back to the champion before, and do."""
    with frame.troubles():
        title = t("model.roll_back_title")
        texts = [t("model.roll_back_text", version=champion), t("model.promote_renews")]
        if _confirmed(title, texts, t("model.roll_back"), "roll_back"):
            now_in = fleet.rollback()
            _done(t("model.rolled_back", version=now_in.version))


@dialog(" ")
def delete(fleet: Fleet, version: int, events: int) -> None:
    """Ask whether a version is to be deleted, and delete it."""
    with frame.troubles():
        texts = [t("model.delete_text")]
        if events:
            texts.append(t("model.delete_events", n=formats.number(events)))
        title = t("model.delete_title", version=version)
        if _confirmed(title, texts, t("model.delete"), "delete"):
            try:
                fleet.delete_model(version, force=events > 0)
            except Conflict as error:
                st.text(wrong.line(error))
                return
            frame.say_next(t("model.deleted", version=version))
            frame.lead("models", fleet=fleet.name)


# ---------------------------------------------------------------- budget
@dialog(" ")
def use_budget(fleet: Fleet, version: int, budget: float) -> None:
    """Ask whether a version under another budget is to be made, and ask for it."""
    with frame.troubles():
        title = t("backtest.use_title", budget=f"{budget:g}")
        texts = [t("backtest.use_text", version=version)]
        if _confirmed(title, texts, t("backtest.use"), "budget"):
            plant_job = fleet.adjust(version=version, budget=budget)
            frame.lead("models", fleet=fleet.name, job=plant_job.id)


# ---------------------------------------------------------------- comparing
@dialog(" ")
def compare(
    plant: Plant,
    fleet: Fleet,
    versions: Sequence[ModelVersion],
    chosen: int,
    span: tuple[datetime, datetime],
) -> None:
    """Ask which version is compared with the champion over which time, and begin."""
    with frame.troubles():
        zone = plant.zone()
        st.markdown(f"#### {t('backtest.ask_title')}")
        numbers = [one.version for one in versions]
        version = st.selectbox(
            t("backtest.ask_version"),
            numbers,
            index=numbers.index(chosen) if chosen in numbers else 0,
            format_func=lambda number: t("models.version", n=number),
            key="compare_version",
        )
        usual = max(span[0], span[1] - _YEAR)
        start = controls.moment(t("backtest.ask_from"), usual, zone, "compare_from")
        end = controls.moment(t("backtest.ask_to"), span[1], zone, "compare_to")
        _warn_of_seen(next(one for one in versions if one.version == version), start)
        if st.button(t("backtest.ask"), type="primary", key="compare_begin"):
            until = None if end is None or end >= span[1] - timedelta(minutes=5) else end
            since = None if start is None or start <= usual else start
            job = fleet.backtest(version=version, start=since, end=until)
            frame.lead("models", fleet=fleet.name, job=job.id)


def _warn_of_seen(version: ModelVersion, start: datetime | None) -> None:
    if start is None or start < version.lineage.data_end:
        st.caption(t("backtest.ask_seen"))


# ---------------------------------------------------------------- approvals
@dialog(" ")
def answer(fleet: Fleet, approval: Approval, approve: bool) -> None:
    """Ask for a note, and answer what somebody asked."""
    with frame.troubles():
        kind = "approve" if approve else "refuse"
        versions = {"version": approval.version, "champion": approval.champion}
        st.markdown(f"#### {t(f'backtest.{kind}_title', **versions)}")
        st.text(t(f"backtest.{kind}_text", **versions))
        note = st.text_area(t("backtest.note"), max_chars=2_000, key="answer_note")
        if st.button(t(f"backtest.{kind}"), type="primary", key="answer"):
            fleet.answer(approval.id, approve, note.strip())
            _done(t(f"backtest.{kind}d", **versions))


# ---------------------------------------------------------------- where it happened
def place(fleet: str, asset: str, start: datetime, end: datetime) -> str:
    """Return the address of a machine at a stretch of time, with room around it."""
    around = max(end - start, LEAST_AROUND)
    return (
        f"/asset?fleet={fleet}&asset={quote(asset, safe='')}"
        f"&from={int((start - around).timestamp())}&to={int((end + around).timestamp())}"
    )
