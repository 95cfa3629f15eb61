"""Frames: what goes over the line between a site and its gateway.  Pure.

A frame is one message of a websocket: a byte that says what it is, four bytes that name the
exchange it belongs to, and what it holds.  Heads are JSON, data are bytes as they are.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from appliance.core.errors import LinkError

MOST_DATA = 64 * 2**10
"""Bytes that one frame holds at most."""
_HEAD = struct.Struct(">BI")
_CREDIT = struct.Struct(">I")
MOST_FRAME = _HEAD.size + MOST_DATA


class Kind(IntEnum):
    """What a frame is."""

    HELLO = 1
    """Who is at the other end, as JSON; of no exchange."""
    OPEN = 2
    """The head of a request, as JSON."""
    HEAD = 3
    """The head of its answer, as JSON."""
    DATA = 4
    """A part of a body; more follows."""
    LAST = 5
    """The last part of a body, which may be empty."""
    RESET = 6
    """The exchange ends here, and why, as text."""
    CREDIT = 7
    """So many more bytes may be sent."""


@dataclass(frozen=True)
class Frame:
    """One frame.

    Attributes
    ----------
    exchange
        Number of the request and its answer; 0 for none.
    """

    kind: Kind
    exchange: int
    data: bytes = field(default=b"", repr=False)

    def told(self) -> dict[str, Any]:
        """Return the JSON object that it holds.

        Raises
        ------
        LinkError
            It holds none.
        """
        try:
            found = json.loads(self.data)
        except (ValueError, RecursionError) as error:
            raise _garbled("a head is no JSON") from error
        if not isinstance(found, dict):
            raise _garbled("a head is no object")
        return found

    def credit(self) -> int:
        """Return the bytes that it lets be sent.

        Raises
        ------
        LinkError
            It says none.
        """
        if len(self.data) != _CREDIT.size:
            raise _garbled("a credit has four bytes")
        return int(_CREDIT.unpack(self.data)[0])


def encode(kind: Kind, exchange: int, data: bytes = b"") -> bytes:
    """Return a frame as bytes.

    Raises
    ------
    LinkError
        It holds more than a frame may.
    """
    if len(data) > MOST_DATA:
        raise LinkError(f"a frame holds {len(data)} bytes, more than {MOST_DATA}.")
    return _HEAD.pack(kind, exchange) + data


def head(kind: Kind, exchange: int, told: Mapping[str, Any]) -> bytes:
    """Return a frame that holds JSON."""
    return encode(kind, exchange, json.dumps(told, separators=(",", ":")).encode())


def credit(exchange: int, size: int) -> bytes:
    """Return a frame that lets the other end send so many bytes more."""
    return encode(Kind.CREDIT, exchange, _CREDIT.pack(size))


def decode(message: bytes) -> Frame:
    """Return what came.

    Raises
    ------
    LinkError
        It is no frame.
    """
    if not _HEAD.size <= len(message) <= MOST_FRAME:
        raise _garbled(f"a frame has {_HEAD.size} to {MOST_FRAME} bytes, not {len(message)}")
    kind, exchange = _HEAD.unpack_from(message)
    try:
        return Frame(Kind(kind), exchange, message[_HEAD.size :])
    except ValueError as error:
        raise _garbled(f"there is no kind {kind} of frame") from error


def _garbled(why: str) -> LinkError:
    return LinkError(f"the other end of the line is not understood: {why}.")
