"""The Secret that all roles of a site in a cluster share: made once, only ever added to.

It has a key for each file of a home's folder ``secrets``, and keys for what the chart asks for
beside them.  Whoever makes it (the installer by kubectl, the chart's own job by the API of
Kubernetes) goes by `ensure`, so that two who do so at once end with the same Secret.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from appliance.access.secrets import new_password
from appliance.core.errors import StorageError, TryAgain
from appliance.machine.roles import placing

ADMIN_PASSWORD = "admin-password"  # noqa: S105 - a key's name
DATABASE_URL = "database-url"
REGISTRY_URL = "registry-url"
POSTGRES_PASSWORD = "postgres-password"  # noqa: S105 - a key's name
S3_KEY = "s3-access-key"
S3_SECRET = "s3-secret-key"  # noqa: S105 - a key's name
RAY_TOKEN, KUBERAY_TOKEN = "ray.token", "auth_token"
"""Two keys of one token: KubeRay asks for it by the second name and no other."""
_DATABASE, _REGISTRY, _OWNER = "kizashi", "kizashi_registry", "kizashi"
_TRIES = 5


@dataclass(frozen=True)
class Wanted:
    """Which keys a site needs beside its files.

    Attributes
    ----------
    postgres
        Host and port of a PostgreSQL that the chart brings; empty where it is others'.
    objects
        Whether the chart brings an object storage, which needs keys.
    """

    postgres: str = ""
    objects: bool = False


class Keeper(Protocol):
    """Whoever can read and write one Secret."""

    def read(self) -> dict[str, Any] | None:
        """Return the Secret; None if there is none."""

    def create(self, data: Mapping[str, str]) -> bool:
        """Make it of values in base64; return False if somebody else was first."""

    def replace(self, found: dict[str, Any]) -> bool:
        """Write it as it was read but for its data; False if it was changed since."""


def ensure(keeper: Keeper, wanted: Wanted) -> tuple[str, ...]:
    """See that a Secret has all that is wanted; what it has stays as it is.

    Returns
    -------
    tuple of str
        The keys that were added.

    Raises
    ------
    TryAgain
        Others write to it all the time.
    """
    for _ in range(_TRIES):
        found = keeper.read()
        held: dict[str, str] = dict((found or {}).get("data") or {})
        made = {key: _sealed(value) for key, value in _missing(held, wanted).items()}
        if found is None:
            done = keeper.create(made)
        elif made:
            done = keeper.replace({**found, "data": {**held, **made}})
        else:
            return ()
        if done:
            return tuple(sorted(made))
    raise TryAgain("the site's Secret is being written by others.", remedy="Repeat this.")


def put(keeper: Keeper, values: Mapping[str, bytes]) -> None:
    """Write values over those of a Secret that is there.

    Raises
    ------
    StorageError
        There is none.
    TryAgain
        Others write to it all the time.
    """
    for _ in range(_TRIES):
        found = keeper.read()
        if found is None:
            raise StorageError("the site's Secret is gone.", remedy="Run `kizashi cluster up`.")
        data = {**(found.get("data") or {}), **{k: _sealed(v) for k, v in values.items()}}
        if keeper.replace({**found, "data": data}):
            return
    raise TryAgain("the site's Secret is being written by others.", remedy="Repeat this.")


def value(found: Mapping[str, Any] | None, key: str) -> str:
    """Return one value of a Secret; empty if it has none.

    Raises
    ------
    StorageError
        It is damaged.
    """
    sealed = ((found or {}).get("data") or {}).get(key, "")
    try:
        return base64.b64decode(sealed, validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise StorageError(f"the key {key} of the site's Secret is damaged.") from error


def manifest(
    name: str, namespace: str, labels: Mapping[str, str], data: Mapping[str, str]
) -> dict[str, Any]:
    """Return a Secret as Kubernetes is told of it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": name, "namespace": namespace, "labels": dict(labels)},
        "data": dict(data),
    }


def _missing(held: Mapping[str, str], wanted: Wanted) -> dict[str, bytes]:
    """Return new values for what is wanted and not held."""
    made: dict[str, bytes] = {}
    if not set(placing.SHARED) <= set(held):
        made |= _files(held)
    if KUBERAY_TOKEN not in held:
        token = made.get(RAY_TOKEN) or value({"data": held}, RAY_TOKEN).encode()
        made[KUBERAY_TOKEN] = token
    random: dict[str, Callable[[], str]] = {ADMIN_PASSWORD: new_password}
    if wanted.postgres:
        random[POSTGRES_PASSWORD] = secrets.token_hex
    if wanted.objects:
        random |= {S3_KEY: lambda: secrets.token_hex(10), S3_SECRET: secrets.token_hex}
    made |= {key: make().encode() for key, make in random.items() if key not in held}
    if wanted.postgres:
        password = made.get(POSTGRES_PASSWORD, b"").decode() or value(
            {"data": held}, POSTGRES_PASSWORD
        )
        for key, name in ((DATABASE_URL, _DATABASE), (REGISTRY_URL, _REGISTRY)):
            if key not in held:
                made[key] = _url(password, wanted.postgres, name).encode()
    return made


def _files(held: Mapping[str, str]) -> dict[str, bytes]:
    """Make the files that are missing; the authority's certificate is of its key."""
    with tempfile.TemporaryDirectory(prefix="kizashi-") as place:
        folder = Path(place)
        for name in placing.SHARED:
            if name in held:
                (folder / name).write_bytes(base64.b64decode(held[name]))
        placing.make(folder)
        return {
            name: (folder / name).read_bytes() for name in placing.SHARED if name not in held
        }


def _url(password: str, address: str, database: str) -> str:
    return f"postgresql+psycopg://{_OWNER}:{quote(password, safe='')}@{address}/{database}"


def _sealed(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
