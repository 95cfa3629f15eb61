"""What ``install.sh`` runs: from a bare Python to a working home, in named steps.

Pre-flight steps look and touch nothing; the steps after them each ask first whether their
work is already done, so the same command completes an interrupted run, repairs a damaged
installation and upgrades an old one.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import io
import os
import shlex
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from appliance.install import (
    child,
    environment,
    home,
    offline,
    preflight,
    running,
    upgrade,
)
from appliance.install.plan import InstallError, Plan, Step
from appliance.machine import service

PREFLIGHT = (
    Step("python", preflight.check_python),
    Step("bundle", offline.check_bundle),
    Step("checkout", preflight.check_source),
    Step("version", upgrade.check_direction),
    Step("home", preflight.check_home),
    Step("space", preflight.check_space),
    Step("port", preflight.check_port),
    Step("service", preflight.check_service),
)
_ENVIRONMENT = (
    Step("environment", environment.make_environment),
    Step("packages", environment.install_packages),
    Step("platform", environment.install_platform),
    Step("command", home.write_command),
)
_SITE = (
    Step("settings", home.write_settings),
    Step("kernels", home.compile_kernels),
)
UPGRADE = (
    Step("home", home.make_home),
    Step("backup", upgrade.back_up),
    Step("stop", running.stop),
    Step("backup again", upgrade.back_up_rest),
    *_ENVIRONMENT,
    *_SITE,
)
ROLLBACK = (
    Step("home", home.make_home),
    Step("stop", running.stop),
    Step("readings", upgrade.take_out),
    *_ENVIRONMENT,
    Step("restore", upgrade.restore),
    *_SITE,
    Step("readings again", upgrade.bring_back),
)
UNPACK = Step("bundle", offline.unpack)
SERVICE = Step("service", running.install_service)
_PATIENCE = 5.0
"""Seconds in which what a killed installer left running has surely ended."""
_SHOWN = 60
_INTERRUPTED = 130
_CLEAR = "\r\033[K"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./install.sh",
        allow_abbrev=False,
        description="Installs Kizashi; run again, repairs it and is the upgrade.",
    )
    parser.add_argument("--source", type=Path, help=argparse.SUPPRESS)
    default = os.environ.get("KIZASHI_HOME") or "~/.kizashi"  # noqa: TID251 - no settings yet
    parser.add_argument(
        "--demo", action="store_true", help="then set up the demo plant, and start"
    )
    parser.add_argument(
        "--home", metavar="DIR", type=Path, default=Path(default), help="default ~/.kizashi"
    )
    parser.add_argument("--port", metavar="N", type=int, help="where the appliance listens")
    parser.add_argument(
        "--bundle",
        metavar="FILE",
        type=Path,
        help="a bundle, or a folder of wheels, for use without network",
    )
    parser.add_argument(
        "--trust",
        metavar="KEY",
        help="the bundle's publisher: fingerprint, or file that holds it",
    )
    parser.add_argument(
        "--rollback", action="store_true", help="go back to the version before, with its data"
    )
    parser.add_argument(
        "--backups", metavar="DIR", type=Path, help="where the backup before an upgrade goes"
    )
    parser.add_argument(
        "--no-backup", action="store_true", help="upgrade without a backup, and no way back"
    )
    parser.add_argument("--timezone", metavar="ZONE", help="the site's, such as Asia/Tokyo")
    parser.add_argument(
        "--service", action="store_true", help="have systemd start the appliance at boot"
    )
    return parser


def parse(arguments: list[str]) -> Plan:
    """Read the command line."""
    given = _parser().parse_args(arguments)
    place = given.home.expanduser().absolute()
    source = given.source.resolve() if given.source else None
    bundle = given.bundle.expanduser().resolve() if given.bundle else None
    file = bundle if bundle is not None and bundle.is_file() else None
    if file is not None:
        source, bundle = offline.folders(place)
    if source is None:
        raise InstallError("This installer came with a bundle: name it with --bundle FILE.")
    return Plan(
        source=source,
        home=place,
        demo=given.demo,
        port=given.port,
        bundle=bundle,
        timezone=given.timezone,
        service=given.service,
        file=file,
        trust=given.trust,
        rollback=given.rollback,
        backups=given.backups.expanduser().absolute() if given.backups else None,
        backup=not given.no_backup,
    )


def main(arguments: list[str]) -> int:
    """Install; return the exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that knows no "…" still reads on
    try:
        plan = parse(arguments)
        for step in PREFLIGHT:
            if note := _perform(step, plan, f"looking: {step.name}"):
                print(note, flush=True)  # noqa: T201
        with _alone(plan):
            try:
                _impact(plan)
            finally:
                offline.clear(plan)
        status = _demo(plan) if plan.demo else 0
        if status == 0 and (plan.demo or plan.service or plan.stopped.exists()):
            status = _start(plan)
    except InstallError as error:
        print(f"{_clear()}Kizashi was not installed. {error}", file=sys.stderr)  # noqa: T201
        return 1
    except KeyboardInterrupt:
        text = "Interrupted: the same command, run again, goes on from here."
        print(f"{_clear()}{text}", file=sys.stderr)  # noqa: T201
        return _INTERRUPTED
    if status == 0:
        _print_next(plan)
    return status


