"""What sites answered last: shown with its age while they are away."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography.fernet import InvalidToken
from sqlalchemy import delete

from appliance.core.clock import now
from appliance.core.db import Database, inserting, utc
from appliance.core.sealing import cipher
from appliance.gateway.hub import Asker
from appliance.gateway.store.tables import KeptRow

_MOST = 2**20
_MOST_NOTED = 10_000
_EVERY = timedelta(seconds=30)
_LONGEST = timedelta(days=30)


class Kept:
    """Keeps the last answers of sites, each for those who have the same rights there.

    Parameters
    ----------
    database
        The gateway's.
    key
        Its key: answers are encrypted with one made from it.
    """

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._cipher = cipher(key, "answers of sites")
        self._noted: dict[tuple[str, str], datetime] = {}

    def is_due(self, site: str, question: str) -> bool:
        """Whether an answer is to be kept now: of each question every half a minute."""
        at = now()
        last = self._noted.get((site, question))
        if last is not None and at - last < _EVERY:
            return False
        if len(self._noted) > _MOST_NOTED:
            self._noted.clear()
        self._noted[site, question] = at
        return True

    def keep(self, site: str, question: str, answer: bytes) -> None:
        """Keep an answer, unless it is too large."""
        if len(answer) > _MOST:
            return
        at = now()
        with self._database.session() as session:
            session.execute(delete(KeptRow).where(KeptRow.at < at.astimezone(UTC) - _LONGEST))
            sealed = self._cipher.encrypt(answer)
            told = {"at": at.astimezone(UTC), "answer": sealed}
            insert = inserting(session, KeptRow).values(site=site, question=question, **told)
            session.execute(
                insert.on_conflict_do_update(index_elements=["site", "question"], set_=told)
            )

    def find(self, site: str, question: str) -> tuple[bytes, datetime] | None:
        """Return the last answer and when it came; None if there is none."""
        with self._database.session() as session:
            row = session.get(KeptRow, (site, question))
            if row is None:
                return None
            try:
                return self._cipher.decrypt(row.answer), utc(row.at)
            except InvalidToken:
                return None


def question_of(who: Asker, path: str, query: str) -> str:
    """Return what an answer is kept under: the question, and the rights of who asked."""
    text = "\0".join((path, query, who.terms))
    return hashlib.sha256(text.encode()).hexdigest()
