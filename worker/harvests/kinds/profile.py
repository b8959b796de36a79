"""Followers, follows and media counts: values of the moment at which they are read. And what the account is called."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from models.accounts.account import Login
from models.accounts.account_name import record_name
from models.history.comment import forget_announced, named_lately
from models.history.insight import store_observations
from models.history.media import is_own
from models.history.mention import announce_comment
from pressrun import clock
from pressrun.errors import PressrunError
from worker.harvests.answers.notices import is_surely_own, names_account
from worker.harvests.answers.parse import profile_observations
from worker.harvests.harvester import Harvester, Store


def read(harvester: Harvester) -> Iterator[Store]:
    given = harvester.take_given()
    read_at = given.read_at if given is not None else clock.now()
    profile = given.profile if given is not None else harvester.ask(harvester.client.users.profile)
    if profile.followers_count is None:
        # `follower_growth` takes a run that told of no change for one that told the same: this one told nothing.
        harvester.note_once("followers_count", PressrunError("Instagram did not tell it"))

    def store(tx: Session, run_id: int) -> int:
        if profile.username:
            _call(tx, harvester, profile.username)
        points = profile_observations(profile)
        return store_observations(tx, harvester.account.id, points, captured_at=read_at, run_id=run_id)

    yield store


def _call(tx: Session, harvester: Harvester, username: str) -> None:
    """Keep the name. Who used a new one before it was known here has mentioned the account all the same."""
    account = harvester.account
    is_new = record_name(tx, account.id, username)
    if not is_new or account.login != Login.INSTAGRAM.value:
        return
    # Instagram Login has no field for mentions: they came as comments, and were looked through for the old name.
    for comment in named_lately(tx, account.id, username, now=clock.now()):
        if names_account(comment.text, (username,)):
            announce_comment(tx, account.id, comment, announced_at=comment.first_seen_at)
            media_id = comment.ig_media_id
            if media_id is not None and not is_surely_own(comment.extra) and not is_own(tx, account.id, media_id):
                forget_announced(tx, comment)
