"""One analyst's JupyterLab: ``python -m appliance.notebooks.server``, started by `servers`.

Its first line of standard input tells it what holds for it; it ends when that input does.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from pathlib import Path

from appliance.core import log
from appliance.notebooks import confinement, given, identity, idling, surroundings
from appliance.notebooks.ending import adopt, end_children
from appliance.notebooks.tokenfile import TOKEN

_MOST_BODY = 128 * 2**20
_GRACE = 5.0
SOCKET = "s"
_PREFERRED = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "doNotDisturbMode": True,
        "fetchNews": "false",
    },
    "@jupyterlab/apputils-extension:themes": {"adaptive-theme": True},
}
"""What an analyst finds set, and may change."""


def main(arguments: list[str] | None = None) -> int:
    """Serve until the input ends."""
    parser = argparse.ArgumentParser(prog="appliance.notebooks.server")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--base", required=True)
    own = parser.parse_args(arguments)
    log.set_up("WARNING")
    told = json.loads(_line())
    identity.keep(told["gate"], told["owner"])
    given.keep(own.run / TOKEN)
    surroundings.bound(int(told["memory"]))
    adopt()
    if not confinement.confine([own.folder, own.run]):
        log.get(__name__).warning("this machine cannot confine notebooks: it has no Landlock")
    threading.Thread(target=_watch, name="parent", daemon=True).start()
    port = int(told.get("port", 0))
    if port:
        threading.Thread(target=idling.watch, args=(told["idle"],), daemon=True).start()
    try:
        _serve(own, _listening(own.run, port), float(told["idle"]))
    finally:
        end_children()
    return 0


def _line() -> bytes:
    """Return the first line of the standard input, without taking more of it."""
    found = b""
    while not found.endswith(b"\n"):
        one = os.read(0, 1)
        if not one:
            break
        found += one
    return found


def _watch() -> None:
    """End as soon as nobody holds the other end of the standard input."""
    while os.read(0, 1_024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(_GRACE)
    end_children()
    os._exit(1)


def _listening(run: Path, port: int) -> dict[str, object]:
    """Return where it listens: on a socket of its own, or in a pod, where nobody else is."""
    if port:
        return {"ServerApp.ip": "", "ServerApp.port": port, "ServerApp.port_retries": 0}
    return {"ServerApp.sock": run / SOCKET, "ServerApp.sock_mode": "0600"}


def _serve(own: argparse.Namespace, listening: dict[str, object], idle: float) -> None:
    from jupyterlab.labapp import LabApp

    here = "appliance.notebooks.identity"
    settings = own.run / "settings"
    settings.mkdir(mode=0o700)
    (settings / "overrides.json").write_text(json.dumps(_PREFERRED), "utf-8")
    options = {
        "ServerApp.identity_provider_class": f"{here}.ByGate",
        "ServerApp.authorizer_class": f"{here}.OwnerOnly",
        "IdentityProvider.token": "",  # there is no way in beside the gate
        "ServerApp.allow_unauthenticated_access": False,
        **listening,
        "ServerApp.base_url": own.base,
        "ServerApp.root_dir": own.folder,
        "ServerApp.open_browser": False,
        "ServerApp.allow_root": True,
        "ServerApp.allow_remote_access": True,
        "ServerApp.max_body_size": _MOST_BODY,
        "ServerApp.log_level": "WARN",
        "KernelManager.transport": "ipc",
        "MappingKernelManager.cull_idle_timeout": max(int(idle), 1),
        "MappingKernelManager.cull_interval": max(min(int(idle / 4), 60), 1),
        "MappingKernelManager.cull_connected": True,
        # Nothing is fetched from outside, and nothing installed from a page.
        "LabApp.news_url": None,
        "LabApp.app_settings_dir": settings,
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
        "FileContentsManager.delete_to_trash": False,
    }
    LabApp.launch_instance(argv=[f"--{name}={value}" for name, value in options.items()])


if __name__ == "__main__":
    sys.exit(main())
