"""SQLite files that have all tables, and how much is done in them."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import event

from appliance.core.db import Database, open_database


@cache
def _master() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kizashi-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_database(f"sqlite:///{folder / 'kizashi.db'}").close()
    return folder / "kizashi.db"


def new_database(path: Path) -> str:
    """Put a database as a new installation has it at a path, and return its address.

    It is a copy: that is cheaper than each migration.
    """
    shutil.copy(_master(), path)
    return f"sqlite:///{path}"


def fresh_home(home: Path) -> Path:
    """Give a home its tables as a new installation has them, where it has none."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (home / "kizashi.db").exists():
        new_database(home / "kizashi.db")
    return home


def work(database: Database, ask: Callable[[], object]) -> int:
    """Return how many instructions SQLite carries out for what is asked.

    Each row that is looked at takes some, whatever else the machine does meanwhile.
    """
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    def begin(connection: Any, *_: object) -> None:
        connection.set_progress_handler(count, 1)

    def end(connection: Any, *_: object) -> None:
        connection.set_progress_handler(None, 1)

    event.listen(database.engine, "checkout", begin)
    event.listen(database.engine, "checkin", end)
    try:
        ask()
    finally:
        event.remove(database.engine, "checkout", begin)
        event.remove(database.engine, "checkin", end)
    return taken
