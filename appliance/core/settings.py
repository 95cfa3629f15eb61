"""All settings of an installation: ``kizashi.toml`` in the home, and ``KIZASHI_*``."""

from __future__ import annotations

import os
import tomllib
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from typing_extensions import override

from appliance.core.errors import InvalidRequest
from appliance.core.limits import cores

SETTINGS_FILE = "kizashi.toml"
_S3 = "s3://"


def default_home() -> Path:
    """Return the home that is used when none is named."""
    return Path(os.environ.get("KIZASHI_HOME", "~/.kizashi")).expanduser()


class Settings(BaseSettings):
    """One installation's settings; the environment wins over the file.

    Attributes
    ----------
    home
        Folder that holds everything the installation keeps.
    name
        What the site is called where it shows itself.
    timezone
        The site's zone: naive times in files are read in it, and times are shown in it.
    language
        Language of reports and texts.
    storage_url
        ``s3://BUCKET/PREFIX`` of the files that the site's processes share (the lake, models,
        uploads, reports, backups), where they run on more than one machine; the home if empty.
    lake_url, database_url, registry_url
        Where readings, metadata and model versions live; inside the home by default.
    host, port
        Where the appliance listens; anything but this machine itself goes over TLS.
    tls_certificate, tls_key
        PEM files of a certificate of one's own; without them the home makes its own.
    ray_address
        A Ray of others that jobs run on; without one the appliance has its own.
    ray_idle_minutes
        Minutes without work after which the appliance's own Ray leaves; it comes again with the
        next job that wants it. 0 keeps it always.
    workers
        Tasks that run at once; 0 means one per core.
    jobs_at_once
        Jobs that one worker process runs at once.
    import_folders
        Folders and ``s3://`` addresses whose files a job may bring in; ``import`` in the home
        and in `storage_url` if empty.
    chunk_cells
        Readings × sensors handed to one task, which bounds a task's memory.
    online
        Where readings are judged as they come: in the web processes, or by Ray Serve on the
        Ray that is named, whose end ends the web processes too.
    max_file_bytes, max_columns
        Limits on what one ingested file may hold.
    max_upload_bytes
        Largest body of readings that the API takes; unpacked it may be eight times as large.
    requests_per_second, requests_at_once
        What one caller may ask of the API for long, and at once.
    false_alarms_per_month
        The budget that recipes take unless they state their own.
    public_url
        Where browsers reach the site, if that is not where it listens.
    trusted_proxies
        Addresses or networks of proxies in front of the site: what they say of where a request
        comes from is believed, and nobody else's word for it.
    secrets_from
        Folder with the secrets that the containers of one site share; `kizashi run` places them
        in the home.
    oidc_issuer, oidc_client_id
        The identity provider that logins may come by, and what it calls this site.
    oidc_name
        What the provider is called where people choose how to log in.
    oidc_authority
        PEM file of the authority that the provider's certificate comes from.
    oidc_scopes, oidc_user_claim, oidc_groups_claim
        What the provider is asked for, and where it tells a user's name and groups.
    oidc_roles
        What its groups have here: by group, words such as ``engineer`` or ``viewer:line2``.
    oidc_make_users
        Whether whoever it vouches for becomes a user.
    retention_days
        Age at which readings and scores go; everything is kept if not given.
    machine
        What the machine is called whose hours are counted: of all processes of the site that
        name the same, one counts. Its own name if not given; a cluster gives its node's.
    prices
        TOML file of what power, machines and storage cost; ``prices.toml`` in the home if not
        given.
    backup_every_days
        Days within which a backup is to be made; 0 where something else makes them.
    log_format, log_level
        How the processes of the appliance write their log: lines for people, or JSON; and from
        which level on.
    otlp_endpoint, otlp_headers
        Collector of OpenTelemetry that is given spans of requests, jobs, steps and tasks over
        OTLP/HTTP, and what it asks for beside them; nothing is traced without one.
    notebooks_at_once
        JupyterLab servers that run at once, one for each person who opened it; 0 for none.
    notebooks_idle_minutes
        Minutes without use after which one ends, and a kernel that computes nothing.
    notebook_memory_bytes
        What each process of one may have for data; 0 for no bound.
    notebooks_pods
        Folder with templates of a pod and its volume: each server then runs in a pod of its
        own, made by this pod's service account; none where they run on this machine.
    notebooks_url
        Where such pods find the API; a certificate of the home's own is for that name too.
    gateway
        Whether this home is that of a gateway: it puts one API and one user interface before
        many sites, and has neither fleets nor workers of its own.
    prometheus_url, prometheus_token
        A Prometheus that scrapes the site: the history of figures is read from there, not from
        the site's own files; and the bearer token that it asks for, if any.
    """

    model_config = SettingsConfigDict(
        env_prefix="KIZASHI_", extra="ignore", frozen=True, validate_default=True
    )

    home: Path = Field(default_factory=default_home)
    name: str = Field("Kizashi", min_length=1, max_length=100)
    timezone: str = "UTC"
    language: Literal["en", "ja"] = "en"
    storage_url: str = Field("", pattern=r"^(s3://[^\s/]+(/[^\s/]+)*/?)?$", max_length=500)
    lake_url: str = ""
    database_url: str = ""
    registry_url: str = ""
    engine: Literal["auto", "ray", "local"] = "auto"
    ray_address: str = ""
    ray_idle_minutes: float = Field(5.0, ge=0)
    host: str = "127.0.0.1"
    port: int = Field(8443, ge=1, le=65535)
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    workers: int = Field(0, ge=0, le=4096)
    jobs_at_once: int = Field(2, ge=1, le=64)
    import_folders: tuple[str, ...] = ()
    chunk_cells: int = Field(12_000_000, ge=1_000)
    online: Literal["web", "ray"] = "web"
    max_file_bytes: int = Field(64 * 2**30, ge=1)
    max_columns: int = Field(5_000, ge=1)
    max_upload_bytes: int = Field(2**30, ge=1)
    requests_per_second: float = Field(100.0, gt=0)
    requests_at_once: float = Field(500.0, ge=1)
    false_alarms_per_month: float = Field(1.0, gt=0)
    public_url: str = ""
    trusted_proxies: tuple[str, ...] = ()
    secrets_from: Path | None = None
    oidc_issuer: str = Field("", max_length=300)
    oidc_client_id: str = ""
    oidc_name: str = Field("Single sign-on", max_length=100)
    oidc_authority: Path | None = None
    oidc_scopes: tuple[str, ...] = ("openid", "profile", "email")
    oidc_user_claim: str = "preferred_username"
    oidc_groups_claim: str = "groups"
    oidc_roles: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    oidc_make_users: bool = True
    retention_days: float | None = Field(None, gt=0)
    machine: str = Field("", pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,252})?$")
    prices: Path | None = None
    metrics_host: str = "127.0.0.1"
    web_metrics_port: int = Field(9461, ge=0, le=65535)
    worker_metrics_port: int = Field(9462, ge=0, le=65535)
    ray_metrics_port: int = Field(9463, ge=0, le=65535)
    backup_every_days: float = Field(8.0, ge=0)
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str = Field("", max_length=500)
    otlp_headers: dict[str, SecretStr] = Field(default_factory=dict)
    notebooks_at_once: int = Field(4, ge=0, le=1_000)
    notebooks_idle_minutes: float = Field(60.0, gt=0)
    notebook_memory_bytes: int = Field(4 * 2**30, ge=0)
    notebooks_pods: Path | None = None
    notebooks_url: str = Field("", pattern=r"^(https?://\S{1,500})?$")
    gateway: bool = False
    prometheus_url: str = Field("", pattern=r"^(https?://\S{1,500})?$")
    prometheus_token: SecretStr | None = None

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value!r} is not a time zone such as Asia/Tokyo") from error
        return value

    @field_validator("host", "metrics_host")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value == "localhost":
            return "127.0.0.1"
        try:
            return str(ip_address(value))
        except ValueError as error:
            raise ValueError(
                f"{value!r} is no address of this machine such as 127.0.0.1, or 0.0.0.0 for all"
            ) from error

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for one in value:
            try:
                ip_network(one)
            except ValueError as error:
                raise ValueError(
                    f"{one!r} is no address or network such as 10.0.0.0/8"
                ) from error
        return value

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        given = init_settings().get("home")
        home = Path(given) if given else default_home()
        toml = TomlConfigSettingsSource(settings_cls, toml_file=home / SETTINGS_FILE)
        return init_settings, env_settings, toml

    # ------------------------------------------------------------------ places
    @property
    def zone(self) -> ZoneInfo:
        """The site's time zone."""
        return ZoneInfo(self.timezone)

    @property
    def lake_root(self) -> str:
        """URL or folder of the Delta tables."""
        return self.lake_url or self.place("lake")

    def place(self, name: str) -> str:
        """Return the URL or folder of shared files: what every process of the site reaches.

        Parameters
        ----------
        name
            ``models``, ``uploads``, ``reports``, ``backups``, ``import`` …
        """
        if self.storage_url:
            return f"{self.storage_url.rstrip('/')}/{name}"
        return str(self.home / name)

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the metadata."""
        return self.database_url or f"sqlite:///{self.home / 'kizashi.db'}"

    @property
    def registry(self) -> str:
        """MLflow's backend URL."""
        return self.registry_url or f"sqlite:///{self.home / 'registry.db'}"

    @property
    def imports(self) -> tuple[Path, ...]:
        """Folders whose files a job may bring in."""
        own = tuple(Path(one) for one in self.import_folders if not one.startswith(_S3))
        return own if self.import_folders else (self.home / "import",)

    @property
    def import_places(self) -> tuple[str, ...]:
        """Addresses on S3 below which a job may bring files in."""
        own = tuple(one.rstrip("/") for one in self.import_folders if one.startswith(_S3))
        if self.import_folders or not self.storage_url:
            return own
        return (self.place("import"),)

    @property
    def uploads_folder(self) -> Path:
        """Folder of what is sent over REST until it is brought in."""
        return self.home / "uploads"

    @property
    def sources_folder(self) -> Path:
        """Folder of what sources bring until it is brought in."""
        return self.home / "sources"

    @property
    def jobs_database(self) -> str:
        """URL of the database that keeps what the steps of jobs gave."""
        if self.database.startswith("sqlite"):
            return f"sqlite:///{self.home / 'jobs.db'}"
        return self.database

    @property
    def worker_count(self) -> int:
        """Tasks that run at once, on one machine: as many as it has processors for us."""
        return self.workers or cores()


def load_settings(home: Path | None = None) -> Settings:
    """Read the settings of a home.

    Raises
    ------
    InvalidRequest
        The file or an environment variable holds a value that cannot be used.
    """
    try:
        if home is None:
            return Settings()
        return Settings(home=home.expanduser().resolve())
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise InvalidRequest(
            f"setting {name} cannot be used: {first['msg']}.",
            remedy=f"Correct it in {SETTINGS_FILE} or the environment.",
        ) from error
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"{SETTINGS_FILE} cannot be read: {error}.") from error
