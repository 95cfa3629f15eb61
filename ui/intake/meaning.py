"""What somebody says of files before they are brought in: a form that is not sent yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import streamlit as st

from appliance.client.fleet.intake import Reading
from appliance.schemas.preview import Preview
from ui.components.columns import Said as SaidOfColumn

_KEY = "_meaning"
COUNTED = "row"
"""Said as the column of times, it counts rows."""


@dataclass
class Meaning:
    """What was said; all else is guessed.

    Attributes
    ----------
    files
        What it was said of: with others everything is guessed anew.
    asset
        A column; ``=NAME`` for one machine.
    """

    files: tuple[str, ...]
    time: str = ""
    asset: str = ""
    timezone: str = ""
    layout: Literal["", "wide", "long"] = ""
    context: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)

    def told(self) -> Reading:
        """Return it as the site takes it."""
        told = Reading()
        if self.time:
            told["time"] = self.time
        if self.asset and self.asset != "=":
            told["asset"] = self.asset
        if self.timezone:
            told["timezone"] = self.timezone
        if self.layout:
            told["layout"] = self.layout
        if self.context:
            told["context"] = self.context
        if self.without:
            told["without"] = self.without
        return told

    def take(self, said: SaidOfColumn, seen: Preview) -> None:
        """Take in what is said of a column."""
        if said.unit is not None:
            self.units[said.column] = said.unit
            return
        was = next(one.use for one in seen.columns if one.name == said.column)
        for names in (self.context, self.without):
            if said.column in names:
                names.remove(said.column)
        if was == "time" and said.use != "time":
            self.time = COUNTED
        if was == "asset" and said.use != "asset":
            self.asset = f"={stem(seen.file)}"
        if said.use == "time":
            self.time = said.column
        elif said.use == "asset":
            self.asset = said.column
        elif said.use == "context":
            self.context.append(said.column)
        elif said.use == "left out":
            self.without.append(said.column)


def stem(file: str) -> str:
    """Return what a file is called without its ending."""
    return file.rpartition(".")[0] or file


def of(files: Sequence[str]) -> Meaning:
    """Return what was said of some files in this stay."""
    held: Meaning | None = st.session_state.get(_KEY)
    if held is None or held.files != tuple(files):
        held = Meaning(tuple(files))
        st.session_state[_KEY] = held
    return held
