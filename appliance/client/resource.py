"""What all nouns of the client share."""

from __future__ import annotations

from urllib.parse import quote

from pydantic import BaseModel

from appliance.client.line import Line
from appliance.client.request import Request


class Resource:
    """Something at the site that has verbs.

    Parameters
    ----------
    line
        The line to the site.
    """

    def __init__(self, line: Line) -> None:
        self._line = line

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._line.url}>"


def at(*parts: str | int) -> str:
    """Return a path of these parts, whatever characters a name has."""
    return "".join(f"/{quote(str(part), safe='')}" for part in parts)


def plain(draft: BaseModel) -> object:
    """Return a wire model as JSON data, without what was not said."""
    return draft.model_dump(mode="json", exclude_unset=True)


def edit(method: str, path: str, value: object, revision: int | None) -> Request:
    """Return a change of something; of the revision that was seen, if one is said."""
    headers = {} if revision is None else {"If-Match": f'"{revision}"'}
    return Request(method, path, json=value, headers=headers)
