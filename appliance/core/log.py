"""Logging: one line an entry, to standard error, never a secret."""

from __future__ import annotations

import logging
import sys

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up(level: str = "WARNING") -> None:
    """Send the appliance's log to standard error at `level`; safe to call again."""
    root = logging.getLogger("appliance")
    root.setLevel(level)
    if not root.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(_FORMAT))
        root.addHandler(handler)
        root.propagate = False


def get(name: str) -> logging.Logger:
    """Return the logger of a module (pass ``__name__``)."""
    return logging.getLogger(name)
