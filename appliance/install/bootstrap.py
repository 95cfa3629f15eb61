"""What ``install.sh`` runs: from a bare Python to a working home, in named steps.

It runs on the machine's own Python before anything is installed, so it uses the standard
library only.  Pre-flight steps look and touch nothing; the steps after them each ask first
whether their work is already done, so the same command completes an interrupted run, repairs
a damaged installation and upgrades an old one.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

NEEDED_BYTES = 3 * 2**30
"""Free space for a first installation: the environment, and the demo plant beside it."""
SPARE_BYTES = 500 * 2**20
"""Free space that an upgrade or a repeated run still needs."""
PACKAGES = ("appliance", "detectors")
LOCK = Path("requirements") / "appliance.txt"


class InstallError(Exception):
    """A step cannot go on; the text says what is wrong and what to do."""


@dataclass(frozen=True)
class Plan:
    """What was asked for."""

    source: Path
    home: Path
    demo: bool
    port: int | None
    bundle: Path | None
    timezone: str | None

    @property
    def environment(self) -> Path:
        """The home's own Python environment."""
        return self.home / "env"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.environment / "bin" / "python"

    @property
    def stamp(self) -> Path:
        """Written last: says what the environment holds."""
        return self.environment / "kizashi-installed.json"

    @property
    def log(self) -> Path:
        """Where the output of the package installer goes."""
        return self.home / "logs" / "install.log"


@dataclass(frozen=True)
class Step:
    """One named step; `run` returns what it did, or an empty text if all was fine."""

    name: str
    run: Callable[[Plan], str]


# ------------------------------------------------------------------ pre-flight: no impact yet
def check_python(_plan: Plan) -> str:
    """The interpreter can make environments."""
    try:
        import ensurepip  # noqa: F401
    except ImportError:
        raise InstallError(
            f"{sys.executable} cannot make environments: its venv module is not complete. "
            "Install it (Debian, Ubuntu: apt-get install python3-venv) and run this again."
        ) from None
    return f"Python {sys.version.split()[0]}"


def check_home(plan: Plan) -> str:
    """The home can be made and written."""
    folder = _existing_parent(plan.home)
    if not folder.is_dir():
        raise InstallError(f"{folder} is a file: choose another --home.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InstallError(
            f"{folder} cannot be written by this user: choose another --home, or run this as "
            "the user who owns it."
        )
    return str(plan.home)


def check_space(plan: Plan) -> str:
    """There is room for the environment and the data."""
    free = shutil.disk_usage(_existing_parent(plan.home)).free
    needed = SPARE_BYTES if plan.stamp.is_file() else NEEDED_BYTES
    if free < needed:
        raise InstallError(
            f"{plan.home} has {free / 2**30:.1f} GiB free, {needed / 2**30:.1f} are needed: "
            "free some space, or choose a --home on a larger disk."
        )
    return f"{free / 2**30:.0f} GiB free"


def check_port(plan: Plan) -> str:
    """The port that was asked for is free, or is held by this installation already."""
    if plan.port is None:
        return ""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", plan.port))
        except OverflowError:
            raise InstallError(f"--port {plan.port}: a port is a number up to 65535.") from None
        except OSError as error:
            raise InstallError(
                f"port {plan.port} cannot be used ({error.strerror}): another program holds "
                "it. Stop that program, or choose another --port."
            ) from error
    return f"port {plan.port} is free"


def check_source(plan: Plan) -> str:
    """The checkout is whole, and so is the bundle if one is named."""
    for part in (*PACKAGES, LOCK, "pyproject.toml"):
        if not (plan.source / part).exists():
            raise InstallError(f"{plan.source} is not a whole checkout: {part} is missing.")
    if plan.bundle is not None and not any(plan.bundle.glob("*.whl")):
        raise InstallError(
            f"the bundle {plan.bundle} holds no wheels: name the folder that `pip download "
            f"--require-hashes -r {LOCK}` filled."
        )
    return ""


# ------------------------------------------------------------------ impact
def make_home(plan: Plan) -> str:
    """The home's folders, readable by their owner only."""
    if (plan.home / "logs").is_dir():
        return ""
    plan.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    plan.log.parent.mkdir(mode=0o700, exist_ok=True)
    return f"made {plan.home}"


def make_environment(plan: Plan) -> str:
    """A Python environment of its own; a broken one is made anew."""
    if _works(plan, "import pip, sys; sys.exit(sys.version_info < (3, 11))"):
        return ""
    existed = plan.environment.exists()
    if existed:
        shutil.rmtree(plan.environment)
    venv.EnvBuilder(with_pip=True, symlinks=True).create(plan.environment)
    return "made anew: the old one did not work" if existed else "made"


