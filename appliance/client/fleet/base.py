"""What all verbs of a fleet share."""

from __future__ import annotations

from typing_extensions import override

from appliance.client.line import Line
from appliance.client.resource import Resource, at
from appliance.schemas.base import fleet_anywhere


class FleetBase(Resource):
    """One fleet of the site.

    Attributes
    ----------
    name
        The fleet's.
    """

    def __init__(self, line: Line, name: str) -> None:
        super().__init__(line)
        self.name = fleet_anywhere(name)

    @override
    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name} of {self._line.url}>"

    def _at(self, *parts: str | int) -> str:
        return at("fleets", self.name, *parts)
