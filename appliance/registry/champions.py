"""Which version alarms, and which one a rollback goes back to; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from appliance.schemas.model import Promotion


def champions(made: Sequence[Promotion], deleted: Iterable[int] = ()) -> list[int]:
    """Return the champions that follow each other back in time, the present one last.

    Parameters
    ----------
    made
        Every change of champion, oldest first.
    deleted
        Versions that nothing goes back to.
    """
    stack: list[int] = []
    for change in made:
        if change.kind == "rollback":
            # Those above the one it went back to were left, or deleted since.
            while stack and stack[-1] != change.version:
                stack.pop()
        else:
            stack.append(change.version)
    gone = set(deleted)
    left = [version for version in stack if version not in gone]
    return [version for version, _ in groupby(left)]
