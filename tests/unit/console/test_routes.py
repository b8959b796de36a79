"""What holds everywhere, of each route as it is declared: pages, rehearsals, versions, keys of requests."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, get_origin

import pytest
from fastapi.dependencies.models import Dependant

from console.handlers import asking
from console.handlers.route import KEEPS, OPERATION
from console.handlers.routers import ROUTERS
from operations.operation import OPERATIONS, Effect
from pressrun.errors import Conflict, Invalid
from pressrun.versions import Seen

ROUTES: list[Any] = [route for router in ROUTERS for route in router.routes]
CHANGING = {"POST", "PUT", "PATCH", "DELETE"}
OF_FILES = {"/media", "/uploads", "/uploads/{upload}"}
"""Bytes lie beside the database: nothing takes them back."""
UNSEEN = {
    "/uploads/{upload}": "Upload-Offset says what was seen",
}
"""Edits that name no version, and why."""
WHOLE = {
    "/harvests/outcomes": "of the numbers that are asked for",
    "/notices/rules": "rules that somebody wrote by hand",
    "/sessions": "of people who are signed in",
    "/rereads": "of the numbers that are asked for",
    "/backfills": "of the numbers that are asked for",
    "/insights/media/{media}/curve": "of one media, and one number",
    "/system": "a fixed number of questions",
}
"""Lists that come whole, and why."""
TELL_A_SECRET = {
    "connect.begin",
    "connect.answer",
    "key.add",
    "key.rotate",
    "notify.add",
    "notify.rotate",
    "user.add",
    "user.invite",
    "user.reset",
}


def names_of(dependant: Dependant, kind: str) -> set[str]:
    own = {one.alias for one in getattr(dependant, f"{kind}_params")}
    return own.union(*(names_of(one, kind) for one in dependant.dependencies))


def changing() -> list[Any]:
    return [route for route in ROUTES if route.methods & CHANGING]


def reads(route: Any) -> bool:
    return OPERATIONS[route.openapi_extra[OPERATION]].effect is Effect.READS


def test_whatever_changes_something_can_be_rehearsed() -> None:
    lacking = {one.path for one in changing() if "dry_run" not in names_of(one.dependant, "query")}

    assert lacking == OF_FILES


def test_an_edit_can_name_what_was_seen() -> None:
    edits = [one for one in changing() if one.methods & {"PUT", "PATCH"}]

    assert {one.path for one in edits if "If-Match" not in names_of(one.dependant, "header")} == {*UNSEEN}


def test_each_route_reads_what_was_seen_in_the_same_way() -> None:
    taking = [one for one in changing() if "If-Match" in names_of(one.dependant, "header")]
    through = [one for one in taking if any(each.call is asking._if_match for each in one.dependant.dependencies)]

    assert [one.path for one in through] == [one.path for one in taking]


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ([], None),
        (["*"], None),
        ([" * "], None),
        (['"3"'], 3),
        (['"3", "4"'], (3, 4)),
        (['"3"', '"4"'], (3, 4)),
        ([',"3" ,\t,"4",'], (3, 4)),
        (['W/"3", "4"'], 4),
        (['"odd"'], ()),
        (['"", "03", "3,4", "\xe4"'], ()),
    ],
)
def test_what_was_seen_may_be_several_versions(lines: list[str], seen: Seen) -> None:
    assert asking.seen_by(lines) == seen


@pytest.mark.parametrize("line", ["", ",", "3", '"3', '3"', '"3" "4"', '"3";"4"', 'w/"3"', 'W/ "3"', '"3", *', '"a b"'])
def test_what_is_no_list_of_etags_is_refused(line: str) -> None:
    with pytest.raises(Invalid, match="no list of ETags"):
        asking.seen_by([line])


@pytest.mark.parametrize("lines", [['W/"3"'], ['W/"3"', 'W/"4"']])
def test_weak_etags_match_nothing(lines: list[str]) -> None:
    with pytest.raises(Conflict, match="weak ETag"):
        asking.seen_by(lines)


def test_a_list_comes_by_pages_that_a_cursor_leads_through() -> None:
    lists = [
        one
        for one in ROUTES
        if one.methods == {"GET"} and (_is_list(one.response_model) or _has_items(one.response_model))
    ]
    paged = {one.path for one in lists if {"cursor", "limit"} <= names_of(one.dependant, "query")}

    assert {one.path for one in lists} - paged == {*WHOLE}
    assert {"/posts", "/drafts", "/accounts", "/library", "/comments", "/audit", "/notices/deliveries"} <= paged


def test_answers_are_kept_under_a_key_but_where_they_tell_a_secret() -> None:
    kept_not = {one.openapi_extra[OPERATION] for one in changing() if not one.openapi_extra[KEEPS]}
    streamed = {"media.keep", "media.append", "import.add_file"}

    assert kept_not - streamed == TELL_A_SECRET


def _is_list(model: Any) -> bool:
    return get_origin(model) in (list, tuple)


def _has_items(model: Any) -> bool:
    bare = get_origin(model) or model
    return is_dataclass(bare) and any(one.name == "items" for one in fields(bare))
