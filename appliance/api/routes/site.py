"""The site: what answers here, its time, and what its roles may."""

from __future__ import annotations

from fastapi import APIRouter

from appliance import __version__
from appliance.access.roles import SITE_RIGHTS, rights_of
from appliance.api.guard import TheSite
from appliance.api.needs import someone
from appliance.api.router import make_router
from appliance.core.clock import now
from appliance.schemas.access import Right, Role
from appliance.schemas.site import SiteFacts

router: APIRouter = make_router("site")


@router.get("/site", summary="Show the site", **someone())
def get_site(site: TheSite) -> SiteFacts:
    """Return what answers here: name, version, time, and the rights of each role."""
    settings = site.settings
    return SiteFacts(
        name=settings.name,
        version=__version__,
        timezone=settings.timezone,
        language=settings.language,
        time=now(),
        port=settings.port,
        false_alarms_per_month=settings.false_alarms_per_month,
        max_upload_bytes=settings.max_upload_bytes,
        roles={role: _in_order(rights_of(role)) for role in Role},
        gateway=settings.gateway,
        site_rights=_in_order(SITE_RIGHTS),
    )


def _in_order(rights: frozenset[Right]) -> tuple[Right, ...]:
    return tuple(right for right in Right if right in rights)
