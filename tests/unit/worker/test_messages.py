"""What a notice says: to programs as JSON, to people in words."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from models.telling.notice import Notice, NoticeKind
from worker.telling.message import as_json, as_text

AT = datetime(2026, 11, 29, 15, tzinfo=UTC)


def notice(number: int = 1, **over: object) -> Notice:
    said = {"kind": "quota.full", "account_name": "bakery", "message": f"said {number}", "detail": {}}
    return Notice(uid=UUID(int=number), at=AT + timedelta(minutes=number), **said | over)


def test_each_kind_has_words_for_people() -> None:
    for kind in NoticeKind:
        title, _ = as_text([notice(kind=kind.value)], is_digest=False)
        assert kind.value == "test" or kind.value not in title
        assert title.startswith("Pressrun: bakery: ")


def test_one_of_no_account_and_one_of_a_post_say_so() -> None:
    queue = notice(kind="queue.silent", account_name=None)
    post = notice(kind="post.failed", post_id=7, detail={"key": "bread-1"})

    assert as_text([queue], is_digest=False) == ("Pressrun: work is not taken up", "said 1")
    assert as_text([post], is_digest=False) == ("Pressrun: bakery: a post failed", "post 7 (bread-1): said 1")


def test_a_digest_has_a_line_for_each_and_no_more_than_a_mail_can_hold() -> None:
    title, body = as_text([notice(number) for number in range(200)], is_digest=True)
    lines = body.splitlines()

    assert title == "Pressrun: 200 notices"
    assert lines[1] == "2026-11-29 15:01 UTC  bakery: more posts than may go out: said 1"
    assert (len(lines), lines[-1]) == (61, "… and 140 more: `pressrun notify log` lists all")
    assert as_text([notice()], is_digest=True)[0] == "Pressrun: 1 notices"


def test_a_program_gets_the_same_bytes_each_time_and_each_notice_whole() -> None:
    two = [notice(1), notice(2, account_name=None, detail={"queue": "harvest"})]

    said = json.loads(as_json(two, is_digest=True, at=AT))

    assert as_json(two, is_digest=True, at=AT) == as_json(two, is_digest=True, at=AT)
    assert (said["type"], len(said["data"]["notices"])) == ("digest", 2)
    first, second = said["data"]["notices"]
    assert first == json.loads(as_json([two[0]], is_digest=False, at=AT))
    assert (first["data"]["account"], "account" in second["data"]) == ({"name": "bakery"}, False)
    assert second["data"]["detail"] == {"queue": "harvest"}
