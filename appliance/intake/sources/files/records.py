"""JSON and JSON lines as a text table, so that they are read and refused as any table is."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.core.errors import BadFile, LimitExceeded

MOST_JSON = 64 * 2**20
"""Bytes of a JSON document, which is read as a whole; lines of JSON may be any number."""
_MOST_LINE = 2**20


def lines_to_csv(path: Path, target: Path, max_columns: int) -> None:
    """Rewrite lines of JSON, an object each, as CSV.

    Raises
    ------
    BadFile
        A line is no object, or a value is neither number, text nor truth; it is named.
    LimitExceeded
        A line is too long, or there are more columns than allowed.
    """
    names: dict[str, None] = {}
    for number, record in _lines(path):
        _note(names, record, number, max_columns)
    _write(target, list(names), (record for _, record in _lines(path)), path.name)


def document_to_csv(path: Path, target: Path, max_columns: int) -> None:
    """Rewrite a JSON document, a list of objects or an object of lists, as CSV.

    Raises
    ------
    BadFile
        It is neither, or a value is neither number, text nor truth.
    LimitExceeded
        It is too large, or has more columns than allowed.
    """
    size = path.stat().st_size
    if size > MOST_JSON:
        raise LimitExceeded(
            f"a JSON document of {size:,} bytes is sent, {MOST_JSON:,} are allowed.",
            remedy="Send lines of JSON, CSV, Parquet or Arrow.",
        )
    found = _parsed(path.read_bytes(), path.name)
    records = _records(found)
    names: dict[str, None] = {}
    for number, record in enumerate(records, 1):
        _note(names, record, number, max_columns)
    _write(target, list(names), records, path.name)


def _records(found: Any) -> list[Any]:
    if isinstance(found, list):
        return found
    if isinstance(found, dict) and found and all(isinstance(v, list) for v in found.values()):
        lengths = {name: len(values) for name, values in found.items()}
        if len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in list(lengths.items())[:5])
            raise BadFile(f"the columns differ in length: {told}.")
        return [dict(zip(found, row, strict=True)) for row in zip(*found.values(), strict=True)]
    if isinstance(found, dict):
        return [found]
    raise BadFile("the JSON is neither a list of objects nor an object of lists.")


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    with path.open("rb") as handle:
        for number in range(1, 2**63):
            line = handle.readline(_MOST_LINE + 1)
            if not line:
                return
            if len(line) > _MOST_LINE:
                raise LimitExceeded(f"line {number} is longer than {_MOST_LINE:,} bytes.")
            if line.strip():
                yield number, _parsed(line, f"line {number}")


def _parsed(text: bytes, where: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise BadFile(f"{where} is no JSON: {error}.") from error


def _note(names: dict[str, None], record: Any, number: int, most: int) -> None:
    if not isinstance(record, dict):
        raise BadFile(f"row {number} is no object.")
    names.update(dict.fromkeys(record))
    if len(names) > most:
        raise LimitExceeded(
            f"there are more than {most:,} columns.",
            remedy="Split them, or raise max_columns in the settings.",
        )


def _write(
    target: Path, names: list[str], records: Iterable[Mapping[str, Any]], told: str
) -> None:
    if not names:
        raise BadFile(f"{told} holds no rows.")
    with target.open("w", encoding="utf-8", errors="surrogatepass", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(names)
        for number, record in enumerate(records, 1):
            writer.writerow([_cell(record.get(name), name, number) for name in names])


def _cell(value: Any, name: str, number: int) -> Any:
    if value is None or isinstance(value, str | int | float):
        return str(value).lower() if isinstance(value, bool) else value
    raise BadFile(f"row {number}, column {name}: a list or an object is no value.")
