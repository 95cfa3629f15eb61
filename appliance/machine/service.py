"""The system service: one unit of systemd, around the same supervisord and the same list.

The installer uses this before anything is installed: standard library only.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from appliance.core.errors import OperatorError

UNIT = "kizashi.service"
FOLDER = Path("/etc/systemd/system")
_RUNNING = Path("/run/systemd/system")
_PRIVILEGED = 1024
_STOP_SECONDS = 120


def text(home: Path, command: Path, user: str, port: int) -> str:
    """Return the unit of a home.

    Parameters
    ----------
    home
        Folder of the installation.
    command
        Its ``kizashi``, which is a script of the shell.
    user
        Whom it runs as.
    port
        Where it listens; one below 1024 needs a right of its own.
    """
    words = " ".join(_quoted(word) for word in (str(command), "--home", str(home), "up"))
    # The colon keeps "$" as it is; in the name of a program systemd takes not every sign.
    start = f":/bin/sh {words} --foreground"
    low = ["AmbientCapabilities=CAP_NET_BIND_SERVICE"] if port < _PRIVILEGED else []
    lines = [
        "# Written by the installer of Kizashi, which writes it anew.",
        "[Unit]",
        f"Description=Kizashi in {_escaped(str(home))}",
        "Wants=network-online.target",
        "After=network-online.target",
        f"RequiresMountsFor={_quoted(str(home))}",
        "",
        "[Service]",
        "Type=exec",
        f"User={user}",
        f"ExecStart={start}",
        "Restart=on-failure",
        "RestartSec=5",
        # supervisord ends its processes itself, in order; what is left is killed after it.
        "KillMode=mixed",
        f"TimeoutStopSec={_STOP_SECONDS}",
        "UMask=0077",
        "LimitNOFILE=65536",
        "NoNewPrivileges=yes",
        "ProtectSystem=full",
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectControlGroups=yes",
        "ProtectClock=yes",
        "RestrictSUIDSGID=yes",
        "RestrictRealtime=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "LockPersonality=yes",
        *low,
        "",
        "[Install]",
        "WantedBy=multi-user.target",
    ]
    return "\n".join(lines) + "\n"


def is_there() -> bool:
    """Whether systemd runs this machine."""
    return _RUNNING.is_dir()


def is_one(home: Path) -> bool:
    """Whether a home was installed as this machine's service, and systemd runs it."""
    if not is_there():
        return False
    try:
        unit = (FOLDER / UNIT).read_text("utf-8")
    except OSError:
        return False
    return f" {_quoted(str(home))} " in unit


def tell(verb: str) -> None:
    """Start or stop the service.

    Raises
    ------
    OperatorError
        This user may not, or it fails.
    """
    systemctl = shutil.which("systemctl") or "systemctl"
    command = [systemctl, "--no-ask-password", verb, UNIT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        words = done.stderr.strip().splitlines()
        raise OperatorError(
            f"systemd does not {verb} {UNIT}: {words[0] if words else done.returncode}",
            remedy=f"As administrator: sudo systemctl {verb} {UNIT}",
        )


def _quoted(value: str) -> str:
    """Return a word of a command line as systemd reads it."""
    inner = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{_escaped(inner)}"'


def _escaped(value: str) -> str:
    return value.replace("%", "%%")
