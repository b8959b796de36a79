"""How commands end: their exit codes, one line for each failure, and no secret in it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cli.main import exit_code
from pressrun.errors import PressrunError, ServerUnreachable, UsageError
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


def fail(problem: BaseException) -> None:
    raise problem


@pytest.mark.parametrize(
    ("problem", "code", "line"),
    [
        (UsageError("no such account"), 2, "pressrun: no such account\n"),
        (PressrunError("it failed"), 1, "pressrun: it failed\n"),
        (ServerUnreachable("gone"), 1, "pressrun: gone\n"),
        (KeyboardInterrupt(), 130, ""),
        (BrokenPipeError(), 1, ""),
        (SystemExit(2), 2, ""),
        (SystemExit(3), 1, ""),
        (SystemExit(0), 0, ""),
        (
            ValueError("first line\nsecond line"),
            1,
            "pressrun: ValueError: first line (set PRESSRUN_LOG_LEVEL=DEBUG to see where)\n",
        ),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_every_end_has_its_exit_code_and_one_line(
    problem: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(lambda: fail(problem)) == code

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", line)


def test_an_action_that_says_how_it_ended_is_believed() -> None:
    assert exit_code(lambda: 1) == 1
    assert exit_code(lambda: None) == 0


def test_a_traceback_is_only_for_debugging_and_redacted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = RuntimeError("GET https://graph.facebook.com/me?access_token=EAAGsecretsecretsecret failed")
    exit_code(lambda: fail(problem))
    assert "Traceback" not in capsys.readouterr().err

    monkeypatch.setenv("PRESSRUN_LOG_LEVEL", "DEBUG")
    exit_code(lambda: fail(problem))

    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "EAAGsecret" not in said


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

    def test_a_service_does_not_load_what_only_an_upgrade_needs(self) -> None:
        code = "import sys, machine.runtime, worker.tasks; print('alembic' in sys.modules)"

        done = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)

        assert done.stdout == "False\n"
