"""What somebody else wrote is refused before anything is written; a full disk leaves none."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.backup import back_up, backups, restore
from appliance.backup.listing import opened
from appliance.backup.sealing import bound_to, seal
from appliance.backup.vault import Vault
from appliance.core.errors import KizashiError, StorageError
from appliance.schemas.backup import Sealed
from tests.appliance.backup.conftest import CHIEF, ROOT, WORDS
from tests.conftest import skip_or_fail

LONG = "a" * 1_001


def forge(target: Path, backup: str, change) -> None:
    """Change a manifest, and its digest with it."""
    path = target / "backups" / f"{backup}.json"
    told = json.loads(json.loads(path.read_text())["backup"])
    change(told)
    text = json.dumps(told)
    digest = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(json.dumps({"sha256": digest, "backup": text}))


def _path(value):
    return lambda told: told["files"][0].update(path=value)


HOSTILE = {
    "up": _path("../evil"),
    "up within": _path("lake/../../evil"),
    "absolute": _path("/etc/passwd"),
    "dot": _path("lake/./x"),
    "empty part": _path("lake//x"),
    "backslash": _path("lake\\..\\x"),
    "nul": _path("lake/x\0y"),
    "newline": _path("lake/x\ny"),
    "long": _path(f"lake/{LONG}"),
    "a plain secret": _path("secrets/site.key"),
    "the environment": _path("env/bin/python"),
    "a folder": _path("lake"),
    "a file as folder": _path("kizashi.db/x"),
    "twice": lambda told: told["files"].append(told["files"][0]),
    "a file above a file": lambda told: told["files"].extend(
        [{**told["files"][0], "path": "lake/x"}, {**told["files"][0], "path": "lake/x/y"}]
    ),
    "a huge size": lambda told: told["files"][0].update(size=2**80),
    "a size that lies": lambda told: told["files"][0].update(size=2**40),
    "a negative size": lambda told: told["files"][0].update(size=-1),
    "a digest that leads away": lambda told: told["files"][0].update(sha256="../" * 21 + "x"),
    "another id": lambda told: told.update(id="bak_" + "0" * 20),
    "another format": lambda told: told.update(format=2),
    "a revision that is none": lambda told: told.update(revision="0001; --"),
    "a later revision": lambda told: told.update(revision="9999"),
    "an earlier revision": lambda told: told.update(revision="0001"),
    "an unknown database": lambda told: told.update(database="oracle"),
    "more than there is": lambda told: told.update(code="import os"),
    "endless cost": lambda told: told["sealed"].update(cost=2**40),
    "another salt": lambda told: told["sealed"].update(salt="0" * 32),
    "secrets of another backup": lambda told: told.update(made="2026-01-01T00:00:00Z"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_manifest_is_refused(site, tmp_path, kind):
    target = tmp_path / "backups"
    made = back_up(site, target, by=CHIEF, passphrase=WORDS)
    forge(target, made.backup.id, HOSTILE[kind])
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(KizashiError):
        restore(target, tmp_path / "new", by=CHIEF, passphrase=WORDS)
    left = [path for path in sorted(tmp_path.rglob("*")) if path not in before]
    assert left in ([], [tmp_path / "new"])
    backups(target, thorough=True, passphrase=WORDS)  # and listing says, but does not fail


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '{"sha256": 1}',
        '{"backup": 1}',
        "\xff",
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_a_manifest_that_is_none_is_said(site, tmp_path, text):
    target = tmp_path / "backups"
    good = back_up(site, target, by=CHIEF).backup.id
    bad = "bak_" + "z" * 20
    (target / "backups" / f"{bad}.json").write_text(text, "latin-1")
    (target / "backups" / f"bak_{'y' * 20}.json").symlink_to("/etc/hostname")
    notes = backups(target)
    assert [one.whole for one in notes] == [False, False, True]
    with pytest.raises(StorageError):
        restore(target, tmp_path / "new", by=CHIEF)
    restore(target / good, tmp_path / "new", by=CHIEF)
    back_up(site, target, by=CHIEF)


@pytest.mark.parametrize(
    "path", ["../evil", "secrets/../../evil", "/evil", "env/x", "secrets/"]
)
def test_secrets_that_lead_elsewhere_are_refused(site, tmp_path, path):
    target = tmp_path / "backups"
    made = back_up(site, target, by=CHIEF)
    vault = Vault(target)
    backup = vault.read(made.backup.id)
    kept, salt, cost = seal({path: b"x"}, WORDS, bound_to(backup))
    digest, size = vault.put_bytes(kept)
    sealed = Sealed(sha256=digest, size=size, salt=salt, cost=cost)
    with pytest.raises(StorageError, match="none"):
        opened(vault, backup.model_copy(update={"sealed": sealed}), WORDS)


FULL = """
import json, os, sys
from pathlib import Path
from appliance.backup import back_up, backups, restore
from appliance.core.errors import StorageFull
from tests.appliance.backup.conftest import CHIEF
from tests.appliance.pipelines.sites import open_site

site, good, disk = open_site(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3])

def said(work):
    try:
        work()
    except StorageFull as error:
        return str(error)
    return ""

def left(folder):
    return [str(p) for p in folder.rglob("*") if not p.is_dir() and p.name != ".lock"]

told = {}
for spare in (0, 100_000, 900_000, 1_500_000):
    target, home = disk / f"backups{spare}", disk / f"home{spare}"
    free = os.statvfs(disk)
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(max(free.f_bavail * free.f_frsize - spare, 0)))
    told[spare] = [
        said(lambda: back_up(site, target, by=CHIEF)),
        [one.id for one in backups(target)],
        [path for path in left(target) if ".draft" in path],
        said(lambda: restore(good, home, by=CHIEF)),
        left(home),
    ]
    ballast.unlink()
    back_up(site, target, by=CHIEF)
    restore(target, home, by=CHIEF)
    told[spare].append([one.whole for one in backups(target, thorough=True)])
site.close()
print(json.dumps(told))
"""


@pytest.mark.slow
def test_a_full_disk_leaves_no_half_backup_and_no_half_home(site, source, tmp_path):
    mounting = ["unshare", "--map-root-user", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*mounting, "true"]).returncode:
        skip_or_fail("no private mount namespace can be made")
    back_up(site, tmp_path / "good", by=CHIEF)
    site.close()
    disk = tmp_path / "disk"
    disk.mkdir()
    program = [sys.executable, "-c", FULL, source.home, tmp_path / "good", disk]
    mount = f'mount -t tmpfs -o size=60m tmpfs {disk} && exec "$@"'
    ended = subprocess.run(
        [*mounting, "sh", "-c", mount, "sh", *map(str, program)],
        cwd=ROOT,
        env={**os.environ, "POLARS_MAX_THREADS": "2"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    for full in json.loads(ended.stdout).values():
        said, listed, drafts, said_at_restore, home, whole = full
        assert "no space" in said
        assert "bytes free" in said_at_restore or "no space" in said_at_restore
        assert (listed, drafts, home, whole) == ([], [], [], [True])
