"""What a site says of itself."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import AwareDatetime, Field

from appliance.schemas.access import Right, Role
from appliance.schemas.base import Language, Schema


class SiteFacts(Schema):
    """One installation, as whoever it knows may see it.

    Attributes
    ----------
    timezone
        Times without one are read in it, and times are shown in it.
    time
        What its clock shows.
    max_upload_bytes
        Size of a file that may be sent.
    roles
        Rights of each role, in its project.
    site_rights
        Rights that belong to admins of the whole site alone.
    gateway
        Whether it is a gateway before many sites: `GET /sites` tells of them.
    """

    name: str = Field(examples=["Plant 1"])
    version: str = Field(examples=["0.2.0"])
    timezone: str = Field(examples=["Asia/Tokyo"])
    language: Language
    time: AwareDatetime = Field(examples=["2026-03-01T08:00:00Z"])
    port: int = Field(examples=[8443])
    false_alarms_per_month: float = Field(examples=[1.0])
    max_upload_bytes: int = Field(examples=[1_073_741_824])
    roles: Mapping[Role, tuple[Right, ...]] = Field(examples=[{"viewer": ["read"]}])
    gateway: bool = False
    site_rights: tuple[Right, ...] = Field(examples=[["manage_users", "operate"]])
