"""Column names as Delta and Parquet accept them, and back again.

Delta forbids some characters in column names, and the lake has columns of its own.  A sensor's
name is percent-encoded where it must be, so that names need no catalogue to be read back.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

RESERVED = frozenset(
    ("asset", "time", "bucket", "month", "version", "surprise", "alarm", "state", "coverage")
)
"""Columns of the lake itself, whatever the case."""
_FORBIDDEN = re.compile(r"""[ ,;{}()\n\t\r="'`%./\\\x00-\x1f]""")


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode("utf-8"))


def encode(name: str) -> str:
    """Return the physical column name of a sensor."""
    if name.lower() in RESERVED:
        first, rest = name[0], name[1:]
        return f"%{ord(first):02X}{rest}"
    return _FORBIDDEN.sub(_escape, name)


def decode(column: str) -> str:
    """Return the sensor's name of a physical column."""
    return unquote(column)
