"""What the API says of a draft is what one may say of it."""

from __future__ import annotations

from dataclasses import fields

from console.handlers.bodies import Draft, Drafted, NewPost, PostContent, drafted
from operations.posts.posts import PostFields


def test_a_draft_is_told_with_every_field_that_it_may_have() -> None:
    assert set(Draft.model_fields) == set(Drafted.__annotations__)
    assert drafted({"cover_at": "2.5s", "poll_extended": "yes"}) == {"cover_at": "2.5s", "poll_extended": True}


def test_what_a_post_can_say_is_what_operations_take() -> None:
    assert set(NewPost.model_fields) == {one.name for one in fields(PostFields)}
    assert set(PostContent.model_fields) < set(NewPost.model_fields)
