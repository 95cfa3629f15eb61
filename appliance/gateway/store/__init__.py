"""What a gateway keeps, and what a site keeps of its gateway: the only files with SQL here."""

from appliance.gateway.store.joined import Bond, JoinStore
from appliance.gateway.store.kept import Kept, question_of
from appliance.gateway.store.outbox import Letter, Outbox
from appliance.gateway.store.sites import Sites

__all__ = ["Bond", "JoinStore", "Kept", "Letter", "Outbox", "Sites", "question_of"]
