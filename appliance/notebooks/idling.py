"""A server in a pod ends itself when nobody uses it and no kernel computes."""

from __future__ import annotations

import os
import signal
import threading
from datetime import UTC, datetime
from typing import Any

from appliance.core.clock import monotonic, now
from appliance.notebooks import identity

_LONGEST_LOOK = 30.0
_FIRST_SECONDS = 900.0
"""How long whoever opened it may take to come in first: a start on a busy node takes time."""


def watch(seconds: float) -> None:
    """Look until nobody did anything for some seconds; then end this process in order."""
    from jupyter_server.serverapp import ServerApp

    pause = threading.Event()
    while not pause.wait(min(_LONGEST_LOOK, seconds / 4)):
        if ServerApp.initialized() and is_idle(ServerApp.instance(), seconds):
            os.kill(os.getpid(), signal.SIGTERM)
            return


def is_idle(app: Any, seconds: float) -> bool:
    """Whether nobody did anything in a Jupyter server for a while, its kernels included."""
    patience = seconds if identity.met() else max(seconds, _FIRST_SECONDS)
    if monotonic() - identity.used() <= patience:
        return False
    kernels = app.kernel_manager.list_kernels()
    if any(one.get("execution_state") == "busy" for one in kernels):
        return False
    moments = [datetime.fromisoformat(one["last_activity"]) for one in kernels]
    terminal = app.web_app.settings.get("terminal_last_activity")
    moments += [terminal] if terminal is not None else []
    return all((now() - one.astimezone(UTC)).total_seconds() > seconds for one in moments)
