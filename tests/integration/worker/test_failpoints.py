"""Design §8.1 to §8.3: a worker that dies, crashes or stalls between any two durable steps, whatever the server does
with the calls around it: the post goes out once, with its true media id, and its first comment stands once.

The matrix: every point of a post's life × what becomes of the worker × what becomes of the call. The judge is the
simulator's ledger. A worker that raises leaves the rows that one leaves that is killed, and one that stalls meets
whoever took its row over: these two meet at each point every kind of thing that a server does, and in each phase
every one of them (plain workers meet every one in `test_lost_answers.py`). Of a kill and of a coma the suite tries
what differs for them, `make check-long` the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from models.posts.states import PostState
from models.publishing.reply import ReplyState
from pressrun.failpoints import POINTS
from tests.support.bench import Bench
from tests.support.matrix import Action, Cell, Matrix, ReplyMatrix, ledger_by_account
from tests.support.simulator import Simulator

SERVER = {
    "accepts": None,
    "refuses for now": "not_ready",
    "refuses without proof": "refuse_500",
    "hangs": "hang",
    "resets": "reset",
    "accepts, then hangs": "accept_then_hang",
    "accepts, then resets": "accept_then_reset",
    "accepts, then 500": "accept_then_500",
    "accepts, then 2207051": "accept_then_2207051",
    "accepts, then HTML": "accept_then_html",
}
ALL = tuple(SERVER.values())
KINDS_OF_ANSWERS: tuple[tuple[str | None, ...], ...] = (
    (None,),
    ("not_ready",),
    ("refuse_500", "hang", "reset"),
    ("accept_then_reset", "accept_then_500", "accept_then_html", "accept_then_hang"),
    ("accept_then_2207051",),
)
"""What a worker may learn: that it is done, that it is not, nothing where nothing happened, nothing where all did, and
a suspicion. Its steps differ by these alone."""
TRIED: dict[Action, tuple[str | None, ...]] = {
    Action.EXIT: (None, "accept_then_reset"),
    Action.COMA: (None, "hang", "accept_then_reset"),
}
"""What the suite tries of an end of a worker that meets the same at each point; see `modes_at` for the others."""
PHASES = {
    "stage": ("stage.before_container", "stage.after_container", "stage.after_record", "poll.after_read"),
    "publish": ("publish.before_intent", "publish.after_intent", "publish.after_response", "publish.after_record"),
    "reconcile": ("reconcile.after_read", "reconcile.after_record"),
    "comment": ("comment.after_intent", "comment.after_response", "comment.after_record", "comment.after_read"),
    "reply": ("reply.after_intent", "reply.after_response", "reply.after_record", "reply.after_read"),
}
STRUCK = {
    "stage": ("container_create", "media_publish"),
    "publish": ("media_publish",),
    "reconcile": ("media_publish",),
    "comment": ("media_publish", "comment_create"),
    "reply": ("mention_create",),
}
"""The calls that meet the server's mood, each the first time."""
PROVED = (None, "not_ready")
"""Answers after which nothing is reconciled: there, the sender dies first."""
DIES_FIRST = {
    "reconcile": "publish.after_response",
    "comment": "comment.after_response",
    "reply": "reply.after_response",
}
_CELLS_AT_MOST = len(SERVER) * max(map(len, PHASES.values()))
KINDS = (
    {"type": "image", "media": "feed.jpg"},
    {"type": "carousel", "media": "feed.jpg|feed-2.jpg"},
    {"type": "image", "media": "feed.jpg"},
    {"type": "story", "media": "story.jpg|feed-2.jpg"},
)


@pytest.fixture
def simulator(simulator_factory: Callable[..., Simulator], request: pytest.FixtureRequest) -> Simulator:
    """An account for each cell of a phase; only posts of ours have media that can be fetched."""
    of_replies = "reply" in request.node.name
    processing_s = 0.0 if of_replies else 0.1
    accounts = len(Action) * _CELLS_AT_MOST
    return simulator_factory(accounts=accounts, image_processing_s=processing_s, fetch_media=not of_replies)


def modes_at(action: Action, place: int) -> tuple[str | None, ...]:
    """What a server does at that point of a phase: one of each kind, another one at each point, and of each action."""
    if action in TRIED:
        return TRIED[action]
    turn = place + 2 * (action is Action.STALL)
    return tuple(kind[turn % len(kind)] for kind in KINDS_OF_ANSWERS)


