"""The last step of an installation, run by the installed platform itself."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from appliance.core.clock import monotonic
from appliance.core.db import open_database
from appliance.core.errors import InvalidRequest, KizashiError
from appliance.core.secrets import site_key
from appliance.core.settings import SETTINGS_FILE, Settings, load_settings
from detectors import catalog

_LOCALTIME = Path("/etc/localtime")


def machine_zone() -> str:
    """Return the machine's time zone, UTC if it does not say."""
    target = str(_LOCALTIME.resolve())
    _, found, name = target.partition("/zoneinfo/")
    return name if found else "UTC"


def write_settings(home: Path, wanted: dict[str, str | int]) -> list[str]:
    """Add settings to the home's file that it does not hold yet; keep all that it holds.

    Returns
    -------
    list of str
        Names of the settings written.
    """
    path = home / SETTINGS_FILE
    text = path.read_text("utf-8") if path.exists() else "# Settings of this Kizashi home.\n"
    present = {line.split("=")[0].strip() for line in text.splitlines() if "=" in line}
    added = {name: value for name, value in wanted.items() if name not in present}
    if added:
        lines = [
            f'{n} = "{v}"' if isinstance(v, str) else f"{n} = {v}" for n, v in added.items()
        ]
        draft = path.with_name(f".{path.name}.draft")
        draft.write_text(text + "\n".join(lines) + "\n", "utf-8")
        draft.chmod(0o600)
        draft.replace(path)
    return list(added)


def finish(home: Path, timezone: str | None, port: int | None) -> str:
    """Bring settings, key, database and compiled kernels to this version.

    Returns
    -------
    str
        What was done; empty if nothing had to be.
    """
    zone = timezone or machine_zone()
    Settings(home=home, timezone=zone)  # refuses a wrong zone before anything is written
    wanted: dict[str, str | int] = {"timezone": zone}
    if port is not None:
        wanted["port"] = port
    done = [f"wrote {name}" for name in write_settings(home, wanted)]
    settings = load_settings(home)
    site_key(home)
    open_database(settings.database).close()
    start = monotonic()
    catalog.warm()
    if (seconds := monotonic() - start) > 5:
        done.append(f"compiled the kernels in {seconds:.0f} s")
    return ", ".join(done)


def main(arguments: list[str] | None = None) -> int:
    """Run the step; return the exit status."""
    parser = argparse.ArgumentParser(prog="appliance.install.finish")
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--timezone")
    parser.add_argument("--port", type=int)
    given = parser.parse_args(arguments)
    try:
        print(finish(given.home, given.timezone, given.port))  # noqa: T201
    except ValueError as error:
        refusal = InvalidRequest(f"settings cannot be used: {error}")
        print(refusal, file=sys.stderr)  # noqa: T201
        return 1
    except KizashiError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
