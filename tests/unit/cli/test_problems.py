"""How commands end: their exit codes, one line for each failure with the flag it is about, and no secret in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import pytest
import typer

from cli.main import app as pressrun
from cli.problems import HINTS, run, tell_rows
from pressrun.errors import (
    Conflict,
    Invalid,
    NotPossible,
    PressrunError,
    RefusedByInstagram,
    ServerUnreachable,
    Unknown,
)
from scheduler.posts.importing import RowProblem
from tests.unit.docs.pages import ROOT


def failing(problem: BaseException | None, *, answer: int | None = None) -> typer.Typer:
    """A command line with one command in a group, which ends so."""
    app, group = typer.Typer(name="pressrun"), typer.Typer()

    @group.command()
    def add(
        _post: Annotated[str, typer.Argument(metavar="POST")] = "",
        publish_at: Annotated[str, typer.Option("--at")] = "",
        _post_type: Annotated[str, typer.Option("--type")] = "",
        _max_lateness: Annotated[str, typer.Option("--max-lateness")] = "",
    ) -> int | None:
        if problem is not None:
            raise problem
        return answer

    @group.command()
    def other() -> None:
        pass

    app.add_typer(group, name="post")
    return app


@pytest.mark.parametrize(
    ("problem", "code", "line"),
    [
        (Invalid("no such thing"), 2, "pressrun: no such thing\n"),
        (Unknown("no such account"), 2, "pressrun: no such account\n"),
        (Conflict("taken"), 2, "pressrun: taken\n"),
        (NotPossible("too late"), 2, "pressrun: too late\n"),
        (PressrunError("it failed"), 1, "pressrun: it failed\n"),
        (ServerUnreachable("gone"), 1, "pressrun: gone\n"),
        (RefusedByInstagram("no"), 1, "pressrun: no\n"),
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
    assert run(failing(problem), ["post", "add"]) == code

    said = capsys.readouterr()
    assert (said.out, said.err) == ("", line)


def test_an_action_that_says_how_it_ended_is_believed() -> None:
    assert run(failing(None, answer=1), ["post", "add"]) == 1
    assert run(failing(None), ["post", "add"]) == 0


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("publish_at", "pressrun: --at: wrong"),
        ("type", "pressrun: --type: wrong"),
        ("max_lateness", "pressrun: --max-lateness: wrong"),
        ("post", "pressrun: wrong"),  # an argument has no flag, and the words repeat what was given
        ("caption", "pressrun: wrong"),
        (None, "pressrun: wrong"),
    ],
)
def test_a_field_is_told_by_the_flag_of_the_command_that_ran(
    field: str | None, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(failing(Invalid("wrong", field=field)), ["post", "add", "--at", "other", "other"])

    assert capsys.readouterr().err == f"{line}\n"


def test_what_to_do_at_the_command_line_follows_from_the_type(capsys: pytest.CaptureFixture[str]) -> None:
    run(failing(Unknown("no post has the key 'x'", type="post.unknown")), ["post", "add"])

    assert capsys.readouterr().err == "pressrun: no post has the key 'x'; `pressrun post list` shows them\n"


def test_a_value_that_is_none_of_the_choices_is_told_without_the_validators_preface(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(pressrun, ["account", "connect", "--login", "google", "--name", "x"]) == 2

    assert capsys.readouterr().err == (
        "pressrun: Invalid value for '--login': 'google' is not one of 'facebook', 'instagram' "
        "(see `pressrun account connect --help`)\n"
    )


def test_every_hint_is_about_a_type_that_is_raised_and_a_command_that_exists() -> None:
    sources = "".join(
        path.read_text()
        for folder in ("pressrun", "models", "scheduler", "operations", "worker", "machine")
        for path in (ROOT / folder).rglob("*.py")
    )
    commands = typer.main.get_command(pressrun)

    for type_, hint in HINTS.items():
        assert f'"{type_}"' in sources
        for group, command in re.findall(r"`pressrun (\w+) (\w+)`", hint):
            assert command in commands.commands[group].commands  # type: ignore[attr-defined]


def test_a_traceback_is_only_for_debugging_and_redacted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = RuntimeError("GET https://graph.facebook.com/me?access_token=EAAGsecretsecretsecret failed")
    run(failing(problem), ["post", "add"])
    assert "Traceback" not in capsys.readouterr().err

    monkeypatch.setenv("PRESSRUN_LOG_LEVEL", "DEBUG")
    run(failing(problem), ["post", "add"])

    said = capsys.readouterr().err
    assert "Traceback" in said
    assert "EAAGsecret" not in said


class TestRows:
    COMMAND = typer.main.get_command(pressrun).commands["post"].commands["add"]  # type: ignore[attr-defined]

    def test_rows_of_a_file_are_told_by_line_and_column(self, capsys: pytest.CaptureFixture[str]) -> None:
        problems = [RowProblem(line, "publish_at", "wrong") for line in (2, 3)]

        with pytest.raises(Invalid) as refused:
            tell_rows(self.COMMAND, problems, [], source=Path("a.csv"), nothing="nothing was queued")

        assert capsys.readouterr().err == "a.csv: line 2, column publish_at: wrong\n"
        assert str(refused.value) == "a.csv: line 3, column publish_at: wrong: nothing was queued"

    def test_fields_of_a_command_are_told_by_their_flags(self) -> None:
        late = RowProblem(1, "publish_at", "wrong", "post.late")
        with pytest.raises(Invalid, match=r"^--at: wrong; with --late it goes out at once: nothing was queued$"):
            tell_rows(self.COMMAND, [late], [], source=None, nothing="nothing was queued")

    def test_many_problems_are_counted_and_warnings_wait_until_the_rows_are_right(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        problems = [RowProblem(line, "caption", f"wrong {line}") for line in range(30)]
        warnings = [RowProblem(line, "media", "small") for line in range(5)]

        with pytest.raises(Invalid, match=r"wrong 29 \(and 9 more\): nothing was queued"):
            tell_rows(self.COMMAND, problems, warnings, source=Path("a.csv"), nothing="nothing was queued")

        lines = capsys.readouterr().err.splitlines()
        assert len(lines) == 20
        assert not any(line.startswith("warning") for line in lines)

    def test_alike_warnings_are_told_once(self, capsys: pytest.CaptureFixture[str]) -> None:
        warnings = [RowProblem(line, "media", "small") for line in range(5)]

        tell_rows(self.COMMAND, [], warnings, source=Path("a.csv"), nothing="nothing was queued")

        assert capsys.readouterr().err == "warning: a.csv: line 0, column media: small (and 4 more rows)\n"

    def test_one_wrong_word_in_all_of_many_rows_does_not_hide_the_rest(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        problems = [RowProblem(line, "account", "unknown") for line in range(2, 1000)]
        problems.insert(500, RowProblem(501, "caption", "too long"))

        with pytest.raises(Invalid, match=r"^a\.csv: line 501, column caption: too long: nothing was queued$"):
            tell_rows(self.COMMAND, problems, [], source=Path("a.csv"), nothing="nothing was queued")

        assert capsys.readouterr().err == "a.csv: line 2, column account: unknown (and 997 more rows)\n"

    def test_making_a_file_right_is_offered_as_the_command_takes_it(self) -> None:
        unfit = RowProblem(1, "media", "a PNG", "media.format", can_be_fixed=True)
        edit = typer.main.get_command(pressrun).commands["post"].commands["edit"]  # type: ignore[attr-defined]

        for command, said in ((self.COMMAND, "--fix makes it right"), (edit, "--fix yes makes it right")):
            with pytest.raises(Invalid, match=f"^--media: a PNG; {said}: nothing was changed$"):
                tell_rows(command, [unfit], [], source=None, nothing="nothing was changed")

    def test_many_different_warnings_are_counted(self, capsys: pytest.CaptureFixture[str]) -> None:
        warnings = [RowProblem(line, "media", f"small {line}") for line in range(23)]

        tell_rows(self.COMMAND, [], warnings, source=Path("a.csv"), nothing="nothing was queued")

        assert capsys.readouterr().err.splitlines()[20:] == ["warning: and 3 more; --json lists them all"]
