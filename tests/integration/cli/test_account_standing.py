"""`account show|check|rename`, as their user runs them."""

from __future__ import annotations

from datetime import datetime

import pytest

from models.accounts.block import hold
from pressrun import clock
from pressrun.vault import generate_key
from tests.factories.rows import KEY
from tests.integration.cli.conftest import Command, Here


def test_what_nobody_has_asked_yet_is_told_as_not_known(here: Here, command: Command) -> None:
    here.add(0)

    told = command.run("account", "show", "sim-0")
    document = command.json("account", "show", "sim-0")

    assert told.returncode == 0
    lines = dict(line.split(None, 1) for line in told.stdout.splitlines() if line[:1].strip() and " " in line)
    assert (lines["name"], lines["state"], lines["quota"]) == ("sim-0", "active", "0/50")
    assert (lines["ends"], lines["scopes"], lines["containers"]) == ("not known", "not known", "400 of 400 left")
    [token] = document["tokens"]
    assert (token["which"], token["expires_at"], token["scopes"]) == ("account", None, None)
    assert document["webhook_fields"] is None


@pytest.mark.usefixtures("workers")
def test_instagram_is_asked_and_what_is_missing_is_told_with_its_cost(here: Here, command: Command) -> None:
    here.add(1)
    scopes = ["instagram_business_manage_insights"]
    here.simulator.post("/_sim/account", account=1, without_scopes=scopes)
    here.execute("UPDATE tokens SET stored_at = now() - interval '2 days', renew_at = now()")

    done = command.run("account", "check", "sim-1")

    assert (done.returncode, done.stderr) == (0, "")
    assert "instagram_business_manage_insights: no insights are read" in done.stdout
    assert "clock" in done.stdout
    assert "SIM-TOKEN" not in done.stdout


@pytest.mark.usefixtures("workers")
def test_a_refused_token_ends_the_check_with_one_and_the_reason(here: Here, command: Command) -> None:
    here.add(0)
    here.simulator.post("/_sim/token", account=0, action="revoke", subcode=460)

    done = command.run("account", "check", "sim-0")

    assert done.returncode == 1
    assert "changed their password" in done.stderr
    assert "broken" in done.stdout


def test_another_name(here: Here, command: Command) -> None:
    here.add(0)
    here.add(1)

    done = command.json("account", "rename", "sim-0", "bakery")
    taken = command.run("account", "rename", "bakery", "sim-1")
    unknown = command.run("account", "rename", "sim-0", "mill")
    bad = command.run("account", "rename", "bakery", "a,b")

    assert done == {"old": "sim-0", "name": "bakery"}
    assert (taken.returncode, unknown.returncode, bad.returncode) == (2, 2, 2)
    assert "belongs to another account" in taken.stderr
    assert "known: bakery, sim-1" in unknown.stderr
    assert "must not hold a comma" in bad.stderr


def test_a_pause_that_stops_reading_too(here: Here, command: Command) -> None:
    here.add(0)

    told = command.json("account", "pause", "sim-0")
    stopped = command.run("account", "pause", "sim-0", "--reading", "--why", "holidays")
    shown = command.run("account", "show", "sim-0")
    resumed = command.run("account", "resume", "sim-0")
    account = here.account(0)

    assert (told["state"], told["is_reading_paused"]) == ("paused", False)
    assert (stopped.returncode, shown.returncode, resumed.returncode) == (0, 0, 0)
    assert "is_reading_paused  yes" in stopped.stdout
    assert [line.split() for line in shown.stdout.splitlines() if line.startswith("reads")] == [["reads", "paused"]]
    assert account is not None
    assert (account.state, account.is_reading_paused) == ("active", False)


def test_a_hold_of_instagram_is_shown_with_its_end(here: Here, command: Command) -> None:
    account = here.add(0).account
    with here.database.transaction() as tx:
        hold(tx, account.id, reason="suspected", now=clock.now())
    held = here.account(0)
    assert held is not None
    assert held.state_until is not None

    shown = command.run("account", "show", "sim-0").stdout
    listed = command.run("account", "list").stdout
    [row] = command.json("account", "list")

    for said in (shown, listed):
        assert "blocked" in said
        assert f"{held.state_until:%Y-%m-%d %H:%M}" in said
    assert datetime.fromisoformat(row["state_until"]) == held.state_until


def test_all_that_is_sealed_is_sealed_anew_under_the_newest_key(here: Here, command: Command) -> None:
    here.add(0)
    fresh = generate_key()

    done = command.json("db", "reseal", SECRET_KEYS=f"{fresh},{KEY}")
    again = command.json("db", "reseal", SECRET_KEYS=f"{fresh},{KEY}")
    lost = command.run("db", "reseal", SECRET_KEYS=generate_key())
    back = command.json("db", "reseal", SECRET_KEYS=f"{KEY},{fresh}")

    assert (done["accounts"], again["accounts"], back["accounts"]) == (1, 0, 1)
    assert lost.returncode == 1
    assert "which PRESSRUN_SECRET_KEYS does not hold" in lost.stdout
