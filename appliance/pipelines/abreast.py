"""Parts of a graph, each begun when what it needs is there, some at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from threading import Lock
from typing import Any


@dataclass(frozen=True)
class Part:
    """One step of a graph.

    Attributes
    ----------
    needs
        Names of parts that come before it in the sequence.
    kind
        Type of its output.
    work
        What it does, given the outputs of all that has ended, by name.
    """

    name: str
    needs: tuple[str, ...]
    kind: type[Any]
    work: Callable[[Mapping[str, Any]], Any]


class Abreast:
    """Runs parts in threads.

    A part that failed lets none begin that comes after it in the sequence.  Those before it do
    not rest on it, and go on: whoever asks for one result after the other gets them all up to
    the first that failed.

    Parameters
    ----------
    parts
        Each after all that it needs.
    done
        Outputs of those that need not be done.
    perform
        Does a part, given its place in the sequence and the outputs that are there.
    most
        At once.
    """

    def __init__(
        self,
        parts: Sequence[Part],
        done: Mapping[str, Any],
        perform: Callable[[int, Part, Mapping[str, Any]], Any],
        most: int,
    ) -> None:
        self._parts = parts
        self._done = dict(done)
        self._perform = perform
        self._lock = Lock()
        self._failed = len(parts)
        self._begun: set[str] = set(done)
        self._results: dict[str, Future[Any]] = {
            part.name: Future() for part in parts if part.name not in done
        }
        self._pool = ThreadPoolExecutor(max(most, 1), "kizashi-part")
        with self._lock:
            self._begin()

    def result(self, name: str) -> Any:
        """Wait for a part, and return what it gave or raise what it raised."""
        return self._results[name].result()

    def close(self) -> None:
        """Wait for what is under way; nothing more begins."""
        with self._lock:
            self._failed = -1
        self._pool.shutdown()

    def _begin(self) -> None:
        """Begin all that can; the lock is held."""
        for place, part in enumerate(self._parts[: max(self._failed, 0)]):
            if part.name not in self._begun and all(one in self._done for one in part.needs):
                self._begun.add(part.name)
                # The trail, the meter and the stop of whoever asks are this part's too.
                self._pool.submit(copy_context().run, self._run, place, part)

    def _run(self, place: int, part: Part) -> None:
        with self._lock:
            known = dict(self._done)
        try:
            given = self._perform(place, part, known)
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            with self._lock:
                self._failed = min(self._failed, place)
            self._results[part.name].set_exception(error)
            return
        with self._lock:
            self._done[part.name] = given
            if self._failed >= 0:
                self._begin()
        self._results[part.name].set_result(given)
