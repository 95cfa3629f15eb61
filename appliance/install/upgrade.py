"""Steps from one version to the next with a backup between them, and back again.

What was upgraded is kept as a list in the home: from which version to which, and the backup
that was made before.  Going back takes the latest of it: readings that came since are taken
out of the lake, the backup is restored by the version that made it, and the readings are
brought in again.  Whatever is replaced is moved aside, and nothing is deleted.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from appliance.install import audit, child, offline, versions
from appliance.install.bundle import open_bundle
from appliance.install.plan import InstallError, Plan, Show, write
from appliance.install.versions import Version

_TAKEN_OUT = "readings-since-upgrade"
_DATABASE = "kizashi.db"


@dataclass(frozen=True)
class Upgrade:
    """One upgrade of the home.

    Attributes
    ----------
    before, after
        From which version to which.
    backup
        Folder of the backup that was made between them.
    going_back
        Whether a rollback of it has begun.
    readings
        Folder of the readings that came since; empty if they were not taken out.
    restored
        Whether the backup was restored.
    """

    before: Version
    after: Version
    backup: str
    going_back: bool = False
    readings: str = ""
    restored: bool = False


def check_direction(plan: Plan, _show: Show) -> str:
    """A version goes to a later one, or back to the one that it came from."""
    wanted, here = _wanted(plan), _installed(plan)
    done = _upgrades(plan)
    begun = bool(done) and done[-1].going_back
    if plan.rollback:
        _check_rollback(plan, wanted, here, done)
        return ""
    if begun:
        raise InstallError(
            f"going back to {done[-1].before} was begun and not completed. Complete it: give "
            "the same command with --rollback again."
        )
    if here is not None and wanted.is_older(here):
        raise InstallError(
            f"{wanted} is older than what is installed, {here}, whose data it does not "
            "understand. To go back to it with the data of then, give --rollback."
        )
    return ""


def _check_rollback(
    plan: Plan, wanted: Version, here: Version | None, done: list[Upgrade]
) -> None:
    if not done:
        raise InstallError(
            "--rollback goes back to the version before an upgrade, and this home was not "
            "upgraded. Nothing was changed."
        )
    last = done[-1]
    if wanted != last.before:
        raise InstallError(
            f"--rollback goes back to {last.before}, from which this home was upgraded, and "
            f"this is {wanted}. Name the bundle of that version."
        )
    if not last.going_back and here != last.after:
        raise InstallError(
            f"this home was upgraded to {last.after}, and {here or 'no whole version'} is "
            "installed. Repair it first: that version's command, without --rollback."
        )
    if not last.restored and not _manifest(last).is_file():
        raise InstallError(
            f"the backup {last.backup}, made before the upgrade, is not there any more. "
            "Without it this home cannot go back; nothing was changed."
        )
    if not (plan.home / _DATABASE).exists() and not last.going_back:
        raise InstallError(
            "this home's database is not in it. Go back by hand: restore the backup "
            f"{last.backup} with the older version into an empty database (kizashi restore)."
        )


def back_up(plan: Plan, show: Show) -> str:
    """Everything as the version before has it, if another one comes."""
    before, after = _installed(plan), versions.of_source(plan.source)
    if before is None or before == after or not plan.settings.is_file() or plan.rollback:
        return ""
    if not plan.backup:
        return f"left out, as asked for: there is no way back to {before}"
    show(f"backing up {before}")
    command = [str(plan.command), "--home", str(plan.home), "backup", "--json"]
    if plan.backups is not None:
        command.append(str(plan.backups))
    told = _told(
        plan, command, "the backup before the upgrade was not made, so nothing was changed"
    )
    where = Path(told["target"]) / told["backup"]["id"]
    done = [one for one in _upgrades(plan) if (one.before, one.after) != (before, after)]
    _keep(plan, [*done, Upgrade(before, after, str(where))])
    return f"{before} is in {where}"


def back_up_rest(plan: Plan, show: Show) -> str:
    """What came in while the backup was made, now that the appliance is stopped."""
    return back_up(plan, show) if plan.stopped.exists() else ""


def take_out(plan: Plan, show: Show) -> str:
    """Readings that came after the upgrade: the backup does not hold them."""
    last = _upgrades(plan)[-1]
    if last.restored or (last.going_back and _installed(plan) != last.after):
        return ""
    last = _note(plan, replace(last, going_back=True, readings=""))
    show("taking out the readings since the upgrade")
    into = plan.home / f"{_TAKEN_OUT}-{Path(last.backup).name}"
    command = [str(plan.python), "-I", "-m", "appliance.install.readings"]
    command += ["--home", str(plan.home), "--backup", last.backup, "--into", str(into)]
    try:
        told = _told(plan, command, "readings since the upgrade could not be taken out")
    except InstallError as error:
        # The version that is to be left may be broken: then its lake is at least kept.
        return f"{error} They stay in the lake that is moved aside"
    if not told["rows"]:
        return ""
    _note(plan, replace(last, readings=str(into)))
    return f"{told['rows']:,} readings came since the upgrade; they are in {into}"


def restore(plan: Plan, show: Show) -> str:
    """The backup, by the version that made it."""
    last = _upgrades(plan)[-1]
    if last.restored:
        return ""
    show("restoring the backup")
    command = [str(plan.command), "--home", str(plan.home), "restore", last.backup]
    command += ["--home", str(plan.home), "--replace", "--json"]
    told = _told(plan, command, "the backup was not restored")
    _note(plan, replace(last, restored=True))
    aside = told["aside"] or f"{plan.home / 'replaced-…'}"  # of the run that was cut off
    return f"{last.before} as it was; what came after is in {aside}"


def bring_back(plan: Plan, show: Show) -> str:
    """Readings that were taken out, brought in by the version gone back to."""
    *earlier, last = _upgrades(plan)
    left, rows = [], 0
    files = sorted(Path(last.readings).glob("*.parquet")) if last.readings else []
    for file in files:
        show(f"bringing back {file.stem}")
        command = [str(plan.command), "--home", str(plan.home), "ingest", str(file)]
        command += ["--fleet", file.stem, "--asset", "asset", "--time", "time", "--json"]
        try:
            rows += _told(plan, command, f"{file} was not brought in")["rows"]
        except InstallError as error:
            left.append(str(error))
    _keep(plan, earlier)
    if left:
        return " ".join(
            [*left, "The files stay where they are: kizashi ingest FILE --fleet NAME"]
        )
    return f"{rows:,} readings that came since the upgrade are in again" if files else ""


# ---------------------------------------------------------------- what is known
def _manifest(done: Upgrade) -> Path:
    """Return the file by which `appliance.backup.vault` knows the backup."""
    where = Path(done.backup)
    return where.parent / "backups" / f"{where.name}.json"


def _wanted(plan: Plan) -> Version:
    if plan.file is not None:
        return offline.version_of(open_bundle(plan.file))
    return versions.of_source(plan.source)


def _installed(plan: Plan) -> Version | None:
    return versions.of_environment(audit.site_packages(plan.environment))


def _upgrades(plan: Plan) -> list[Upgrade]:
    if not plan.upgrades.exists():
        return []
    try:
        told = json.loads(plan.upgrades.read_text("utf-8"))
        return [
            Upgrade(
                **{**one, "before": Version(**one["before"]), "after": Version(**one["after"])}
            )
            for one in told
        ]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise InstallError(
            f"{plan.upgrades} is damaged: it says which version came after which. Move it "
            "away; then there is no --rollback, but the backups stay."
        ) from error


def _keep(plan: Plan, done: list[Upgrade]) -> None:
    write(plan.upgrades, json.dumps([asdict(one) for one in done], indent=1) + "\n")


def _note(plan: Plan, last: Upgrade) -> Upgrade:
    _keep(plan, [*_upgrades(plan)[:-1], last])
    return last


def _told(plan: Plan, command: list[str], failed: str) -> dict[str, Any]:
    """Let the installed platform do something, and return what it says as JSON."""
    status, output = child.run(command, log=plan.log, tick=lambda _line: None)
    words = output.strip().splitlines()
    if status != 0:
        raise InstallError(f"{failed}: {words[-1] if words else f'status {status}'}")
    begin = next((i for i, line in enumerate(words) if line.startswith("{")), len(words))
    try:
        told, _ = json.JSONDecoder().raw_decode("\n".join(words[begin:]))
    except ValueError as error:
        raise InstallError(f"{failed}: its words are at the end of {plan.log}.") from error
    return dict(told)
