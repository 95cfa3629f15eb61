"""``kizashi``: reads the command, turns errors into one sentence and an exit status.

Exit status: 0 done, 1 failed, 2 wrong use, 130 interrupted.
"""

from __future__ import annotations

import importlib
import sys
import traceback
from functools import cache
from pathlib import Path
from typing import Any

import typer

from appliance.cli.context import Context
from appliance.core import log
from appliance.core.errors import InvalidRequest, KizashiError

_INTERRUPTED = 130
_GOES_ON = "interrupted; the same command goes on where it can."
GROUPS = (
    "data",
    "models",
    "online",
    "events",
    "calendar",
    "scorecard",
    "rul",
    "lives",
    "backtest",
    "verdicts",
    "retrain",
    "upkeep",
    "jobs",
    "schedule",
    "code",
    "scaffold",
    "cost",
    "channel",
    "source",
    "access",
    "audit",
    "login",
    "backup",
    "bundle",
    "metrics",
    "up",
    "doctor",
    "support",
    "top",
    "cluster",
    "site",
    "run",
    "about",
    "demo",
)
"""Modules of this package that add commands, in the order of the help."""

app = typer.Typer(
    name="kizashi",
    help="Finds the sign before the failure: from sensor files to explained events.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from appliance import __version__

        print(f"kizashi {__version__}")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    home: Path | None = typer.Option(
        None, "--home", help="Folder of the installation (KIZASHI_HOME, ~/.kizashi)."
    ),
    url: str | None = typer.Option(
        None,
        "--url",
        envvar="KIZASHI_URL",
        show_envvar=False,
        help="Address of a running site to work on instead (KIZASHI_URL).",
    ),
    ca: Path | None = typer.Option(
        None,
        "--ca",
        envvar="KIZASHI_CA",
        show_envvar=False,
        help="File of the authority that signed its certificate (KIZASHI_CA).",
    ),
    site: str | None = typer.Option(
        None,
        "--site",
        envvar="KIZASHI_SITE",
        show_envvar=False,
        help="At a gateway, the one site that the command is about (KIZASHI_SITE).",
    ),
    debug: bool = typer.Option(False, "--debug", help="Show where an error came from."),
    _version: bool = typer.Option(
        False, "--version", is_eager=True, callback=_print_version, help="Print the version."
    ),
) -> None:
    """Options of every command."""
    context.obj = Context(home=home, debug=debug, url=url or None, ca=ca, member=site or None)
    log.set_up("DEBUG" if debug else "WARNING")


for group in GROUPS:
    importlib.import_module(f"appliance.cli.{group}").add_to(app)


@cache
def command() -> Any:
    """Return the whole command line, made once: all options of all commands are looked at."""
    return typer.main.get_command(app)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and exit with its status."""
    given = sys.argv[1:] if arguments is None else arguments
    try:
        command().main(args=given, prog_name="kizashi")
    except SystemExit as leaving:
        if leaving.code == _INTERRUPTED:
            _say(_GOES_ON)
        raise
    except KeyboardInterrupt:  # before or after typer, which turns it into an exit
        _say(_GOES_ON)
        sys.exit(_INTERRUPTED)
    except InvalidRequest as error:
        _fail(error, given, 2)
    except KizashiError as error:
        _fail(error, given, 1)
    except Exception as error:  # noqa: BLE001 - the last line before the user
        if "--debug" not in given:
            _say(
                f"unexpected {type(error).__name__}: {error}. Repeat with --debug for details."
            )
            sys.exit(1)
        traceback.print_exc()
        sys.exit(1)


def _fail(error: KizashiError, given: list[str], status: int) -> None:
    if "--debug" in given:
        traceback.print_exc()
    _say(str(error))
    sys.exit(status)


def _say(text: str) -> None:
    print(f"kizashi: {text}", file=sys.stderr)


if __name__ == "__main__":
    main()
