"""What `helm test` runs in a pod: the site serves, and shows strangers nothing."""

import http.client
import os
import ssl

ADDRESS = os.environ["ADDRESS"]
AUTHORITY = os.environ.get("AUTHORITY")


def context() -> ssl.SSLContext:
    """Trust the site's own authority; one of others speaks for names that pods have not."""
    made = ssl.create_default_context(cafile=AUTHORITY)
    made.check_hostname = False
    if AUTHORITY is None:
        made.verify_mode = ssl.CERT_NONE
    return made


def status(path: str) -> int:
    """Ask for a path."""
    host, _, port = ADDRESS.rpartition(":")
    asked = http.client.HTTPSConnection(host, int(port), timeout=30, context=context())
    try:
        asked.request("GET", path)
        return asked.getresponse().status
    finally:
        asked.close()


WANTED = {"/healthz": 200, "/readyz": 200, "/api/v1/fleets": 401}
found = {path: status(path) for path in WANTED}
print(found)  # noqa: T201 - the log of the pod
if found != WANTED:
    raise SystemExit(f"wanted {WANTED}")
