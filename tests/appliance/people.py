"""Who may log in to the sites of tests, by hashes that cost next to nothing."""

from __future__ import annotations

from appliance.access import Access, shell
from appliance.access.passwords import Passwords
from appliance.core.secrets import site_key
from appliance.pipelines.site import Site
from appliance.schemas.access import Role

PASSWORD = "a long enough passphrase 42"
ADMIN, STRANGER = "root", "stranger"
"""Who may everything, and who has no role anywhere."""
ME = shell("test")


def cheap_access(site: Site) -> Access:
    """Return who may what at a site; what is tested there is not how passwords are kept."""
    quick = Passwords(time_cost=1, memory_kib=8, lanes=1)
    return Access(site.database, site_key(site.settings.home), passwords=quick)


def add_people(access: Access) -> None:
    """Add an admin of the site, somebody of each role, and a stranger."""
    access.users.add(ME, ADMIN, PASSWORD, admin=True)
    for role in Role:
        access.users.add(ME, role.value, PASSWORD)
        access.users.grant(ME, role.value, "default", role)
    access.users.add(ME, STRANGER, PASSWORD)
