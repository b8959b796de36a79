"""Connecting accounts: the token is proved to be the account's, sealed, and renewed in place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from models import gate
from models.account import token_context
from models.crons import STANDING_CRONS
from models.gate import Level
from models.harvest import Harvest
from models.post import get_post
from pressrun import clock
from pressrun.errors import PressrunError, UsageError
from tests.factories.rows import make_post
from tests.integration.cli.conftest import Command, Here


class TestAdding:
    @pytest.mark.parametrize("index", [0, 1], ids=["Facebook Login", "Instagram Login"])
    def test_the_right_token_connects_the_account(self, here: Here, index: int) -> None:
        done = here.add(index, timezone="Europe/Oslo")

        account = here.account(index)
        assert account is not None
        assert done.is_new
        assert (account.name, account.state, account.timezone) == (f"sim-{index}", "active", "Europe/Oslo")
        assert account.username == here.simulator.http.get("/_sim/accounts").json()[index]["username"]

    def test_the_token_is_sealed_for_this_row_alone(self, here: Here) -> None:
        account = here.add(0).account

        token = here.simulator.token(0)
        assert token not in account.token_sealed
        assert here.runtime.vault().open(account.token_sealed, context=token_context(account.id)) == token
        with pytest.raises(PressrunError):
            here.runtime.vault().open(account.token_sealed, context=token_context(account.id + 1))

    def test_it_gets_every_harvest(self, here: Here) -> None:
        account = here.add(0).account

        with here.database.transaction() as tx:
            kinds = set(tx.scalars(select(Harvest.kind).where(Harvest.account_id == account.id)))
        assert kinds == {kind.value for kind in STANDING_CRONS}

    def test_a_new_account_without_a_zone_is_in_utc(self, here: Here) -> None:
        assert here.add(0).account.timezone == "UTC"


class TestRefusing:
    @pytest.mark.parametrize("index", [0, 1], ids=["Facebook Login", "Instagram Login"])
    def test_a_wrong_token_stores_nothing(self, here: Here, index: int) -> None:
        with pytest.raises(PressrunError, match=r"refuses the token of sim-.*190") as refused:
            here.add(index, token="SIM-TOKEN-nobody")

        assert "SIM-TOKEN-nobody" not in str(refused.value)
        assert here.account(index) is None

    @pytest.mark.parametrize("index", [0, 1], ids=["Facebook Login", "Instagram Login"])
    def test_the_token_of_another_account_stores_nothing(self, here: Here, index: int) -> None:
        with pytest.raises(PressrunError, match=here.simulator.ig_id(index)):
            here.add(index, token=here.simulator.token(index + 2))

        assert here.account(index) is None

    def test_a_name_that_another_account_has_is_a_usage_error(self, here: Here) -> None:
        here.add(0)

        with pytest.raises(UsageError, match=here.simulator.ig_id(0)):
            here.add(1, name="sim-0")

        assert here.account(1) is None

    def test_an_instagram_that_does_not_answer_can_be_left_out(self, here: Here) -> None:
        here.simulator.stop()

        with pytest.raises(PressrunError, match="--no-check"):
            here.add(0)
        assert here.account(0) is None

        assert here.add(0, check=False).account.username is None

    def test_no_call_is_made_while_the_gate_is_shut(self, here: Here) -> None:
        now = clock.now()
        with here.database.transaction() as tx:
            gate.set_level(
                tx, gate.app_key(None), account_id=None, level=Level.SHUT, percent=100, reason="usage 100 %", now=now,
                until=now + timedelta(minutes=5),
            )  # fmt: skip

        with pytest.raises(PressrunError, match="wants no call before"):
            here.add(0)

        assert here.simulator.report()["calls_total"] == 0


class TestRenewing:
    def test_the_same_account_gets_token_name_and_zone_anew(self, here: Here) -> None:
        first = here.add(0, timezone="Europe/Oslo").account

        again = here.add(0, name="another name")

        assert (again.is_new, again.account.id) == (False, first.id)
        assert (again.account.name, again.account.timezone) == ("another name", "Europe/Oslo")
        assert again.account.token_sealed != first.token_sealed
        assert here.add(0, timezone="Asia/Tokyo").account.timezone == "Asia/Tokyo"

    def test_a_broken_account_and_what_waited_for_it_go_on(self, here: Here) -> None:
        account = here.add(0).account
        later = clock.now() + timedelta(hours=1)
        with here.database.transaction() as tx:
            waiting = make_post(tx, account, wait_reason="account", next_action_at=later).id
            planned = make_post(tx, account, next_action_at=later).id
        here.execute("UPDATE harvests SET slot_at = now() - interval '1 minute', next_action_at = :later", later=later)
        here.execute("UPDATE accounts SET state = 'broken', state_reason = 'the token was refused'")

        done = here.add(0)

        now = clock.now()
        with here.database.transaction() as tx:
            woken, left = get_post(tx, waiting), get_post(tx, planned)
            harvests = list(tx.scalars(select(Harvest.next_action_at)))
        assert (done.account.state, done.account.state_reason, done.posts_woken) == ("active", None, 1)
        assert woken.next_action_at is not None
        assert woken.next_action_at <= now
        assert left.next_action_at == later
        assert all(at is not None and at <= now for at in harvests)

    def test_a_persons_pause_stays(self, here: Here) -> None:
        here.add(0)
        here.execute("UPDATE accounts SET state = 'paused', state_reason = 'holidays'")

        assert here.add(0).account.state == "paused"

    def test_a_refused_token_leaves_the_old_one(self, here: Here) -> None:
        before = here.add(0).account.token_sealed

        with pytest.raises(PressrunError):
            here.add(0, token="SIM-TOKEN-nobody")

        after = here.account(0)
        assert after is not None
        assert after.token_sealed == before


class TestCommandLine:
    def test_the_token_comes_from_stdin_or_a_file_and_is_never_shown(self, command: Command, tmp_path: Path) -> None:
        file = tmp_path / "token"
        file.write_text("\n  SIM-TOKEN-1\n")
        facebook = ["account", "add", "--login", "facebook", "--ig-id", "17841400000000000", "--name", "bakery"]
        instagram = ["account", "add", "--login", "instagram", "--ig-id", "17841400000000001", "--name", "lena"]

        first = command.run(*facebook, text="SIM-TOKEN-0\r\n")
        second = command.run(*instagram, "--token-file", str(file), "--json")
        again = command.run(*facebook, text="SIM-TOKEN-0")
        listed = command.json("account", "list")

        assert first.returncode == second.returncode == again.returncode == 0
        assert first.stdout.startswith("added bakery (17841400000000000, @")
        assert '"is_new": true' in second.stdout
        assert again.stdout.startswith("renewed bakery")
        assert [(row["name"], row["login"], row["state"]) for row in listed] == [
            ("bakery", "facebook", "active"),
            ("lena", "instagram", "active"),
        ]
        assert list(listed[0]) == [
            "name", "login", "ig_id", "username", "state", "timezone", "quota", "posts_waiting",
        ]  # fmt: skip
        said = "".join(done.stdout + done.stderr for done in (first, second, again)) + str(listed)
        assert "SIM-TOKEN" not in said

    @pytest.mark.parametrize(
        ("arguments", "text", "code", "said"),
        [
            ([], "", 2, "pressrun: the token is empty"),
            (["--token-file", "/nowhere/token"], "", 2, "pressrun: --token-file /nowhere/token: No such file"),
            ([], "SIM-TOKEN-nobody", 1, "pressrun: Instagram refuses the token of bakery"),
        ],
        ids=["empty", "no file", "wrong"],
    )
    def test_a_bad_token_is_one_line(
        self, command: Command, arguments: list[str], text: str, code: int, said: str
    ) -> None:
        added = ["account", "add", "--login", "facebook", "--ig-id", "17841400000000000", "--name", "bakery"]

        done = command.run(*added, *arguments, text=text)

        assert (done.returncode, done.stdout) == (code, "")
        [line] = done.stderr.splitlines()
        assert line.startswith(said)
