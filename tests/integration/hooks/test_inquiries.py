"""What a person wants to know of Instagram is asked by a worker, and what changes something is sent once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.erasing.erasure import Wish
from models.erasing.persons import erase_person
from operations.history import inquiries
from operations.history.inquiries import outcome
from operations.operation import OWNER, Context
from pressrun import clock, failpoints
from pressrun.errors import Invalid, Kind, NotPossible, PressrunError, Unknown
from tests.integration.hooks.conftest import Desk
from worker.asked.inquiring import MOST_TRIES

FIRST_PRODUCT = 3_231_775_643_510_000
ASKS: dict[str, Callable[[Context], int]] = {
    "catalogs": lambda ctx: inquiries.list_catalogs(ctx, OWNER),
    "products": lambda ctx: inquiries.search_catalog(ctx, OWNER),
    "appeal": lambda ctx: inquiries.show_appeal(ctx, OWNER, str(FIRST_PRODUCT)),
    "appeal made": lambda ctx: inquiries.make_appeal(ctx, OWNER, str(FIRST_PRODUCT), "why"),
    "invitations": lambda ctx: inquiries.list_invites(ctx, OWNER),
}


def _product(index: int, number: int) -> str:
    return str(FIRST_PRODUCT + index * 100 + number)


def _ask(desk: Desk, ask: Callable[[Context], int]) -> list[dict[str, Any]]:
    """Ask, have it worked on, and read what came of it."""
    inquiry_id = ask(desk.context)
    desk.work("inquiry")
    return list(outcome(desk.context, OWNER, inquiry_id).rows)


def _count(desk: Desk, endpoint: str) -> int:
    return int(desk.simulator.report()["calls"].get(endpoint, 0))


class TestReading:
    def test_the_catalog_of_the_only_account(self, desk: Desk) -> None:
        desk.join(4)

        [found] = _ask(desk, ASKS["catalogs"])

        assert (found["catalog_id"], found["product_count"]) == ("960100000000004", 11)

    def test_products_by_words_with_how_they_were_reviewed(self, desk: Desk) -> None:
        desk.join(4)
        desk.join(5)

        found = _ask(desk, lambda ctx: inquiries.search_catalog(ctx, OWNER, "sim-4", " mug "))

        assert [one["product_id"] for one in found] == [_product(4, number) for number in (0, 4, 8)]
        assert [one["review_status"] for one in found] == ["approved", "rejected", "approved"]
        assert found[0]["variants"] == [{"product_id": str(FIRST_PRODUCT + 450), "name": "blue"}]

    def test_no_more_than_were_asked_for_over_pages(self, desk: Desk) -> None:
        desk.join(4)
        desk.simulator.post("/_sim/readings", pages="short")
        try:
            found = _ask(desk, lambda ctx: inquiries.search_catalog(ctx, OWNER, limit=11))
        finally:
            desk.simulator.post("/_sim/readings", pages="full")

        assert len({one["product_id"] for one in found}) == 11

    def test_the_review_of_a_product(self, desk: Desk) -> None:
        desk.join(4)

        [found] = _ask(desk, lambda ctx: inquiries.show_appeal(ctx, OWNER, _product(4, 4)))

        assert (found["review_status"], found["eligible_for_appeal"]) == ("rejected", True)

    @pytest.mark.parametrize("index", [4, 5], ids=["Facebook Login", "Instagram Login"])
    def test_the_broadcast_under_way(self, desk: Desk, index: int) -> None:
        desk.join(index)
        assert _ask(desk, lambda ctx: inquiries.list_lives(ctx, OWNER)) == []
        desk.simulator.post("/_sim/account", account=index, live_seconds=600)

        [found] = _ask(desk, lambda ctx: inquiries.list_lives(ctx, OWNER))

        assert found["media_type"] == "BROADCAST"
        desk.simulator.post("/_sim/account", account=index, live_seconds=0)

    def test_invitations_and_that_who_sent_them_can_be_erased(self, desk: Desk) -> None:
        desk.join(6)
        desk.simulator.post("/_sim/invite", account=6, caption="With you?")

        [found] = _ask(desk, ASKS["invitations"])

        assert found["caption"] == "With you?"
        assert found["owner_username"]
        with desk.database.transaction() as tx:
            erase_person(tx, found["owner_username"], Wish("owner", None, clock.now()))
        assert found["owner_username"] not in str(desk.one("SELECT answer FROM inquiries").answer)


class TestAppealing:
    def _make(self, desk: Desk, number: int = 4, index: int = 8) -> int:
        return inquiries.make_appeal(desk.context, OWNER, _product(index, number), "It is no weapon.", f"sim-{index}")

    def test_it_is_made_once(self, desk: Desk) -> None:
        desk.join(8)
        inquiry_id = self._make(desk)
        desk.work("inquiry")

        assert outcome(desk.context, OWNER, inquiry_id).rows[0]["review_status"] == "pending"
        [stands] = _ask(desk, lambda ctx: inquiries.show_appeal(ctx, OWNER, _product(8, 4)))
        assert stands["review_status"] == "pending"

    def test_what_cannot_be_appealed_for_is_not_sent(self, desk: Desk) -> None:
        desk.join(8)
        before = _count(desk, "product_appeal_create")
        inquiry_id = self._make(desk, number=0)
        desk.work("inquiry")

        with pytest.raises(NotPossible, match="it is approved"):
            outcome(desk.context, OWNER, inquiry_id)
        assert _count(desk, "product_appeal_create") == before

    @pytest.mark.parametrize(
        ("mode", "index", "is_made"),
        [("accept_then_reset", 10, True), ("accept_then_500", 12, True), ("reset", 14, False), ("html", 14, False)],
    )
    def test_a_lost_answer_is_looked_for_and_nothing_is_sent_again(
        self, desk: Desk, mode: str, index: int, is_made: bool
    ) -> None:
        desk.join(index)
        before = _count(desk, "product_appeal_create")
        desk.simulator.fault(endpoint="product_appeal_create", mode=mode, account=index, nth=1)
        inquiry_id = self._make(desk, index=index)
        desk.work("inquiry")
        with pytest.raises(NotPossible, match="not answered yet"):
            outcome(desk.context, OWNER, inquiry_id)

        desk.work("inquiry")

        if is_made:
            assert outcome(desk.context, OWNER, inquiry_id).rows[0]["review_status"] == "pending"
        else:
            with pytest.raises(PressrunError, match="may be made again") as told:
                outcome(desk.context, OWNER, inquiry_id)
            assert told.value.type == "product.appeal_lost"
        assert _count(desk, "product_appeal_create") <= before + 1
        assert desk.work("inquiry") == 0

    @pytest.mark.parametrize(("point", "is_made"), [("inquiry.after_intent", False), ("inquiry.after_response", True)])
    def test_a_worker_that_dies_is_followed_by_one_that_reads(self, desk: Desk, point: str, is_made: bool) -> None:
        index = 2 if is_made else 0
        desk.join(index)
        inquiry_id = self._make(desk, index=index)
        failpoints.arm(f"{point}=raise")
        desk.work("inquiry")
        failpoints.arm("")
        before = _count(desk, "product_appeal_create")
        assert desk.one("SELECT state FROM inquiries").state == "sending"

        desk.work("inquiry")

        assert desk.one("SELECT state FROM inquiries").state == ("done" if is_made else "failed")
        assert _count(desk, "product_appeal_create") == before
        assert desk.one("SELECT settled_at IS NOT NULL AS is_over FROM inquiries WHERE id = :id", id=inquiry_id).is_over

    def test_an_account_that_is_paused_makes_none_and_looks_for_what_it_sent(self, desk: Desk) -> None:
        desk.join(6)
        before = _count(desk, "product_appeal_create")
        desk.sql("UPDATE accounts SET state = 'paused'")
        inquiry_id = self._make(desk, index=6)
        desk.work("inquiry")

        with pytest.raises(NotPossible, match="is paused"):
            outcome(desk.context, OWNER, inquiry_id)
        assert len(_ask(desk, ASKS["catalogs"])) == 1
        desk.sql("UPDATE accounts SET state = 'active'")
        desk.simulator.fault(endpoint="product_appeal_create", mode="accept_then_reset", account=6, nth=1)
        inquiry_id = self._make(desk, index=6)
        desk.work("inquiry")
        desk.sql("UPDATE accounts SET state = 'paused'")
        desk.work("inquiry")
        assert outcome(desk.context, OWNER, inquiry_id).rows
        assert _count(desk, "product_appeal_create") <= before + 1

    def test_what_instagram_refuses_ends_it(self, desk: Desk) -> None:
        desk.join(14)
        desk.simulator.fault(endpoint="product_appeal_create", mode="refuse", code=100, account=14, nth=1)
        inquiry_id = self._make(desk, index=14)
        desk.work("inquiry")

        with pytest.raises(PressrunError) as told:
            outcome(desk.context, OWNER, inquiry_id)
        assert told.value.kind is Kind.REFUSED


class TestWhatComesToNothing:
    @pytest.mark.parametrize("name", ASKS)
    def test_on_instagram_login_nothing_is_asked(self, desk: Desk, name: str) -> None:
        desk.join(5)

        with pytest.raises(NotPossible, match="needs Facebook Login") as told:
            ASKS[name](desk.context)

        assert (told.value.type, told.value.field) == ("login.lacks", "account")
        assert desk.one("SELECT count(*) AS n FROM inquiries").n == 0

    def test_which_account_must_be_said_where_there_are_several(self, desk: Desk) -> None:
        with pytest.raises(Unknown) as none:
            inquiries.list_lives(desk.context, OWNER)
        assert none.value.type == "account.none_yet"
        desk.join(4)
        desk.join(6)
        with pytest.raises(Invalid, match="sim-4, sim-6"):
            inquiries.list_lives(desk.context, OWNER)
        with pytest.raises(Unknown):
            inquiries.list_lives(desk.context, OWNER, "nobody")

    @pytest.mark.parametrize(
        "ask",
        [
            lambda ctx: inquiries.show_appeal(ctx, OWNER, "mug"),
            lambda ctx: inquiries.show_appeal(ctx, OWNER, "1" * 31),
            lambda ctx: inquiries.make_appeal(ctx, OWNER, "1", " "),
            lambda ctx: inquiries.make_appeal(ctx, OWNER, "1", "x" * 2001),
            lambda ctx: inquiries.search_catalog(ctx, OWNER, catalog="../1"),
            lambda ctx: inquiries.search_catalog(ctx, OWNER, limit=0),
            lambda ctx: inquiries.list_invites(ctx, OWNER, limit=1001),
        ],
    )
    def test_bad_input_is_refused_before_anything_is_stored(self, desk: Desk, ask: Callable[[Context], int]) -> None:
        desk.join(4)

        with pytest.raises(Invalid):
            ask(desk.context)
        assert desk.one("SELECT count(*) AS n FROM inquiries").n == 0

    def test_what_passes_is_tried_a_few_times_and_then_said(self, desk: Desk) -> None:
        desk.join(4)
        desk.simulator.fault(endpoint="available_catalogs", mode="refuse_500", account=4)
        inquiry_id = ASKS["catalogs"](desk.context)
        assert [desk.work("inquiry") for _ in range(MOST_TRIES + 1)] == [1] * MOST_TRIES + [0]

        with pytest.raises(PressrunError) as told:
            outcome(desk.context, OWNER, inquiry_id)
        assert told.value.kind is Kind.REFUSED
        desk.simulator.clear_faults()
        assert len(_ask(desk, ASKS["catalogs"])) == 1

    @pytest.mark.parametrize(
        ("ask", "said"),
        [
            (lambda ctx: inquiries.show_appeal(ctx, OWNER, "999"), "sim-4 has no product 999"),
            (lambda ctx: inquiries.make_appeal(ctx, OWNER, "999", "a mug"), "sim-4 has no product 999"),
            # Another account's.
            (lambda ctx: inquiries.show_appeal(ctx, OWNER, "3231775643510604"), "sim-4 has no product 32317756435106"),
            (lambda ctx: inquiries.search_catalog(ctx, OWNER, catalog="5"), "sim-4 has no catalog 5"),
        ],
    )
    def test_an_id_that_is_none_of_the_accounts_is_named(
        self, desk: Desk, ask: Callable[[Context], int], said: str
    ) -> None:
        desk.join(4)
        inquiry_id = ask(desk.context)
        desk.work("inquiry")

        with pytest.raises(Unknown, match=said) as told:
            outcome(desk.context, OWNER, inquiry_id)
        assert "code 100" not in str(told.value)

    def test_a_permission_that_lacks_is_said(self, desk: Desk) -> None:
        desk.join(4)
        desk.simulator.post("/_sim/account", account=4, without_scopes=["catalog_management"])
        try:
            inquiry_id = ASKS["products"](desk.context)
            desk.work("inquiry")
            with pytest.raises(PressrunError) as told:
                outcome(desk.context, OWNER, inquiry_id)
        finally:
            scopes = desk.simulator.post("/_sim/account", account=6)["scopes"]
            desk.simulator.post("/_sim/account", account=4, scopes=scopes)
        assert told.value.kind is Kind.REFUSED
        assert "catalog_management and instagram_shopping_tag_products" in str(told.value)

    def test_a_refused_token_breaks_the_account(self, desk: Desk) -> None:
        desk.join(4)
        desk.simulator.fault(endpoint="live_media", mode="refuse", code=190, subcode=460, account=4, nth=1)
        inquiry_id = inquiries.list_lives(desk.context, OWNER)
        desk.work("inquiry")

        with pytest.raises(PressrunError) as told:
            outcome(desk.context, OWNER, inquiry_id)
        assert told.value.kind is Kind.REFUSED
        assert desk.one("SELECT state FROM accounts").state == "broken"
        again = inquiries.list_lives(desk.context, OWNER)
        desk.work("inquiry")
        with pytest.raises(NotPossible, match="is broken"):
            outcome(desk.context, OWNER, again)

    def test_one_that_nobody_took_up_for_an_hour_is_over(self, desk: Desk) -> None:
        desk.join(4)
        inquiry_id = ASKS["catalogs"](desk.context)
        desk.sql("UPDATE inquiries SET created_at = now() - interval '61 minutes'")
        desk.work("inquiry")

        with pytest.raises(PressrunError, match="in time"):
            outcome(desk.context, OWNER, inquiry_id)

    def test_an_inquiry_nobody_made_is_unknown(self, desk: Desk) -> None:
        with pytest.raises(Unknown):
            outcome(desk.context, OWNER, 7)
        desk.join(4)
        inquiry_id = ASKS["catalogs"](desk.context)
        with pytest.raises(NotPossible, match="not answered yet"):
            outcome(desk.context, OWNER, inquiry_id)
