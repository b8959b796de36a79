"""What the list of media does not hold, and what it tells where insights are refused."""

from __future__ import annotations

import pytest

from models.accounts.account import Account
from models.harvests.harvest import HarvestKind
from tests.integration.harvest.conftest import Field
from tests.integration.harvest.instagram import publish
from worker.harvests.kinds.ladder import FULL_FROM

MEDIA = HarvestKind.MEDIA
WEEK_LATER = (
    "UPDATE media_states SET read_at = read_at - interval '8 days', own_read_at = own_read_at - interval '8 days'"
)
SCOPE = "instagram_manage_insights"


def test_media_behind_the_end_of_a_full_list_are_not_gone_and_read_by_themselves(field_: Field) -> None:
    account = field_.account(0)
    field_.harvest(MEDIA, account)
    field_.sql(WEEK_LATER)
    # Above what the list shows, what an earlier try of the run saw of it; and behind its end, one that was known.
    field_.sql(
        "INSERT INTO media (account_id, ig_id, media_product_type, posted_at)"
        " SELECT :account, 'above-' || n, 'FEED', now() + n * interval '1 s' FROM generate_series(1, :count) n",
        account=account.id,
        count=FULL_FROM - 12,
    )
    field_.sql(
        "INSERT INTO media_states (media_id, read_at, own_read_at)"
        " SELECT id, now(), now() FROM media WHERE ig_id LIKE 'above-%'"
    )
    oldest = field_.row("SELECT id, ig_id FROM media ORDER BY posted_at LIMIT 1")
    field_.sql(
        "UPDATE media SET posted_at = posted_at - interval '1 year', ig_id = ig_id || '0' WHERE id = :id", id=oldest.id
    )

    field_.repeat_slot(MEDIA, account)
    run = field_.harvest(MEDIA, account)

    assert run.status == "done"
    assert field_.value("SELECT count(gone_at) FROM media_states") == 0
    [unlisted] = field_.rows("SELECT media_id FROM media_states WHERE unlisted_at IS NOT NULL")
    assert unlisted.media_id == oldest.id


@pytest.fixture
def account(field_: Field) -> Account:
    """The permission for insights is gone after a first harvest, and people go on liking and commenting."""
    account = field_.account(0)
    publish(field_.simulator, 0)
    field_.harvest(MEDIA, account)
    field_.simulator.post("/_sim/account", account=0, without_scopes=[SCOPE])
    field_.sql(WEEK_LATER)
    return account


def test_without_the_permission_for_insights_the_counts_of_the_list_are_kept(field_: Field, account: Account) -> None:
    [media_id] = publish(field_.simulator, 0)
    field_.simulator.post("/_sim/comment", account=0, media_id=media_id)

    run = field_.harvest(MEDIA, account)

    assert (run.status, run.errors[0]["what"], run.errors[0]["class"]) == ("partial", "insights", "permission")
    assert run.calls <= 3
    new = field_.row("SELECT l.* FROM media_latest l JOIN media m ON m.id = l.media_id WHERE ig_id = :id", id=media_id)
    assert (new.extra["comments_count"], new.extra["like_count"] >= 0, new.reach) == (1, True, None)
    assert field_.value("SELECT count(*) FROM media_latest WHERE extra ? 'like_count'") == field_.count("media")


def test_it_says_what_it_leaves_out_and_until_when_and_asks_again(field_: Field, account: Account) -> None:
    first = field_.harvest(MEDIA, account)
    held = field_.harvest(MEDIA, account)
    scopes = field_.simulator.post("/_sim/account", account=0)["scopes"]
    field_.simulator.post("/_sim/account", account=0, scopes=[*scopes, SCOPE])
    field_.sql("UPDATE harvests SET refused = '{}'")
    field_.sql(WEEK_LATER)
    after = field_.harvest(MEDIA, account)

    assert (first.status, held.status, after.status) == ("partial", "partial", "done")
    assert "not asked for until" in held.errors[0]["error"]
    assert held.calls == 1
    assert field_.value("SELECT count(*) FROM media_latest WHERE reach IS NULL") == 0


def test_a_page_without_insights_tells_of_media_that_are_not_due_too(field_: Field) -> None:
    account = field_.account(2)  # a business only after its first media: a page with that one gives no insights
    field_.harvest(MEDIA, account)
    field_.simulator.post("/_sim/advance", seconds=2 * 86_400)
    read_at = field_.value("SELECT max(read_at) FROM media_states")
    said = field_.simulator.post("/_sim/comment", account=2)

    field_.harvest(MEDIA, account)

    query = "SELECT l.extra FROM media_latest l JOIN media m ON m.id = l.media_id WHERE m.ig_id = :id"
    assert field_.value(query, id=said["media_id"])["comments_count"] >= 1
    assert field_.value("SELECT max(read_at) FROM media_states s WHERE NOT has_no_insights") == read_at
