"""Every setting, typed, read once at the process entry and passed down.

Settings come from the environment (prefix `PRESSRUN_`). Durations are written `90s`, `15m`, `2h30m`. An unknown or bad
setting stops start-up with one line that names it.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from pressrun.errors import Invalid
from pressrun.failpoints import arm
from pressrun.instagram.consent import CALLBACK_PATH
from pressrun.log import conceal
from pressrun.network.addresses import secrets_of
from pressrun.setting_types import (
    Duration,
    HttpUrl,
    KeyPrefix,
    Networks,
    Origins,
    PostgresUrl,
    RedirectUrl,
    RedisUrl,
    comma_list,
    fixing,
    months,
    rate,
)

PREFIX = "PRESSRUN_"
LOOPBACK_URL = "http://localhost:8322"
"""Where consent leads back to on a machine that nobody reaches from outside: fixed, since dashboards list it."""
LEAST_LATENESS = timedelta(seconds=1)
NEVER_IN_TIME = "no post goes out in the very instant it is due"


class _Unfit(ValueError):
    """A setting that does not go with another one."""

    def __init__(self, name: str, why: str) -> None:
        self.name = name
        super().__init__(f"{name} {why}")


def default_home() -> Path:
    """The platform's user data folder; root gets a system folder, because a server may not run as root."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/pressrun")
    return Path(platformdirs.user_data_dir("pressrun", appauthor=False))


