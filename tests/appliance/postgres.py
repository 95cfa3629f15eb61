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

_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
)
"""The machine does not lose power; most tables hold a few rows, for seconds."""
_KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', name);
  END LOOP;
END $$
"""
_RENEW = """
DO $$ DECLARE name text; BEGIN
  PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  SET LOCAL session_replication_role = replica;  -- neither triggers nor foreign keys
  SET LOCAL client_min_messages = warning;
  FOR name IN SELECT nspname FROM pg_namespace
      WHERE nspname NOT IN ('public', 'kept', 'information_schema') AND nspname NOT LIKE 'pg_%'
  LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', name);
  END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public'
      AND pg_total_relation_size(format('%I.%I', schemaname, tablename)) > 1000000
  LOOP
    EXECUTE format('TRUNCATE public.%I CASCADE', name);
  END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('DELETE FROM public.%I', name);
    EXECUTE format('INSERT INTO public.%1$I SELECT * FROM kept.%1$I', name);
  END LOOP;
  PERFORM setval(format('public.%I', sequencename), start_value, false)
    FROM pg_sequences WHERE schemaname = 'public';
END $$
"""


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

    def make(self, database: str, like: str | None = None) -> str:
        """Make a database, empty or as another one is, and return its address."""
        of = f' TEMPLATE "{like}"' if like else ""
        self.tell("postgres", f'CREATE DATABASE "{database}"{of}')
        return self.url(database)

    def keep(self, database: str) -> None:
        """Remember what a database's tables hold, for `renew`."""
        self.tell(database, _KEEP)

    def renew(self, database: str) -> str:
        """Let a database hold what was kept of it and nothing else; return its address.

        A new database is three hundred files, and a test writes to a handful of tables.
        """
        self.tell(database, _RENEW)
        return self.url(database)

    def tell(self, database: str, command: str) -> None:
        """Execute a command in a database."""
        engine = create_engine(self.url(database), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(command))
        engine.dispose()

    def start(self) -> None:
        """Let it run, and wait until it can be reached."""
        options = f"-c listen_addresses='' -k {self.folder} " + " ".join(
            f"-c {setting}" for setting in _SETTINGS
        )
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
