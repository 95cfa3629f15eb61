"""Analysts' code confined to its own folder by Linux's Landlock, which needs no privilege.

What runs as the appliance's own user could otherwise read the home: settings, the site's key,
the database, others' notebooks.  A confined process, and all that it starts, sees below the
folders named here alone, can neither trace nor signal processes outside, and cannot undo it.
Source: https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Iterable
from pathlib import Path

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_PR_SET_NO_NEW_PRIVS = 38
_ASK_VERSION = 1
_PATH_BENEATH = 1
_RIGHTS_OF = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""Rights over files that each version of the interface knows, from the lowest bit on."""
_READ = 1 << 0 | 1 << 2 | 1 << 3
"""Execute, read a file, list a folder."""
_LIST = 1 << 3
_OF_A_FILE = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15
_SIGNALS_FROM = 6
_SCOPES = 0b11
"""Abstract sockets and signals stay inside."""
_SYSTEM = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/sbin",
    "/etc",
    "/proc",
    "/sys",
    "/opt/conda",
    "/run/systemd/resolve",
    "/var/cache/fontconfig",
)
_DEVICES = ("/dev",)


def version() -> int:
    """Return which version of Landlock this machine has; 0 if none."""
    if sys.platform != "linux":
        return 0
    found = _libc().syscall(_CREATE, None, ctypes.c_size_t(0), _ASK_VERSION)
    return max(int(found), 0)


def confine(writable: Iterable[Path], readable: Iterable[Path] = ()) -> bool:
    """Confine this process for good; whether the machine can.

    Parameters
    ----------
    writable
        Folders of its own.
    readable
        Folders that it may read beside the system's and Python's.
    """
    known = version()
    if not known:
        return False
    libc = _libc()
    every = (1 << _RIGHTS_OF[min(known, max(_RIGHTS_OF))]) - 1
    scopes = _SCOPES if known >= _SIGNALS_FROM else 0
    attributes = struct.pack("QQQ", every, 0, scopes)
    size = 24 if known >= _SIGNALS_FROM else 8
    rules = libc.syscall(_CREATE, attributes, ctypes.c_size_t(size), 0)
    if rules < 0:
        return False
    try:
        root = Path(__file__).resolve().parents[2]
        if root.name != "site-packages":  # a checkout, of which Python lists the top
            _allow(libc, rules, root, _LIST)
        ours = [root / "appliance", root / "detectors"]
        pythons = [
            Path(sys.prefix),
            Path(sys.base_prefix),
            Path(sys.executable).resolve().parent,
        ]
        for folder in [*map(Path, _SYSTEM), *pythons, *ours, *readable]:
            _allow(libc, rules, folder, _READ & every)
        for folder in [*map(Path, _DEVICES), *writable]:
            _allow(libc, rules, folder, every)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        return bool(libc.syscall(_RESTRICT, rules, 0) == 0)
    finally:
        os.close(rules)


def _allow(libc: ctypes.CDLL, rules: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # not on this machine
    try:
        if not path.is_dir():
            rights &= _OF_A_FILE
        rule = struct.pack("=Qi", rights, handle)
        libc.syscall(_ADD, rules, _PATH_BENEATH, rule, 0)
    finally:
        os.close(handle)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
