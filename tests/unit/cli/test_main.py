"""The command line as a process: help, version, and what is no command or no setting."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer

from cli.main import app
from cli.problems import command_of, run
from tests.integration.cli.conftest import Command
from tests.support.processes import REPOSITORY, environment


def pressrun(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        env=environment(settings),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_only_the_commands_of_the_group_that_is_asked_for_are_made(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made: list[str] = []
    make = typer.main.get_command_from_info

    def counted(**how: Any) -> Any:
        made.append("")
        return make(**how)

    monkeypatch.setattr(typer.main, "get_command_from_info", counted)
    command_of.cache_clear()  # what other tests of this process have made

    def count(*arguments: str) -> tuple[int, str]:
        made.clear()
        assert run(app, arguments) == 0
        return len(made), capsys.readouterr().out

    few, of_slots = count("slot", "--help")
    assert few == of_slots.count("\n  add ") + of_slots.count("\n  list ") + of_slots.count("\n  remove ")
    assert count("doctor", "--help")[0] == 1
    assert count("--help")[0] > 50


class TestCommandLine:
    def test_help_and_version_are_answers(self) -> None:
        shown, version = pressrun("--help"), pressrun("--version")

        assert (shown.returncode, version.returncode) == (0, 0)
        assert version.stdout.startswith("pressrun 0.")
        for command in ("demo", "up", "scheduler", "worker", "console", "simulator", "doctor", "db", "account", "post"):
            assert f"\n  {command} " in shown.stdout

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            (["uup"], "No such command 'uup'. Did you mean 'up'"),
            (["account", "add"], "Missing option '--login'"),
            (["worker", "--queue", "nope"], "Invalid value for '--queue'"),
            (["worker", "--concurrency", "0"], "Invalid value for '--concurrency'"),
            (["console", "--port", "70000"], "Invalid value for '--port'"),
            (["db", "upgrade", "--what"], "No such option: --what"),
        ],
        ids=lambda value: " ".join(value) if isinstance(value, list) else "",
    )
    def test_a_usage_error_is_one_line_with_a_hint_and_code_2(self, arguments: list[str], said: str) -> None:
        done = Command().run(*arguments)

        assert (done.returncode, done.stdout) == (2, "")
        [line] = done.stderr.splitlines()
        assert line.startswith(f"pressrun: {said}")
        assert "--help`)" in line

    def test_an_unknown_setting_is_named(self) -> None:
        done = Command({"PRESSRUN_DATABASE_ULR": "postgresql://x"}).run("account", "list")

        assert done.returncode == 2
        assert "PRESSRUN_DATABASE_ULR" in done.stderr
        assert "PRESSRUN_DATABASE_URL" in done.stderr

    def test_the_simulators_flags_are_its_own(self) -> None:
        shown = Command().run("simulator", "--help")
        refused = Command().run("simulator", "--accounts", "none")

        assert (shown.returncode, refused.returncode) == (0, 2)
        assert "--video-processing-s" in shown.stdout

    def test_help_needs_none_of_the_heavy_packages(self) -> None:
        heavy = "{'sqlalchemy', 'celery', 'fastapi', 'httpx', 'alembic', 'pydantic', 'structlog', 'PIL', 'av'}"
        code = f"import sys, cli.main; print(sorted({heavy} & set(sys.modules)))"

        done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)

        assert done.stdout == "[]\n"

    def test_a_service_loads_neither_what_an_upgrade_needs_nor_a_cipher_for_secrets_that_stay_shut(self) -> None:
        made = "import sys, machine.runtime, scheduler.loop, worker.tasks as _; machine.runtime.Vault(['A' * 43])"
        code = f"{made}; print(sorted({{'alembic', 'cryptography'}} & set(sys.modules)))"

        done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)

        assert done.stdout == "[]\n"
