"""Words are looked for where posts keep them, through an index that their steps never write."""

from __future__ import annotations

from sqlalchemy import select, text
from sqlalchemy.dialects import postgresql

from models.posts.post import Post
from models.posts.post_words import has_words
from models.reading.posts.post_search import PostFilter, search_posts
from models.store.session import Database
from tests.factories.rows import make_account, make_post


def _found(database: Database, words: str) -> list[str]:
    with database.transaction() as tx:
        return [one.key for one in search_posts(tx, PostFilter(words=words), sort="id", behind=None, limit=10)]


def test_words_are_those_that_the_post_has_now(database: Database) -> None:
    with database.transaction() as tx:
        account = make_account(tx)
        make_post(tx, account, key="first", caption="Fresh Bread until noon", first_comment=None)
        make_post(tx, account, key="second", caption="パンが焼けました 🍞", first_comment="100% rye_bread")

    assert _found(database, "BREAD") == ["first", "second"]
    assert _found(database, "ead unt") == _found(database, "irs") == ["first"]
    assert _found(database, "焼け") == _found(database, "🍞") == _found(database, "0% rye_") == ["second"]

    with database.transaction() as tx:
        tx.execute(text("UPDATE posts SET caption = 'Cake' WHERE key = 'first'"))

    assert _found(database, "bread") == ["second"]
    assert _found(database, "cake") == ["first"]


def test_a_number_is_that_of_a_post_and_a_word(database: Database) -> None:
    with database.transaction() as tx:
        number = make_post(tx, make_account(tx), key="first", caption="Bread", parts=1).id
        tx.execute(text("UPDATE parts SET media_id = '17900000000000042' WHERE post_id = :id"), {"id": number})
        make_post(
            tx, make_account(tx, name="other", ig_id="17841400000000099"), key="second", caption=f"{number} loaves"
        )

    assert _found(database, str(number)) == ["first", "second"]
    assert _found(database, f" #{number} ") == ["first"]
    assert _found(database, "17900000000000042") == ["first"]
    assert _found(database, str(number + 10_000)) == _found(database, "²") == []


def test_an_index_serves_them(database: Database) -> None:
    query = select(Post.id).where(has_words("until noon"))
    told = str(query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))  # type: ignore[no-untyped-call]
    with database.transaction() as tx:
        tx.execute(text("SET LOCAL enable_seqscan = off"))
        plan = "\n".join(tx.scalars(text("EXPLAIN " + told.replace("%%", "%").replace(":", "\\:"))))

    assert "ix_post_words_words" in plan
