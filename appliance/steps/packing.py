"""Wheels: made of a folder or a module without running anything, read, and unpacked."""

from __future__ import annotations

import base64
import configparser
import hashlib
import io
import re
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import Any

from appliance.core.errors import BadFile, LimitExceeded
from appliance.steps.declaring import GROUP

MOST_BYTES = 32 * 2**20
"""Of what is registered."""
MOST_UNPACKED = 512 * 2**20
MOST_FILES = 20_000
_MOST_TOLD = 2**20
"""Bytes of a file in which a wheel says what it is."""
_MOMENT = (1980, 1, 1, 0, 0, 0)
"""Of every file in a wheel: the same folder gives the same bytes."""
_LEFT_OUT = {"__pycache__", "tests", "test", "build", "dist", "docs"}
VERSION = re.compile(r"[0-9A-Za-z][0-9A-Za-z.!+_-]{0,39}")
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True)
class Wheel:
    """What a wheel says of itself; nothing of it was imported.

    Attributes
    ----------
    entries
        ``module:function`` by name, of the entry points for steps.
    modules
        That stand at its top.
    """

    name: str
    version: str
    summary: str
    entries: Mapping[str, str] = field(default_factory=dict)
    modules: tuple[str, ...] = ()


# ---------------------------------------------------------------- made
def wheel_of_folder(folder: Path) -> tuple[str, bytes]:
    """Return the file name and bytes of a wheel made of a folder with a ``pyproject.toml``.

    Raises
    ------
    BadFile
        It names no project, or holds no module in plain Python.
    """
    try:
        told = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError as error:
        raise BadFile(
            f"{folder} has no pyproject.toml.", remedy="`kizashi new step NAME` makes one."
        ) from error
    except (OSError, ValueError) as error:
        raise BadFile(f"{folder / 'pyproject.toml'} cannot be read: {error}.") from error
    project = told.get("project", {})
    name, version = str(project.get("name", "")), str(project.get("version", ""))
    if not name or not version:
        raise BadFile(
            f"{folder / 'pyproject.toml'} says no name and version under [project].",
            remedy="Write them there, or build a wheel and give that.",
        )
    root = folder / "src" if (folder / "src").is_dir() else folder
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in _sources(root)}
    if not any(name.endswith(".py") for name in files):
        raise BadFile(f"{folder} holds no module.")
    return _written(name, version, str(project.get("description", "")), files, project)


def wheel_of_module(path: Path, version: str) -> tuple[str, bytes]:
    """Return the file name and bytes of a wheel that holds one module.

    Raises
    ------
    BadFile
        It cannot be read, or its name is none of a module.
    """
    if not path.stem.isidentifier():
        raise BadFile(f"{path.name} is no name of a module.", remedy="Use letters and _.")
    try:
        source = path.read_bytes()
    except OSError as error:
        raise BadFile(f"{path} cannot be read: {error.strerror}.") from error
    return _written(path.stem, version, "", {path.name: source}, {})


