"""Every command that lists or tells: one JSON document with `--json`, one clear line when it cannot."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from models.harvests.crons import STANDING_CRONS
from models.posts.event import Cause, record_event, timeline
from models.reading.posts.posts import COLUMNS as POST_COLUMNS
from pressrun import clock
from tests.factories.rows import make_post
from tests.integration.cli.conftest import Command, Here
from tests.support.processes import REPOSITORY, environment


@pytest.mark.parametrize(
    ("arguments", "empty"),
    [
        (["account", "list"], []),
        (["post", "list"], []),
        (["harvest", "run"], []),
        (["harvest", "watches"], []),
        (["insight", "show"], {"account": [], "media": []}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_nothing_yet_is_an_empty_document(command: Command, arguments: list[str], empty: object) -> None:
    assert command.json(*arguments) == empty


def test_db_status_and_upgrade_tell_the_revision(command: Command) -> None:
    status = command.json("db", "status")
    upgraded = command.json("db", "upgrade")

    assert status == {"current": status["head"], "head": status["head"], "is_current": True}
    assert upgraded == {"was": status["head"], "is": status["head"], "head": status["head"]}


def test_a_role_is_let_in_to_read(here: Here, command: Command) -> None:
    here.execute("CREATE ROLE analyst_of_cli")
    try:
        assert command.json("db", "grant-reader", "analyst_of_cli") == {
            "role": "analyst_of_cli",
            "readers": ["analyst_of_cli"],
        }
    finally:
        here.execute("DROP OWNED BY analyst_of_cli")
        here.execute("DROP ROLE analyst_of_cli")

    refused = command.run("db", "grant-reader", "analyst_of_cli")
    assert refused.returncode == 2
    assert "there is no role 'analyst_of_cli'" in refused.stderr


def test_another_schema_is_told_and_not_used(here: Here, command: Command) -> None:
    head = command.json("db", "status")["head"]
    here.execute("UPDATE alembic_version SET version_num = '0000'")
    try:
        assert command.json("db", "status", code=1)["is_current"] is False
        done = command.run("account", "list")
        here.execute("UPDATE alembic_version SET version_num = '9999'")
        found = {row["check"]: row["advice"] for row in command.json("doctor", code=1)}
    finally:
        here.execute(f"UPDATE alembic_version SET version_num = '{head}'")  # noqa: S608 - our own

    assert (done.returncode, done.stdout) == (1, "")
    assert "bring it up to date" in done.stderr
    assert found["schema"] == "run the release that brought it there, or a newer one"


def test_a_refused_import_tells_its_problems_as_a_document_too(here: Here, command: Command, tmp_path: Path) -> None:
    here.add(0)
    (tmp_path / "posts.csv").write_text("account,publish_at,type,media\nsim-0,+1h,igtv,nothing.jpg\n")

    told = command.json("post", "import", str(tmp_path / "posts.csv"), code=2)

    assert (told["added"], told["unchanged"], told["warnings"]) == ([], [], [])
    assert [(problem["line"], problem["column"]) for problem in told["problems"]] == [(2, "type"), (2, "media")]


def test_the_times_of_an_import_are_told_as_they_were_understood(
    here: Here, command: Command, media_folder: Path, tmp_path: Path
) -> None:
    here.add(0)
    file = tmp_path / "posts.csv"
    header, year = "account,publish_at,type,media", clock.now().year + 1
    first, last = (f"sim-0,{year}-07-0{day}T18:30,image,{media_folder / 'feed.jpg'}" for day in (1, 2))

    file.write_text(f"{header}\n{first}\n")
    one = command.run("post", "import", str(file))
    file.write_text(f"{header};caption\n".replace(",", ";") + f"{last};two\n{last};three\n".replace(",", ";"))
    told = command.json("post", "import", str(file))
    file.write_text(f"{header},caption\n{first},four\n{last},five\n")
    two = command.run("post", "import", str(file))

    assert one.stdout == f"queued 1, already there 0\ndue at {year}-07-01 18:30:00 UTC\n"
    assert told["first_due"] == told["last_due"] == f"{year}-07-02T18:30:00Z"
    due = f"the first is due at {year}-07-01 18:30:00 UTC, the last at {year}-07-02 18:30:00 UTC"
    assert two.stdout == f"queued 2, already there 0\n{due}\n"


def test_a_zone_that_may_not_be_meant_is_taken_with_a_warning(here: Here, command: Command) -> None:
    here.add(0)

    done = command.run("account", "edit", "sim-0", "--timezone", "EST")
    told = command.json("account", "edit", "sim-0", "--timezone", "EST")
    refused = command.run("account", "edit", "sim-0", "--timezone", "GMT+2")
    added = command.run(
        "account", "add", "--login", "facebook", "--ig-id", "1", "--name", "other", "--timezone", "HST", "--no-check",
        text="SIM-TOKEN-1",
    )  # fmt: skip

    assert done.stderr.startswith("warning: EST stays on standard time all year")
    assert "warning" not in done.stdout
    assert [warning in done.stderr for warning in told["warnings"]] == [True]
    assert refused.returncode == 2
    assert refused.stderr.startswith("pressrun: --timezone: 'GMT+2' is an offset")
    assert added.returncode == 0
    assert added.stderr.startswith("warning: HST stays")


def test_a_bad_time_is_told_by_its_options_name(here: Here, command: Command) -> None:
    here.add(0)

    done = command.run("post", "add", "--account", "sim-0", "--at", "tomorrow", "--media", "https://example.com/a.jpg")

    assert done.returncode == 2
    assert done.stderr.startswith("--at: 'tomorrow' is not a time")


def test_a_missing_secret_key_is_a_usage_error(command: Command) -> None:
    added = ["account", "add", "--login", "facebook", "--ig-id", "17841400000000000", "--name", "bakery"]

    done = command.run(*added, text="SIM-TOKEN-0", SECRET_KEYS="")

    assert done.returncode == 2
    assert done.stderr.startswith("pressrun: PRESSRUN_SECRET_KEYS is missing")
    assert command.json("account", "list") == []


@pytest.mark.parametrize("arguments", [["account", "list"], ["up"]], ids=" ".join)
def test_a_database_that_does_not_answer_is_one_line_with_its_host(command: Command, arguments: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    done = command.run(*arguments, DATABASE_URL=f"postgresql://app:its-password@127.0.0.1:{port}/pressrun")

    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert f"127.0.0.1:{port}" in line
    assert "its-password" not in line


@pytest.mark.parametrize("name", ["DATABASE_URL", "REDIS_URL"])
def test_a_port_that_is_none_is_a_usage_error(command: Command, name: str) -> None:
    scheme = "postgresql" if name == "DATABASE_URL" else "redis"

    done = command.run("doctor", **{name: f"{scheme}://host:port/0"})

    assert (done.returncode, done.stdout) == (2, "")
    assert f"PRESSRUN_{name}" in done.stderr


def test_up_tells_a_broker_that_does_not_answer(command: Command) -> None:
    done = command.run("up", REDIS_URL="redis://:its-password@127.0.0.1:1/0")

    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("pressrun: Redis at redis://")
    assert "its-password" not in line


def test_up_tells_a_port_that_is_taken(command: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = command.run("up", "--port", str(taken.getsockname()[1]))

    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert "choose another port" in line


def test_harvests_are_run_by_a_worker_of_the_command_when_none_is_there(here: Here, command: Command) -> None:
    here.add(0)
    here.add(1)

    ran = command.json("harvest", "run", "--account", "sim-0")
    shown = command.json("insight", "show")

    assert {row["account"] for row in ran} == {"sim-0"}
    assert {row["kind"] for row in ran} == {kind.value for kind in STANDING_CRONS}
    assert {row["status"] for row in ran} <= {"done", "partial"}
    assert all(list(row) == ["account", "kind", "status", "calls", "rows", "errors"] for row in ran)
    assert {row["account"] for row in shown["account"]} == {"sim-0"}
    values = {row["metric"]: row for row in shown["account"]}
    assert values["followers_count"]["value"] > 0
    assert values["followers_count"]["captured_at"].endswith("Z")
    media = shown["media"][0]
    curve = command.json("insight", "show", "--media", media["media_id"])
    assert (curve[-1]["captured_at"], curve[-1]["likes"]) == (media["captured_at"], media["likes"])


@pytest.mark.usefixtures("workers")
def test_a_watch_is_listed_read_and_ended(here: Here, command: Command) -> None:
    here.add(0)
    here.add(1)
    rival = ["--account", "sim-0", "--competitor", "@Sim_Brand_1"]

    began = command.json("harvest", "watch", *rival)
    again = command.json("harvest", "watch", *rival)
    [run] = command.json("harvest", "run", "--account", "sim-0", "--kind", "competitors")
    [row] = command.json("harvest", "watches", "--account", "sim-0")
    ended = command.json("harvest", "unwatch", *rival)

    assert began == {"account": "sim-0", "kind": "competitor", "name": "sim_brand_1", "is_new": True}
    assert again == {**began, "is_new": False}
    assert (run["status"], run["calls"], run["rows"]) == ("done", 1, 3 + 25)
    assert list(row) == ["account", "kind", "name", "media", "last_checked_at"]
    assert (row["media"], row["last_checked_at"].endswith("Z")) == (25, True)
    assert ended == {"account": "sim-0", "kind": "competitor", "name": "sim_brand_1"}
    assert command.json("harvest", "watches") == command.json("harvest", "run", "--kind", "competitors") == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["watch", "--account", "sim-1", "--hashtag", "bread"], "is connected by Instagram Login"),
        (["watch", "--account", "sim-0"], "name one thing: --competitor NAME or --hashtag TAG"),
        (["watch", "--account", "sim-0", "--hashtag", "two words"], "'two words' is no hashtag"),
        (["watch", "--account", "nobody", "--hashtag", "bread"], "unknown account 'nobody'"),
        (["unwatch", "--account", "sim-0", "--hashtag", "bread"], "sim-0 does not watch the hashtag 'bread'"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_watched_is_a_usage_error(here: Here, command: Command, arguments: list[str], told: str) -> None:
    here.add(0)
    here.add(1)

    done = command.run("harvest", *arguments)

    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr
    assert command.json("harvest", "watches") == []


def test_a_media_that_is_not_known_is_a_usage_error(command: Command) -> None:
    done = command.run("insight", "show", "--media", "1")

    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.usefixtures("workers")
def test_a_harvest_that_fails_ends_with_code_1(here: Here, command: Command) -> None:
    here.add(0)
    here.simulator.post("/_sim/token", account=0, action="revoke")

    done = command.run("harvest", "run", "--kind", "profile")

    assert done.returncode == 1
    assert "profile" in done.stdout
    assert "put off" in done.stderr
    assert "SIM-TOKEN" not in done.stdout + done.stderr
    [account] = command.json("account", "list")
    assert account["state"] == "broken"


def test_an_account_that_is_not_there_is_a_usage_error(here: Here, command: Command) -> None:
    here.add(0)

    done = command.run("harvest", "run", "--account", "nobody")

    assert (done.returncode, done.stdout) == (2, "")
    assert "known: sim-0" in done.stderr


def test_posts_are_listed_under_the_columns_of_the_contract(here: Here, command: Command) -> None:
    account = here.add(0).account
    with here.database.transaction() as tx:
        make_post(tx, account, key="the-key")

    [row] = command.json("post", "list")

    assert tuple(row) == POST_COLUMNS
    assert (row["key"], row["account"], row["state"]) == ("the-key", "sim-0", "scheduled")


def test_a_list_for_which_there_is_nothing_says_what_was_asked_for(here: Here, command: Command) -> None:
    here.add(0)

    done = command.run("post", "list", "--account", "sim-0", "--state", "failed")

    assert (done.stdout, done.stderr) == ("", "no posts of sim-0 in the state failed\n")


def test_a_post_is_listed_with_the_beginning_of_its_caption_and_no_made_key(here: Here, command: Command) -> None:
    account = here.add(0).account
    at = datetime(2099, 7, 1, 16, 30, tzinfo=UTC)
    with here.database.transaction() as tx:
        make_post(tx, account, key="auto:0037fb", publish_at=at, timezone="Europe/Berlin", caption="Bread\nand " * 9)

    header, line = command.run("post", "list").stdout.splitlines()

    assert header.split() == ["id", "account", "type", "state", "publish_at", "caption"]
    assert line.endswith("2099-07-01 18:30 CEST  Bread and Bread and Bread and…")


def test_a_waiting_post_is_listed_with_when_it_goes_on(here: Here, command: Command) -> None:
    account = here.add(0).account
    until = datetime(2099, 7, 1, 16, 30, tzinfo=UTC)
    with here.database.transaction() as tx:
        post = make_post(
            tx, account, state="staged", wait_reason="quota", next_action_at=until, timezone="Europe/Berlin"
        )
        make_post(tx, account)

    done = command.run("post", "list")

    assert done.stderr == f"post {post.id} waits (quota) until 2099-07-01 18:30:00.000 CEST\n"


def test_a_post_is_shown_with_its_timeline_in_its_own_zone(here: Here, command: Command) -> None:
    account = here.add(0).account
    at = datetime(2099, 7, 1, 16, 30, tzinfo=UTC)
    with here.database.transaction() as tx:
        post = make_post(
            tx, account, state="staged", wait_reason="quota", next_action_at=at, timezone="Asia/Kolkata", key="mine"
        )
        told = Cause("publish.refused", "the window is full", error_class="quota", code="9", fbtrace_id="AbC")
        record_event(tx, post.id, told, from_state="publishing", to_state="staged")
        happened = timeline(tx, post.id)[0].at.astimezone(ZoneInfo("Asia/Kolkata"))

    shown = command.run("post", "show", "mine").stdout

    assert "2099-07-01 22:00:00.000 IST" in shown
    assert re.search(r"wait_reason +quota", shown)
    line = f"{happened:%Y-%m-%d %H:%M:%S}.{happened.microsecond // 1000:03d} IST  publishing → staged"
    [event] = [one for one in shown.splitlines() if one.startswith(line)]
    assert event.endswith("the window is full [fbtrace_id AbC]")
    [told_event] = command.json("post", "show", "mine")["events"]
    assert (told_event["code"], told_event["fbtrace_id"]) == ("9", "AbC")


def test_a_reader_that_leaves_early_is_no_traceback(command: Command) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "cli", "account", "list", "--json"],
        env=environment(command.settings),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
        process.wait(60)

    assert said == ""
    assert process.returncode in {0, 1}
