"""The one place that asks what time it is."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path

_LOCALTIME = Path("/etc/localtime")


def now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Return seconds on a clock that never jumps; only differences mean something."""
    return time.monotonic()


def milliseconds(moment: datetime) -> int:
    """Return whole milliseconds since 1970-01-01 UTC."""
    return int(moment.timestamp() * 1000)


def machine_zone() -> str:
    """Return the machine's time zone, UTC if it does not say."""
    _, found, name = str(_LOCALTIME.resolve()).partition("/zoneinfo/")
    return name if found else "UTC"
