"""One installation: its settings and the stores of its rooms, opened when first used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property

from appliance.access import Access
from appliance.alerts import ChannelStore, DeliveryStore
from appliance.backtests import ApprovalStore, BacktestStore
from appliance.calendar.store import MarkStore, WindowStore
from appliance.core.db import Database, open_database
from appliance.core.errors import NotFound, StorageError, TryAgain
from appliance.core.locks import take
from appliance.core.restoring import refuse_half
from appliance.core.secrets import site_key
from appliance.core.settings import Settings
from appliance.engine import make
from appliance.engine.base import Engine
from appliance.events.store import EventStore
from appliance.heat import HeatStore
from appliance.intake import Intake, SourceStore
from appliance.jobs import Jobs, Schedules
from appliance.lake import Lake
from appliance.objects import cache_in
from appliance.registry import Registry
from appliance.steps.rights import RightsToRun
from appliance.steps.store import CodeStore, PipelineStore
from appliance.telemetry.gate import Gate
from appliance.telemetry.store.budgets import BudgetStore
from appliance.telemetry.store.costs import CostStore
from appliance.telemetry.store.troubles import TroubleStore
from detectors import persistence

_TASKS_A_WORKER = 4


class Site:
    """Everything the pipelines work on.

    Parameters
    ----------
    settings
        Of the home to open.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        refuse_half(settings.home)
        try:
            settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"the home {settings.home} cannot be made: {error.strerror}.",
                remedy="Choose another with --home.",
            ) from error
        cache_in(settings.home)
        persistence.set_signing_key(site_key(settings.home))

    @cached_property
    def database(self) -> Database:
        """The metadata."""
        return open_database(self.settings.database)

    @cached_property
    def lake(self) -> Lake:
        """Readings, scores and quarantine."""
        return Lake(self.settings.lake_root)

    @cached_property
    def intake(self) -> Intake:
        """Ingestion, and what it knows of batches, sensors and quality."""
        return Intake(self.lake, self.database, self.settings)

    @cached_property
    def sources(self) -> SourceStore:
        """Where readings come from by themselves."""
        return SourceStore(self.database, site_key(self.settings.home))

    @cached_property
    def registry(self) -> Registry:
        """Versions of fleet models."""
        made = Registry(self.settings, self.database)
        made.repair()
        return made

    @cached_property
    def events(self) -> EventStore:
        """Events and their life."""
        return EventStore(self.database)

    @cached_property
    def heat(self) -> HeatStore:
        """What scores say by machine and day."""
        return HeatStore(self.database)

    @cached_property
    def access(self) -> Access:
        """Who may what, and who did what."""
        return Access(self.database, site_key(self.settings.home))

    @cached_property
    def calendar(self) -> WindowStore:
        """Windows in which machines do not run as usual."""
        return WindowStore(self.database)

    @cached_property
    def calendar_marks(self) -> MarkStore:
        """What scores have been told of the calendar."""
        return MarkStore(self.database)

    @cached_property
    def jobs(self) -> Jobs:
        """Pipelines asked for, and what became of them."""
        beyond = RightsToRun(self.own_pipelines)
        return Jobs(self.database, self.access, budgets=Gate(self.budgets), beyond=beyond)

    @cached_property
    def code(self) -> CodeStore:
        """Code of the site's own people."""
        return CodeStore(self.database, self.settings.place("code"))

    @cached_property
    def own_pipelines(self) -> PipelineStore:
        """Pipelines that they join of it."""
        return PipelineStore(self.database)

    @cached_property
    def costs(self) -> CostStore:
        """What runs and machines cost."""
        return CostStore(self.database)

    @cached_property
    def budgets(self) -> BudgetStore:
        """What may be paid in a month."""
        return BudgetStore(self.database, self.settings.zone)

    @cached_property
    def schedules(self) -> Schedules:
        """Jobs asked for by the clock."""
        return Schedules(self.database, self.access, self.jobs, self.settings.timezone)

    @cached_property
    def backtests(self) -> BacktestStore:
        """What models would have told of times past."""
        return BacktestStore(self.database)

    @cached_property
    def approvals(self) -> ApprovalStore:
        """Challengers that wait for somebody's word."""
        return ApprovalStore(self.database)

    @cached_property
    def channels(self) -> ChannelStore:
        """Where word of events goes."""
        return ChannelStore(self.database, site_key(self.settings.home))

    @cached_property
    def deliveries(self) -> DeliveryStore:
        """What was told of events, and what could not be told."""
        return DeliveryStore(self.database)

    @cached_property
    def troubles(self) -> TroubleStore:
        """What needs care, from its beginning to its end."""
        return TroubleStore(self.database)

    def engine(self, name: str | None) -> Engine:
        """Return an engine by name, or the one of the settings."""
        return make(name or self.settings.engine, self.settings)

    def require_fleet(self, fleet: str) -> None:
        """Raise `NotFound` unless the fleet has readings."""
        if not self.lake.readings(fleet).exists():
            # Which there are is not said: whoever asks may not be allowed to see them.
            raise NotFound(
                f"there is no fleet {fleet} with readings.",
                remedy="`kizashi fleets` lists those there are; `kizashi ingest FILES… "
                f"--fleet {fleet}` brings readings in.",
            )

    def chunk_cells(
        self,
        fleet: str,
        workers: int,
        *,
        assets: Sequence[str] | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
    ) -> int:
        """Return how many cells a task is handed: a few tasks a worker, none too large.

        Parameters
        ----------
        assets, start, end
            What of the fleet is read: a month of years is shared out as a month alone is.
        """
        readings = self.lake.readings(fleet)
        cells = readings.row_count(assets, start, end) * max(len(readings.columns()), 1)
        return min(self.settings.chunk_cells, max(cells // (_TASKS_A_WORKER * workers), 1))

    @contextmanager
    def alone(self, work: str, fleet: str) -> Iterator[None]:
        """Hold a fleet's lock for one kind of work; the lock dies with its process.

        Raises
        ------
        TryAgain
            The same work on the same fleet is going on.
        """
        lock = take(self.database, self.settings.home, f"{work}-{fleet}")
        if lock is None:
            raise TryAgain(
                f"another process is at work: {work} {fleet}.",
                remedy="Let it finish, then repeat the command.",
            )
        try:
            yield
        finally:
            lock.release()

    def close(self) -> None:
        """Close what was opened."""
        if "database" in self.__dict__:
            self.database.close()
