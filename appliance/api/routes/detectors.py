"""The detectors that recipes can name."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import Field

from appliance.api.needs import someone
from appliance.api.paging import Cursor, Limit, Page, only_key, page
from appliance.api.router import make_router
from appliance.schemas.base import Schema
from detectors import catalog

router = make_router("detectors")


class DetectorTold(Schema):
    """One detector.

    Attributes
    ----------
    tags
        What it can do.
    parameters
        JSON Schema of its parameters, with defaults and descriptions.
    """

    name: str = Field(examples=["mahalanobis"])
    summary: str = Field(examples=["Robust Mahalanobis distance."])
    tags: dict[str, Any] = Field(examples=[{"multivariate": True}])
    parameters: dict[str, Any] = Field(examples=[{"type": "object", "properties": {}}])


@router.get("/detectors", summary="List detectors", **someone())
def list_detectors(limit: Limit = 100, cursor: Cursor = None) -> Page[DetectorTold]:
    """Return detectors by name, each with the schema of its parameters."""
    after = only_key(cursor, str) or ""
    names = sorted(name for name in catalog.names() if name > after)[: limit + 1]
    return page([_told(name) for name in names], limit, lambda one: (one.name,))


@lru_cache(maxsize=256)
def _told(name: str) -> DetectorTold:
    return DetectorTold(**catalog.describe(name).as_json())
