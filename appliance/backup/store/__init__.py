"""The databases of a home as files, of one moment, while others write to them.

`sqlite` copies files by SQLite's own backup; `postgres` copies rows, of all tables in one
transaction, and restores them under tables that the code makes: nothing that a backup says is
ever run as SQL.
"""

from appliance.backup.store.databases import Snapshot, is_postgresql, snapshot
from appliance.backup.store.fresh import beside

__all__ = ["Snapshot", "beside", "is_postgresql", "snapshot"]
