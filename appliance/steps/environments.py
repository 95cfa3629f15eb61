"""Environments of a step's own: made once a machine, of the site's folder of wheels alone."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from appliance.core.errors import InvalidRequest, OperatorError
from appliance.notebooks import surroundings
from appliance.objects import Entry, is_remote, own_folder, shared_cache, shelf

_MOST_SECONDS = 1_800
_READY = "ready"


@dataclass(frozen=True)
class Python:
    """A Python that steps run in.

    Attributes
    ----------
    variables
        Of its processes.
    folders
        That they must be able to read.
    """

    program: str
    variables: Mapping[str, str] = field(default_factory=dict)
    folders: tuple[Path, ...] = ()


def python_for(packages: Sequence[str], wheels: str, say: Callable[[str], None]) -> Python:
    """Return the Python that has some packages beside those of the site.

    Parameters
    ----------
    packages
        As pip would be told them; with none, it is the site's own.
    wheels
        Address of the site's folder of wheels: nothing is taken from anywhere else.

    Raises
    ------
    InvalidRequest
        The folder has no wheels for one of them.
    OperatorError
        No environment can be made here.
    """
    if not packages:
        return Python(sys.executable)
    found = _wheels(wheels)
    mark = hashlib.sha256("\n".join([sys.version, *sorted(packages)]).encode())
    for path in found:
        mark.update(f"{path.name} {path.stat().st_size}\n".encode())
    home = own_folder("environments")
    target = home / mark.hexdigest()[:32]
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(home / f"{target.name}.lock"):
        if not (target / _READY).exists():
            _make(target, packages, found, say)
    program = str(target / "bin" / "python")
    return Python(program, {"VIRTUAL_ENV": str(target)}, (target, Path(sys.prefix), *_ours()))


def _wheels(place: str) -> list[Path]:
    """Return the wheels of a folder, copied to this machine where they are on S3."""
    if is_remote(place):
        found = [one for one in shelf(place).entries() if one.key.endswith(".whl")]
        return [_copy(place, one) for one in found]
    folder = Path(place)
    return sorted(folder.glob("*.whl")) if folder.is_dir() else []


def _copy(place: str, one: Entry) -> Path:
    def fetch(path: Path) -> None:
        shelf(place).fetch(one.key, path)

    return shared_cache().file(f"wheels/{one.key}", one.size, fetch)


def _make(
    target: Path, packages: Sequence[str], wheels: Sequence[Path], say: Callable[[str], None]
) -> None:
    shutil.rmtree(target, ignore_errors=True)
    say(f"an environment is made with {', '.join(packages)}")
    around = surroundings.plain(target.parent)
    links = sorted({str(path.parent) for path in wheels})
    options = [option for one in links for option in ("--find-links", one)]
    _run([sys.executable, "-m", "venv", "--without-pip", str(target)], around, packages)
    _see_ours(target)
    pip = [sys.executable, "-m", "pip", "--python", str(target / "bin" / "python"), "install"]
    quiet = [
        "--no-index",
        "--no-input",
        "--disable-pip-version-check",
        "--no-cache-dir",
        "--quiet",
    ]
    _run([*pip, *quiet, *options, "--", *packages], around, packages)
    (target / _READY).touch()


def _see_ours(target: Path) -> None:
    """Let the environment find what the site has, behind what is its own."""
    (site,) = (target / "lib").glob("python*/site-packages")
    (site / "zz_site.pth").write_text("\n".join(map(str, _ours())) + "\n", "utf-8")


def _ours() -> list[Path]:
    """Return the folders of packages that the site's own Python looks through."""
    return [Path(path) for path in sys.path if path.endswith("site-packages")]


def _run(command: list[str], around: Mapping[str, str], packages: Sequence[str]) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - pip and venv, told packages behind --
            command,
            env=dict(around),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OperatorError(f"no environment can be made for the step: {error}.") from error
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        words = said[-1].removeprefix("ERROR: ") if said else done.stderr.strip()[-300:]
        raise InvalidRequest(
            f"no environment with {', '.join(packages)} can be made: {words}",
            remedy="Put their wheels, and those they need, into the site's folder of wheels.",
        )


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
