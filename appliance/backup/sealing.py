"""Secrets under a passphrase: scrypt makes the key, AES-GCM seals and proves them."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from appliance.core.errors import Forbidden, InvalidRequest, StorageError
from appliance.schemas.backup import SECRETS, SETTINGS, Backup, Sealed

COST = 2**17
"""Of scrypt: 128 MiB and a fraction of a second for each guess."""
SHORTEST = 12
_NONCE = 12
_KEY = 32


@dataclass(frozen=True)
class Passphrase:
    """What the secrets of a backup are encrypted with.

    Raises
    ------
    InvalidRequest
        It is too short to withstand guessing.
    """

    words: str
    cost: int = COST

    def __post_init__(self) -> None:
        if len(self.words) < SHORTEST:
            raise InvalidRequest(
                f"a passphrase of {len(self.words)} characters is too easily guessed.",
                remedy=f"Take at least {SHORTEST}; a few words are easy to remember.",
            )

    def __repr__(self) -> str:
        return "Passphrase(…)"

    def key(self, salt: bytes, cost: int) -> bytes:
        """Return the key for a salt."""
        return Scrypt(salt=salt, length=_KEY, n=cost, r=8, p=1).derive(self.words.encode())


def bound_to(backup: Backup) -> str:
    """Return what the secrets of a backup are bound to: all else that its manifest says."""
    return hashlib.sha256(backup.model_dump_json(exclude={"sealed"}).encode()).hexdigest()


def seal(
    files: Mapping[str, bytes], passphrase: Passphrase, bound: str
) -> tuple[bytes, str, int]:
    """Encrypt files.

    Parameters
    ----------
    files
        Content by path within the home.
    bound
        What they belong to: they open only beside the same.

    Returns
    -------
    bytes, str, int
        What to keep, the salt, and scrypt's cost.
    """
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(_NONCE)
    told = {path: base64.b64encode(content).decode() for path, content in files.items()}
    key = passphrase.key(salt, passphrase.cost)
    hidden = AESGCM(key).encrypt(nonce, json.dumps(told).encode(), bound.encode())
    return nonce + hidden, salt.hex(), passphrase.cost


def unseal(kept: bytes, sealed: Sealed, passphrase: Passphrase, bound: str) -> dict[str, bytes]:
    """Decrypt what `seal` gave.

    Raises
    ------
    Forbidden
        The passphrase is another, or the backup was changed since.
    StorageError
        It holds what no backup holds.
    """
    key = passphrase.key(bytes.fromhex(sealed.salt), sealed.cost)
    try:
        told = AESGCM(key).decrypt(kept[:_NONCE], kept[_NONCE:], bound.encode())
    except InvalidTag as error:
        raise Forbidden(
            "the passphrase does not open the secrets of this backup, or somebody changed it.",
            remedy="Give the passphrase that it was made with; without one, they are left out.",
        ) from error
    files = {path: base64.b64decode(text) for path, text in json.loads(told).items()}
    for path in files:
        parts = path.split("/")
        below = parts[0] == SECRETS and len(parts) > 1 and not {"", ".", ".."} & set(parts)
        if path != SETTINGS and not below:
            raise StorageError(f"the backup's secrets hold {path!r}, which is none.")
    return files
