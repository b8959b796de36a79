"""Whatever graph/ is asked to do: what the simulator refuses is refused or classified, what it accepts is read.

Both are written from the contract and not from each other, so each is the other's measure here.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.answers.errors import ErrorClass, GraphError
from graph.answers.paging import Page
from graph.calls import CallRecord
from graph.client import Credentials, GraphClient, Login
from graph.publishing.publishing import CreatedContainer, Published
from graph.wire.transport import Transport
from pressrun.errors import PressrunError
from tests.contract.any_call import plans
from tests.contract.steps import Known, Step
from tests.contract.world import APP_ID, APP_SECRET, Account, World
from tests.support.simulator import Simulator

_GIVES = {"comments.create": "comment", "comments.reply": "comment", "hashtags.search": "hashtag"}


class Bench:
    """One client, what exists for it, and a record of every request that it makes."""

    def __init__(self, world: World, account: Account, login: Login, transport: Transport) -> None:
        self.token = account.token
        self.records: list[CallRecord] = []
        self.client = GraphClient(
            Credentials(login, account.ig_id, account.token),
            transport,
            graph_url=world.url,
            app_id=APP_ID,
            app_secret=APP_SECRET,
            call_deadline_s=10,
            after_call=self.records.append,
        )
        self._world, self._account = world, account
        self._defects: dict[str, int] = {}

    def known(self) -> dict[str, list[str]]:
        """What the account has before anything is done."""
        world, account = self._world, self._account
        media = world.ask(account.index, f"{account.ig_id}/media", fields="id,media_type,comments{id}")["data"]
        in_comment = world.push("mention", account, kind="comment")
        in_caption = world.push("mention", account, kind="caption")
        return {
            "user": [account.ig_id],
            "media": [row["id"] for row in media],
            "album": [row["id"] for row in media if row["media_type"] == "CAROUSEL_ALBUM"],
            "comment": [found["id"] for row in media for found in row.get("comments", {}).get("data", ())],
            "mentioned_comment": [in_comment["comment_id"]],
            "mentioned_media": [in_caption["media_id"], in_comment["media_id"]],
            "product": [str(3_231_775_643_510_000 + account.index * 100 + number) for number in range(11)],
            "catalog": [str(960_100_000_000_000 + account.index)],
            "page": [account.page_id],
            "business": [str(10_330_000_000_000_000 + account.index)],
            "token": [account.token],
            "page_token": [account.page_token],
            "code": [f"SIM-CODE-{account.index}"],
            "image": [f"{world.media}/feed.jpg"],
            "video": [f"{world.media}/reel.mp4"],
            "dead": [f"{world.media}/none.jpg", "http://127.0.0.1:1/none.jpg"],
        }

    def take(self, step: Step, known: Known) -> None:
        """Make one call and hold it to the promise."""
        group, _, name = step.call.partition(".")
        self.records.clear()
        arguments = known.resolve(step.arguments)
        outcome: Any
        try:
            outcome = getattr(getattr(self.client, group), name)(**arguments)
        except PressrunError as refusal:
            outcome = refusal
        if isinstance(outcome, PressrunError):
            self._check_text(outcome)
        if isinstance(outcome, GraphError):
            assert self.records[-1].error is not None, f"the simulator accepted what graph/ cannot read: {outcome}"
            self._check(outcome)
        elif isinstance(outcome, PressrunError):
            assert self.records == [], f"refused, but only after a call: {outcome}"
        else:
            self._check_result(step, outcome, known)
        for record in self.records:
            assert record.http_status is not None, f"no answer: {record.error}"
        before, self._defects = self._defects, self._world.simulator.report()["defects"]
        assert self._defects == before, "the simulator itself went wrong"

    def _check(self, error: GraphError) -> None:
        assert isinstance(error.error_class, ErrorClass)
        assert "Pressrun does not know" not in error.advice, f"nobody has classified this: {error}"
        self._check_text(error)

    def _check_text(self, error: PressrunError) -> None:
        for text in (str(error), repr(error), str(vars(error))):
            assert self.token not in text
            assert APP_SECRET not in text

    def _check_result(self, step: Step, result: Any, known: Known) -> None:
        error = getattr(result, "error", None)
        if isinstance(error, GraphError):
            self._check(error)
        elif step.call == "publishing.publish":
            assert isinstance(result, Published)
            known.ids["media"].insert(0, result.media_id)
        elif step.call == "batch.run":
            for one in result:
                if one.error is not None:
                    self._check(one.error)
        if isinstance(result, CreatedContainer):
            known.ids.setdefault("container", []).append(result.id)
            if result.upload_url is not None:
                known.ids.setdefault("upload", []).append(result.upload_url)
        if step.call in _GIVES and result is not None:
            known.ids.setdefault(_GIVES[step.call], []).append(result)
        if step.call == "stories.page" and isinstance(result, Page):
            known.ids["story"] = [story.id for story in result.items]
        if isinstance(result, Page) and result.after is not None:
            known.ids.setdefault("after", []).append(result.after)


@pytest.fixture(scope="module")
def own_world(world: World) -> Iterator[World]:
    """A simulator of its own: here things are published twice, and quotas run out."""
    with Simulator.start(accounts=40, image_processing_s=0.0, video_processing_s=0.0, quota_total=60) as simulator:
        simulator.post("/_sim/readings", ig_audio="audio")
        yield World(simulator, world.media)
        report = simulator.report()
        assert report["defects"] == {}
        assert report["quota_violations"] == []


@pytest.fixture(scope="module")
def benches(own_world: World) -> Iterator[dict[Login, Bench]]:
    with Transport() as transport:
        yield {
            login: Bench(own_world, own_world.take(instagram=login is Login.INSTAGRAM), login, transport)
            for login in Login
        }


@given(login=st.sampled_from(Login), plan=plans)
@settings(
    max_examples=150,
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)
def test_refused_or_classified_accepted_and_read(benches: dict[Login, Bench], login: Login, plan: list[Step]) -> None:
    bench = benches[login]
    known = Known(bench.known())

    for step in plan:
        bench.take(step, known)
