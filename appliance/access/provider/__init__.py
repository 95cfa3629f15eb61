"""Logins by an identity provider (OpenID Connect).

`terms` reads the settings, `metadata` asks the provider what it is, `words` checks what it
says of somebody, `Provider` is the way there and back.  The only door to authlib and joserfc.
"""

from appliance.access.provider.provider import Errand, Provider
from appliance.access.provider.terms import Terms, terms_of

__all__ = ["Errand", "Provider", "Terms", "terms_of"]
