"""Names that may be given: few characters, so that no two look alike or do harm elsewhere."""

from __future__ import annotations

import re

from appliance.core.errors import InvalidRequest, NotFound

_USER = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,99}")
_PROJECT = re.compile(r"(?=.{1,63}$)[a-z0-9][a-z0-9_-]*(@[a-z0-9][a-z0-9-]{0,30})?")
_IDENTIFIER = re.compile(r"[a-z0-9_]{1,40}")
_LABEL_LENGTH = 100
_ORIGIN_LENGTH = 200


def folded(text: str) -> str:
    """Return a user's name as it would be kept if it is one: in small letters."""
    return text.strip().lower() if text.isascii() else text


def is_user_name(name: str) -> bool:
    """Whether a folded name may be a user's."""
    return _USER.fullmatch(name) is not None


def user_name(text: str) -> str:
    """Return a user's name as it is kept.

    Raises
    ------
    InvalidRequest
        It cannot be one.
    """
    name = folded(text)
    if not is_user_name(name):
        raise InvalidRequest(
            f"{shown(text)} is no name for a user.",
            remedy="Use letters a-z, digits and . _ @ + -, at most 100 of them.",
        )
    return name


def project_name(text: str) -> str:
    """Return a project's name.

    Raises
    ------
    InvalidRequest
        It cannot be one.
    """
    name = text.strip()
    if not _PROJECT.fullmatch(name):
        raise InvalidRequest(
            f"{shown(text)} is no name for a project.",
            remedy="Use small letters, digits, - and _, at most 63 of them.",
        )
    return name


def identifier(text: str, noun: str) -> str:
    """Return the identifier of a token or session; what cannot be one is not looked up.

    Raises
    ------
    NotFound
        It cannot be one.
    """
    if not _IDENTIFIER.fullmatch(text):
        raise NotFound(f"there is no {noun} {shown(text)}.")
    return text


def label(text: str) -> str:
    """Return what a token is for, in anybody's words, kept as they are.

    Raises
    ------
    InvalidRequest
        It is empty, too long, or holds characters that cannot be seen.
    """
    words = text.strip()
    if not words or len(words) > _LABEL_LENGTH or not words.isprintable():
        raise InvalidRequest(
            f"{shown(text)} cannot be a token's label.",
            remedy=f"Use 1 to {_LABEL_LENGTH} characters that can be seen.",
        )
    return words


def origin(text: str) -> str:
    """Return where a request came from, fit to be kept: it is the requester's word."""
    return plain(text)[:_ORIGIN_LENGTH]


def shown(text: str) -> str:
    """Return what somebody gave, fit to be said in a message."""
    short = text if len(text) <= _LABEL_LENGTH else f"{text[:_LABEL_LENGTH]}…"
    return f"'{plain(short)}'"


def plain(text: str) -> str:
    """Return a text with what cannot be seen written as escapes."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii")
        for letter in text
    )
