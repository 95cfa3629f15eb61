"""What options say, checked."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from appliance.core.errors import InvalidRequest

_Word = TypeVar("_Word", bound=StrEnum)
_Model = TypeVar("_Model", bound=BaseModel)


def one_of(kind: type[_Word], text: str, option: str = "") -> _Word:
    """Return the member of this name.

    Raises
    ------
    InvalidRequest
        There is none.
    """
    if text not in set(kind):
        what = option or kind.__name__.lower()
        wrong = f"{option} {text}: it is none." if option else f"{text!r} is no {what}."
        raise InvalidRequest(wrong, remedy=f"One of: {', '.join(kind)}.")
    return kind(text)


def fitted(kind: type[_Model], values: dict[str, Any], what: str) -> _Model:
    """Return values as a wire model.

    Raises
    ------
    InvalidRequest
        One of them cannot be used.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(f"the {what}'s {name} cannot be used: {first['msg']}.") from error
