"""Frames in and out by Arrow, of whichever library."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from fastapi import Response

from appliance.client.frames import ARROW, PARQUET
from appliance.core import errors
from tests.appliance.client.conftest import Ask
from tests.appliance.client.servers import Script
from tests.conftest import ROOT

FRAME = pl.DataFrame(
    {
        "asset": ["P-1", "P-1"],
        "time": [datetime(2026, 10, 1, hour, tzinfo=UTC) for hour in range(2)],
        "flow": [1.5, None],
    }
)
REPORT = {
    "fleet": "pumps",
    "rows": 2,
    "quarantined": 0,
    "assets": 1,
    "sensors": 1,
    "files": [],
    "quality": [],
    "sampling": [],
}


def stream(frame: pl.DataFrame) -> bytes:
    sink = BytesIO()
    frame.write_ipc_stream(sink)
    return sink.getvalue()


@pytest.mark.parametrize("kind", ["polars", "pandas", "arrow"])
def test_frames_in(kind: str, ask: Ask, url: str, script: Script) -> None:
    made: Any = {
        "polars": FRAME.clone,
        "pandas": FRAME.to_pandas,
        "arrow": FRAME.to_arrow,
    }[kind]()
    script.json("POST", "/fleets/pumps/readings", REPORT)
    report = ask(url, lambda p: p.fleet("pumps").ingest(made, time="time", context=["flow"]))
    assert report.rows == 2
    (seen,) = script.seen
    assert seen.headers["content-type"] == ARROW
    assert seen.query == {"time": ["time"], "context": ["flow"]}
    told = pl.read_ipc_stream(BytesIO(seen.body))
    assert told.equals(FRAME) or told["flow"].to_list()[0] == 1.5
    assert told["time"].to_list() == FRAME["time"].to_list()


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (None, pl.DataFrame),
        ("polars", pl.DataFrame),
        ("pandas", pd.DataFrame),
        ("arrow", pa.Table),
    ],
)
def test_frames_out(kind: Any, form: type, ask: Ask, url: str, script: Script) -> None:
    script.on("GET", "/fleets/pumps/readings")(lambda *_: Response(stream(FRAME)))
    found = ask(
        url,
        lambda p: p.fleet("pumps").readings("P-1", ["flow"], width=800, as_=kind),
    )
    assert isinstance(found, form)
    assert len(found) == 2
    (seen,) = script.seen
    assert seen.headers["accept"] == ARROW
    assert seen.query == {"asset": ["P-1"], "sensors": ["flow"], "width": ["800"]}


def test_files_are_sent_as_they_are(ask: Ask, url: str, script: Script, tmp_path: Path) -> None:
    script.json("POST", "/fleets/pumps/readings", REPORT)
    table, parquet = tmp_path / "a.csv", tmp_path / "b.PARQUET"
    table.write_bytes(b"time,flow\n" + b"2026-10-01,1\n" * 200_000)
    FRAME.write_parquet(parquet)
    for path, media in ((table, "text/csv"), (parquet, PARQUET)):
        ask(url, lambda p, path=path: p.fleet("pumps").ingest(path))
        assert script.seen[-1].headers["content-type"] == media
        assert script.seen[-1].headers["content-length"] == str(path.stat().st_size)
        assert script.seen[-1].body == path.read_bytes()


@pytest.mark.parametrize("source", ["nowhere.csv", "table.docx", "nothing", 7, {"a": [1]}])
def test_what_is_neither_file_nor_frame(
    source: Any, ask: Ask, url: str, script: Script
) -> None:
    with pytest.raises(errors.UserError):
        ask(url, lambda p: p.fleet("pumps").ingest(source))
    assert script.seen == []


def test_a_kind_that_is_unknown(ask: Ask, url: str, script: Script) -> None:
    script.on("GET", "/fleets/pumps/readings")(lambda *_: Response(stream(FRAME)))
    with pytest.raises(errors.InvalidRequest, match="no kind of frame"):
        ask(url, lambda p: p.fleet("pumps").readings("P-1", as_="spark"))


_LIGHT = """
import importlib.abc, json, sys

ALLOWED = {
    "annotated_types", "anyio", "appliance", "certifi", "h11", "httpcore2", "httpx2", "idna",
    "pydantic", "pydantic_core", "sniffio", "truststore", "typing_extensions",
    "typing_inspection",
}

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        own = top in ALLOWED or top in sys.stdlib_module_names or top[:7] == "_syscon"
        if not own:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Nothing())
import appliance as kizashi

with kizashi.connect(sys.argv[1], "token") as plant:
    plant.me()
print(json.dumps({"loaded": "numpy" in sys.modules}))
"""


@pytest.mark.slow
def test_the_client_needs_neither_frames_nor_the_platform(url: str, script: Script) -> None:
    script.json("GET", "/session", {})
    done = subprocess.run(
        [sys.executable, "-c", _LIGHT, url], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert not json.loads(done.stdout)["loaded"]
