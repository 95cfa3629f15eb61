"""The sandbox's home as a running site, for pages that ask one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.access.person import shell
from appliance.api.app import create_app
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site
from appliance.schemas.access import Right
from tests.appliance.client.servers import serve
from tests.forked import working


@contextmanager
def serving(home: Path) -> Iterator[dict[str, object]]:
    """Serve a home that a worker runs on; yield the names that a page takes for given."""
    site = Site(load_settings(home))
    me = shell("docs")
    site.access.users.add(me, "erika", None, admin=True)
    token = site.access.tokens.create(me, "erika", "docs", list(Right)).secret
    with working(home), serve(create_app(site)) as url:
        yield {"url": url, "token": token}
