"""Who may what, and who did what: users, roles, tokens, sessions and the audit log.

`roles`, `person`, `names`, `secrets`, `lockout` and `chain` are pure; `passwords` is the only
door to argon2, and only `store` knows the database.  `Access` is what others use: it says who
somebody is, and `require` refuses what they may not.
"""

from appliance.access.access import Access
from appliance.access.person import Person, shell
from appliance.access.roles import DEFAULT_PROJECT

__all__ = ["DEFAULT_PROJECT", "Access", "Person", "shell"]
