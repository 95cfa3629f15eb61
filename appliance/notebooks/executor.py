"""The process that executes one notebook: ``python -m appliance.notebooks.executor``."""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import threading
from pathlib import Path
from typing import Any

from appliance.core import log
from appliance.core.errors import BadFile, KizashiError, LimitExceeded, OperatorError
from appliance.notebooks import surroundings
from appliance.notebooks.ending import adopt, end_children
from appliance.notebooks.executing import EXECUTED, GIVEN, PAGE, PARAMETERS, TOLD
from appliance.notebooks.results import MEDIA, MOST_BYTES

_WORDS = 400


class _Clock:
    """Ends the cells when their time is over, and everything when nobody waits any more."""

    def __init__(self, seconds: float) -> None:
        self.late = False
        self._seconds = seconds
        self._timer = threading.Timer(seconds, self._over)
        self._timer.daemon = True

    def start(self) -> None:
        self._timer.start()
        threading.Thread(target=self._watch, name="parent", daemon=True).start()

    def stop(self) -> None:
        self._timer.cancel()

    def _over(self) -> None:
        self.late = True
        end_children()

    def _watch(self) -> None:
        while os.read(sys.stdin.fileno(), 1_024):
            pass
        end_children()
        os._exit(1)

    def words(self) -> str:
        return f"had not ended when the time was over ({self._seconds:g} s)"


def main(arguments: list[str] | None = None) -> int:
    """Execute the notebook in a folder, and write there what came of it."""
    parser = argparse.ArgumentParser(prog="appliance.notebooks.executor")
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--timeout", type=float, required=True)
    parser.add_argument("--memory", type=int, default=0)
    given = parser.parse_args(arguments)
    log.set_up("WARNING")
    surroundings.bound(given.memory)
    adopt()
    try:
        told = _executed(given.folder, _Clock(given.timeout))
    except KizashiError as error:
        told = {"kind": _kind(error), "error": error.message}
    finally:
        end_children()
    (given.folder / TOLD).write_text(json.dumps(told), "utf-8")
    return 0


def _kind(error: KizashiError) -> str:
    kinds = {BadFile: "file", LimitExceeded: "limit"}
    return kinds.get(type(error), "machine")


def _executed(folder: Path, clock: _Clock) -> dict[str, Any]:
    _readable(folder / GIVEN)
    error = _run(folder, clock)
    executed = _notebook(folder / EXECUTED)
    if error is None:
        words = ""
    else:
        words = clock.words() if clock.late else error
        words = f"Cell {_label(executed)} {words}."
    _page(executed, folder / PAGE)
    return {"results": _results(executed), "error": words}


def _readable(path: Path) -> None:
    """Refuse what is no notebook of Python."""
    notebook = _notebook(path)
    named = notebook.metadata.get("kernelspec", {}).get("language", "python")
    language = notebook.metadata.get("language_info", {}).get("name", named)
    if str(language).lower() != "python":
        raise BadFile(f"the notebook is written in {language}, and only Python is executed.")


def _notebook(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except FileNotFoundError as error:
        raise OperatorError(f"the notebook was not written: {error}.") from error
    except Exception as error:  # the reader's own errors have no common class
        words = str(error).splitlines()[0][:_WORDS] if str(error) else type(error).__name__
        raise BadFile(f"the file cannot be read as a notebook: {words}.") from error


def _run(folder: Path, clock: _Clock) -> str | None:
    """Run all cells until one fails; what is wrong with that one, None if none does."""
    try:
        import papermill
        from nbclient.exceptions import DeadKernelError
        from papermill.exceptions import PapermillException, PapermillExecutionError
    except ImportError as error:
        raise OperatorError(
            f"notebooks cannot be executed here: {error.name} is not installed.",
            remedy="Install the extra: pip install 'kizashi[notebooks]'.",
        ) from error
    logging.getLogger("papermill").setLevel(logging.ERROR)
    work = folder / "work"
    work.mkdir()
    parameters = json.loads((folder / PARAMETERS).read_text("utf-8"))
    clock.start()
    try:
        papermill.execute_notebook(
            str(folder / GIVEN).replace("{", "{{").replace("}", "}}"),
            str(folder / EXECUTED).replace("{", "{{").replace("}", "}}"),
            parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=str(work),
            iopub_timeout=60,
        )
    except PapermillExecutionError as error:
        return f"failed: {_first(error.ename, error.evalue)}{_line(error.source)}"
    except DeadKernelError:
        return "ended the notebook's Python: it may have taken too much memory"
    except (PapermillException, RuntimeError) as error:
        return f"could not run: {_first(type(error).__name__, str(error))}"
    finally:
        clock.stop()
    return None


def _first(kind: str, words: str) -> str:
    """Return an error in one line, without its full stop."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    return f"{kind}: {lines[0][:_WORDS].rstrip('.')}" if lines else kind


def _line(source: str) -> str:
    lines = [line.strip() for line in source.splitlines()]
    shown = next((line for line in lines if line and not line.startswith(("#", "%"))), "")
    return f" (the cell begins “{shown[:80]}”)" if shown else ""


def _label(notebook: Any) -> str:
    """Return the number of the cell that ran last, as the executed notebook shows it."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    ran = [
        (at, cell)
        for at, cell in enumerate(code, 1)
        if cell.metadata.get("papermill", {}).get("start_time")
    ]
    failed = [one for one in ran if one[1].metadata["papermill"].get("exception")]
    at, cell = (failed or ran or [(0, {})])[-1]
    return f"[{cell.get('execution_count') or at}]"


def _results(notebook: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            told = output.get("data", {}).get(MEDIA)
            if isinstance(told, dict) and isinstance(told.get("name"), str):
                found[told["name"]] = told.get("value")
    if len(json.dumps(found).encode()) > MOST_BYTES:
        raise LimitExceeded(
            f"the notebook's results take more than {MOST_BYTES // 2**20} MiB together."
        )
    return found


def _page(notebook: Any, path: Path) -> None:
    from appliance.notebooks.page import page

    path.write_text(page(notebook), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
