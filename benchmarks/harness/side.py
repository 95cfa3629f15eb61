"""``python -m benchmarks.harness.side MODULE:FUNCTION JSON``: one side, in this process."""

from __future__ import annotations

import importlib
import json
import resource
import sys
from typing import Any

_KB = 1024


def main(argv: list[str]) -> int:
    """Call a side and print what it returns as one JSON object."""
    module, _, function = argv[0].partition(":")
    given: dict[str, Any] = json.loads(argv[1])
    result: dict[str, Any] = getattr(importlib.import_module(module), function)(**given)
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["own_peak_mb"] = own / (_KB * _KB if sys.platform == "darwin" else _KB)
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
