"""The first user of a site: an admin with a password that was made, never a known one."""

from __future__ import annotations

from appliance.access import Person
from appliance.access.secrets import new_password
from appliance.pipelines.site import Site

ADMIN = "admin"


def first_admin(site: Site, by: Person, password: str = "") -> str | None:
    """Make the first admin where there is no user yet; return the password, kept nowhere else.

    Parameters
    ----------
    by
        Whoever is at the machine.
    password
        What it is to be; one is made if not given.
    """
    if site.access.users.list(by):
        return None
    password = password or new_password()
    site.access.users.add(by, ADMIN, password, admin=True)
    return password
