"""The web process without its instruments: ``python -m benchmarks.sides.unmeasured HOME``."""

from __future__ import annotations

import sys
from pathlib import Path

from appliance.core import log
from appliance.core.settings import load_settings
from appliance.pipelines.site import Site
from appliance.web.app import create_web
from appliance.web.measured import Measured
from appliance.web.serving import serve


def main(home: Path) -> int:
    """Serve until told to end."""
    log.set_up("INFO")
    settings = load_settings(home)
    web = create_web(Site(settings))
    assert isinstance(web.api, Measured)  # noqa: S101 - or else nothing is compared
    web.api = web.api.app
    return 0 if serve(web, settings) else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
