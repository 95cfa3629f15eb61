"""Idempotency keys and the answers that they were given."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.fernet import InvalidToken
from sqlalchemy import DateTime, LargeBinary, String, delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from appliance.core.clock import now
from appliance.core.db import Base, Database
from appliance.core.errors import InvalidRequest, TryAgain
from appliance.core.sealing import cipher


class IdempotencyRow(Base):
    """One key of one person; without an answer while the first request is on its way."""

    __tablename__ = "idempotency_keys"
    person: Mapped[str] = mapped_column(String(200), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    request: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)


@dataclass(frozen=True)
class Answer:
    """What a request was answered."""

    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False)


PASSED_ON = "gw_"
"""How the keys begin that a gateway sends, which may try for days after a line broke."""
PASSED_ON_KEPT = timedelta(days=30)
_UNANSWERED = timedelta(minutes=10)
"""A request without an answer for so long has died with its process."""


class KeyStore:
    """Keeps keys and answers.

    Parameters
    ----------
    database
        Where.
    key
        The site's; answers are encrypted with one made from it.
    clock
        What time it is.
    """

    def __init__(
        self, database: Database, key: bytes, clock: Callable[[], datetime] = now
    ) -> None:
        self._database = database
        self._cipher = cipher(key, "idempotency answers")
        self._clock = clock

    def claim(self, person: str, key: str, request: str, kept: timedelta) -> Answer | None:
        """Return the answer that a key was given; None for a new key, which is now taken.

        Raises
        ------
        InvalidRequest
            The key came with another request.
        TryAgain
            The first request is still being answered.
        """
        at = self._clock()
        with self._database.session() as session:
            passed_on = IdempotencyRow.key.startswith(PASSED_ON, autoescape=True)
            gone = (IdempotencyRow.at < at - kept) & ~passed_on
            gone |= IdempotencyRow.at < at - PASSED_ON_KEPT
            dead = IdempotencyRow.answer.is_(None) & (IdempotencyRow.at < at - _UNANSWERED)
            session.execute(delete(IdempotencyRow).where(gone | dead))
        try:
            with self._database.session() as session:
                session.add(
                    IdempotencyRow(person=person, key=key, request=request, at=at, answer=None)
                )
        except IntegrityError:
            return self._found(person, key, request)
        return None

    def _found(self, person: str, key: str, request: str) -> Answer:
        with self._database.session() as session:
            row = session.get(IdempotencyRow, (person, key))
            if row is None or (row.answer is None and row.request == request):
                raise TryAgain("the same request is being answered.")
            if row.request != request or row.answer is None:
                raise InvalidRequest(
                    "the idempotency key came with another request before.",
                    remedy="Make a new key for every request.",
                )
            return self._opened(row.answer)

    def _opened(self, sealed: bytes) -> Answer:
        try:
            told = json.loads(self._cipher.decrypt(sealed))
        except InvalidToken as error:
            raise InvalidRequest("the idempotency key was used before.") from error
        return Answer(told["status"], told["headers"], base64.b64decode(told["body"]))

    def keep(self, person: str, key: str, answer: Answer) -> None:
        """Keep what a key was answered."""
        body = base64.b64encode(answer.body).decode("ascii")
        told = {"status": answer.status, "headers": answer.headers, "body": body}
        sealed = self._cipher.encrypt(json.dumps(told).encode())
        with self._database.session() as session:
            row = session.get(IdempotencyRow, (person, key))
            if row is not None:
                row.answer = sealed

    def release(self, person: str, key: str) -> None:
        """Forget a key whose request was not answered for good: it may be sent again."""
        mine = (IdempotencyRow.person == person) & (IdempotencyRow.key == key)
        with self._database.session() as session:
            session.execute(delete(IdempotencyRow).where(mine))
