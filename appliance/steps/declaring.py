"""The decorator that makes a function a step, and what it declares."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, overload

from appliance.core.errors import InvalidRequest
from appliance.schemas.own import LONGEST_STEP, Resources, size_of

GROUP = "kizashi.steps"
"""Entry points by which a package tells of its steps: name → ``module:function``."""
_MARK = "__kizashi_step__"
_HOUR = 3_600.0
_Function = TypeVar("_Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class Step:
    """What a function declares as a step.

    Attributes
    ----------
    function
        The function itself.
    name
        In its package.
    resources
        What it needs of a machine.
    timeout
        Seconds that it may take.
    packages
        Of an environment of its own; none for the site's.
    """

    function: Callable[..., Any]
    name: str
    resources: Resources
    timeout: float = _HOUR
    packages: tuple[str, ...] = ()

    @property
    def entry(self) -> str:
        """Where the function is, as ``module:name``."""
        return f"{self.function.__module__}:{self.function.__qualname__}"

    @property
    def summary(self) -> str:
        """The first line of what the function says of itself."""
        return (inspect.getdoc(self.function) or "").strip().partition("\n")[0][:500]


@overload
def step(function: _Function, /) -> _Function: ...
@overload
def step(
    *,
    name: str = ...,
    cpu: float = ...,
    memory: str | int | None = ...,
    gpu: float = ...,
    timeout: float = ...,
    environment: Sequence[str] = ...,
) -> Callable[[_Function], _Function]: ...


def step(
    function: _Function | None = None,
    /,
    *,
    name: str = "",
    cpu: float = 1.0,
    memory: str | int | None = None,
    gpu: float = 0.0,
    timeout: float = _HOUR,
    environment: Sequence[str] = (),
) -> _Function | Callable[[_Function], _Function]:
    """Make a function a step of own pipelines; it stays the function that it was.

    Its inputs are its arguments and its outputs what it returns, both by type hints: whatever
    JSON can hold, ``pathlib.Path`` for a file, ``polars.DataFrame`` or ``pandas.DataFrame`` for
    a table.  A ``TypedDict`` or a dataclass that it returns gives an output for each of its
    fields, anything else gives one called ``result``.

    Parameters
    ----------
    name
        Of the step; the function's if not given.
    cpu, memory, gpu
        What it needs: processors, bytes (``"2GB"``) and graphics processors.
    timeout
        Seconds that it may take.
    environment
        Packages of an environment of its own, as pip would be told them, from the site's folder
        of wheels; without any it runs with what the site has.

    Raises
    ------
    InvalidRequest
        Something of that cannot be used.

    Examples
    --------
    >>> @step(cpu=2, memory="1GB")
    ... def mean(values: list[float]) -> float:
    ...     return sum(values) / len(values)
    >>> mean([1.0, 3.0])
    2.0
    >>> declared(mean).resources.memory
    1000000000
    """

    def mark(found: _Function) -> _Function:
        made = Step(
            function=found,
            name=name or found.__name__,
            resources=_resources(found, cpu, memory, gpu),
            timeout=timeout,
            packages=tuple(environment),
        )
        if not made.name.isidentifier():
            raise InvalidRequest(f"{made.name!r} is no name for a step.")
        if not 0 < timeout <= LONGEST_STEP:
            raise InvalidRequest(f"step {made.name}: timeout {timeout} is not within two days.")
        setattr(found, _MARK, made)
        return found

    return mark if function is None else mark(function)


def declared(function: Callable[..., Any]) -> Step:
    """Return what a function declares.

    Raises
    ------
    InvalidRequest
        It is no step.
    """
    found = getattr(function, _MARK, None)
    if not isinstance(found, Step):
        name = getattr(function, "__qualname__", repr(function))
        raise InvalidRequest(
            f"{name} is no step.", remedy="Put @kizashi.step above the function."
        )
    return found


def of_module(names: Mapping[str, Any]) -> list[Step]:
    """Return the steps among the names of a module, sorted."""
    found = [getattr(one, _MARK, None) for one in names.values()]
    steps = {one.name: one for one in found if isinstance(one, Step)}
    return [steps[name] for name in sorted(steps)]


def _resources(
    function: Callable[..., Any], cpu: float, memory: str | int | None, gpu: float
) -> Resources:
    try:
        size = None if memory is None else size_of(memory)
        return Resources(cpu=cpu, memory=size, gpu=gpu)
    except ValueError as error:
        words = str(error) if memory is not None and "size" in str(error) else _first(error)
        name = function.__qualname__
        raise InvalidRequest(f"step {name}: its resources cannot be used: {words}.") from error


def _first(error: ValueError) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    told = error.errors()[0]
    return f"{'.'.join(map(str, told['loc']))}: {told['msg']}"
