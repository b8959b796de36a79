"""Comments on the accounts' own media."""

from __future__ import annotations

from models.reading.comments import CommentShown, newest_comments
from operations.operation import Asker, Context, Effect, Scope, operation
from operations.which import account_id_of

__all__ = ["CommentShown", "list_comments"]


@operation("comment.list", effect=Effect.READS, scope=Scope.READ)
def list_comments(
    ctx: Context,
    asker: Asker,
    account: str | None = None,
    *,
    media: str | None = None,
    limit: int = 100,
    before: int | None = None,
) -> list[CommentShown]:
    """The newest comments of one or all accounts, or below one media, before that number. Raises Unknown."""
    with ctx.database.transaction() as tx:
        return newest_comments(tx, account_id_of(tx, account), media=media, limit=limit, before=before)
