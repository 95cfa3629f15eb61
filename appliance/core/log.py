"""Logging: one line an entry, to standard error, never a secret.

A line is for people, or JSON for programs, and carries the trail that it was written on.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from typing_extensions import override

from appliance.core.redact import redacted
from appliance.core.trail import Trail, current, following

Form = Literal["text", "json"]
_BREAK = " | "
_LONGEST = 8_000
_MOST_SAID = 100
_ROOT = "appliance"


class _Lines(logging.Formatter):
    """One line an entry: what it holds of breaks is shown, and no secret gets through."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        self._form = form

    @override
    def format(self, record: logging.LogRecord) -> str:
        trail: Trail = getattr(record, "trail", None) or current()
        text = _one_line(redacted(record.getMessage()))
        failed = ""
        if record.exc_info:
            failed = redacted(self.formatException(record.exc_info))
        if self._form == "json":
            return _json(record, text, failed, trail)
        at = datetime.fromtimestamp(record.created).astimezone()
        told = " ".join(
            str(value) if name in {"request", "job"} else f"{name}={value}"
            for name, value in trail.told().items()
            if name != "trace"
        )
        beside = f" [{told}]" if told else ""
        line = f"{at:%Y-%m-%d %H:%M:%S},{at.microsecond // 1000:03d} {record.levelname} "
        line += f"{record.name}{beside}: {text}"
        return f"{line}{_BREAK}{_one_line(failed)}" if failed else line


def _json(record: logging.LogRecord, text: str, failed: str, trail: Trail) -> str:
    at = datetime.fromtimestamp(record.created, UTC)
    told: dict[str, str | int] = {
        "time": at.isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": text,
        "process": record.process or 0,
        **trail.told(),
    }
    if failed:
        told["error"] = failed[:_LONGEST]
    return json.dumps(told, ensure_ascii=False)


def _one_line(text: str) -> str:
    return _BREAK.join(part.strip() for part in text.splitlines())[:_LONGEST]


def set_up(level: str = "WARNING", form: Form = "text") -> None:
    """Send the appliance's log to standard error from `level` on; safe to call again."""
    root = logging.getLogger(_ROOT)
    root.setLevel(level.upper())
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stderr))
        root.propagate = False
    for handler in root.handlers:
        handler.setFormatter(_Lines(form))


def get(name: str) -> logging.Logger:
    """Return the logger of a module (pass ``__name__``)."""
    return logging.getLogger(name)


# ---------------------------------------------------------------- from other machines
@dataclass(frozen=True, slots=True)
class Said:
    """An entry as it goes from a task to the process that waits for it."""

    name: str
    level: int
    at: float
    text: str
    trail: Trail


@contextmanager
def collected() -> Iterator[list[Said]]:
    """Keep what is said meanwhile in this process, a hundred entries, beside what it does."""
    said: list[Said] = []

    class Keep(logging.Handler):
        @override
        def emit(self, record: logging.LogRecord) -> None:
            if len(said) < _MOST_SAID:
                text = redacted(record.getMessage())[:_LONGEST]
                one = Said(record.name, record.levelno, record.created, text, current())
                said.append(one)

    root, handler = logging.getLogger(_ROOT), Keep(logging.INFO)
    before = root.level
    root.addHandler(handler)
    root.setLevel(min(before or logging.INFO, logging.INFO))
    try:
        yield said
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def repeat(said: Iterator[Said] | list[Said] | tuple[Said, ...]) -> None:
    """Say what was said elsewhere, as of then and on its own trail."""
    for one in said:
        logger = logging.getLogger(one.name)
        if not logger.isEnabledFor(one.level):
            continue
        record = logger.makeRecord(one.name, one.level, "", 0, "%s", (one.text,), None)
        record.created = one.at
        with following(one.trail):
            logger.handle(record)
