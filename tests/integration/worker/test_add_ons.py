"""Product tags and caption add-ons: refused when queued as Instagram would, and carried where it takes them."""

from __future__ import annotations

from typing import Any

import pytest

from models.posts.states import PostState
from scheduler.posts.editing import edit_post
from scheduler.posts.importing import import_fields
from tests.support.bench import Bench

FIRST_PRODUCT = 3_231_775_643_510_000
POLL = {"poll_options": "yes|no", "poll_extended": "true", "comment_prompt": "true", "caption": "Rye or wheat?"}


def _get(bench: Bench, node: str, edge: str) -> Any:
    header = {"authorization": f"Bearer {bench.simulator.token(0)}"}
    return bench.simulator.http.get(f"/v25.0/{node}/{edge}", headers=header).raise_for_status().json()


@pytest.mark.parametrize(
    ("columns", "at"),
    [
        ({"type": "image", "product_tags": f"{FIRST_PRODUCT + 1}@0.5,0.25"}, {"x": 0.5, "y": 0.25}),
        ({"type": "reel", "media": "reel.mp4", "product_tags": str(FIRST_PRODUCT + 1)}, {}),
    ],
    ids=["image", "reel"],
)
def test_a_product_is_tagged(bench: Bench, columns: dict[str, str], at: dict[str, float]) -> None:
    post = bench.drive(bench.post(bench.account(0), **columns))

    assert post.state == PostState.PUBLISHED, bench.story(post.id)
    [tag] = _get(bench, post.media_id or "", "product_tags")["data"]
    assert {name: tag[name] for name in ("product_id", "x", "y") if name in tag} == {
        "product_id": FIRST_PRODUCT + 1
    } | at


def test_the_first_item_of_a_carousel_carries_the_tags(bench: Bench) -> None:
    tags = f"{FIRST_PRODUCT + 1}@0.5,0.25"
    post = bench.drive(bench.post(bench.account(0), type="carousel", media="feed.jpg|feed-2.jpg", product_tags=tags))

    children = [child["id"] for child in _get(bench, post.media_id or "", "children")["data"]]
    assert [len(_get(bench, child, "product_tags")["data"]) for child in children] == [1, 0]


def test_a_product_that_is_rejected_fails_the_post_and_is_named(bench: Bench) -> None:
    post = bench.drive(bench.post(bench.account(0), product_tags=f"{FIRST_PRODUCT + 4}@0.5,0.5"))

    assert (post.state, post.error_class) == (PostState.FAILED, "invalid_request")
    assert "2207037" in (post.error or "")


def test_a_poll_and_a_prompt_go_out_with_the_caption(bench: Bench) -> None:
    post = bench.drive(bench.post(bench.account(0), **POLL))

    assert post.state == PostState.PUBLISHED, bench.story(post.id)
    poll = _get(bench, post.media_id or "", "poll_attachment")
    assert (poll["option_a"], poll["option_b"]) == ("yes", "no")


class TestRefusedWhenQueued:
    def _problems(self, bench: Bench, columns: dict[str, str], index: int = 0) -> list[tuple[str, str]]:
        account = bench.account(index)
        fields = {"account": account.name, "publish_at": "+1d", "type": "image", "media": "feed.jpg", **columns}
        report = import_fields(bench.database, bench.settings, fields, base=bench.media_folder)
        assert report.added == []
        return [(one.column, one.type) for one in report.problems]

    @pytest.mark.parametrize(
        ("column", "text"),
        [("product_tags", "1@0,0"), ("poll_options", "a|b"), ("poll_extended", "true"), ("comment_prompt", "true")],
    )
    def test_on_instagram_login_there_is_none(self, bench: Bench, column: str, text: str) -> None:
        columns = {"caption": "c", column: text}
        found = self._problems(bench, columns, 1)

        assert (column, "login.lacks") in found

    @pytest.mark.parametrize(
        ("columns", "column"),
        [
            ({"product_tags": "1"}, "product_tags"),
            ({"product_tags": "1@2,0"}, "product_tags"),
            ({"product_tags": "|".join(f"{n}@0,0" for n in range(6))}, "product_tags"),
            ({"type": "reel", "media": "reel.mp4", "product_tags": "1@0,0"}, "product_tags"),
            ({"type": "carousel", "media": "reel.mp4|feed.jpg", "product_tags": "1@0,0"}, "product_tags"),
            ({"poll_options": "a|b"}, "poll_options"),
            ({"poll_options": "a", "caption": "c"}, "poll_options"),
            ({"poll_extended": "true", "caption": "c"}, "poll_extended"),
        ],
        ids=str,
    )
    def test_what_instagram_would_refuse(self, bench: Bench, columns: dict[str, str], column: str) -> None:
        assert [name for name, _ in self._problems(bench, columns)] == [column]

    def test_an_edit_is_held_to_the_same(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(0), publish_at="+1d", **POLL)

        def edit(**changes: str) -> list[str]:
            report = edit_post(bench.database, bench.settings, post_id, changes, base=bench.media_folder)
            return [one.column for one in report.problems]

        assert edit(caption="") == ["poll_options"]
        assert edit(product_tags="1") == ["product_tags"]
        assert edit(product_tags="1@0.1,0.2", poll_options="a|b|c") == []
        params = bench.read(post_id).params
        assert params["product_tags"] == [{"product_id": "1", "x": 0.1, "y": 0.2}]
        assert (params["poll_options"], params["poll_extended"]) == (["a", "b", "c"], True)
        assert edit(poll_options="", poll_extended="", caption="") == []
        assert bench.read(post_id).params.keys() == {"product_tags", "comment_prompt"}

    def test_an_edit_on_instagram_login_too(self, bench: Bench) -> None:
        post_id = bench.post(bench.account(1), publish_at="+1d")

        report = edit_post(bench.database, bench.settings, post_id, {"comment_prompt": "true"}, base=bench.media_folder)

        assert [one.type for one in report.problems] == ["login.lacks"]
