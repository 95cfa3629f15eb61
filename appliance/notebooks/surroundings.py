"""What analysts' code finds around it: never the appliance's own secrets or addresses."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path

_PASSED = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SSL_CERT_FILE")
"""Variables that any program may need, and that hold nothing of the site."""
_FALLBACK_PATH = "/usr/local/bin:/usr/bin:/bin"


def python() -> list[str]:
    """Return the command that starts this Python."""
    return [sys.executable]


def plain(folder: Path) -> dict[str, str]:
    """Return the environment of a process that runs analysts' code.

    Parameters
    ----------
    folder
        Where all that it keeps is to be, its hidden files too.
    """
    kept = {name: os.environ[name] for name in _PASSED if name in os.environ}  # noqa: TID251
    kept.setdefault("PATH", _FALLBACK_PATH)
    kept.setdefault("LANG", "C.UTF-8")
    hidden = folder / ".jupyter"
    made = {
        "HOME": str(folder),
        "IPYTHONDIR": str(folder / ".ipython"),
        "JUPYTER_CONFIG_DIR": str(hidden),
        "JUPYTER_DATA_DIR": str(hidden / "data"),
        "JUPYTER_RUNTIME_DIR": str(hidden / "run"),
        "MPLCONFIGDIR": str(hidden / "matplotlib"),
        "PYTHONUNBUFFERED": "1",
    }
    root = Path(__file__).resolve().parents[2]
    if root.name != "site-packages":
        made["PYTHONPATH"] = str(root)  # the checkout's own
    return {**kept, **made}


def bound(memory: int) -> None:
    """Bound what this process, and each that it starts, may have for data.

    Parameters
    ----------
    memory
        Bytes; 0 for no bound.
    """
    if memory > 0:
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
