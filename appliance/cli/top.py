"""The command that shows how the platform does, while it does it."""

from __future__ import annotations

import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, print_json
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from appliance.cli.here import Here
    from appliance.cli.screen import Snapshot
    from appliance.client import Plant

_LOOK = 0.2
_SPAN = timedelta(minutes=30)
_WIDTH = 120
_IN_A_PIPE = 160


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command()(top)


def top(
    context: typer.Context,
    every: float = typer.Option(
        2.0, "--every", min=0.5, max=3600, help="Seconds between looks."
    ),
    once: bool = typer.Option(False, "--once", help="Print it once; in a pipe it always is."),
    as_json: bool = JSON,
) -> None:
    """Show how the platform does: figures, what needs care, who is at what; q leaves."""
    from appliance.cli.screen import as_plain, lines

    own: Context = context.obj
    with own.plant() as plant:
        if as_json:
            print_json(as_plain(snapshot(plant)))
        elif once or not sys.stdout.isatty():
            from rich.console import Console

            console = Console(highlight=False, markup=False, soft_wrap=True)
            width = console.width if console.is_terminal else _IN_A_PIPE
            for line in lines(snapshot(plant), plant.zone(), width):
                console.print(line)
        else:
            _watch(plant, every)


def snapshot(plant: Plant | Here) -> Snapshot:
    """Return what is shown, as far as whoever asks may know it."""
    from appliance.cli.screen import METRICS, Snapshot
    from appliance.core.errors import KizashiError
    from appliance.schemas.cost import CostBy

    told = plant.platform.get()
    history = None
    if told.host is not None:
        history = plant.platform.history(
            METRICS, start=told.at - _SPAN, end=told.at, width=_WIDTH
        )
    waiting = [*plant.jobs.list(state=["queued"], limit=20)]
    running = [*plant.jobs.list(state=["running", "cancelling"], limit=20)]
    try:
        costs = plant.costs(CostBy.PIPELINE)
    except KizashiError:  # whoever looks may not know, or an older site has none
        costs = None
    return Snapshot(told, history, tuple(running), tuple(waiting), costs)


def _watch(plant: Plant | Here, every: float) -> None:
    """Draw until somebody leaves; a site that is away is looked for again."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    from appliance.cli.screen import lines
    from appliance.core.clock import monotonic
    from appliance.core.errors import KizashiError

    console = Console(highlight=False)
    found = snapshot(plant)
    zone, wrong, due, size = plant.zone(), "", monotonic() + every, console.size

    def drawn() -> Text:
        shown = lines(found, zone, console.width, leave=True, wrong=wrong)
        return Text("\n").join(shown[: console.height - 1])

    with (
        _keys() as left,
        Live(drawn(), console=console, screen=True, auto_refresh=False) as live,
    ):
        while not left():
            if monotonic() >= due:
                try:
                    found, wrong = snapshot(plant), ""
                except KizashiError as error:
                    wrong = str(error)
                due = monotonic() + every
            elif console.size == size:
                continue
            size = console.size
            live.update(drawn(), refresh=True)


@contextmanager
def _keys() -> Iterator[LeavesSoon]:
    """Read single keys while it is open; gives what waits a moment for the one that leaves."""
    if not sys.stdin.isatty():
        yield LeavesSoon(None)
        return
    import termios
    import tty

    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle)
        yield LeavesSoon(handle)
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


class LeavesSoon:
    """Whether somebody pressed the key that leaves."""

    def __init__(self, handle: int | None) -> None:
        self._handle = handle

    def __call__(self) -> bool:
        """Wait a moment; whether it was pressed."""
        import os

        ready, _, _ = select.select(
            [] if self._handle is None else [self._handle], [], [], _LOOK
        )
        return bool(ready) and os.read(ready[0], 64)[:1] in {b"q", b"Q", b""}
