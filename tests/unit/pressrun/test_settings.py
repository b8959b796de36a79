"""Settings: every bad one stops start-up with one line that names it and shows no secret."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from pressrun import failpoints
from pressrun.errors import Invalid
from pressrun.settings import Settings, is_loopback, load


@pytest.fixture(autouse=True)
def _disarmed() -> Iterator[None]:
    yield
    failpoints.arm("")


def test_an_empty_environment_gives_the_defaults() -> None:
    settings = load({})

    assert settings.graph_version == "v25.0"
    assert settings.stage_ahead == timedelta(minutes=30)
    assert settings.keys() == []


def test_settings_are_read_from_the_given_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_APP_ID", "from the process")

    assert load({}).app_id is None
    assert load({"PRESSRUN_APP_ID": "given"}).app_id == "given"
    assert load().app_id == "from the process"
    assert load({"PRESSRUN_APP_ID": "given"}, app_id="override").app_id == "override"


def test_every_form_of_value_is_read() -> None:
    settings = load(
        {
            "PRESSRUN_STAGE_AHEAD": "2h30m",
            "PRESSRUN_SECRET_KEYS": "new , old,",
            "PRESSRUN_ALLOW_PRIVATE_URLS": "true",
            "PRESSRUN_CONSOLE_PORT": "0",
            "PRESSRUN_HOME": "/srv/pressrun",
            "PRESSRUN_PUBLIC_URL": "https://social.example.com/base/",
            "PRESSRUN_DATABASE_URL": "postgresql://app:pw@db/pressrun",
            "PRESSRUN_REDIS_URL": "redis://cache:6379/0",
        }
    )

    assert settings.stage_ahead == timedelta(hours=2.5)
    assert settings.keys() == ["new", "old"]
    assert settings.allow_private_urls
    assert settings.console_port == 0
    assert settings.home == Path("/srv/pressrun")
    assert settings.public_url == "https://social.example.com/base"


@pytest.mark.parametrize(
    ("told", "months"),
    [("24months", 24), ("1 month", 1), ("2years", 24), ("1 Year", 12), ("forever", None), ("", None)],
)
def test_a_time_to_keep_the_history_is_whole_months(told: str, months: int | None) -> None:
    assert load({"PRESSRUN_KEEP_HISTORY": told}).keep_history == months


@pytest.mark.parametrize(
    ("told", "listed"),
    [
        ("", ["127.0.0.1", "::1"]),
        ("none", []),
        ("172.18.0.1", ["172.18.0.1"]),
        ("10.0.0.0/8, fd00::/64,", ["10.0.0.0/8", "fd00::/64"]),
    ],
)
def test_the_proxies_that_are_believed_are_addresses_and_networks(told: str, listed: list[str]) -> None:
    assert load({"PRESSRUN_TRUSTED_PROXIES": told}).trusted_proxies == listed


@pytest.mark.parametrize(
    ("told", "bad"),
    [
        ("127.0.0.1, proxy.example.com", "'proxy.example.com' is no address or network: write"),
        ("10.0.0.5/8", r"'10.0.0.5/8' is no address or network \(its last bits are of a machine\): write"),
        ("10.0.0.0/33", "'10.0.0.0/33' is no"),
        ("[::1]", "is no address"),
        ("10.0.0.5:8080", "is no address"),
        ("*", r"'\*' is no address"),
        ("::1, 0.0.0.0/0", "'0.0.0.0/0' is everybody"),
    ],
)
def test_a_proxy_that_is_no_address_is_named(told: str, bad: str) -> None:
    with pytest.raises(Invalid, match=f"^bad setting PRESSRUN_TRUSTED_PROXIES: .*{bad}") as refused:
        load({"PRESSRUN_TRUSTED_PROXIES": told})

    assert refused.value.field == "PRESSRUN_TRUSTED_PROXIES"


@pytest.mark.parametrize("told", ["0months", "90d", "two years", "12", "-1months", "1.5years", "24month1"])
def test_no_other_time_to_keep_the_history_is_read(told: str) -> None:
    with pytest.raises(Invalid, match=r"PRESSRUN_KEEP_HISTORY: .+ write it as 24months"):
        load({"PRESSRUN_KEEP_HISTORY": told})


def test_an_empty_value_counts_as_missing() -> None:
    assert load({"PRESSRUN_DATABASE_URL": "", "PRESSRUN_LEASE": ""}).database_url is None


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("PRESSRUN_DATABSE_URL", "did you mean PRESSRUN_DATABASE_URL?"),
        ("pressrun_database_url", "did you mean PRESSRUN_DATABASE_URL?"),
        ("PRESSRUN_XYZZY", "docs/settings.md"),
    ],
)
def test_an_unknown_setting_is_named(name: str, advice: str) -> None:
    with pytest.raises(Invalid) as refused:
        load({name: "secret-value"})

    assert (refused.value.type, refused.value.field) == ("setting.unknown", name)
    assert f"unknown setting {name}" in str(refused.value)
    assert advice in str(refused.value)
    assert "secret-value" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRESSRUN_LEASE", "soon"),
        ("PRESSRUN_CONSOLE_PORT", "http"),
        ("PRESSRUN_CONSOLE_PORT", "70000"),
        ("PRESSRUN_GRAPH_VERSION", "25"),
        ("PRESSRUN_GRAPH_URL", "graph.example.com"),
        ("PRESSRUN_PUBLIC_URL", "https://"),
        ("PRESSRUN_PUBLIC_URL", "https://bäckerei.example"),
        ("PRESSRUN_PUBLIC_URL", "http://[::1"),
        ("PRESSRUN_PUBLIC_URL", "https://social.example/?from=mail"),
        ("PRESSRUN_PUBLIC_URL", "https://social.example#top"),
        ("PRESSRUN_PUBLIC_URL", "https://app:hunter2@social.example"),
        ("PRESSRUN_GRAPH_URL", "http://127.0.0.1:99999"),
        ("PRESSRUN_GRAPH_URL", "http://127.0.0.1:8900\n"),
        ("PRESSRUN_REDIRECT_URL", "https://app:hunter2@social.example/connect/callback"),
        ("PRESSRUN_CORS_ORIGINS", "https://desk.example, https://desk.example/"),
        ("PRESSRUN_CORS_ORIGINS", "null"),
        ("PRESSRUN_CORS_ORIGINS", "https://Desk.example"),
        ("PRESSRUN_DATABASE_URL", "mysql://app:hunter2@db/x"),
        ("PRESSRUN_REDIS_URL", "cache:6379"),
        ("PRESSRUN_LOG_LEVEL", "LOUD"),
        ("PRESSRUN_ALLOW_PRIVATE_URLS", "perhaps"),
        ("PRESSRUN_IN_FLIGHT", "0"),
    ],
)
def test_a_bad_value_is_one_line_with_the_name(name: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        load({name: value})

    text = str(refused.value)
    assert (refused.value.type, refused.value.field) == ("setting.invalid", name)
    assert text.startswith(f"bad setting {name}: ")
    assert "\n" not in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("environ", "text"),
    [
        ({"PRESSRUN_STAGE_AHEAD": "24h"}, "PRESSRUN_STAGE_AHEAD must be between 0s and 23h"),
        ({"PRESSRUN_MAX_LATENESS": "0s"}, "PRESSRUN_MAX_LATENESS must be 1s or more"),
        ({"PRESSRUN_MAX_LATENESS": "0.5"}, "PRESSRUN_MAX_LATENESS must be 1s or more"),
        ({"PRESSRUN_LEASE": "60s"}, "bad settings: PRESSRUN_LEASE must be longer than PRESSRUN_CALL_DEADLINE"),
        ({"PRESSRUN_SETTLE": "150s"}, "PRESSRUN_SETTLE must be longer than PRESSRUN_LEASE"),
        ({"PRESSRUN_CALL_DEADLINE": "0s"}, "must be longer than 0s"),
        ({"PRESSRUN_FAILPOINTS": "publish.nowhere=exit"}, "no failpoint is called"),
    ],
)
def test_settings_that_do_not_fit_together_are_refused(environ: dict[str, str], text: str) -> None:
    with pytest.raises(Invalid, match=text) as refused:
        load(environ)

    assert (refused.value.type, refused.value.field) == ("setting.invalid", next(iter(environ)))


def test_a_sockets_address_takes_the_form_that_every_client_knows() -> None:
    assert load({"PRESSRUN_REDIS_URL": "unix:///run/redis.sock"}).redis_url == "redis+socket:///run/redis.sock"


def test_secrets_do_not_show_in_the_printed_form() -> None:
    settings = load({"PRESSRUN_SECRET_KEYS": "hunter2", "PRESSRUN_APP_SECRET": "hunter2"})

    assert "hunter2" not in repr(settings)


def test_every_setting_is_explained() -> None:
    source = Path(Settings.__module__.replace(".", "/")).with_suffix(".py")
    text = (Path(__file__).parents[3] / source).read_text()

    for name in Settings.model_fields:
        line = text.index(f"\n    {name}: ")
        assert text[line + 1 :].splitlines()[1].strip().startswith('"""'), f"{name} has no docstring"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8900", "http://localhost", "http://[::1]:8900"])
def test_loopback_is_recognised(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize("url", [None, "https://graph.facebook.com", "http://simulator:8900", "http://10.0.0.1"])
def test_anything_else_is_not_loopback(url: str | None) -> None:
    assert not is_loopback(url)
