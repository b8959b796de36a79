"""`pressrun key`, `user`, `audit` and `console link`, as people type them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pressrun import clock
from pressrun.network.trust import authorities
from tests.integration.cli.conftest import Command
from tests.support.processes import Process, start_module


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_key_is_shown_once_listed_rotated_and_revoked(command: Command) -> None:
    made = command.json("key", "add", "--name", "planner", "--scope", "read", "--scope", "publish", "--expires", "90d")

    assert re.fullmatch(r"pr_[\w-]{43}", made["key"])
    assert (made["name"], made["scopes"], made["accounts"]) == ("planner", ["publish", "read"], None)
    assert timedelta(days=89) < _at(made["expires_at"]) - clock.now() <= timedelta(days=90)

    [listed] = command.json("key", "list")
    assert "key" not in listed
    assert (listed["name"], listed["state"], listed["last_used_at"]) == ("planner", "active", None)
    assert made["key"].startswith(listed["begins"])
    assert made["key"] not in command.run("key", "list").stdout

    rotated = command.json("key", "rotate", "planner", "--keep-old", "2h")
    assert rotated["key"] != made["key"]
    assert rotated["old_until"] is not None

    assert command.json("key", "revoke", "planner") == {"name": "planner", "state": "revoked"}
    assert command.json("key", "list") == []
    assert [one["state"] for one in command.json("key", "list", "--revoked")] == ["revoked"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["key", "add", "--name", "x", "--scope", "king"], "unknown scope 'king'; known: read, publish, admin"),
        (["key", "add", "--name", "x", "--scope", "deliver"], "unknown scope 'deliver'"),
        (["key", "add", "--name", "", "--scope", "read"], "--name: a name has up to 64"),
        (["key", "add", "--name", "x", "--scope", "read", "--account", "nobody"], "unknown account 'nobody'"),
        (["key", "add", "--name", "x", "--scope", "read", "--expires", "2020-01-01"], "cannot expire in the past"),
        (["key", "add", "--name", "x", "--scope", "read", "--expires", "soon"], "--expires"),
        (["key", "revoke", "x"], "there is no key 'x'; `pressrun key list` lists them"),
        (["key", "rotate", "x"], "there is no key 'x'"),
        (["user", "disable", "x"], "there is no user 'x'; `pressrun user list` lists them"),
        (["user", "invite", "ana", "--role", "king"], "unknown role 'king'; known: viewer, author, admin"),
        (["user", "sign-out"], "name one session, or one person"),
    ],
)
def test_what_cannot_be_is_told_in_one_line(command: Command, arguments: list[str], told: str) -> None:
    done = command.run(*arguments)

    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_name_is_taken_until_the_key_is_revoked(command: Command) -> None:
    told = ("key", "add", "--name", "planner", "--scope", "read")
    command.json(*told)
    assert "there is a key 'planner' already" in command.run(*told).stderr
    command.json("key", "revoke", "planner")
    assert command.json(*told)["name"] == "planner"


def test_users_are_added_invited_edited_reset_and_disabled(command: Command) -> None:
    added = command.run("user", "add", "ana", "--role", "author", "--json", text="correct horse battery\n")
    assert json.loads(added.stdout)["state"] == "active"
    assert command.run("user", "add", "ben", text="short\n").returncode == 2

    invited = command.json("user", "invite", "eve", "--role", "admin")
    assert (invited["state"], invited["role"]) == ("invited", "admin")
    assert re.fullmatch(r"http://127\.0\.0\.1:8321/invitation/[\w-]{43}", invited["link"])

    assert command.json("user", "edit", "eve", "--role", "viewer")["role"] == "viewer"
    assert command.json("user", "reset", "ana")["state"] == "invited"
    assert command.json("user", "disable", "ana")["state"] == "disabled"
    assert [(one["name"], one["state"]) for one in command.json("user", "list")] == [
        ("ana", "disabled"),
        ("eve", "invited"),
    ]
    assert command.json("user", "sessions") == []
    assert command.json("user", "sign-out", "eve") == {"ended": 0}


def test_the_audit_is_listed_and_exported(command: Command, tmp_path: Path) -> None:
    command.json("key", "add", "--name", "planner", "--scope", "read")
    command.json("key", "revoke", "planner")

    listed = command.json("audit", "list")
    assert [(one["asker"], one["face"], one["operation"]) for one in listed] == [
        ("owner", "cli", "key.revoke"),
        ("owner", "cli", "key.add"),
    ]
    assert listed[1]["asked"] == {"name": "planner", "scopes": ["read"]}
    assert command.json("audit", "list", "--operation", "key.add", "--by", "ana") == []
    assert "key.revoke" in command.run("audit", "list").stdout

    file = tmp_path / "audit.jsonl"
    done = command.run("audit", "export", str(file))
    assert (done.returncode, done.stderr) == (0, "2 entries\n")
    assert [json.loads(line)["operation"] for line in file.read_text().splitlines()] == ["key.add", "key.revoke"]
    assert command.run("audit", "export", "/nowhere/at/all").returncode == 1


def _console(command: Command, *arguments: str, **over: str) -> Process:
    told = command.settings | {f"PRESSRUN_{name}": value for name, value in over.items()}
    return start_module("cli", "console", "--port", "0", *arguments, env=told)


def test_a_link_leads_into_the_console_that_runs(command: Command) -> None:
    with _console(command, TRUSTED_PROXIES="10.0.0.0/8, 127.0.0.1") as console:
        url = console.line(r"^LISTENING (\S+)$", 60)
        link = command.json("console", "link")["url"]
        assert command.run("console", "link").stdout.startswith(f"{url}/link/")

        through = {"X-Forwarded-For": "203.0.113.7, 10.1.2.3", "X-Forwarded-Proto": "https"}
        answer = httpx.get(link, headers=through, verify=authorities(), timeout=30)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert "secure" in answer.headers["set-cookie"].lower()
        assert [one["address"] for one in command.json("user", "sessions")] == ["203.0.113.7"]
        assert link.startswith(url)
        assert httpx.get(link, verify=authorities(), timeout=30).status_code == 410


def test_nothing_listens_beyond_this_machine_before_somebody_may_come_in(command: Command) -> None:
    refused = command.run("console", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 2
    assert "nobody has a key or is a user yet; `pressrun key add` or `user invite` changes that" in refused.stderr
    assert "nobody has a key" in command.run("up", "--port", "0", CONSOLE_HOST="0.0.0.0").stderr

    with _console(command, "--host", "0.0.0.0", "--public-only") as console:
        port = console.line(r"^LISTENING http://0\.0\.0\.0:(\d+)$", 60)
        url = f"http://127.0.0.1:{port}"
        assert httpx.get(f"{url}/healthz", verify=authorities(), timeout=30).status_code == 200
        assert httpx.get(f"{url}/sign-in", verify=authorities(), timeout=30).status_code == 404

    command.json("key", "add", "--name", "planner", "--scope", "read")
    with _console(command, "--host", "0.0.0.0") as console:
        assert console.line(r"^LISTENING http://0\.0\.0\.0:(\d+)$", 60)
