"""What a person may say about files; everything unsaid is guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

from appliance.core.errors import InvalidRequest

Layout = Literal["auto", "wide", "long"]


@dataclass(frozen=True)
class IngestOptions:
    """Options of one ingestion.

    Attributes
    ----------
    time
        Column of times; ``date,clock`` names two columns; ``row`` counts rows as cycles.
    asset
        Column of asset names; ``=NAME`` gives all rows to one asset.
    context
        Columns that explain normal change.
    timezone
        Zone of times written without one; empty for the site's.
    layout
        ``wide``: a column a sensor; ``long``: a row a value; ``auto``: guessed.
    units
        Pairs (sensor, unit) that win over what the file says.
    called
        Asset of rows that name none; the files' own names say it if empty.
    without
        Columns that are left out.
    """

    time: str | None = None
    asset: str | None = None
    context: tuple[str, ...] = ()
    timezone: str = ""
    layout: Layout = "auto"
    units: tuple[tuple[str, str], ...] = ()
    called: str = ""
    without: tuple[str, ...] = ()


def unknown(option: str, name: str, columns: Iterable[str]) -> InvalidRequest:
    """Return the error for a column that is nowhere, with the names that come near."""
    known = list(dict.fromkeys(columns))
    folded = {column.casefold(): column for column in reversed(known)}
    near = [folded[hit] for hit in get_close_matches(name.casefold(), list(folded), 3, 0.5)]
    shown = ", ".join(near or known[:12])
    return InvalidRequest(
        f"{option} {name}: no column of that name.",
        remedy=f"Did you mean {shown}?" if near else f"There are: {shown}.",
    )
