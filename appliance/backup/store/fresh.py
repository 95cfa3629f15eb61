"""A new database beside one that is in use, on the same PostgreSQL."""

from __future__ import annotations

import re

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from appliance.core.errors import InvalidRequest, StorageError

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def beside(url: str, name: str) -> str:
    """Make an empty database; return its address.

    Parameters
    ----------
    url
        Of a database on the same server, whose user may make others.
    name
        Of the new one.

    Raises
    ------
    InvalidRequest
        The name is none, or the address is no PostgreSQL's.
    StorageError
        It cannot be made, or is there.
    """
    place = make_url(url) if url else None
    if place is None or place.get_backend_name() != "postgresql":
        raise InvalidRequest(
            "a database can be made on a PostgreSQL only.",
            remedy="Set KIZASHI_DATABASE_URL, or leave --database out.",
        )
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"--database {name}: it is no name of a database.",
            remedy="Use small letters, digits and underscores, a letter first.",
        )
    engine = create_engine(place, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
    except SQLAlchemyError as error:
        reason = str(getattr(error, "orig", error)).partition("\n")[0]
        raise StorageError(
            f"the database {name} cannot be made: {reason}.",
            remedy="Give the user the right CREATEDB, or make an empty one and name it by "
            "KIZASHI_DATABASE_URL.",
        ) from error
    finally:
        engine.dispose()
    return place.set(database=name).render_as_string(hide_password=False)
