"""From a bundle, on a machine without any network: installed, upgraded, and gone back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from appliance.install import offline, packing, trust, upgrade
from appliance.install.plan import InstallError, Plan
from appliance.schemas.progress import Silent
from tests.appliance.install.checkout import (
    PROJECT,
    Checkout,
    alone,
    carrying,
    make_checkout,
    said,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("install")]

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
FINISH = """
import pathlib, sys
REVISION = "{revision}"
if sys.argv[1] == "settings":
    home = pathlib.Path(sys.argv[3])
    (home / "kizashi.toml").touch()
    database = home / "kizashi.db"
    held = database.read_text() if database.exists() else REVISION
    if held.split()[0] > REVISION:
        print("the database is newer")
        sys.exit(1)
    database.write_text(" ".join([REVISION, *held.split()[1:]]))
"""
CLI = """
import json, pathlib, shutil, sys
import alpha, beta
VERSION = "{version}"
def main():
    words = sys.argv[1:]
    if "backup" in words:
        home = pathlib.Path(words[1])
        into = pathlib.Path(words[-1] if words[-1][0] == "/" else home / "backups")
        one = "bak_" + (home / "kizashi.db").read_text().replace(" ", "_")
        (into / "backups").mkdir(parents=True, exist_ok=True)
        shutil.copy(home / "kizashi.db", into / "backups" / (one + ".json"))
        print(json.dumps({{"target": str(into), "backup": {{"id": one}}}}, indent=2))
    elif "restore" in words:
        home, backup = pathlib.Path(words[1]), pathlib.Path(words[3])
        (home / "replaced").mkdir(exist_ok=True)
        (home / "kizashi.db").replace(home / "replaced" / "kizashi.db")
        held = backup.parent / "backups" / (backup.name + ".json")
        shutil.copy(held, home / "kizashi.db")
        print(json.dumps({{"aside": str(home / "replaced")}}))
    elif "ingest" in words:
        database = pathlib.Path(words[1]) / "kizashi.db"
        held, new = database.read_text(), pathlib.Path(words[3]).read_text()
        database.write_text(held if new in held else held + " " + new)
        print(json.dumps({{"rows": 1}}))
    else:
        print("tiny kizashi", VERSION)
"""
READINGS = """
import json, pathlib, sys
home, backup, into = (pathlib.Path(word) for word in sys.argv[2::2])
new = (home / "kizashi.db").read_text().split()[1:]
held = (backup.parent / "backups" / (backup.name + ".json")).read_text()
new = [word for word in new if word not in held]
if new:
    into.mkdir(exist_ok=True)
    (into / "pumps.parquet").write_text(new[0])
print(json.dumps({"rows": len(new)}))
"""


@dataclass(frozen=True)
class Releases:
    """Two versions as bundles, with the installer that travels with them."""

    folder: Path
    old: Path
    new: Path

    def command(self, home: Path, bundle: Path, *options: str) -> list[str]:
        """Return the installer's command line on a machine without any network."""
        script = str(self.folder / "install.sh")
        return [*alone(), script, "--home", str(home), "--bundle", str(bundle), *options]

    def install(
        self, home: Path, bundle: Path, *options: str
    ) -> subprocess.CompletedProcess[str]:
        """Run the installer."""
        return subprocess.run(
            self.command(home, bundle, *options),
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=self.environment,
        )

    @property
    def environment(self) -> dict[str, str]:
        scratch = self.folder / "scratch"
        scratch.mkdir(exist_ok=True)
        return {**os.environ, "KIZASHI_PYTHON": sys.executable, "TMPDIR": str(scratch)}

    def done(self, home: Path, bundle: Path, *options: str) -> dict[str, str]:
        """Install; return what each step says."""
        ended = self.install(home, bundle, *options)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        lines = [line for line in ended.stdout.splitlines() if line.startswith("[")]
        pairs = [line.split("] ", 1)[1].split(": ", 1) for line in lines]
        return {"output": ended.stdout} | {pair[0]: pair[1] for pair in pairs}


def _release(checkout: Checkout, version: str, revision: str) -> Path:
    checkout.edit("pyproject.toml", PROJECT.replace("0.1.0", version))
    checkout.edit("appliance/cli.py", CLI.format(version=version))
    checkout.edit("appliance/install/finish.py", FINISH.format(revision=revision))
    checkout.edit("appliance/install/readings.py", READINGS)
    checkout.edit("docs/index.md", "tiny\n")
    checkout.edit(f"appliance/core/migrations/versions/{revision}_tables.py", "")
    out = checkout.source.parent / f"{version}.bundle"
    packing.make(out, packing.Wanted(checkout.source, checkout.wheels), KEY, Silent())
    return out


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Releases:
    folder = tmp_path_factory.mktemp("releases")
    checkout = carrying(make_checkout(folder))
    old = _release(checkout, "0.1.0", "r0001")
    with tarfile.open(old) as archive:  # as docs/how-to/install.md has it done
        archive.extract("install.sh", folder, filter="data")
    checkout.release(alpha="1.0", beta="2.0")
    return Releases(folder, old, _release(checkout, "0.2.0", "r0002"))


@pytest.fixture(scope="module")
def home(releases: Releases) -> Path:
    """A home that is installed from the old version's bundle, its path an awkward one."""
    home = releases.folder / "第一 工場's $HOME"
    told = releases.done(home, releases.old)
    assert "This is the first bundle here" in told["output"]
    assert trust.fingerprint(packing.public(KEY)) in told["output"]
    assert told["packages"] == "2 packages installed"
    assert (told["backup"], told["stop"]) == ("fine", "fine")
    return home


