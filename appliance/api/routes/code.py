"""Code of the site's own people: registered by those who may; never imported here."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Path, Query, Response

from appliance.api.guard import Caller, TheSite
from appliance.api.needs import Over, needs
from appliance.api.paging import Page
from appliance.api.problems import responses
from appliance.api.router import make_router
from appliance.pipelines import own_code
from appliance.schemas.access import Right
from appliance.schemas.own import Code
from appliance.steps.packing import MOST_BYTES

router = make_router("code")

Name = Annotated[str, Path(max_length=63, description="Name of the code.")]
Version = Annotated[str | None, Query(max_length=40, description="The last one if not said.")]
FileName = Annotated[
    str,
    Query(
        min_length=5,
        max_length=300,
        pattern=r"^[^/\\\x00-\x1f]+\.(whl|ipynb)$",
        description="What it is called.",
    ),
]
Bytes = Annotated[bytes, Body(media_type="application/octet-stream", max_length=MOST_BYTES)]
_LARGE: dict[str, Any] = {"max_body_size": MOST_BYTES + 2**16}


@router.get("/code", summary="List code", **needs(Right.READ, Over.SOMEWHERE))
def list_code(site: TheSite) -> Page[Code]:
    """Return all code that is registered, by name, the newest version of each first."""
    return Page(items=tuple(site.code.list()))


@router.post(
    "/code",
    status_code=201,
    summary="Register code",
    responses=responses(409),
    **needs(Right.REGISTER_CODE, Over.SITE),
    **_LARGE,
)
def register_code(
    file: FileName,
    data: Bytes,
    response: Response,
    site: TheSite,
    person: Caller,
    version: Version = None,
) -> Code:
    """Register a wheel or a notebook, sent as it is.

    A process of its own, which knows nothing of the site's, tells the steps that a wheel holds.
    """
    made = own_code.register(site, person, file, data, version or "")
    response.headers["Location"] = f"/api/v1/code/{made.name}?version={made.version}"
    return made


@router.get("/code/{name}", summary="Tell code", **needs(Right.READ, Over.SOMEWHERE))
def get_code(name: Name, site: TheSite, version: Version = None) -> Code:
    """Return one version of registered code, with its steps."""
    return site.code.get(name, version)


@router.delete(
    "/code/{name}",
    status_code=204,
    summary="Remove code",
    **needs(Right.REGISTER_CODE, Over.SITE),
)
def remove_code(name: Name, site: TheSite, person: Caller, version: Version = None) -> None:
    """Remove a version, or all of a name if none is said."""
    site.code.remove(person, name, version)
