"""A Page's token that is refused what the person's is granted: the post goes out, and nothing is told of either."""

from __future__ import annotations

from models.accounts.account import Account, user_token_context
from models.posts.states import PostState
from models.store.session import Database
from pressrun.vault import Vault
from tests.factories.rows import KEY
from tests.support.bench import Bench


def with_second_token(database: Database, account: Account, token: str) -> None:
    with database.transaction() as tx:
        found = tx.get_one(Account, account.id)
        found.user_token_sealed = Vault([KEY]).seal(token, context=user_token_context(account.id))


def test_a_post_goes_out_whose_container_the_page_may_not_read(bench: Bench) -> None:
    account = bench.account(0, token="SIM-TOKEN-PAGE-0")
    with_second_token(bench.database, account, bench.simulator.token(0))
    for endpoint in ("container", "media_node"):
        bench.simulator.fault(endpoint=endpoint, mode="flake_100_33", token="page")

    post_id = bench.post(account)
    post = bench.drive(post_id)

    assert post.state == PostState.PUBLISHED, bench.story(post_id)
    assert bench.settle(post_id).permalink
    assert "container.unreadable" not in bench.events(post_id)


def test_a_second_token_that_cannot_be_opened_stops_nothing(bench: Bench) -> None:
    account = bench.account(0)
    with bench.database.transaction() as tx:
        tx.get_one(Account, account.id).user_token_sealed = "v1:00:broken"

    assert bench.drive(bench.post(account)).state == PostState.PUBLISHED
