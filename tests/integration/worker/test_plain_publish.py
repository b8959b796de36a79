"""The plain publish leaves the rows of the long way, in two round trips; what is not plain it does not touch."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import event, text

from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.posts.states import PostState
from pressrun.network.hints import Hint, Task
from tests.factories.rows import make_endpoint
from tests.support.bench import Bench
from tests.support.waiting import until
from worker.boundary import perform
from worker.publishing import plain_publish, publish
from worker.tasks import STEPS

TABLES = {
    "posts": "id",
    "attempts": "post_id",
    "quota_entries": "(SELECT post_id FROM attempts WHERE id = attempt_id)",
    "containers": "(SELECT post_id FROM parts WHERE id = part_id)",
    "parts": "post_id",
    "media": "(SELECT post_id FROM parts WHERE id = part_id)",
    "post_events": "post_id",
    "notices": "post_id",
}
A_TIME = re.compile(r"\d{4}-\d\d-\d\dT")
LATER = ("next_action_at",)
"""What is owed after the publish comes half a minute later."""


def staged(bench: Bench, **columns: str) -> tuple[int, Hint]:
    """A post that is due, and the hint of its publish."""
    post_id = bench.post(bench.account(0), **columns)
    bench.drive(post_id, PostState.STAGED)
    bench.hurry()
    return post_id, hint_of(bench, post_id)


def stage_all(bench: Bench) -> None:
    """All posts are staged and due, and none has gone out."""

    def are_staged() -> bool:
        bench.hurry()
        bench.step(Task.POST_STAGE, Task.POST_POLL)
        return not bench.value("SELECT count(*) FROM posts WHERE state <> 'staged'")

    until(are_staged)
    bench.hurry()


def hint_of(bench: Bench, post_id: int) -> Hint:
    with bench.database.transaction() as tx:
        [hint] = claim_due(tx, WORKS[0], limit=10, lease_s=30)
    assert (hint.id, hint.task) == (post_id, Task.POST_PUBLISH)
    return hint


def rows(bench: Bench, hint: Hint) -> dict[str, list[Any]]:
    """All rows of a hint's post, without what each post has of its own: numbers, ids, times, key.

    Claims are those since the hint: how often its container was looked at before is no matter of the publish.
    """
    found = {}
    with bench.database.transaction() as tx:
        for table, owner in TABLES.items():
            query = text(f"SELECT to_jsonb(t) FROM {table} t WHERE {owner} = :id ORDER BY t.id")  # noqa: S608
            found[table] = [alike(row) for row in tx.scalars(query, {"id": hint.id})]
    for row in (*found["posts"], *found["attempts"]):
        row["claim"] -= hint.claim
    found["post_events"] = [row for row in found["post_events"] if row["reason"].startswith("publish.")]
    found["containers"] = [{**row, "polls": 0} for row in found["containers"]]
    return found


def alike(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: alike(one, key) for key, one in value.items() if key not in LATER}
    if value is not None and (name == "id" or name.endswith("_id") or name in ("uid", "key", "content_digest")):
        return "…"
    if isinstance(value, str):
        return "…" if A_TIME.match(value) else re.sub(r"\d{6,}", "…", value)
    return value


def everything(bench: Bench) -> dict[str, Any]:
    with bench.database.transaction() as tx:
        return {
            table: list(tx.scalars(text(f"SELECT to_jsonb(t) FROM {table} t ORDER BY id")))  # noqa: S608
            for table in (*TABLES, "accounts")
        }


@pytest.mark.parametrize("is_heard", [False, True])
@pytest.mark.parametrize("columns", [{}, {"first_comment": "first"}, {"type": "story", "media": "story.jpg"}])
def test_it_leaves_the_rows_of_the_long_way(bench: Bench, columns: dict[str, str], is_heard: bool) -> None:
    account = bench.account(0)
    if is_heard:
        with bench.database.transaction() as tx:
            make_endpoint(tx)
    long_way, plain = [bench.post(account, key=f"cell-{way}", **columns) for way in ("long", "plain")]
    stage_all(bench)
    with bench.database.transaction() as tx:
        hints = {hint.id: hint for hint in claim_due(tx, WORKS[0], limit=10, lease_s=30)}

    perform(bench.ctx, {Task.POST_PUBLISH: publish.run}, hints[long_way])
    perform(bench.ctx, STEPS, hints[plain])

    assert bench.read(plain).state == PostState.PUBLISHED, bench.story(plain)
    assert rows(bench, hints[plain]) == rows(bench, hints[long_way])
    assert [notice["kind"] for notice in rows(bench, hints[plain])["notices"]] == (
        ["post.published"] if is_heard else []
    )
    assert [entry["media_id"] for entry in bench.simulator.publishes()] == [
        bench.read(post_id).media_id for post_id in (long_way, plain)
    ]


def test_it_is_two_round_trips(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _, hint = staged(bench)
    statements: list[str] = []
    at_once: list[int] = []
    event.listen(bench.database.engine, "after_cursor_execute", lambda *told: statements.append(told[2]))
    plainly = bench.database.at_once

    def counted(asked: Any) -> Any:
        at_once.append(len(asked))
        return plainly(asked)

    monkeypatch.setattr(bench.database, "at_once", counted)
    perform(bench.ctx, STEPS, hint)

    assert (at_once, statements) == ([2, 1], [])


NOT_PLAIN: dict[str, str] = {
    "a paused account": "UPDATE accounts SET state = 'paused'",
    "a token that was refused": "UPDATE accounts SET token_refused = 'expired'",
    "a distance to keep": "UPDATE accounts SET min_spacing_s = 60",
    "a full window": "UPDATE accounts SET quota_total = 0",
    "a window full for Instagram": "UPDATE accounts SET quota_total = 5, quota_usage = 5, quota_read_at = now()",
    "a gate that is shut": """
        INSERT INTO gates (key, level, changed_at, until)
        VALUES ('app:default', 'shut', now(), now() + interval '1 hour')
    """,
    "a time to come": "UPDATE posts SET publish_at = now() + interval '1 minute'",
    "a backlog": "UPDATE posts SET publish_at = now() - interval '2 minutes', if_late = 'publish'",
    "a last moment": "UPDATE posts SET publish_at = now() - interval '10 s', max_lateness_s = 5, if_late = 'expire'",
    "another state": "UPDATE posts SET state = 'staging'",
    "another's claim": "UPDATE posts SET claim = claim + 1",
    "a container that is not ready": "UPDATE containers SET status_code = 'IN_PROGRESS'",
    "a container that is too old": "UPDATE containers SET created_at = now() - interval '23 h 50 min'",
    "a container of an earlier release": "UPDATE containers SET words = NULL",
    "no container": "UPDATE containers SET dropped_at = now()",
}


@pytest.mark.parametrize("change", NOT_PLAIN.values(), ids=NOT_PLAIN.keys())
def test_what_is_not_plain_is_left_as_it_was(bench: Bench, change: str) -> None:
    _, hint = staged(bench)
    with bench.database.transaction() as tx:
        tx.execute(text(change))
    before = everything(bench)

    assert plain_publish.begin(bench.ctx, hint) is None

    assert everything(bench) == before


def test_a_post_of_several_parts_is_not_plain(bench: Bench) -> None:
    _, hint = staged(bench, type="story", media="story.jpg|feed-2.jpg")

    assert plain_publish.begin(bench.ctx, hint) is None


def test_the_last_place_of_a_window_is_taken_by_one(bench: Bench) -> None:
    """The second waits for the account, and sees the place that the first has taken."""
    account = bench.account(0)
    for number in range(2):
        bench.post(account, key=f"cell-{number}")
    stage_all(bench)
    with bench.database.transaction() as tx:
        first, second = claim_due(tx, WORKS[0], limit=10, lease_s=30)
        tx.execute(text("UPDATE accounts SET quota_total = 1, quota_usage = 0, quota_read_at = now()"))

    assert plain_publish.begin(bench.ctx, first) is not None
    assert plain_publish.begin(bench.ctx, second) is None


def test_beside_an_earlier_call_that_had_its_effect_after_all_it_goes_the_long_way(bench: Bench) -> None:
    """Its answer came late, and names another media: whoever looks at the post is told, and stays told."""
    post_id, hint = staged(bench)
    earlier = """
        INSERT INTO attempts (post_id, part_id, action, state, claim, intent_at, settled_at, result_id)
        SELECT post_id, id, 'publish', 'not_done', 1, now(), now(), '179' FROM parts
    """
    with bench.database.transaction() as tx:
        tx.execute(text(earlier))

    perform(bench.ctx, STEPS, hint)

    post = bench.read(post_id)
    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert "179" in (post.missing or {})["once"]
    assert post.error_class == "incomplete"


@pytest.mark.parametrize("mode", ["not_ready", "refuse_500", "accept_then_reset"])
def test_another_answer_is_told_as_ever(bench: Bench, mode: str) -> None:
    post_id, hint = staged(bench)
    bench.simulator.fault(endpoint="media_publish", mode=mode, nth=1, account=0)

    perform(bench.ctx, STEPS, hint)
    assert bench.read(post_id).state != PostState.PUBLISHED

    post = bench.drive(post_id)
    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert [entry["media_id"] for entry in bench.simulator.publishes()] == [post.media_id]


def test_tries_that_failed_are_counted_on(bench: Bench) -> None:
    post_id, hint = staged(bench)
    with bench.database.transaction() as tx:
        tx.execute(text("UPDATE posts SET tries = 3"))
    bench.simulator.fault(endpoint="media_publish", mode="not_ready", nth=1, account=0)

    perform(bench.ctx, STEPS, hint)

    assert bench.read(post_id).tries == 4, bench.story(post_id)
