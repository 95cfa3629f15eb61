"""What a step writes, told while it runs: it may do so on another machine than who follows it.

Its end lies on the shelf of runs beside the step's files, renewed while lines come, and is
gone when the step has ended: whoever waits for the step gets the last lines from it then.
"""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Self

from typing_extensions import override

from appliance.core.errors import KizashiError, NotFound
from appliance.core.log import get
from appliance.objects import shelf
from appliance.steps.process import Watch

_log = get(__name__)
EVERY = 1.0
"""Seconds between two looks at what came."""


class _Again(ABC):
    """Looks again and again in a thread, from `__enter__` to `__exit__`."""

    def __init__(self, name: str) -> None:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(EVERY):
            try:
                self.look()
            except KizashiError as error:
                # The step itself goes on: it tells its lines once more when it ends.
                _log.debug("lines of a step cannot be told: %s", error)

    @abstractmethod
    def look(self) -> None:
        """Look once."""


class Publishing(_Again):
    """Lets a step's last lines be followed while it runs.

    Parameters
    ----------
    place, key
        Address of the shelf, and the key of the step's files.
    """

    def __init__(self, place: str, key: str, watch: Watch) -> None:
        super().__init__("publishing")
        self._shelf = shelf(place)
        self._key = _key(key)
        self._watch = watch
        self._told = 0

    @override
    def look(self) -> None:
        """Put the lines there, if there are new ones."""
        said, lines = self._watch.told
        if said > self._told:
            self._shelf.put(self._key, json.dumps({"said": said, "lines": lines}).encode())
            self._told = said

    @override
    def __exit__(self, *_: object) -> None:
        """Let them go."""
        super().__exit__()
        if self._told:
            try:
                self._shelf.delete([self._key])
            except KizashiError as error:
                _log.debug("lines of a step cannot be removed: %s", error)


class Following(_Again):
    """Tells a step's lines once each, those that were lost in between left out.

    Parameters
    ----------
    tell
        Is given one line.
    """

    def __init__(self, place: str, key: str, tell: Callable[[str], None]) -> None:
        super().__init__("following")
        self._shelf = shelf(place)
        self._key = _key(key)
        self._tell = tell
        self._told = 0

    @override
    def look(self) -> None:
        """Tell what is new."""
        try:
            found = json.loads(self._shelf.read(self._key))
        except NotFound:
            return
        self.finish(int(found["said"]), found["lines"])

    def finish(self, said: int, lines: Sequence[str]) -> None:
        """Tell those of the last lines that were not told yet.

        Parameters
        ----------
        said
            How many lines there were in all.
        """
        new = min(said - self._told, len(lines))
        for line in lines[len(lines) - new :] if new > 0 else ():
            self._tell(line)
        self._told = max(said, self._told)


def _key(key: str) -> str:
    # Steps have no point in their names: this is beside their folders, never in one.
    return f"{key}.lines"
