"""A row of each kind of work that is due now."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.owed.works import Work
from tests.factories.rows import (
    make_account,
    make_backfill,
    make_connection,
    make_conversion,
    make_deletion,
    make_delivery,
    make_endpoint,
    make_follow_up,
    make_harvest,
    make_inbox_event,
    make_inquiry,
    make_mention,
    make_notice,
    make_object,
    make_post,
    make_reply,
    make_subscription,
    make_token,
    make_upload,
)


def make_owed(tx: Session, work: Work) -> int:
    """A row of that kind of work that is due now."""
    if work.table == "harvests":
        return make_harvest(tx, make_account(tx)).id
    if work.table == "inbox_events":
        return make_inbox_event(tx).id
    if work.table == "replies":
        return make_reply(tx, make_mention(tx, make_account(tx))).id
    if work.table == "backfills":
        return make_backfill(tx, make_account(tx)).id
    if work.table == "connections":
        return make_connection(tx).id
    if work.table == "notices":
        return make_notice(tx).id
    if work.table == "subscriptions":
        return make_subscription(tx, make_account(tx)).id
    if work.table == "data_deletions":
        return make_deletion(tx).id
    if work.table == "inquiries":
        return make_inquiry(tx, make_account(tx)).id
    if work.table == "follow_ups":
        return make_follow_up(tx, make_post(tx, make_account(tx), state="canceled", next_action_at=None)).id
    if work.table == "bucket_objects":
        return make_object(tx).id
    if work.table == "uploads":
        return make_upload(tx, make_account(tx)).id
    if work.table == "conversions":
        return make_conversion(tx, make_account(tx)).id
    if work.table == "deliveries":
        return make_delivery(tx, make_endpoint(tx)).id
    if work.table == "tokens":
        return make_token(tx, make_account(tx)).id
    return make_post(tx, make_account(tx), state=work.states[0]).id
