"""In the browser, a post of an item of the library, with all that a caption may carry."""

from __future__ import annotations

from pathlib import Path

from operations.operation import OWNER
from operations.posts import library, posts
from tests.factories.rows import make_account
from tests.integration.console.pages.conftest import Console
from tests.integration.console.pages.test_connecting import send


def test_a_post_is_composed_with_products_a_poll_and_a_prompt(console: Console, media_folder: Path) -> None:
    with console.ctx.database.transaction() as tx:
        make_account(tx, name="bakery", timezone="Europe/Oslo")
    library.add(console.ctx, OWNER, [media_folder / "feed.jpg"], name="bread")
    fields = {
        "account": "bakery",
        "type": "image",
        "publish_at": "2030-01-01T10:00",
        "media": "lib:bread",
        "caption": "Which?",
        "product_tags": "17@0.5,0.25",
        "poll_options": "rye|wheat",
        "poll_extended": "true",
        "comment_prompt": "false",
    }
    with console.client() as http:
        queued = send(http, "/compose", "/compose/queue", **fields)
        [post] = posts.list_posts(console.ctx, OWNER)
        edit = http.get(f"/compose?post={post.id}").text

    assert queued.status_code == 303, queued.text
    params = posts.show(console.ctx, OWNER, str(post.id)).params
    assert params["product_tags"] == [{"product_id": "17", "x": 0.5, "y": 0.25}]
    assert (params["poll_options"], params["poll_extended"], params["comment_prompt"]) == (
        ["rye", "wheat"],
        True,
        False,
    )
    assert 'value="rye|wheat"' in edit
    assert "&#34;product_id&#34;: &#34;17&#34;" in edit
