"""The archive for a support case: what it holds, and that nothing secret is in it."""

from __future__ import annotations

import json
import stat
import tarfile
from pathlib import Path

import pytest

from appliance.access import shell
from appliance.cli.main import main
from appliance.core.clock import now
from appliance.core.errors import BadFile
from appliance.core.secrets import site_key
from appliance.core.settings import load_settings
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore, Told
from appliance.jobs.store.workers import WorkerStore
from appliance.machine import support
from appliance.machine.processes import processes
from appliance.machine.supervisor import Supervisor
from appliance.pipelines.site import Site
from appliance.schemas.alert import ChannelDraft
from appliance.schemas.job import JobRequest, JobState
from appliance.schemas.source import SourceDraft
from appliance.telemetry.trouble_words import trouble
from tests.appliance.databases import fresh_home

ME = shell("chief")
PLANTED = {
    "password": "pw-Aa1-planted-4711",
    "token": "kz_0123456789abcdef_" + "Qm9" * 14 + "x",
    "channel": "ch-planted-secret-4712",
    "chat": "T0PLANTED/B0PLANTED/abc4713",
    "source": "src-planted-secret-4714",
    "dsn": "dsn-planted-4715",
    "header": "hdr-planted-4716",
    "bearer": "brr.planted-4717.xyz",
    "environment": "env-planted-4718",
}
KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPLANTED4719\n-----END EC PRIVATE KEY-----"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home into which secrets of every kind were planted."""
    folder = fresh_home(tmp_path / "home")
    site = Site(load_settings(folder))
    secrets = PLANTED
    hook = {"kind": "webhook", "url": f"https://chat.example/hooks/{secrets['chat']}"}
    hook |= {"secret": secrets["channel"], "authorization": f"Bearer {secrets['bearer']}"}
    site.channels.add(ChannelDraft.model_validate({"name": "ops", "target": hook}), ME)
    sql = {"kind": "mqtt", "host": "broker", "topic": "a/{asset}/{sensor}", "user": "u"}
    sql |= {"password": secrets["source"], "tls": True}
    source = {"name": "line2", "fleet": "pumps", "origin": sql}
    site.sources.add(SourceDraft.model_validate(source), ME)
    site.access.users.add(ME, "yuki", secrets["password"], admin=True)
    site.troubles.note([trouble("source_fails", "warning", "line2", failures=4.0)], now())
    WorkerStore(site.database).enter("w.1", "w", 1, now())
    job = site.jobs.ask(ME, JobRequest(pipeline="compact"))
    ClaimStore(site.database).claim("w.1", now())
    wrong = BadFile(f"postgresql://u:{secrets['dsn']}@db/x: password={secrets['password']}.")
    runs = RunStore(site.database, "w.1")
    runs.end(job.id, JobState.FAILED, now(), Told(), error=wrong)
    site.close()
    (folder / "kizashi.toml").write_text(
        f'registry_url = "postgresql://mlflow:{secrets["dsn"]}@db/mlflow"\n'
        f'[otlp_headers]\nAuthorization = "Basic {secrets["header"]}"\n'
    )
    (folder / "secrets").mkdir(exist_ok=True)
    (folder / "secrets" / "provider.key").write_text(KEY)
    said = [f"{name}={value}" for name, value in secrets.items()]
    said[-1] = f"oidc_client_secret: {secrets['environment']}"
    said += [f"Authorization: Bearer {secrets['bearer']}", KEY, f"key {site_key(folder).hex()}"]
    said += [f"raw {secrets['header']} and {secrets['dsn']}", "the last line stays"]
    (folder / "logs").mkdir(exist_ok=True)
    (folder / "logs" / "web.log").write_text("\n".join(said) + "\n")
    return folder


def content(path: Path) -> dict[str, str]:
    with tarfile.open(path) as archive:
        return {
            one.name.partition("/")[2]: archive.extractfile(one).read().decode()
            for one in archive.getmembers()
        }


@pytest.mark.slow
def test_it_holds_what_support_needs_and_nothing_secret(home, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("KIZASHI_OIDC_CLIENT_SECRET", PLANTED["environment"])
    out = tmp_path / "case.tar.gz"
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home), "support-bundle", "--out", str(out), "--json"])
    assert left.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    found = content(out)
    whole = "\n".join(found.values())
    for name, secret in PLANTED.items():
        assert secret not in whole, name
    assert "PLANTED" not in whole
    assert site_key(home).hex() not in whole
    assert {one["name"] for one in told["parts"] if one["problem"]} == set()
    assert found.keys() == {one["name"] for one in told["parts"]}
    assert found["logs/web.log"].endswith("the last line stays\n")
    assert json.loads(found["settings.json"])["registry_url"].endswith("@db/mlflow")
    assert json.loads(found["troubles.json"])[0]["subject"] == "line2"
    (job,) = json.loads(found["jobs.json"])["latest"]
    assert (job["state"], job["error_kind"]) == ("failed", "BadFile")
    assert json.loads(found["database.json"])["kind"] == "sqlite"
    assert {one["check"] for one in json.loads(found["doctor.json"])} >= {"disk", "database"}
    for line in (*(found.keys() - {"README.txt"}), "Left out", "passwords"):
        assert line in found["README.txt"]


def test_a_site_that_is_broken_gives_what_it_can(home, tmp_path, monkeypatch):
    settings = load_settings(home)
    (home / "kizashi.db").write_bytes(b"no database" * 1000)
    monkeypatch.setattr(support, "MOST_BYTES", 200)
    out = tmp_path / "case.tar.gz"
    made = support.bundle(settings, Supervisor(home, processes(settings)), out)
    problems = {one.name for one in made.parts if one.problem}
    assert {"jobs.json", "troubles.json"} <= problems
    assert not {"versions.json", "settings.json", "doctor.json", "logs/web.log"} & problems
    found = content(out)
    assert "jobs.json: StorageError" in found["README.txt"]
    assert all(
        len(text.encode()) <= 200 for name, text in found.items() if name != "README.txt"
    )
    assert found["logs/web.log"].endswith("the last line stays\n")
    assert "PLANTED" not in "".join(found.values())


@pytest.mark.slow
def test_no_file_is_written_over(home, tmp_path, capsys):
    out = tmp_path / "case.tar.gz"
    out.write_text("mine")
    with pytest.raises(SystemExit) as left:
        main(["--home", str(home), "support-bundle", "--out", str(out)])
    assert left.value.code == 1
    assert "already" in capsys.readouterr().err
    assert out.read_text() == "mine"
