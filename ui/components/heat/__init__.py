"""Sensors by day: the darker a cell, the less can be said of the machine on that day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import streamlit as st

from ui import theme
from ui.components.source import joined
from ui.text import t

_component = st.components.v2.component(
    "kizashi_heat",
    html='<div class="heat"></div>',
    css=joined("heat", "heat.css"),
    js=joined("shared", "page.js") + joined("heat", "heat.js"),
)


@dataclass(frozen=True)
class HeatCell:
    """One day of one sensor.

    Attributes
    ----------
    share
        How much is wrong, 0..1; None where nothing was to be expected.
    text
        What it tells.
    """

    share: float | None
    text: str


@dataclass(frozen=True)
class HeatRow:
    """One sensor.

    Attributes
    ----------
    end
        What stands behind its cells.
    """

    name: str
    cells: Sequence[HeatCell]
    end: str = ""


def heat(
    days: Sequence[str],
    rows: Sequence[HeatRow],
    addresses: Sequence[str],
    *,
    label: str,
    end: str,
    key: str,
) -> None:
    """Draw sensors by day.

    Parameters
    ----------
    addresses
        Where the cells of each day lead; nowhere if empty.
    end
        What stands above the ends of the rows.
    """
    _component(
        data={
            "label": label,
            "end": end,
            "days": list(days),
            "rows": [asdict(row) for row in rows],
            "addresses": list(addresses),
            "colours": theme.tokens(),
            "words": {name: t(f"heat.{name}") for name in ("fine", "little", "much", "none")},
        },
        key=key,
        height="content",
    )
