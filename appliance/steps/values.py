"""Inputs and outputs of steps by their type hints: values as JSON, files, tables."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import json
import shutil
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic.errors import PydanticSchemaGenerationError, PydanticUserError

from appliance.core.errors import InvalidRequest, LimitExceeded
from appliance.schemas.own import MOST_JSON

FILE, TABLE = "file", "table"
RESULT = "result"
"""Name of the only output of a step that gives no names."""
MOST_FILE = 4 * 2**30
"""Bytes of a file that a step gives."""
TOLD_OF_FILES = {"file", "bytes", "sha256"}
"""Keys of a value that stands for a file or table."""
_TABLES = {("polars", "DataFrame"), ("pandas", "DataFrame")}


# ---------------------------------------------------------------- what a function says
def hints_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the type hints of a function; raises `InvalidRequest` if they lead nowhere."""
    try:
        return typing.get_type_hints(function)
    except (NameError, TypeError) as error:
        name = function.__qualname__
        raise InvalidRequest(f"step {name}: its type hints cannot be read: {error}.") from error


def inputs_of(function: Callable[..., Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the hint of every input of a function by name, and those without a default.

    Raises
    ------
    InvalidRequest
        One has no hint, or is not given by its name.
    """
    hints, found, required = hints_of(function), {}, []
    for name, one in inspect.signature(function).parameters.items():
        if one.kind not in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY):
            raise InvalidRequest(
                f"step {function.__qualname__}: give {name} a name of its own."
            )
        if name not in hints:
            raise InvalidRequest(
                f"step {function.__qualname__}: its input {name} has no type hint.",
                remedy=f"Write {name}: float, or what it is.",
            )
        found[name] = hints[name]
        if one.default is one.empty:
            required.append(name)
    return found, required


def outputs_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the hint of every output of a function by name; raises `InvalidRequest`."""
    hints = hints_of(function)
    if "return" not in hints:
        raise InvalidRequest(
            f"step {function.__qualname__}: what it returns has no type hint.",
            remedy="Write -> float, or what it is; -> None for nothing.",
        )
    given = hints["return"]
    if given is type(None):
        return {}
    named = _fields(given)
    return {RESULT: given} if named is None else named


def schema_of(hint: Any, where: str) -> dict[str, Any]:
    """Return the JSON Schema of a hint.

    Raises
    ------
    InvalidRequest
        JSON holds nothing of this kind.
    """
    if is_file(hint):
        return {"type": "string", "format": FILE}
    if is_table(hint):
        return {"type": "string", "format": TABLE}
    try:
        return TypeAdapter(hint).json_schema()
    except (PydanticUserError, PydanticSchemaGenerationError) as error:
        words = str(error).partition("\n")[0]
        raise InvalidRequest(
            f"{where}: {hint} is no kind of value that JSON holds: {words}",
            remedy="Use numbers, texts, lists, dicts, dataclasses, a Path or a DataFrame.",
        ) from error


def is_file(hint: Any) -> bool:
    """Whether a hint means a file."""
    return isinstance(hint, type) and issubclass(hint, Path)


def is_table(hint: Any) -> bool:
    """Whether a hint means a table."""
    if not isinstance(hint, type):
        return False
    return (hint.__module__.partition(".")[0], hint.__name__) in _TABLES


def _fields(hint: Any) -> dict[str, Any] | None:
    if typing.is_typeddict(hint) or (dataclasses.is_dataclass(hint) and isinstance(hint, type)):
        return typing.get_type_hints(hint)
    return None


# ---------------------------------------------------------------- in and out of a process
def taken(hint: Any, value: Any, folder: Path, where: str) -> Any:
    """Return what a function is given for a value as it is kept.

    Parameters
    ----------
    value
        JSON; for a file or table ``{"file": NAME, …}``, which is in `folder`.

    Raises
    ------
    InvalidRequest
        The value is not of this kind.
    """
    told = isinstance(value, Mapping) and "file" in value
    if is_file(hint) or is_table(hint):
        if not told:
            raise InvalidRequest(f"{where} is no file or table that a step gave.")
        path = folder / str(value["file"])
        return path if is_file(hint) else _read(hint, path, where)
    try:
        return TypeAdapter(hint).validate_python(value, strict=False)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join([where, *map(str, first["loc"])])
        raise InvalidRequest(f"{place} cannot be used: {first['msg']}.") from error


def given(
    function: Callable[..., Any], returned: Any, folder: Path, where: str
) -> dict[str, Any]:
    """Return what a function gave as it is kept; its files and tables are put into a folder.

    Raises
    ------
    InvalidRequest
        It is not what its hints say.
    LimitExceeded
        It is too large.
    """
    hints = outputs_of(function)
    if _fields(hints_of(function)["return"]) is None:
        found = {RESULT: returned} if hints else {}
    else:
        found = dict(returned if isinstance(returned, Mapping) else vars(returned))
    missing = [name for name in hints if name not in found]
    if missing:
        raise InvalidRequest(f"{where} did not give its output {missing[0]}.")
    told = {
        name: _kept(hint, found[name], folder, name, f"{where}: its output {name}")
        for name, hint in hints.items()
    }
    if len(json.dumps(told)) > MOST_JSON:
        raise LimitExceeded(
            f"{where} gave more than {MOST_JSON // 2**20} MiB of values.",
            remedy="Give a table or a file.",
        )
    return told


def file_told(path: Path, name: str) -> dict[str, Any]:
    """Return how a file that a step gave is told of.

    Raises
    ------
    LimitExceeded
        It is too large.
    """
    size = path.stat().st_size
    if size > MOST_FILE:
        raise LimitExceeded(f"the file {name} has more than {MOST_FILE // 2**30} GiB.")
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    return {"file": name, "bytes": size, "sha256": digest}


def _kept(hint: Any, value: Any, folder: Path, name: str, where: str) -> Any:
    if is_file(hint):
        path = Path(value)
        if not path.is_file():
            raise InvalidRequest(f"{where} is no file: {path}.")
        target = folder / f"{name}{path.suffix}"
        if path.resolve() != target.resolve():
            shutil.copyfile(path, target)
        return file_told(target, target.name)
    if is_table(hint):
        target = folder / f"{name}.parquet"
        _write(value, target, where)
        return file_told(target, target.name)
    adapter: TypeAdapter[Any] = TypeAdapter(hint)
    try:
        told = adapter.dump_python(adapter.validate_python(value), mode="json")
        return json.loads(json.dumps(told, allow_nan=False))
    except (ValidationError, ValueError, TypeError) as error:
        words = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise InvalidRequest(f"{where} is not what its type hint says: {words}.") from error


def _read(hint: Any, path: Path, where: str) -> Any:
    import polars as pl

    try:
        frame = pl.read_parquet(path)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InvalidRequest(f"{where} is no table: {error}.") from error
    return frame if hint.__module__.startswith("polars") else frame.to_pandas()


def _write(value: Any, target: Path, where: str) -> None:
    import polars as pl

    try:
        frame = value if isinstance(value, pl.DataFrame) else pl.from_pandas(value)
        frame.write_parquet(target)
    except (TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise InvalidRequest(f"{where} is no table: {error}.") from error
