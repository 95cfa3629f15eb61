"""What the scores of model versions have been told of the calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from appliance.calendar.masks import Masks, Spans, changes, union
from appliance.calendar.store.tables import CalendarMarkRow
from appliance.core.db import Database, inserting

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)


class MarkStore:
    """Remembers by model version which stretches its scores leave out."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def outdated(self, fleet: str, model_version: int, masks: Masks) -> Masks:
        """Return where scores do not show what they should leave out.

        Parameters
        ----------
        masks
            What they should leave out.
        """
        with self._database.session() as session:
            row = session.get(CalendarMarkRow, (fleet, model_version))
            if row is None:
                return masks
            return union(_masks(row.pending), changes(_masks(row.applied), masks))

    def intend(self, fleet: str, model_version: int, masks: Masks) -> int:
        """Note down what a scoring run is about to leave out, before it does.

        Returns
        -------
        int
            Number of the intention: the same for a run that is repeated after it was cut off,
            another one whenever something changed in between.
        """
        with self._database.session() as session:
            row = _mark(session, fleet, model_version)
            changed = union(_masks(row.pending), changes(_masks(row.applied), masks))
            told = _plain(masks), _plain(changed)
            if told != (row.intended, row.pending):
                row.number += 1
                row.intended, row.pending = told
            return row.number

    def settle(self, fleet: str, model_version: int) -> None:
        """Note down that what was intended is done."""
        with self._database.session() as session:
            row = _mark(session, fleet, model_version)
            row.applied, row.pending = row.intended, _plain(Masks())


def _mark(session: Session, fleet: str, model_version: int) -> CalendarMarkRow:
    nothing = _plain(Masks())
    # A write as the first statement: no other process comes in between.
    session.execute(
        inserting(session, CalendarMarkRow)
        .values(
            fleet=fleet,
            model_version=model_version,
            number=0,
            applied=nothing,
            intended=nothing,
            pending=nothing,
        )
        .on_conflict_do_nothing()
    )
    return session.get_one(CalendarMarkRow, (fleet, model_version), with_for_update=True)


def _plain(masks: Masks) -> dict[str, Any]:
    return {
        "common": _numbers(masks.common),
        "own": {asset: _numbers(spans) for asset, spans in sorted(masks.own.items())},
    }


def _numbers(spans: Spans) -> list[list[int]]:
    return [[(edge - _EPOCH) // _MICRO for edge in span] for span in spans]


def _masks(plain: dict[str, Any]) -> Masks:
    own = {asset: _spans(numbers) for asset, numbers in plain["own"].items()}
    return Masks(_spans(plain["common"]), own)


def _spans(numbers: list[list[int]]) -> Spans:
    return tuple((_EPOCH + start * _MICRO, _EPOCH + end * _MICRO) for start, end in numbers)
