"""Files that a site's processes share: in a folder of one machine, or in S3 for many."""

from __future__ import annotations

from appliance.core.errors import Taken
from appliance.objects.away import away
from appliance.objects.cache import Cache, cache_in, own_folder, shared_cache
from appliance.objects.places import is_remote, join, shelf, storage_options
from appliance.objects.shelf import Entry, Shelf

__all__ = [
    "Cache",
    "Entry",
    "Shelf",
    "Taken",
    "away",
    "cache_in",
    "is_remote",
    "join",
    "own_folder",
    "shared_cache",
    "shelf",
    "storage_options",
]
