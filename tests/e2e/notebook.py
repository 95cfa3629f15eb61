"""An analyst's JupyterLab in a pod, reached as a browser does: by the login and the gate."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx2
from websockets.sync.client import connect

from tests.e2e.cluster import wait_for

_MOST = 300.0


class Notebook:
    """Somebody's notebooks.

    Parameters
    ----------
    url
        Of the site.
    context
        Trusts its certificate.
    """

    def __init__(self, url: str, context: ssl.SSLContext, user: str, password: str) -> None:
        self._url, self._context, self._user = url, context, user
        self._client = httpx2.Client(base_url=url, verify=context, timeout=60)
        login = {"user": user, "password": password}
        self._client.post("/api/v1/session", json=login).raise_for_status()

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    @property
    def base(self) -> str:
        """Where JupyterLab is."""
        return f"/notebooks/{self._user}/"

    def open(self, check: Callable[[], None]) -> None:
        """Open the page until JupyterLab itself answers."""
        wait_for(self._is_there, _MOST, "JupyterLab answers", check)

    def _is_there(self) -> bool:
        begun = self._client.get("/notebooks/")  # a page while it starts, then the way on
        assert begun.status_code in (200, 303), begun.text
        return self._client.get(f"{self.base}api/status").status_code == 200

    def run(self, code: str) -> str:
        """Run a cell in a kernel of its own; return what it printed."""
        self._client.get(f"{self.base}lab").raise_for_status()
        told = {"X-XSRFToken": self._client.cookies["_xsrf"]}
        begun = self._client.post(f"{self.base}api/kernels", json={}, headers=told)
        kernel = begun.raise_for_status().json()["id"]
        try:
            return self._channel(kernel, code)
        finally:
            self._client.delete(f"{self.base}api/kernels/{kernel}", headers=told)

    def _channel(self, kernel: str, code: str) -> str:
        cookies = "; ".join(f"{name}={value}" for name, value in self._client.cookies.items())
        channel = connect(
            f"{self._url.replace('https', 'wss', 1)}{self.base}api/kernels/{kernel}/channels",
            ssl=self._context,
            origin=self._url,  # type: ignore[arg-type]
            additional_headers={"Cookie": cookies},
            open_timeout=60,
        )
        asked = uuid4().hex
        with channel:
            channel.send(json.dumps(_request(asked, code)))
            return _printed(channel, asked)


def _request(number: str, code: str) -> dict[str, Any]:
    header = {"msg_id": number, "msg_type": "execute_request", "version": "5.3"}
    return {
        "header": header | {"username": "", "session": uuid4().hex},
        "parent_header": {},
        "metadata": {},
        "content": {"code": code, "silent": False, "allow_stdin": False},
        "channel": "shell",
        "buffers": [],
    }


def _printed(channel: Any, asked: str) -> str:
    """Return what comes on the channel until the cell has been run."""
    text, until = "", time.monotonic() + _MOST
    while True:
        told = json.loads(channel.recv(timeout=until - time.monotonic()))
        if told["parent_header"].get("msg_id") != asked:
            continue
        content = told["content"]
        if told["msg_type"] == "stream":
            text += content["text"]
        elif told["msg_type"] == "error":
            raise AssertionError("\n".join(content["traceback"]))
        elif told["msg_type"] == "status" and content["execution_state"] == "idle":
            return text
