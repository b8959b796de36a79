"""Watching others, as any face asks for it."""

from __future__ import annotations

import pytest

from operations.history.watches import Target, list_watches, unwatch, watch
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from pressrun.errors import Invalid, NotPossible, PressrunError, Unknown
from tests.factories.rows import make_account


def test_a_watch_begins_once_and_ends(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery")
        make_account(tx, name="studio")
    target = Target.of(competitor="@Rival.Bakery")

    first, second = watch(ctx, OWNER, "bakery", target), watch(ctx, OWNER, "bakery", target)
    watch(ctx, OWNER, "studio", Target.of(hashtag="#Sourdough"))

    assert (first.account, first.kind, first.name) == ("bakery", "competitor", "rival.bakery")
    assert (first.has_changed, second.has_changed) == (True, False)
    assert [(one.account, one.name, one.media) for one in list_watches(ctx, OWNER)] == [
        ("bakery", "rival.bakery", 0),
        ("studio", "sourdough", 0),
    ]
    unwatch(ctx, OWNER, "bakery", target)
    assert list_watches(ctx, OWNER, "bakery") == []
    with pytest.raises(Unknown) as unknown:
        unwatch(ctx, OWNER, "bakery", target)
    assert (unknown.value.type, unknown.value.field) == ("watch.unknown", "competitor")


@pytest.mark.parametrize(
    ("named", "field"),
    [
        ({}, None),
        ({"competitor": "a", "hashtag": "b"}, None),
        ({"competitor": "two words"}, "competitor"),
        ({"hashtag": "two words"}, "hashtag"),
    ],
)
def test_what_cannot_be_watched_is_no_target(named: dict[str, str], field: str | None) -> None:
    with pytest.raises(Invalid) as refused:
        Target.of(**named)

    assert refused.value.field == field


def test_an_account_on_instagram_login_cannot_look_at_others(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_account(tx, name="lena", login="instagram")

    with pytest.raises(NotPossible, match="Facebook Login"):
        watch(ctx, OWNER, "lena", Target.of(hashtag="sourdough"))

    assert list_watches(ctx, OWNER) == []


def test_who_may_only_read_watches_nothing(ctx: Context) -> None:
    reader = Asker("ana", frozenset({Scope.READ}))

    for change in (watch, unwatch):
        with pytest.raises(NotAllowed):
            change(ctx, reader, "bakery", Target.of(hashtag="sourdough"))
    assert list_watches(ctx, reader) == []
    with pytest.raises(PressrunError, match="nobody"):
        list_watches(ctx, reader, "nobody")
