"""Tokens that `kizashi login` keeps: one an address, readable by their owner only."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from appliance.core.errors import InvalidRequest, StorageError
from appliance.core.ids import new_id

_FOLDER = "~/.config/kizashi"


@dataclass(frozen=True)
class Credential:
    """What is kept of a site.

    Attributes
    ----------
    id
        The token's identifier, to revoke it by.
    ca
        File of the authority that signed the site's certificate.
    """

    url: str
    user: str
    id: str
    token: str = field(repr=False)
    ca: str | None = None


_KEPT = TypeAdapter(dict[str, Credential])


def path() -> Path:
    """Return where they are kept."""
    return Path(_FOLDER).expanduser() / "credentials"


def find(url: str) -> Credential | None:
    """Return what is kept of a site, if anything is."""
    try:
        return _read().get(url)
    except RuntimeError:
        return None  # whoever asks has no home


def from_environment(url: str) -> str | None:
    """Return the token of ``KIZASHI_TOKEN``, unless ``KIZASHI_URL`` names another site."""
    named = os.environ.get("KIZASHI_URL", url)  # noqa: TID251 - of this shell, not of a site
    mine = named.rstrip("/") == url.rstrip("/")
    return _told() if mine else None


def of_environment(url: str) -> str | None:
    """Return the token that the environment holds, if ``KIZASHI_URL`` names this very site."""
    named = os.environ.get("KIZASHI_URL", "")  # noqa: TID251 - of this program, not of a site
    return _told() if named and named.rstrip("/") == url.rstrip("/") else None


def site_of_environment() -> str:
    """Return the site that ``KIZASHI_URL`` names.

    Raises
    ------
    InvalidRequest
        It names none.
    """
    named = os.environ.get("KIZASHI_URL", "")  # noqa: TID251 - of this program, not of a site
    if not named:
        raise InvalidRequest(
            "it is not said which site to connect to.",
            remedy='Give it, such as connect("https://plant:8443"), or set KIZASHI_URL.',
        )
    return named


def _told() -> str | None:
    """Return the token of the environment, or of the file that it names."""
    told = os.environ.get("KIZASHI_TOKEN")  # noqa: TID251 - a secret
    file = os.environ.get("KIZASHI_TOKEN_FILE")  # noqa: TID251 - the place of one
    if told or not file:
        return told
    try:
        return Path(file).read_text("ascii").strip() or None
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            f"the token file {file} cannot be read: {error}.",
            remedy="Correct KIZASHI_TOKEN_FILE, or unset it.",
        ) from error


def keep(credential: Credential) -> None:
    """Keep a token, in place of an earlier one of the same site."""
    _write({**_read(), credential.url: credential})


def forget(url: str) -> None:
    """Keep nothing of a site."""
    _write({known: kept for known, kept in _read().items() if known != url})


def _read() -> dict[str, Credential]:
    try:
        return _KEPT.validate_json(path().read_bytes())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise _unusable(str(error.strerror)) from error
    except ValidationError as error:
        raise _unusable("it is damaged") from error


def _write(kept: dict[str, Credential]) -> None:
    target = path()
    draft = target.with_name(f".{new_id('draft')}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(_KEPT.dump_json(kept, indent=2))
        draft.replace(target)
    except OSError as error:
        raise _unusable(str(error.strerror)) from error


def _unusable(why: str) -> StorageError:
    return StorageError(
        f"{path()} cannot be used: {why}.", remedy="Delete it, then `kizashi login` again."
    )