def _impact(plan: Plan) -> None:
    """Do what changes the home, step by step."""
    first, *others = ROLLBACK if plan.rollback else UPGRADE
    steps = [first, *([UNPACK] if plan.file else []), *others]
    steps += [SERVICE] if plan.service or service.is_one(plan.home) else []
    for number, step in enumerate(steps, 1):
        label = f"[{number}/{len(steps)}] {step.name}"
        print(f"{label}: {_perform(step, plan, label) or 'fine'}", flush=True)  # noqa: T201


def _perform(step: Step, plan: Plan, label: str) -> str:
    def show(text: str) -> None:
        if sys.stdout.isatty():
            line = f"{label}: {text} …"[:_SHOWN]
            print(f"{_CLEAR}{line}", end="", flush=True)  # noqa: T201

    show("looking")
    try:
        did = step.run(plan, show)
    except InstallError as error:
        raise InstallError(f"Step {step.name}: {error}") from error
    except OSError as error:
        words = f"{error}."
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            words = f"the disk is full ({error}). Free some space and run this again."
        raise InstallError(f"Step {step.name}: {words}") from error
    print(_clear(), end="")  # noqa: T201
    return did


def _clear() -> str:
    return _CLEAR if sys.stdout.isatty() else ""


@contextlib.contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    """Hold the home's installer lock, so that two installers never mix."""
    try:
        plan.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = (plan.home / ".install.lock").open("w")
    except OSError as error:
        raise InstallError(f"{plan.home} cannot be written: {error}.") from error
    with handle:
        waited = 0.0
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except OSError:
                if waited >= _PATIENCE:
                    raise InstallError(
                        f"Another installer is at work in {plan.home}: let it finish, then run "
                        "this again."
                    ) from None
            time.sleep(0.25)
            waited += 0.25
        yield


def _demo(plan: Plan) -> int:
    """Set up the demo plant in the installed home; return the exit status."""
    print("\nNow the demo plant: generate, ingest, train, score.", flush=True)  # noqa: T201
    return child.attend([str(plan.command), "--home", str(plan.home), "demo"])


def _start(plan: Plan) -> int:
    """Start the appliance, which says its address itself; return the exit status."""
    print("\nNow the appliance itself.", flush=True)  # noqa: T201
    return running.start(plan)


def _print_next(plan: Plan) -> None:
    folder = plan.command.parent
    lines = [f'  export PATH={shlex.quote(str(folder))}:"$PATH"']
    if plan.demo or plan.service:  # whose own last words are what to look at
        lines.insert(0, f"The command is in {folder}; put it where your shell looks:")
    else:
        lines.insert(0, f"Kizashi is installed in {plan.home}. Next:")
        lines.append("  kizashi up                             the appliance: web and worker")
        lines.append("  kizashi demo                           a plant to look around in")
        lines.append("  kizashi ingest FILES… --fleet NAME     your own machines")
    print("", *lines, sep="\n")  # noqa: T201
