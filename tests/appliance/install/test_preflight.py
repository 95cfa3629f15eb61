"""Pre-flight: clear words, status 1, and nothing touched."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from appliance.install import preflight
from appliance.install.plan import InstallError, Plan
from appliance.machine import service
from tests.appliance.install.checkout import ROOT, Checkout
from tests.conftest import skip_or_fail

_NOBODY = 65_534


def _refused(run: Callable[[], object]) -> str:
    with pytest.raises(InstallError) as caught:
        run()
    return str(caught.value)


def _silent(_text: str) -> None:
    """Show nothing."""


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program listens on."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        yield server.getsockname()[1]


def test_home_that_is_a_file_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        done = checkout.install(home)
        assert done.returncode == 1
        assert "is a file, not a folder: choose another --home" in done.stderr
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize(
    ("mode", "words"),
    [(0o555, "cannot be written by this user"), (0o700, "cannot be reached by this user")],
)
def test_home_of_another_user_is_refused(mode: int, words: str) -> None:
    # It turns into another user only when all that it needs is read.
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from appliance.install import preflight; from appliance.install.plan import *\n"
        f"if os.geteuid() == 0: os.setreuid({_NOBODY}, {_NOBODY})\n"
        "try: preflight.check_home(Plan(Path('.'), Path(sys.argv[2])), print)\n"
        "except InstallError as error: print(error)\n"
    )
    with TemporaryDirectory() as top:
        Path(top).chmod(0o755)
        locked = Path(top) / "locked"
        (locked / "below").mkdir(parents=True)
        (locked / "below").chmod(0o555)
        locked.chmod(mode if os.geteuid() == 0 or mode == 0o555 else 0)
        told = subprocess.run(
            [sys.executable, "-I", "-B", "-c", code, ROOT, locked / "below" / "home"],
            capture_output=True,
            text=True,
        )
        locked.chmod(0o700)
    assert words in told.stdout, told.stderr


@pytest.mark.parametrize("name", ["a:b", "a?b", "a#b", "100%"])
def test_home_whose_name_addresses_misread_is_refused(
    checkout: Checkout, tmp_path: Path, name: str
) -> None:
    plan = Plan(checkout.source, tmp_path / name)
    assert "choose another --home" in _refused(lambda: preflight.check_home(plan, _silent))


def test_full_disk_is_seen_before_anything_is_touched(
    checkout: Checkout, tmp_path: Path
) -> None:
    done = subprocess.run(
        checkout.command(tmp_path / "home", needed=2**60), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "Step space: the disk is too full" in done.stderr
    assert not (tmp_path / "home").exists()


def test_taken_port_is_refused(checkout: Checkout, tmp_path: Path, taken: int) -> None:
    done = checkout.install(tmp_path / "home", "--port", str(taken))
    assert done.returncode == 1
    assert f"port {taken} is taken by another program" in done.stderr
    assert not (tmp_path / "home").exists()


def test_own_port_is_not_refused(checkout: Checkout, tmp_path: Path, taken: int) -> None:
    (tmp_path / "kizashi.toml").write_text(f"port = {taken}\n")
    plan = Plan(checkout.source, tmp_path, port=taken)
    assert preflight.check_port(plan, _silent) == ""


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_impossible_port_is_refused(checkout: Checkout, tmp_path: Path, port: int) -> None:
    plan = Plan(checkout.source, tmp_path, port=port)
    assert "from 1 to 65535" in _refused(lambda: preflight.check_port(plan, _silent))


def test_taken_default_port_is_only_a_note(
    checkout: Checkout, tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "DEFAULT_PORT", taken)
    note = preflight.check_port(Plan(checkout.source, tmp_path), _silent)
    assert note.startswith("Note: ")
    assert "--port N" in note
    for more in ({"demo": True}, {"service": True}):
        plan = Plan(checkout.source, tmp_path, **more)
        words = _refused(lambda plan=plan: preflight.check_port(plan, _silent))
        assert "choose another --port" in words


@pytest.mark.parametrize("part", ["detectors", "requirements/appliance.txt", "pyproject.toml"])
def test_checkout_that_is_not_whole_is_refused(
    checkout: Checkout, tmp_path: Path, part: str
) -> None:
    path = checkout.source / part
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    done = checkout.install(tmp_path / "home")
    assert done.returncode == 1
    assert f"not a whole checkout, {part} is missing" in done.stderr


def test_bundle_without_wheels_is_refused(checkout: Checkout, tmp_path: Path) -> None:
    done = checkout.install(tmp_path / "home", "--bundle", str(tmp_path / "none"))
    assert done.returncode == 1
    assert "holds no wheels" in done.stderr
    assert "pip download" in done.stderr


@pytest.mark.slow
def test_another_installer_at_work_is_waited_for_then_named(
    checkout: Checkout, tmp_path: Path
) -> None:
    with (tmp_path / ".install.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done = checkout.install(tmp_path)
    assert done.returncode == 1
    assert "Another installer is at work" in done.stderr


# ---------------------------------------------------------------- a service of the machine
def test_service_without_systemd_is_said(checkout: Checkout, tmp_path: Path) -> None:
    if service.is_there():
        pytest.skip("systemd runs this machine")
    done = checkout.install(tmp_path / "home", "--service")
    assert done.returncode == 1
    assert "--service needs systemd, which does not run this machine" in done.stderr
    assert "kizashi up" in done.stderr
    assert not (tmp_path / "home").exists()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of units, as on a machine that systemd runs."""
    units = tmp_path / "units"
    units.mkdir()
    monkeypatch.setattr(service, "FOLDER", units)
    monkeypatch.setattr(service, "_RUNNING", units)
    return units


