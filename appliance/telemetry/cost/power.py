"""Energy as the processors' own meters tell it: RAPL, where Linux lets it be read."""

from __future__ import annotations

from pathlib import Path

_ROOT = Path("/sys/class/powercap")
_PACKAGE = "intel-rapl:*"
_MICRO = 1e-6


class Rapl:
    """Reads how much energy processors took; the rest of the machine is not in it.

    Parameters
    ----------
    root
        Where the system tells it.
    """

    def __init__(self, root: Path = _ROOT) -> None:
        # Domains within a package, such as intel-rapl:0:1, are part of what it tells.
        found = sorted(one for one in root.glob(_PACKAGE) if one.name.count(":") == 1)
        self._before: dict[Path, int] = {}
        self._domains = [one for one in found if _read(one / "energy_uj") is not None]
        self.joules()

    @property
    def readable(self) -> bool:
        """Whether there is anything to read."""
        return bool(self._domains)

    def joules(self) -> float | None:
        """Return the energy since this was asked the last time; None if nobody can tell."""
        told = 0.0
        for domain in self._domains:
            now, before = _read(domain / "energy_uj"), self._before.get(domain)
            if now is None:
                self._before.pop(domain, None)
                return None
            self._before[domain] = now
            if before is None:
                continue
            if now < before:  # the counter has run over
                now += _read(domain / "max_energy_range_uj") or 0
            told += max(now - before, 0) * _MICRO
        return told if self._domains else None


def _read(path: Path) -> int | None:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return None
