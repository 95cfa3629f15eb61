"""Lives of a fleet's machines, and what was learned from those that failed."""

from __future__ import annotations

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.router import make_router
from appliance.pipelines.life_models import forget_lives
from appliance.pipelines.lives import lives
from appliance.schemas.access import Right
from appliance.schemas.life import Lives

router = make_router("lives")


@router.get("/fleets/{fleet}/lives", summary="Lives of assets", **needs(Right.READ, Over.FLEET))
def get_lives(fleet: str, site: TheSite) -> Lives:
    """Return the lives that ended in a failure, and what was learned from them.

    The job ``learn_lives`` learns from them anew.
    """
    return lives(site, fleet)


@router.delete(
    "/fleets/{fleet}/lives",
    status_code=204,
    summary="Forget what lives taught",
    **needs(Right.DELETE, Over.FLEET),
)
def delete_lives(fleet: str, site: TheSite, person: Caller) -> None:
    """Let go what was learned: health is carried on again.  Failures told of stay."""
    forget_lives(site, fleet, person)
