"""Secrets that somebody entrusts to the site, encrypted with its key, each use with its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from cryptography.fernet import Fernet, InvalidToken
from pydantic import BaseModel, SecretStr

from appliance.core.errors import StorageError

_Model = TypeVar("_Model", bound=BaseModel)


def cipher(key: bytes, use: str) -> Fernet:
    """Return what encrypts for one use of the site's key: no other use can read it."""
    derived = hmac.new(key, use.encode(), hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(derived))


class Seal:
    """Seals secrets, and opens what it sealed.

    Parameters
    ----------
    key
        The site's.
    use
        What the secrets are for: what one use sealed no other opens.
    """

    def __init__(self, key: bytes, use: str) -> None:
        self._cipher = cipher(key, use)
        self._use = use

    def close(self, secrets: Mapping[str, str]) -> bytes | None:
        """Return secrets as they may be kept; None if there are none."""
        return self._cipher.encrypt(json.dumps(dict(secrets)).encode()) if secrets else None

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
                f"the {self._use} were sealed with another site's key.",
                remedy="Give them anew.",
            ) from error
        return told

    def kept(
        self,
        sealed: bytes | None,
        before: Mapping[str, Any],
        after: BaseModel,
        place: Sequence[str],
    ) -> dict[str, str]:
        """Return the secrets that stay when what they are for is changed.

        None stays where it would then go to another place than it was given for: whoever may
        change it is not to learn them by sending them to a server of their own.

        Parameters
        ----------
        sealed
            The secrets so far.
        before, after
            What they are for, as it was told and as it is to be.
        place
            Names of the fields that say where secrets go.
        """
        new = after.model_dump(mode="json")
        same = all(before.get(name) == new.get(name) for name in place)
        return self.open(sealed) if same else {}


def parted(model: BaseModel) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what may be told of a wire model, and its secrets: its fields of `SecretStr`."""
    names = secrets_of(type(model))
    given = {name: getattr(model, name) for name in names}
    return model.model_dump(mode="json", exclude=set(names)), {
        name: value.get_secret_value()
        for name, value in given.items()
        if isinstance(value, SecretStr) and value.get_secret_value()
    }


def joined(kind: type[_Model], plain: Mapping[str, Any], secrets: Mapping[str, str]) -> _Model:
    """Return a wire model with its secrets."""
    own = {name: secrets[name] for name in secrets_of(kind) if name in secrets}
    return kind.model_validate({**plain, **own})


def secrets_of(kind: type[BaseModel]) -> Sequence[str]:
    """Return the names of a wire model's fields that hold secrets."""
    return [
        name
        for name, field in kind.model_fields.items()
        if "SecretStr" in str(field.annotation)
    ]
