"""Every tool × every right × an account that is not theirs, made from the registry: a new tool is in it at once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from console.mcp.answering import answer
from console.mcp.tool import BaseUrl, Tool
from console.mcp.tools import tools
from models.access.user import Role
from operations.access.rights import OF_ROLE
from operations.operation import Asker, Context, Effect, Face, NotAllowed, Scope
from pressrun import clock
from pressrun.errors import PressrunError
from tests.factories.rows import make_account
from tests.factories.worlds import make_lived_in_account
from tests.integration.access.asks import Theirs, load_operations, numbers_of
from tests.integration.access.test_matrix import RIGHTS, rows_of

load_operations()
HERE = BaseUrl("http://console.example")


@pytest.fixture
def two(ctx: Context) -> tuple[int, Theirs]:
    """The number of an account with nothing of its own, and what another one has."""
    with ctx.database.transaction() as tx:
        mine, foreign = make_account(tx, name="mine"), make_lived_in_account(tx, now=clock.now())
        foreign.name = "foreign"
        tx.flush()
        return mine.id, numbers_of(tx, foreign.id)


def _arguments(tool: Tool, theirs: Theirs) -> dict[str, Any]:
    """What would name the foreign account's things, wherever the tool takes something of that name."""
    known: dict[str, Any] = vars(theirs) | {
        "post": theirs.next_post,
        "posts": [theirs.next_post],
        "other": theirs.post,
        "ids": [theirs.harvest, theirs.backfill],
        "view": "media_curve",
        "since": "2026-01-01",
        "why": "because",
        "publish_at": "2030-01-01T10:00",
        "action": "pause",
        "type": "image",
        "media": theirs.media,
        "text": "thanks",
        "was_sent": True,
        "published": False,
        "caption": "x",
        "rows": [{"account": theirs.account, "publish_at": "2030-01-01T10:00", "type": "image", "media": ["x"]}],
    }
    given = {}
    for name, told in tool.input_schema["properties"].items():
        if name in known:
            given[name] = known[name]
        elif name in tool.input_schema.get("required", []):
            given[name] = 1 if told.get("type") == "integer" else ["09:00"] if told.get("type") == "array" else "x"
        if told.get("type") == "array" and name == "media":
            given[name] = ["https://media.example/x.jpg"]
    return given


def test_each_right_reaches_what_it_is_for_and_no_more(ctx: Context) -> None:
    """The database is not even asked: nobody can be told anything."""
    done = []
    for right, scopes in RIGHTS.items():
        asker = Asker(right, scopes, Face.MCP)
        for tool in tools().values():
            needs_admin = tool.wanted.effect is Effect.DESTROYS
            if tool.wanted.scope in scopes and (Scope.ADMIN in scopes or not needs_admin):
                assert tool.allows(asker), (right, tool.name)
                continue
            try:
                answer(tool, ctx, asker, {}, HERE)
            except NotAllowed:
                continue
            done.append((right, tool.name))

    assert done == []


def test_what_is_about_the_whole_installation_is_for_those_who_see_all_of_it() -> None:
    limited = Asker("agency", OF_ROLE[Role.ADMIN], Face.MCP, accounts=frozenset({1}))

    assert {one.name for one in tools().values() if one.wanted.whole and one.allows(limited)} == set()


def test_of_others_nothing_is_told_and_nothing_changes(ctx: Context, two: tuple[int, Theirs]) -> None:
    mine, theirs = two
    limited = Asker("agency", OF_ROLE[Role.ADMIN], Face.MCP, accounts=frozenset({mine}), key_id=1)
    before = rows_of(ctx.database, theirs.account)

    told = {tool.name: _told(tool, ctx, limited, theirs) for tool in tools().values() if tool.allows(limited)}

    assert rows_of(ctx.database, theirs.account) == before
    known = [theirs.ig_id, "hello you", "lunch"]
    assert {name: said for name, said in told.items() if any(mark in said for mark in known)} == {}
    echoed = {name for name, said in told.items() if theirs.account in said and '"kind": ' not in said}
    assert echoed <= {"draft_add", "draft_list", "import_list", "import_show"}  # what they themselves have just said


def _told(tool: Tool, ctx: Context, asker: Asker, theirs: Theirs) -> str:
    try:
        return json.dumps(answer(tool, ctx, asker, _arguments(tool, theirs), HERE))
    except PressrunError as error:
        return json.dumps({"kind": error.kind.value, "type": error.type, "message": str(error)})
