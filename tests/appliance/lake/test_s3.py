"""A lake in S3: commits of unknown outcome, servers that are away, wrong or unsafe."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from appliance.core.errors import StorageError
from appliance.lake import Lake, bucket, layout
from appliance.objects import away, shelf
from appliance.objects import bucket as objects
from tests.appliance.lake.conftest import data_files

pytestmark = pytest.mark.xdist_group("s3")


@pytest.fixture
def root(s3_place):
    return s3_place


@pytest.fixture
def impatient(monkeypatch):
    """Ask a server that does not answer once more, not for a minute."""
    monkeypatch.setitem(bucket._DELTA, "max_retries", "1")
    monkeypatch.setitem(bucket._POLARS, "max_retries", 1)
    monkeypatch.setitem(objects._PATIENCE, "max_retries", 1)


@pytest.mark.slow
def test_a_commit_that_arrives_after_its_sender_gave_up_names_files_that_are_there(
    lake, make_readings, make_scores, monkeypatch
):
    readings, scores = lake.readings("pumps"), lake.scores("pumps")
    sent = []
    for table in (readings._table, scores._table):

        def lost(*args, real=table._write_log):
            sent.append(lambda: real(*args))
            raise StorageError("the server did not say whether it has it.")

        monkeypatch.setattr(table, "_write_log", lost)
    with pytest.raises(StorageError, match="did not say"):
        readings.write(make_readings(["A-1"], 5, x=1.0), batch="a")
    staged = [scores.stage(make_scores(["A-1"], 5), model_version=1)]
    with pytest.raises(StorageError, match="did not say"):
        scores.commit(staged, run="r")
    scores.unstage(staged)
    assert readings.read().is_empty()
    for late in sent:
        late()
    assert lake.readings("pumps").read().height == 5
    assert lake.scores("pumps").read().height == 5
    again = lake.readings("pumps").write(make_readings(["A-1"], 5, x=1.0), batch="a")
    assert again.already_written


def test_a_commit_whose_answer_was_lost_stands_once(root, lake, make_readings, monkeypatch):
    readings = lake.readings("pumps")
    real = readings._table._write_log

    def unheard(*args):
        real(*args)
        raise StorageError("the server did not say whether it has it.")

    monkeypatch.setattr(readings._table, "_write_log", unheard)
    assert readings.write(make_readings(["A-1"], 5, x=1.0), batch="a").added == 5
    assert readings.read().height == 5
    assert data_files(root) == set(readings.files())


@pytest.mark.slow
def test_an_environment_that_allows_commits_to_be_lost_does_not_count(
    lake, make_readings, monkeypatch
):
    monkeypatch.setenv("AWS_S3_ALLOW_UNSAFE_RENAME", "true")
    monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")

    def write(number):
        frame = make_readings(["A-1"], 2, 2 * number, x=1.0)
        return lake.readings("pumps").write(frame, batch=f"b{number}").added

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(write, range(6))) == [2] * 6
    assert lake.readings("pumps").read().height == 12


# ---------------------------------------------------------------- whose keys
class _Answering(BaseHTTPRequestHandler):
    """A server whose log is of no interest."""

    def say(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def answering(kind: type[_Answering]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_credentials_of_a_pod_are_enough(root, s3, make_readings, monkeypatch, tmp_path):
    names = {"AccessKeyId": "AWS_ACCESS_KEY_ID", "SecretAccessKey": "AWS_SECRET_ACCESS_KEY"}
    keys = {name: s3.environment[variable] for name, variable in names.items()}
    answer = json.dumps({**keys, "Token": "", "Expiration": "2099-01-01T00:00:00Z"}).encode()

    class Agent(_Answering):
        def do_GET(self) -> None:
            known = self.headers["Authorization"] == "of this pod"
            self.say(answer if known else b"", 200 if known else 403)

    (tmp_path / "token").write_text("of this pod")
    for variable in names.values():
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", str(tmp_path / "token"))
    with answering(Agent) as address:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{address}/v1/credentials")
        readings = Lake(f"{root}/pod").readings("pumps")
        assert readings.write(make_readings(["A-1"], 5, x=1.0), batch="a").added == 5
        assert readings.read().height == 5


# ---------------------------------------------------------------- what is wrong is told
@pytest.mark.parametrize(
    ("variable", "value", "cause"),
    [
        ("AWS_SECRET_ACCESS_KEY", "not the one", "does not accept the credentials"),
        ("AWS_ACCESS_KEY_ID", "nobody", "does not accept the credentials"),
        ("AWS_ENDPOINT_URL", "closed", "does not answer"),
        ("AWS_ALLOW_HTTP", "false", "not encrypted"),
    ],
)
def test_whoever_reads_is_told(
    root, lake, make_readings, monkeypatch, impatient, variable, value, cause
):
    lake.readings("pumps").write(make_readings(["A-1"], 5, x=1.0), batch="a")
    (file,) = lake.readings("pumps").files()
    if value == "closed":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            value = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv(variable, value)
    for ask in (
        lake.readings("pumps")._table.opened,
        lambda: layout.read([file], {}),
        lambda: list(shelf(root).entries("readings")),
    ):
        with pytest.raises(StorageError, match=cause) as told:
            ask()
        assert told.value.remedy
        assert len(str(told.value).splitlines()) == 1
        assert "\x1b" not in str(told.value)


def test_a_bucket_that_is_none_is_told(s3_place):
    with pytest.raises(StorageError, match="no such bucket"):
        Lake("s3://there-is-none/lake").readings("pumps").read()


def test_a_damaged_file_and_a_missing_one_are_named(lake, root, make_readings):
    readings = lake.readings("pumps")
    readings.write(make_readings(["A-1"], 50, x=1.0), batch="a")
    (file,) = readings.files()
    key = file.removeprefix(f"{root}/")
    bucket._opened(root).put(key, b"garbage")
    with pytest.raises(StorageError, match=key.rpartition("/")[2]):
        readings.read()
    bucket._opened(root).delete([key])
    with pytest.raises(StorageError, match=key.rpartition("/")[2]):
        readings.read()


# ---------------------------------------------------------------- unsafe servers
class _Careless(_Answering):
    """Takes every file, whatever the condition."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say(b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.say(b"<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>")

    def do_GET(self) -> None:
        found = not self.path.endswith("_last_checkpoint")
        listing = b"<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"
        self.say(listing, 200 if found else 404)


def test_a_server_that_lets_two_writers_win_holds_no_lake(
    root, make_readings, monkeypatch, impatient
):
    with answering(_Careless) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        readings = Lake(f"{root}/unsafe").readings("pumps")
        with pytest.raises(StorageError, match=r"two writers.*If-None-Match.*SeaweedFS"):
            readings.write(make_readings(["A-1"], 5, x=1.0), batch="a")


def test_only_a_store_can_be_away(root):
    assert away("/a/folder/x.parquet", OSError("timed out")) is None
    assert away(f"{root}/x.parquet", OSError("parquet: File out of specification")) is None
