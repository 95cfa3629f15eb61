"""Writes that wait for a site that is away, in the order in which they came."""

from __future__ import annotations

import base64
import builtins
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from appliance.core.clock import now
from appliance.core.db import Database, utc
from appliance.core.errors import LimitExceeded, NotFound
from appliance.core.ids import new_id
from appliance.core.sealing import cipher
from appliance.gateway.store.tables import OutboxRow
from appliance.schemas.gateway import Waiting

LONGEST = timedelta(days=14)
"""How long a write waits; a site keeps its key for longer."""
_TOLD = timedelta(days=30)
MOST = 10_000
"""Writes that wait for one site."""
MOST_BODY = 2 * 2**20


@dataclass(frozen=True)
class Letter:
    """A write as it is sent to its site.

    Attributes
    ----------
    key
        The idempotency key that it is sent under, whenever and however often.
    rights, project
        What a token narrowed the rights of whoever asked to; None where none did.
    """

    site: str
    by: str
    key: str
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes = field(repr=False)
    rights: tuple[str, ...] | None = None
    project: str | None = None
    id: str = ""
    attempts: int = 0


class Outbox:
    """Keeps writes until they are delivered, and what became of them for a month.

    Parameters
    ----------
    database
        The gateway's.
    key
        Its key: what is written may hold secrets, and is encrypted with one made from it.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._cipher = cipher(key, "outbox")

    def put(self, letter: Letter) -> Waiting:
        """Keep a write; one that came before under its key is told of as it stands.

        Raises
        ------
        LimitExceeded
            It is too large, or too many wait.
        """
        if len(letter.body) > MOST_BODY:
            raise LimitExceeded("what is sent is too large to wait for its site.")
        body = base64.b64encode(letter.body).decode("ascii")
        told = {
            "query": letter.query,
            "headers": letter.headers,
            "body": body,
            "rights": letter.rights,
            "project": letter.project,
        }
        row = OutboxRow(
            id=new_id("out"),
            site=letter.site,
            by=letter.by,
            key=letter.key,
            state="waiting",
            method=letter.method,
            path=letter.path,
            sealed=self._cipher.encrypt(json.dumps(told).encode()),
            created=now().astimezone(UTC),
            attempts=0,
        )
        try:
            with self._database.session() as session:
                mine = (OutboxRow.site == letter.site) & (OutboxRow.state == "waiting")
                count = session.scalar(select(func.count()).where(mine)) or 0
                if count >= MOST:
                    raise LimitExceeded(f"{MOST} writes wait for site {letter.site} already.")
                session.add(row)
                session.flush()
                return _waiting(row, None)
        except IntegrityError:
            known = (OutboxRow.by == letter.by) & (OutboxRow.key == letter.key)
            with self._database.session() as session:
                found = session.scalars(select(OutboxRow).where(known)).one()
                return _waiting(found, self._answer(found))

    def next(self, site: str) -> Letter | None:
        """Return the oldest write that waits for a site; what waited too long is dropped."""
        at = now().astimezone(UTC)
        mine = (OutboxRow.site == site) & (OutboxRow.state == "waiting")
        with self._database.session() as session:
            session.execute(
                update(OutboxRow)
                .where(mine, OutboxRow.created < at - LONGEST)
                .values(state="dropped", ended=at)
            )
            session.execute(delete(OutboxRow).where(OutboxRow.ended < at - _TOLD))
            row = session.scalars(
                select(OutboxRow).where(mine).order_by(OutboxRow.id).limit(1)
            ).one_or_none()
            if row is None:
                return None
            row.attempts += 1
            told = json.loads(self._cipher.decrypt(row.sealed))
            return Letter(
                site=row.site,
                by=row.by,
                key=row.key,
                method=row.method,
                path=row.path,
                query=told["query"],
                headers=tuple((name, value) for name, value in told["headers"]),
                body=base64.b64decode(told["body"]),
                rights=None if told["rights"] is None else tuple(told["rights"]),
                project=told["project"],
                id=row.id,
                attempts=row.attempts,
            )

    def done(self, entry: str, status: int, answer: bytes) -> None:
        """Keep what a site answered."""
        with self._database.session() as session:
            row = session.get(OutboxRow, entry)
            if row is not None:
                row.state, row.status, row.ended = "done", status, now().astimezone(UTC)
                row.answer = self._cipher.encrypt(answer)
                row.sealed = b""

    def drop(self, entry: str, by: str | None) -> None:
        """Let a write wait no longer; `by` None: whosever it is.

        Raises
        ------
        NotFound
            None such waits.
        """
        with self._database.session() as session:
            row = session.get(OutboxRow, entry)
            if row is None or (by is not None and row.by != by) or row.state != "waiting":
                raise NotFound(f"nothing of the name {entry} waits.")
            row.state, row.ended, row.sealed = "dropped", now().astimezone(UTC), b""

    def get(self, entry: str, by: str | None) -> Waiting:
        """Return a write and what became of it; `by` None: whosever it is.

        Raises
        ------
        NotFound
            There is none.
        """
        with self._database.session() as session:
            row = session.get(OutboxRow, entry)
            if row is None or (by is not None and row.by != by):
                raise NotFound(f"there is no {entry} in the outbox.")
            return _waiting(row, self._answer(row))

    def list(
        self,
        by: str | None,
        *,
        site: str | None = None,
        before: str | None = None,
        limit: int | None = None,
    ) -> builtins.list[Waiting]:
        """Return writes, the newest first.

        Parameters
        ----------
        by
            Only those of this user.
        before
            Only those older than this one: the next page.
        """
        query = select(OutboxRow).order_by(OutboxRow.id.desc()).limit(limit)
        if by is not None:
            query = query.where(OutboxRow.by == by)
        if site is not None:
            query = query.where(OutboxRow.site == site)
        if before is not None:
            query = query.where(OutboxRow.id < before)
        with self._database.session() as session:
            return [_waiting(row, self._answer(row)) for row in session.scalars(query)]

    def _answer(self, row: OutboxRow) -> Any:
        if row.answer is None:
            return None
        told = self._cipher.decrypt(row.answer)
        try:
            return json.loads(told)
        except ValueError:
            return None


def _waiting(row: OutboxRow, answer: Any) -> Waiting:
    fields: Mapping[str, Any] = {
        name: getattr(row, name)
        for name in ("id", "site", "by", "method", "path", "state", "attempts", "status")
    }
    ended = None if row.ended is None else utc(row.ended)
    return Waiting(**fields, created=utc(row.created), ended=ended, answer=answer)
