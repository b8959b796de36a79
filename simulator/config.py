"""What a simulator is told from outside. Every value has a default, so `SimulatorConfig()` starts a generous one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pressrun.errors import UsageError

READINGS: Mapping[str, tuple[str, ...]] = {
    "republish": ("same_id", "error"),
    "igl_code_exchange": ("data", "flat"),
    "comment_webhook_id": ("id", "comment_id"),
    "audience_timeframe": ("optional", "required"),
    "pages": ("full", "short"),
    "expired_story": ("empty", "error"),
    "ig_audio": ("empty", "audio", "data"),
}
"""Where the contract says CONFLICT or UNCONFIRMED: the readings on offer, the first is the default."""


@dataclass(frozen=True)
class SimulatorConfig:
    """Settings of one simulator process."""

    port: int = 0
    host: str = "127.0.0.1"
    accounts: int = 2
    seed: int = 1
    media_each: int = 12
    """How many media each account has from before, a week apart, and closer when two years are too short for that."""
    speed: float = 1.0
    """Seconds of simulator time in one real second."""
    state_dir: Path | None = None
    """Where the world is kept; without it, it is gone with the process."""
    webhook_url: str | None = None
    webhook_drop: float = 0.0
    """Share of notifications that are lost on the way."""
    webhook_duplicate: float = 0.0
    """Share of notifications that arrive twice."""
    webhook_retry_s: float = 1.0
    """First pause after an answer other than 200; it doubles each time."""
    app_id: str = "SIM-APP"
    app_secret: str = "SIM-APP-SECRET"  # noqa: S105 - a made-up app
    verify_token: str = "SIM-VERIFY-TOKEN"  # noqa: S105 - a made-up app
    quota_total: int = 50
    quota_duration_s: int = 86_400
    container_quota: int = 400
    image_processing_s: float = 0.5
    video_processing_s: float = 4.0
    latency_ms: float = 0.0
    fetch_media: bool = True
    fetch_timeout_s: float = 20.0
    account_calls: int = 1_000_000
    """Calls per app and account within the usage window (business use case limit, code 80002)."""
    app_calls: int = 10_000_000
    """Platform calls of the whole app within the usage window (code 4)."""
    user_calls: int = 1_000_000
    """Platform calls per user within the usage window (code 17)."""
    usage_window_s: int = 3600
    faults: tuple[str, ...] = ()
    """Fault rules, as `endpoint:mode[:key=value,…]`."""
    readings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise UsageError(f"port {self.port} is not between 0 and 65535")
        if not 1 <= self.accounts <= 100_000:
            raise UsageError(f"accounts must be between 1 and 100000, not {self.accounts}")
        if not 0 <= self.media_each <= 10_000:
            raise UsageError(f"media_each must be between 0 and 10000, not {self.media_each}")
        if self.speed <= 0:
            raise UsageError(f"speed must be above 0, not {self.speed}")
        for name in ("quota_duration_s", "container_quota", "account_calls", "app_calls", "user_calls"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} must be 1 or more, not {getattr(self, name)}")
        check_readings(self.readings)


def check_readings(readings: Mapping[str, str]) -> None:
    """Raises UsageError for a reading that is not on offer."""
    for name, value in readings.items():
        if name not in READINGS:
            raise UsageError(f"no reading is called {name!r}; there are {', '.join(READINGS)}")
        if value not in READINGS[name]:
            raise UsageError(f"the reading {name} is one of {', '.join(READINGS[name])}, not {value!r}")
