"""What the services of `up` are told: everything by the environment, nothing secret by the command line."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from machine.runtime import Runtime, media_base_url
from machine.stack import environment, pick_port, service_specs, url_of, usual_workers, worker_names
from models.store.session import Database
from pressrun.network.listening import PortTaken
from pressrun.settings import Settings, load
from pressrun.vault import generate_key

KEYS = [generate_key(), generate_key()]
SETTINGS = load(
    {
        "PRESSRUN_DATABASE_URL": "postgresql://app:database-password@db.example/pressrun",
        "PRESSRUN_REDIS_URL": "rediss://:broker-password@redis.example/0",
        "PRESSRUN_GRAPH_URL": "http://127.0.0.1:9000",
        "PRESSRUN_APP_SECRET": "app-secret",
        "PRESSRUN_SECRET_KEYS": ",".join(KEYS),
        "PRESSRUN_WEBHOOK_VERIFY_TOKEN": "verify-token",
        "PRESSRUN_STAGE_AHEAD": "1h30m",
        "PRESSRUN_SETTLE": "160.5s",
        "PRESSRUN_ALLOW_PRIVATE_URLS": "yes",
        "PRESSRUN_HOME": "/somewhere/pressrun home",
    }
)


def told(settings: Settings) -> Settings:
    """The settings that a child started with that environment has."""
    return load(environment(settings))


def test_a_child_has_exactly_our_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_PUBLIC_URL", "https://left.over.example")  # not in SETTINGS, so not for the child
    monkeypatch.setenv("LANG", "sv_SE.UTF-8")

    assert told(SETTINGS) == SETTINGS
    assert environment(SETTINGS)["LANG"] == "sv_SE.UTF-8"


@given(seconds=st.integers(0, 23 * 3600), flag=st.booleans(), port=st.integers(0, 65535))
def test_every_value_survives_the_environment(seconds: int, flag: bool, port: int) -> None:
    settings = Settings(
        stage_ahead=timedelta(seconds=seconds),
        allow_private_urls=flag,
        console_port=port,
        secret_keys=[SecretStr(key) for key in KEYS],
    )

    assert told(settings) == settings


def test_what_is_set_to_nothing_is_nothing_to_a_child_too() -> None:
    said = {"PRESSRUN_API_RATE": "none", "PRESSRUN_KEEP_HISTORY": "forever", "PRESSRUN_TRUSTED_PROXIES": "none"}
    said |= {"PRESSRUN_S3_PREFIX": "/"}

    assert told(load(said)).api_rate is None
    assert told(load(said)).trusted_proxies == []
    assert told(load(said)).s3_prefix == ""
    assert told(load(said)) == load(said)


def test_no_secret_is_on_a_command_line(tmp_path: Path) -> None:
    database = Database("postgresql://app:database-password@db.example/pressrun")
    here = Runtime(SETTINGS, database, has_own_postgres=False, has_own_redis=False)

    specs = service_specs(here, console_port=8400)

    words = " ".join(word for spec in specs for word in spec.argv)
    for secret in ("database-password", "broker-password", "app-secret", "verify-token", *KEYS):
        assert secret not in words
    assert {spec.name for spec in specs} == {
        "scheduler",
        "worker-publish",
        "worker-prepare",
        "worker-harvest",
        "worker-media",
        "console",
    }
    orders = {spec.name: spec.stop_order for spec in specs}
    assert orders["scheduler"] < orders["worker-publish"] < orders["console"]


def test_the_services_share_one_address_for_media() -> None:
    database = Database("postgresql://app@db.example/pressrun")
    here = Runtime(SETTINGS, database, has_own_postgres=False, has_own_redis=False)

    addresses = {spec.env["PRESSRUN_PUBLIC_URL"] for spec in service_specs(here, console_port=8400)}

    assert addresses == {"http://127.0.0.1:8400"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (Settings(), None),
        (Settings(console_port=8400, graph_url="https://proxy.example"), None),
        (Settings(console_port=8400, graph_url="http://localhost:9000"), "http://127.0.0.1:8400"),
        (
            Settings(console_port=8400, graph_url="http://127.0.0.1:9000", console_host="0.0.0.0"),
            "http://127.0.0.1:8400",
        ),
        (Settings(console_port=8400, graph_url="http://[::1]:9000", console_host="10.0.0.7"), "http://10.0.0.7:8400"),
        (Settings(console_port=0, graph_url="http://localhost:9000"), None),
        (Settings(public_url="https://pressrun.example/", graph_url="http://localhost:1"), "https://pressrun.example"),
    ],
)
def test_media_are_offered_where_instagram_or_its_simulator_can_fetch_them(
    settings: Settings, expected: str | None
) -> None:
    assert media_base_url(settings) == expected


def test_a_port_is_picked_ahead_and_a_taken_one_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTaken, match=rf"127\.0\.0\.1 port {port}.*choose another"):
            pick_port("127.0.0.1", port)

    assert pick_port("127.0.0.1", port) == port
    assert pick_port("127.0.0.1", 0) > 0


def test_the_consoles_address_is_one_that_a_browser_takes() -> None:
    assert url_of("127.0.0.1", 8321) == "http://127.0.0.1:8321"
    assert url_of("0.0.0.0", 8321) == "http://127.0.0.1:8321"
    assert url_of("::1", 8321) == "http://[::1]:8321"


def test_queues_of_posts_get_as_many_processes_as_are_asked_for() -> None:
    assert list(worker_names(1)) == ["worker-publish", "worker-prepare", "worker-harvest", "worker-media"]
    assert list(worker_names(3)) == [
        "worker-publish",
        "worker-publish-2",
        "worker-publish-3",
        "worker-prepare",
        "worker-prepare-2",
        "worker-prepare-3",
        "worker-harvest",
        "worker-media",
    ]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="only Linux tells which cores a process may use")
@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 1), (4, 2), (8, 4), (128, 16)])
def test_half_of_the_cores_are_left_to_the_servers(monkeypatch: pytest.MonkeyPatch, cores: int, expected: int) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _pid: set(range(cores)))

    assert usual_workers() == expected
