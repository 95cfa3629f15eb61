"""Progress as bars on a terminal."""

from __future__ import annotations

from typing import Any


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
