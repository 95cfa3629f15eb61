"""Who asks a Jupyter server: whom the site's gate let through, and nobody else."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from jupyter_server.auth import Authorizer, IdentityProvider, User

from appliance.core.clock import monotonic
from appliance.notebooks.given import TokenHandler
from appliance.notebooks.headers import SECRET_HEADER, USE_HEADER, USER_HEADER


@dataclass
class _Kept:
    gate: str = ""
    owner: str = ""
    used: float = 0.0
    met: bool = False


_kept = _Kept()


def digest(secret: str) -> str:
    """Return what a server is told of the secret that the gate shows."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keep(gate: str, owner: str) -> None:
    """Keep by what the gate is known, a `digest`, and whose server this is."""
    _kept.gate, _kept.owner, _kept.used, _kept.met = gate, owner, monotonic(), False


def met() -> bool:
    """Whether the gate has asked for anything by now."""
    return _kept.met


def used() -> float:
    """Return when somebody last did something here, in seconds that never jump."""
    return _kept.used


class ByGate(IdentityProvider):  # type: ignore[misc]
    """Believes the gate, which knows sessions and rights; there is no other way in."""

    def get_user(self, handler: Any) -> User | None:
        """Return whom the gate names, None where it was not the gate that asks."""
        shown = handler.request.headers.get(SECRET_HEADER, "")
        if not _kept.gate or not hmac.compare_digest(digest(shown), _kept.gate):
            return None
        if USE_HEADER in handler.request.headers or not _kept.met:
            _kept.used, _kept.met = monotonic(), True
        name = handler.request.headers.get(USER_HEADER, "")
        return User(username=name, name=name, display_name=name) if name else None

    def get_handlers(self) -> list[tuple[str, object]]:
        """Return what is served beside Jupyter's own: where the gate gives the token."""
        return [*super().get_handlers(), (r"/api/kizashi/token", TokenHandler)]

    @property
    def auth_enabled(self) -> bool:
        """There is a login: the site's."""
        return True

    @property
    def login_available(self) -> bool:
        """Not on Jupyter's own page."""
        return False


class OwnerOnly(Authorizer):  # type: ignore[misc]
    """Lets the server's owner do everything, and nobody else anything."""

    def is_authorized(
        self,
        handler: Any,  # noqa: ARG002
        user: User,
        action: str,  # noqa: ARG002
        resource: str,  # noqa: ARG002
    ) -> bool:
        """Whether it is the owner."""
        return bool(user.username == _kept.owner)
