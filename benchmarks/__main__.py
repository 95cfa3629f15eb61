"""``python -m benchmarks NAME [--json] …`` runs one benchmark."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import benchmarks

_SHARED = ("harness", "sides")


def names() -> list[str]:
    """Return the benchmarks there are."""
    return sorted(
        module.name
        for module in pkgutil.iter_modules(benchmarks.__path__)
        if not module.name.startswith("_") and module.name not in _SHARED
    )


def main(argv: list[str]) -> int:
    """Run the benchmark that the first argument names with the rest."""
    if not argv or argv[0] not in names():
        known = ",".join(names())
        print(f"usage: python -m benchmarks {{{known}}} [--json] …", file=sys.stderr)
        return 2
    module = importlib.import_module(f"benchmarks.{argv[0]}")
    if hasattr(module, "__path__"):
        module = importlib.import_module(f"benchmarks.{argv[0]}.run")
    return int(module.main(argv[1:]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
