"""The process that code of the site's people runs in: ``python -m appliance.steps.runner``.

It is told what to do by ``work.json`` in its folder, and tells what came of it in
``told.json``.  It ends when nobody holds its standard input any more.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.core.errors import InvalidRequest, KizashiError, OperatorError
from appliance.notebooks.confinement import confine
from appliance.notebooks.ending import adopt, end_children
from appliance.notebooks.surroundings import bound
from appliance.steps.declaring import Step, declared, of_module

WORK, TOLD = "work.json", "told.json"
CODE, INPUTS, OUTPUTS = "code", "inputs", "outputs"
"""Folders of the process: the unpacked package, files that it is given, and those it gives."""


def main(folder: Path) -> int:
    """Do what the folder says, and write there what came of it."""
    work: dict[str, Any] = json.loads((folder / WORK).read_text("utf-8"))
    threading.Thread(target=_watch, name="parent", daemon=True).start()
    adopt()
    bound(int(work.get("memory") or 0))
    confine([folder], [Path(one) for one in work.get("readable", ())])
    sys.path.insert(0, str(folder / CODE))
    try:
        told = _DOERS[work["what"]](work, folder)
    except KizashiError as error:
        told = {"error": error.message, "remedy": error.remedy, "kind": type(error).__name__}
    except MemoryError:
        told = {"error": "it needs more memory than it may have", "kind": "LimitExceeded"}
    except BaseException as error:  # noqa: BLE001 - whatever their code raises is what is told
        traceback.print_exc()
        told = {"error": _words(error), "kind": "raised"}
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    draft = folder / f".{TOLD}"
    draft.write_text(json.dumps(told), "utf-8")
    draft.replace(folder / TOLD)
    return 0


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1_024):
        pass
    end_children()
    os._exit(1)


def _describe(work: Mapping[str, Any], _: Path) -> dict[str, Any]:
    from appliance.steps.describing import described

    found: dict[str, Step] = {}
    for name, entry in work["entries"].items():
        found[name] = declared(_named(entry))
    if not found:
        for module in work["modules"]:
            found |= {one.name: one for one in of_module(vars(importlib.import_module(module)))}
    for name, one in found.items():
        if one.name != name:
            raise InvalidRequest(
                f"the entry point {name} leads to the step {one.name}.",
                remedy="Give both the same name.",
            )
    return {"steps": [described(one).model_dump(mode="json") for one in found.values()]}


def _perform(work: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    from appliance.steps.values import given, inputs_of, taken

    function = _named(work["entry"])
    where = f"step {work['name']}"
    hints, _ = inputs_of(function)
    arguments = {
        name: taken(hints[name], value, folder / INPUTS, f"{where}: {name}")
        for name, value in work["inputs"].items()
        if name in hints
    }
    outputs = folder / OUTPUTS
    os.chdir(outputs)
    returned = function(**arguments)
    return {"values": given(function, returned, outputs, where)}


def _command(work: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    program = list(work["command"])
    try:
        # What it starts is ended with this process, which is its parent whatever it does.
        done = subprocess.run(program, cwd=folder, stdin=subprocess.DEVNULL, check=False)  # noqa: S603
    except OSError as error:
        raise OperatorError(
            f"{program[0]} cannot be started: {error.strerror}.",
            remedy="See that the machine has it.",
        ) from error
    return {"status": done.returncode}


_DOERS = {"describe": _describe, "perform": _perform, "command": _command}


def _named(entry: str) -> Any:
    module, _, name = entry.partition(":")
    try:
        found = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except ModuleNotFoundError as error:
        raise InvalidRequest(
            f"{entry} needs {error.name}, which is not installed here.",
            remedy="Name it in the step's environment, or have it installed.",
        ) from error
    except AttributeError as error:
        raise InvalidRequest(f"{module} has no {name}.") from error
    return found


def _words(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0][:500]
    frame = traceback.extract_tb(error.__traceback__)[-1] if error.__traceback__ else None
    where = f" ({Path(frame.filename).name}, line {frame.lineno})" if frame else ""
    return f"{type(error).__name__}{': ' if text else ''}{text}{where}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
