"""The token of a server in a pod, given to it through its gate and kept nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from appliance.access import Access, Person
from appliance.core.clock import now
from appliance.notebooks.place import Server
from appliance.notebooks.pods import wire
from appliance.notebooks.tokens import LIFE, rights_of
from appliance.schemas.access import Token

_LABEL = "notebook in a pod"
_MOST = 200


class PodTokens:
    """Tokens of all pods: what there is stands in the database, for every web pod the same.

    Parameters
    ----------
    access
        Makes and ends them.
    clock
        What time it is.
    """

    def __init__(self, access: Access, clock: Callable[[], datetime] = now) -> None:
        self._access = access
        self._clock = clock

    def renew(self, by: Person, server: Server) -> None:
        """Give a server a token where it has none, or its own is half spent.

        Raises
        ------
        Unreachable
            The server does not answer.
        Forbidden
            Its owner may not have one any more.
        """
        has = wire.token_of(server)
        held = self._held(by, server.owner.name)
        half = self._clock() + LIFE / 2
        if any(one.id == has and one.expires > half for one in held):
            return
        owner = server.owner
        made = self._access.tokens.create(
            by, owner.name, _LABEL, rights_of(owner), lifetime=LIFE
        )
        wire.give_token(server, made.token.id, made.secret)
        self._revoke(by, held)

    def end(self, by: Person, owner: str) -> None:
        """End the tokens of somebody whose pod is gone."""
        self._revoke(by, self._held(by, owner))

    def _held(self, by: Person, owner: str) -> list[Token]:
        found = self._access.tokens.list(by, owner, limit=_MOST)
        return [
            one
            for one in found
            if one.label == _LABEL and one.revoked is None and one.expires > self._clock()
        ]

    def _revoke(self, by: Person, held: list[Token]) -> None:
        for one in held:
            self._access.tokens.revoke(by, one.id)
