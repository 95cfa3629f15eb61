"""Sources by what was asked for."""

from __future__ import annotations

from pathlib import Path

from appliance.core.ids import new_id
from appliance.core.settings import Settings
from appliance.intake.sources.folder import FolderSource
from appliance.intake.sources.live import Live
from appliance.schemas.source import Feed, Folder, Mqtt, Origin, Sql


def opened(origin: Origin, settings: Settings, folder: Path, client: str = "") -> Live:
    """Open a source.

    Parameters
    ----------
    origin
        What was asked for, with its secrets.
    folder
        Of its own, where what comes is kept on its way.
    client
        What a broker knows the site's listener by; none where the source is only looked at.

    Raises
    ------
    SourceError
        It cannot be opened.
    """
    if isinstance(origin, Folder):
        return FolderSource(origin, settings)
    if isinstance(origin, Sql):
        from appliance.intake.sources.sql import SqlSource

        return SqlSource(origin, folder, keeps=bool(client))
    if isinstance(origin, Feed):
        from appliance.intake.sources.feed import FeedSource

        return FeedSource(origin, folder)
    return _listening(origin, folder, client)


def _listening(origin: Mqtt, folder: Path, client: str) -> Live:
    from appliance.intake.sources.mqtt import MqttSource

    return MqttSource(origin, folder, client or new_id("look"), keeps=bool(client))
