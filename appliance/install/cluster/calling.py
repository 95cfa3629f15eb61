"""Other programs, called: leashed, secrets only by their standard input, failures in words."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from appliance.core.clock import monotonic
from appliance.core.errors import OperatorError
from appliance.core.redact import redacted
from appliance.install.child import leash

_TICK = 1.0
_LONGEST = 400
SECONDS = 60.0
"""After which a program that answers at once is given up."""


@dataclass(frozen=True)
class Called:
    """How a program ended, and what it said."""

    status: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode("utf-8", "replace").strip()


def call(
    command: list[str],
    *,
    given: bytes = b"",
    source: IO[bytes] | None = None,
    seconds: float = SECONDS,
    tick: Callable[[], None] | None = None,
) -> Called:
    """Run a program to its end.

    Parameters
    ----------
    command
        Program and arguments, which other users of the machine can read: never a secret.
    given
        What it reads from its standard input.
    source
        A pipe that it reads from instead.
    seconds
        After which it is ended.
    tick
        Called about once a second.

    Raises
    ------
    OperatorError
        It is not there, or did not end in time.
    """
    until = monotonic() + seconds
    try:
        child = subprocess.Popen(  # noqa: S603 - programs of this room's own commands
            command,
            stdin=source or subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            preexec_fn=leash if sys.platform == "linux" else None,  # noqa: PLW1509 - no threads
        )
    except OSError as error:
        raise OperatorError(
            f"{command[0]} cannot be run: {error.strerror}.", remedy="Install it."
        ) from error
    with child:
        try:
            out, err = _attend(child, None if source else given, until, tick)
        except subprocess.TimeoutExpired as error:
            raise OperatorError(
                f"`{' '.join(command[:3])} …` did not end within {seconds:.0f} s.",
                remedy="Look whether the cluster answers: kubectl get nodes.",
            ) from error
        finally:
            if child.poll() is None:
                child.kill()
    return Called(child.returncode, out, err.decode("utf-8", "replace"))


def _attend(
    child: subprocess.Popen[bytes],
    given: bytes | None,
    until: float,
    tick: Callable[[], None] | None,
) -> tuple[bytes, bytes]:
    while True:
        try:
            return child.communicate(given, timeout=_TICK)
        except subprocess.TimeoutExpired:
            if monotonic() > until:
                raise
            if tick is not None:
                tick()
            given = None  # it is being written already


def pour(command: list[str], write: Callable[[IO[bytes]], None]) -> Called:
    """Run a program that reads what somebody writes meanwhile, however much that is.

    Raises
    ------
    OperatorError
        It is not there.
    """
    with tempfile.TemporaryFile() as said:
        try:
            child = subprocess.Popen(  # noqa: S603 - programs of this room's own commands
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                preexec_fn=leash if sys.platform == "linux" else None,  # noqa: PLW1509
            )
        except OSError as error:
            raise OperatorError(
                f"{command[0]} cannot be run: {error.strerror}.", remedy="Install it."
            ) from error
        try:
            if child.stdin is not None:
                with suppress(BrokenPipeError), child.stdin:  # its status says more
                    write(child.stdin)
            status = child.wait()
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
        said.seek(0)
        return Called(status, b"", said.read().decode("utf-8", "replace"))


def reason(err: str) -> str:
    """Return what a program says went wrong, as the rest of a sentence."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    if not lines:
        return "it did not say why"
    found = next((line for line in lines if line.lower().startswith("error")), lines[-1])
    for head in ("Error:", "ERROR:", "error:", "Error from server"):
        found = found.removeprefix(head).strip()
    return redacted(found)[:_LONGEST].rstrip(".")


def must(called: Called, what: str, remedy: str = "") -> Called:
    """Return how a program ended, if that was well.

    Raises
    ------
    OperatorError
        It was not; `what` begins the sentence.
    """
    if called.status != 0:
        raise OperatorError(f"{what}: {reason(called.err)}.", remedy=remedy)
    return called


def is_there(program: str) -> bool:
    """Whether a program can be found."""
    return shutil.which(program) is not None


@dataclass(frozen=True)
class Kubectl:
    """kubectl, at one context and namespace."""

    context: str
    namespace: str

    def command(self, *words: str) -> list[str]:
        """Return what is called for some words."""
        where = ["--context", self.context] if self.context else []
        return ["kubectl", *where, "--namespace", self.namespace, *words]

    def call(self, *words: str, given: bytes = b"", seconds: float = SECONDS) -> Called:
        """Call it; see `call`."""
        return call(self.command(*words), given=given, seconds=seconds)

    def get(self, *words: str) -> dict[str, Any] | None:
        """Return objects; None if there are none of that name.

        Raises
        ------
        OperatorError
            The cluster does not answer, or does not tell.
        """
        called = self.call("get", *words, "--output", "json", "--ignore-not-found")
        must(called, f"{' '.join(words[:2])} cannot be read")
        return _read(called.out, "kubectl") if called.out.strip() else None

    def items(self, *words: str) -> list[dict[str, Any]]:
        """Return the objects of a list; see `get`."""
        found = self.get(*words)
        return list(found["items"]) if found else []

    def send(self, verb: str, sent: Mapping[str, Any], *words: str) -> Called:
        """Let it create or replace an object, which it reads from its standard input."""
        return self.call(verb, *words, "--filename", "-", given=json.dumps(sent).encode())


@dataclass(frozen=True)
class Helm:
    """Helm, at one context and namespace."""

    context: str
    namespace: str

    def command(self, *words: str) -> list[str]:
        """Return what is called for some words."""
        where = ["--kube-context", self.context] if self.context else []
        return ["helm", *where, "--namespace", self.namespace, *words]

    def json(self, *words: str) -> Any:
        """Return what it tells as JSON; None if it fails."""
        called = call(self.command(*words, "--output", "json"))
        return _read(called.out, "helm") if called.status == 0 else None


def _read(told: bytes, who: str) -> Any:
    try:
        return json.loads(told)
    except ValueError as error:
        raise OperatorError(
            f"{who} did not answer with JSON.", remedy="Check its version."
        ) from error
