"""What a person wants done with a comment (graph-api.md §5.3). Asked for twice, each has the effect of once.

So a call whose answer was lost is made again. What it has changed is known from then on, as if a list had shown it.
"""

from __future__ import annotations

from typing import Any

from graph.answers.errors import GraphError
from models.history.comment import Comment, SeenComment, record_gone, see_comments
from pressrun import clock
from pressrun.errors import NotPossible
from worker.asking import Asking
from worker.harvests.answers.refusals import is_gone


def hide(asking: Asking, comment_id: int, *, is_hidden: bool) -> list[dict[str, Any]]:
    """Hide it, or show it again."""
    comment = _find(asking, comment_id)
    asking.change(lambda client: client.comments.hide(comment.ig_id, is_hidden))
    with asking.ctx.database.transaction() as tx:
        seen = SeenComment(comment.ig_id, is_hidden=is_hidden)
        see_comments(tx, comment.account_id, [seen], now=clock.now(), are_shown=True)
    return [{"comment_id": comment.id, "is_hidden": is_hidden}]


def delete(asking: Asking, comment_id: int, *, may_be_done: bool) -> list[dict[str, Any]]:
    """Delete it for good.

    Args:
        may_be_done: an earlier call got no answer: that there is no such comment proves that it worked.
    """
    comment = _find(asking, comment_id)
    try:
        asking.change(lambda client: client.comments.delete(comment.ig_id))
    except GraphError as error:
        if not (may_be_done and is_gone(error)):
            raise
    with asking.ctx.database.transaction() as tx:
        now, of = clock.now(), (comment.account_id, comment.ig_media_id)
        record_gone(tx, *of, unseen_since=now, now=now, ig_id=comment.ig_id)
    return [{"comment_id": comment.id, "is_gone": True}]


def _find(asking: Asking, comment_id: int) -> Comment:
    with asking.ctx.database.transaction() as tx:
        found = tx.get(Comment, comment_id)
    if found is None:
        raise NotPossible(f"comment {comment_id} is not known any more", type="comment.gone")
    return found
