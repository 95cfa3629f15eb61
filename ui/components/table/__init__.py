"""A table of words and figures, worked through with the keyboard or the mouse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import streamlit as st

from ui.components.source import joined
from ui.text import t

_component = st.components.v2.component(
    "kizashi_table",
    html='<div class="table"></div>',
    css=joined("table", "table.css"),
    js=joined("shared", "page.js") + joined("table", "table.js"),
)
_WORDS = ("deeds", "choose", "all", "nothing", "help_choose")


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes
    ----------
    kind
        Numbers stand at the right, in figures of equal width.
    width
        As in CSS; as wide as its cells ask for if empty.
    """

    title: str
    kind: Literal["text", "number"] = "text"
    width: str = ""


@dataclass(frozen=True)
class Cell:
    """What stands in one place.

    Attributes
    ----------
    below
        What is said beneath, smaller.
    address
        Where it leads within the site; nowhere if empty.
    colour
        Of the mark before it; none if empty.
    share
        Length of the bar beside it, 0..1; none if absent.
    title
        What is told when one points at it; the text itself if empty.
    """

    text: str
    below: str = ""
    address: str = ""
    colour: str = ""
    share: float | None = None
    title: str = ""


@dataclass(frozen=True)
class Row:
    """One row; it leads where the first of its cells leads.

    Attributes
    ----------
    deeds
        Names of what may be done to it; nothing if empty.
    """

    key: str
    cells: Sequence[Cell]
    deeds: Sequence[str] = ()


@dataclass(frozen=True)
class Deed:
    """What is to be done to some rows."""

    name: str
    rows: tuple[str, ...]


def table(
    columns: Sequence[Column],
    rows: Sequence[Row],
    *,
    label: str,
    key: str,
    deeds: Mapping[str, str] | None = None,
    choose: bool = False,
) -> Deed | None:
    """Draw a table; return what is to be done to some of its rows, once.

    Parameters
    ----------
    label
        What the table is, for whoever does not see it.
    deeds
        Words on the buttons by name of the deed.
    choose
        Whether rows are chosen first and the buttons stand above, instead of in each row.
    """
    answer = _component(
        data={
            "label": label,
            "columns": [asdict(column) for column in columns],
            "rows": [asdict(row) for row in rows],
            "deeds": [{"name": name, "label": words} for name, words in (deeds or {}).items()],
            "choose": choose,
            "words": {name: t(f"table.{name}") for name in _WORDS}
            | {"chosen": t("table.chosen", n="{n}")},
        },
        key=key,
        on_deed_change=lambda: None,
        height="content",
    )
    return _asked(answer.deed, rows)


def _asked(deed: Mapping[str, Any] | None, rows: Sequence[Row]) -> Deed | None:
    """Return a deed if rows that are still there offer it."""
    if not deed:
        return None
    wanted = set(deed["rows"])
    found = [row.key for row in rows if row.key in wanted and deed["name"] in row.deeds]
    return Deed(deed["name"], tuple(found)) if found else None
