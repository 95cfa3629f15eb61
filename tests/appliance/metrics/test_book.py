"""What processes count: added up over all of them, those that are gone included."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading

import pytest

from appliance.core.errors import StorageError
from appliance.metrics import exposition, instruments, kept, read
from appliance.metrics.catalog import BY_NAME, METRICS
from appliance.metrics.described import OTHER
from tests.conftest import ROOT

_COUNTS = """
import sys
from pathlib import Path
from appliance.metrics import instruments, kept
with kept(Path(sys.argv[1]), "worker"):
    instruments.job_ended("score", "succeeded", 2.0)
    instruments.connected(1.0)
    print("counted", flush=True)
    sys.stdin.readline()
"""


def _other(home):
    process = subprocess.Popen(
        [sys.executable, "-c", _COUNTS, str(home)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def _told(home, role="worker"):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for one in read(home, role)
        for sample in one.samples
    }


_ENDED = ("kizashi_jobs_ended_total", ("outcome", "succeeded"), ("pipeline", "score"))
_TOOK = ("kizashi_job_duration_seconds_sum", ("pipeline", "score"))
_OPEN = ("kizashi_http_connections",)


@pytest.fixture
def home(tmp_path):
    return tmp_path


@pytest.mark.slow
def test_processes_are_added_up_and_sums_never_fall(home):
    with kept(home, "worker"):
        instruments.job_ended("score", "succeeded", 1.0)
        first, second = _other(home), _other(home)
        try:
            told = _told(home)
            assert (told[_ENDED], told[_TOOK], told[_OPEN]) == (3.0, 5.0, 2.0)
            first.kill()
            first.communicate()
            second.communicate("end\n")
        finally:
            first.kill()
            second.kill()
        for _ in range(2):  # what the dead counted was folded into the past, once
            told = _told(home)
            assert (told[_ENDED], told[_TOOK]) == (3.0, 5.0)
            assert told.get(_OPEN, 0.0) == 0.0, "nobody that lives has any"
        assert len(list((home / "run" / "metrics" / "worker").glob("*.lock"))) == 2


def test_a_process_goes_on_where_it_was(home):
    for _ in range(3):
        with kept(home, "worker"):
            instruments.job_ended("score", "succeeded", 1.0)
    assert _told(home)[_ENDED] == 3.0
    instruments.job_ended("score", "succeeded", 1.0)
    assert _told(home)[_ENDED] == 3.0, "nothing is kept outside of the block"


def test_histograms_count_every_value_once(home):
    with kept(home, "worker"):
        for seconds in (0.5, 1.0, 1.1, 1e9):
            instruments.job_ended("train", "failed", seconds)
        instruments.scored([1, 0, 2] + [0] * 8 + [4], 50.0)
    text = exposition(read(home, "worker")).decode()
    assert 'kizashi_job_duration_seconds_bucket{le="1.0",pipeline="train"} 2.0' in text
    assert 'kizashi_job_duration_seconds_bucket{le="+Inf",pipeline="train"} 4.0' in text
    assert 'kizashi_surprise_bucket{le="1.5"} 3.0' in text
    assert "kizashi_surprise_count 7.0" in text
    assert "kizashi_surprise_sum 50.0" in text


def test_requests_are_told_as_soon_as_somebody_reads(home):
    with kept(home, "web"):
        for number in range(700):
            instruments.asked(number)
            instruments.answered(number, "/a", "GET", "2xx", 0.02)
        instruments.asked(1_000)
        told = _told(home, "web")
    key = ("method", "GET"), ("route", "/a")
    assert told["kizashi_http_requests_total", *key, ("status", "2xx")] == 700
    assert told["kizashi_http_request_duration_seconds_count", *key] == 700
    assert told["kizashi_http_request_duration_seconds_sum", *key] == pytest.approx(14.0)
    place = "kizashi_http_request_duration_seconds_bucket", ("le", "0.02"), *key
    assert told[place] == 700
    assert told["kizashi_http_requests_in_flight",] == 1


def test_threads_lose_nothing(home):
    def count() -> None:
        for _ in range(2_000):
            instruments.retried("score")

    with kept(home, "worker"):
        threads = [threading.Thread(target=count) for _ in range(4)]
        for one in threads:
            one.start()
        for one in threads:
            one.join()
    assert _told(home)["kizashi_job_retries_total", ("pipeline", "score")] == 8_000


def test_labels_have_no_end_of_values(home):
    with kept(home, "worker"):
        for number in range(1_200):
            instruments.retried(f"pipeline-{number}")
            instruments.retried(f"pipeline-{number}")
    told = {k: v for k, v in _told(home).items() if k[0] == "kizashi_job_retries_total"}
    assert len(told) == 1_001
    assert told["kizashi_job_retries_total", ("pipeline", OTHER)] == 400


def test_files_are_their_owners_alone(home):
    with kept(home, "web"):
        instruments.asked(1)
        folder = home / "run" / "metrics" / "web"
        assert folder.stat().st_mode & 0o077 == 0
        assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())


def test_a_home_that_cannot_be_written_counts_nothing(tmp_path, caplog):
    (tmp_path / "run").write_text("no folder")
    with kept(tmp_path, "web"):
        instruments.answered(1, "/x", "GET", "2xx", 0.1)
    assert "nothing is counted" in caplog.text
    assert read(tmp_path, "web") == []


@pytest.mark.parametrize(
    "damage", [struct.pack("iiii", 64, 0, 1_000, 0), struct.pack("iii", 64, 0, 8), b"\x40"]
)
def test_damage_is_told(home, damage):
    with kept(home, "web"):
        instruments.asked(1)
        folder = home / "run" / "metrics" / "web"
        (folder / "counter_other-1.db").write_bytes(damage)
        with pytest.raises(StorageError, match="cannot be read"):
            read(home, "web")


@pytest.mark.slow
def test_what_a_power_cut_damaged_is_begun_anew(home, caplog):
    for _ in range(2):
        _other(home).communicate("end\n")
        _told(home)
    folder = home / "run" / "metrics" / "worker"
    (folder / "counter_past.db").write_bytes(struct.pack("iiii", 64, 0, 1_000, 0))
    _other(home).communicate("end\n")
    assert _told(home)[_ENDED] == 1.0
    assert "figures of processes that are gone are lost" in caplog.text


# ---------------------------------------------------------------- names
def test_names_keep_the_conventions():
    assert len(BY_NAME) == len(METRICS)
    for one in METRICS:
        assert one.name.startswith("kizashi_"), one.name
        assert one.name.endswith("_total") == (one.kind == "counter"), one.name
        assert one.help.endswith("."), one.name
        assert bool(one.buckets) == (one.kind == "histogram"), one.name
        assert not {"asset", "user", "job", "id"} & set(one.labels), one.name


def test_nothing_here_is_left_behind():
    assert not [name for name in os.environ if name.lower() == "prometheus_multiproc_dir"]
