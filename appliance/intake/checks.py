"""The suite that every feed must pass; public, for the authors of sources.

::

    from appliance.intake.checks import Case, parametrize_with_checks

    @parametrize_with_checks()
    def test_contract(case, check):  # `case` is a fixture of yours
        check(case)
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from appliance.core.errors import SourceError
from appliance.intake.feeds import Batch, Feed

_ROWS = 1_000
_MOST_LOOKS = 200


class Case(ABC):
    """Something that a feed reads from, empty at first."""

    @abstractmethod
    def open(self) -> Feed:
        """Return a feed on it, another one each time."""

    @abstractmethod
    def put(self, rows: int) -> None:
        """Let so many more readings come, each of another time than all before."""

    @abstractmethod
    def go(self) -> None:
        """Make it unreachable."""


@dataclass(frozen=True)
class Check:
    """One promise of a feed.

    Attributes
    ----------
    run
        Raises AssertionError where the promise is broken.
    """

    name: str
    run: Callable[[Case], None]

    def __call__(self, case: Case) -> None:
        """Run the check on a case that is empty."""
        self.run(case)


def all_checks() -> list[Check]:
    """Return every check."""
    named = globals().items()
    return [Check(name, run) for name, run in named if name.startswith("check_")]


def parametrize_with_checks() -> Any:
    """Return a pytest mark that runs a test for every check."""
    import pytest

    return pytest.mark.parametrize("check", [pytest.param(c, id=c.name) for c in all_checks()])


# ---------------------------------------------------------------- promises
def check_nothing_is_nothing(case: Case) -> None:
    """Where nothing came it gives no rows, and says that there are no more."""
    feed = case.open()
    batch = feed.read({}, _ROWS)
    assert batch.frame.is_empty(), "it gave rows though there are none"  # noqa: S101
    assert not batch.more, "it says that there is more"  # noqa: S101
    feed.close()


def check_all_come_once(case: Case) -> None:
    """All that came is given once, however it is cut."""
    feed = case.open()
    case.put(7)
    first = _drained(feed, {}, 3)
    case.put(5)
    second = _drained(feed, first[-1].cursor, 4)
    together = _rows([*first, *second])
    assert together == 12, f"12 readings came and {together} were given"  # noqa: S101
    whole = pl.concat([one.frame for one in [*first, *second] if not one.frame.is_empty()])
    assert whole.n_unique() == whole.height, "a reading came twice"  # noqa: S101
    feed.close()


def check_no_more_than_asked(case: Case) -> None:
    """It gives no more rows at once than it is asked for, and says that there are more."""
    feed = case.open()
    case.put(6)
    batch = feed.read({}, 4)
    assert 0 < batch.frame.height <= 4, "it gave more rows than it was asked for"  # noqa: S101
    assert batch.more, "it does not say that there is more"  # noqa: S101
    feed.close()


def check_it_keeps_nothing(case: Case) -> None:
    """Another one goes on from the cursor; asked from an earlier one, it gives the same."""
    case.put(6)
    one = case.open()
    begun = one.read({}, 2)
    one.close()
    other = case.open()
    cursor = json.loads(json.dumps(dict(begun.cursor)))
    rest = _drained(other, cursor, 10)
    assert begun.frame.height + _rows(rest) == 6, "rows were lost or came twice"  # noqa: S101
    again = other.read({}, 2)
    assert again.frame.equals(begun.frame), "from the same cursor other rows came"  # noqa: S101
    other.close()


def check_the_cursor_is_plain(case: Case) -> None:
    """Its cursor is JSON, and does not grow with what came."""
    feed = case.open()
    case.put(3)
    small = len(json.dumps(dict(_drained(feed, {}, 100)[-1].cursor)))
    case.put(300)
    large = len(json.dumps(dict(_drained(feed, {}, 100)[-1].cursor)))
    assert large < small + 1_000, "its cursor grows with every reading"  # noqa: S101
    feed.close()


def check_rows_have_times_and_numbers(case: Case) -> None:
    """Its rows have a column of times, with a zone, and one of numbers."""
    feed = case.open()
    case.put(2)
    kinds = feed.read({}, 10).frame.schema
    zoned = [
        kind for kind in kinds.values() if isinstance(kind, pl.Datetime) and kind.time_zone
    ]
    assert zoned, "no column holds times with a zone"  # noqa: S101
    assert any(kind.is_numeric() for kind in kinds.values()), "no column is a sensor"  # noqa: S101
    feed.close()


def check_trouble_is_told(case: Case) -> None:
    """What it cannot reach it tells as a `SourceError`, in a sentence."""
    case.put(1)
    case.go()
    told = ""
    try:
        case.open().read({}, 10)
    except SourceError as error:
        told = error.message
    assert len(told) > 10, "it does not say that something is away"  # noqa: S101


def check_closing_twice_is_no_error(case: Case) -> None:
    """It may be closed again."""
    feed = case.open()
    feed.close()
    feed.close()


def _drained(feed: Feed, cursor: Mapping[str, Any], rows: int) -> list[Batch]:
    found = [feed.read(cursor, rows)]
    while found[-1].more and len(found) < _MOST_LOOKS:
        found.append(feed.read(found[-1].cursor, rows))
    assert not found[-1].more, "it says again and again that there is more"  # noqa: S101
    return found


def _rows(batches: list[Batch]) -> int:
    return sum(one.frame.height for one in batches)
