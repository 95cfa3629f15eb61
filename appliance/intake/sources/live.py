"""What every kind of source that brings readings by itself can do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

Cursor = Mapping[str, Any]
"""Where a look begins, as plain JSON; empty for the first one."""


@dataclass(frozen=True)
class Pulled:
    """Something that came.

    Attributes
    ----------
    paths
        Files that the intake reads.
    cursor
        Where the next look begins once they are in.
    more
        Whether there may be more already.
    options
        What of the intake's options is so, whatever the source's draft says.
    refused
        Messages that could not be used.
    """

    paths: tuple[Path, ...]
    cursor: Cursor
    more: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)
    refused: int = 0


class Live(Protocol):
    """A source that is open.

    Whoever pulls brings the files in, then keeps the cursor, then settles.  Cut off anywhere
    and begun again from the cursor that was kept, what came comes again, and adds nothing
    twice: the intake knows a reading by its asset and time.
    """

    def pull(self, cursor: Cursor, /) -> Pulled | None:
        """Return what came; None if nothing did.

        Raises
        ------
        SourceError
            The source does not answer, or not as it should.
        """

    def without(self, pulled: Pulled, refused: Mapping[Path, str], /) -> Cursor:
        """Return where the next look begins although files were refused, each for a reason.

        Raises
        ------
        SourceError
            It can only go on once the reason is gone.
        """

    def settle(self, pulled: Pulled, /) -> None:
        """Forget what was brought in."""

    def sample(self, rows: int, /) -> Pulled:
        """Return the first rows that would come; nothing of them is taken away.

        Raises
        ------
        SourceError
            The source does not answer, or not as it should.
        """

    def close(self) -> None:
        """Hang up."""

    def retire(self) -> None:
        """Hang up for good: nothing is to be kept for whoever listened."""


def stuck(refused: Mapping[Path, str]) -> str:
    """Return why nothing of what came can be brought in."""
    return next(iter(refused.values()))