class Settings(BaseSettings):
    """What a Pressrun process is told from outside."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True)

    database_url: Annotated[PostgresUrl, Field(repr=False)] = None
    """Postgres 14 to 18, as `postgresql://user:password@host/name`. Missing: an embedded server in HOME."""
    redis_url: Annotated[RedisUrl, Field(repr=False)] = None
    """Redis-compatible broker with `maxmemory-policy noeviction`. Missing: an embedded server in HOME."""
    graph_url: HttpUrl = None
    """Overrides both hosts of Instagram's API, for a simulator or proxy."""
    graph_version: Annotated[str, Field(pattern=r"^v\d+\.\d+$")] = "v25.0"
    """Graph API version of every call."""
    app_id: str | None = None
    """Id of the Meta app; names the throttle gate that all its accounts share."""
    app_secret: SecretStr | None = None
    """Secret of the Meta app: signs calls (appsecret_proof) and verifies webhooks."""
    instagram_app_id: str | None = None
    """Id of the app behind Instagram Login, where it differs from APP_ID ("Instagram app ID" in Meta's dashboard)."""
    instagram_app_secret: SecretStr | None = None
    """Its secret, where it differs from APP_SECRET."""
    redirect_url: RedirectUrl = None
    """Where consent leads back to, as the app's dashboard lists it; none: below PUBLIC_URL, else a loopback port."""
    secret_keys: Annotated[list[SecretStr], BeforeValidator(comma_list)] = []
    """Keys that seal tokens at rest, newest first, 32 bytes of base64 each."""
    webhook_verify_token: SecretStr | None = None
    """What Meta must repeat when it verifies the webhook address."""
    public_url: HttpUrl = None
    """Where Instagram reaches this console from outside: local media are offered below it."""
    home: Path = Field(default_factory=default_home)
    """Data of the embedded mode: servers, generated key, kept media, logs."""
    allow_private_urls: bool = False
    """Let media URLs, and the endpoints of notices, point to private addresses."""
    keep_media: Literal["files", "all"] = "files"
    """What is kept when a post is queued: files only, or what is behind URLs too, so that what was checked goes out."""
    keep_files: Duration | None = None
    """How long kept media stay that no item of the library and no post that may go out needs. None: for ever."""
    media_route: Literal["auto", "host", "s3", "upload"] = "auto"
    """How kept media reach Instagram; auto takes the first that can work for a post and its account."""
    s3_bucket: Annotated[str | None, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$")] = None
    """A bucket from whose presigned addresses Instagram fetches kept media."""
    s3_endpoint: HttpUrl = None
    """Where the bucket is, if not at Amazon; Instagram has to reach it too."""
    s3_region: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")] = "us-east-1"
    """Region that requests to the bucket are signed for."""
    s3_prefix: KeyPrefix = "pressrun/"
    """What the names of all our objects in the bucket begin with."""
    s3_access_key: SecretStr | None = None
    """Id of the key that signs requests to the bucket; open or sealed (`media.bucket_keys`)."""
    s3_secret_key: SecretStr | None = None
    """The key itself, likewise."""
    fix: Annotated[str, AfterValidator(fixing)] = "no"
    """Whether and how files become what Instagram takes where a post does not say: `no`, `yes`, `pad:blur`, `crop`."""
    stage_ahead: Duration = timedelta(minutes=30)
    """How long before its time a post's containers are created; containers live 24 h, so 23 h at most."""
    max_lateness: Duration = timedelta(minutes=15)
    """How late a post may go out when neither it nor its account says so."""
    late_after: Duration = timedelta(minutes=5)
    """How late a post must be for people to be told of it."""
    backlog_spacing: Duration = timedelta(seconds=10)
    """Least distance between two posts of an account that both are more than a minute late."""
    call_deadline: Duration = timedelta(seconds=60)
    """Total time that one call to Instagram may take."""
    lease: Duration = timedelta(seconds=90)
    """How long a worker owns a row before others may take it over; longer than the call deadline."""
    hint_lease: Duration = timedelta(seconds=10)
    """How long a sent hint may wait in the broker before workers take up its row themselves."""
    settle: Duration = timedelta(seconds=160)
    """Least age of an unresolved publish before 'not published' may be concluded; longer than lease + deadline."""
    settle_gap: Duration = timedelta(seconds=60)
    """Least time between the two reads that conclude 'not published'."""
    raw_answers: Duration = timedelta(days=30)
    """How long Instagram's answers to harvests are kept as they came; 0s keeps none."""
    in_flight: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Most hints per queue that may be under way at once."""
    keep_history: Annotated[int | None, BeforeValidator(months)] = None
    """Whole months of history that are kept before the one that is running; older ones are dropped. None: for ever."""
    console_host: str = "127.0.0.1"
    """Address the console listens on."""
    console_port: Annotated[int, Field(ge=0, le=65535)] = 8321
    """Port of the console; 0 takes a free one."""
    trusted_proxies: Networks = ["127.0.0.1", "::1"]
    """Reverse proxies before the console: whose `X-Forwarded-For` and `-Proto` are believed, and nobody else's."""
    cors_origins: Origins = []
    """Origins of pages elsewhere whose scripts may call the API, as `https://host`, `*`: any; none by default."""
    api_rate: Annotated[str | None, BeforeValidator(rate)] = "6000/minute"
    """How often one asker may call the API, counted by each console; `none` for no limit."""
    mcp_key: SecretStr | None = None
    """Key with which `pressrun mcp` asks; without one it only reads."""
    oidc_issuer: HttpUrl = None
    """Provider of OpenID Connect by which users may sign in as well; it describes itself below this address."""
    oidc_client_id: str | None = None
    """What Pressrun is called there."""
    oidc_client_secret: SecretStr | None = None
    """With what Pressrun proves that."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severity that is logged."""
    log_format: Literal["console", "json"] = "console"
    """How log lines look."""
    failpoints: str = ""
    """For tests only: points at which a process kills itself, raises or stalls (`pressrun/failpoints.py`)."""
    failpoints_once_dir: Path | None = None
    """For tests only: a folder in which a failpoint leaves its mark, so that it fires once over all processes."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only `load` looks at the environment: it can name what is unknown, and tests may pass one of their own."""
        return (init_settings,)

    @model_validator(mode="after")
    def _conceal_secrets(self) -> Self:
        named = [self.app_secret, self.instagram_app_secret, self.webhook_verify_token, *self.secret_keys]
        named += [self.s3_access_key, self.s3_secret_key, self.oidc_client_secret, self.mcp_key]
        conceal(*(one.get_secret_value() for one in named if one is not None))
        conceal(*secrets_of(self.database_url), *secrets_of(self.redis_url))
        return self

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if not self.call_deadline or not self.hint_lease:
            raise _Unfit("PRESSRUN_CALL_DEADLINE", "and PRESSRUN_HINT_LEASE must be longer than 0s")
        if (self.oidc_issuer is None) != (self.oidc_client_id is None or self.oidc_client_secret is None):
            raise _Unfit("PRESSRUN_OIDC_ISSUER", "goes with PRESSRUN_OIDC_CLIENT_ID and PRESSRUN_OIDC_CLIENT_SECRET")
        if not timedelta(0) <= self.stage_ahead <= timedelta(hours=23):
            raise _Unfit("PRESSRUN_STAGE_AHEAD", "must be between 0s and 23h: a container lives 24 h")
        if (self.instagram_app_id is None) != (self.instagram_app_secret is None):
            raise _Unfit("PRESSRUN_INSTAGRAM_APP_ID", "and PRESSRUN_INSTAGRAM_APP_SECRET belong together: set both")
        if self.max_lateness < LEAST_LATENESS:
            raise _Unfit("PRESSRUN_MAX_LATENESS", f"must be 1s or more: {NEVER_IN_TIME}")
        if self.lease <= self.call_deadline:
            raise _Unfit(
                "PRESSRUN_LEASE", "must be longer than PRESSRUN_CALL_DEADLINE, or a slow call outlives its lease"
            )
        if self.settle <= self.lease + self.call_deadline:
            raise _Unfit(
                "PRESSRUN_SETTLE",
                "must be longer than PRESSRUN_LEASE + PRESSRUN_CALL_DEADLINE, or a slow send could be sent again",
            )
        if self.media_route == "s3" and self.s3_bucket is None:
            raise _Unfit("PRESSRUN_MEDIA_ROUTE", "is s3, which needs PRESSRUN_S3_BUCKET")
        if self.s3_bucket is not None and (self.s3_access_key is None or self.s3_secret_key is None):
            raise _Unfit("PRESSRUN_S3_BUCKET", "needs PRESSRUN_S3_ACCESS_KEY and PRESSRUN_S3_SECRET_KEY")
        return self

    @property
    def offers_local_media(self) -> bool:
        """Whether Instagram, or the simulator that stands for it, can fetch files that we keep from our own console."""
        return self.public_url is not None or is_loopback(self.graph_url)

    @property
    def callback_url(self) -> str:
        """Where a consent page is to lead back to, byte for byte the same whenever it is named."""
        return self.redirect_url or f"{self.public_url or LOOPBACK_URL}{CALLBACK_PATH}"

    def app_of(self, login: str) -> tuple[str | None, str | None]:
        """Id and secret of the app behind a login."""
        own = login == "instagram"
        secret = (self.instagram_app_secret if own else None) or self.app_secret
        return (self.instagram_app_id if own else None) or self.app_id, secret.get_secret_value() if secret else None

    def keys(self) -> list[str]:
        return [key.get_secret_value() for key in self.secret_keys]


def is_loopback(url: str | None) -> bool:
    """Whether the URL points to this machine: then a simulator stands for Instagram."""
    host = urlsplit(url).hostname if url else None
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def without_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without anything that is ours, secrets among it."""
    return {name: value for name, value in environ.items() if not name.upper().startswith(PREFIX)}


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings of the environment. Raises Invalid: one line, with the setting as its field."""
    environ = os.environ if environ is None else environ
    known = {PREFIX + name.upper(): name for name in Settings.model_fields}
    for name in environ:
        if name.upper().startswith(PREFIX) and name not in known:
            raise Invalid(f"unknown setting {name}{_nearest(name)}", type="setting.unknown", field=name)
    given = {known[name]: value for name, value in environ.items() if name in known and value}
    try:
        settings = Settings(**{**given, **overrides})
    except ValidationError as problem:
        raise _bad(problem) from None
    arm(settings.failpoints, once_dir=settings.failpoints_once_dir)
    return settings


def _nearest(name: str) -> str:
    import difflib

    near = difflib.get_close_matches(name[len(PREFIX) :].lower(), Settings.model_fields, n=1)
    return f"; did you mean {PREFIX}{near[0].upper()}?" if near else "; the settings are listed in docs/settings.md"


def _bad(problem: ValidationError) -> Invalid:
    first = problem.errors(include_input=False, include_url=False)[0]
    unfit = first.get("ctx", {}).get("error")
    if isinstance(unfit, _Unfit):
        return Invalid(f"bad settings: {unfit}", type="setting.invalid", field=unfit.name)
    name = f"{PREFIX}{str(first['loc'][0]).upper()}"
    said = first["msg"].removeprefix("Value error, ")
    return Invalid(f"bad setting {name}: {said}", type="setting.invalid", field=name)
