"""Where a site's notebooks run, as its settings say."""

from __future__ import annotations

import os

from appliance.core.errors import StorageError
from appliance.core.locks import Lead
from appliance.core.secrets import site_key
from appliance.core.settings import Settings
from appliance.notebooks.place import Place
from appliance.notebooks.pods.servers import PodServers, PodTerms
from appliance.notebooks.pods.wire import Kubernetes
from appliance.notebooks.servers import Servers, Terms
from appliance.pipelines.site import Site
from appliance.tls import Authority

API_ADDRESS = "KIZASHI_UI_API"
"""Where this process's own pages and notebooks find its API, on this machine."""
_LEADS = "notebooks"


def place_of(site: Site) -> Place:
    """Return where notebooks run: on this machine, or each in a pod of its own."""
    settings = site.settings
    idle = settings.notebooks_idle_minutes * 60
    if settings.notebooks_pods is None:
        terms = Terms(
            settings.home, settings.notebooks_at_once, idle, settings.notebook_memory_bytes
        )
        return Servers(terms, site.access, lambda: os.environ[API_ADDRESS])  # noqa: TID251
    told = PodTerms(
        settings.notebooks_pods,
        settings.notebooks_at_once,
        idle,
        site_key(settings.home),
        settings.notebooks_url,
        _authority(settings),
    )
    lead = Lead(lambda: site.database, settings.home, _LEADS)
    return PodServers(told, site.access, Kubernetes(), lead)


def _authority(settings: Settings) -> str:
    """Return by what pods know the API: nothing where its certificate is the owner's."""
    if settings.tls_certificate is not None:
        return ""
    path = Authority(settings.home / "secrets").certificate
    try:
        return path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise StorageError(
            f"the authority's certificate {path} cannot be read: {error}.",
            remedy="In a cluster the Secret of the site holds it as ca.pem.",
        ) from error
