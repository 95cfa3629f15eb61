"""In which form an answer of many rows goes out: JSON, CSV or an Arrow stream."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Literal

import polars as pl
from fastapi import Header, HTTPException, Response
from pydantic import BaseModel

Format = Literal["json", "csv", "arrow"]
Accept = Annotated[str, Header(max_length=1000, include_in_schema=False)]
_RANGE = "*/*"


class Media(StrEnum):
    """A form that rows go out in."""

    JSON = "application/json"
    CSV = "text/csv"
    ARROW = "application/vnd.apache.arrow.stream"


def wanted(accept: str, asked: Format | None) -> Media:
    """Return the form that whoever asks wants; JSON if they say nothing.

    Raises
    ------
    HTTPException
        406: none of those that there are.
    """
    if asked is not None:
        return Media[asked.upper()]
    best, chosen = 0.0, None
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = _weight(parameters)
        if weight > best:
            found = _of(name)
            best, chosen = (weight, found) if found is not None else (best, chosen)
    if chosen is None:
        known = ", ".join(media.value for media in Media)
        raise HTTPException(406, f"the answer comes as {known}, not as {accept[:100]!r}.")
    return chosen


def _weight(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if math.isfinite(weight) else 0.0
    return 1.0


def _of(name: str) -> Media | None:
    if name in ("", _RANGE, "application/*"):
        return Media.JSON
    if name == "text/*":
        return Media.CSV
    return next((media for media in Media if media.value == name), None)


def answer(
    frame: pl.DataFrame, media: Media, told: Callable[[], Mapping[str, Any]], name: str
) -> Response:
    """Return rows as an answer.

    Parameters
    ----------
    told
        Gives what JSON holds.
    name
        Of the file that a browser would make of it.
    """
    if media is Media.JSON:
        text = json.dumps(told(), allow_nan=False, ensure_ascii=False, separators=(",", ":"))
        return Response(text.encode(), media_type=media.value)
    sink = io.BytesIO()
    if media is Media.CSV:
        frame.with_columns(pl.col(pl.Datetime).map_batches(moments)).write_csv(sink)
    else:
        # Without string views, which older readers of Arrow do not know.
        frame.write_ipc_stream(sink, compat_level=pl.CompatLevel.oldest())
    suffix = "csv" if media is Media.CSV else "arrows"
    headers = {"Content-Disposition": f'attachment; filename="{name}.{suffix}"'}
    return Response(sink.getvalue(), headers=headers, media_type=media.value)


def moments(times: pl.Series) -> pl.Series:
    """Return times as text in UTC, with as many digits as they need."""
    whole = times.dt.truncate("1s").equals(times)
    return times.dt.strftime("%Y-%m-%dT%H:%M:%SZ" if whole else "%Y-%m-%dT%H:%M:%S%.6fZ")


def numbers(values: pl.Series) -> list[float | None]:
    """Return numbers as JSON can hold them: what is none of them is null.

    Of single precision, they have no more digits than tell them apart: 0.1, not
    0.10000000149011612.
    """
    single = values.dtype == pl.Float32()
    floats = (values.cast(pl.String) if single else values).cast(pl.Float64)
    known = pl.select(pl.when(floats.is_finite()).then(floats)).to_series()
    found: list[float | None] = known.to_list()
    return found


def responses(model: type[BaseModel]) -> dict[str, Any]:
    """Return what a route's document says of an answer in all three forms."""
    return {
        "model": model,
        "description": "The rows, by `Accept` or `format`.",
        "content": {
            Media.CSV.value: {"schema": {"type": "string"}},
            Media.ARROW.value: {"schema": {"type": "string", "format": "binary"}},
        },
    }