def _sources(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = any(part.startswith(".") or part in _LEFT_OUT for part in parts)
        top = parts[0].removesuffix(".py")
        aside = hidden or path.is_symlink() or parts[0].endswith((".egg-info", ".toml", ".md"))
        module = len(parts) > 1 or (path.suffix == ".py" and not _is_test(parts))
        if path.is_file() and not aside and top.isidentifier() and module:
            yield path


def _is_test(parts: tuple[str, ...]) -> bool:
    return len(parts) == 1 and (parts[0].startswith("test_") or parts[0] == "conftest.py")


def _written(
    name: str,
    version: str,
    summary: str,
    files: Mapping[str, bytes],
    project: Mapping[str, Any],
) -> tuple[str, bytes]:
    base = f"{re.sub(r'[-_.]+', '_', name)}-{version}"
    info = f"{base}.dist-info"
    points = project.get("entry-points", {})
    entries = "".join(
        f"[{group}]\n" + "".join(f"{key} = {value}\n" for key, value in sorted(found.items()))
        for group, found in sorted(points.items())
    )
    needs = "".join(f"Requires-Dist: {one}\n" for one in project.get("dependencies", ()))
    head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    head += f"Summary: {summary.splitlines()[0]}\n" if summary else ""
    every = {
        **files,
        f"{info}/METADATA": (head + needs).encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: kizashi\n"
        b"Root-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if entries:
        every[f"{info}/entry_points.txt"] = entries.encode()
    record = "".join(
        f"{path},sha256={_digest(data)},{len(data)}\n" for path, data in every.items()
    )
    every[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in every.items():
            told = zipfile.ZipInfo(path, _MOMENT)
            told.external_attr = 0o644 << 16
            archive.writestr(told, data, zipfile.ZIP_DEFLATED)
    return f"{base}-py3-none-any.whl", buffer.getvalue()


def _digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


# ---------------------------------------------------------------- read
def read_wheel(data: bytes) -> Wheel:
    """Return what a wheel says of itself, without importing anything of it.

    Raises
    ------
    BadFile
        It is none.
    LimitExceeded
        It is too large, packed or unpacked.
    """
    with _archive(data) as archive:
        names = [one.filename for one in archive.infolist()]
        info = next((name for name in names if name.endswith(".dist-info/METADATA")), "")
        if not info:
            raise BadFile("the file is no wheel.", remedy="Give a .whl, a folder or a .py.")
        told = HeaderParser().parsestr(_text(archive, info))
        entries = _entries(archive, info.replace("METADATA", "entry_points.txt"), names)
    name, version = (told["Name"] or "").strip(), (told["Version"] or "").strip()
    if not _NAME.fullmatch(name) or not VERSION.fullmatch(version):
        raise BadFile("the wheel says no name and version that can be used.")
    tops = {PurePosixPath(path).parts[0].removesuffix(".py") for path in names}
    modules = sorted(top for top in tops if top.isidentifier())
    return Wheel(
        name.lower().replace("_", "-"), version, told["Summary"] or "", entries, tuple(modules)
    )


def unpack(data: bytes, folder: Path) -> None:
    """Write a wheel's files below a folder; raises as `read_wheel`."""
    with _archive(data) as archive:
        for one in archive.infolist():
            parts = PurePosixPath(one.filename).parts
            if one.is_dir() or not parts:
                continue
            if one.filename.startswith("/") or ".." in parts or "\\" in one.filename:
                raise BadFile(f"the wheel holds a file outside of it: {one.filename[:200]}.")
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(archive.read(one))


def _archive(data: bytes) -> zipfile.ZipFile:
    if len(data) > MOST_BYTES:
        raise LimitExceeded(
            f"the file has more than {MOST_BYTES // 2**20} MiB.", remedy="Leave data out of it."
        )
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise BadFile(
            f"the file is no wheel: {error}.", remedy="Give a .whl, a folder or a .py."
        ) from error
    told = archive.infolist()
    if len(told) > MOST_FILES or sum(one.file_size for one in told) > MOST_UNPACKED:
        raise LimitExceeded(
            f"the wheel unpacks to over {MOST_UNPACKED // 2**20} MiB or {MOST_FILES} files."
        )
    return archive


def _text(archive: zipfile.ZipFile, path: str) -> str:
    if archive.getinfo(path).file_size > _MOST_TOLD:
        raise LimitExceeded(f"the wheel's {path} has more than {_MOST_TOLD // 2**20} MiB.")
    return archive.read(path).decode("utf-8", "replace")


def _entries(archive: zipfile.ZipFile, path: str, names: list[str]) -> dict[str, str]:
    if path not in names:
        return {}
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[method-assign,assignment]
    try:
        parser.read_string(_text(archive, path))
    except configparser.Error as error:
        raise BadFile(f"the wheel's entry points cannot be read: {error}.") from error
    return dict(parser.items(GROUP)) if parser.has_section(GROUP) else {}
