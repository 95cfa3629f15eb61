"""Where a server is given its token by the gate, without a folder that both see."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from appliance.notebooks import tokenfile


@dataclass
class _Kept:
    path: Path = Path(tokenfile.TOKEN)
    identifier: str = ""


_kept = _Kept()


def keep(path: Path) -> None:
    """Keep where the token is to be."""
    _kept.path = path


class TokenHandler(APIHandler):  # type: ignore[misc]
    """Tells which token there is, never its secret, and takes another in its place."""

    auth_resource = "kizashi"

    def check_xsrf_cookie(self) -> None:
        """Nothing: whoever asks has shown the gate's secret, which no page knows."""

    @web.authenticated
    @authorized  # type: ignore[untyped-decorator]
    def get(self) -> None:
        """Tell which there is."""
        self.finish(json.dumps({"id": _kept.identifier if _kept.path.exists() else ""}))

    @web.authenticated
    @authorized  # type: ignore[untyped-decorator]
    def put(self) -> None:
        """Take one."""
        try:
            told = json.loads(self.request.body)
            identifier, secret = str(told["id"]), str(told["secret"])
            secret.encode("ascii")
        except (ValueError, KeyError, TypeError) as error:
            raise web.HTTPError(400, "a token has an id and a secret") from error
        tokenfile.write(_kept.path, secret)
        _kept.identifier = identifier
        self.set_status(204)
        self.finish()
