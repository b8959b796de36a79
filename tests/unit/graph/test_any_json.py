"""Whatever JSON comes back: a result or a GraphError, never another exception."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable

import pytest

from graph.answers.errors import GraphError
from graph.client import GraphClient
from tests.unit.graph.server import ScriptedServer

MakeClient = Callable[..., GraphClient]


@pytest.mark.parametrize("answers_each", [20, pytest.param(1_000, marks=pytest.mark.long)])
def test_any_json_at_all_is_read_or_a_graph_error(
    make_client: MakeClient, server: ScriptedServer, answers_each: int
) -> None:
    chance = random.Random(answers_each)
    client = make_client(call_deadline_s=5)
    reads: list[Callable[[], object]] = [
        client.users.profile,
        client.media.page,
        lambda: client.media.get("1"),
        lambda: client.media.many(["1", "2"]),
        client.stories.page,
        client.tags.page,
        lambda: client.comments.page("1"),
        lambda: client.insights.media("1", ["reach"]),
        lambda: client.publishing.container("1"),
        client.publishing.limit,
        lambda: client.publishing.publish("1"),
        client.discovery.pages,
        lambda: client.discovery.account("x"),
        client.catalogs.available,
        lambda: client.catalogs.search("1"),
        client.audio.search,
        client.hashtags.recently_searched,
        lambda: client.mentions.mentioned_media("1"),
        lambda: client.mentions.mentioned_comment("1"),
        lambda: client.webhooks.subscriptions(page_id="1"),
    ]
    read: Counter[int] = Counter()
    refused: Counter[int] = Counter()
    for number in range(answers_each * len(reads)):
        which = number % len(reads)
        server.replies(_odd(chance, 4) if number // len(reads) % 2 else _likely(chance))
        try:
            reads[which]()
            read[which] += 1
        except GraphError:
            refused[which] += 1

    assert len(server.received) == answers_each * len(reads), "each answer was looked at, and none asked for again"
    assert min(len(refused), len(read)) > len(reads) / 2, "most of them know both what they can read and what not"


_NAMES = (
    *("id", "data", "values", "total_value", "value", "name", "period", "breakdowns", "dimension_values", "results"),
    *("paging", "cursors", "after", "next", "owner", "children", "insights", "timestamp", "like_count", "caption"),
    *("status_code", "config", "quota_usage", "business_discovery", "media", "replies", "from", "mentioned_media"),
    *("mentioned_comment", "instagram_business_account", "tasks", "product_id", "audio", "1", "2", "text"),
)


def _likely(chance: random.Random) -> object:
    """Of the outer shape that most answers have, so that what reads the inner one is reached."""
    rows = [{"id": str(number), "name": "reach", _pick(chance): _odd(chance, 2)} for number in range(2)]
    return {"id": "1", "data": rows, "1": rows[0], "2": rows[1], _pick(chance): _odd(chance, 3)}


def _pick(chance: random.Random) -> str:
    return chance.choice(_NAMES)


def _odd(chance: random.Random, depth: int) -> object:
    plain: list[object] = [None, True, 0, -1.5, 10**25, "", "x", "2026-01-01T00:00:00+0000", "17"]
    if depth == 0 or chance.random() < 0.25:
        return chance.choice(plain)
    if chance.random() < 0.35:
        return [_odd(chance, depth - 1) for _ in range(chance.randrange(3))]
    return {chance.choice(_NAMES): _odd(chance, depth - 1) for _ in range(chance.randrange(1, 8))}
