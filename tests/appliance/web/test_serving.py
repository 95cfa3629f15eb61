"""Whose word the web process takes for where a request comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from appliance.core.settings import Settings
from appliance.web.serving import configured

_PROXY, _STRANGER, _BROWSER = "10.0.0.7", "192.0.2.1", "203.0.113.9"


async def _whence(scope: Any, _receive: Any, send: Any) -> None:
    """Answer with the address that a request is taken to come from."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["client"][0].encode("ascii")})


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("trusted", "sender", "believed"),
    [
        (("10.0.0.0/8",), _PROXY, _BROWSER),
        ((_PROXY,), _PROXY, _BROWSER),
        (("10.0.0.0/8",), _STRANGER, _STRANGER),
        ((), _PROXY, _PROXY),
        ((), "127.0.0.1", "127.0.0.1"),
    ],
)
async def test_only_a_trusted_proxy_is_believed(
    tmp_path: Path, trusted: tuple[str, ...], sender: str, believed: str
) -> None:
    config = configured(_whence, Settings(home=tmp_path, trusted_proxies=trusted))
    config.load()
    transport = httpx.ASGITransport(config.loaded_app, client=(sender, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://site") as client:
        told = await client.get("/", headers={"X-Forwarded-For": f"{_STRANGER}, {_BROWSER}"})
    assert told.text == believed