def _version(home: Path) -> str:
    return said(home).split()[-1]


def _held(home: Path) -> str:
    return (home / "kizashi.db").read_text()


def test_it_works_and_leaves_nothing_unpacked(releases: Releases, home: Path) -> None:
    assert _version(home) == "0.1.0"
    assert not (home / ".bundle").exists()
    assert list((releases.folder / "scratch").iterdir()) == []
    told = releases.done(home, releases.old)
    assert {n for n, did in told.items() if did != "fine"} == {"output"}
    assert "whole, signed by" in told["output"]


def test_a_damaged_one_is_refused_before_anything_is_touched(
    releases: Releases, tmp_path: Path
) -> None:
    copy = tmp_path / "damaged.bundle"
    content = bytearray(releases.old.read_bytes())
    content[-2000] ^= 1
    copy.write_bytes(content)
    ended = releases.install(tmp_path / "home", copy)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1
    assert "is not as signed" in ended.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["damaged.bundle"]


def test_another_publisher_is_refused_until_named(releases: Releases, home: Path) -> None:
    checkout = Checkout(releases.folder / "checkout", releases.folder / "wheels")
    out = releases.folder / "other.bundle"
    packing.make(out, packing.Wanted(checkout.source, checkout.wheels), OTHER, Silent())
    refused = releases.install(home, out)
    assert refused.returncode == 1
    assert "not of the publisher that is trusted here" in refused.stderr
    plan = Plan(home / "x", home, file=out, trust=packing.public(OTHER))
    assert "whole, signed by" in offline.check_bundle(plan, lambda _text: None)
    ended = releases.install(home, out, "--trust", "abc")
    assert "neither a publisher's fingerprint" in ended.stderr


def test_the_installer_of_a_bundle_wants_one(releases: Releases, tmp_path: Path) -> None:
    ended = subprocess.run(
        [releases.folder / "install.sh", "--home", tmp_path / "home"],
        capture_output=True,
        text=True,
        env=releases.environment,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "name it with --bundle FILE" in ended.stderr


def test_another_machine_is_refused(
    releases: Releases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = {**packing.machine(), "python": "3.99"}
    monkeypatch.setattr(packing, "machine", lambda: there)
    checkout = Checkout(releases.folder / "checkout", releases.folder / "wheels")
    wanted = packing.Wanted(checkout.source, checkout.wheels)
    packing.make(tmp_path / "there", wanted, KEY, Silent())
    plan = Plan(tmp_path, tmp_path / "home", file=tmp_path / "there")
    with pytest.raises(InstallError, match=r"is for Python 3\.99"):
        offline.check_bundle(plan, lambda _text: None)


def test_what_was_not_upgraded_cannot_go_back(releases: Releases, home: Path) -> None:
    ended = releases.install(home, releases.old, "--rollback")
    assert ended.returncode == 1
    assert "was not upgraded" in ended.stderr


def _killed(releases: Releases, command: list[str], step: str) -> None:
    """Run the installer, and kill it and all that it started when a step is done."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        text=True,
        env=releases.environment,
        start_new_session=True,
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if f"] {step}: " in line:
                break
        else:
            raise AssertionError(f"{step} was not said")
        os.killpg(running.pid, signal.SIGKILL)


def test_forward_and_back_cut_off_at_any_step(releases: Releases, home: Path) -> None:
    database = home / "kizashi.db"
    database.write_text("r0001 before")
    safe = releases.folder / "safe"
    forward = (home, releases.new, "--backups", str(safe))
    for step in ("bundle", "backup", "platform"):
        _killed(releases, releases.command(*forward), step)
    told = releases.done(*forward)
    assert told["backup"] == "fine"  # it was made before the first cut
    assert (_version(home), _held(home)) == ("0.2.0", "r0002 before")
    assert [path.name for path in safe.rglob("*.json")] == ["bak_r0001_before.json"]

    database.write_text("r0002 before since")
    refused = releases.install(home, releases.old)
    assert "0.1.0 (tables r0001) is older than what is installed" in refused.stderr
    assert _held(home) == "r0002 before since"

    back = (home, releases.old, "--rollback")
    for step in ("readings", "platform", "restore", "kernels"):
        _killed(releases, releases.command(*back), step)
        if step == "platform":
            refused = releases.install(home, releases.new)
            assert "was begun and not completed" in refused.stderr
    told = releases.done(*back)
    assert "1 readings that came since the upgrade are in again" in told["readings again"]
    assert (_version(home), _held(home)) == ("0.1.0", "r0001 before since")
    assert (home / "replaced" / "kizashi.db").exists()
    assert "was not upgraded" in releases.install(*back).stderr


def test_without_the_backup_there_is_no_way_back(releases: Releases, home: Path) -> None:
    plan = Plan(releases.folder / "checkout", home, rollback=True, file=releases.old)
    before, after = upgrade.Version("0.1.0", "r0001"), upgrade.Version("0.1.0", "r0001")
    one = {"before": vars(before), "after": vars(after), "backup": str(home / "none")}
    plan.upgrades.write_text(json.dumps([one]))
    with pytest.raises(InstallError, match="is not there any more"):
        upgrade.check_direction(plan, lambda _text: None)
    plan.upgrades.write_text("{")
    with pytest.raises(InstallError, match="is damaged"):
        upgrade.check_direction(plan, lambda _text: None)
    plan.upgrades.unlink()
