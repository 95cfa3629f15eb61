"""supervisord, which starts the processes again when they end; the only door to it."""

from __future__ import annotations

import hashlib
import http.client
import os
import secrets
import shlex
import subprocess
import sys
import xmlrpc.client
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from supervisor.xmlrpc import SupervisorTransport

from appliance.core.errors import InvalidRequest, OperatorError, StorageError
from appliance.core.secrets import keep, made_once
from appliance.machine.process import Process

MARK = "KIZASHI_SUPERVISED"
"""Variable that everything which supervisord starts carries: the home that it is of."""
_LONGEST_SOCKET = 90
"""A socket's path may have 107 bytes, and supervisord adds its number while it makes it."""
_LOG_BYTES, _LOG_BACKUPS = 10 * 2**20, 5
_UP_SECONDS, _TRIES = 3, 60
"""A process that ends before so long is waited for a second longer each time: half an hour."""
_START_SECONDS = 30
_UNWRITABLE = ("%", "\n", " ;", " #", "\t;", "\t#")
"""What supervisord gives a meaning of its own in a path."""
_FOREIGN = ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "RAY_ADDRESS")
_AT_ONCE = False
"""Whether supervisord answers only when the process has lived for a while."""
_SPEAKER = "kizashi"
_GONE = (OSError, http.client.HTTPException, xmlrpc.client.ProtocolError)


@dataclass(frozen=True)
class Running:
    """What supervisord knows of one process.

    Attributes
    ----------
    word
        Its word for the state, in lower case.
    process
        Number; 0 if it is not running.
    ended
        Second in which it ended last; 0 if it never did.
    """

    word: str
    process: int
    ended: int


