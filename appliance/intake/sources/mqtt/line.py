"""The line to a broker: it connects again by itself, and asks for its topic each time."""

from __future__ import annotations

import ssl
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from appliance.intake.sources.mqtt.messages import wanted
from appliance.schemas.source import Mqtt

Said = Callable[[str, bytes, int, int], None]
"""Takes topic, payload, number and quality of service of a message."""
_KEEPALIVE = 30
_GOODBYE = 5.0
_LONGEST_PAUSE = 60
_TOPIC = "topic"


class BrokerLine:
    """A connection to a broker.

    Parameters
    ----------
    origin
        What was asked for, with its password.
    name
        What the broker knows the listener by.
    folder
        Where it is noted which topic the broker was asked for.
    said, lost
        Told of each message, and of each end of the connection.
    lasting
        Whether the broker keeps messages while the line is down.

    Attributes
    ----------
    fault
        Why no messages of the topic come.
    """

    def __init__(
        self,
        origin: Mqtt,
        name: str,
        folder: Path,
        said: Said,
        lost: Callable[[], None],
        *,
        lasting: bool,
    ) -> None:
        self.fault = ""
        self._listens = False
        self._known = threading.Event()
        self._origin = origin
        self._name = name
        self._noted = folder / _TOPIC if lasting else None
        self._said = said
        self._lost = lost
        self._client = self._made(clean=not lasting)
        self._client.on_message = self._on_message
        self._client.on_connect = self._on_connect
        self._client.on_connect_fail = self._on_connect_fail
        self._client.on_disconnect = self._on_disconnect
        self._client.on_subscribe = self._on_subscribe

    def open(self) -> None:
        """Begin to listen, in a thread; whatever fails is tried again."""
        self._client.connect_async(self._origin.host, self._origin.port, _KEEPALIVE)
        self._client.loop_start()

    def listens(self, seconds: float) -> bool:
        """Whether messages of the topic come; waits as long until that is known."""
        self._known.wait(seconds)
        return self._listens

    def acknowledge(self, number: int, quality: int) -> None:
        """Tell the broker that a message needs to be kept no longer."""
        self._client.ack(number, quality)

    def close(self) -> None:
        """Hang up."""
        with suppress(OSError, ValueError):
            self._client.disconnect()
        self._client.loop_stop()

    def forget(self) -> None:
        """Let the broker drop what it keeps for the listener, if it can be reached."""
        client, told = self._made(clean=True), threading.Event()

        def answered(*_: Any) -> None:
            told.set()

        client.on_connect = answered
        with suppress(OSError, ValueError):
            client.connect_async(self._origin.host, self._origin.port, _KEEPALIVE)
            client.loop_start()
            told.wait(_GOODBYE)
            client.disconnect()
        client.loop_stop()

    def _made(self, *, clean: bool) -> paho.Client:
        origin = self._origin
        client = paho.Client(
            CallbackAPIVersion.VERSION2, self._name, clean_session=clean, manual_ack=True
        )
        client.suppress_exceptions = True
        if origin.user:
            secret = origin.password.get_secret_value() if origin.password else None
            client.username_pw_set(origin.user, secret)
        if origin.tls:
            client.tls_set_context(ssl.create_default_context())
        client.reconnect_delay_set(1, _LONGEST_PAUSE)
        return client

    # ------------------------------------------------------------------ in the line's thread
    def _on_connect(
        self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._missed(str(reason))
            return
        topic, before = wanted(self._origin.topic), self._asked_before()
        if before not in ("", topic):
            client.unsubscribe(before)
        client.subscribe(topic, qos=1)

    def _on_subscribe(
        self, _client: paho.Client, _data: Any, _number: int, reasons: Any, _properties: Any
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            self._missed("it does not give this topic to this user")
            return
        if self._noted is not None:
            with suppress(OSError):
                self._noted.write_text(wanted(self._origin.topic), "utf-8")
        self.fault, self._listens = "", True
        self._known.set()

    def _missed(self, why: str) -> None:
        self.fault = why
        self._known.set()

    def _asked_before(self) -> str:
        if self._noted is None:
            return ""
        try:
            return self._noted.read_text("utf-8")
        except (OSError, ValueError):
            return ""

    def _on_connect_fail(self, _client: paho.Client, _data: Any) -> None:
        error = sys.exc_info()[1]
        self._missed(str(getattr(error, "strerror", None) or error or "it cannot be reached"))

    def _on_disconnect(
        self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self._listens = False
        self._lost()
        if reason.is_failure:
            self._missed(self.fault or str(reason))

    def _on_message(self, client: paho.Client, _data: Any, told: paho.MQTTMessage) -> None:
        if told.retain and not self._origin.time:
            # It says what was the case at some time, and not when.
            client.ack(told.mid, told.qos)
            return
        try:
            topic = told.topic
        except UnicodeDecodeError:
            topic = ""
        self._said(topic, bytes(told.payload), told.mid, told.qos)
