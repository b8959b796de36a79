"""Media of others in which an account is tagged."""

from __future__ import annotations

from datetime import datetime

from models.reading.history.tags import EVER, TagShown, newest_tags
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of

__all__ = ["EVER", "TagShown", "list_tags"]


@operation("tag.list", effect=Effect.READS, scope=Scope.READ)
def list_tags(
    ctx: Context,
    asker: Asker,
    account: str | None = None,
    *,
    limit: int = 100,
    behind: tuple[datetime, int] | None = None,
) -> list[TagShown]:
    """The newest media of others that tag one or all accounts. Raises Unknown for the account."""
    with ctx.database.transaction() as tx:
        return newest_tags(tx, account_id_of(tx, account), limit=limit, behind=behind)
