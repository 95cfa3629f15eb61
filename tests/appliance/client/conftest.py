"""A scripted site, and one way to ask it both by waiting and by awaiting."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from appliance.client import connect, connect_async
from appliance.client.pages import AsyncPages
from tests.appliance.client.servers import Script, serve

TOKEN = "kz_a-token-of-the-tests"
Ask = Callable[..., Any]


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def url(script: Script) -> Iterator[str]:
    with serve(script.app()) as address:
        yield address


@pytest.fixture(params=["waiting", "awaiting"])
def ask(request: pytest.FixtureRequest) -> Ask:
    """Return a function that asks a plant, and returns what it says, lists as lists."""

    def waiting(url: str, what: Callable[[Any], Any], **options: Any) -> Any:
        with connect(url, **({"token": TOKEN} | options)) as plant:
            found = what(plant)
            return [*found] if hasattr(found, "__iter__") and _pages(found) else found

    def awaiting(url: str, what: Callable[[Any], Any], **options: Any) -> Any:
        async def run() -> Any:
            async with connect_async(url, **({"token": TOKEN} | options)) as plant:
                found = what(plant)
                while inspect.isawaitable(found):
                    found = await found
                if isinstance(found, AsyncPages):
                    return [item async for item in found]
                return found

        return asyncio.run(run())

    return waiting if request.param == "waiting" else awaiting


def _pages(found: Any) -> bool:
    return type(found).__name__ == "Pages"


def then(first: Any, following: Callable[[Any], Any]) -> Any:
    """Do something with a result, whether it is there or awaited."""
    if not inspect.isawaitable(first):
        return following(first)

    async def both() -> Any:
        found = following(await first)
        return await found if inspect.isawaitable(found) else found

    return both()
