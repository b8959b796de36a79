"""Every setting, typed, read once at the process entry and passed down.

Settings come from the environment (prefix `PRESSRUN_`). Durations are written `90s`, `15m`, `2h30m`. An unknown or bad
setting stops start-up with one line that names it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import platformdirs
from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from pressrun.clock import parse_duration
from pressrun.errors import UsageError
from pressrun.failpoints import arm

PREFIX = "PRESSRUN_"


def _duration(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else value


def _comma_list(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _http_url(value: str | None) -> str | None:
    if value is None:
        return None
    if not value.startswith(("http://", "https://")) or " " in value:
        raise ValueError("must be an http:// or https:// URL")
    return value.rstrip("/")


def default_home() -> Path:
    """The platform's user data folder; root gets a system folder, because a server may not run as root."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/pressrun")
    return Path(platformdirs.user_data_dir("pressrun", appauthor=False))


Duration = Annotated[timedelta, BeforeValidator(_duration)]
HttpUrl = Annotated[str | None, AfterValidator(_http_url)]


class Settings(BaseSettings):
    """What a Pressrun process is told from outside."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, env_ignore_empty=True)

    database_url: str | None = None
    """Postgres 14 to 18, as `postgresql://user:password@host/name`. Missing: an embedded server in HOME."""
    redis_url: str | None = None
    """Redis-compatible broker with `maxmemory-policy noeviction`. Missing: an embedded server in HOME."""
    graph_url: HttpUrl = None
    """Overrides both hosts of Instagram's API, for a simulator or proxy."""
    graph_version: Annotated[str, Field(pattern=r"^v\d+\.\d+$")] = "v25.0"
    """Graph API version of every call."""
    app_id: str | None = None
    """Id of the Meta app; names the throttle gate that all its accounts share."""
    app_secret: SecretStr | None = None
    """Secret of the Meta app: signs calls (appsecret_proof) and verifies webhooks."""
    secret_keys: Annotated[list[SecretStr], NoDecode, BeforeValidator(_comma_list)] = []
    """Keys that seal tokens at rest, newest first, 32 bytes of base64 each."""
    webhook_verify_token: SecretStr | None = None
    """What Meta must repeat when it verifies the webhook address."""
    public_url: HttpUrl = None
    """Where Instagram reaches this console from outside: local media are offered below it."""
    home: Path = Field(default_factory=default_home)
    """Data of the embedded mode: servers, generated key, kept media, logs."""
    allow_private_urls: bool = False
    """Let media URLs point to private addresses."""
    stage_ahead: Duration = timedelta(minutes=30)
    """How long before its time a post's containers are created; containers live 24 h, so 23 h at most."""
    max_lateness: Duration = timedelta(minutes=15)
    """How late a post may go out when neither it nor its account says so."""
    call_deadline: Duration = timedelta(seconds=60)
    """Total time that one call to Instagram may take."""
    lease: Duration = timedelta(seconds=90)
    """How long a worker owns a row before others may take it over; longer than the call deadline."""
    hint_lease: Duration = timedelta(seconds=10)
    """How long a sent hint may wait in the broker before its row falls due again."""
    settle: Duration = timedelta(seconds=160)
    """Least age of an unresolved publish before 'not published' may be concluded; longer than lease + deadline."""
    settle_gap: Duration = timedelta(seconds=60)
    """Least time between the two reads that conclude 'not published'."""
    in_flight: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Most hints per queue that may be under way at once."""
    console_host: str = "127.0.0.1"
    """Address the console listens on."""
    console_port: Annotated[int, Field(ge=0, le=65535)] = 8321
    """Port of the console; 0 takes a free one."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least severity that is logged."""
    log_format: Literal["console", "json"] = "console"
    """How log lines look."""
    failpoints: str = ""
    """For tests only: points at which a process kills itself, raises or stalls (`pressrun/failpoints.py`)."""
    failpoints_once_dir: Path | None = None
    """For tests only: a folder in which a failpoint leaves its mark, so that it fires once over all processes."""

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if not timedelta(0) <= self.stage_ahead <= timedelta(hours=23):
            raise ValueError("STAGE_AHEAD must be between 0s and 23h: a container lives 24 h")
        if self.lease <= self.call_deadline:
            raise ValueError("LEASE must be longer than CALL_DEADLINE, or a slow call outlives its lease")
        if self.settle <= self.lease + self.call_deadline:
            raise ValueError("SETTLE must be longer than LEASE + CALL_DEADLINE, or a slow send could be sent again")
        return self

    def keys(self) -> list[str]:
        return [key.get_secret_value() for key in self.secret_keys]


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Settings of the environment. Raises UsageError: one line that names the setting."""
    environ = os.environ if environ is None else environ
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for name in environ:
        if name.startswith(PREFIX) and name not in known:
            raise UsageError(f"unknown setting {name}{_nearest(name, known)}")
    try:
        settings = Settings(**overrides)
    except ValidationError as problem:
        raise UsageError(_one_line(problem)) from None
    arm(settings.failpoints, once_dir=settings.failpoints_once_dir)
    return settings


def _nearest(name: str, known: set[str]) -> str:
    import difflib

    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {near[0]}?" if near else "; the settings are listed in docs/settings.md"


def _one_line(problem: ValidationError) -> str:
    first = problem.errors(include_input=False, include_url=False)[0]
    where = PREFIX + str(first["loc"][0]).upper() if first["loc"] else "settings"
    return f"bad setting {where}: {first['msg'].removeprefix('Value error, ')}"
