"""Files that only their owner may read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from appliance.core.settings import SETTINGS_FILE
from appliance.machine.doctor.finding import Finding, Patient, broken, fine, note, warning

_OTHERS = 0o077


def modes(patient: Patient) -> Iterator[Finding]:
    """Secrets, settings and databases are closed to others, and the home is this user's."""
    home = patient.settings.home
    if not home.is_dir():
        yield note("files", f"there is no home {home} yet.", "kizashi up")
        return
    found = 0
    for path in _private(patient):
        found += 1
        status = path.stat()
        if status.st_mode & _OTHERS:
            right = "700" if path.is_dir() else "600"
            yield broken(
                "files",
                f"{path} can be read by others (mode {stat.S_IMODE(status.st_mode):o}).",
                f"chmod {right} '{path}'",
            )
        if status.st_uid != os.getuid():
            yield warning(
                "files",
                f"{path} belongs to user {status.st_uid}, this is user {os.getuid()}.",
                f"Run kizashi as the home's owner, or: chown -R {os.getuid()} '{home}'",
            )
    yield fine("files", f"{found} files of secrets, settings and databases were looked at")


def _private(patient: Patient) -> Iterator[Path]:
    """Yield what others must not read; the home first, which closes all that is in it."""
    home, key = patient.settings.home, patient.settings.tls_key
    yield home
    patterns = ("secrets", "secrets/*", SETTINGS_FILE, "*.db", "run")
    for pattern in patterns:
        yield from sorted(home.glob(pattern))
    if key is not None and key.is_file():
        yield key
