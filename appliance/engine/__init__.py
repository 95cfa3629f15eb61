"""Where work runs: in this process (`local`) or on Ray (`ray`), behind one protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING

from appliance.core.errors import InvalidRequest
from appliance.engine.base import Engine, Outcome

if TYPE_CHECKING:
    from appliance.core.settings import Settings

__all__ = ["Engine", "Outcome", "make"]

_BYTES_PER_CELL = 8
_SHARE_OF_MEMORY = 0.25


def make(
    name: str, settings: Settings | None = None, *, size_hint_cells: int | None = None
) -> Engine:
    """Return an engine.

    Parameters
    ----------
    name
        ``local``, ``ray``, or ``auto``: local if the size is known and a quarter of the
        free memory holds the data, because starting Ray then costs more than it gains;
        otherwise Ray, which isolates tasks, bounds their memory and repeats those that die.
    settings
        Workers, the address of a running Ray, the home; defaults if not given.
    size_hint_cells
        Rows × columns of data that is in memory already.

    Raises
    ------
    InvalidRequest
        No engine has this name.
    EngineError
        Ray cannot be started or reached.
    """
    if settings is None:
        from appliance.core.settings import load_settings

        settings = load_settings()
    if name == "auto":
        name = "local" if _fits(size_hint_cells) else "ray"
    if name == "local":
        from appliance.engine.local import LocalEngine

        return LocalEngine(settings.worker_count)
    if name == "ray":
        from appliance.engine.ray import RayEngine

        return RayEngine(settings)
    raise InvalidRequest(f"there is no engine {name!r}.", remedy="Use auto, local or ray.")


def _fits(cells: int | None) -> bool:
    if cells is None:
        return False
    import psutil  # type: ignore[import-untyped]

    free: int = psutil.virtual_memory().available
    return cells * _BYTES_PER_CELL < _SHARE_OF_MEMORY * free
