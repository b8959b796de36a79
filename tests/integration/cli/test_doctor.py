"""`pressrun doctor` finds what is wrong, says what to do, and ends with 1."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import redis
from pydantic import SecretStr
from sqlalchemy import select, text

from cli.commands.upkeep.doctor import examine
from console.app import create_app
from machine.runtime import ping
from machine.schema import status
from models.accounts.account import Account
from models.store.partitions import PARTITIONED
from models.upkeep.invariants import INVARIANTS
from operations.operation import Context
from pressrun import clock
from pressrun.embedded.servers import redis_py_url
from pressrun.finding import Finding, Result
from pressrun.media.links import derive_key
from pressrun.settings import Settings
from pressrun.vault import generate_key
from tests.factories.rows import KEY, make_attempt, make_object, make_post
from tests.integration.cli.conftest import Command, Here
from tests.support.buckets import s3_server
from tests.support.servers import private_redis
from tests.support.web import serve


@pytest.fixture
def settings(here: Here, redis_url: str) -> Settings:
    return here.runtime.settings.model_copy(update={"redis_url": redis_url})


def failures(settings: Settings, **over: object) -> dict[str, Finding]:
    found = examine(settings.model_copy(update=over))
    return {finding.name: finding for finding in found if finding.is_failure}


def test_a_sound_installation_passes(here: Here, settings: Settings) -> None:
    here.add(0)

    found = examine(settings)

    assert not [finding for finding in found if finding.is_failure]
    of_machine = {"postgres", "schema", "clock", "redis", "redis eviction", "graph version", "secret keys"}
    assert of_machine | {"tokens", "partitions", "invariants"} <= {finding.check for finding in found}


def test_a_server_that_does_not_answer(settings: Settings) -> None:
    found = failures(
        settings, database_url="postgresql://app:its-password@127.0.0.1:1/x", redis_url="redis://127.0.0.1:1"
    )

    assert set(found) == {"postgres", "redis"}
    assert all(finding.advice for finding in found.values())
    assert "its-password" not in found["postgres"].detail


def test_an_old_schema(here: Here, settings: Settings) -> None:
    head = status(here.database).head
    here.execute("UPDATE alembic_version SET version_num = '0000'")
    try:
        found = failures(settings)
    finally:
        here.execute(f"UPDATE alembic_version SET version_num = '{head}'")  # noqa: S608 - our own

    assert set(found) == {"schema"}
    assert "this release needs" in found["schema"].detail


def test_a_broker_that_throws_hints_away(settings: Settings) -> None:
    # A server of its own: other tests ask the shared one at the same time.
    with private_redis() as url:
        with redis.Redis.from_url(redis_py_url(url)) as client:
            client.config_set("maxmemory-policy", "allkeys-lru")
        found = failures(settings, redis_url=url)

    assert set(found) == {"redis eviction"}


def test_a_broker_that_takes_no_hints_and_one_that_tells_nothing_of_itself(settings: Settings) -> None:
    with private_redis() as url, redis.Redis.from_url(redis_py_url(url)) as client:
        client.execute_command("ACL", "SETUSER", "default", "-info")
        untold = failures(settings, redis_url=url)
        ping(url)
        client.config_set("maxmemory", "1")
        full = failures(settings, redis_url=url)
        client.config_set("maxmemory", "0")
        client.execute_command("ACL", "SETUSER", "default", "-lpush")
        refused = failures(settings, redis_url=url)
        assert client.keys() == []

    assert untold == {}
    assert "version not told, takes no hints: command not allowed when used memory" in full["redis"].detail
    assert "takes no hints: " in refused["redis"].detail


def test_no_key(here: Here, settings: Settings) -> None:
    here.add(0)

    assert set(failures(settings, secret_keys=[])) == {"secret keys"}


def test_a_token_that_no_key_opens(here: Here, settings: Settings) -> None:
    here.add(0)

    found = failures(settings, secret_keys=[SecretStr(generate_key())])

    assert set(found) == {"tokens"}
    assert "sim-0" in found["tokens"].detail


def test_a_broken_account(here: Here, settings: Settings) -> None:
    here.add(0)
    here.execute("UPDATE accounts SET state = 'broken', state_reason = 'the token was refused'")

    assert set(failures(settings)) == {"account sim-0"}


def test_posts_that_wait_for_a_person_or_did_not_go_out(here: Here, settings: Settings) -> None:
    account = here.add(0).account
    with here.database.transaction() as tx:
        for state, age in (("failed", 1), ("failed", 2), ("expired", 1), ("failed", 8)):
            make_post(tx, account, state=state, publish_at=clock.now() - timedelta(days=age), next_action_at=None)

    found = {finding.check: finding for finding in examine(settings)}

    assert found["posts not published"].result is Result.NOTE
    assert found["posts not published"].detail == "1 expired, 2 failed in the last 7 days"
    assert "posts to review" not in found


def test_a_month_without_its_partition(here: Here, settings: Settings) -> None:
    name = f"{PARTITIONED[0]}_{clock.now():%Y_%m}"
    here.execute(f"DROP TABLE {name}")

    found = failures(settings)

    assert set(found) == {"partitions"}
    assert name in found["partitions"].detail


def test_a_violated_invariant(here: Here, settings: Settings) -> None:
    account = here.add(0).account
    with here.database.transaction() as tx:
        attempt = make_attempt(tx, make_post(tx, account))

    found = failures(settings)
    here.execute("DELETE FROM attempts")  # the fixture checks the invariants too

    assert all(check.startswith("invariant ") for check in found)
    assert f"attempt {attempt.id}" in found["invariant attempt_without_publishing"].detail


def test_what_changed_long_ago_is_looked_at_by_the_full_form(here: Here, settings: Settings) -> None:
    account = here.add(0).account
    with here.database.transaction() as tx:
        post = make_post(tx, account, state="published", published_at=clock.now(), next_action_at=None, parts=1)
        tx.execute(text("UPDATE posts SET publish_at = now() - interval '30 days' WHERE id = :id"), {"id": post.id})

    (glance,) = (one for one in examine(settings) if one.check == "invariants")
    violated = {one.name for one in examine(settings, full=True) if one.is_failure}
    here.execute("DELETE FROM parts")  # the fixture checks the invariants too
    (whole,) = (one for one in examine(settings, full=True) if one.check == "invariants")

    assert "changed since" in glance.detail
    assert "invariant published_without_media_id" in violated
    assert whole.detail.endswith("in all of it")


def test_what_was_violated_is_looked_for_again_until_it_holds(here: Here, settings: Settings) -> None:
    name = "published_without_media_id"
    here.add(0)
    examine(settings)
    with here.database.transaction() as tx:
        then = "UPDATE seen_invariants SET held_at = now() - interval '40 days' WHERE name = :name"
        tx.execute(text(then), {"name": name})
        account = tx.scalars(select(Account)).one()
        post = make_post(tx, account, state="published", published_at=clock.now(), next_action_at=None, parts=1)
        tx.execute(text("UPDATE posts SET publish_at = now() - interval '30 days' WHERE id = :id"), {"id": post.id})

    found = [set(failures(settings)) for _ in range(2)]
    here.execute("DELETE FROM parts")

    assert found == [{f"invariant {name}"}] * 2
    assert not failures(settings)
    with here.database.transaction() as tx:
        held = tx.execute(text("SELECT count(*) FROM seen_invariants WHERE held_at > now() - interval '1 minute'"))
        assert held.scalar_one() == len(INVARIANTS)


def test_a_media_folder_that_is_a_file(settings: Settings, tmp_path: Path) -> None:
    home = tmp_path / "other home"
    home.mkdir()
    (home / "media").symlink_to(home / "nowhere")

    found = failures(settings, home=home)

    assert found


def test_the_command_tells_each_check_and_ends_with_1_if_one_fails(here: Here, command: Command) -> None:
    here.add(0)

    sound = command.json("doctor")
    broken = command.run("doctor", SECRET_KEYS=generate_key())

    assert all(list(row) == ["check", "ok", "result", "detail", "advice"] for row in sound)
    assert all(row["ok"] for row in sound)
    assert broken.returncode == 1
    assert any(line.startswith("FAIL  tokens") for line in broken.stdout.splitlines())


class TestRoutes:
    def test_what_does_not_get_into_the_bucket_or_out_of_it_is_told(self, here: Here, settings: Settings) -> None:
        here.add(0)
        with here.database.transaction() as tx:
            make_object(tx, tries=3, error="the bucket x refuses: AccessDenied")
            make_object(tx, tries=3, error="the bucket x refuses: AccessDenied", state="leaving")
            make_object(tx, tries=1, error="in passing")

        found = [one for one in examine(settings) if one.check == "media in the bucket"]

        assert [one.detail for one in found] == [
            "1 could not be put into it: the bucket x refuses: AccessDenied",
            "1 could not be taken out of it: the bucket x refuses: AccessDenied",
        ]

    def test_our_own_address_is_fetched_as_instagram_would(self, here: Here, settings: Settings) -> None:
        app = create_app(
            Context(here.database, settings),
            media_keys=[derive_key(KEY)],
            media_root=settings.home / "media",
            schema_head=status(here.database).head,
        )
        with serve(app) as url:
            good = examine(settings.model_copy(update={"public_url": url}))
            bad = examine(settings.model_copy(update={"public_url": f"{url}/elsewhere"}))

        assert [(one.result, one.detail) for one in good if one.check == "media host"] == [
            (Result.OK, "GET, HEAD and Range are answered as Instagram needs it")
        ]
        assert [one.result for one in bad if one.check == "media host"] == [Result.FAIL]

    def test_a_bucket_is_tried_and_left_empty(self, here: Here, settings: Settings) -> None:
        with s3_server() as s3:
            secrets = {name: SecretStr(s3.settings[name]) for name in ("s3_access_key", "s3_secret_key")}
            with_bucket = settings.model_copy(update=s3.settings | secrets)
            good = examine(with_bucket)
            bad = examine(with_bucket.model_copy(update={"s3_bucket": "nowhere"}))
            shut = examine(with_bucket.model_copy(update={"s3_secret_key": SecretStr("v1:abc:def:ghi")}))
            left = s3.keys()

        assert [one.result for one in good if one.check == "media bucket"] == [Result.OK]
        [told] = [one for one in bad if one.check == "media bucket"]
        assert told.result is Result.FAIL
        assert told.detail.startswith("the bucket nowhere refuses: ")
        assert [one.result for one in shut if one.check == "media bucket"] == [Result.FAIL]
        assert left == []
