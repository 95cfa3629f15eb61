"""What a notebook gives to whoever has it executed: ``kizashi.results.give("drift", 0.3)``."""

from __future__ import annotations

import json
import sys
from typing import Any

from appliance.core.errors import InvalidRequest, LimitExceeded

MEDIA = "application/vnd.kizashi.result+json"
"""Kind of the output that holds a result: a JSON object of its ``name`` and ``value``."""
MOST_BYTES = 2**20
"""What the results of one notebook may take as JSON."""


def give(name: str, value: Any) -> None:
    """Give a result: it is shown in the notebook, and told to whoever has it executed.

    A name that is given again has its last value.  Outside of a notebook it is printed alone.

    Parameters
    ----------
    name
        What the result is called.
    value
        Anything that JSON holds; numbers of NumPy and what else has an ``item`` count as the
        number they hold.

    Raises
    ------
    InvalidRequest
        The name is empty, or JSON cannot hold the value.
    LimitExceeded
        The value takes more than `MOST_BYTES`.
    """
    if not name or not isinstance(name, str):
        raise InvalidRequest("a result needs a name.", remedy='Write give("drift", 0.3).')
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except (TypeError, ValueError) as error:
        raise InvalidRequest(
            f"result {name} is nothing that JSON holds: {error}.",
            remedy="Give numbers, texts, lists and dicts of them; a table as its path.",
        ) from error
    if len(text.encode()) > MOST_BYTES:
        raise LimitExceeded(
            f"result {name} takes more than {MOST_BYTES // 2**20} MiB.",
            remedy="Write it to a file or send it to the site, and give its name.",
        )
    _show(name, json.loads(text), f"{name} = {text}")


def _plain(value: Any) -> Any:
    """Return the plain number in a scalar of NumPy or the like."""
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        return value.item()
    raise TypeError(f"{type(value).__name__} is not a JSON value")


def _show(name: str, value: Any, text: str) -> None:
    # Whoever runs in a notebook has loaded IPython already; others need not.
    shell = sys.modules.get("IPython")
    if shell is None or shell.get_ipython() is None:
        sys.stdout.write(f"{text}\n")
        return
    from IPython.display import display

    display({MEDIA: {"name": name, "value": value}, "text/plain": text}, raw=True)
