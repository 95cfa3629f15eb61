"""Backups of a site made while it runs, and sites restored from them.

`vault` keeps files by their content, `store` copies databases, `make` decides what a backup
holds and in which order it is taken, `restore` builds a home beside the old one and `placing`
puts it in its place.
"""

from appliance.backup.listing import backups
from appliance.backup.make import back_up
from appliance.backup.restore import restore
from appliance.backup.sealing import Passphrase

__all__ = ["Passphrase", "back_up", "backups", "restore"]
