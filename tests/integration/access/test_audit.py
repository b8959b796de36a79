"""Nothing is changed by nobody on record."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from models.access.wording import LONGEST, fit_to_keep
from models.history.comment import SeenComment, see_comments
from models.reading.upkeep.audit import EntryShown, Which
from models.upkeep.sweeping import sweep
from operations.access import audits, keys
from operations.access.audits import Wish
from operations.accounts import accounts, removals
from operations.history import mentions
from operations.operation import OPERATIONS, OWNER, Asker, Context, Effect, Face, Scope
from operations.posts import posts, slots
from pressrun import clock
from pressrun.errors import PressrunError
from tests.factories.rows import make_account, make_post
from tests.factories.worlds import make_lived_in_account
from tests.integration.access.asks import ASKS, load_operations, numbers_of

load_operations()
ANA = Asker("ana", frozenset(Scope), Face.PAGE, user_id=7, session_id=8)


@pytest.fixture
def bakery(ctx: Context) -> int:
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery")
        make_post(tx, account, key="spring", publish_at=clock.now() + timedelta(days=1000))
        return account.id


def _entries(ctx: Context, *, asker: str | None = None, operation: str | None = None) -> list[EntryShown]:
    return audits.list_entries(ctx, OWNER, Wish(Which(asker=asker, operation=operation)))


@pytest.mark.usefixtures("bakery")
def test_an_entry_says_who_did_what_and_by_which_face(ctx: Context) -> None:
    posts.cancel(ctx, ANA, "spring", why="rain")

    [entry] = _entries(ctx)
    assert (entry.asker, entry.face, entry.user_id, entry.session_id, entry.key_id) == ("ana", "page", 7, 8, None)
    assert (entry.operation, entry.effect) == ("post.cancel", "changes")
    assert entry.asked == {"post": "spring", "why": "rain"}
    assert (entry.before, entry.after) == ({"state": "scheduled"}, {"state": "canceled"})


def test_an_edit_says_what_was_before_and_after(ctx: Context, bakery: int) -> None:
    accounts.edit(ctx, ANA, "bakery", accounts.TermChanges(min_spacing="5m"))
    posts.edit(ctx, ANA, "spring", posts.PostFields(caption="new words"), base=Path())

    edited, terms = _entries(ctx)
    of = f"accounts {bakery}"
    assert (terms.before, terms.after) == ({of: {"min_spacing_s": 0}}, {of: {"min_spacing_s": 300}})
    [before], [after] = (edited.before or {}).values(), (edited.after or {}).values()
    assert before["caption"].startswith("caption ")
    assert after["caption"] == "new words"


@pytest.mark.usefixtures("bakery")
def test_what_changes_nothing_leaves_no_entry(ctx: Context) -> None:
    posts.list_posts(ctx, ANA)
    with pytest.raises(PressrunError):
        posts.cancel(ctx, ANA, "no such post")
    with pytest.raises(PressrunError):
        posts.retry(ctx, ANA, "spring")

    assert _entries(ctx) == []


@pytest.mark.usefixtures("bakery")
def test_without_its_entry_there_is_no_change(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        tx.execute(text("ALTER TABLE audit ADD CONSTRAINT no_more CHECK (operation <> 'slot.add')"))

    with pytest.raises(DBAPIError, match="no_more"):
        slots.add(ctx, ANA, "bakery", days="fri", at=["10:00"])

    assert slots.list_slots(ctx, OWNER) == []
    posts.pause(ctx, ANA, "spring")
    assert [one.operation for one in _entries(ctx)] == ["post.pause"]


def test_every_operation_that_changes_something_is_on_record(ctx: Context) -> None:
    now = clock.now()
    with ctx.database.transaction() as tx:
        it = numbers_of(tx, make_lived_in_account(tx, now=now).id)
    changing = [name for name in ASKS if OPERATIONS[name].effect is not Effect.READS and name != "account.remove"]

    done, told = [], {}
    for name in [*changing, "account.remove"]:
        with ctx.database.transaction() as tx:
            tx.execute(text("SELECT 1"))
            seen = tx.scalar(text("SELECT coalesce(max(id), 0) FROM audit"))
        try:
            ASKS[name](ctx, OWNER, it)
        except PressrunError:
            continue
        done.append(name)
        with ctx.database.transaction() as tx:
            told[name] = list(tx.scalars(text("SELECT operation FROM audit WHERE id > :seen"), {"seen": seen}))

    # Of many, each has an entry of its own.
    assert (told.pop("post.bulk"), told.pop("post.shift")) == (["post.pause"], ["post.move"])
    # What was asked for may have been wrong (a file that is not there), or so already.
    silent = {name for name in told if told[name] != [name]}
    assert silent <= {"post.add", "post.import", "mention.resolve", "post.edit"}
    assert {"account.pause", "harvest.run", "post.cancel", "slot.add", "watch.end", "account.remove"} <= set(done)


def test_no_secret_no_reply_and_no_long_caption_is_kept(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        it = numbers_of(tx, make_lived_in_account(tx, now=clock.now()).id)
    made = keys.add(ctx, OWNER, "planner", scopes=["read"])
    mentions.reply(ctx, ANA, it.mention, "thank you so much", again=True)
    posts.edit(ctx, ANA, it.next_post, posts.PostFields(caption="word " * 100), base=Path())

    told = json.dumps([vars(one) for one in _entries(ctx)], default=str)
    assert "thank you" not in told
    assert made.key not in told
    assert "word word" in told
    assert "word " * (LONGEST // 5 + 1) not in told


def test_what_is_kept_of_what_was_asked() -> None:
    asked = {
        "token": "IGAA-secret",
        "address": "see https://u:hunter2@example.com/x",
        "person": "ana",
        "file": Path("/home/ana/campaign.csv"),
        "hands": print,
        "media": ["https://cdn.example/a.jpg?X-Amz-Signature=abc"],
        "many": list(range(50)),
        "raw": b"bytes",
        "nul": "a\x00b",
    }
    kept = fit_to_keep(asked)
    assert kept == {
        "address": "see https://u:[redacted]@example.com/x",
        "file": "campaign.csv",
        "media": ["https://cdn.example/a.jpg"],
        "many": list(range(20)),
        "nul": "ab",
    }


@pytest.mark.usefixtures("bakery")
def test_it_is_only_ever_added_to(ctx: Context) -> None:
    posts.pause(ctx, ANA, "spring")
    for statement in ("UPDATE audit SET asker = 'nobody'", "DELETE FROM audit", "TRUNCATE audit"):
        with pytest.raises(DBAPIError, match="append-only"), ctx.database.transaction() as tx:
            tx.execute(text(statement))


def test_a_person_who_is_erased_is_blanked_in_it(ctx: Context, bakery: int) -> None:
    with ctx.database.transaction() as tx:
        seen = [SeenComment("c1", "1", username="ana.lima", text="lovely")]
        see_comments(tx, bakery, seen, now=clock.now(), are_shown=True)
    posts.edit(ctx, ANA, "spring", posts.PostFields(caption="With @ana.lima"), base=Path())

    removals.erase(ctx, OWNER, "ana.lima")

    told = json.dumps([vars(one) for one in _entries(ctx)], default=str)
    assert "ana.lima" not in told
    assert [one.operation for one in _entries(ctx)] == ["person.erase", "post.edit"]


@pytest.mark.usefixtures("bakery")
def test_old_months_of_it_go_with_those_of_the_history(ctx: Context) -> None:
    posts.pause(ctx, ANA, "spring")
    now = clock.now()
    with ctx.database.transaction() as tx:
        tx.execute(
            text(
                "INSERT INTO audit (seen_at, asker, face, operation, effect)"
                " VALUES (:then, 'ana', 'cli', 'post.pause', 'changes')"
            ),
            {"then": now - timedelta(days=400)},
        )
        gone = sweep(tx, before=now - timedelta(days=300), now=now, limit=100)

    assert gone == {"audit": 1}
    assert [one.face for one in _entries(ctx)] == ["page"]


@pytest.mark.usefixtures("bakery")
def test_it_is_listed_and_exported(ctx: Context, tmp_path: Path) -> None:
    posts.pause(ctx, ANA, "spring")
    posts.resume(ctx, replace(ANA, name="ben"), "spring")

    assert [one.operation for one in _entries(ctx)] == ["post.resume", "post.pause"]
    assert [one.operation for one in _entries(ctx, asker="ana")] == ["post.pause"]
    assert [one.operation for one in _entries(ctx, operation="post.resume")] == ["post.resume"]
    stream, file = StringIO(), tmp_path / "audit.jsonl"
    assert audits.export(ctx, OWNER, Wish(), stream) == audits.export(ctx, OWNER, Wish(), file) == 2
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [one["operation"] for one in lines] == ["post.pause", "post.resume"]
    assert file.read_text() == stream.getvalue()
