"""What other false-alarm budgets would have meant: a slider, figures and a time line.

All of it is in the browser at once, so that it follows the slider without asking anybody.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import streamlit as st

from ui.components.source import joined
from ui.components.timeline import Track, drawn
from ui.text import t

_component = st.components.v2.component(
    "kizashi_budgets",
    html='<div class="budgets"></div>',
    css=joined("timeline", "timeline.css") + joined("budgets", "budgets.css"),
    js=joined("shared", "page.js")
    + joined("timeline", "drawing.js")
    + joined("budgets", "budgets.js"),
)
_WORDS = ("slider", "promised", "own", "use", "measure")


@dataclass(frozen=True)
class Level:
    """One budget.

    Attributes
    ----------
    text
        The budget as people read it.
    own
        Whether it is the one that the model has.
    tracks
        What the machines would have shown.
    """

    budget: float
    text: str
    own: bool
    tracks: Sequence[Track]


@dataclass(frozen=True)
class Measure:
    """One figure of two models.

    Attributes
    ----------
    values
        Of the model whose budget is chosen, one for each level.
    beside
        Of the other model.
    title
        What it means.
    """

    label: str
    values: Sequence[str]
    beside: str = ""
    title: str = ""


@dataclass(frozen=True)
class Mark:
    """What a colour of the time line stands for."""

    label: str
    colour: str
    hollow: bool = False


def budgets(  # noqa: PLR0913 - what is weighed, and how it is drawn
    levels: Sequence[Level],
    measures: Sequence[Measure],
    marks: Sequence[Mark],
    whole: tuple[datetime, datetime],
    zone: ZoneInfo,
    *,
    names: tuple[str, str],
    label: str,
    key: str,
    may_use: bool,
) -> float | None:
    """Draw budgets to choose from; return the one that is to be used, once.

    Parameters
    ----------
    levels
        By rising budget; one of them is the model's own.
    whole
        First and last moment of the time line.
    names
        Of the model whose budget is chosen, and of the other one; empty if there is none.
    may_use
        Whether the reader may ask for another budget.
    """
    answer = _component(
        data={
            "label": label,
            "names": names,
            "levels": [
                {
                    "budget": level.budget,
                    "text": level.text,
                    "own": level.own,
                    "timeline": drawn(level.tracks, whole, zone, label=label),
                }
                for level in levels
            ],
            "measures": [asdict(one) for one in measures],
            "marks": [asdict(one) for one in marks],
            "may_use": may_use,
            "words": {name: t(f"budgets.{name}") for name in _WORDS},
        },
        key=key,
        on_use_change=lambda: None,
        height="content",
    )
    known = {level.budget for level in levels if not level.own}
    return float(answer.use) if answer.use in known else None
