"""How each operation is asked for something of an account: what the matrix of rights asks for on others' behalf."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

import operations
from models.reading.history.views import View
from operations.accounts import accounts, forecasts, removals, standing, subscriptions
from operations.history import (
    backfills,
    comments,
    comparing,
    coverage,
    exports,
    harvests,
    inquiries,
    insights,
    mentions,
    overview,
    rereads,
    side_by_side,
    tags,
    watches,
)
from operations.operation import Asker, Context
from operations.posts import (
    attempts,
    bulk,
    calendar,
    campaigns,
    cards,
    composing,
    drafts,
    imports,
    moving,
    pictures,
    post_search,
    posts,
    slots,
)
from operations.upkeep import news, today
from pressrun import clock
from tests.integration.access.conftest import nobody

SINCE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Theirs:
    """What an account has, by the numbers and names under which operations are asked for it."""

    account: str
    ig_id: str
    post: str
    """One that is published."""
    next_post: str
    media: str
    mention: int
    reply: int
    comment: int
    slot: int
    harvest: int
    backfill: int
    draft: int
    inquiry: int


def numbers_of(tx: Session, account_id: int) -> Theirs:
    """Of an account as `make_lived_in_account` makes it."""

    def one(query: str) -> Any:
        return tx.execute(text(query), {"id": account_id}).scalars().first()

    return Theirs(
        account=one("SELECT name FROM accounts WHERE id = :id"),
        ig_id=one("SELECT ig_id FROM accounts WHERE id = :id"),
        post=one("SELECT key FROM posts WHERE account_id = :id AND state = 'published'"),
        next_post=one("SELECT key FROM posts WHERE account_id = :id AND state = 'scheduled'"),
        media=one("SELECT media_id FROM posts WHERE account_id = :id AND state = 'published'"),
        mention=one("SELECT id FROM mentions WHERE account_id = :id"),
        reply=one("SELECT id FROM replies WHERE account_id = :id AND mention_id IS NOT NULL"),
        comment=one("SELECT id FROM comments WHERE account_id = :id"),
        slot=one("SELECT id FROM slots WHERE account_id = :id"),
        harvest=one("SELECT id FROM harvests WHERE account_id = :id"),
        backfill=one("SELECT id FROM backfills WHERE account_id = :id"),
        draft=one("SELECT id FROM drafts WHERE account_id = :id"),
        inquiry=one("SELECT id FROM inquiries WHERE account_id = :id"),
    )


def load_operations() -> None:
    """Have every operation registered."""
    home = Path(operations.__path__[0])
    for path in home.rglob("*.py"):
        importlib.import_module(".".join(("operations", *path.relative_to(home).with_suffix("").parts)))


def _fields(account: str, key: str) -> posts.PostFields:
    return posts.PostFields(
        account=account, publish_at="2030-01-01 10:00", type="image", media=("photo.jpg",), caption="x", key=key
    )


def _export(ctx: Context, asker: Asker, it: Theirs) -> str:
    told = StringIO()
    exports.export(ctx, asker, exports.Wish(View.MEDIA_CURVE), told, it.account)
    return told.getvalue()


def _import(ctx: Context, asker: Asker, it: Theirs) -> Any:
    file = ctx.settings.home / "campaign.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"account,publish_at,type,media,caption\n{it.account},2030-01-01 10:00,image,photo.jpg,x\n")
    return imports.import_file(ctx, asker, file)


def _hand_in(ctx: Context, asker: Asker, it: Theirs) -> Any:
    file = ctx.settings.home / "handed-in.csv"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"account,publish_at,type,media,caption\n{it.account},2030-01-01 10:00,image,photo.jpg,x\n")
    return campaigns.hand_in_file(ctx, asker, file)


def _past(ctx: Context, asker: Asker, it: Theirs) -> Any:
    told = news.past(ctx, asker, news.Source.POST, behind=news.Place(0), upto=news.Place(2**62))
    return [one for one in told if one.told["account"] == it.account]


def _bulk(ctx: Context, asker: Asker, it: Theirs) -> Any:
    [result] = bulk.act(ctx, asker, bulk.Action.PAUSE, [it.next_post])
    if result.error is not None:
        raise result.error
    return result.shown


def _shift(ctx: Context, asker: Asker, it: Theirs) -> Any:
    [result] = bulk.shift(ctx, asker, [it.next_post], 1)
    if result.error is not None:
        raise result.error
    return result.shown


Ask = Callable[[Context, Asker, Theirs], Any]

ASKS: Mapping[str, Ask] = {
    "calendar.list": lambda c, a, it: calendar.list_posts(c, a, SINCE, account=it.account),
    "calendar.show": lambda c, a, it: calendar.show(c, a, SINCE, SINCE + timedelta(days=400), account=it.account),
    "calendar.columns": lambda c, a, it: calendar.columns(c, a, SINCE, SINCE + timedelta(days=400), account=it.account),
    "calendar.consequences": lambda c, a, it: calendar.consequences(c, a, it.next_post, "2030-01-01 10:00"),
    "today.show": lambda c, a, it: today.show(c, a, account=it.account),
    "insight.compare": lambda c, a, it: side_by_side.compare(c, a, ["mine", it.account]),
    "insight.overview": lambda c, a, it: overview.show(c, a, it.account),
    "post.surroundings": lambda c, a, it: composing.surroundings(c, a, it.account),
    "post.picture": lambda c, a, it: pictures.picture(c, a, it.post),
    "account.edit": lambda c, a, it: accounts.edit(c, a, it.account, accounts.TermChanges(min_spacing="1m")),
    "account.forecast": lambda c, a, it: forecasts.look(c, a, it.account),
    "account.pause": lambda c, a, it: accounts.pause(c, a, it.ig_id),
    "account.show": lambda c, a, it: standing.show(c, a, it.account),
    "account.check": lambda c, a, it: standing.check(c, a, it.account),
    "account.rename": lambda c, a, it: accounts.rename(c, a, it.account, it.account),
    "account.resume": lambda c, a, it: accounts.resume(c, a, it.account),
    "account.removal": lambda c, a, it: removals.look_at_removal(c, a, it.account),
    "account.remove": lambda c, a, it: removals.remove(c, a, it.account, keep_history=False),
    "backfill.request": lambda c, a, it: backfills.request(c, a, clock.now() - timedelta(days=3), it.account),
    "backfill.list": lambda c, a, it: backfills.statuses(c, a, [it.backfill]),
    "backfill.await": lambda c, a, it: backfills.await_backfills(
        c, a, [it.backfill], on_progress=lambda _: None, hands=nobody
    ),
    "catalog.list": lambda c, a, it: inquiries.list_catalogs(c, a, it.account),
    "catalog.search": lambda c, a, it: inquiries.search_catalog(c, a, it.account, "bread"),
    "comment.list": lambda c, a, it: comments.list_comments(c, a, it.account),
    "comment.show": lambda c, a, it: comments.show(c, a, it.comment),
    "comment.reply": lambda c, a, it: comments.reply(c, a, it.comment, "thanks", again=True),
    "comment.resolve": lambda c, a, it: comments.resolve(c, a, it.comment, was_sent=True),
    "comment.hide": lambda c, a, it: comments.hide(c, a, it.comment),
    "comment.unhide": lambda c, a, it: comments.unhide(c, a, it.comment),
    "comment.delete": lambda c, a, it: comments.delete(c, a, it.comment),
    "draft.list": lambda c, a, it: drafts.list_drafts(c, a, it.account),
    "draft.show": lambda c, a, it: drafts.show(c, a, it.draft),
    "draft.add": lambda c, a, it: drafts.add(c, a, posts.PostFields(account=it.account)),
    "draft.edit": lambda c, a, it: drafts.edit(c, a, it.draft, posts.PostFields(caption="theirs")),
    "draft.judge": lambda c, a, it: drafts.judge(c, a, _fields(it.account, "judged")),
    "draft.queue": lambda c, a, it: drafts.queue(c, a, it.draft),
    "draft.remove": lambda c, a, it: drafts.remove(c, a, it.draft),
    "event.past": _past,
    "harvest.list": lambda c, a, it: harvests.list_harvests(c, a, it.account),
    "harvest.run": lambda c, a, it: harvests.run_harvests(c, a, it.account),
    "harvest.await": lambda c, a, it: harvests.await_runs(
        c, a, [it.harvest], on_progress=lambda _done, _all: None, hands=nobody
    ),
    "harvest.outcomes": lambda c, a, it: harvests.outcomes(c, a, [it.harvest]),
    "import.add": lambda c, a, it: campaigns.hand_in(c, a, [_fields(it.account, "rows")]),
    "import.add_file": _hand_in,
    "insight.coverage": lambda c, a, it: coverage.show(c, a, it.account, everything=True),
    "insight.coverage_by_day": lambda c, a, it: coverage.by_day(c, a, [it.account]),
    "insight.export": _export,
    "insight.newest": lambda c, a, it: insights.newest(c, a, it.account, SINCE),
    "insight.curve": lambda c, a, it: insights.curve(c, a, "1"),
    "inquiry.outcome": lambda c, a, it: inquiries.outcome(c, a, it.inquiry).account,
    "invite.list": lambda c, a, it: inquiries.list_invites(c, a, it.account),
    "live.list": lambda c, a, it: inquiries.list_lives(c, a, it.account),
    "mention.list": lambda c, a, it: mentions.list_mentions(c, a, it.account),
    "mention.reply": lambda c, a, it: mentions.reply(c, a, it.mention, "thanks", again=True),
    "mention.await_reply": lambda c, a, it: mentions.await_reply(c, a, it.reply, hands=nobody),
    "mention.reply_shown": lambda c, a, it: mentions.show_reply(c, a, it.reply),
    "mention.resolve": lambda c, a, it: mentions.resolve(c, a, it.mention, was_sent=True),
    "post.list": lambda c, a, it: posts.list_posts(c, a, account=it.account),
    "post.search": lambda c, a, it: post_search.search(c, a, post_search.PostQuery(account=it.account)),
    "post.attempts": lambda c, a, it: attempts.show(c, a, it.post),
    "post.timeline": lambda c, a, it: post_search.timeline(c, a, it.post),
    "post.move": lambda c, a, it: moving.move(c, a, it.next_post, "2030-01-01 10:00"),
    "post.swap": lambda c, a, it: moving.swap(c, a, it.post, it.next_post),
    "post.shift": _shift,
    "post.bulk": _bulk,
    "post.show": lambda c, a, it: posts.show(c, a, it.post),
    "post.add": lambda c, a, it: posts.add(c, a, _fields(it.account, "new"), base=Path()),
    "post.import": _import,
    "post.edit": lambda c, a, it: posts.edit(c, a, it.next_post, posts.PostFields(caption="theirs"), base=Path()),
    "post.cancel": lambda c, a, it: posts.cancel(c, a, it.next_post),
    "post.pause": lambda c, a, it: posts.pause(c, a, it.next_post),
    "post.resume": lambda c, a, it: posts.resume(c, a, it.next_post),
    "post.retry": lambda c, a, it: posts.retry(c, a, it.post),
    "post.retry_missing": lambda c, a, it: posts.retry_missing(c, a, it.post),
    "post.resolve": lambda c, a, it: posts.resolve(c, a, it.post, media_id=None),
    "post.resolve_comment": lambda c, a, it: posts.resolve_comment(c, a, it.post, was_sent=True),
    "product.appeal_make": lambda c, a, it: inquiries.make_appeal(c, a, "17", "it is bread", it.account),
    "product.appeal_show": lambda c, a, it: inquiries.show_appeal(c, a, "17", it.account),
    "reread.request": lambda c, a, it: rereads.request(c, a, clock.now() - timedelta(days=3), None, it.account),
    "reread.list": lambda c, a, it: rereads.statuses(c, a, [it.backfill]),
    "reread.await": lambda c, a, it: rereads.await_rereads(
        c, a, [it.backfill], on_progress=lambda _: None, hands=nobody
    ),
    "slot.list": lambda c, a, it: slots.list_slots(c, a, account=it.account),
    "slot.add": lambda c, a, it: slots.add(c, a, it.account, days="fri", at=["10:00"]),
    "slot.remove": lambda c, a, it: slots.remove(c, a, it.slot),
    "tag.list": lambda c, a, it: tags.list_tags(c, a, it.account),
    "watch.add": lambda c, a, it: watches.watch(c, a, it.account, watches.Target.of(hashtag="bread")),
    "watch.end": lambda c, a, it: watches.unwatch(c, a, it.account, watches.Target.of(hashtag="x")),
    "watch.list": lambda c, a, it: watches.list_watches(c, a, it.account),
    "webhook.renew": lambda c, a, it: subscriptions.renew(c, a, it.account),
    "webhook.show": lambda c, a, it: subscriptions.show(c, a, it.account),
}
"""Operation → how it is asked for what is of an account. One that stands in none of the three lists fails the test."""

LISTS: Mapping[str, Ask] = {
    "account.names": lambda c, a, _: accounts.names(c, a),
    "calendar.list": lambda c, a, _: calendar.list_posts(c, a, SINCE),
    "calendar.show": lambda c, a, _: calendar.show(c, a, SINCE, SINCE + timedelta(days=400)),
    "calendar.columns": lambda c, a, _: calendar.columns(c, a, SINCE, SINCE + timedelta(days=400)),
    "today.show": lambda c, a, _: today.show(c, a),
    "post.cards": lambda c, a, _: cards.show(c, a, list(range(1, 100))),
    "insight.grown": lambda c, a, it: comparing.growth(c, a, it.media),
    "account.list": lambda c, a, _: accounts.list_accounts(c, a),
    "event.past": lambda c, a, _: news.past(c, a, news.Source.COVERAGE, behind=news.Place(0), upto=news.Place(2**62)),
    "comment.list": lambda c, a, _: comments.list_comments(c, a),
    "catalog.list": lambda c, a, _: _account_of(c, inquiries.list_catalogs(c, a)),
    "catalog.search": lambda c, a, _: _account_of(c, inquiries.search_catalog(c, a)),
    "invite.list": lambda c, a, _: _account_of(c, inquiries.list_invites(c, a)),
    "live.list": lambda c, a, _: _account_of(c, inquiries.list_lives(c, a)),
    "product.appeal_make": lambda c, a, _: _account_of(c, inquiries.make_appeal(c, a, "17", "it is bread")),
    "product.appeal_show": lambda c, a, _: _account_of(c, inquiries.show_appeal(c, a, "17")),
    "draft.list": lambda c, a, _: drafts.list_drafts(c, a),
    "post.search": lambda c, a, _: post_search.search(c, a, post_search.PostQuery()),
    "harvest.list": lambda c, a, _: harvests.list_harvests(c, a),
    "insight.coverage": lambda c, a, _: coverage.show(c, a, everything=True),
    "insight.newest": lambda c, a, _: insights.newest(c, a, None, SINCE),
    "mention.list": lambda c, a, _: mentions.list_mentions(c, a),
    "post.list": lambda c, a, _: posts.list_posts(c, a),
    "slot.list": lambda c, a, _: slots.list_slots(c, a),
    "tag.list": lambda c, a, _: tags.list_tags(c, a),
    "watch.list": lambda c, a, _: watches.list_watches(c, a),
    "insight.export": lambda c, a, it: _export_all(c, a),
    "harvest.run": lambda c, a, _: harvests.run_harvests(c, a),
    "backfill.request": lambda c, a, _: backfills.request(c, a, clock.now() - timedelta(days=3)),
    "reread.request": lambda c, a, _: rereads.request(c, a, clock.now() - timedelta(days=3)),
}
"""Those that can be asked of all accounts: whoever is limited gets their own."""

OF_NO_ACCOUNT = {
    "callback.deauthorize",
    "callback.delete",
    "connect.answer",
    "deletion.show",
    "import.read",
    "media.picture",
    "import.list",
    "import.show",
    "media.abandon",
    "media.add",
    "media.add_kept",
    "media.append",
    "media.begin",
    "media.check",
    "media.fix",
    "media.fixed",
    "media.keep",
    "media.kept",
    "media.list",
    "media.origins",
    "media.remove",
    "media.show",
    "media.tag",
    "media.upload",
    "system.ready",
    "webhook.receive",
}
"""They hold nothing of an account, or Instagram asks for them. The door has a scope of its own; an import and an upload
are whose they are, and a kept file is found by who knows its content. The library is one for all accounts; which posts
need an item is told of theirs alone."""


def _account_of(ctx: Context, inquiry: int) -> Any:
    with ctx.database.transaction() as tx:
        return tx.scalar(
            text("SELECT name FROM accounts WHERE id = (SELECT account_id FROM inquiries WHERE id = :id)"),
            {"id": inquiry},
        )


def _export_all(ctx: Context, asker: Asker) -> str:
    told = StringIO()
    exports.export(ctx, asker, exports.Wish(View.MEDIA_CURVE), told)
    return told.getvalue()
