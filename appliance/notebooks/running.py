"""One analyst's server as a process of this machine."""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from appliance.access import Person
from appliance.core.clock import monotonic
from appliance.core.errors import OperatorError
from appliance.core.scratch import SHORT, new_scratch
from appliance.notebooks import identity, surroundings
from appliance.notebooks.ending import end
from appliance.notebooks.folders import prepare
from appliance.notebooks.server import SOCKET
from appliance.notebooks.tokenfile import TOKEN
from appliance.notebooks.tokens import ServerToken

_PREFIX = "kzn"
_END_SECONDS = 5.0
_ANSWER_SECONDS = 3.0
_LAST_BYTES = 4_000
_LOG = "log"


@dataclass
class Running:
    """A server that was started.

    Attributes
    ----------
    owner
        Whose.
    base
        Address below which it answers, such as ``/notebooks/ana/``.
    run
        Folder of its socket, token and temporary files, which goes with it.
    secret
        What the gate shows it.
    process
        Itself.
    token
        Its token for the API.
    used
        When somebody last did something in it, in seconds that never jump.
    """

    owner: Person
    base: str
    run: Path
    secret: str = field(repr=False)
    process: subprocess.Popen[bytes]
    token: ServerToken
    used: float = field(default_factory=monotonic)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.run / SOCKET

    @property
    def address(self) -> None:
        """None: nobody on the network finds it."""

    def touch(self) -> None:
        """Note that somebody does something in it."""
        self.used = monotonic()

    def is_alive(self) -> bool:
        """Whether its process runs."""
        return self.process.poll() is None

    def answers(self) -> bool:
        """Whether it listens by now."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(_ANSWER_SECONDS)
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True

    def last_words(self) -> str:
        """Return the last line of its log."""
        try:
            text = (self.run / _LOG).read_bytes()[-_LAST_BYTES:].decode("utf-8", "replace")
        except OSError:
            return ""
        return text.strip().rpartition("\n")[2][:400]

    def end(self) -> None:
        """End it, with its kernels; its token is good no more."""
        end(self.process.pid, _END_SECONDS)
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()
        self.token.end()
        shutil.rmtree(self.run, ignore_errors=True)


def new_run() -> Path:
    """Make the folder of a server that starts.

    A socket's path may have 107 characters, and a home's may be longer: it stands in ``/tmp``.
    Folders of web processes that were killed are swept.
    """
    return new_scratch(_PREFIX, SHORT)


def start(
    owner: Person,
    folder: Path,
    run: Path,
    token: ServerToken,
    terms: tuple[str, str, int, float],
) -> Running:
    """Start a server; it listens a few seconds later.

    Parameters
    ----------
    folder
        Of its notebooks.
    run
        Of its socket, from `new_run`.
    token
        For the API; its file is written here.
    terms
        The address below which it answers, that of the API, bytes that each of its processes
        may have, and seconds after which an idle kernel ends.

    Raises
    ------
    OperatorError, StorageError, Forbidden
        It cannot be started.
    """
    base, api, memory, idle = terms
    prepare(folder)
    (run / "tmp").mkdir(mode=0o700)
    token.renew()
    secret = secrets.token_urlsafe(32)
    around = surroundings.plain(folder) | {
        "TMPDIR": str(run / "tmp"),
        "JUPYTER_RUNTIME_DIR": str(run),
        "KIZASHI_URL": api,
        "KIZASHI_TOKEN_FILE": str(run / TOKEN),
    }
    command = [*surroundings.python(), "-m", "appliance.notebooks.server"]
    command += ["--folder", str(folder), "--run", str(run), "--base", base]
    told = {"owner": owner.name, "memory": memory, "idle": idle}
    told["gate"] = identity.digest(secret)
    try:
        with (run / _LOG).open("wb") as log:
            process = subprocess.Popen(  # noqa: S603 - our own command
                command,
                cwd=folder,
                env=around,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,
            )
        if process.stdin is not None:
            process.stdin.write(json.dumps(told).encode() + b"\n")
            process.stdin.flush()
    except OSError as error:
        raise OperatorError(f"no process for the notebooks can be started: {error}.") from error
    return Running(owner, base, run, secret, process, token)
