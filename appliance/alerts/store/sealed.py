"""Secrets of channels, encrypted with the site's key."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from pydantic import SecretStr

from appliance.core.errors import StorageError
from appliance.schemas.alert import Email, Target, Webhook

_SECRETS = {"email": ("password",), "webhook": ("authorization", "secret")}


class Seal:
    """Seals secrets, and opens what it sealed.

    Parameters
    ----------
    key
        The site's.
    """

    def __init__(self, key: bytes) -> None:
        derived = hmac.new(key, b"channel secrets", hashlib.sha256).digest()
        self._cipher = Fernet(base64.urlsafe_b64encode(derived))

    def close(self, secrets: dict[str, str]) -> bytes | None:
        """Return secrets as they may be kept; None if there are none."""
        return self._cipher.encrypt(json.dumps(secrets).encode()) if secrets else None

    def open(self, sealed: bytes | None) -> dict[str, str]:
        """Return what was sealed.

        Raises
        ------
        StorageError
            It was sealed by another site.
        """
        if sealed is None:
            return {}
        try:
            told: dict[str, str] = json.loads(self._cipher.decrypt(sealed))
        except InvalidToken as error:
            raise StorageError(
                "the secrets of a channel were sealed with another site's key.",
                remedy="Give them anew: edit the channel.",
            ) from error
        return told


def parted(target: Target) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what may be told of a target, and its secrets."""
    names = _SECRETS[target.kind]
    secrets = {name: getattr(target, name) for name in names}
    plain = target.model_dump(mode="json", exclude=set(names))
    return plain, {
        name: value.get_secret_value()
        for name, value in secrets.items()
        if isinstance(value, SecretStr) and value.get_secret_value()
    }


def joined(plain: dict[str, Any], secrets: dict[str, str]) -> Target:
    """Return a target with its secrets."""
    known = {name: secrets[name] for name in _SECRETS[plain["kind"]] if name in secrets}
    made = Email if plain["kind"] == "email" else Webhook
    return made.model_validate({**plain, **known})
