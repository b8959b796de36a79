"""The compose file, checked as far as it can be without a Docker daemon.

Against the specification's rules, our settings and our commands; where `docker compose` is installed it has the last
word.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from pressrun.clock import parse_duration
from pressrun.media.links import sign
from pressrun.network.broker import make_celery
from pressrun.network.hints import Queue
from pressrun.settings import PREFIX, Settings, load
from pressrun.vault import Vault, generate_key

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = [name for name, service in SERVICES.items() if service.get("build")]
WORKERS = [name for name in OURS if name.startswith("worker-")]
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
SERVICE_KEYS = {
    "build",
    "cap_drop",
    "command",
    "cpu_shares",
    "depends_on",
    "environment",
    "healthcheck",
    "image",
    "init",
    "networks",
    "ports",
    "profiles",
    "restart",
    "security_opt",
    "shm_size",
    "stop_grace_period",
    "volumes",
}
VARIABLE = re.compile(r"\$\{(\w+)(?:(:[?-])([^}]*))?\}")


class NotSet(Exception):
    """A required variable is missing or empty."""


def interpolate(text: str, values: dict[str, str]) -> str:
    """What Compose makes of `${NAME}`, `${NAME:-default}` and `${NAME:?message}`."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        if values.get(name):
            return values[name]
        if operator == ":?":
            raise NotSet(name)
        return rest or ""

    return VARIABLE.sub(value, text)


def example() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def filled() -> dict[str, str]:
    return {
        "POSTGRES_PASSWORD": "5f1d0c",
        "PRESSRUN_SECRET_KEYS": generate_key(),
        "PRESSRUN_PUBLIC_URL": "https://social.example.com",
        "PRESSRUN_APP_ID": "1234",
        "PRESSRUN_APP_SECRET": "5678",
        "PRESSRUN_WEBHOOK_VERIFY_TOKEN": "abcd",
    }


def environment(name: str, values: dict[str, str]) -> dict[str, str]:
    return {key: interpolate(str(value), values) for key, value in SERVICES[name].get("environment", {}).items()}


def after(command: list[str], flag: str) -> str:
    return command[command.index(flag) + 1]


@pytest.mark.parametrize("name", SERVICES)
class TestEveryService:
    def test_it_is_written_with_keys_of_the_specification(self, name: str) -> None:
        assert set(SERVICES[name]) <= SERVICE_KEYS
        assert re.fullmatch(r"[a-zA-Z0-9._-]+", name)

    def test_it_has_an_image_of_a_fixed_version(self, name: str) -> None:
        image = SERVICES[name]["image"]

        assert ":" in image
        assert not image.endswith(":latest")

    def test_it_waits_for_services_that_exist_in_a_way_they_can_answer(self, name: str) -> None:
        for other, how in SERVICES[name].get("depends_on", {}).items():
            assert set(how) == {"condition"}
            assert how["condition"] in CONDITIONS
            assert not SERVICES[other].get("profiles")
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
            if how["condition"] == "service_completed_successfully":
                assert SERVICES[other]["restart"].startswith("on-failure")

    def test_its_volumes_and_networks_are_declared(self, name: str) -> None:
        for volume in SERVICES[name].get("volumes", []):
            source, target = volume.split(":")
            assert source in COMPOSE["volumes"]
            assert target.startswith("/")
        assert set(SERVICES[name].get("networks", [])) <= {"default", *COMPOSE["networks"]}

    def test_its_ports_are_open_on_this_machine_only(self, name: str) -> None:
        for port in SERVICES[name].get("ports", []):
            assert re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port)

    def test_it_comes_back_after_a_crash(self, name: str) -> None:
        assert SERVICES[name]["restart"] == ("on-failure:3" if name == "migrate" else "unless-stopped")

    def test_its_health_is_asked_with_a_limit(self, name: str) -> None:
        check = SERVICES[name].get("healthcheck")
        if check is not None:
            assert check["test"][0] == "CMD"
            assert parse_duration(check["timeout"]) <= parse_duration(check["interval"])
            assert check["retries"] >= 3


def test_nothing_waits_in_a_circle() -> None:
    def before(name: str, seen: tuple[str, ...]) -> None:
        assert name not in seen, seen
        for other in SERVICES[name].get("depends_on", {}):
            before(other, (*seen, name))

    for name in SERVICES:
        before(name, ())


