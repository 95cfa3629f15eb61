"""Steps that furnish the home around its environment."""

from __future__ import annotations

import os
import shlex
import shutil
import time

from appliance.install import child
from appliance.install.plan import InstallError, Plan, Show, write

_FINISH = "appliance.install.finish"


def make_home(plan: Plan, _show: Show) -> str:
    """The home's folders, readable by their owner only."""
    if plan.scratch.exists():
        shutil.rmtree(plan.scratch)  # of a run that was cut off
    if plan.log.parent.is_dir():
        return ""
    plan.log.parent.mkdir(mode=0o700, parents=True)
    return f"made {plan.home}"


def write_command(plan: Plan, _show: Show) -> str:
    """``bin/kizashi``, which knows its home and is deaf to a user's other Python."""
    # Python is named: the script's own first lines fail where the path holds a "$".
    python, script = plan.python, plan.environment / "bin" / "kizashi"
    text = (
        "#!/bin/sh\n"
        f'[ -n "${{KIZASHI_HOME:-}}" ] || KIZASHI_HOME={shlex.quote(str(plan.home))}\n'
        "export KIZASHI_HOME\n"
        "unset PYTHONHOME PYTHONPATH\n"
        f'exec {shlex.quote(str(python))} {shlex.quote(str(script))} "$@"\n'
    )
    path = plan.command
    if path.is_file() and os.access(path, os.X_OK) and path.read_bytes() == text.encode():
        return ""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write(path, text, 0o755)
    return f"wrote {path}"


def write_settings(plan: Plan, show: Show) -> str:
    """Settings, the site's key and the database, brought to this version."""
    arguments = ["settings", "--home", str(plan.home)]
    if plan.port is not None:
        arguments += ["--port", str(plan.port)]
    if plan.timezone:
        arguments += ["--timezone", plan.timezone]
    return _finish(plan, arguments, show, "settings and database")


def compile_kernels(plan: Plan, show: Show) -> str:
    """The kernels, compiled for this machine now and not in the middle of the first job."""
    return _finish(plan, ["kernels"], show, "compiling for this machine")


def _finish(plan: Plan, arguments: list[str], show: Show, doing: str) -> str:
    """Let the installed platform do its own part."""
    # Isolated: started inside the checkout, it must still be the installed platform that runs.
    command = [str(plan.python), "-I", "-m", _FINISH, *arguments]
    begun = time.monotonic()

    def tick(_line: str) -> None:
        show(f"{doing}, {time.monotonic() - begun:.0f} s")

    status, output = child.run(command, log=plan.log, tick=tick)
    words = output.strip().splitlines()
    if status == 1 and words:
        raise InstallError(words[-1])
    if status != 0:
        raise InstallError(
            f"the installed platform ended with status {status}; its own words are at the end "
            f"of {plan.log}."
        )
    return words[-1] if words else ""
