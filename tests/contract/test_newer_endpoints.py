"""The client's newer calls against the simulator, which is another reading of the same facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from graph.answers.errors import GraphError
from graph.client import CallRecord, Credentials, GraphClient, Login
from graph.publishing.publishing import ContainerKind, ContainerSpec, Published
from graph.wire.transport import Transport
from pressrun import clock
from tests.support.simulator import Simulator

SETTINGS = {"accounts": 2, "fetch_media": False, "image_processing_s": 0.0, "video_processing_s": 0.0}


@pytest.fixture
def sim(simulator_factory: Callable[..., Simulator]) -> Simulator:
    return simulator_factory(**SETTINGS)


@pytest.fixture
def records() -> list[CallRecord]:
    return []


@pytest.fixture
def connect(sim: Simulator, records: list[CallRecord]) -> Iterator[Callable[..., GraphClient]]:
    with Transport() as transport:

        def make(index: int = 0, *, token: str = "", other: str | None = None, version: str = "v25.0") -> GraphClient:
            login = Login.INSTAGRAM if index % 2 else Login.FACEBOOK
            credentials = Credentials(login, sim.ig_id(index), token or sim.token(index), other)
            return GraphClient(credentials, transport, graph_url=sim.url, version=version, after_call=records.append)

        yield make


def published(client: GraphClient, **values: object) -> str:
    spec = ContainerSpec(ContainerKind.IMAGE, media_url="https://x.example/a.jpg", caption="which?", **values)  # type: ignore[arg-type]
    container = client.publishing.create_container(spec)
    outcome = client.publishing.publish(container.id)
    assert isinstance(outcome, Published)
    return outcome.media_id


@pytest.mark.parametrize("reading", ["object", "data"])
def test_a_poll_goes_out_and_is_read(sim: Simulator, connect: Callable[..., GraphClient], reading: str) -> None:
    sim.post("/_sim/readings", poll_attachment=reading)
    client = connect()

    media_id = published(client, poll_options=("Mug", "Bowl", "Plate"), is_comment_prompt_used=True)
    poll = client.add_ons.poll(media_id)

    assert poll is not None
    assert [one.text for one in poll.options] == ["Mug", "Bowl", "Plate"]
    assert sum(one.votes_share or 0 for one in poll.options) == pytest.approx(1, abs=0.01)
    assert poll.expires_at is not None
    assert timedelta(days=2) < poll.expires_at - clock.now() < timedelta(days=4)
    assert client.add_ons.prompt_responses(media_id) == ()
    assert client.add_ons.poll(published(client)) is None
    assert sim.report()["unknown_params"] == {}


def test_an_invitation_is_listed_until_it_is_answered(sim: Simulator, connect: Callable[..., GraphClient]) -> None:
    client = connect()
    sim.post("/_sim/invite", account=0, caption="with you")

    [invite] = client.invites.page().items
    client.invites.answer(invite.media_id, accept=True)

    assert invite.caption == "with you"
    assert client.invites.page().items == ()
    with pytest.raises(GraphError):
        client.invites.answer(invite.media_id, accept=True)


@pytest.mark.parametrize("index", [0, 1], ids=["Facebook Login", "Instagram Login"])
def test_an_account_subscribes_itself(connect: Callable[..., GraphClient], index: int) -> None:
    webhooks = connect(index).webhooks

    webhooks.subscribe(["comments", "mentions"])

    [one] = webhooks.subscriptions()
    assert set(one.fields) == {"comments", "mentions"}
    with pytest.raises(GraphError):
        webhooks.subscribe(["comments", "no_such_field"])
    webhooks.unsubscribe()
    assert webhooks.subscriptions() == ()


@pytest.mark.parametrize("index", [0, 1], ids=["Facebook Login", "Instagram Login"])
def test_tags_are_chosen_by_kind_and_time(sim: Simulator, connect: Callable[..., GraphClient], index: int) -> None:
    client = connect(index)
    everything = client.tags.page().items
    times = sorted(one.timestamp for one in everything if one.timestamp is not None)

    assert len(client.tags.page(posted_after=times[-1] - timedelta(seconds=1)).items) == 1
    assert client.tags.page(posted_before=times[0] - timedelta(seconds=1)).items == ()
    of_kind = client.tags.page(media_type="VIDEO").items
    assert {one.media_type for one in of_kind} <= {"VIDEO"}
    assert sim.report()["unknown_params"] == {}


def test_an_expired_version_is_answered_by_another_and_the_record_says_which(
    connect: Callable[..., GraphClient], records: list[CallRecord]
) -> None:
    connect(version="v19.0").users.profile()
    connect(version="v25.0").users.profile()

    asked_for_old, asked_for_new = (one.api_version for one in records)
    assert asked_for_new == "v25.0"
    assert asked_for_old not in (None, "v19.0")


@pytest.mark.parametrize("mode", [{"mode": "flake_100_33"}, {"mode": "refuse", "code": 10, "status": 403}])
def test_what_a_pages_token_is_refused_is_read_with_the_persons(
    sim: Simulator, connect: Callable[..., GraphClient], mode: dict[str, object]
) -> None:
    media_id = connect().media.page().items[0].id
    for endpoint in ("media_node", "media_insights", "container", "user_media"):
        sim.fault(endpoint=endpoint, token="page", **mode)
    page_only = connect(token="SIM-TOKEN-PAGE-0")
    both = connect(token="SIM-TOKEN-PAGE-0", other=sim.token(0))

    reads: list[Callable[[GraphClient], object]] = [
        lambda c: c.media.permalink(media_id),
        lambda c: c.insights.media(media_id, ["reach"]),
        lambda c: c.media.page(),
    ]
    for call in reads:
        with pytest.raises(GraphError) as caught:
            call(page_only)
        assert caught.value.code in (10, 100)
        assert call(both)
    container = both.publishing.create_container(
        ContainerSpec(ContainerKind.IMAGE, media_url="https://x.example/a.jpg")
    )
    assert both.publishing.container(container.id)
