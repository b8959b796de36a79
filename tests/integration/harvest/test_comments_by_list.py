"""Comments as the media's list shows them: what webhooks dropped is found, what they brought is known."""

from __future__ import annotations

from models.accounts.account import Account
from models.harvests.harvest import HarvestKind
from tests.integration.harvest.conftest import Field
from tests.integration.harvest.instagram import publish

COMMENTS = HarvestKind.COMMENTS


def known_media(field: Field) -> Account:
    """An account whose media, and with them the numbers of their comments, are known."""
    account = field.account(0)
    field.harvest(HarvestKind.MEDIA, account)
    return account


def say(field: Field, media_id: str, text: str) -> str:
    """Somebody comments, and no webhook tells of it."""
    return str(field.simulator.post("/_sim/comment", account=0, media_id=media_id, text=text)["comment_id"])


def recount(field: Field, account: Account) -> None:
    """What the media harvest does an hour later."""
    field.sql("UPDATE media_states SET read_at = read_at - interval '8 days'")
    assert field.harvest(HarvestKind.MEDIA, account).status == "done"


def newest(field: Field) -> str:
    return str(field.value("SELECT ig_id FROM media ORDER BY posted_at DESC LIMIT 1"))


def reply(field: Field, comment_id: str, text: str) -> str:
    headers = {"Authorization": f"Bearer {field.simulator.token(0)}"}
    sent = field.simulator.http.post(f"/v25.0/{comment_id}/replies", data={"message": text}, headers=headers)
    return str(sent.raise_for_status().json()["id"])


def test_what_the_media_count_is_read_once_and_never_again(field_: Field) -> None:
    account = known_media(field_)
    counted = field_.value("SELECT sum(comments) FROM media_latest")
    commented = field_.value("SELECT count(*) FROM media_latest WHERE comments > 0")

    first = field_.harvest(COMMENTS, account)
    second = field_.harvest(COMMENTS, account)

    assert (first.status, first.errors, first.rows, first.calls) == ("done", [], counted, commented)
    assert (second.status, second.rows, second.calls) == ("done", 0, 0)
    assert field_.value("SELECT count(*) FROM comments WHERE commented_at IS NULL OR username IS NULL") == 0


def test_running_a_slot_again_adds_nothing(field_: Field) -> None:
    account = known_media(field_)
    first = field_.harvest(COMMENTS, account)
    stored = field_.count("comments")
    field_.sql("UPDATE media_states SET comments_read_at = NULL, comments_count = NULL")

    field_.repeat_slot(COMMENTS, account)
    again = field_.harvest(COMMENTS, account)

    assert (again.id, again.rows, field_.count("comments")) == (first.id, first.rows, stored)
    assert again.calls > first.calls


def test_media_without_comments_cost_nothing(field_: Field) -> None:
    account = field_.account(0)

    run = field_.harvest(COMMENTS, account)

    assert (run.status, run.calls, run.rows) == ("done", 0, 0)


def test_a_comment_whose_webhook_was_dropped_is_found_with_its_replies(field_: Field) -> None:
    account = known_media(field_)
    field_.harvest(COMMENTS, account)
    media_id = newest(field_)
    comment = say(field_, media_id, "how much is it?")
    answer = reply(field_, comment, "it is on the house")

    recount(field_, account)
    run = field_.harvest(COMMENTS, account)

    assert (run.status, run.rows, run.calls) == ("done", 2, 1)
    found = field_.row("SELECT * FROM comments WHERE ig_id = :id", id=answer)
    assert (found.text, found.ig_media_id, found.parent_ig_id) == ("it is on the house", media_id, comment)


def test_more_replies_than_come_along_are_read_to_the_end(field_: Field) -> None:
    account = known_media(field_)
    comment = say(field_, newest(field_), "who is coming?")
    replies = {reply(field_, comment, f"me {number}") for number in range(60)}

    recount(field_, account)
    run = field_.harvest(COMMENTS, account)

    stored = {row.ig_id for row in field_.rows("SELECT ig_id FROM comments WHERE parent_ig_id = :id", id=comment)}
    assert stored == replies
    assert run.status == "done"


def test_one_that_a_webhook_brought_is_no_second_one_and_is_completed(field_: Field) -> None:
    account = known_media(field_)
    comment = say(field_, newest(field_), "lovely")
    field_.notify(account, "comments", {"id": comment, "text": "lovely", "media": {"id": newest(field_)}})
    field_.handle()
    assert field_.value("SELECT commented_at FROM comments WHERE ig_id = :id", id=comment) is None

    recount(field_, account)
    field_.harvest(COMMENTS, account)

    [row] = field_.rows("SELECT * FROM comments WHERE ig_id = :id", id=comment)
    assert (row.text, row.username is None, row.commented_at is None) == ("lovely", False, False)


def test_many_comments_are_read_only_as_far_as_they_are_new(field_: Field) -> None:
    account = known_media(field_)
    media_id = newest(field_)
    for number in range(120):
        say(field_, media_id, f"comment {number}")
    recount(field_, account)
    first = field_.harvest(COMMENTS, account)
    say(field_, media_id, "the last word")
    recount(field_, account)

    second = field_.harvest(COMMENTS, account)

    assert (first.status, second.status, second.rows) == ("done", "done", 1)
    assert second.calls == 2  # the page of the new one, and one that tells nothing new


def test_a_media_that_fails_is_tried_again_and_the_others_are_read(field_: Field) -> None:
    account = known_media(field_)
    field_.simulator.fault(endpoint="media_comments", mode="refuse_500", nth=1, count=3)

    first = field_.harvest(COMMENTS, account)
    second = field_.harvest(COMMENTS, account)

    assert (first.status, first.tries, len(first.errors)) == ("running", 1, 1)
    assert (second.id, second.status, second.errors) == (first.id, "done", [])
    assert second.rows == field_.value("SELECT sum(comments) FROM media_latest")


def test_a_media_that_is_gone_is_left_out(field_: Field) -> None:
    account = known_media(field_)
    field_.sql("UPDATE media SET ig_id = '1' WHERE ig_id = :id", id=newest(field_))
    field_.sql("UPDATE media_states SET comments_told = 3 WHERE media_id = (SELECT id FROM media WHERE ig_id = '1')")

    run = field_.harvest(COMMENTS, account)

    assert run.status == "done"
    assert run.rows > 0


def test_without_the_permission_it_is_said_once_a_day(field_: Field) -> None:
    account = known_media(field_)
    field_.simulator.post("/_sim/account", account=0, without_scopes=["instagram_manage_comments"])

    first = field_.harvest(COMMENTS, account)
    second = field_.harvest(COMMENTS, account)

    assert (first.status, first.calls, first.errors[0]["class"]) == ("partial", 1, "permission")
    assert (second.status, second.calls) == ("partial", 0)
    assert [error["held_until"] for error in second.errors] == list(first.refused.values())


def test_media_of_today_are_found_by_the_media_harvest_first(field_: Field) -> None:
    account = field_.account(0)
    [media_id] = publish(field_.simulator, 0)
    say(field_, media_id, "first!")
    field_.harvest(HarvestKind.MEDIA, account)

    field_.harvest(COMMENTS, account)

    assert field_.value("SELECT text FROM comments WHERE ig_media_id = :id", id=media_id) == "first!"
