"""An SQLite file that has all tables, made once: copying it is cheaper than each migration."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from appliance.core.db import open_database


@cache
def _master() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="kizashi-tables-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_database(f"sqlite:///{folder / 'kizashi.db'}").close()
    return folder / "kizashi.db"


def new_database(path: Path) -> str:
    """Put a database as a new installation has it at a path, and return its address."""
    shutil.copy(_master(), path)
    return f"sqlite:///{path}"
