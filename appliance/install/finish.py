"""The last steps of an installation, run by the installed platform itself."""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

from pydantic import ValidationError

from appliance.core.clock import machine_zone
from appliance.core.db import open_database
from appliance.core.errors import InvalidRequest, KizashiError, StorageError
from appliance.core.secrets import site_key
from appliance.core.settings import SETTINGS_FILE, Settings, load_settings
from appliance.registry import mirror
from detectors import catalog


def write_settings(
    home: Path, defaults: dict[str, str | int], asked: dict[str, str | int]
) -> list[str]:
    """Bring the home's file to what was asked; keep everything else that it holds.

    Parameters
    ----------
    home
        Folder of the installation.
    defaults
        Settings to add if the file says nothing of them.
    asked
        Settings that the file shall state, whatever it states now.

    Returns
    -------
    list of str
        Names of the settings written.
    """
    path = home / SETTINGS_FILE
    text = path.read_text("utf-8") if path.exists() else "# Settings of this Kizashi home.\n"
    present = tomllib.loads(text)
    new = {n: v for n, v in defaults.items() if n not in present and n not in asked}
    new |= {n: v for n, v in asked.items() if present.get(n) != v}
    if new:
        lines = text.splitlines()
        # Names belong to the file itself only before its first table.
        tables = (i for i, line in enumerate(lines) if line.lstrip().startswith("["))
        first = next(tables, len(lines))
        kept = [line for line in lines[:first] if line.partition("=")[0].strip() not in new]
        added = [f'{n} = "{v}"' if isinstance(v, str) else f"{n} = {v}" for n, v in new.items()]
        draft = path.with_name(f".{path.name}.draft")
        draft.write_text("\n".join([*kept, *added, *lines[first:]]) + "\n", "utf-8")
        draft.chmod(0o600)
        draft.replace(path)
    return list(new)


def settle(home: Path, timezone: str | None, port: int | None) -> str:
    """Bring settings, key and database to this version.

    Returns
    -------
    str
        What was done; empty if nothing had to be.
    """
    asked: dict[str, str | int] = {}
    if timezone is not None:
        asked["timezone"] = timezone
    if port is not None:
        asked["port"] = port
    # Refuses a wrong value before anything is written.
    Settings(home=home, timezone=timezone or machine_zone())
    written = write_settings(home, {"timezone": machine_zone()}, asked)
    settings = load_settings(home)
    site_key(home)
    open_database(settings.database).close()
    _prepare_mirror(settings.registry)
    return f"wrote {', '.join(written)} to {home / SETTINGS_FILE}" if written else ""


def _prepare_mirror(url: str) -> None:
    """Make MLflow's tables now, while nobody uses them: the first training need not wait."""
    try:
        mirror.prepare(url)
    except StorageError as error:
        raise StorageError(
            error.message.partition("\n")[0],  # MLflow's own words may go on for many lines
            remedy="It only mirrors what the site's database holds, so nothing is lost: move "
            "it away and run the installer again.",
        ) from error


def warm() -> str:
    """Compile the kernels into numba's cache, or find them there.

    Returns
    -------
    str
        What was done; empty if they were there.
    """
    took = catalog.warm()
    return f"{took.compiled} compiled in {took.seconds:.0f} s" if took.compiled else ""


def main(arguments: list[str] | None = None) -> int:
    """Run one step; return the exit status."""
    parser = argparse.ArgumentParser(prog="appliance.install.finish")
    steps = parser.add_subparsers(dest="step", required=True)
    steps.add_parser("kernels")
    settings = steps.add_parser("settings")
    settings.add_argument("--home", type=Path, required=True)
    settings.add_argument("--timezone")
    settings.add_argument("--port", type=int)
    given = parser.parse_args(arguments)
    try:
        done = (
            warm()
            if given.step == "kernels"
            else settle(given.home, given.timezone, given.port)
        )
    except KizashiError as error:
        print(error)  # noqa: T201
        return 1
    except ValueError as error:
        print(InvalidRequest(_words(error, given.home)))  # noqa: T201
        return 1
    if done:
        print(done)  # noqa: T201
    return 0


def _words(error: ValueError, home: Path) -> str:
    if isinstance(error, tomllib.TOMLDecodeError):
        return f"{home / SETTINGS_FILE} cannot be read: {error}."
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        return f"{first['loc'][0]}: {first['msg'].removeprefix('Value error, ')}."
    return f"the settings cannot be used: {error}."


if __name__ == "__main__":
    sys.exit(main())
