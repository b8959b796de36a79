"""Comments, replies, hiding and deleting."""

from __future__ import annotations

import pytest

from tests.unit.simulator.client import Sim, ig_id


@pytest.mark.parametrize("account", [0, 1])
def test_a_comment_can_be_written_answered_hidden_and_deleted(sim: Sim, account: int) -> None:
    media = sim.publish(account)
    comment = sim.post(f"/{media}/comments", as_account=account, message="first!")["id"]
    reply = sim.post(f"/{comment}/replies", as_account=account, message="thanks")["id"]
    deeper = sim.post(f"/{reply}/replies", as_account=account, message="welcome")["id"]

    (row,) = sim.get(f"/{media}/comments", as_account=account)["data"]
    assert (row["id"], row["text"]) == (comment, "first!")
    replies = sim.get(f"/{comment}/replies", as_account=account, fields="text,username,from")["data"]
    assert {row["id"] for row in replies} == {reply, deeper}, "a reply to a reply stands beside it"
    assert sim.post(f"/{comment}", as_account=account, hide=True) == {"success": True}
    assert sim.get(f"/{comment}", as_account=account, fields="hidden")["hidden"] is True
    assert sim.call("DELETE", f"/{comment}", as_account=account).json() == {"success": True}
    assert sim.refused("GET", f"/{comment}", as_account=account) == (100, 33)
    assert sim.get(f"/{media}/comments", as_account=account) == {"data": []}


def test_comments_come_newest_first_with_nested_replies(sim: Sim) -> None:
    media = sim.publish()
    made = []
    for number in range(3):
        made.append(sim.post(f"/{media}/comments", message=f"number {number}")["id"])
        sim.advance(1)
    sim.post(f"/{made[0]}/replies", message="a reply")

    rows = sim.get(f"/{media}/comments", fields="id,text,like_count,replies{text},media{id}")["data"]

    assert [row["id"] for row in rows] == made[::-1]
    assert rows[2]["replies"]["data"][0]["text"] == "a reply"
    assert rows[0]["media"] == {"id": media}
    assert sim.get(f"/{media}", fields="comments_count")["comments_count"] == 4


def test_a_page_of_comments_holds_fifty_at_most(sim: Sim) -> None:
    media = sim.publish()
    for number in range(52):
        sim.post(f"/{media}/comments", message=str(number))

    found = sim.get(f"/{media}/comments", limit=100)

    assert len(found["data"]) == 50
    assert "next" in found["paging"]


def test_an_empty_message_and_a_missing_flag_are_refused(sim: Sim) -> None:
    media = sim.publish()
    comment = sim.post(f"/{media}/comments", message="hm")["id"]

    assert sim.refused("POST", f"/{media}/comments", message=" ") == (100, None)
    assert sim.refused("POST", f"/{comment}") == (100, None)
    assert sim.refused("POST", f"/{media}") == (100, None)


def test_the_comments_scope_is_needed(sim: Sim) -> None:
    media = sim.publish()
    sim.control("POST", "account", account=0, without_scopes=["instagram_manage_comments"])

    assert sim.refused("GET", f"/{media}/comments", status=403) == (10, None)
    assert sim.refused("GET", f"/{media}", fields="comments{id}", status=403) == (10, None)
    assert sim.refused("GET", f"/{ig_id(0)}/tags", status=403) == (10, None)


def test_whoever_wrote_a_comment_can_write_it_anew(sim: Sim) -> None:
    media = sim.publish()
    comment = sim.control("POST", "comment", account=0, media_id=media, text="hello")["comment_id"]

    sim.control("POST", "edit_comment", account=0, comment_id=comment, text="hello, all")

    assert sim.get(f"/{comment}", fields="text")["text"] == "hello, all"
    other = sim.control("POST", "comment", account=1, media_id=sim.publish(1))["comment_id"]
    for body in ({"comment_id": other, "text": "x"}, {"comment_id": media, "text": "x"}, {"comment_id": comment}):
        assert sim.http.post("/_sim/edit_comment", json={"account": 0, **body}).status_code == 400
