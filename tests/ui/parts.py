"""A page of components with names that nobody expects; served as a script by its tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import streamlit as st

from ui.components.plot import Band, Curve, plot
from ui.components.table import Cell, Column, Row, table
from ui.components.timeline import Span, Track, timeline

HURT = '<img src=x onerror="window.hurt = 1"><script>window.hurt = 1</script>'
LONG = "ポンプ" * 67
START = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TOKYO = ZoneInfo("Asia/Tokyo")
MANY = 1000
COLUMNS = (Column(HURT), Column("Number", "number", "90px"), Column("Share"))


def told(name: str, deed: object) -> None:
    """Tell what has come back so far."""
    if deed is not None:
        st.session_state.setdefault(f"told_{name}", []).append(deed)
    st.text(f"{name}: {st.session_state.get(f'told_{name}', [])}")


def cells(number: int) -> tuple[Cell, ...]:
    """Return the cells of a row; the first rows are odd."""
    name = {0: HURT, 1: LONG}.get(number, f"row {number}")
    return (
        Cell(name, HURT, f"?opened={number}", "#D55E00", title=HURT if number == 0 else ""),
        Cell(str(number)),
        Cell(HURT if number == 0 else "half", share=0.5),
    )


def tables() -> None:
    """Draw a table with a button in each row, and one whose rows are chosen."""
    deeds = {"hide": "Hide", "odd": HURT}
    own = [Row(str(n), cells(n), ("hide", "odd")[: 2 if n == 0 else n % 2]) for n in range(4)]
    told("own", table(COLUMNS, own, label=HURT, key="own", deeds=deeds))
    rows = [Row(str(n), cells(n), ("hide",) if n % 2 else ("hide", "odd")) for n in range(MANY)]
    chosen = table(COLUMNS, rows, label="Chosen", key="chosen", deeds=deeds, choose=True)
    told("chosen", chosen)


def spans() -> None:
    """Draw rows of spans, some of which overlap."""
    here = [
        Span(START, START + DAY, "#D55E00", HURT, key="first"),
        Span(START + DAY / 2, START + 3 * DAY, "#0B8F6B", LONG, "?span=2", hollow=True),
        Span(START + 5 * DAY, START + 6 * DAY, "#D55E00", "silent"),
    ]
    other = [Span(START + 4 * DAY, START + 9 * DAY, "#2F5BD8", "last", key="last")]
    rows = (Track(HURT, here, HURT), Track("empty", ()), Track(LONG, other, "", "?track=1"))
    whole = (START - DAY, START + 8 * DAY)
    told("span", timeline(rows, whole, TOKYO, label=HURT, key="spans", now=START + DAY))


def plots() -> None:
    """Draw curves over times and bars over numbers."""
    times = [START + n * DAY for n in range(30)]
    curves = (
        Curve(HURT, [float(n) for n in range(30)], fill=True),
        Curve("gaps", [None if n % 7 == 0 else 20.0 - n for n in range(30)], dashed=True),
    )
    band = Band((START + 3 * DAY).timestamp(), (START + 5 * DAY).timestamp(), "#D55E00", HURT)
    plot(times, curves, label=HURT, key="times", unit="bar", zone=TOKYO, bands=[band])
    bars = (Curve("a", [1.0, 2.0, 3.0], bars=True), Curve("b", [3.0, 2.0, 1.0], bars=True))
    plot([1.0, 2.0, 3.0], bars, label="Stacked", key="bars", stacked=True, low=0)
    plot([], [Curve("none", [])], label="Nothing", key="nothing")


def main() -> None:
    """Draw all of them."""
    st.set_page_config(layout="wide")
    tables()
    spans()
    plots()


if __name__ == "__main__":
    main()
