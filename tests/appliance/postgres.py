"""A PostgreSQL server of the tests' own, reached by a socket file only."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text


def binaries() -> Path | None:
    """Return the folder of the newest server's programs, None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[-3])
    )
    return folders[-1].parent if folders else None


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    programs: Path

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://tests@/{database}?host={self.folder}"

    def make(self, database: str) -> str:
        """Make an empty database and return its address."""
        engine = create_engine(self.url("postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{database}"'))
        engine.dispose()
        return self.url(database)

    def start(self) -> None:
        """Let it run, and wait until it can be reached."""
        options = f"-c listen_addresses='' -c fsync=off -k {self.folder}"
        self.run("pg_ctl", "start", "--wait", "--log", str(self.folder / "log"), "-o", options)

    def stop(self) -> None:
        """Let it go away at once, as a machine does that loses power."""
        self.run("pg_ctl", "stop", "--wait", "--mode=immediate")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of its programs on its data; as another user where this one is root."""
        user: dict[str, Any] = {}
        if os.geteuid() == 0:
            other = pwd.getpwnam("nobody")
            user = {"user": other.pw_uid, "group": other.pw_gid, "extra_groups": []}
        subprocess.run(
            [self.programs / program, "-D", self.folder / "data", *arguments],
            check=True,
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            timeout=120,
            **user,
        )


@contextmanager
def serve(programs: Path) -> Iterator[Server]:
    """Run a server on a folder of its own."""
    folder = Path(tempfile.mkdtemp(prefix="kizashi-pg-"))
    if os.geteuid() == 0:
        other = pwd.getpwnam("nobody")
        os.chown(folder, other.pw_uid, other.pw_gid)
    server = Server(folder, programs)
    try:
        server.run("initdb", "--auth=trust", "--username=tests", "--encoding=UTF8", "--no-sync")
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
