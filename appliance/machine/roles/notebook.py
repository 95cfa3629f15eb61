"""One analyst's JupyterLab as the program of a pod: no secret and no database of a site."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from appliance.core.errors import InvalidRequest, StorageError
from appliance.core.settings import default_home
from appliance.machine.roles import kernels
from appliance.notebooks import surroundings
from appliance.notebooks.folders import folder_of, prepare
from appliance.notebooks.tokenfile import TOKEN

_AUTHORITY = "authority.pem"
_NEEDED = ("owner", "base", "port", "gate", "idle", "url", "authority")


def become(told: str) -> NoReturn:
    """Go on as the server of an analyst.

    Parameters
    ----------
    told
        What the web tells it, as JSON: see `notebooks.pods.asked`.

    Raises
    ------
    InvalidRequest
        It is not what the web tells.
    StorageError
        The volume or the folder of temporary files cannot be written.
    """
    found = understood(told)
    folder = folder_of(default_home(), found["owner"])
    prepare(folder)
    run = _run(found["authority"])
    command = [*surroundings.python(), "-m", "appliance.notebooks.server"]
    command += ["--folder", str(folder), "--run", str(run), "--base", found["base"]]
    _tell({name: found[name] for name in ("owner", "gate", "idle", "port")})
    around = environment(folder, run, found["url"]) | kernels.environment(run)
    os.chdir(folder)
    os.execve(command[0], command, around)  # noqa: S606 - our own command


def understood(told: str) -> dict[str, Any]:
    """Return what the web tells.

    Raises
    ------
    InvalidRequest
        It is something else.
    """
    try:
        found = json.loads(told)
        return {name: found[name] for name in _NEEDED}
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(
            f"this is not what the web tells a notebook's pod: {error}.",
            remedy="The web's pods run this; nobody else needs to.",
        ) from error


def environment(folder: Path, run: Path, url: str) -> dict[str, str]:
    """Return what analysts' code finds around it: where the API is, and nothing of the site."""
    return surroundings.plain(folder) | {
        "TMPDIR": str(run / "tmp"),
        "JUPYTER_RUNTIME_DIR": str(run),
        "KIZASHI_URL": url,
        "KIZASHI_TOKEN_FILE": str(run / TOKEN),
        "SSL_CERT_FILE": str(run / _AUTHORITY),
    }


def _run(authority: str) -> Path:
    """Make the folder of what goes with the pod: token, authorities, temporary files."""
    try:
        run = Path(tempfile.mkdtemp(prefix="kzn-"))
        (run / "tmp").mkdir(mode=0o700)
        usual = ssl.get_default_verify_paths().cafile
        with (run / _AUTHORITY).open("wb") as out:
            out.write(authority.encode("ascii") + b"\n")
            if usual is not None:
                with Path(usual).open("rb") as source:
                    shutil.copyfileobj(source, out)
    except OSError as error:
        raise StorageError(f"temporary files cannot be written: {error}.") from error
    return run


def _tell(told: dict[str, Any]) -> None:
    """Let the first line of the standard input be what a server is told.

    It ends when that input does: this process keeps the other end itself, for as long as it is.
    """
    reading, writing = os.pipe()
    os.write(writing, json.dumps({**told, "memory": 0}).encode() + b"\n")
    os.set_inheritable(writing, True)  # noqa: FBT003 - takes it by its place alone
    os.dup2(reading, 0)