def cells(phase: str, action: Action, modes: tuple[str | None, ...] | None = None) -> list[Cell]:
    made: list[Cell] = []
    for place, point in enumerate(PHASES[phase]):
        for mode in modes or modes_at(action, place):
            kind = KINDS[(len(made) + place) % len(KINDS)]
            if phase == "comment" and kind["type"] == "story":  # has none
                kind = KINDS[0]
            is_reading = phase == "reconcile" or (phase in DIES_FIRST and point.endswith(".after_read"))
            before = DIES_FIRST[phase] if is_reading and mode in PROVED else None
            made.append(Cell(point, action, mode, STRUCK[phase], before, kind))
    return made


def test_the_matrix_knows_every_point() -> None:
    of_posts = {
        point
        for point in POINTS
        if point.split(".")[0] in {"stage", "poll", "publish", "reconcile", "comment", "reply"}
    }

    assert {point for points in PHASES.values() for point in points} == of_posts


def test_every_answer_is_met_in_each_phase_and_two_of_a_kind_at_each_point() -> None:
    assert {mode for kind in KINDS_OF_ANSWERS for mode in kind} == set(ALL)
    for phase, points in PHASES.items():
        met = set[str | None]()
        for place, point in enumerate(points):
            here = {mode for action in (Action.RAISE, Action.STALL) for mode in modes_at(action, place)}
            met |= here
            for kind in KINDS_OF_ANSWERS:
                assert len(here & set(kind)) == min(2, len(kind)), (phase, point, kind)
        assert met == set(ALL), phase


@pytest.mark.cost(cpu_s=12)
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("phase", PHASES)
def test_a_post_goes_out_once_wherever_its_worker_fails(bench: Bench, phase: str) -> None:
    go_through(bench, phase, None)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("phase", PHASES)
def test_a_post_goes_out_once_whatever_the_server_does_besides(bench: Bench, phase: str) -> None:
    go_through(bench, phase, ALL)


def go_through(bench: Bench, phase: str, modes: tuple[str | None, ...] | None) -> None:
    for number, action in enumerate(Action):
        kind = ReplyMatrix if phase == "reply" else Matrix
        with kind(bench, cells(phase, action, modes), first_account=number * _CELLS_AT_MOST) as matrix:
            matrix.run(timeout_s=250)
        judge_replies(matrix) if isinstance(matrix, ReplyMatrix) else judge(bench, matrix)
    assert bench.simulator.report()["duplicates"] == []


@pytest.mark.cost(cpu_s=5)
@pytest.mark.timeout(600)
def test_a_lost_post_is_found_by_a_caption_that_comes_back_changed(bench: Bench) -> None:
    bench.simulator.post("/_sim/readings", captions="changed")
    caption = {"caption": "  Soup by @ana.cooks\u2028\n\nand @ben;  crème brûlée too "}
    found = [replace(cell, columns={**cell.columns} | caption) for cell in cells("reconcile", Action.RAISE)]
    found = [cell for cell in found if cell.columns["type"] != "story"]

    with Matrix(bench, found) as matrix:
        matrix.run(timeout_s=250)

    judge(bench, matrix)
    assert bench.simulator.report()["duplicates"] == []


def judge_replies(matrix: ReplyMatrix) -> None:
    for cell in matrix.cells:
        reply = matrix.reply(cell)
        assert cell.has_fired, matrix.story(cell)
        assert reply.state == ReplyState.SENT, matrix.story(cell)
        assert matrix.replies(cell) == [(reply.comment_id, reply.text)], matrix.story(cell)


def judge(bench: Bench, matrix: Matrix) -> None:
    ledger = ledger_by_account(bench)
    for cell in matrix.cells:
        post, live = matrix.post(cell), [entry["media_id"] for entry in ledger.get(cell.index, [])]
        assert cell.has_fired, matrix.story(cell)
        assert post.state == PostState.PUBLISHED, matrix.story(cell)
        assert live == matrix.media_ids(cell), matrix.story(cell)
        assert len(live) == cell.media, matrix.story(cell)
        if post.first_comment:
            standing = matrix.comments(cell)
            assert standing == [(post.comment_id, post.first_comment)], matrix.story(cell)
