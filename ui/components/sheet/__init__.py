"""Rows that are edited in place, cell by cell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import streamlit as st

from ui.components.source import joined

_component = st.components.v2.component(
    "kizashi_sheet",
    html='<div class="sheet"></div>',
    css=joined("sheet", "sheet.css"),
    js=joined("shared", "page.js") + joined("sheet", "sheet.js"),
)


@dataclass(frozen=True)
class Field:
    """One column of a sheet.

    Attributes
    ----------
    name
        Of what is edited in it; the words above it are its `title`.
    hint
        Shown in cells that are empty.
    choices
        Words by value, for a column of choices.
    """

    name: str
    title: str
    kind: Literal["text", "number", "choice"] = "text"
    hint: str = ""
    choices: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One row.

    Attributes
    ----------
    key
        What it is about.
    title, below
        What stands before its cells.
    revision
        That its cells are of.
    values
        By field.
    """

    key: str
    title: str
    below: str
    revision: int
    values: Mapping[str, str]


@dataclass(frozen=True)
class Edit:
    """What somebody wrote into a cell; `revision` is the one that they saw."""

    key: str
    field: str
    value: str
    revision: int


def sheet(
    fields: Sequence[Field], lines: Sequence[Line], *, label: str, first: str, key: str,
    locked: bool = False, tell: int = 0,
) -> Edit | None:  # fmt: skip
    """Draw rows; return what was written into a cell, once.

    Parameters
    ----------
    label, first
        What the sheet is, and the words above what stands before the cells.
    locked
        Whether whoever looks may only look.
    tell
        Another number than before draws the cells anew: an edit was refused.
    """
    answer = _component(
        data={
            "label": label,
            "first": first,
            "fields": [asdict(one) for one in fields],
            "lines": [asdict(one) for one in lines],
            "locked": locked,
            "tell": tell,
        },
        key=key,
        on_edit_change=lambda: None,
        height="content",
    )
    told: Mapping[str, Any] | None = answer.edit
    if locked or not told or told["key"] not in {one.key for one in lines}:
        return None
    return Edit(told["key"], told["field"], str(told["value"]), int(told["revision"]))
