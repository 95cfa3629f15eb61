"""The audit log: appended to within the change that it tells of, read, and checked."""

from __future__ import annotations

import builtins
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from appliance.access import chain
from appliance.access.chain import Link
from appliance.access.names import origin, plain
from appliance.access.person import Person
from appliance.access.store.tables import AuditHeadRow, AuditRow
from appliance.core.clock import now
from appliance.core.db import Database
from appliance.core.errors import StorageError
from appliance.schemas.access import Right
from appliance.schemas.audit import AuditCheck, AuditEntry

_AT_ONCE = 1_000
_OBJECT_LENGTH = 300


@dataclass(frozen=True)
class Change:
    """A change under way: its transaction, who makes it, and the time that it is made at."""

    session: Session
    by: Person
    at: datetime

    def note(
        self,
        action: str,
        what: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """Append an entry; see `append`."""
        return append(self.session, self.by, self.at, action, what, before, after)


def append(
    session: Session,
    by: Person,
    at: datetime,
    action: str,
    what: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """Append an entry to the log, in the transaction of the change that it tells of.

    Another process that appends waits until this transaction ends.

    Parameters
    ----------
    what
        The object, as ``kind:name``.
    before, after
        What changed, as plain JSON.  Never a secret.
    """
    head = _claim(session)
    link = chain.sealed(
        Link(
            number=head.number + 1,
            at=chain.moment(at),
            by=by.name,
            action=action,
            object=plain(what)[:_OBJECT_LENGTH],
            origin=origin(by.origin),
            before=None if before is None else chain.canonical(before),
            after=None if after is None else chain.canonical(after),
            previous=head.digest,
        )
    )
    session.add(AuditRow(**asdict(link)))
    head.number, head.digest = link.number, link.digest
    session.flush()
    return _entry(link)


class AuditLog:
    """Who did what.

    Parameters
    ----------
    database
        Where it is kept, beside what it tells of.
    clock
        What time it is.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self.clock = clock

    @contextmanager
    def change(self, by: Person) -> Iterator[Change]:
        """Open a transaction for a change; one at a time, over all processes.

        What it reads cannot change before it ends, and its entry is written with it or not
        at all.
        """
        with self._database.session() as session:
            _claim(session)
            yield Change(session, by, self.clock())

    def note(
        self,
        by: Person,
        action: str,
        what: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> AuditEntry:
        """Append an entry that tells of something outside of this database; see `append`."""
        with self.change(by) as change:
            return change.note(action, what, before, after)

    def list(
        self,
        by: Person,
        *,
        who: str | None = None,
        what: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> builtins.list[AuditEntry]:
        """Return entries, the latest first.

        Parameters
        ----------
        who, what
            Only those by this user, on this object.
        since, until
            Only those from this moment on, before that one.
        before
            Only those with a smaller number: the next page.

        Raises
        ------
        Forbidden
            `by` may not read the log.
        """
        by.require(Right.READ_AUDIT)
        query = select(AuditRow).order_by(AuditRow.number.desc()).limit(limit)
        if who is not None:
            query = query.where(AuditRow.by == plain(who))
        if what is not None:
            query = query.where(AuditRow.object == plain(what))
        # Times are kept as texts of one length, in UTC: they sort as they passed.
        if since is not None:
            query = query.where(AuditRow.at >= chain.moment(since))
        if until is not None:
            query = query.where(AuditRow.at < chain.moment(until))
        if before is not None:
            query = query.where(AuditRow.number < before)
        with self._database.session() as session:
            return [_entry(_link(row)) for row in session.scalars(query)]

    def last(self, action: str) -> datetime | None:
        """Return when something was last done; None if it never was."""
        query = select(AuditRow.at).where(AuditRow.action == action)
        with self._database.session() as session:
            found = session.scalar(query.order_by(AuditRow.number.desc()).limit(1))
        return None if found is None else datetime.fromisoformat(found)

    def verify(self, anchor: str | None = None) -> AuditCheck:
        """Check the log from its first entry to its last.

        Parameters
        ----------
        anchor
            An earlier check's `head`, as it was noted elsewhere: it finds a log that was
            written anew as a whole.
        """
        noted = chain.read_head(anchor) if anchor is not None else None
        with self._database.session() as session:
            head = _claim(session)  # no entry comes between the head and the last one
            rows = session.scalars(
                select(AuditRow).order_by(AuditRow.number).execution_options(yield_per=_AT_ONCE)
            )
            return chain.check(map(_link, rows), (head.number, head.digest), noted)


def _claim(session: Session) -> AuditHeadRow:
    # A write that changes nothing: from here on no other process appends.
    session.execute(
        update(AuditHeadRow)
        .values(number=AuditHeadRow.number)
        .execution_options(synchronize_session=False)
    )
    head = session.get(AuditHeadRow, 1)
    if head is None:
        raise StorageError(
            "the audit log's head was removed from the database.",
            remedy="Somebody tampered with it: look into it, then restore a backup.",
        )
    return head


def _link(row: AuditRow) -> Link:
    told: dict[str, Any] = {}
    for part in fields(Link):
        value = getattr(row, part.name)
        # SQLite lets anything into a column of texts: the check must name it, not fail on it.
        told[part.name] = repr(value) if isinstance(value, bytes) else value
    return Link(**told)


def _entry(link: Link) -> AuditEntry:
    told = asdict(link)
    try:
        for side in ("before", "after"):
            told[side] = None if told[side] is None else json.loads(told[side])
        return AuditEntry.model_validate(told)
    except ValueError as error:
        raise StorageError(
            f"entry {link.number} of the audit log cannot be read: somebody edited it.",
            remedy="`kizashi audit --verify` tells where the log was tampered with.",
        ) from error