class Supervisor:
    """The supervisord of a home.

    Parameters
    ----------
    home
        Folder of the installation.
    processes
        What it runs.
    """

    def __init__(self, home: Path, processes: Sequence[Process]) -> None:
        self.home = home
        self.processes = processes

    # ------------------------------------------------------------------ places
    @property
    def configuration(self) -> Path:
        """The file that it reads."""
        return self.home / "run" / "supervisord.conf"

    @property
    def socket(self) -> Path:
        """Where it is spoken to."""
        near = self.home / "run" / "supervisor.sock"
        if len(os.fsencode(near)) <= _LONGEST_SOCKET:
            return near
        name = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
        return Path(f"/tmp/kzs-{os.getuid()}-{name}") / "s"  # noqa: S108 - see _private

    @property
    def _key(self) -> Path:
        """The file of what it asks for: who reaches the socket may not be who may stop it."""
        return self.home / "run" / "supervisor.key"

    def log(self, role: str) -> Path:
        """Return the file that a process's words go to."""
        return self.home / "logs" / f"{role}.log"

    # ------------------------------------------------------------------ starting
    def write(self) -> None:
        """Write the configuration, and make the folders that it names.

        Raises
        ------
        InvalidRequest
            The home's path cannot be written down in it.
        StorageError
            They cannot be written.
        """
        if any(sign in str(self.home) for sign in _UNWRITABLE):
            raise InvalidRequest(
                f"the home {self.home} cannot be run: its path holds a sign of supervisord.",
                remedy="Move it to another path.",
            )
        try:
            for folder in (self.configuration.parent, self.home / "logs"):
                folder.mkdir(mode=0o700, exist_ok=True)
            _private(self.socket.parent)
            key = made_once(self._key, lambda: secrets.token_hex().encode("ascii"))
            keep(self.configuration, self.text(key).encode())
        except OSError as error:
            raise StorageError(
                f"the home {self.home} cannot be written: {error}.",
                remedy="Check its owner and the free disk space.",
            ) from error

    def text(self, key: bytes) -> str:
        """Return the configuration, with the digest of the key that it asks for."""
        run = self.configuration.parent
        digest = hashlib.sha1(key, usedforsecurity=False).hexdigest()  # the form that it knows
        lines = [
            "[unix_http_server]",
            f"file = {self.socket}",
            "chmod = 0700",
            f"username = {_SPEAKER}",
            f"password = {{SHA}}{digest}",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface",
            "[supervisord]",
            f"user = {os.getuid()}",
            "umask = 077",
            f"pidfile = {run / 'supervisord.pid'}",
            f"logfile = {self.log('supervisord')}",
            f"logfile_maxbytes = {_LOG_BYTES}",
            f"logfile_backups = {_LOG_BACKUPS}",
            f"childlogdir = {self.home / 'logs'}",
            "strip_ansi = true",
        ]
        for place, process in enumerate(self.processes, 1):
            lines += self._program(place, process)
        return "\n".join(lines) + "\n"

    def _program(self, place: int, process: Process) -> list[str]:
        return [
            f"[program:{process.role}]",
            f"command = {shlex.join(process.command)}",
            f"directory = {process.folder}",
            f"priority = {place}",
            "autorestart = true",
            f"startsecs = {_UP_SECONDS}",
            f"startretries = {_TRIES}",
            f"stopwaitsecs = {process.stop_seconds}",
            "killasgroup = true",
            "redirect_stderr = true",
            f"stdout_logfile = {self.log(process.role)}",
            f"stdout_logfile_maxbytes = {_LOG_BYTES}",
            f"stdout_logfile_backups = {_LOG_BACKUPS}",
        ]

    def command(self, *options: str) -> list[str]:
        """Return the command line that starts it."""
        module = [sys.executable, "-I", "-m", "supervisor.supervisord"]
        return [*module, "-c", str(self.configuration), *options]

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return what it hands on to the processes of the variables given."""
        kept = {name: value for name, value in given.items() if name not in _FOREIGN}
        return kept | {MARK: str(self.home)}

    def start(self) -> None:
        """Start it, with all processes; returns as soon as it can be spoken to.

        Raises
        ------
        OperatorError
            It does not start.
        """
        done = subprocess.run(  # noqa: S603 - our own command
            self.command(),
            env=self.environment(os.environ),
            cwd=self.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            umask=0o077,
            check=False,
        )
        if done.returncode != 0:
            words = (done.stdout + done.stderr).splitlines()
            why = next((one for one in words if one.startswith("Error")), "it does not say why")
            raise OperatorError(
                f"supervisord does not start: {why}.",
                remedy=f"Its log is {self.log('supervisord')}.",
            )

    def stay(self) -> NoReturn:
        """Become it: this process goes on as supervisord."""
        os.chdir(self.home)
        os.umask(0o077)
        command = self.command("--nodaemon")
        os.execve(command[0], command, self.environment(os.environ))  # noqa: S606

    # ------------------------------------------------------------------ speaking with it
    def process(self) -> int | None:
        """Return its number; None if it is not running."""
        try:
            with self._spoken_to() as remote:
                return int(remote.supervisor.getPID())
        except _GONE:
            return None

    def states(self) -> dict[str, Running]:
        """Return the state of every process, by role; empty if supervisord is not running."""
        try:
            with self._spoken_to() as remote:
                found = remote.supervisor.getAllProcessInfo()
        except _GONE:
            return {}
        return {
            one["name"]: Running(one["statename"].lower(), int(one["pid"]), int(one["stop"]))
            for one in found
        }

    def revive(self) -> None:
        """Start the processes that it has given up on, or that were stopped."""
        for role, state in self.states().items():
            if state.word in ("fatal", "exited", "stopped"):
                self._tell("startProcess", role, _AT_ONCE)

    def shutdown(self) -> None:
        """Let it end all processes, and then itself."""
        self._tell("shutdown")

    def wake(self) -> None:
        """Let it look at what has ended: by itself it does so once a second."""
        self._tell("getState")

    def _tell(self, verb: str, *arguments: Any) -> None:
        try:
            with self._spoken_to() as remote:
                getattr(remote.supervisor, verb)(*arguments)
        except (*_GONE, xmlrpc.client.Fault):
            return  # it has just ended, or was told by somebody else at the same moment

    @contextmanager
    def _spoken_to(self) -> Iterator[Any]:
        key = self._key.read_text("ascii") if self._key.exists() else None
        transport = SupervisorTransport(_SPEAKER, key, f"unix://{self.socket}")
        try:
            yield xmlrpc.client.ServerProxy("http://supervisor", transport)
        finally:
            transport.close()


def _private(folder: Path) -> None:
    """Make a folder that is this user's alone; refuse one that somebody else made.

    Raises
    ------
    OSError
        It is somebody else's.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{folder} is open to others")
