"""An MQTT broker of the tests' own: Mosquitto, on a port of this machine only."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

_POLLS = 500
_BETWEEN = 0.02
_PATIENCE = 20


def program() -> Path | None:
    """Return the broker's program, None where there is none."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    return Path(found) if found else None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Broker:
    """A broker that keeps what it is to keep while it is down."""

    folder: Path
    program: Path
    more: str = ""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Let it run, and wait until it can be reached."""
        user = "user root\n" if os.geteuid() == 0 else ""
        (self.folder / "broker.conf").write_text(
            f"listener {self.port} 127.0.0.1\n{user}allow_anonymous true\npersistence true\n"
            f"persistence_location {self.folder}/\nmax_queued_messages 100000\n{self.more}"
        )
        self.process = subprocess.Popen(
            [self.program, "-c", self.folder / "broker.conf"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(_POLLS):
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(_BETWEEN)
            else:
                return
        raise AssertionError("the broker did not start")

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=_PATIENCE)
            self.process = None

    def say(
        self, messages: Iterable[tuple[str, str | bytes]], qos: int = 1, *, retain: bool = False
    ) -> None:
        """Publish topics and payloads, and wait until the broker has them."""
        client = paho.Client(CallbackAPIVersion.VERSION2)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        try:
            sent = [client.publish(topic, told, qos, retain) for topic, told in messages]
            for one in sent:
                one.wait_for_publish(_PATIENCE)
        finally:
            client.disconnect()
            client.loop_stop()


@contextmanager
def serve(folder: Path, program: Path, more: str = "") -> Iterator[Broker]:
    """Run a broker on a folder of its own."""
    made = Broker(folder, program, more)
    made.start()
    try:
        yield made
    finally:
        made.stop()
