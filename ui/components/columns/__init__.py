"""The first rows of a file, and above each column what it is taken for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from appliance.schemas.preview import PreviewColumn
from ui.components.source import joined
from ui.text import t

_component = st.components.v2.component(
    "kizashi_columns",
    html='<div class="columns"></div>',
    css=joined("columns", "columns.css"),
    js=joined("shared", "page.js") + joined("columns", "columns.js"),
)
_CHOICES = ("time", "asset", "sensor", "context", "left out")
_FOUND = ("switch", "label", "tag", "value")
"""What columns are found to be by what is in them, and nobody needs to say."""
_MEASURED = ("sensor", "switch", "context")


@dataclass(frozen=True)
class Said:
    """What somebody says of a column: its use, or its unit."""

    column: str
    use: str = ""
    unit: str | None = None


def columns(
    shown: Sequence[PreviewColumn], units: Mapping[str, str], *, key: str
) -> Said | None:
    """Draw columns with their first cells; return what is said of one of them, once.

    Parameters
    ----------
    units
        What was said of units before.
    """
    answer = _component(
        data={
            "columns": [
                {
                    "name": one.name,
                    "use": one.use,
                    "unit": units.get(one.name, one.unit),
                    "cells": one.cells,
                    "measured": one.use in _MEASURED,
                }
                for one in shown
            ],
            "uses": {name: t(f"columns.{name.replace(' ', '_')}") for name in _CHOICES},
            "found": {name: t(f"columns.{name}") for name in _FOUND},
            "words": {
                "label": t("columns.rows"),
                "use": t("columns.use", name="{name}"),
                "unit": t("columns.unit", name="{name}"),
                "no_unit": t("columns.no_unit"),
            },
        },
        key=key,
        on_said_change=lambda: None,
        height="content",
    )
    said: Mapping[str, Any] | None = answer.said
    if not said or said["column"] not in {one.name for one in shown}:
        return None
    return Said(said["column"], said.get("use") or "", said.get("unit"))
