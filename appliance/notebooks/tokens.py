"""The token of a notebook server: its owner's, of short life, in a file that it alone reads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from appliance.access import Access, Person
from appliance.core.clock import now
from appliance.core.errors import KizashiError, NotFound
from appliance.core.log import get
from appliance.notebooks import tokenfile
from appliance.schemas.access import Right, Token

LIFE = timedelta(hours=12)
"""After half of it, another takes its place."""
RIGHTS = (
    Right.READ,
    Right.ANNOTATE,
    Right.SCORE,
    Right.TRAIN,
    Right.INGEST,
    Right.PROMOTE,
    Right.REGISTER_CODE,
)
"""What a notebook may do, if its owner may: never look after users, settings or deletion."""
_log = get(__name__)


def rights_of(person: Person) -> list[Right]:
    """Return what a notebook of somebody may do."""
    return [right for right in RIGHTS if person.may_somewhere(right)]


class ServerToken:
    """A token in a file, for as long as a server runs.

    Parameters
    ----------
    access
        Makes and ends tokens.
    person
        Whose it is.
    path
        Of the file.
    clock
        What time it is.
    """

    def __init__(
        self,
        access: Access,
        person: Person,
        path: Path,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._access = access
        self._person = person
        self._path = path
        self._clock = clock
        self._token: Token | None = None

    def renew(self) -> None:
        """Put a token into the file where none is, or the one there is half spent.

        Raises
        ------
        Forbidden
            The person may no longer.
        """
        last = self._token
        if last is not None and self._clock() < last.expires - LIFE / 2:
            return
        made = self._access.tokens.create(
            self._person, self._person.name, "notebook", rights_of(self._person), lifetime=LIFE
        )
        tokenfile.write(self._path, made.secret)
        self._token = made.token
        if last is not None:
            self._revoke(last)

    def end(self) -> None:
        """End the token."""
        if self._token is not None:
            self._revoke(self._token)
            self._token = None

    def _revoke(self, token: Token) -> None:
        try:
            self._access.tokens.revoke(self._person, token.id)
        except NotFound:
            return
        except KizashiError as error:
            _log.warning("token %s stays until it expires: %s", token.id, error)
