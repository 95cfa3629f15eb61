"""What needs care of the platform is found on a real site, noted with its life, and told."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from appliance.access.person import shell
from appliance.core.clock import now
from appliance.core.errors import InvalidRequest, SourceError
from appliance.core.settings import Settings
from appliance.jobs.store.claims import ClaimStore
from appliance.jobs.store.runs import RunStore, Told
from appliance.jobs.store.workers import WorkerStore
from appliance.pipelines.alerts import deliver
from appliance.pipelines.care import Care, Normal
from appliance.pipelines.ingest import ingest
from appliance.pipelines.platform_alerts import raise_troubles
from appliance.pipelines.site import Site
from appliance.pipelines.sources import fail, look, open_source
from appliance.schemas.job import JobRequest, JobState
from appliance.schemas.platform import Metric, Trouble
from appliance.schemas.schedule import ScheduleDraft
from appliance.schemas.source import SourceDraft
from appliance.telemetry import History, platform
from appliance.telemetry.store.troubles import OVER_AFTER, TroubleStore
from appliance.telemetry.trouble_words import CODES, remedy_of, text_of, trouble
from appliance.web.vigil import Vigil
from tests.appliance.alerts.channels import draft
from tests.appliance.alerts.receivers import address
from tests.appliance.pipelines.sites import FLEET
from tests.conftest import ROOT

ME = shell("test")
GB = 1e9
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.at = now()

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def site(tmp_path: Path, database_url: str) -> Iterator[Site]:
    made = Site(Settings(home=tmp_path / "home", database_url=database_url, name="Chiba"))
    WorkerStore(made.database).enter("w.1", "w", 1, now())
    yield made
    made.close()


def found(site: Site, clock: Clock) -> dict[str, Trouble]:
    """Look, and return what stands, by code."""
    Care(site, clock).look()
    return {one.trouble.code: one.trouble for one in site.troubles.standing()}


def bring(site: Site, folder: Path) -> None:
    csv = folder / "a.csv"
    csv.write_text(
        "time,machine,flow\n2026-03-01T08:00:00Z,P-1,1\n2026-03-01T08:01:00Z,P-1,2\n"
    )
    ingest(site, [csv], "pumps")


# ---------------------------------------------------------------- found
def test_a_disk_that_fills_is_foretold_from_the_history(site, clock):
    history = History(site.settings.home)
    for hour in range(14 * 24, -1, -1):
        held = 100 * GB - hour / 24 * 40 * GB
        history.add(clock.at - timedelta(hours=hour), {Metric.HOST_DISK: held})
    told = found(site, clock)["disk_fills"]
    assert told.values["per_day"] == pytest.approx(40 * GB, rel=0.01)
    assert f"full in about {max(round(told.values['days']), 1)} day" in told.text
    assert "retention" in told.remedy


def test_a_source_that_fails_again_and_again_is_told_with_its_name(site, clock):
    gone = {"kind": "folder", "path": "nowhere"}
    site.sources.add(SourceDraft(name="line2", fleet="pumps", origin=gone), ME)
    (identifier,) = site.sources.holding.hold("w.1")
    held = site.sources.holding.open(identifier, "w.1")
    for looks in range(3):
        assert "source_fails" not in found(site, clock), looks
        with pytest.raises(SourceError) as error:
            open_source(site, held).pull({})
        held, _ = fail(site, held, error.value)
    told = found(site, clock)["source_fails"]
    assert (told.subject, told.values) == ("line2", {"failures": 3.0})
    everyones = platform(site.settings, site.database, version="1", whole=False)
    assert "line2" not in everyones.model_dump_json()
    operators = platform(site.settings, site.database, version="1", whole=True)
    assert "source_fails" in {one.code for one in operators.troubles}


@pytest.mark.slow
def test_a_source_that_brought_files_and_brings_no_more_is_told(site, clock):
    folder = site.settings.imports[0] / "line3"
    folder.mkdir(parents=True)
    origin = {"kind": "folder", "path": "line3", "settled": 0}
    site.sources.add(SourceDraft(name="line3", fleet="fans", origin=origin), ME)
    (identifier,) = site.sources.holding.hold("w.1")
    held = site.sources.holding.open(identifier, "w.1")
    with closing(open_source(site, held)) as live:
        for number in (4, 3, 2, 1):
            assert "source_lags" not in found(site, clock)
            at = (now() - number * MINUTE).isoformat()
            (folder / f"{number}.csv").write_text(f"time,machine,flow\n{at},F-1,{number}\n")
            held, _ = look(site, held, live)
    clock.at = now() + 29 * MINUTE
    assert "source_lags" not in found(site, clock)
    clock.at = now() + timedelta(hours=2)
    told = found(site, clock)["source_lags"]
    assert told.subject == "line3"
    assert told.values["seconds"] == pytest.approx(7200, abs=120)
    assert "broker or the folder" in told.remedy


def certificate(path: Path, days: float) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "plant")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - 100 * DAY)
        .not_valid_after(datetime.now(UTC) + days * DAY)
        .sign(key, hashes.SHA256())
    )
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("days", "code"), [(90, None), (20, "certificate_ends"), (-2, "certificate_ended")]
)
def test_certificates_are_watched(tmp_path, days, code, clock):
    certificate(tmp_path / "provider.pem", days)
    settings = Settings(home=tmp_path / "home", oidc_authority=tmp_path / "provider.pem")
    made = Site(settings)
    certificate(tmp_path / "home" / "secrets" / "ca.pem", 400)
    told = found(made, clock)
    assert {name for name in told if name.startswith("certificate")} == ({code} - {None})
    if code:
        assert told[code].subject == "provider.pem"
    made.close()


def test_backups_are_asked_for_where_there_is_something_to_lose(site, clock, tmp_path):
    clock.at += 3 * DAY
    assert "no_backup" not in found(site, clock)
    bring(site, tmp_path)
    assert "no_backup" in found(site, clock)
    site.access.audit.note(ME, "backup.made", "backup:bak_1")
    assert not {"no_backup", "backup_old"} & found(site, clock).keys()
    clock.at += 9 * DAY
    assert found(site, clock)["backup_old"].values["days"] == pytest.approx(12, abs=0.1)


def test_a_schedule_whose_job_failed_is_told(site, clock):
    request = JobRequest(pipeline="compact")
    site.schedules.put(ME, ScheduleDraft(name="nightly", cron="0 2 * * *", request=request))
    site.access.audit.clock = lambda: now() + DAY
    (job,) = site.schedules.fire()
    claimed = ClaimStore(site.database).claim("w.1", now())
    assert claimed.job == job.id
    runs = RunStore(site.database, "w.1")
    runs.end(job.id, JobState.FAILED, now(), Told(), error=InvalidRequest("no."))
    assert found(site, clock)["schedule_fails"].subject == "nightly"


def test_workers_that_are_missing_are_those_that_there_usually_are(site, clock):
    history = History(site.settings.home)
    for minutes in range(24 * 60, 4, -5):
        history.add(clock.at - minutes * MINUTE, {Metric.JOBS_WORKERS: 3.0})
    told = found(site, clock)["workers_missing"]
    assert told.values == {"missing": 2.0, "usual": 3.0}


def test_a_worker_whose_clock_is_ahead_is_noticed(site, clock):
    WorkerStore(site.database).enter("x.1", "x", 2, now() + timedelta(seconds=45))
    told = found(site, clock)["clocks_differ"]
    assert told.values["seconds"] == pytest.approx(45, abs=5)


# ---------------------------------------------------------------- its life
def test_what_comes_and_goes_is_one_trouble(site, clock):
    other = TroubleStore(site.database)
    one = trouble("schedule_fails", "warning", "nightly")
    for noted in ([one], [one], [], [one]):
        site.troubles.note(noted, clock.at)
        other.note(noted, clock.at)
        clock.at += 5 * MINUTE
    (standing,) = site.troubles.standing()
    site.troubles.note([], clock.at)
    assert site.troubles.standing() == []
    went = clock.at
    site.troubles.note([], clock.at + OVER_AFTER)
    (over,) = site.troubles.since(clock.at - DAY)
    assert (over.id, over.ended) == (standing.id, went)
    site.troubles.note([one], clock.at + OVER_AFTER + MINUTE)
    assert site.troubles.standing()[0].id != standing.id


# ---------------------------------------------------------------- told
@pytest.mark.slow
def test_each_is_told_once_when_it_begins_and_once_when_it_is_over(site, clock):
    with address() as hook:
        target = {"kind": "webhook", "url": f"{hook.url}/1"}
        site.channels.add(draft(name="ops", target=target, platform=True), ME)
        site.channels.add(draft(name="events", target=target), ME)
        one = trouble("source_fails", "warning", "line2", failures=4.0)
        note = trouble("model_old", "note", "pumps", days=200.0)
        clock.at = now() + timedelta(seconds=1)

        def look(*noted: Trouble) -> list[dict]:
            clock.at += 5 * MINUTE
            site.troubles.note(noted, clock.at)
            raise_troubles(site, clock)
            deliver(site, clock=clock)
            bodies = [json.loads(post.body) for post in hook.posts]
            hook.posts.clear()
            return bodies

        assert look(one, note) == []
        (begun,) = look(one, note)
        assert [told["code"] for told in begun["troubles"]] == ["source_fails"]
        assert begun["events"] == []
        assert [look(one), look(one), look(), look(one), look()] == [[]] * 5
        later = [body for _ in range(8) for body in look()]
        assert [told["over"] for body in later for told in body["troubles"]] == [True]
        deliveries = site.deliveries.list(channel="ops")
        assert [(told.fleet, told.severity.value) for told in deliveries] == [
            ("", "watch"),
            ("", "plan"),
        ]
        assert site.deliveries.list(channel="events") == []


@pytest.mark.slow
def test_what_is_over_before_the_quiet_hours_end_wakes_nobody(site, clock):
    clock.at = now().replace(hour=23, minute=0) + DAY
    with address() as hook:
        target = {"kind": "webhook", "url": f"{hook.url}/1", "form": "text"}
        quiet = {"start": "22:00", "end": "06:00"}
        site.channels.add(draft(name="ops", target=target, platform=True, quiet=quiet), ME)
        slow, broken = trouble("backup_old", "warning", days=9.0), trouble("no_ray", "broken")
        for _ in range(2):
            site.troubles.note([slow, broken], clock.at)
            raise_troubles(site, clock)
            deliver(site, clock=clock)
            clock.at += 5 * MINUTE
        assert ["Ray" in post.body.decode() for post in hook.posts] == [True]
        for _ in range(2):
            site.troubles.note([broken], clock.at)
            clock.at += OVER_AFTER
            raise_troubles(site, clock)
        clock.at += 8 * timedelta(hours=1)
        deliver(site, clock=clock)
        assert len(hook.posts) == 1


@pytest.mark.slow
def test_that_no_worker_is_left_is_told_by_the_web(site, clock):
    with address() as hook:
        target = {"kind": "webhook", "url": f"{hook.url}/1"}
        site.channels.add(draft(name="ops", target=target, platform=True), ME)
        vigil = Vigil(site, clock)
        clock.at = now() + timedelta(seconds=5)
        assert not vigil.look()
        WorkerStore(site.database).leave("w.1")
        assert vigil.look()
        clock.at += 5 * MINUTE
        assert vigil.look()
        (told,) = [json.loads(post.body) for post in hook.posts]
        assert "no_worker" in {one["code"] for one in told["troubles"]}


# ---------------------------------------------------------------- words
def test_every_trouble_has_words_in_both_languages_and_on_the_page():
    pages = {
        language: tomllib.loads((ROOT / "ui" / "text" / f"{language}.toml").read_text())
        for language in ("en", "ja")
    }
    values = dict.fromkeys(
        ("free", "total", "seconds", "queued", "failed", "nodes", "days", "per_day",
         "failures", "assets", "missing", "usual", "percent"), 3e5,
    )  # fmt: skip
    for code in CODES:
        told = [text_of(code, "X", values, language) for language in ("en", "ja")]
        told += [remedy_of(code, "X", language) for language in ("en", "ja")]
        assert all(told)
        assert told[0] != told[1]
        for page in pages.values():
            assert {f"trouble_{code}", f"remedy_{code}"} <= page["platform"].keys()


# ---------------------------------------------------------------- models
@pytest.mark.slow
def test_a_model_that_was_learned_long_ago_is_told_by_its_fleet(learned, clock):
    clock.at += 150 * DAY
    assert "model_old" not in found(learned, clock)
    clock.at += 50 * DAY
    told = found(learned, clock)["model_old"]
    assert (told.subject, told.severity) == (FLEET, "note")
    assert told.values["days"] == pytest.approx(200, abs=1)
    assert f"kizashi retrain {FLEET}" in told.remedy


@pytest.mark.slow
def test_a_machine_whose_normal_has_changed_is_counted(learned):
    import polars as pl

    from appliance.pipelines.score import score
    from tests.appliance.pipelines.sites import DAY as STEPS
    from tests.appliance.pipelines.sites import LEARNED, plant
    from tests.appliance.pipelines.sites import bring as bring_in

    normal = Normal(learned)
    assert normal.changed(60.0) == {FLEET: 0}
    later = plant(12 * STEPS, first=LEARNED, seed=4)
    moved = pl.when(pl.col("asset") == "P-2").then(6 * later["s1"].std()).otherwise(0.0)
    bring_in(learned, later.with_columns(s1=pl.col("s1") + moved), "moved")
    score(learned, FLEET)
    assert Normal(learned).changed(60.0) == {FLEET: 1}
    clock = Clock()
    care = Care(learned, clock)
    care.look()
    by = {one.trouble.code: one.trouble for one in learned.troubles.standing()}
    assert (by["normal_changed"].subject, by["normal_changed"].values) == (
        FLEET,
        {"assets": 1.0},
    )
    clock.at += 200 * DAY
    assert care._normal.changed() == {FLEET: 1}
