"""Commands on the running appliance: bring it up and down, ask how it is, read its logs."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from appliance.cli.context import Context, print_json
from appliance.cli.data import JSON

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from appliance.access import Person
    from appliance.core.settings import Settings
    from appliance.machine.supervisor import Supervisor
    from appliance.schemas.platform import Trouble

_PATIENCE = 180.0


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (up, down, status, logs, tls):
        app.command()(command)


def up(
    context: typer.Context,
    patience: float = typer.Option(
        _PATIENCE, "--patience", min=1, help="Seconds to wait until all of it is ready."
    ),
    foreground: bool = typer.Option(
        False, "--foreground", help="Stay, as a system service does; make no user."
    ),
    as_json: bool = JSON,
) -> None:
    """Bring the appliance up, and wait until it is ready; again, it changes nothing.

    On a home without users the first admin is made, and the password printed this once.
    """
    from appliance.machine import first, service, serving
    from appliance.tls import listening

    own: Context = context.obj
    settings, supervisor = here(own)
    if foreground:
        _stay(supervisor)
    with serving.alone(supervisor, patience):
        if service.is_one(settings.home) and supervisor.process() is None:
            service.tell("start")
        with _shown() as show:
            serving.up(supervisor, patience, show, listening(settings).require_free)
        with own.site() as site:
            password = first.first_admin(site, _me())
        found = serving.status(supervisor, _url(settings))
    if as_json:
        made = {"user": first.ADMIN, "password": password} if password else {}
        print_json(found.model_dump() | made)
        return
    print(f"Kizashi is ready: {found.url}")
    if password:
        print(f"user: {first.ADMIN}\npassword: {password}")
        print("It is shown this once and kept nowhere.")


def down(context: typer.Context, as_json: bool = JSON) -> None:
    """Bring the appliance down; nothing of it is left running."""
    from appliance.machine import service, serving

    settings, supervisor = here(context.obj)
    ran = supervisor.process() is not None
    if ran and service.is_one(settings.home):
        service.tell("stop")
    ran = serving.down(supervisor) or ran
    if as_json:
        print_json({"ran": ran})
    else:
        print("Kizashi is down." if ran else "Kizashi was not up.")


def status(context: typer.Context, as_json: bool = JSON) -> None:
    """Say whether the appliance is ready, where it listens, and how its parts are."""
    from appliance.machine import serving

    settings, supervisor = here(context.obj)
    found = serving.status(supervisor, _url(settings))
    troubles = _troubles(context.obj) if found.ready else ()
    if as_json:
        told = [one.model_dump(mode="json") for one in troubles]
        print_json(found.model_dump() | {"troubles": told})
        return
    print(f"{'ready' if found.ready else 'not ready'}: {found.url}")
    for role, state in found.roles.items():
        print(f"  {role:<8}{state}")
    for one in troubles:
        print(f"{one.severity}: {one.text}\n  → {one.remedy}")


def _troubles(own: Context) -> tuple[Trouble, ...]:
    with own.site() as site:
        from appliance import __version__
        from appliance.telemetry import platform

        return platform(site.settings, site.database, version=__version__, whole=True).troubles


def logs(
    context: typer.Context,
    role: str | None = typer.Argument(None, help="web, worker or ray; all if not named."),
    follow: bool = typer.Option(False, "-f", "--follow", help="Go on with what is added."),
    lines: int = typer.Option(50, "--lines", min=0, help="Last lines of each to begin with."),
    request: str | None = typer.Option(
        None, "--request", help="All lines of this request, and of the jobs it asked for."
    ),
    job: str | None = typer.Option(
        None, "--job", help="All lines of this job, and of the request that asked for it."
    ),
) -> None:
    """Print what the processes of the appliance say."""
    from appliance.core.errors import NotFound
    from appliance.machine import logs as files

    _, supervisor = here(context.obj)
    known = [*(one.role for one in supervisor.processes), "supervisord"]
    if role is not None and role not in known:
        raise NotFound(f"there is no log of {role}.", remedy=f"One of: {', '.join(known)}.")
    chosen = [role] if role else known
    paths = {supervisor.log(name): name for name in chosen}
    width = max(map(len, chosen)) if len(chosen) > 1 else 0

    def told(name: str, line: str) -> str:
        return f"{name:<{width}} | {line}" if width else line

    words = _trail(context.obj, request, job)
    if words:
        for name, line in files.search(paths, words):
            print(told(name, line))
        return
    added = files.follow(list(paths), threading.Event()) if follow else iter(())
    for path, name in paths.items():
        for line in files.tail(path, lines):
            print(told(name, line))
    for path, line in added:
        print(told(paths[path], line), flush=True)


def _trail(own: Context, request: str | None, job: str | None) -> set[str]:
    """Return the identifiers that the lines of a request or a job carry."""
    words = {word for word in (request, job) if word}
    if job:
        with own.site() as site:
            words |= {site.jobs.get(job).request} - {""}
    return words


def tls(context: typer.Context, as_json: bool = JSON) -> None:
    """Say which certificate clients must trust, making it where there is none yet."""
    from appliance.tls import Authority, listening
    from appliance.tls.authority import expiry

    own: Context = context.obj
    settings = own.settings()
    where = listening(settings)
    authority = Authority(settings.home / "secrets")
    made = where.certfile == authority.server_certificate
    trust = authority.certificate if made else where.certfile
    if as_json:
        print_json(
            {
                "url": where.url,
                "trust": trust,
                "fingerprint": authority.fingerprint() if made else None,
                "until": expiry(where.certfile) if where.certfile else None,
            }
        )
    elif trust is None:
        print(f"{where.url}: this machine alone is listened to, without TLS.")
    else:
        print(f"{where.url}\ntrust: {trust}")
        if made:
            print(f"SHA-256: {authority.fingerprint()}")


def here(own: Context) -> tuple[Settings, Supervisor]:
    """Return the settings of a home and the supervisor of its processes."""
    from appliance.machine.processes import processes
    from appliance.machine.supervisor import Supervisor

    settings = own.settings()
    return settings, Supervisor(settings.home, processes(settings))


def _url(settings: Settings) -> str:
    from appliance.tls import listening

    return listening(settings).url


def _me() -> Person:
    from appliance.cli.access import me

    return me()


def _stay(supervisor: Supervisor) -> None:
    """Turn this process into supervisord."""
    from appliance.machine import serving

    with serving.alone(supervisor, _PATIENCE):
        serving.end_leftovers(supervisor)
        supervisor.write()
    supervisor.stay()


@contextmanager
def _shown() -> Iterator[Callable[[dict[str, str]], None]]:
    """Yield what shows the states on a terminal, on one line."""
    if not sys.stderr.isatty():
        yield lambda _roles: None
        return
    from rich.console import Console

    with Console(stderr=True).status("starting") as line:
        yield lambda roles: line.update("  ".join(f"{k}: {v}" for k, v in roles.items()))
