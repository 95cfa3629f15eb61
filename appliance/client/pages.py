"""Lists that come in pages, as iterators: a page is asked for when it is needed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

from pydantic import BaseModel

from appliance.client.line import Line, parsed
from appliance.client.request import Request
from appliance.client.verbs import Awaiting, Blocking, at_once

_P = ParamSpec("_P")
_T = TypeVar("_T")
_ON_A_PAGE = 200


class _Page(BaseModel, Generic[_T]):
    items: list[_T]
    next: str | None = None


@dataclass(frozen=True)
class Listing(Generic[_T]):
    """A list at the site.

    Attributes
    ----------
    kind
        What its items are.
    limit
        Items wanted in all; None: every one.
    whole
        It comes in one piece, and takes no size of a page.
    most
        Items that the site gives on a page at most.
    """

    line: Line
    path: str
    kind: type[_T]
    query: Mapping[str, Any] = field(default_factory=dict)
    limit: int | None = None
    whole: bool = False
    most: int = _ON_A_PAGE

    async def page(self, cursor: str | None, most: int) -> tuple[list[_T], str | None]:
        """Return the items of a page and the cursor of the next; None after the last."""
        place = {} if self.whole else {"cursor": cursor, "limit": most}
        query = {**self.query, **place}
        data = await self.line.data(Request("GET", self.path, query=query))
        page = parsed(_Page[self.kind], data)  # type: ignore[name-defined]
        return page.items, page.next


class _Walk(Generic[_T]):
    """One way through a list."""

    def __init__(self, listing: Listing[_T]) -> None:
        self._listing = listing
        self._left = listing.limit
        self._cursor: str | None = None
        self._last = listing.limit == 0

    async def next(self) -> list[_T]:
        """Return the items of the next page; none after the last that was wanted."""
        items: list[_T] = []
        while not items and not self._last:
            most = self._listing.most
            if self._left is not None:
                most = min(self._left, most)
            items, self._cursor = await self._listing.page(self._cursor, most)
            if self._left is not None:
                self._left -= len(items)
            self._last = self._cursor is None or self._left == 0
        return items


class Pages(Generic[_T]):
    """A list at the site: each loop over it asks anew, page by page."""

    def __init__(self, listing: Listing[_T]) -> None:
        self._listing = listing

    def __iter__(self) -> Iterator[_T]:
        walk = _Walk(self._listing)
        while items := at_once(walk.next()):
            yield from items

    def page(self, after: str | None = None, *, most: int = 50) -> tuple[list[_T], str | None]:
        """Return one page, and what leads to the next; None after the last.

        Parameters
        ----------
        after
            What an earlier page led to; the first page if None.
        """
        return at_once(self._listing.page(after, most))


class AsyncPages(Generic[_T]):
    """A list at the site: each ``async for`` over it asks anew, page by page."""

    def __init__(self, listing: Listing[_T]) -> None:
        self._listing = listing

    async def __aiter__(self) -> AsyncIterator[_T]:
        walk = _Walk(self._listing)
        while items := await walk.next():
            for item in items:
                yield item

    async def page(
        self, after: str | None = None, *, most: int = 50
    ) -> tuple[list[_T], str | None]:
        """Return one page, and what leads to the next; None after the last."""
        return await self._listing.page(after, most)


class listing(Generic[_P, _T]):  # noqa: N801 - stands where `property` stands
    """Makes a method that returns pages of one that returns a `Listing`."""

    def __init__(self, work: Callable[Concatenate[Any, _P], Listing[_T]]) -> None:
        self._work = work
        self.__doc__ = work.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Blocking, kind: type) -> Callable[_P, Pages[_T]]: ...
    @overload
    def __get__(self, owner: Awaiting, kind: type) -> Callable[_P, AsyncPages[_T]]: ...

    def __get__(self, owner: Blocking | Awaiting | None, kind: type) -> Any:
        if owner is None:
            return self
        form = AsyncPages if isinstance(owner, Awaiting) else Pages
        bound = self._work.__get__(owner, kind)

        def listed(*args: _P.args, **kwargs: _P.kwargs) -> Any:
            return form(bound(*args, **kwargs))

        return update_wrapper(listed, bound)