def test_service_needs_the_administrator(
    checkout: Checkout, tmp_path: Path, systemd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(checkout.source, tmp_path / "home", service=True)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert "will run as root" in preflight.check_service(plan, _silent)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/sudo")
    assert preflight.check_service(plan, _silent) == ""
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    assert "run this as root" in _refused(lambda: preflight.check_service(plan, _silent))


def test_one_home_is_the_service(checkout: Checkout, tmp_path: Path, systemd: Path) -> None:
    own, other = (Plan(checkout.source, tmp_path / n, service=True) for n in ("own", "other"))
    unit = service.text(own.home, own.command, "root", 8443)
    (systemd / service.UNIT).write_text(unit)
    preflight.check_service(own, _silent)
    words = _refused(lambda: preflight.check_service(other, _silent))
    assert "another home" in words
    preflight.check_service(Plan(checkout.source, tmp_path / "other"), _silent)


# ---------------------------------------------------------------- install.sh
def _shell(path: Path, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(ROOT / "install.sh"), *options],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={"PATH": str(path), **variables},
    )


def _python(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A PATH with the tools that every machine has, and no Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for tool in ("dirname", "env"):
        (folder / tool).symlink_to(shutil.which(tool) or tool)
    return folder


def test_no_python_is_said(bare: Path) -> None:
    done = _shell(bare)
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; found: no python3 that runs" in done.stderr
    assert "apt-get install python3" in done.stderr


def test_old_python_is_said(bare: Path) -> None:
    _python(bare, "python3", 'case "$2" in --version) echo Python 3.9.18;; *) exit 1;; esac')
    done = _shell(bare)
    assert done.returncode == 1
    assert "found: Python 3.9.18" in done.stderr


def test_named_python_is_the_only_one_tried(bare: Path) -> None:
    _python(bare, "python3", f'exec {sys.executable} "$@"')
    done = _shell(bare, KIZASHI_PYTHON="/none/python")
    assert done.returncode == 1
    assert "no /none/python that runs" in done.stderr


def test_python_without_venv_is_said(tmp_path: Path) -> None:
    """A Debian without python3-venv has no ensurepip."""
    finder = (
        "import importlib.util as u; real = u.find_spec; "
        "u.find_spec = lambda n, *a: None if n == 'ensurepip' else real(n, *a); "
    )
    code = finder + (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); "
        "from appliance.install.bootstrap import main; sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-c",
            code,
            "--source",
            str(ROOT),
            "--home",
            str(tmp_path / "h"),
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"apt-get install python{version}-venv" in done.stderr


def test_usage_names_every_option_that_works(bare: Path) -> None:
    _python(bare, "python3", f'exec {sys.executable} "$@"')
    done = _shell(bare, "--help", PYTHONHOME="/none", PYTHONPATH="/none")
    assert done.returncode == 0
    options = ("--demo", "--service", "--home DIR", "--port N", "--bundle FILE", "--trust KEY")
    options += ("--rollback", "--timezone")
    for option in options:
        assert option in done.stdout


def test_part_of_a_script_does_nothing(tmp_path: Path) -> None:
    lines = (ROOT / "install.sh").read_text().splitlines(keepends=True)
    half = tmp_path / "install.sh"
    for cut in range(5, len(lines) - 1, 7):
        half.write_text("".join(lines[:cut]))
        done = subprocess.run(["/bin/sh", half], capture_output=True, text=True, cwd=tmp_path)
        assert "Kizashi" not in done.stdout + done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["install.sh"]


# ---------------------------------------------------------------- a disk that fills up
@pytest.mark.slow
@pytest.mark.parametrize(("megabytes", "step"), [(8, "environment"), (60, "packages")])
def test_disk_that_fills_up_is_said(
    checkout: Checkout, tmp_path: Path, megabytes: int, step: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    checkout.release(size=100 * 2**20, alpha="1.0", beta="1.0")
    mount = f'mount -t tmpfs -o size={megabytes}m tmpfs "$0" && exec "$@"'
    inside = ["unshare", "-rm", "/bin/sh", "-c", mount, str(disk)]
    if subprocess.run([*inside, "true"], capture_output=True).returncode != 0:
        skip_or_fail("this user may not mount a small disk of its own")
    done = subprocess.run(
        inside + checkout.command(disk / "home"), capture_output=True, text=True
    )
    assert done.returncode == 1
    assert f"Step {step}: the disk is full" in done.stderr
