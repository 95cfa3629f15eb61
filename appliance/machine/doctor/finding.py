"""What the doctor looks at, and what it finds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel

from appliance.core.settings import Settings
from appliance.machine.supervisor import Supervisor


class Severity(StrEnum):
    """How bad a finding is."""

    FINE = "fine"
    NOTE = "note"
    WARNING = "warning"
    BROKEN = "broken"


class Finding(BaseModel):
    """One thing that was looked at.

    Attributes
    ----------
    check
        What was looked at.
    severity
        How bad it is.
    text
        What was found.
    remedy
        What to do about it; empty where nothing has to be done.
    """

    check: str
    severity: Severity
    text: str
    remedy: str = ""


@dataclass(frozen=True)
class Patient:
    """What is examined: a home, and the processes that run on it."""

    settings: Settings
    supervisor: Supervisor


class Check(Protocol):
    """Looks at one thing."""

    def __call__(self, patient: Patient, /) -> Iterator[Finding]:
        """Yield what is found."""


def fine(check: str, text: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(check=check, severity=Severity.FINE, text=text)


def note(check: str, text: str, remedy: str = "") -> Finding:
    """Return what is good to know."""
    return Finding(check=check, severity=Severity.NOTE, text=text, remedy=remedy)


def warning(check: str, text: str, remedy: str) -> Finding:
    """Return what will go wrong, or might."""
    return Finding(check=check, severity=Severity.WARNING, text=text, remedy=remedy)


def broken(check: str, text: str, remedy: str) -> Finding:
    """Return what does not work."""
    return Finding(check=check, severity=Severity.BROKEN, text=text, remedy=remedy)
