"""What is shown while a server starts, wherever it runs."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from appliance.access.person import Person, Via
from appliance.api.known import Known
from appliance.core.settings import Settings
from appliance.notebooks.place import PREFIX, Place, Stage
from appliance.web.notebooks import Notebooks

WORDS = {
    Stage.STARTS: ("is starting", "起動しています"),
    Stage.ROOM: ("waits for a node", "空きノードを待っています"),
    Stage.FETCHED: ("prepares it", "ノードが JupyterLab を準備しています"),
}


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("language", ["en", "ja"])
def test_how_far_a_server_is_stands_on_the_page(stage: Stage, language: str) -> None:
    who = Person("ana", Via.SESSION, admin=True)
    known = SimpleNamespace(authenticate=lambda _secret, _origin: who)
    place = SimpleNamespace(open=lambda _person: stage)
    settings = Settings.model_validate({"language": language})
    app = Notebooks(cast(Any, None), cast(Place, place), cast(Known, known), settings)
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)

    headers = [
        (b"cookie", b"kizashi_session=ks_x"),
        (b"accept-language", language.encode()),
    ]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": PREFIX,
        "headers": headers,
    }
    scope |= {"query_string": b"", "client": ("192.0.2.1", 1)}
    asyncio.run(app(scope, cast(Any, None), send))
    body = told[1]["body"].decode()
    assert told[0]["status"] == 200
    assert WORDS[stage][language == "ja"] in body
    assert 'http-equiv="refresh"' in body
