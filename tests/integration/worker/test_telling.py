"""Being told: from a post's end to the receiver, over real HTTP, through faults."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from graph.wire.transport import Transport
from models.accounts.account import Account, break_account, lock_account
from models.accounts.block import hold
from models.erasing.erasure import Wish
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.event import Cause
from models.posts.states import PostState, transition
from models.reading.upkeep.notices import list_endpoints
from models.store.session import Database
from models.telling.delivery import FLOOD, MOST_IN_DIGEST, replay, send_test
from models.telling.endpoint import (
    Endpoint,
    How,
    Way,
    add_endpoint,
    find_endpoint,
    lock_endpoint,
    remove_endpoint,
    rotate_secret,
    set_rule,
)
from models.telling.notice import News, NoticeKind, tell
from models.upkeep.sweeping import sweep
from pressrun import clock
from pressrun.failpoints import arm
from pressrun.settings import Settings
from pressrun.vault import Vault
from scheduler.removing import remove
from tests.factories.rows import KEY, make_account, make_post
from tests.support.receiver import Receiver, receiving
from worker.boundary import perform
from worker.context import WorkerContext
from worker.tasks import STEPS

TELLING = [work for work in WORKS if work.name in {"notice", "delivery"}]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as one:
        yield one


@pytest.fixture
def ctx(database: Database, tmp_path: Path) -> Iterator[WorkerContext]:
    with Transport() as transport:
        yield WorkerContext(Settings(home=tmp_path, allow_private_urls=True), database, Vault([KEY]), transport)


def add(ctx: WorkerContext, receiver: Receiver, name: str = "ops", **over: Any) -> int:
    with ctx.database.transaction() as tx:
        endpoint, secret = add_endpoint(tx, name, Way.WEBHOOK, "http://127.0.0.1", receiver.url, ctx.vault)
        for column, value in over.items():
            setattr(endpoint, column, value)
        tx.flush()
        assert secret is not None
        receiver.secrets.append(secret)
        return endpoint.id


def say(ctx: WorkerContext, kind: NoticeKind = NoticeKind.QUOTA_FULL, message: str = "said", **more: Any) -> None:
    with ctx.database.transaction() as tx:
        tell(tx, News(kind, message, **more))


def work(ctx: WorkerContext, *, rounds: int = 1, hurry: bool = False) -> int:
    """Do what is due, deal and send, so many times; `hurry`: as if the time of what waits had come."""
    done = 0
    for _ in range(rounds):
        if hurry:
            with ctx.database.transaction() as tx:
                tx.execute(text("UPDATE deliveries SET next_action_at = now() WHERE next_action_at > now()"))
                tx.execute(text("UPDATE endpoints SET retry_at = now() WHERE retry_at > now()"))
        for one in TELLING:
            with ctx.database.transaction() as tx:
                hints = claim_due(tx, one, limit=500, lease_s=30)
            for hint in hints:
                done += perform(ctx, STEPS, hint)
    return done


def rows(ctx: WorkerContext, query: str, **values: Any) -> list[Any]:
    with ctx.database.transaction() as tx:
        return list(tx.execute(text(query), values))


def end(ctx: WorkerContext, post_id: int, to: PostState, message: str = "Instagram refuses it") -> None:
    with ctx.database.transaction() as tx:
        from_ = PostState(tx.execute(text("SELECT state FROM posts WHERE id = :id"), {"id": post_id}).scalar_one())
        transition(tx, post_id, from_=from_, to=to, claim=None, cause=Cause("step.ended", message, code="9"))


def test_a_post_that_fails_is_told_with_its_account_in_the_transaction_that_fails_it(
    ctx: WorkerContext, receiver: Receiver
) -> None:
    add(ctx, receiver)
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery")
        post = make_post(tx, account, key="bread-1")

    end(ctx, post.id, PostState.FAILED, "Instagram refuses the picture")
    work(ctx)

    [(message_id, said)] = receiver.got
    assert message_id.startswith("msg_")
    assert said["type"] == "post.failed"
    assert said["data"]["account"] == {"name": "bakery"}
    assert said["data"]["message"] == "Instagram refuses the picture"
    assert (said["data"]["post"]["id"], said["data"]["post"]["key"], said["data"]["post"]["code"]) == (
        post.id,
        "bread-1",
        "9",
    )


def test_each_end_of_a_post_has_a_kind_of_its_own(ctx: WorkerContext, receiver: Receiver) -> None:
    add(ctx, receiver)
    ends = {"failed": "scheduled", "expired": "scheduled", "needs_review": "uncertain"}
    with ctx.database.transaction() as tx:
        account = make_account(tx)
        sent = {"uncertain": {"sent_at": clock.now()}}
        posts = {to: make_post(tx, account, state=from_, **sent.get(from_, {})).id for to, from_ in ends.items()}

    for to, post_id in posts.items():
        end(ctx, post_id, PostState(to))
    work(ctx)

    told = {said["data"]["post"]["id"]: said["type"] for _, said in receiver.got}
    assert told == {post_id: f"post.{to}" for to, post_id in posts.items()}


def test_a_transaction_that_is_undone_tells_nothing(ctx: WorkerContext, receiver: Receiver) -> None:
    add(ctx, receiver)
    with ctx.database.transaction() as tx:
        post_id = make_post(tx, make_account(tx)).id

    def undone() -> None:
        with ctx.database.transaction() as tx:
            cause = Cause("post.expired")
            transition(tx, post_id, from_=PostState.SCHEDULED, to=PostState.EXPIRED, claim=None, cause=cause)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()

    assert work(ctx) == 0
    assert receiver.got == []


def test_every_delivery_of_a_run_with_faults_is_verified_and_none_is_lost(
    ctx: WorkerContext, receiver: Receiver
) -> None:
    chance = random.Random(7)
    receiver.fails = lambda: chance.choice([500, 429, "drop"]) if chance.random() < 0.3 else None
    add(ctx, receiver)
    with ctx.database.transaction() as tx:
        account = make_account(tx)
        posts = [make_post(tx, account).id for _ in range(60)]
    for number, post_id in enumerate(posts):
        end(ctx, post_id, PostState.FAILED if number % 2 else PostState.EXPIRED)

    work(ctx, rounds=14, hurry=True)

    told = [
        one for _, said in receiver.got for one in (said["data"]["notices"] if said["type"] == "digest" else [said])
    ]
    assert {one["data"]["post"]["id"] for one in told} == set(posts)
    assert receiver.unverified == 0
    # What it took twice, because it cut the line after taking it, came under one id and said the same.
    assert len({(message_id, json.dumps(said, sort_keys=True)) for message_id, said in receiver.got}) == len(
        {message_id for message_id, _ in receiver.got}
    )
    assert Counter(row.state for row in rows(ctx, "SELECT state FROM deliveries")).keys() == {"delivered"}
    assert len(receiver.got) > len(dict(receiver.got))


def test_a_worker_that_ends_after_it_was_taken_sends_it_again_under_its_id(
    ctx: WorkerContext, receiver: Receiver
) -> None:
    add(ctx, receiver)
    say(ctx)
    arm("delivery.after_send=raise@1")
    try:
        work(ctx)
    finally:
        arm("")
    assert [row.state for row in rows(ctx, "SELECT state FROM deliveries")] == ["owed"]

    work(ctx, hurry=True)

    assert [row.state for row in rows(ctx, "SELECT state FROM deliveries")] == ["delivered"]
    first, again = receiver.got
    assert first == again


def test_a_flood_becomes_one_digest(ctx: WorkerContext, receiver: Receiver) -> None:
    add(ctx, receiver)
    for number in range(FLOOD + 30):
        say(ctx, message=f"said {number}")

    work(ctx)
    assert receiver.kinds == ["quota.full"] * FLOOD
    work(ctx, hurry=True)

    assert receiver.kinds[FLOOD:] == ["digest"]
    assert [one["data"]["message"] for one in receiver.got[-1][1]["data"]["notices"]] == [
        f"said {number}" for number in range(FLOOD, FLOOD + 30)
    ]


def test_a_digest_that_has_been_tried_takes_in_nothing_more(ctx: WorkerContext, receiver: Receiver) -> None:
    endpoint_id = add(ctx, receiver)
    with ctx.database.transaction() as tx:
        set_rule(tx, endpoint_id, account_id=None, kind=None, how=How.DIGEST)
    receiver.fails = lambda: 500
    say(ctx, message="first")
    work(ctx)
    work(ctx, hurry=True)

    say(ctx, message="second")
    receiver.fails = None
    work(ctx)
    work(ctx, hurry=True)

    assert [[one["data"]["message"] for one in said["data"]["notices"]] for _, said in receiver.got] == [
        ["first"],
        ["second"],
    ]


def test_a_digest_that_is_full_is_followed_by_another(ctx: WorkerContext, receiver: Receiver) -> None:
    endpoint_id = add(ctx, receiver)
    with ctx.database.transaction() as tx:
        set_rule(tx, endpoint_id, account_id=None, kind=None, how=How.DIGEST)
    for size, message in ((1, "first"), (MOST_IN_DIGEST - 1, "last"), (MOST_IN_DIGEST, "over")):
        rows(ctx, "UPDATE deliveries SET size = :size RETURNING id", size=size)
        say(ctx, message=message)
        work(ctx)

    work(ctx, hurry=True)

    told = [[one["data"]["message"] for one in said["data"]["notices"]] for _, said in receiver.got]
    assert sorted(told) == [["first", "last"], ["over"]]


def test_the_most_particular_rule_counts(ctx: WorkerContext, receiver: Receiver) -> None:
    endpoint_id = add(ctx, receiver)
    with ctx.database.transaction() as tx:
        one, other = make_account(tx), make_account(tx)
        set_rule(tx, endpoint_id, account_id=None, kind=None, how=How.NEVER)
        set_rule(tx, endpoint_id, account_id=None, kind=NoticeKind.POST_FAILED, how=How.AT_ONCE)
        set_rule(tx, endpoint_id, account_id=one.id, kind=NoticeKind.POST_FAILED, how=How.NEVER)
        set_rule(tx, endpoint_id, account_id=other.id, kind=None, how=How.AT_ONCE)
        set_rule(tx, endpoint_id, account_id=other.id, kind=NoticeKind.POST_LATE, how=How.DIGEST)

    say(ctx, NoticeKind.POST_FAILED, "no", account_id=one.id)
    say(ctx, NoticeKind.QUOTA_FULL, "no", account_id=one.id)
    say(ctx, NoticeKind.QUEUE_SILENT, "no")
    say(ctx, NoticeKind.POST_FAILED, "yes", account_id=other.id)
    say(ctx, NoticeKind.QUOTA_FULL, "yes", account_id=other.id)
    say(ctx, NoticeKind.POST_LATE, "later", account_id=other.id)
    work(ctx)

    assert [said["data"]["message"] for _, said in receiver.got] == ["yes", "yes"]
    owed = "SELECT is_digest FROM deliveries WHERE state = 'owed'"
    assert [row.is_digest for row in rows(ctx, owed)] == [True]
    with ctx.database.transaction() as tx:
        set_rule(tx, endpoint_id, account_id=None, kind=None, how=None)
    say(ctx, NoticeKind.QUEUE_SILENT, "yes")
    work(ctx)
    assert receiver.kinds[-1] == "queue.silent"


def test_what_falls_into_quiet_hours_comes_as_a_digest_at_their_end(ctx: WorkerContext, receiver: Receiver) -> None:
    now = clock.now()
    wall = now.astimezone(clock.zone("Asia/Tokyo"))
    begins, ends = (wall - timedelta(hours=1)).time(), (wall + timedelta(hours=2)).time().replace(microsecond=0)
    add(ctx, receiver, timezone="Asia/Tokyo", quiet_from=begins, quiet_to=ends)

    say(ctx, message="one")
    say(ctx, message="two")
    work(ctx)

    assert receiver.got == []
    [row] = rows(ctx, "SELECT next_action_at, size FROM deliveries")
    assert row.size == 2
    assert timedelta(hours=1, minutes=59) < row.next_action_at - now < timedelta(hours=2, minutes=1)
    rows(ctx, "UPDATE endpoints SET quiet_from = NULL, quiet_to = NULL RETURNING id")
    work(ctx, hurry=True)
    assert [[one["data"]["message"] for one in said["data"]["notices"]] for _, said in receiver.got] == [["one", "two"]]


def test_what_was_due_before_quiet_hours_is_not_sent_in_the_middle_of_them(
    ctx: WorkerContext, receiver: Receiver
) -> None:
    endpoint_id = add(ctx, receiver)
    receiver.fails = lambda: 500
    say(ctx, message="missed")
    work(ctx)
    receiver.fails = None
    wall = clock.now().time()
    hours = {"begins": time(wall.hour, wall.minute), "ends": (clock.now() + timedelta(hours=2)).time()}
    rows(ctx, "UPDATE endpoints SET quiet_from = :begins, quiet_to = :ends RETURNING id", **hours)

    work(ctx, hurry=True)

    [row] = rows(ctx, "SELECT state, tries, next_action_at FROM deliveries")
    assert (receiver.got, row.state, row.tries) == ([], "owed", 1)
    assert timedelta(hours=1, minutes=59) < row.next_action_at - clock.now() < timedelta(hours=2, minutes=1)
    with ctx.database.transaction() as tx:
        send_test(tx, lock_endpoint(tx, endpoint_id), now=clock.now())
    work(ctx)
    assert receiver.kinds == ["test"], "a person waits for it"
    rows(ctx, "UPDATE endpoints SET quiet_from = NULL, quiet_to = NULL RETURNING id")
    work(ctx, hurry=True)
    assert receiver.kinds == ["test", "quota.full"]


def test_while_keys_are_changed_both_sign(ctx: WorkerContext, receiver: Receiver) -> None:
    endpoint_id = add(ctx, receiver)
    with ctx.database.transaction() as tx:
        new = rotate_secret(tx, lock_endpoint(tx, endpoint_id), ctx.vault, old_until=clock.now() + timedelta(hours=1))
    old = receiver.secrets[0]

    for secret in (old, new):
        receiver.secrets[:] = [secret]
        say(ctx)
        work(ctx)
    assert (len(receiver.got), receiver.unverified) == (2, 0)

    with ctx.database.transaction() as tx:
        tx.execute(text("UPDATE endpoints SET old_secret_until = now() - interval '1 s'"))
    receiver.secrets[:] = [old]
    say(ctx)
    work(ctx)
    assert (len(receiver.got), receiver.unverified) == (2, 1)


@pytest.mark.parametrize(("keep_s", "valid"), [(3600, [False, True, True]), (0, [False, False, True])])
def test_of_secrets_that_are_changed_quickly_the_last_two_sign_and_of_one_that_is_known_to_others_none(
    ctx: WorkerContext, receiver: Receiver, keep_s: int, valid: list[bool]
) -> None:
    endpoint_id = add(ctx, receiver)
    for _ in range(2):
        until = clock.now() + timedelta(seconds=keep_s)
        with ctx.database.transaction() as tx:
            receiver.secrets.append(rotate_secret(tx, lock_endpoint(tx, endpoint_id), ctx.vault, old_until=until))
    secrets, found = list(receiver.secrets), []

    for secret in secrets:
        receiver.secrets[:] = [secret]
        before = len(receiver.got)
        say(ctx)
        work(ctx, hurry=True)
        found.append(len(receiver.got) > before)

    assert found == valid


def test_an_endpoint_that_takes_nothing_for_days_is_parked_others_are_told_and_replay_brings_it_all(
    ctx: WorkerContext, receiver: Receiver
) -> None:
    with receiving() as other:
        endpoint_id = add(ctx, receiver)
        add(ctx, other, "boss")
        receiver.fails = lambda: 503
        say(ctx, message="missed")
        work(ctx)
        with ctx.database.transaction() as tx:
            tx.execute(text("UPDATE deliveries SET first_tried_at = now() - interval '71:59:59' WHERE state = 'owed'"))
            tx.execute(text("UPDATE endpoints SET failing_since = now() - interval '71:59:59' WHERE id = 1"))

        say(ctx, message="behind it")
        work(ctx, rounds=3, hurry=True)

        [row] = rows(ctx, "SELECT state, state_reason FROM endpoints WHERE id = :id", id=endpoint_id)
        assert (row.state, row.state_reason) == ("parked", "the receiver answers 503")
        assert "endpoint.parked" in other.kinds
        assert other.got[-1][1]["data"]["message"].startswith("ops has taken no notice since")
        assert receiver.got == []
        first = rows(ctx, "SELECT uid FROM deliveries WHERE endpoint_id = :id ORDER BY id LIMIT 1", id=endpoint_id)[
            0
        ].uid

        receiver.fails = None
        with ctx.database.transaction() as tx:
            assert replay(tx, find_endpoint(tx, "ops"), now=clock.now()) == 3
        work(ctx, rounds=2)

    messages = {said["data"]["message"].partition(" since")[0]: message_id for message_id, said in receiver.got}
    assert messages.keys() == {"missed", "behind it", "ops has taken no notice"}
    assert messages["missed"] == f"msg_{first}"


@pytest.mark.parametrize(("tried_h", "state"), [(60, "owed"), (71.99, "failed")])
def test_it_is_tried_for_three_days(ctx: WorkerContext, receiver: Receiver, tried_h: float, state: str) -> None:
    add(ctx, receiver)
    receiver.fails = lambda: 500
    say(ctx)
    work(ctx)
    began = "now() - make_interval(secs => :s)"
    set_ = f"UPDATE deliveries SET tries = 30, next_action_at = now(), first_tried_at = {began} RETURNING id"  # noqa: S608
    rows(ctx, set_, s=tried_h * 3600)
    receiver.retry_after = "3600"

    work(ctx)

    [row] = rows(ctx, "SELECT state, next_action_at - now() AS pause FROM deliveries")
    assert row.state == state
    assert state == "failed" or timedelta(minutes=59) < row.pause <= timedelta(hours=4)


@pytest.mark.parametrize(
    ("said", "least_s", "most_s"),
    [
        ("1800", 1800, 1800),
        ("999999", 14_400, 14_400),
        *((unheeded, 1, 5) for unheeded in ("0", "-5", "soon", "9" * 40)),
    ],
)
def test_a_receiver_that_says_when_to_come_again_is_believed_within_reason(
    ctx: WorkerContext, receiver: Receiver, said: str, least_s: float, most_s: float
) -> None:
    add(ctx, receiver)
    receiver.fails, receiver.retry_after = lambda: 429, said
    say(ctx)

    begun = clock.now()
    work(ctx)
    ended = clock.now()

    [row] = rows(ctx, "SELECT next_action_at FROM deliveries")
    assert begun + timedelta(seconds=least_s) <= row.next_action_at <= ended + timedelta(seconds=most_s)


def test_a_receiver_that_is_gone_for_good_is_not_tried_again(ctx: WorkerContext, receiver: Receiver) -> None:
    add(ctx, receiver)
    receiver.fails = lambda: 410
    say(ctx)

    work(ctx)

    assert [row.state for row in rows(ctx, "SELECT state FROM endpoints")] == ["parked"]
    assert [row.state for row in rows(ctx, "SELECT state FROM deliveries")] == ["failed"]


def test_an_endpoint_that_fails_for_long_is_tried_by_one_delivery_at_a_time(
    ctx: WorkerContext, receiver: Receiver
) -> None:
    add(ctx, receiver)
    tried = itertools.count(1)
    receiver.fails = lambda: (next(tried), 500)[1]
    for _ in range(5):
        say(ctx)
    work(ctx)
    with ctx.database.transaction() as tx:
        tx.execute(text("UPDATE endpoints SET failing_since = now() - interval '2 minutes', retry_at = now()"))
        tx.execute(text("UPDATE deliveries SET next_action_at = now()"))

    work(ctx)

    assert next(tried) == 5 + 1 + 1


def test_no_private_address_unless_it_is_allowed(ctx: WorkerContext, receiver: Receiver, database: Database) -> None:
    add(ctx, receiver)
    say(ctx)
    strict = WorkerContext(Settings(home=ctx.settings.home), database, ctx.vault, ctx.transport)

    work(strict)

    assert receiver.got == []
    [row] = rows(ctx, "SELECT state, error FROM deliveries")
    assert row.state == "owed"
    assert "private address" in row.error


def test_an_apprise_address_is_told_and_cannot_reach_a_private_address_unless_allowed(
    ctx: WorkerContext, receiver: Receiver, database: Database
) -> None:
    taken: list[bytes] = []
    receiver.keeps = taken
    place = receiver.url.removeprefix("http://").partition("/")[0]
    address = f"json://someone:hunter2@{place.replace('127.0.0.1', 'localhost')}/a-path-that-is-secret"
    with ctx.database.transaction() as tx:
        add_endpoint(tx, "mail", Way.APPRISE, "JSON", address, ctx.vault)
        account_id = make_account(tx, name="bakery").id
    say(ctx, NoticeKind.QUOTA_FULL, "ten posts too many", account_id=account_id)

    work(WorkerContext(Settings(home=ctx.settings.home), database, ctx.vault, ctx.transport))
    assert taken == []
    [row] = rows(ctx, "SELECT error FROM deliveries")
    assert "private address" in row.error

    work(ctx, hurry=True)
    [body] = taken
    assert json.loads(body)["message"] == "ten posts too many"
    assert json.loads(body)["title"] == "Pressrun: bakery: more posts than may go out"


def test_what_is_said_of_an_apprise_address_that_fails_repeats_nothing_of_it(
    ctx: WorkerContext, caplog: pytest.LogCaptureFixture
) -> None:
    with ctx.database.transaction() as tx:
        address = "json://someone:hunter2@localhost:9/a-path-that-is-secret"
        add_endpoint(tx, "mail", Way.APPRISE, "JSON", address, ctx.vault)
    say(ctx)

    work(ctx)

    [row] = rows(ctx, "SELECT error, (SELECT address_sealed FROM endpoints) AS sealed FROM deliveries")
    assert row.error
    for secret in ("someone", "hunter2", "a-path-that-is-secret"):
        assert secret not in row.error
        assert secret not in caplog.text
        assert secret not in row.sealed


def test_an_account_whose_token_is_refused_is_told_once(ctx: WorkerContext, receiver: Receiver) -> None:
    add(ctx, receiver)
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery")
        seen = account.token_sealed
    for _ in range(3):
        with ctx.database.transaction() as tx:
            assert break_account(tx, account.id, token_seen=seen, reason="the password was changed")

    work(ctx)

    assert receiver.kinds == ["account.broken"]
    assert "the password was changed" in receiver.got[0][1]["data"]["message"]
    assert receiver.got[0][1]["data"]["account"]["name"] == "bakery"


def test_a_hold_is_told_once_however_many_calls_were_suspected(ctx: WorkerContext, receiver: Receiver) -> None:
    add(ctx, receiver)
    with ctx.database.transaction() as tx:
        account = make_account(tx)
    now = clock.now()
    for _ in range(3):
        with ctx.database.transaction() as tx:
            lock_account(tx, account.id)
            hold(tx, account.id, reason="suspected", now=now)

    work(ctx)

    assert receiver.kinds == ["account.blocked"]


def test_where_nobody_listens_nothing_is_owed_and_a_later_endpoint_does_not_hear_of_it(
    ctx: WorkerContext, receiver: Receiver
) -> None:
    with ctx.database.transaction() as tx:
        post_id = make_post(tx, make_account(tx)).id
    end(ctx, post_id, PostState.FAILED)
    add(ctx, receiver)

    assert work(ctx) == 0
    assert [row.kind for row in rows(ctx, "SELECT kind FROM notices")] == ["post.failed"]


def test_a_removed_endpoint_is_sent_nothing_and_what_opened_it_is_wiped(ctx: WorkerContext, receiver: Receiver) -> None:
    endpoint_id = add(ctx, receiver)
    say(ctx)
    with ctx.database.transaction() as tx:
        hints = claim_due(tx, TELLING[0], limit=1, lease_s=30)
    perform(ctx, STEPS, hints[0])
    with ctx.database.transaction() as tx:
        remove_endpoint(tx, lock_endpoint(tx, endpoint_id))

    work(ctx)

    assert receiver.got == []
    assert [row.state for row in rows(ctx, "SELECT state FROM deliveries")] == ["canceled"]
    with ctx.database.transaction() as tx:
        endpoint = tx.get_one(Endpoint, endpoint_id)
        assert (endpoint.address_sealed, endpoint.secret_sealed, endpoint.old_secret_sealed) == (None, None, None)


def test_a_test_reaches_an_endpoint_whatever_its_rules_say(ctx: WorkerContext, receiver: Receiver) -> None:
    endpoint_id = add(ctx, receiver, quiet_from=time(0), quiet_to=time(23, 59, 59))
    with ctx.database.transaction() as tx:
        set_rule(tx, endpoint_id, account_id=None, kind=None, how=How.NEVER)
        send_test(tx, lock_endpoint(tx, endpoint_id), now=clock.now())

    work(ctx)

    assert receiver.kinds == ["test"]


def test_a_test_that_does_not_arrive_is_not_tried_again(ctx: WorkerContext, receiver: Receiver) -> None:
    endpoint_id = add(ctx, receiver)
    receiver.fails = lambda: 500
    with ctx.database.transaction() as tx:
        send_test(tx, lock_endpoint(tx, endpoint_id), now=clock.now())

    work(ctx)

    [row] = rows(ctx, "SELECT state, error FROM deliveries")
    assert (row.state, row.error) == ("failed", "the receiver answers 500")
    with ctx.database.transaction() as tx:
        assert [one.missed for one in list_endpoints(tx)] == [0]
        assert replay(tx, lock_endpoint(tx, endpoint_id), now=clock.now()) == 0
    assert [row.state for row in rows(ctx, "SELECT state FROM endpoints")] == ["active"]


def test_a_key_is_told_once(ctx: WorkerContext, receiver: Receiver) -> None:
    add(ctx, receiver)
    for _ in range(3):
        say(ctx, key="quota.full:1:2026-12-01")

    work(ctx)

    assert len(receiver.got) == 1


def test_an_account_that_is_erased_takes_its_notices_and_leaves_those_of_others(
    ctx: WorkerContext, receiver: Receiver
) -> None:
    endpoint_id = add(ctx, receiver)
    with ctx.database.transaction() as tx:
        gone, other = make_account(tx, name="gone"), make_account(tx, name="other")
        set_rule(tx, endpoint_id, account_id=None, kind=NoticeKind.POST_LATE, how=How.DIGEST)
        set_rule(tx, endpoint_id, account_id=gone.id, kind=NoticeKind.POST_FAILED, how=How.AT_ONCE)
    for account in (gone, other):
        say(ctx, NoticeKind.POST_LATE, account.name, account_id=account.id)
        say(ctx, NoticeKind.QUOTA_FULL, account.name, account_id=account.id)
    work(ctx)
    say(ctx, NoticeKind.POST_FAILED, "not dealt out yet", account_id=gone.id)

    with ctx.database.transaction() as tx:
        remove(tx, tx.get_one(Account, gone.id), Wish(asked_by="owner", why=None, now=clock.now()), erase=True)
    work(ctx, hurry=True)

    assert {row.account_name for row in rows(ctx, "SELECT account_name FROM notices")} == {"other"}
    [late] = [said for _, said in receiver.got if said["type"] == "digest"]
    assert [one["data"]["message"] for one in late["data"]["notices"]] == ["other"]
    assert rows(ctx, "SELECT id FROM deliveries d WHERE state = 'owed'") == []


def test_retention_takes_what_was_told_and_leaves_what_is_owed(ctx: WorkerContext, receiver: Receiver) -> None:
    add(ctx, receiver)
    say(ctx, message="old and told")
    work(ctx)
    receiver.fails = lambda: 500
    say(ctx, message="old and owed")
    work(ctx)
    with ctx.database.transaction() as tx:
        tx.execute(text("UPDATE notices SET at = at - interval '2 years'"))
        tx.execute(text("UPDATE deliveries SET created_at = created_at - interval '2 years'"))

    now = clock.now()
    for _ in range(2):
        with ctx.database.transaction() as tx:
            sweep(tx, before=now - timedelta(days=365), now=now, limit=100)

    assert [row.message for row in rows(ctx, "SELECT message FROM notices")] == ["old and owed"]
    assert [row.state for row in rows(ctx, "SELECT state FROM deliveries")] == ["owed"]


def test_the_end_of_quiet_hours_is_a_wall_time_over_a_change_of_clocks() -> None:
    from models.telling.delivery import next_at

    before = datetime.fromisoformat("2026-03-28T20:00:00+00:00")
    assert next_at("Europe/Zurich", time(7), before) == datetime.fromisoformat("2026-03-29T05:00:00+00:00")
    assert next_at("Europe/Zurich", time(2, 30), before) == datetime.fromisoformat("2026-03-29T01:00:00+00:00")
