"""Controls that follow the address, and times as a clock at the site shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import streamlit as st

from ui import frame, state
from ui.dialogs import dialog
from ui.text import t


def pick(
    name: str,
    options: Sequence[str],
    usual: str,
    *,
    label: str,
    words: Callable[[str], str],
    clears: Sequence[str] = (),
    width: int = 200,
) -> str:
    """Draw a list to choose from; return what the address chooses.

    Parameters
    ----------
    name
        In the address; `usual` leaves it.
    words
        Gives an option in words.
    clears
        Words of the address that another choice takes away.
    """
    st.selectbox(
        label,
        options,
        format_func=words,
        label_visibility="collapsed",
        width=width,
        **_following(name, options, usual, clears),
    )
    return state.choice(name, options, usual)


def fleet(names: Iterable[str], *, clears: Sequence[str] = (), width: int = 200) -> str:
    """Draw a list of fleets to choose from; return the one chosen, empty for all of them."""
    return pick(
        "fleet",
        ["", *sorted(names)],
        "",
        label=t("frame.fleet"),
        words=lambda name: name or t("frame.all_fleets"),
        clears=clears,
        width=width,
    )


def segments(
    name: str,
    options: Sequence[str],
    usual: str,
    *,
    label: str,
    words: Callable[[str], str],
    clears: Sequence[str] = (),
) -> str:
    """Draw a few choices beside each other; return what the address chooses.  See `pick`."""
    st.segmented_control(
        label,
        options,
        format_func=words,
        label_visibility="collapsed",
        required=True,
        **_following(name, options, usual, clears),
    )
    return state.choice(name, options, usual)


def _following(
    name: str, options: Sequence[str], usual: str, clears: Sequence[str]
) -> dict[str, Any]:
    """Return the arguments of a control that only follows the address, and changes it."""
    key = f"control_{name}"
    # The address is the truth, also when it goes back.
    st.session_state[key] = state.choice(name, options, usual)
    return {"key": key, "on_change": _put, "args": (name, key, usual, tuple(clears))}


def _put(name: str, key: str, usual: str, clears: tuple[str, ...]) -> None:
    chosen = st.session_state[key]
    state.put(**{name: "" if chosen == usual else chosen}, **dict.fromkeys(clears, ""))


def moment(label: str, usual: datetime | None, zone: ZoneInfo, key: str) -> datetime | None:
    """Ask for a time as a clock at the site shows it; return it in UTC."""
    there = None if usual is None else usual.astimezone(zone).replace(tzinfo=None)
    told = st.datetime_input(
        label, there, key=key, format="YYYY-MM-DD", step=300, help=t("frame.zone", zone=zone)
    )
    return None if told is None else told.replace(tzinfo=zone).astimezone(UTC)


def stretch(zone: ZoneInfo, *, clears: Sequence[str] = ()) -> None:
    """Ask from when to when; the address keeps it, as whole seconds since 1970 in UTC.

    Parameters
    ----------
    clears
        Words of the address that another choice takes away.
    """
    with st.container(horizontal=True, vertical_alignment="bottom"):
        for name in ("from", "to"):
            key = f"control_{name}"
            told = state.moment(name)
            # The address is the truth, also when it goes back.
            there = None if told is None else told.astimezone(zone).replace(tzinfo=None)
            st.session_state[key] = there
            st.datetime_input(
                t(f"frame.{name}"),
                None,
                key=key,
                format="YYYY-MM-DD",
                step=300,
                help=t("frame.zone", zone=zone),
                on_change=_put_moment,
                args=(name, key, zone, tuple(clears)),
                width=230,
            )


def _put_moment(name: str, key: str, zone: ZoneInfo, clears: tuple[str, ...]) -> None:
    told: datetime | None = st.session_state[key]
    seconds = None if told is None else int(told.replace(tzinfo=zone).timestamp())
    state.put(**{name: seconds}, **dict.fromkeys(clears, ""))


def confirm(title: str, text: str, words: str, do: Callable[[], None], said: str) -> None:
    """Ask whether something is really to be done; do it, say so and draw the page anew.

    Parameters
    ----------
    text
        What it means.
    words
        On the button that does it.
    said
        What is said afterwards.
    """
    dialog(title)(_confirm)(text, words, do, said)


def _confirm(text: str, words: str, do: Callable[[], None], said: str) -> None:
    st.text(text)
    with frame.troubles():
        if st.button(words, type="primary", key="control_confirm"):
            do()
            frame.say_next(said)
            st.rerun()
