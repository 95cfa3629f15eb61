"""What one item of work needs of the machine that it runs on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """What is kept free for an item where machines are shared out: on Ray.

    Attributes
    ----------
    cpus, gpus
        Processors and graphics processors.
    memory
        Bytes; not asked for if None.
    """

    cpus: float = 1.0
    memory: int | None = None
    gpus: float = 0.0