class TestOurProcesses:
    @pytest.mark.parametrize("name", [name for name in OURS if name not in WORKERS[1:]])
    def test_its_command_exists_with_its_options(self, name: str) -> None:
        program, *arguments = SERVICES[name]["command"]
        words = [argument for argument in arguments[:2] if re.fullmatch(r"[a-z]+", argument)]

        done = subprocess.run(
            [sys.executable, "-m", "cli", *words, "--help"], cwd=ROOT, capture_output=True, text=True, check=False
        )

        assert program == "pressrun"
        assert done.returncode == 0, done.stderr
        for argument in arguments[len(words) :]:
            if argument.startswith("--"):
                assert argument.partition("=")[0] in done.stdout

    def test_each_role_is_there(self) -> None:
        roles = [" ".join(SERVICES[name]["command"][1:3]) for name in OURS]

        for role in ("scheduler", "db upgrade", "console --host", "simulator --host=0.0.0.0", "worker --queue"):
            assert role in roles

    def test_each_queue_has_a_worker_of_its_own(self) -> None:
        assert [after(SERVICES[name]["command"], "--queue") for name in WORKERS] == list(Queue)

    def test_workers_get_the_time_to_finish_a_step(self) -> None:
        soft: Any = make_celery("memory://").conf.worker_soft_shutdown_timeout
        longest = max(timedelta(seconds=soft), load({}).call_deadline)

        for name in WORKERS:
            assert parse_duration(SERVICES[name]["stop_grace_period"]) >= longest + timedelta(seconds=15)

    @pytest.mark.parametrize("name", OURS)
    def test_its_environment_is_made_of_known_settings(self, name: str) -> None:
        known = {PREFIX + field.upper() for field in Settings.model_fields}

        assert set(SERVICES[name]["environment"]) <= known

    @pytest.mark.parametrize("name", [name for name in OURS if name != "simulator"])
    def test_its_environment_is_accepted(self, name: str) -> None:
        settings = load(environment(name, filled()))

        assert settings.database_url == "postgresql://pressrun:5f1d0c@postgres:5432/pressrun"
        assert settings.redis_url == "redis://redis:6379/0"
        assert settings.log_format == "json"
        assert settings.stage_ahead == load({}).stage_ahead
        Vault(settings.keys())
        assert settings.public_url
        expires_at = datetime(2027, 1, 1, tzinfo=UTC)
        assert sign(settings.public_url, "ab" * 32, "jpg", expires_at=expires_at, key=b"k").startswith(
            "https://social."
        )

    def test_every_setting_can_be_given(self) -> None:
        decided_here = {"home", "console_host", "console_port", "failpoints", "failpoints_once_dir"}
        wanted = {PREFIX + name.upper() for name in Settings.model_fields if name not in decided_here}

        assert set(SERVICES["scheduler"]["environment"]) == wanted

    def test_all_processes_see_the_same_kept_media(self) -> None:
        for name in OURS:
            if name != "simulator":
                assert SERVICES[name]["volumes"] == ["home:/var/lib/pressrun"]

    def test_nothing_but_the_migration_starts_on_an_old_schema(self) -> None:
        for name in OURS:
            if name not in {"migrate", "simulator"}:
                condition = SERVICES[name]["depends_on"]["migrate"]["condition"]
                assert condition == "service_completed_successfully"

    def test_the_console_is_asked_for_its_health_where_it_listens(self) -> None:
        console = SERVICES["console"]
        program = console["healthcheck"]["test"][-1]

        compile(program, "healthcheck", "exec")
        assert f":{after(console['command'], '--port')}/healthz" in program
        assert console["ports"] == ["127.0.0.1:8321:8321"]

    def test_the_simulator_is_part_of_the_demo_alone_and_knows_no_secret(self) -> None:
        assert SERVICES["simulator"]["profiles"] == ["demo"]
        assert SERVICES["simulator"]["environment"] == {}
        assert "data" not in SERVICES["simulator"]["networks"]

    @pytest.mark.parametrize("name", OURS)
    def test_it_has_no_more_rights_than_it_needs(self, name: str) -> None:
        assert SERVICES[name]["cap_drop"] == ["ALL"]
        assert SERVICES[name]["security_opt"] == ["no-new-privileges:true"]


class TestServers:
    def test_redis_keeps_its_data_and_drops_nothing(self) -> None:
        command = SERVICES["redis"]["command"]

        assert command[0] == "redis-server"
        assert after(command, "--appendonly") == "yes"
        assert after(command, "--appendfsync") == "everysec"
        assert after(command, "--maxmemory-policy") == "noeviction"
        assert "redis:/data" in SERVICES["redis"]["volumes"]

    def test_postgres_keeps_its_data_where_version_18_puts_them(self) -> None:
        assert SERVICES["postgres"]["image"].startswith("postgres:18")
        assert SERVICES["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]

    @pytest.mark.parametrize("name", ["postgres", "redis"])
    def test_a_server_cannot_be_reached_from_outside(self, name: str) -> None:
        assert SERVICES[name]["networks"] == ["data"]
        assert COMPOSE["networks"]["data"] == {"internal": True}
        assert "ports" not in SERVICES[name]


class TestSecrets:
    def test_the_example_as_it_comes_does_not_start(self) -> None:
        with pytest.raises(NotSet):
            interpolate(TEXT, example())

    @pytest.mark.parametrize("name", sorted(filled()))
    def test_each_required_value_is_asked_for(self, name: str) -> None:
        with pytest.raises(NotSet, match=name):
            interpolate(TEXT, {**filled(), name: ""})

    def test_the_example_names_exactly_what_is_required_and_fills_in_nothing(self) -> None:
        required = {name for name, operator, _ in VARIABLE.findall(TEXT) if operator == ":?"}

        assert set(example()) == required == set(filled())
        assert set(example().values()) == {""}

    def test_the_values_of_the_demo_are_accepted(self) -> None:
        lines = (ROOT / ".env.example").read_text().splitlines()
        demo = dict(line[2:].split("=", 1) for line in lines if re.match(r"# [A-Z_]+=", line))

        settings = load(environment("worker-publish", {**filled(), **demo}))

        assert demo["COMPOSE_PROFILES"] == "demo"
        assert settings.graph_url == "http://simulator:8900"
        assert settings.public_url == "http://console:8321"

    def test_no_secret_stands_in_the_file(self) -> None:
        for name, service in SERVICES.items():
            for key, value in service.get("environment", {}).items():
                if re.search("PASSWORD|SECRET|TOKEN|KEY", key):
                    assert VARIABLE.fullmatch(str(value)), f"{name}: {key}"


def test_docker_compose_takes_it(tmp_path: Path) -> None:
    docker = shutil.which("docker")
    version = docker and subprocess.run([docker, "compose", "version"], capture_output=True, check=False)
    if not docker or not version or version.returncode != 0:
        pytest.skip("`docker compose` is not installed here: the checks above stand alone")
    settings = tmp_path / ".env"
    settings.write_text("".join(f"{name}={value}\n" for name, value in filled().items()))
    command = [docker, "compose", "--env-file", str(settings), "--profile", "demo", "config", "--quiet"]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
