"""A reply to a mention stands at most once, whatever breaks, and what became of it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Row

from models.accounts.account import Account
from models.history.mention import Mention
from models.owed.claims import ClaimLost, claim_due, take
from models.owed.works import WORKS
from models.publishing.reply import queue_reply, resolve_reply
from models.store.session import Database
from pressrun import clock, failpoints
from pressrun.errors import Conflict, NotPossible
from pressrun.failpoints import FailpointRaised
from tests.integration.harvest.conftest import LEASE_S, STILL, Field, settings_for
from tests.integration.harvest.instagram import publish
from tests.support.simulator import Simulator
from tests.support.waiting import until
from worker import reply as step
from worker.reply import MOST_SENDS

WORK = next(work for work in WORKS if work.name == "reply")
POINTS = ("reply.after_intent", "reply.after_response", "reply.after_record")
ASKED_TWICE = timedelta(minutes=2)
"""Later than a second reading may be."""
LOST = ("hang", "reset", "500", "2207051", "fatal", "html", "truncated", "empty")
TEXT = "Thank you, Ana!"


@pytest.fixture
def field(database: Database, simulator_factory: Callable[..., Simulator]) -> Iterator[Field]:
    simulator = simulator_factory(accounts=2, **STILL)
    field = Field(database, settings_for(simulator.url, call_deadline="1s"), simulator)
    yield field
    field.transport.close()


@pytest.fixture
def account(field: Field) -> Account:
    username = field.simulator.http.get("/_sim/accounts").json()[0]["username"]
    return field.account(0, username=username)


def mention(field: Field, account: Account, *, own: bool, kind: str = "comment") -> int:
    """Somebody names the account below its own or a stranger's media; the mention's number."""
    body: dict[str, Any] = {"account": 0, "kind": kind}
    if own:
        body["media_id"] = publish(field.simulator, 0)[0]
        field.sql(
            "INSERT INTO media (account_id, ig_id, first_seen_at, last_seen_at) VALUES (:a, :id, now(), now())",
            a=account.id,
            id=body["media_id"],
        )
    made = field.simulator.post("/_sim/mention", **body)
    return int(
        field.value(
            """
            INSERT INTO mentions (account_id, ig_media_id, ig_comment_id, state, announced_at)
            VALUES (:a, :media, :comment, 'read', now()) RETURNING id
            """,
            a=account.id,
            media=made["media_id"],
            comment=made.get("comment_id", ""),
        )
    )


def queue(field: Field, mention_id: int, text: str = TEXT, *, again: bool = False) -> int:
    with field.database.transaction() as tx:
        return queue_reply(tx, tx.get_one(Mention, mention_id), text, again=again, now=clock.now()).id


def work(field: Field, *, later: timedelta = timedelta(0)) -> Row[Any]:
    """One step of the reply that is open, as if it were that much later; returns it as it is then."""
    field.sql(
        """
        WITH due AS (UPDATE replies SET next_action_at = now(), leased_until = NULL WHERE next_action_at IS NOT NULL)
        UPDATE attempts SET intent_at = intent_at - :later, finished_read_at = finished_read_at - :later
         WHERE settled_at IS NULL
        """,
        later=later,
    )
    with field.database.transaction() as tx:
        (hint,) = claim_due(tx, WORK, limit=10, lease_s=LEASE_S)
    with field.database.transaction() as tx:
        lease = take(tx, "replies", hint.id, hint.claim, lease_s=LEASE_S)
    assert lease is not None
    step.run(field.ctx, lease)
    return field.row("SELECT * FROM replies WHERE id = :id", id=hint.id)


def work_to_the_end(field: Field) -> Row[Any]:
    """Steps until nothing is owed, each some minutes after the one before."""
    for _ in range(20):
        if not field.value("SELECT count(*) FROM replies WHERE next_action_at IS NOT NULL"):
            break
        work(field, later=timedelta(minutes=6))
    return field.row("SELECT * FROM replies ORDER BY id DESC LIMIT 1")


def standing(field: Field, mention_id: int, text: str = TEXT) -> int:
    """How many comments with that text stand where the reply belongs: what a follower would see."""
    row = field.row("SELECT * FROM mentions WHERE id = :id", id=mention_id)
    fields = "comments{text,replies{text}}"
    expression = f"mentioned_media.media_id({row.ig_media_id}){{{fields}}}"
    if row.ig_comment_id:
        expression = f"mentioned_comment.comment_id({row.ig_comment_id}){{replies{{text}}}}"
    answer = field.simulator.http.get(
        f"/v25.0/{field.simulator.ig_id(0)}",
        params={"fields": expression},
        headers={"Authorization": f"Bearer {field.simulator.token(0)}"},
    ).json()
    return str(answer).count(f"'{text}'")


@pytest.mark.parametrize("kind", ["comment", "caption"])
def test_a_reply_is_written_where_the_mention_is(field: Field, account: Account, kind: str) -> None:
    mention_id = mention(field, account, own=False, kind=kind)
    queue(field, mention_id)

    row = work(field)

    assert (row.state, row.sends, row.settled_by, row.error) == ("sent", 1, "answer", None)
    assert row.comment_id
    assert (row.next_action_at, row.leased_until) == (None, None)
    assert standing(field, mention_id) == 1


@pytest.mark.parametrize("own", [True, False], ids=["own", "strange"])
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_that_dies_writes_it_at_most_once(field: Field, account: Account, point: str, own: bool) -> None:
    mention_id = mention(field, account, own=own)
    queue(field, mention_id)
    failpoints.arm(f"{point}=raise@1")
    with pytest.raises(FailpointRaised):
        work(field)
    failpoints.arm("")

    row = work_to_the_end(field)

    if own or point == "reply.after_record":
        assert row.state == "sent"
        assert standing(field, mention_id) == 1
    else:
        assert row.state == "needs_review"
        assert standing(field, mention_id) == (point == "reply.after_response")
        assert "say whether it does" in row.error


@pytest.mark.parametrize("own", [True, False], ids=["own", "strange"])
@pytest.mark.parametrize("lost", LOST)
def test_a_lost_answer_writes_it_at_most_once(field: Field, account: Account, lost: str, own: bool) -> None:
    mention_id = mention(field, account, own=own)
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode=f"accept_then_{lost}", seconds=3, count=1)

    first = work(field)
    row = work_to_the_end(field)

    assert first.state == "unknown"
    assert standing(field, mention_id) == 1
    assert row.sends == 1
    assert (row.state, row.settled_by) == (("sent", "reading") if own else ("needs_review", None))


@pytest.mark.parametrize("point", POINTS[:2])
@pytest.mark.parametrize("lost", ["reset", "500"])
def test_a_lost_answer_and_then_a_death_write_it_at_most_once(
    field: Field, account: Account, lost: str, point: str
) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode=f"accept_then_{lost}", count=1)
    failpoints.arm(f"{point}=raise@1")
    with pytest.raises(FailpointRaised):
        work(field)
    failpoints.arm("")

    row = work_to_the_end(field)

    assert row.state == "sent"
    assert standing(field, mention_id) == 1


def test_what_did_not_arrive_is_sent_again_once_reading_has_proved_it(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode="refuse_500", count=1)

    assert work(field).state == "unknown"
    assert work(field).state == "unknown"  # it may still appear
    first_read = work(field, later=timedelta(minutes=6))
    assert field.value("SELECT finished_reads FROM attempts") == 1
    too_soon, second_read = work(field), work(field, later=ASKED_TWICE)
    assert [row.state for row in (first_read, too_soon, second_read)] == ["unknown", "unknown", "queued"]
    row = work(field)

    assert (row.state, row.sends) == ("sent", 2)
    assert standing(field, mention_id) == 1


def test_four_pages_of_newer_replies_do_not_hide_it(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode="accept_then_500", count=1)
    assert work(field).state == "unknown"
    comment_id = field.value("SELECT ig_comment_id FROM mentions")
    for number in range(205):
        newer = {"message": f"newer {number}", "access_token": field.simulator.token(0)}
        field.simulator.http.post(f"/v25.0/{comment_id}/replies", data=newer).raise_for_status()

    row = work_to_the_end(field)

    assert (row.state, row.sends, row.settled_by) == ("sent", 1, "reading")


def test_it_is_not_sent_for_ever(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode="refuse_500")

    row = work_to_the_end(field)

    assert (row.state, row.sends) == ("failed", MOST_SENDS)
    assert standing(field, mention_id) == 0


def test_what_instagram_refuses_is_told(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=False)
    field.sql("UPDATE mentions SET ig_media_id = '17999999999999999'")
    queue(field, mention_id)

    row = work_to_the_end(field)

    assert row.state in {"failed", "needs_review"}
    assert "does not exist" in row.error or "cannot be told" in row.error


def test_it_waits_while_the_gate_is_shut_without_a_call(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    field.sql(
        "INSERT INTO gates (key, account_id, level, changed_at, until)"
        " VALUES ('account:' || CAST(:a AS bigint), :a, 'shut', now(), now() + interval '10 minutes')",
        a=account.id,
    )
    before = field.simulator.report()["calls_total"]

    row = work(field)

    assert (row.state, row.sends, row.tries) == ("queued", 0, 0)
    assert row.next_action_at - clock.now() > timedelta(minutes=5)
    assert field.simulator.report()["calls_total"] == before


def test_a_refused_token_breaks_the_account_and_the_reply_waits(field: Field, account: Account) -> None:
    queue(field, mention(field, account, own=True))
    field.simulator.post("/_sim/token", account=0, action="expire")

    row = work(field)

    assert (row.state, row.sends) == ("queued", 0)
    assert field.value("SELECT state FROM accounts WHERE id = :id", id=account.id) == "broken"
    assert work(field).state == "queued"


def test_an_answer_that_comes_after_the_claim_has_passed_on_is_kept(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=False)
    queue(field, mention_id)
    with field.database.transaction() as tx:
        (hint,) = claim_due(tx, WORK, limit=10, lease_s=LEASE_S)
    with field.database.transaction() as tx:
        lease = take(tx, "replies", hint.id, hint.claim, lease_s=LEASE_S)
    assert lease is not None
    failpoints.arm("reply.after_response=stall:2")

    def send() -> None:
        with pytest.raises(ClaimLost):
            step.run(field.ctx, lease)

    thread = threading.Thread(target=send)
    thread.start()
    until(lambda: field.simulator.report()["calls"].get("mention_create"))
    field.sql("UPDATE replies SET claim = claim + 1, state = 'unknown'")
    thread.join(60)

    assert field.value("SELECT state FROM replies") == "sent"


def test_a_renamed_account_knows_its_reply(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode="accept_then_500", count=1)
    work(field)
    field.simulator.post("/_sim/account", account=0, username="the.new.name")

    row = work_to_the_end(field)

    assert (row.state, row.sends, row.settled_by) == ("sent", 1, "reading")
    assert standing(field, mention_id) == 1


def test_the_same_words_under_another_name_go_to_a_person(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True, kind="comment")
    field.sql("UPDATE mentions SET ig_comment_id = ''")  # the reply goes below the media, as a stranger's comment does
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode="refuse_500", count=1)
    work(field)
    field.simulator.post("/_sim/comment", account=0, text=TEXT)

    row = work_to_the_end(field)

    assert (row.state, row.sends) == ("needs_review", 1)
    assert "under another name" in row.error
    told = field.row("SELECT * FROM notices")
    assert (told.kind, told.account_id) == ("comment.needs_review", account.id)
    assert told.message == f"the reply to mention {mention_id}: {row.error}"
    assert told.detail == {"reply": row.id, "mention": mention_id}


def test_a_reply_to_a_reply_is_never_taken_for_absent(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    field.sql(
        """
        INSERT INTO comments (account_id, ig_id, ig_media_id, parent_ig_id, first_seen_at, last_seen_at)
        SELECT account_id, ig_comment_id, ig_media_id, '1', now(), now() FROM mentions
        """
    )
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode="refuse_500", count=1)

    assert work_to_the_end(field).state == "needs_review"


def test_a_lease_that_runs_out_between_intent_and_call_sends_nothing(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    with field.database.transaction() as tx:
        (hint,) = claim_due(tx, WORK, limit=10, lease_s=LEASE_S)
    with field.database.transaction() as tx:
        lease = take(tx, "replies", hint.id, hint.claim, lease_s=1.5)  # half a second more than a call may take
    assert lease is not None
    failpoints.arm("reply.after_intent=stall:1")

    step.run(field.ctx, lease)

    failpoints.arm("")
    assert field.simulator.report()["calls"].get("mention_create", 0) == 0
    assert tuple(field.row("SELECT state, sends FROM replies")) == ("queued", 0)
    assert work(field).state == "sent"


def test_a_block_holds_the_account_and_the_reply(field: Field, account: Account) -> None:
    queue(field, mention(field, account, own=True))
    field.simulator.fault(endpoint="mention_create", mode="refuse", code=368, count=1)

    row = work(field)

    assert (row.state, row.tries) == ("queued", 0)
    assert field.value("SELECT state FROM accounts WHERE id = :id", id=account.id) == "blocked"


def test_a_second_reply_is_refused_unless_it_is_asked_for(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    with pytest.raises(Conflict, match="has a reply that is queued"):
        queue(field, mention_id, again=True)
    work(field)
    with pytest.raises(Conflict, match="ask for a further reply"):
        queue(field, mention_id)
    queue(field, mention_id, again=True)

    row = work(field)

    assert (row.state, row.number) == ("sent", 2)
    assert standing(field, mention_id) == 2


def test_an_earlier_reply_with_the_same_words_is_not_taken_for_the_new_one(field: Field, account: Account) -> None:
    mention_id = mention(field, account, own=True)
    queue(field, mention_id)
    work(field)
    queue(field, mention_id, again=True)
    field.simulator.fault(endpoint="mention_create", mode="refuse_500", count=1)

    row = work_to_the_end(field)

    assert (row.state, row.number, row.sends) == ("sent", 2, 2)
    assert standing(field, mention_id) == 2
    assert field.value("SELECT count(DISTINCT comment_id) FROM replies") == 2


@pytest.mark.parametrize(("was_sent", "state"), [(True, "sent"), (False, "failed")])
def test_a_person_decides_what_nobody_can_read(field: Field, account: Account, was_sent: bool, state: str) -> None:
    mention_id = mention(field, account, own=False)
    queue(field, mention_id)
    field.simulator.fault(endpoint="mention_create", mode="accept_then_reset", count=1)
    assert work_to_the_end(field).state == "needs_review"
    with pytest.raises(Conflict, match="say whether it stands"):
        queue(field, mention_id, again=True)

    with field.database.transaction() as tx:
        resolve_reply(tx, tx.get_one(Mention, mention_id), was_sent=was_sent, now=clock.now())

    assert field.value("SELECT state FROM replies") == state
    if was_sent:
        with pytest.raises(Conflict, match="ask for a further reply"):
            queue(field, mention_id)
    else:
        queue(field, mention_id)
        assert work(field).state == "sent"
    with pytest.raises(NotPossible, match="nothing to resolve"), field.database.transaction() as tx:
        resolve_reply(tx, tx.get_one(Mention, mention_id), was_sent=True, now=clock.now())
