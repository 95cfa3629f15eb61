"""What every command is handed: the site it works on, and how it may print."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from appliance.core.errors import InvalidRequest
from appliance.schemas.progress import Progress, Silent

if TYPE_CHECKING:
    from appliance.pipelines.site import Site


@dataclass(frozen=True)
class Context:
    """Global options of one invocation."""

    home: Path | None
    debug: bool

    @contextmanager
    def site(self) -> Iterator[Site]:
        """Open the home's site."""
        from appliance.core.settings import load_settings
        from appliance.pipelines.site import Site

        site = Site(load_settings(self.home))
        try:
            yield site
        finally:
            site.close()


class Bar:
    """Progress as a bar on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        )
        self._task: Any = None

    def step(self, name: str, total: int | None = None) -> None:
        """A named step begins."""
        if self._task is not None:
            done = self._rich.tasks[self._task]
            self._rich.update(
                self._task, total=done.completed or 1, completed=done.completed or 1
            )
        self._task = self._rich.add_task(name, total=total)

    def advance(self, units: int = 1) -> None:
        """Units of the step are done."""
        if self._task is not None:
            self._rich.advance(self._task, units)

    def note(self, text: str) -> None:
        """Print a line above the bars."""
        self._rich.console.print(text, markup=False, highlight=False)

    def __enter__(self) -> Bar:
        self._rich.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._rich.stop()


@contextmanager
def progress() -> Iterator[Progress]:
    """Yield a bar on a terminal, silence in a pipe."""
    if sys.stderr.isatty():
        with Bar() as bar:
            yield bar
    else:
        yield Silent()


def print_json(value: object) -> None:
    """Print one JSON document."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]], right: str = "") -> None:
    """Print columns as wide as their longest cell.

    Parameters
    ----------
    head
        Names of the columns.
    rows
        Cells as text.
    right
        One character a column: ``r`` aligns it to the right.
    """
    from rich.cells import cell_len

    def fit(cell: str, width: int, side: str) -> str:
        pad = " " * (width - cell_len(cell))
        return pad + cell if side == "r" else cell + pad

    sides = right.ljust(len(head), "l")
    table = [list(head), *[list(row) for row in rows]]
    widths = [max(cell_len(row[i]) for row in table) for i in range(len(head))]
    for number, row in enumerate(table):
        print("  ".join(map(fit, row, widths, sides)).rstrip())
        if number == 0:
            print("  ".join("-" * width for width in widths))


def moment(text: str | None, zone: ZoneInfo, option: str) -> datetime | None:
    """Read a time option; one without a zone is in the site's zone.

    Raises
    ------
    InvalidRequest
        The text is no ISO time.
    """
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise InvalidRequest(
            f"{option} {text}: not a time.",
            remedy="Write it as 2026-02-14 or 2026-02-14T08:00.",
        ) from error
    return value if value.tzinfo else value.replace(tzinfo=zone)


def local(value: datetime, zone: ZoneInfo) -> str:
    """Return a time as people at the site read it."""
    return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
