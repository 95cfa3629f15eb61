"""Longer patience with a Ray that begins: its own ends after half a minute.

On a small or busy machine a node takes longer, all the more where several begin together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from appliance.core.clock import monotonic

_PATIENCE, _LOOK = 150.0, 0.5


@contextmanager
def patient(services: Any, known: Callable[[], None] | None = None) -> Iterator[None]:
    """Let Ray wait longer until a node that it has started is known.

    Parameters
    ----------
    services
        Ray's module of that name.
    known
        Called once the node is.
    """
    found = services.get_node
    began = monotonic()

    def told(address: str, number: str) -> Any:
        pause = threading.Event()
        while True:
            try:
                node = found(address, number)
            except RuntimeError:  # it is not known yet
                if monotonic() - began > _PATIENCE:
                    raise
                pause.wait(_LOOK)
            else:
                if known is not None:
                    known()
                return node

    services.get_node = told
    try:
        yield
    finally:
        services.get_node = found
