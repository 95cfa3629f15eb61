"""How a provider is asked: the settings, and the secret that it knows this site by."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from appliance.access.groups import Groups
from appliance.core.errors import InvalidRequest
from appliance.core.settings import Settings

SECRET_FILE = "oidc-client-secret"  # noqa: S105 - a file's name


@dataclass(frozen=True)
class Terms:
    """What a site and its provider have agreed on.

    Attributes
    ----------
    secret
        None for a public client, which proves itself by PKCE alone.
    user_claim, groups_claim
        Where the provider tells a user's name and groups.
    make_users
        Whether whoever it vouches for becomes a user.
    """

    issuer: str
    client_id: str
    secret: str | None = field(repr=False)
    scopes: tuple[str, ...]
    user_claim: str
    groups_claim: str
    groups: Groups
    make_users: bool
    trust: ssl.SSLContext | None = field(default=None, repr=False)


def terms_of(settings: Settings) -> Terms | None:
    """Return the terms that settings tell; None if they name no provider.

    Raises
    ------
    InvalidRequest
        They cannot be used, or others may read the secret.
    """
    if not settings.oidc_issuer:
        return None
    require_safe(settings.oidc_issuer, "oidc_issuer")
    if not settings.oidc_client_id:
        raise InvalidRequest(
            "oidc_issuer is set, but not oidc_client_id.",
            remedy="Register this site with the identity provider and set what it is called.",
        )
    authority = settings.oidc_authority
    return Terms(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        secret=_secret(settings.home / "secrets" / SECRET_FILE),
        scopes=settings.oidc_scopes,
        user_claim=settings.oidc_user_claim,
        groups_claim=settings.oidc_groups_claim,
        groups=Groups(settings.oidc_roles),
        make_users=settings.oidc_make_users,
        trust=None if authority is None else _trust(authority),
    )


def require_safe(url: str, what: str) -> None:
    """Refuse an address that others could listen to on the way.

    Raises
    ------
    InvalidRequest
        It is no HTTPS, and not on this machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "https" and parts.hostname:
        return
    if parts.scheme == "http" and parts.hostname and _is_here(parts.hostname):
        return
    raise InvalidRequest(f"{what} {url!r} is no https:// address.")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _secret(path: Path) -> str | None:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{path} cannot be read: {error}.") from error
    if mode & 0o077:
        raise InvalidRequest(f"others may read {path}.", remedy=f"chmod 600 {path}")
    return text or None


def _trust(authority: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(authority))
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest(f"oidc_authority {authority} cannot be used: {error}.") from error
