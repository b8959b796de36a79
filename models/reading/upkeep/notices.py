"""Endpoints with their rules, and what was sent to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models.accounts.account import Account
from models.telling.delivery import MISSED
from models.telling.endpoint import Endpoint, EndpointState, NoticeRule
from pressrun.versions import version_by_content


@dataclass(frozen=True)
class EndpointShown:
    """`place`: what may be shown of its address. `owed`: deliveries on their way; `missed`: failed or parked ones.

    `version`: of its zone and its times.
    """

    name: str
    way: str
    place: str
    state: str
    state_reason: str | None
    failing_since: datetime | None
    timezone: str
    digest_at: time
    quiet_from: time | None
    quiet_to: time | None
    owed: int
    missed: int
    version: int


@dataclass(frozen=True)
class RuleShown:
    """`account` and `kind` null: all."""

    endpoint: str
    account: str | None
    kind: str | None
    how: str


@dataclass(frozen=True)
class DeliveryShown:
    """`message_id` is what the receiver knows it by. `kinds`, `accounts`: of the notices that it holds."""

    id: int
    endpoint: str
    message_id: str
    state: str
    kinds: list[str]
    accounts: list[str]
    message: str
    notices: int
    tries: int
    created_at: datetime
    delivered_at: datetime | None
    next_action_at: datetime | None
    error: str | None


_ENDPOINTS = text(f"""
    SELECT e.name, e.way, e.place, e.state, e.state_reason, e.failing_since, e.timezone, e.digest_at, e.quiet_from,
           e.quiet_to, coalesce(d.owed, 0) AS owed, coalesce(d.missed, 0) AS missed
      FROM endpoints e
      LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE state = 'owed') AS owed,
                                count(*) FILTER (WHERE {MISSED}) AS missed
                           FROM deliveries d WHERE d.endpoint_id = e.id) d ON true
     WHERE e.state <> 'removed'
     ORDER BY e.name
""")  # noqa: S608 - a constant
_DELIVERIES = text("""
    SELECT d.id, e.name AS endpoint, 'msg_' || d.uid AS message_id, d.state, n.kinds, n.accounts,
           coalesce(n.message, '') AS message, d.size AS notices, d.tries, d.created_at, d.delivered_at,
           d.next_action_at, d.error
      FROM deliveries d
      JOIN endpoints e ON e.id = d.endpoint_id
     CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(DISTINCT n.kind), '{}') AS kinds,
                   coalesce(array_agg(DISTINCT n.account_name) FILTER (WHERE n.account_name IS NOT NULL), '{}')
                       AS accounts,
                   min(n.message) AS message
              FROM delivery_notices c JOIN notices n ON n.id = c.notice_id WHERE c.delivery_id = d.id) n
     WHERE (CAST(:endpoint AS text) IS NULL OR e.name = :endpoint)
       AND (CAST(:state AS text) IS NULL OR d.state = :state)
       AND (CAST(:id AS bigint) IS NULL OR d.id = :id)
       AND (CAST(:before AS bigint) IS NULL OR d.id < :before)
     ORDER BY d.id DESC LIMIT :limit
""")


def list_endpoints(tx: Session) -> list[EndpointShown]:
    """All endpoints that are not removed, by name."""
    rows = tx.execute(_ENDPOINTS).all()
    return [EndpointShown(**row._mapping, version=version_of_times(row)) for row in rows]


def version_of_times(row: Any) -> int:
    """Of the zone and the times of an endpoint, which `row` has: the same are the same version."""
    return version_by_content(row.timezone, row.digest_at, row.quiet_from, row.quiet_to)


def version_of_rules(rules: Sequence[RuleShown]) -> int:
    """Of all rules of an endpoint, as `list_rules` has them: the same rules are the same version."""
    return version_by_content(*((one.account, one.kind, one.how) for one in rules))


def list_rules(tx: Session, endpoint: str | None = None) -> list[RuleShown]:
    """Rules by endpoint, those of all accounts and kinds first."""
    query = (
        select(Endpoint.name.label("endpoint"), Account.name.label("account"), NoticeRule.kind, NoticeRule.how)
        .join(Endpoint, Endpoint.id == NoticeRule.endpoint_id)
        .outerjoin(Account, Account.id == NoticeRule.account_id)
        .where(Endpoint.state != EndpointState.REMOVED.value)
        .order_by(Endpoint.name, Account.name.asc().nulls_first(), NoticeRule.kind.asc().nulls_first())
    )
    if endpoint is not None:
        query = query.where(Endpoint.name == endpoint)
    return [RuleShown(**row._mapping) for row in tx.execute(query)]


def newest_deliveries(
    tx: Session,
    *,
    endpoint: str | None = None,
    state: str | None = None,
    limit: int = 100,
    id_: int | None = None,
    before: int | None = None,
) -> list[DeliveryShown]:
    """At most `limit` deliveries, newest first; with `before`, only those of smaller numbers."""
    values = {"endpoint": endpoint, "state": state, "limit": limit, "id": id_, "before": before}
    return [DeliveryShown(**row._mapping) for row in tx.execute(_DELIVERIES, values)]
