"""What a simulator is told from outside. Every value has a default, so `SimulatorConfig()` starts a generous one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from pressrun.errors import Invalid
from simulator.world.records import Login

READINGS: Mapping[str, tuple[str, ...]] = {
    "republish": ("same_id", "error", "second_reel"),
    "igl_code_exchange": ("data", "flat"),
    "comment_webhook_id": ("id", "comment_id"),
    "audience_timeframe": ("optional", "required"),
    "pages": ("full", "short"),
    "expired_story": ("empty", "error"),
    "ig_audio": ("empty", "audio", "data"),
    "captions": ("as_sent", "without_at", "trimmed", "folded", "changed"),
    "caption_unit": ("code_points", "utf16"),
    "creator_stories": ("taken", "refused"),
    "carousel_video": ("free", "limited"),
    "edit_lists": ("taken", "refused"),
    "open_groups": ("taken", "refused"),
    "insight_day": ("pacific", "account"),
    "poll_attachment": ("object", "data"),
    "robots": ("ignored", "obeyed"),
    "lapsed_data_access": ("permission", "token", "served"),
    "collaborators": ("status", "accepted"),
    "subscribe": ("replaces", "adds"),
    "account_subscribes": ("itself", "by_page"),
    "told_fields": ("subscribed", "all"),
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
    instagram_app_id: str | None = None
    """The app of Instagram Login, which has an id and a secret of its own; None: those of the other."""
    instagram_app_secret: str | None = None
    redirect_uris: tuple[str, ...] = ()
    """Where consent may lead back to, byte for byte; empty: anywhere."""
    verify_token: str = "SIM-VERIFY-TOKEN"  # noqa: S105 - a made-up app
    quota_total: int = 50
    quota_duration_s: int = 86_400
    container_quota: int = 400
    trial_quota: int = 20
    """Trial reels in a rolling 24 h."""
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

    def app(self, login: Login) -> tuple[str, str]:
        """Id and secret of the app behind a login."""
        if login is Login.FACEBOOK:
            return self.app_id, self.app_secret
        return self.instagram_app_id or self.app_id, self.instagram_app_secret or self.app_secret

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise Invalid(f"port {self.port} is not between 0 and 65535", field="port")
        if not 1 <= self.accounts <= 100_000:
            raise Invalid(f"accounts must be between 1 and 100000, not {self.accounts}", field="accounts")
        if not 0 <= self.media_each <= 10_000:
            raise Invalid(f"media_each must be between 0 and 10000, not {self.media_each}", field="media_each")
        if self.speed <= 0:
            raise Invalid(f"speed must be above 0, not {self.speed}", field="speed")
        for name in ("quota_duration_s", "container_quota", "trial_quota", "account_calls", "app_calls", "user_calls"):
            if getattr(self, name) < 1:
                raise Invalid(f"{name} must be 1 or more, not {getattr(self, name)}", field=name)
        check_readings(self.readings)


def check_readings(readings: Mapping[str, str]) -> None:
    """Raises Invalid for a reading that is not on offer."""
    for name, value in readings.items():
        if name not in READINGS:
            raise Invalid(f"no reading is called {name!r}; there are {', '.join(READINGS)}", field="readings")
        if value not in READINGS[name]:
            raise Invalid(f"the reading {name} is one of {', '.join(READINGS[name])}, not {value!r}", field=name)
