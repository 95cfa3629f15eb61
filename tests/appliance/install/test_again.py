"""The same command again: changes nothing that is fine, mends what is not, is the upgrade."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.appliance.install.checkout import said
from tests.appliance.install.conftest import Installed

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("install")]


def _state(home: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for path in home.rglob("*"):
        status = path.lstat()
        found[str(path)] = (status.st_ino, status.st_mtime_ns)
    return found


def _again(installed: Installed, *options: str, **variables: str) -> dict[str, str]:
    """Install again; return what each step says."""
    done = installed.checkout.install(installed.home, *options, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = [line for line in done.stdout.splitlines() if line.startswith("[")]
    pairs = [line.split("] ", 1)[1].split(": ", 1) for line in lines]
    return {pair[0]: pair[1] for pair in pairs}


def _fine_but(steps: dict[str, str]) -> set[str]:
    return {name for name, did in steps.items() if did != "fine"}


def test_first_run_says_what_it_did_and_where_to_go_next(installed: Installed) -> None:
    assert "packages: 2 packages installed" in installed.output
    assert "platform: kizashi 0.1.0 installed" in installed.output
    assert "kizashi ingest" in installed.output
    assert str(installed.home) in said(installed.home)


def test_home_is_its_owners_alone(installed: Installed) -> None:
    assert installed.home.stat().st_mode & 0o077 == 0


def test_second_run_changes_nothing(installed: Installed) -> None:
    before = _state(installed.home)
    assert _fine_but(_again(installed)) == set()
    after = _state(installed.home)
    changed = {path for path in before | after if before.get(path) != after.get(path)}
    allowed = {".install.lock", "kizashi-installed.json"}  # opened; marked as looked at
    assert {Path(path).name for path in changed} <= allowed


@pytest.mark.parametrize("file", ["alpha/__init__.py", "alpha-1.0.dist-info/RECORD"])
def test_deleted_file_of_a_package_is_brought_back(installed: Installed, file: str) -> None:
    (installed.site / file).unlink()
    assert _fine_but(_again(installed)) == {"packages", "platform"}
    assert "alpha 1.0" in said(installed.home)
    assert _fine_but(_again(installed)) == set()


def test_file_edited_to_the_same_size_is_brought_back(installed: Installed) -> None:
    path = installed.site / "alpha" / "__init__.py"
    path.write_text(path.read_text().replace("1.0", "6.6"))
    _again(installed)
    assert "alpha 1.0" in said(installed.home)


def test_deleted_package_is_brought_back(installed: Installed) -> None:
    shutil.rmtree(installed.site / "beta")
    shutil.rmtree(installed.site / "beta-1.0.dist-info")
    _again(installed)
    assert "beta 1.0" in said(installed.home)


@pytest.mark.parametrize(
    "file", ["appliance/cli.py", "kizashi-0.1.0.dist-info/RECORD", "../../../bin/kizashi"]
)
def test_damaged_platform_is_installed_anew(installed: Installed, file: str) -> None:
    (installed.site / file).unlink()
    assert "platform" in _fine_but(_again(installed))
    assert "tiny kizashi" in said(installed.home)


def test_missing_command_is_written(installed: Installed) -> None:
    (installed.home / "bin" / "kizashi").unlink()
    assert _fine_but(_again(installed)) == {"command"}
    (installed.home / "bin" / "kizashi").chmod(0o600)
    assert _fine_but(_again(installed)) == {"command"}


@pytest.mark.parametrize(
    "broken", [["bin/python"], ["pyvenv.cfg", "kizashi-installed.json"], ["pip"]]
)
def test_broken_environment_is_made_anew(installed: Installed, broken: list[str]) -> None:
    for name in broken:
        if name == "pip":
            (installed.site / "pip" / "__main__.py").write_text("")
        else:
            (installed.home / "env" / name).unlink()
    assert "made anew" in _again(installed)["environment"]
    assert "tiny kizashi" in said(installed.home)
    assert _fine_but(_again(installed)) == set()


def test_unreadable_record_of_the_installation_is_written_anew(installed: Installed) -> None:
    (installed.home / "env" / "kizashi-installed.json").write_text("{")
    assert _fine_but(_again(installed)) == {"platform"}
    assert _fine_but(_again(installed)) == set()


def test_users_own_packages_are_left_alone(installed: Installed) -> None:
    own = installed.site / "plugin-3.dist-info"
    own.mkdir()
    (own / "METADATA").write_text("Metadata-Version: 2.1\nName: plugin\nVersion: 3\n")
    assert _fine_but(_again(installed)) == set()
    assert own.is_dir()
    shutil.rmtree(own)


def test_changed_source_is_an_upgrade(installed: Installed) -> None:
    source = (installed.checkout.source / "appliance" / "cli.py").read_text()
    installed.checkout.edit("appliance/cli.py", source.replace("VERSION = 1", "VERSION = 2"))
    assert _fine_but(_again(installed)) == {"platform"}
    assert "tiny kizashi 2" in said(installed.home)


def test_changed_lock_is_an_upgrade(installed: Installed) -> None:
    installed.checkout.release(alpha="1.0", beta="2.0")
    (installed.site / "beta" / "data.py").unlink()  # damaged and out of date at once
    assert _fine_but(_again(installed)) == {"packages", "platform"}
    assert "alpha 1.0 beta 2.0" in said(installed.home)
    stamp = json.loads((installed.home / "env" / "kizashi-installed.json").read_text())
    assert "beta-1.0.dist-info" not in stamp["packages"]


def test_leavings_of_a_cut_pip_are_removed(installed: Installed) -> None:
    (installed.site / "~lpha").mkdir()
    (installed.site / "~lpha" / "x.py").write_text("")
    (installed.home / ".installing" / "source").mkdir(parents=True)
    (installed.home / "env" / "kizashi-installed.json").unlink()
    _again(installed)
    assert not list(installed.site.glob("~*"))
    assert not (installed.home / ".installing").exists()


def test_users_other_python_and_pip_settings_do_not_leak_in(
    installed: Installed, tmp_path: Path
) -> None:
    foreign = tmp_path / "foreign"
    (foreign / "alpha").mkdir(parents=True)
    (foreign / "alpha" / "__init__.py").write_text("VERSION = 'foreign'")
    settings = {
        "PYTHONPATH": str(foreign),
        "PYTHONHOME": str(foreign),
        "PIP_TARGET": str(foreign),
        "PIP_USER": "1",
        "HOME": "/nonexistent",
        "LC_ALL": "C",
    }
    (installed.site / "alpha" / "data.py").unlink()
    _again(installed, **settings)
    assert [path.name for path in foreign.iterdir()] == ["alpha"]
    assert "alpha 1.0" in said(installed.home, PYTHONPATH=str(foreign))


def test_demo_goes_to_the_home_that_was_named(installed: Installed) -> None:
    done = installed.checkout.install(installed.home, "--demo", KIZASHI_HOME="/elsewhere")
    assert done.returncode == 0
    told = [f"--home {installed.home} {verb}" in done.stdout for verb in ("demo", "up")]
    assert told == [True, True]


def test_last_words_put_the_command_where_the_shell_looks(installed: Installed) -> None:
    done = installed.checkout.install(installed.home, "--demo")
    last = done.stdout.splitlines()[-1].strip()
    assert last.startswith("export PATH=")
    shell = subprocess.run(
        ["/bin/sh", "-c", f"{last}\ncommand -v kizashi"], capture_output=True, text=True
    )
    assert shell.stdout == f"{installed.home / 'bin' / 'kizashi'}\n"
