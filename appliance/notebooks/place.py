"""What the web asks of the place where servers run: this machine, or pods of their own."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import quote

from appliance.access import Person

PREFIX = "/notebooks/"


def base_of(user: str) -> str:
    """Return the address below which somebody's server answers."""
    return f"{PREFIX}{quote(user, safe='@+')}/"


class Stage(StrEnum):
    """How far a server is that does not answer yet."""

    STARTS = "starting"
    ROOM = "room"
    """No node has room for it so far."""
    FETCHED = "fetched"
    """Its node prepares it, which may have to fetch the image and the volume first."""


class Server(Protocol):
    """A server that runs, as far as requests are handed on to it."""

    @property
    def owner(self) -> Person:
        """Whose it is."""

    @property
    def base(self) -> str:
        """Address below which it answers, such as ``/notebooks/ana/``."""

    @property
    def secret(self) -> str:
        """What the gate shows it."""

    @property
    def socket(self) -> Path | None:
        """Where it listens on this machine; None where it has an address."""

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port where it listens; None where it has a socket."""

    def touch(self) -> None:
        """Note that somebody does something in it."""


class Place(Protocol):
    """Where servers run."""

    def open(self, person: Person) -> Server | Stage:
        """Return somebody's server once it answers; how far it is until then.

        Raises
        ------
        Forbidden
            They may not run code here.
        LimitExceeded
            There are as many servers as there may be.
        OperatorError
            It could not be started, or ended before it answered; the next call starts another.
        """

    def find(self, person: Person, owner: str) -> Server | None:
        """Return the server of an owner for somebody who asks for it; None if none runs.

        Raises
        ------
        Forbidden
            It is not theirs, or they may not run code (any more).
        """

    def __enter__(self) -> Self:
        """Begin to look after the servers."""

    def __exit__(self, *_: object) -> None:
        """End, with what this process alone has."""
