"""What a terminal shows while a cluster is waited for: the step, and what is not ready."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.live import Live

    from appliance.install.cluster.rollout import Part


class Screen:
    """A terminal's last lines; nothing where there is none."""

    def __init__(self, live: Live | None = None) -> None:
        self._live = live
        self._line = ""
        self._parts: list[Part] = []

    def begin(self, name: str) -> Callable[[str], None]:
        """Show that a step begins; return what shows how far it is."""
        self._parts = []

        def show(text: str) -> None:
            self._line = f"{name}: {text} …"
            self._update()

        show("looking")
        return show

    def parts(self, found: list[Part]) -> None:
        """Show the parts of a site."""
        self._parts = found
        self._update()

    def _update(self) -> None:
        if self._live is None:
            return
        from rich.table import Table

        table = Table.grid(padding=(0, 2))
        table.add_row(self._line)
        for one in self._parts:
            state = "ready" if one.is_ready else "; ".join(one.why) or "waits"
            table.add_row(f"  {one.role}", f"{one.ready}/{one.wanted}", state)
        self._live.update(table, refresh=True)


@contextmanager
def watching() -> Iterator[Screen]:
    """Yield what shows steps and parts on a terminal."""
    if not sys.stderr.isatty():
        yield Screen()
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as live:
        yield Screen(live)
