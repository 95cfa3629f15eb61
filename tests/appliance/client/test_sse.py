"""Server-sent events, whatever pieces they come in."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.client.sse import Message, Messages
from appliance.client.verbs import at_once

TEXT = (
    b": a comment\n\n"
    b"data: one\nid: 1\n\n"
    b"event: job\r\ndata: two\r\ndata: lines\r\n\r\n"
    b"data:no space \xe5\x85\x86\rid\rid: a\0b\r\r"
    b"event: nothing\n\n"
    b"retry: 5\nunknown: x\nno colon\ndata\n\n"
    b"data: cut off"
)
MESSAGES = [
    Message("message", "one", "1"),
    Message("job", "two\nlines", "1"),
    Message("message", "no space 兆", ""),
    Message("message", "", ""),
]


class Pieces:
    """A stream of the pieces given."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces: Iterator[bytes] = iter(pieces)

    async def next(self) -> bytes | None:
        return next(self._pieces, None)

    async def close(self) -> None:
        """Nothing to close."""


def read(pieces: list[bytes]) -> list[Message]:
    messages = Messages(Pieces(pieces))
    found = []
    while (message := at_once(messages.next())) is not None:
        found.append(message)
    return found


@given(st.lists(st.integers(0, len(TEXT)), max_size=12))
def test_in_any_pieces(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(TEXT)]
    assert read([TEXT[a:b] for a, b in pairwise(edges)]) == MESSAGES


@pytest.mark.parametrize("data", [b"", b"\n", b"data: x", b"\xff\xfe\n\n"])
def test_nothing_whole(data: bytes) -> None:
    assert read([data]) == []


def test_the_last_id_is_kept() -> None:
    messages = Messages(Pieces([b"data: x\n\n"]), "7")
    assert at_once(messages.next()) == Message("message", "x", "7")
    assert messages.last == "7"
