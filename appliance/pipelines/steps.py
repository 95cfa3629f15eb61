"""The steps of a pipeline: named, each with an output that can be kept.

A pipeline is written once.  Run from the command line its steps follow each other at once;
run by the worker each output is kept when its step ends, so that a pipeline killed in a step
goes on at that step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from appliance.pipelines.abreast import Abreast, Part

Output = TypeVar("Output")


class Steps(Protocol):
    """Runs the steps of one pipeline, in the order in which they are asked for."""

    def run(self, name: str, kind: type[Output], work: Callable[[], Output]) -> Output:
        """Return what a step gives, or gave when it ended before a crash.

        Parameters
        ----------
        name
            Of the step, for people; the same order of names at every run.
        kind
            Type of the output, which pydantic can write as JSON and read again.
        work
            What the step does.  It may be cut off anywhere and run again: it must be
            idempotent.
        """

    def together(self, parts: Sequence[Part], most: int) -> dict[str, Any]:
        """Return what the steps of a graph give by name, some of them done at once.

        Parameters
        ----------
        parts
            Each after all that it needs; the same at every run.
        most
            At once.
        """


class Plain:
    """Steps that follow each other at once and are kept nowhere."""

    def run(self, name: str, kind: type[Output], work: Callable[[], Output]) -> Output:  # noqa: ARG002
        """Return what a step gives."""
        return work()

    def together(self, parts: Sequence[Part], most: int) -> dict[str, Any]:
        """Return what the steps of a graph give."""
        abreast = Abreast(parts, {}, lambda _, part, known: part.work(known), most)
        try:
            return {part.name: abreast.result(part.name) for part in parts}
        finally:
            abreast.close()
