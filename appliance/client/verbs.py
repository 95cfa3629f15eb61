"""One method for both kinds of caller: those who wait, and those who await.

Every verb is written once, as a coroutine function on a mixin.  On an object that is
`Blocking` the decorator runs the coroutine to its end at once (its wire never suspends, so
there is no event loop); on one that is `Awaiting` it hands the coroutine to whoever awaits it.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from appliance.core.errors import KizashiError

_P = ParamSpec("_P")
_T = TypeVar("_T")


class Blocking:
    """What waits for its answers."""


class Awaiting:
    """What is awaited."""


def at_once(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine whose waits all block; return what it returns."""
    try:
        work.send(None)
    except StopIteration as done:
        result: _T = done.value
        return result
    work.close()
    raise KizashiError("this call waits for an event loop.", remedy="Use `connect_async`.")


class verb(Generic[_P, _T]):  # noqa: N801 - stands where `property` stands
    """Makes a method of a coroutine function: its result to some, an awaitable to others."""

    def __init__(self, work: Callable[Concatenate[Any, _P], Coroutine[Any, Any, _T]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Blocking, kind: type) -> Callable[_P, _T]: ...
    @overload
    def __get__(self, owner: Awaiting, kind: type) -> Callable[_P, Coroutine[Any, Any, _T]]: ...

    def __get__(self, owner: Blocking | Awaiting | None, kind: type) -> Any:
        if owner is None:
            return self
        bound: Callable[_P, Coroutine[Any, Any, _T]] = self._work.__get__(owner, kind)
        if isinstance(owner, Awaiting):
            return bound

        @wraps(bound)
        def waited(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            return at_once(bound(*args, **kwargs))

        return waited
