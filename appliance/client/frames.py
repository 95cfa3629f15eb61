"""Frames in and out by Arrow: whichever library somebody works with, and none at import."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, TypeAlias

from appliance.client.request import Body, Held, InFile
from appliance.core.errors import InvalidRequest

FrameKind: TypeAlias = Literal["polars", "pandas", "arrow"]
ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"
_MEDIA = {
    ".csv": "text/csv",
    ".txt": "text/csv",
    ".tsv": "text/csv",
    ".json": "application/json",
    ".jsonl": "application/x-ndjson",
    ".ndjson": "application/x-ndjson",
    ".parquet": PARQUET,
    ".pq": PARQUET,
    ".arrow": ARROW,
    ".arrows": ARROW,
}
_PACKED = frozenset({".gz", ".zst"})
_PACKAGE = {"polars": "polars", "pandas": "pandas", "arrow": "pyarrow"}


def frame_of(data: bytes, kind: FrameKind | None) -> Any:
    """Return an Arrow stream as a frame of a kind; Polars', or else Arrow's, if none is said.

    Raises
    ------
    InvalidRequest
        The kind is unknown, or its library is not installed.
    """
    wanted = kind or ("polars" if _there("polars") else "arrow")
    if wanted not in _PACKAGE:
        raise InvalidRequest(
            f"{wanted!r} is no kind of frame.", remedy="polars, pandas, arrow."
        )
    _require(_PACKAGE[wanted])
    if wanted == "polars":
        import polars

        return polars.read_ipc_stream(BytesIO(data))
    _require("pyarrow")
    import pyarrow

    table = pyarrow.ipc.open_stream(data).read_all()
    return table if wanted == "arrow" else table.to_pandas()


def body_of(source: Any) -> Body:
    """Return what is to be sent of a file or a frame.

    Raises
    ------
    InvalidRequest
        It is neither, or of a kind that is not known.
    """
    if isinstance(source, str | Path):
        return _file(Path(source))
    if not hasattr(source, "__arrow_c_stream__"):
        raise InvalidRequest(
            f"{type(source).__name__} is neither a file nor a frame.",
            remedy="Give a path, or a frame of Polars, pandas or Arrow.",
        )
    return Held(ARROW, _stream(source))


def called(source: str | Path) -> str:
    """Return what a file is called, without what says its kind."""
    path = Path(source)
    if path.suffix.lower() in _PACKED:
        path = path.with_suffix("")
    return path.with_suffix("").name if path.suffix.lower() in _MEDIA else path.name


def _file(path: Path) -> Body:
    kind = path.suffix.lower()
    if kind in _PACKED:
        return InFile("application/octet-stream", path)
    media = _MEDIA.get(kind)
    if media is None:
        raise InvalidRequest(
            f"{path} ends in no known form.", remedy=f"Known: {', '.join(_MEDIA)}."
        )
    return InFile(media, path)


def _stream(frame: Any) -> bytes:
    """Return a frame as an Arrow stream, by the library that is at hand."""
    sink = BytesIO()
    if "polars" in sys.modules or _there("polars"):
        import polars

        polars.DataFrame(frame).write_ipc_stream(sink)
        return sink.getvalue()
    _require("pyarrow")
    import pyarrow

    reader = pyarrow.RecordBatchReader.from_stream(frame)
    with pyarrow.ipc.new_stream(sink, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
    return sink.getvalue()


def _there(package: str) -> bool:
    return find_spec(package) is not None


def _require(package: str) -> None:
    if not _there(package):
        raise InvalidRequest(
            f"this needs {package}, which is not installed.",
            remedy=f"`pip install {package}`, or ask for another kind by as_=.",
        )
