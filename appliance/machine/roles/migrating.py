"""The databases of a site brought to this version, before its roles begin."""

from __future__ import annotations

from appliance.access import shell
from appliance.core.locks import alone
from appliance.core.settings import Settings
from appliance.machine.first import ADMIN, first_admin
from appliance.machine.roles import placing, waiting
from appliance.pipelines.site import Site
from appliance.registry.mirror import prepare

PASSWORD_FILE = "admin-password"  # noqa: S105 - a file's name


def migrate(settings: Settings) -> str | None:
    """Bring the site's databases to this version; safe to repeat, and to run twice at once.

    Returns
    -------
    str or None
        Name of the first admin if one was made, with the password of the site's secrets.

    Raises
    ------
    InvalidRequest, StorageError
        As of `begin.become`, or a database is of a newer version.
    """
    placing.place(settings.home, settings.secrets_from)
    waiting.wait_for(settings.database, "database")
    site = Site(settings)
    try:
        with alone(site.database, settings.home, "registry", wait=True):
            waiting.wait_for(settings.registry, "database of the registry")
            prepare(settings.registry)
            return _first(site)
    finally:
        site.close()


def _first(site: Site) -> str | None:
    path = site.settings.home / "secrets" / PASSWORD_FILE
    try:
        password = path.read_text("utf-8").strip()
    except FileNotFoundError:
        return None
    made = first_admin(site, shell("migrate"), password)
    return ADMIN if made else None
