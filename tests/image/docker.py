"""A Docker engine: the one that DOCKER_HOST names, or one of the tests' own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, skip_or_fail

_LOOK = 0.2
_START_SECONDS = 90.0
_BUILD_SECONDS = 1500.0


class Docker:
    """Its client, at one address."""

    def __init__(self, host: str) -> None:
        done = subprocess.run(
            [ROOT / "docker" / "client.sh"], capture_output=True, text=True, check=True
        )
        self.program = str(Path(done.stdout.strip()) / "docker")
        self.environment = {**os.environ, "DOCKER_HOST": host, "DOCKER_BUILDKIT": "1"}

    def run(self, *words: str | Path, check: bool = True, seconds: float = 120) -> str:
        """Run a command of the client and return what it tells, with its errors."""
        done = subprocess.run(
            [self.program, *map(str, words)],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
        )
        assert done.returncode == 0 or not check, f"docker {words}: {done.stdout[-4000:]}"
        return done.stdout.strip()

    def told(self, *words: str) -> Any:
        """Return what ``docker inspect`` tells of something."""
        return json.loads(self.run("inspect", *words))[0]

    def make_image(self) -> str:
        """Build the image as an operator does; return its name."""
        done = subprocess.run(
            ["make", "--silent", "image"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=_BUILD_SECONDS,
        )
        assert done.returncode == 0, done.stderr[-6000:]
        return done.stdout.strip().splitlines()[-1]


@contextmanager
def engine() -> Iterator[Docker]:
    """Give an engine; one that was started here is stopped, and what it made is gone."""
    host = os.environ.get("DOCKER_HOST", "")
    if host:
        yield Docker(host)
        return
    path = f"{os.environ['PATH']}:/usr/sbin"
    programs = ("dockerd", "iptables", "mmdebstrap")
    missing = [one for one in programs if not shutil.which(one, path=path)]
    if missing or os.getuid():
        skip_or_fail(f"no Docker engine can be started here: {missing or 'not root'}")
        return
    folder = Path(tempfile.mkdtemp(prefix="kzd-", dir="/tmp"))
    host = f"unix://{folder}/docker.sock"
    with (folder / "log").open("w") as log:
        running = subprocess.Popen(
            [
                shutil.which("dockerd", path=path),
                *("--data-root", folder / "data", "--exec-root", folder / "exec"),
                *("--pidfile", folder / "pid", "--host", host, "--log-level", "warn"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            env=os.environ | {"PATH": path},
        )
    try:
        made = Docker(host)
        _await(made, running, folder / "log")
        yield made
    finally:
        running.terminate()
        running.wait(60)
        for mount in _mounts(folder):
            subprocess.run(["umount", "--lazy", mount], check=False)
        shutil.rmtree(folder, ignore_errors=True)


def _await(docker: Docker, running: subprocess.Popen[bytes], log: Path) -> None:
    pause = threading.Event()
    for _ in range(int(_START_SECONDS / _LOOK)):
        if running.poll() is not None:
            break
        if "Server Version" in docker.run("info", check=False):
            return
        pause.wait(_LOOK)
    raise AssertionError(f"dockerd does not start: {log.read_text()[-3000:]}")


def _mounts(folder: Path) -> list[str]:
    """Return what is mounted below a folder, the innermost first."""
    found = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    return sorted((one for one in found if one.startswith(f"{folder}/")), reverse=True)
