"""facebook-business 26 below its objects: batches, proofs, errors, and what it makes of an unfinished answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from facebook_business.adobjects.igmedia import IGMedia
from facebook_business.adobjects.iguser import IGUser
from facebook_business.exceptions import FacebookRequestError

from tests.contract.clients import facebook_business, refused
from tests.contract.world import Account, World


@pytest.fixture
def api(world: World, account: Account) -> Iterator[Any]:
    with facebook_business(world, account.token) as api:
        yield api


def error_of(call: Any) -> FacebookRequestError:
    with pytest.raises(FacebookRequestError) as caught:
        call()
    return caught.value


class Batch:
    """A batch and what its callbacks were told."""

    def __init__(self, api: Any) -> None:
        self.batch = api.new_batch()
        self.good: list[Any] = []
        self.bad: list[FacebookRequestError] = []
        self.with_callbacks = {
            "batch": self.batch,
            "success": lambda response: self.good.append(response.json()),
            "failure": lambda response: self.bad.append(response.error()),
        }


def test_a_batch_of_reads_and_writes(api: Any, account: Account, world: World) -> None:
    user = IGUser(account.ig_id, api=api)
    media = user.get_media()[0]["id"]
    batch = Batch(api)
    user.api_get(fields=[IGUser.Field.username], **batch.with_callbacks)
    user.get_media(params={"limit": 2}, **batch.with_callbacks)
    user.create_media(params={"image_url": f"{world.media}/feed.jpg", "caption": "a & b"}, **batch.with_callbacks)
    IGMedia(media, api=api).create_comment(params={"message": "50 % & more?"}, **batch.with_callbacks)
    IGMedia("17950999999999999", api=api).api_get(**batch.with_callbacks)
    user.get_insights(params={"metric": ["views"], "period": ["day"]}, **batch.with_callbacks)

    assert batch.batch.execute() is None, "nothing to repeat"

    profile, page, container, comment = batch.good
    assert profile == {"username": account.username, "id": account.ig_id}
    assert len(page["data"]) == 2
    assert container["id"].isdigit()
    assert world.ask(account.index, comment["id"], fields="text")["text"] == "50 % & more?"
    assert [(error.api_error_code(), error.api_error_subcode()) for error in batch.bad] == [(100, 33), (100, None)]


def test_what_was_not_finished_comes_back_as_a_batch(api: Any, account: Account, world: World) -> None:
    world.simulator.fault(endpoint="stories", mode="hang", account=account.index, count=1)
    user = IGUser(account.ig_id, api=api)
    batch = Batch(api)
    user.get_media(params={"limit": 1}, **batch.with_callbacks)
    user.get_stories(**batch.with_callbacks)

    again = batch.batch.execute()

    assert len(batch.good) == 1
    assert len(again) == 1
    assert again.execute() is None
    assert batch.good[1] == {"data": []}


def test_a_batch_holds_fifty(api: Any, account: Account) -> None:
    batch = Batch(api)
    for _ in range(51):
        IGUser(account.ig_id, api=api).api_get(**batch.with_callbacks)

    assert refused(batch.batch.execute)[0] == 100


def test_a_batch_may_go_to_me(api: Any, account: Account) -> None:
    operations = [{"method": "GET", "relative_url": f"v26.0/{account.ig_id}?fields=username"}]

    found = api.call("POST", ("me",), params={"batch": operations, "include_headers": False}).json()

    assert found == [{"code": 200, "body": f'{{"username":"{account.username}","id":"{account.ig_id}"}}'}]


def test_proofs(world: World, account: Account) -> None:
    for secret in (None, "SIM-APP-SECRET"):
        with facebook_business(world, account.token, secret=secret) as api:
            assert IGUser(account.ig_id, api=api).api_get()["id"] == account.ig_id
    with facebook_business(world, account.token, secret="another") as api:
        error = error_of(IGUser(account.ig_id, api=api).api_get)

    assert (error.api_error_code(), error.api_error_type()) == (100, "GraphMethodException")
    assert "Invalid appsecret_proof" in error.api_error_message()


def test_an_error_in_full(api: Any, account: Account, world: World) -> None:
    user = IGUser(account.ig_id, api=api)
    error = error_of(lambda: user.create_media(params={"image_url": f"{world.media}/reel.mp4"}))

    assert (error.http_status(), error.api_error_code(), error.api_error_subcode()) == (400, 9004, 2207052)
    assert error.api_error_type() == "OAuthException"
    assert error.api_transient_error() is False
    assert set(error.body()["error"]) >= {"message", "error_user_title", "error_user_msg", "fbtrace_id"}


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("refuse_500", (500, 2, None, True)),
        ("refuse_fatal", (500, -1, 2207001, True)),
        ("refuse_2207051", (400, 4, 2207051, False)),
        ("quota", (400, 9, 2207042, False)),
        ("flake_100_33", (400, 100, 33, False)),
        ("throttle", (400, 80002, None, False)),
    ],
)
def test_faults_look_like_instagrams_errors(
    api: Any, account: Account, world: World, mode: str, expected: tuple[int, int, int | None, bool]
) -> None:
    world.simulator.fault(endpoint="media_publish", mode=mode, account=account.index, count=1)

    error = error_of(lambda: IGUser(account.ig_id, api=api).create_media_publish(params={"creation_id": "17880"}))

    found = (error.http_status(), error.api_error_code(), error.api_error_subcode(), error.api_transient_error())
    assert found == expected


def test_dead_tokens_and_missing_permissions(api: Any, account: Account, world: World) -> None:
    user = IGUser(account.ig_id, api=api)
    world.push("account", account, without_scopes=["instagram_manage_insights"])
    missing = error_of(lambda: user.get_insights(params={"metric": ["reach"], "period": ["day"]}))
    assert (missing.http_status(), missing.api_error_code()) == (403, 10)

    for action, subcode in (("expire", 463), ("revoke", 458), ("rotate", 460)):
        world.push("token", account, action=action)
        assert refused(user.api_get) == (190, subcode)
        world.push("token", account, action="restore")
    assert user.api_get()["id"] == account.ig_id


def test_somebody_elses_account(api: Any, world: World) -> None:
    other = world.take()

    assert refused(IGUser(other.ig_id, api=api).api_get) == (100, 33)
    assert refused(lambda: IGUser(other.ig_id, api=api).create_media_publish(params={"creation_id": "1"})) == (100, 33)
