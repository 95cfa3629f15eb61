"""The tables of access, the audit log, and a store for each noun.

Every change is made within `AuditLog.change`, which lets one process in at a time and writes
the change's entry in the same transaction.
"""

from appliance.access.store.audit import AuditLog
from appliance.access.store.identities import IdentityStore
from appliance.access.store.projects import ProjectStore
from appliance.access.store.sessions import SessionStore
from appliance.access.store.tokens import TokenStore
from appliance.access.store.tries import TryStore
from appliance.access.store.users import UserStore

__all__ = [
    "AuditLog",
    "IdentityStore",
    "ProjectStore",
    "SessionStore",
    "TokenStore",
    "TryStore",
    "UserStore",
]
