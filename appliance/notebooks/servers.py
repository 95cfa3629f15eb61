"""All servers of a site's analysts: started when wanted, ended when nobody uses them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from json import loads
from pathlib import Path
from socket import AF_UNIX
from socket import socket as Socket  # noqa: N812
from typing import Self

from typing_extensions import override

from appliance.access import Access, Person
from appliance.core.clock import monotonic
from appliance.core.errors import Forbidden, KizashiError, LimitExceeded, OperatorError
from appliance.core.log import get
from appliance.notebooks.folders import folder_of
from appliance.notebooks.headers import SECRET_HEADER, USER_HEADER
from appliance.notebooks.place import Stage, base_of
from appliance.notebooks.running import Running, new_run, start
from appliance.notebooks.tokenfile import TOKEN
from appliance.notebooks.tokens import ServerToken
from appliance.schemas.access import Right

_START_SECONDS = 120.0
_LONGEST_LOOK = 30.0
_log = get(__name__)


@dataclass(frozen=True)
class Terms:
    """What a site allows.

    Attributes
    ----------
    home
        The site's.
    most
        Servers at once; none if 0.
    idle
        Seconds without use after which one ends.
    memory
        Bytes that each process of one may have for data; 0 for no bound.
    """

    home: Path
    most: int
    idle: float
    memory: int


class Servers:
    """The servers of one machine, which end with this process.

    Parameters
    ----------
    terms
        What the site allows.
    access
        Makes their tokens.
    api
        Gives the address of the API for what runs on this machine.
    """

    def __init__(self, terms: Terms, access: Access, api: Callable[[], str]) -> None:
        self._terms = terms
        self._access = access
        self._api = api
        self._lock = threading.Lock()
        self._running: dict[str, Running] = {}
        self._begun: dict[str, float] = {}
        self._ending = threading.Event()
        self._watch: threading.Thread | None = None

    # ------------------------------------------------------------------ asked for
    def open(self, person: Person) -> Running | Stage:
        """Return somebody's server once it answers; how far it is until then.

        Raises
        ------
        Forbidden
            They may not run code here.
        LimitExceeded
            There are as many servers as there may be.
        OperatorError
            It ended before it answered; the next call starts another.
        """
        person.require(Right.REGISTER_CODE)
        with self._lock:
            found = self._running.get(person.name)
            if found is None:
                self._start(person)
                return Stage.STARTS
        if not found.is_alive():
            words = found.last_words()
            self.end(person.name)
            raise OperatorError(f"the notebook server ended before it answered: {words}")
        if found.answers():
            found.touch()
            return found
        if monotonic() - self._begun[person.name] > _START_SECONDS:
            self.end(person.name)
            raise OperatorError(f"the notebook server did not start in {_START_SECONDS:g} s.")
        return Stage.STARTS

    def find(self, person: Person, owner: str) -> Running | None:
        """Return the server of an owner for somebody who asks for it; None if none runs.

        Raises
        ------
        Forbidden
            It is not theirs, or they may not run code (any more).
        """
        person.require(Right.REGISTER_CODE)
        if person.name != owner:
            raise Forbidden(f"these are the notebooks of {owner}.", remedy="Open your own.")
        with self._lock:
            found = self._running.get(owner)
        return found if found is not None and found.is_alive() else None

    def names(self) -> list[str]:
        """Return who has a server."""
        with self._lock:
            return sorted(self._running)

    def end(self, owner: str) -> None:
        """End somebody's server, if there is one."""
        with self._lock:
            found = self._running.pop(owner, None)
        if found is not None:
            found.end()

    def close(self) -> None:
        """End all."""
        self._ending.set()
        ends = [threading.Thread(target=self.end, args=(name,)) for name in self.names()]
        for one in ends:
            one.start()
        for one in ends:
            one.join()
        if self._watch is not None:
            self._watch.join(_LONGEST_LOOK)

    def __enter__(self) -> Self:
        """Nothing yet: who opens the first one begins to look after all."""
        return self

    def __exit__(self, *_: object) -> None:
        """End all."""
        self.close()

    # ------------------------------------------------------------------ inside
    def _start(self, person: Person) -> None:
        alive = sum(one.is_alive() for one in self._running.values())
        if alive >= self._terms.most:
            raise LimitExceeded(
                f"{alive} notebook servers run, and no more may.",
                remedy="Wait until one ends, or raise notebooks_at_once.",
            )
        terms = self._terms
        run = new_run()
        token = ServerToken(self._access, person, run / TOKEN)
        folder = folder_of(terms.home, person.name)
        told = (base_of(person.name), self._api(), terms.memory, terms.idle)
        try:
            self._running[person.name] = start(person, folder, run, token, told)
        except KizashiError:
            token.end()
            shutil.rmtree(run, ignore_errors=True)
            raise
        self._begun[person.name] = monotonic()
        if self._watch is None or not self._watch.is_alive():
            self._watch = threading.Thread(target=self._look, name="notebooks", daemon=True)
            self._watch.start()

    def _look(self) -> None:
        """Look after the servers until there is none any more."""
        while not self._ending.wait(min(_LONGEST_LOOK, self._terms.idle / 4)):
            for name in self.names():
                try:
                    self._look_at(name)
                except KizashiError as error:
                    _log.warning("the notebook server of %s is ended: %s", name, error)
                    self.end(name)
                except Exception:  # noqa: BLE001 - a watch that ended would end none any more
                    _log.exception("the notebook server of %s cannot be looked after", name)
            with self._lock:
                if not self._running:
                    self._watch = None
                    return

    def _look_at(self, name: str) -> None:
        with self._lock:
            one = self._running.get(name)
        if one is None:
            return
        if not one.is_alive():
            self.end(name)
            return
        one.token.renew()
        if monotonic() - one.used > self._terms.idle and not _works(one):
            self.end(name)


class _Connection(HTTPConnection):
    """HTTP over a server's socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("kizashi", timeout=5)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = Socket(AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def _works(one: Running) -> bool:
    """Whether a kernel of a server is at work."""
    connection = _Connection(one.socket)
    shown = {SECRET_HEADER: one.secret, USER_HEADER: one.owner.name}
    try:
        connection.request("GET", f"{one.base}api/kernels", headers=shown)
        kernels = loads(connection.getresponse().read(2**20))
    except (OSError, HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return any(kernel.get("execution_state") == "busy" for kernel in kernels)
