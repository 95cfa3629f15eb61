"""Keys and what is signed with them: who a site is, who asks, and whose a model is."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from appliance.core.errors import Forbidden, StorageError
from appliance.core.secrets import made_once
from appliance.schemas.access import Right, Role

_FILE = "link.key"
_LONGEST = 32 * 2**10
EVERYWHERE = "*"
"""Stands for all projects of a site."""


class Key:
    """An installation's own pair of keys.

    Parameters
    ----------
    private
        32 bytes.
    """

    def __init__(self, private: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(private)
        self.public = self._key.public_key().public_bytes_raw().hex()
        """What others know it by."""

    def sign(self, use: str, message: bytes) -> str:
        """Return a signature: of this use alone, whatever the message."""
        return base64.b64encode(self._key.sign(_framed(use, message))).decode("ascii")


def own_key(home: Path) -> Key:
    """Return the key of an installation, made at the first call with mode 0600.

    Raises
    ------
    StorageError
        It cannot be read or written.
    """
    path = home / "secrets" / _FILE
    try:
        kept = made_once(path, lambda: Ed25519PrivateKey.generate().private_bytes_raw())
        return Key(kept)
    except (OSError, ValueError) as error:
        raise StorageError(f"the key {path} cannot be used: {error}.") from error


def signed(public: str, use: str, message: bytes, signature: str) -> bool:
    """Whether the owner of a key signed a message for a use."""
    try:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        key.verify(base64.b64decode(signature, validate=True), _framed(use, message))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _framed(use: str, message: bytes) -> bytes:
    return b"kizashi " + use.encode() + b"\0" + message


@dataclass(frozen=True)
class Claim:
    """Who asks a site over its line, as the gateway says.

    Attributes
    ----------
    admin
        Whether they are an admin of the gateway.
    roles
        At this site, by project; `EVERYWHERE` for those of no other entry.
    rights
        What a token narrows all this to; None where none does.
    project
        The only one that the token is good for; None for all.
    until
        Seconds since 1970 at which it ends.
    """

    site: str
    user: str
    admin: bool
    roles: Mapping[str, Role]
    until: int
    rights: tuple[Right, ...] | None = None
    project: str | None = None

    def text(self, key: Key) -> str:
        """Return it signed."""
        told = {
            "site": self.site,
            "user": self.user,
            "admin": self.admin,
            "roles": dict(self.roles),
            "until": self.until,
            "rights": None if self.rights is None else sorted(self.rights),
            "project": self.project,
        }
        body = json.dumps(told, sort_keys=True, separators=(",", ":")).encode()
        return base64.b64encode(body).decode("ascii") + "." + key.sign("claim", body)


def read_claim(text: str, public: str, site: str, at: float) -> Claim:
    """Return what a gateway claims.

    Raises
    ------
    Forbidden
        It is not the gateway's, not for this site, or not any more.
    """
    body, _, signature = text[:_LONGEST].partition(".")
    try:
        raw = base64.b64decode(body, validate=True)
        if not signed(public, "claim", raw, signature):
            raise Forbidden("the gateway's word for who asks is not signed by it.")
        told: dict[str, Any] = json.loads(raw)
        roles = {str(name): Role(role) for name, role in told["roles"].items()}
        rights, project = told["rights"], told["project"]
        found = Claim(
            site=str(told["site"]),
            user=str(told["user"]),
            admin=told["admin"] is True,
            roles=roles,
            until=int(told["until"]),
            rights=None if rights is None else tuple(Right(one) for one in rights),
            project=None if project is None else str(project),
        )
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise Forbidden("the gateway's word for who asks cannot be read.") from error
    if found.site != site or found.until < at:
        raise Forbidden("the gateway's word for who asks holds elsewhere, or no longer.")
    return found
