"""Who asks: by token, by a login of their own, or nobody yet.  Secrets show in no `repr`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from appliance.client.request import Request


@dataclass(frozen=True)
class ByToken:
    """A program, or a user's script."""

    secret: str = field(repr=False)


@dataclass(frozen=True)
class ByLogin:
    """A user with a password: a session is opened at the first request."""

    user: str
    password: str = field(repr=False)

    def request(self) -> Request:
        """Return the request that opens a session."""
        return Request("POST", "/session", json={"user": self.user, "password": self.password})


@dataclass(frozen=True)
class Nobody:
    """Whoever has not said who they are."""


Identity: TypeAlias = ByToken | ByLogin | Nobody
