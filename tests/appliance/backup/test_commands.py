"""Backup and restore from the shell."""

from __future__ import annotations

import json

import pytest

from appliance.cli.main import main
from tests.appliance.cli.conftest import Told

WORDS = "correct horse battery"


@pytest.fixture
def kizashi(source, capsys, monkeypatch, tmp_path):
    """Run a command in this process, on the plant's home."""
    monkeypatch.setenv("KIZASHI_HOME", str(source.home))
    monkeypatch.setenv("KIZASHI_ENGINE", "local")
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        told = capsys.readouterr()
        return Told(ended.value.code or 0, told.out, told.err)

    return run


@pytest.mark.slow
def test_from_backup_to_restore(kizashi, tmp_path, source, monkeypatch):
    (tmp_path / "words").write_text(f"{WORDS}\nand nothing of this\n")
    made = kizashi("backup", "--passphrase-file", "words")
    assert made.status == 0, made.err
    identifier = made.out.partition(":")[0]
    place = source.home / "backups" / identifier
    assert f"Restore it: kizashi restore {place} --home FOLDER" in made.out
    listed = kizashi("backups")
    assert identifier in listed.out
    assert "yes" in listed.out
    monkeypatch.setenv("KIZASHI_BACKUP_PASSPHRASE", WORDS)
    checked = json.loads(kizashi("backups", "--verify", "--json").out)
    assert [(one["id"], one["whole"], one["sealed"]) for one in checked] == [
        (identifier, True, True)
    ]
    done = kizashi("restore", place, "--home", "new")
    assert done.status == 0, done.err
    assert f"{identifier}: restored into {tmp_path / 'new'}" in done.out
    assert (tmp_path / "new" / "secrets" / "site.key").is_file()
    for name in ("reports/pumps.html", "uploads/温度 1.csv"):
        assert (tmp_path / "new" / name).read_bytes() == (source.home / name).read_bytes()
    assert "nothing new" in kizashi("--home", "new", "score", "pumps").out
    again = kizashi("restore", place, "--home", "new")
    assert (again.status, "--replace" in again.err) == (1, True)
    told = json.loads(kizashi("restore", place, "--home", "new", "--replace", "--json").out)
    assert told["aside"].startswith(str(tmp_path / "new" / "replaced-"))


@pytest.mark.slow
def test_what_is_left_out_is_said(kizashi, tmp_path):
    made = kizashi("backup", "elsewhere")
    assert "Not in it, for want of a passphrase: secrets/site.key" in made.out
    assert "secrets" in json.loads(kizashi("backup", "elsewhere", "--json").out)["left_out"][0]
    kept = json.loads(kizashi("backup", "elsewhere", "--keep", "1", "--json").out)
    assert len(kept["pruned"]) == 2
    done = kizashi("restore", "elsewhere", "--home", "new")
    assert "Without the secrets" in done.out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("backups",), 1, "no backups in"),
        (("backup", "--passphrase-file", "nowhere"), 2, "cannot be read"),
        (("backup", "--passphrase-file", "short"), 2, "too easily guessed"),
        (("backup", "--passphrase", WORDS), 2, "No such option"),
        (("backup", "home/lake/x"), 2, "inside"),
        (("backup", "--keep", "0"), 2, "--keep"),
        (("restore", "nowhere"), 1, "no backups in"),
        (("--url", "https://plant:8443", "backup"), 2, "at this machine"),
        (("--url", "https://plant:8443", "backups"), 2, "at this machine"),
        (("--url", "https://plant:8443", "restore", "x", "--home", "y"), 2, "at this machine"),
        (("restore", "nowhere/bak_00000000000000000000"), 1, "no backups in"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(kizashi, tmp_path, arguments, status, said):
    (tmp_path / "short").write_text("password")
    told = kizashi(*arguments)
    assert told.status == status
    assert said in told.err
    assert "Traceback" not in told.err


def test_a_damaged_backup_ends_with_status_one(kizashi, source):
    kizashi("backup")
    victim = max((source.home / "backups" / "objects").glob("??/*"))
    victim.write_bytes(b"")
    told = kizashi("backups")
    assert told.status == 1
    assert "no: " in told.out
    assert kizashi("restore", source.home / "backups", "--home", "new").status == 1