def install_packages(plan: Plan) -> str:
    """Every dependency, in the locked version and with the locked hash."""
    lock = plan.source / LOCK
    if _stamp(plan).get("lock") == _digest([lock]) and _intact(plan):
        return ""
    plan.stamp.unlink(missing_ok=True)
    arguments = ["--require-hashes", "-r", str(lock)]
    if _stamp(plan) == {} and not _intact(plan):
        arguments.append("--force-reinstall")
    _pip(plan, arguments)
    return f"{sum('==' in line for line in lock.read_text().splitlines())} packages"


def install_platform(plan: Plan) -> str:
    """Kizashi itself, built from a copy so that the checkout stays as it is."""
    digest = _digest([plan.source / part for part in PACKAGES])
    wanted = {"lock": _digest([plan.source / LOCK]), "platform": digest}
    if _stamp(plan) == wanted:
        return ""
    with tempfile.TemporaryDirectory(dir=plan.home, prefix=".build-") as folder:
        copy = Path(folder) / "source"
        copy.mkdir()
        for part in PACKAGES:
            shutil.copytree(
                plan.source / part, copy / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        for name in ("pyproject.toml", "README.md"):
            shutil.copy2(plan.source / name, copy / name)
        _pip(
            plan,
            ["--no-deps", "--no-build-isolation", "--no-index", "--force-reinstall", str(copy)],
        )
    _write(plan.stamp, json.dumps(wanted))
    return "installed"


def write_command(plan: Plan) -> str:
    """``bin/kizashi``, which knows its home."""
    path = plan.home / "bin" / "kizashi"
    text = (
        "#!/bin/sh\n"
        f'KIZASHI_HOME="${{KIZASHI_HOME:-{plan.home}}}" exec '
        f'"{plan.environment}/bin/kizashi" "$@"\n'
    )
    if path.is_file() and path.read_text() == text and os.access(path, os.X_OK):
        return ""
    path.parent.mkdir(exist_ok=True)
    _write(path, text, 0o755)
    return str(path)


def finish(plan: Plan) -> str:
    """What the installed platform does itself: settings, key, database, compiled kernels."""
    command = [str(plan.python), "-m", "appliance.install.finish", "--home", str(plan.home)]
    if plan.port is not None:
        command += ["--port", str(plan.port)]
    if plan.timezone:
        command += ["--timezone", plan.timezone]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        raise InstallError(done.stderr.strip() or f"it ended with status {done.returncode}.")
    return done.stdout.strip()


PREFLIGHT = (
    Step("python", check_python),
    Step("home", check_home),
    Step("space", check_space),
    Step("port", check_port),
    Step("checkout", check_source),
)
IMPACT = (
    Step("home", make_home),
    Step("environment", make_environment),
    Step("packages", install_packages),
    Step("platform", install_platform),
    Step("command", write_command),
    Step("settings", finish),
)


# ------------------------------------------------------------------ helpers of the steps
def _existing_parent(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path


def _works(plan: Plan, code: str) -> bool:
    if not plan.python.exists():
        return False
    command = [str(plan.python), "-I", "-c", code]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0  # noqa: S603


def _intact(plan: Plan) -> bool:
    """Whether every file of every installed package is there with its recorded size."""
    code = (
        "import importlib.metadata as m, os, sys\n"
        "n = 0\n"
        "for d in m.distributions():\n"
        "    for f in d.files or ():\n"
        "        if f.size is None or f.suffix == '.pyc': continue\n"
        "        n += 1\n"
        "        try: ok = os.stat(d.locate_file(f)).st_size == f.size\n"
        "        except OSError: ok = False\n"
        "        if not ok: sys.exit(1)\n"
        "sys.exit(n < 1000)\n"
    )
    return _works(plan, code)


def _stamp(plan: Plan) -> dict[str, str]:
    try:
        return dict(json.loads(plan.stamp.read_text()))
    except (OSError, ValueError):
        return {}


def _digest(paths: list[Path]) -> str:
    total = hashlib.sha256()
    for root in paths:
        files = [root] if root.is_file() else sorted(root.rglob("*"))
        for path in files:
            if path.is_file() and "__pycache__" not in path.parts:
                total.update(str(path.relative_to(root)).encode() + b"\0")
                total.update(path.read_bytes() + b"\0")
    return total.hexdigest()


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text)
    draft.chmod(mode)
    draft.replace(path)


def _pip(plan: Plan, arguments: list[str]) -> None:
    command = [str(plan.python), "-I", "-m", "pip", "install", "--disable-pip-version-check"]
    command += ["--no-input", "--progress-bar", "off", "--retries", "2"]
    if plan.bundle is not None and "--no-index" not in arguments:
        # Fail closed: with a bundle named, nothing is ever asked of the network.
        command += ["--no-index", "--find-links", str(plan.bundle)]
    with plan.log.open("ab") as log:
        done = subprocess.run(command + arguments, stdout=log, stderr=log, check=False)  # noqa: S603
    if done.returncode != 0:
        raise InstallError(_explain(plan))


def _explain(plan: Plan) -> str:
    tail = plan.log.read_text(errors="replace")[-8000:]
    where = f"The package installer's words are at the end of {plan.log}."
    if "No space left" in tail:
        return f"the disk is full. Free some space and run this again. {where}"
    if "HASHES" in tail or ("hashes" in tail and "match" in tail):
        return f"a package is not the one that was locked; nothing of it was installed. {where}"
    if plan.bundle is not None and "No matching distribution" in tail:
        return f"the bundle {plan.bundle} lacks a package of {LOCK} for this Python. {where}"
    signs = (
        "Connection",
        "Temporary failure",
        "Could not find a version",
        "timed out",
        "resolve",
    )
    if any(sign in tail for sign in signs):
        return (
            "no package registry can be reached. Connect this machine, set PIP_INDEX_URL to a "
            f"mirror, or bring a folder of wheels: --bundle DIR. {where}"
        )
    return f"the packages could not be installed. {where}"


# ------------------------------------------------------------------ the run
@contextlib.contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    """Hold the home's installer lock, so that two installers never mix."""
    plan.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (plan.home / ".install.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InstallError(
                f"another installer is at work in {plan.home}: let it finish."
            ) from None
        yield


def _perform(steps: tuple[Step, ...], plan: Plan, *, quiet: bool) -> None:
    for number, step in enumerate(steps, 1):
        label = f"[{number}/{len(steps)}] {step.name}"
        if not quiet:
            print(f"{label} …", end="\r" if sys.stdout.isatty() else "\n", flush=True)  # noqa: T201
        try:
            did = step.run(plan)
        except InstallError as error:
            raise InstallError(f"{step.name}: {error}") from error
        except OSError as error:
            raise InstallError(f"{step.name}: {error}.") from error
        if not quiet:
            print(f"{label}: {did or 'fine as it is'}", flush=True)  # noqa: T201


def parse(arguments: list[str]) -> Plan:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="./install.sh", description="Install Kizashi, or upgrade it."
    )
    parser.add_argument("--source", type=Path, required=True, help=argparse.SUPPRESS)
    default = os.environ.get("KIZASHI_HOME", "~/.kizashi")  # noqa: TID251 - no settings yet
    parser.add_argument("--home", type=Path, default=Path(default), help="default ~/.kizashi")
    parser.add_argument("--demo", action="store_true", help="set up the demo plant as well")
    parser.add_argument("--port", type=int, help="port that the appliance will listen on")
    parser.add_argument("--bundle", type=Path, help="folder of wheels, for use without network")
    parser.add_argument("--timezone", help="the site's time zone, such as Asia/Tokyo")
    given = parser.parse_args(arguments)
    return Plan(
        source=given.source.resolve(),
        home=given.home.expanduser().resolve(),
        demo=given.demo,
        port=given.port,
        bundle=given.bundle.expanduser().resolve() if given.bundle else None,
        timezone=given.timezone,
    )


def main(arguments: list[str]) -> int:
    """Install; return the exit status."""
    plan = parse(arguments)
    try:
        _perform(PREFLIGHT, plan, quiet=True)
        with _alone(plan):
            _perform(IMPACT, plan, quiet=False)
    except InstallError as error:
        print(f"Kizashi was not installed: {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Run the same command again to go on.", file=sys.stderr)  # noqa: T201
        return 130
    command = plan.home / "bin" / "kizashi"
    if plan.demo:
        sys.stdout.flush()
        os.execv(command, [str(command), "demo"])  # noqa: S606
    print(  # noqa: T201
        f"\nKizashi is installed in {plan.home}. Next:\n"
        f"  export PATH={command.parent}:$PATH\n"
        "  kizashi ingest FILES… --fleet NAME     your own files\n"
        "  kizashi demo                           or a plant to look around in"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
