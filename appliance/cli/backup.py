"""Commands on backups: make them, list and check them, restore one."""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import replace as replaced
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from appliance.cli.access import me
from appliance.cli.context import Context, local, print_json, print_table, progress
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.backup import Passphrase

_VARIABLE = "KIZASHI_BACKUP_PASSPHRASE"
PASSPHRASE = typer.Option(
    None,
    "--passphrase-file",
    help=f"File whose first line is the passphrase of the secrets ({_VARIABLE}).",
)
_UNITS = ("B", "kB", "MB", "GB", "TB")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (backup, backups, restore):
        app.command()(command)


def backup(
    context: typer.Context,
    target: Path | None = typer.Argument(
        None, help="Folder of backups, such as on another disk; the home's own by default."
    ),
    passphrase_file: Path | None = PASSPHRASE,
    keep: int | None = typer.Option(
        None, "--keep", min=1, help="Remove all but so many of the latest backups."
    ),
    as_json: bool = JSON,
) -> None:
    """Back everything up, while it runs; unchanged files are not copied again."""
    from appliance.backup import back_up

    own: Context = context.obj
    words = _passphrase(passphrase_file, "Passphrase for the secrets (none: leave them out): ")
    with own.site() as site, progress() as bar:
        place = target or site.settings.home / "backups"
        made = back_up(site, place, by=me(), passphrase=words, keep=keep, progress=bar)
    if as_json:
        print_json(made.model_dump(mode="json"))
        return
    new = f"{made.copied} new, {_size(made.copied_bytes)}"
    print(f"{made.backup.id}: {made.backup.files} files, {_size(made.backup.size)} ({new})")
    if made.left_out:
        print(f"Not in it, for want of a passphrase: {', '.join(made.left_out)}")
    if made.missing:
        print(f"Lost before this backup: {_some(made.missing)}")
    if made.refused:
        print(f"Not in it, for their names or rights: {_some(made.refused)}")
    if made.pruned:
        print(f"Removed: {', '.join(made.pruned)}")
    print(f"Restore it: kizashi restore {Path(made.target) / made.backup.id} --home FOLDER")


def backups(
    context: typer.Context,
    target: Path | None = typer.Argument(
        None, help="Folder of backups; the home's own by default."
    ),
    verify: bool = typer.Option(False, "--verify", help="Read every file, and compare."),
    passphrase_file: Path | None = PASSPHRASE,
    as_json: bool = JSON,
) -> None:
    """List the backups in a folder, the latest first, and whether they are whole."""
    from appliance.backup import backups as listed

    own: Context = context.obj
    settings = own.settings()
    words = _passphrase(passphrase_file, "")
    found = listed(target or settings.home / "backups", thorough=verify, passphrase=words)
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    elif not found:
        print("There is no backup yet. Make one: kizashi backup")
    else:
        rows = []
        for one in found:
            when = "" if one.made is None else local(one.made, settings.zone)
            held = "yes" if one.sealed else "no"
            whole = "yes" if one.whole else f"no: {one.reason}"
            rows.append((one.id, when, _size(one.size), str(one.files), held, whole))
        head = ("backup", "made", "size", "files", "secrets", "whole")
        print_table(head, rows, right="llrr")
    if not all(one.whole for one in found):
        raise typer.Exit(1)


def restore(
    context: typer.Context,
    source: Path = typer.Argument(help="FOLDER/BACKUP; the folder alone: its latest."),
    home: Path | None = typer.Option(None, "--home", help="Where to; the home by default."),
    passphrase_file: Path | None = PASSPHRASE,
    replace: bool = typer.Option(
        False, "--replace", help="Also if the home is in use: what it holds is moved aside."
    ),
    database: str | None = typer.Option(
        None,
        "--database",
        help="Make a database of this name on the settings' PostgreSQL, and restore into it.",
    ),
    as_json: bool = JSON,
) -> None:
    """Restore a backup into an empty home."""
    from appliance.backup import restore as restored
    from appliance.backup.store import beside, is_postgresql

    own: Context = context.obj
    settings = replaced(own, home=home or own.home).settings()
    words = _passphrase(passphrase_file, "Passphrase of the secrets (none: without them): ")
    place = settings.database if is_postgresql(settings.database) else ""
    if database is not None:
        place = beside(settings.database, database)
    with progress() as bar:
        done = restored(
            source,
            settings.home,
            by=me(),
            passphrase=words,
            replace=replace,
            database_url=place,
            storage_url=settings.storage_url,
            registry_url=settings.registry_url,
            progress=bar,
        )
    if as_json:
        print_json(done.model_dump(mode="json"))
        return
    print(f"{done.backup.id}: restored into {done.home}")
    if done.aside is not None:
        print(f"What it held before: {done.aside}")
    if done.left_out:
        print(
            "Without the secrets: the site makes new ones. Users and tokens stay good; models "
            "that the old key signed must be trained again."
        )


def _passphrase(file: Path | None, prompt: str) -> Passphrase | None:
    from appliance.backup import Passphrase

    words = secret_words(file, prompt)
    return Passphrase(words) if words else None


def secret_words(file: Path | None, prompt: str) -> str:
    """Return what the secrets are encrypted with, empty if nothing; never from the arguments.

    Raises
    ------
    InvalidRequest
        The file cannot be read.
    """
    from appliance.core.errors import InvalidRequest

    if file is not None:
        try:
            return file.expanduser().read_text("utf-8").partition("\n")[0].rstrip("\r")
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidRequest(f"{file} cannot be read: {error}.") from error
    words = os.environ.get(_VARIABLE, "")  # noqa: TID251 - a secret, and no setting
    if not words and prompt and sys.stdin.isatty() and sys.stderr.isatty():
        words = getpass.getpass(prompt)
    return words


def _size(size: float) -> str:
    for unit in _UNITS[:-1]:
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} {_UNITS[-1]}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
