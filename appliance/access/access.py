"""The door to all of access: who somebody is, and what they may."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from appliance.access import secrets
from appliance.access.groups import Given
from appliance.access.identity import Identity
from appliance.access.names import folded
from appliance.access.passwords import Passwords
from appliance.access.person import Person, Via, nobody
from appliance.access.seen import Seen
from appliance.access.store import (
    AuditLog,
    IdentityStore,
    ProjectStore,
    SessionStore,
    TokenStore,
    TryStore,
    UserStore,
)
from appliance.access.store.people import person_of
from appliance.access.store.seen import seen_by
from appliance.core.clock import now
from appliance.core.db import Database
from appliance.core.errors import Forbidden, Unauthenticated
from appliance.schemas.access import NewSession, Right

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
"""How long a session lasts: unused, and at most (one shift)."""


class Access:
    """Users, projects, tokens, sessions and the audit log of a site.

    Parameters
    ----------
    database
        Where they are kept.
    key
        The site's.
    passwords
        Makes and checks their hashes.
    clock
        What time it is.
    idle, longest
        How long a session lasts unused, and at most.
    """

    def __init__(
        self,
        database: Database,
        key: bytes,
        *,
        passwords: Passwords | None = None,
        clock: Callable[[], datetime] = now,
        idle: timedelta = IDLE,
        longest: timedelta = LONGEST,
    ) -> None:
        self._database = database
        self._key = key
        self._passwords = passwords or Passwords()
        self._clock = clock
        self._tries = TryStore(database)
        self.audit = AuditLog(database, clock)
        self.users = UserStore(database, self.audit, self._passwords, key)
        self.projects = ProjectStore(database, self.audit)
        self.tokens = TokenStore(database, self.audit)
        self.sessions = SessionStore(database, self.audit, idle, longest)
        self.identities = IdentityStore(self.audit, self.sessions)

    # ------------------------------------------------------------------ who
    def login(self, name: str, password: str, origin: str = "") -> NewSession:
        """Open a session for somebody who knows a user's password.

        Parameters
        ----------
        origin
            Where they come from, such as an address.

        Raises
        ------
        Unauthenticated
            The name or the password is wrong (it is not said which), or too many failed.
        """
        user = folded(name)
        kept = self._checked(user, password, nobody(origin))
        renewed = self._passwords.hash(password) if self._passwords.outdated(kept) else None
        opened = self.sessions.open(nobody(origin), user, self._counted(user), kept, renewed)
        if opened is None:
            raise _wrong()
        return opened

    def enter(
        self, identity: Identity, given: Given | None, *, make: bool, origin: str = ""
    ) -> NewSession:
        """Open a session for somebody that an identity provider vouches for.

        Parameters
        ----------
        given
            What their groups give them; None leaves what they have.
        make
            Whether they become a user if they are none yet.

        Raises
        ------
        Forbidden
            They have no place here, or not under this name.
        """
        by = nobody(origin)
        try:
            return self.identities.enter(by, identity, given, make=make)
        except Forbidden:
            self.sessions.refused(by, identity.name)
            raise

    def _checked(self, user: str, password: str, by: Person) -> str:
        """Return the hash that a password was found to fit; noted and raised if to none."""
        until = self._tries.begin(self._counted(user), self._clock())
        if until is not None:
            raise Unauthenticated(
                "too many logins under this name have failed: the next may be tried at "
                f"{until:%Y-%m-%d %H:%M:%S} UTC.",
                remedy="Wait, or have an admin unlock it: `kizashi user unlock NAME`.",
            )
        kept = self.sessions.password_of(user)
        # No way around it for a name that is not there: it must take as long.
        if not self._passwords.verify(kept, password) or kept is None:
            self.sessions.refused(by, user)
            raise _wrong()
        return kept

    def _counted(self, user: str) -> str:
        return secrets.name_digest(self._key, user)

    def authenticate(self, credential: str, origin: str = "") -> Person:
        """Return who shows a token, or the secret of a session.

        Raises
        ------
        Unauthenticated
            It is not good, or no longer.
        """
        at = self._clock()
        found = self.tokens.person(credential, origin, at)
        if found is None:
            found = self.sessions.person(credential, origin, at)
        if found is None:
            raise Unauthenticated(
                "the token or session is not good, or no longer.", remedy="Log in again."
            )
        return found

    def person(self, user: str) -> Person | None:
        """Return a user as they stand, for work that goes on while they are away.

        Returns
        -------
        Person or None
            None where there is no such user, or a disabled one.
        """
        with self._database.session() as session:
            return person_of(session, user, Via.NOTHING, "", "")

    def change_password(self, by: Person, old: str, new: str) -> None:
        """Change one's own password; one's other sessions end.

        Raises
        ------
        Unauthenticated
            The old one is wrong.
        Forbidden
            `by` is not logged in by password.
        InvalidRequest
            The new one is too easily guessed.
        """
        if by.via is not Via.SESSION:
            raise Forbidden(
                "only whoever is logged in can change their password.",
                remedy="Log in, or ask an admin.",
            )
        proven = self._checked(by.name, old, by)
        self.users.change_own_password(by, proven, new)

    # ------------------------------------------------------------------ what
    def require(
        self,
        person: Person,
        right: Right,
        *,
        project: str | None = None,
        fleet: str | None = None,
    ) -> None:
        """Refuse what somebody may not.

        Parameters
        ----------
        project, fleet
            Where: in a project, in the one that a fleet is in, or over the site.

        Raises
        ------
        Forbidden
            They do not have the right.
        """
        if fleet is not None:
            (project,) = self.projects.of([fleet]).values()
        person.require(right, project)

    def visible(self, person: Person, fleets: Iterable[str]) -> list[str]:
        """Return those of some fleets that somebody may see, in their order."""
        projects = self.projects.of(list(fleets))
        return [fleet for fleet, where in projects.items() if person.may(Right.READ, where)]

    def seen(self, person: Person) -> Seen:
        """Return all fleets that somebody may see, be they there yet or not."""
        return seen_by(self._database, person)

    # ------------------------------------------------------------------ forms
    def csrf_token(self, session: str) -> str:
        """Return what requests that change something must send beside a session's cookie."""
        return secrets.csrf_token(self._key, session)

    def require_csrf(self, session: str, sent: str) -> None:
        """Refuse a request that another site made the browser send.

        Raises
        ------
        Forbidden
            What was sent is not this session's token.
        """
        if not secrets.same(self.csrf_token(session), sent):
            raise Forbidden(
                "the request does not come from this site's own pages.",
                remedy="Load the page again and repeat.",
            )


def _wrong() -> Unauthenticated:
    return Unauthenticated("the name or the password is wrong.", remedy="Try again.")
