"""A year of tokens: Instagram Login lives on by itself through failing renewals, Facebook Login with a person who comes
when told, and every warning is told once.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from models.store.session import Database
from pressrun import clock
from tests.factories.rows import make_endpoint
from tests.support.simulator import Simulator
from tests.support.ward import Ward

DAY = timedelta(days=1)
_ENDPOINTS = ("refresh_access_token", "oauth_access_token", "debug_token", "user")
_TRIES_A_DAY = 2
"""Of what fails; it would be four and more."""
_ROUNDS = 3
"""A look, the renewal that it finds owed, and a look at what came of that. One that fails is tried again a few seconds
later: on a slow machine that is soon, over and over."""
_MODES = ("refuse_500", "accept_then_500", "accept_then_truncated", "html", "refuse")


@dataclass
class Year:
    """What happens to the accounts, a day at a time, and what people hear and do."""

    ward: Ward
    chance: random.Random
    account_of: dict[int, int] = field(default_factory=dict)
    """Our number → the simulator's."""
    heard: int = 0
    """Notices that a person has read."""
    logins: Counter[int] = field(default_factory=Counter)

    def join(self, accounts: int) -> None:
        for index in range(accounts):
            account_id = self.ward.join(index, *(self.ward.log_in(index) if index % 2 == 0 else ()))
            self.account_of[account_id] = index

    def pass_days(self, days: int) -> None:
        """Now and then something fails for some of its calls, or for weeks; told of an end, a person logs in."""
        if self.chance.random() < 0.05 * days:
            self.ward.simulator.clear_faults()
            self.ward.simulator.fault(
                endpoint=self.chance.choice(_ENDPOINTS),
                mode=self.chance.choice(_MODES),
                code=2,
                probability=self.chance.choice((0.3, 0.9)),
            )
        for _ in range(days * _TRIES_A_DAY):
            self.ward.later(DAY / _TRIES_A_DAY)
            self.ward.work(failing=True)
        for _ in range(_ROUNDS):
            self.ward.work()
        self.listen()

    def listen(self) -> None:
        told = self.ward.notices()
        for notice in told[self.heard :]:
            index = self.account_of[notice.account_id]
            if notice.kind == "token.ends" and index % 2 == 0:
                self.log_in(index)
        self.heard = len(told)
        self.ward.read_notices()

    def log_in(self, index: int) -> None:
        self.logins[index] += 1
        self.ward.join(index, *self.ward.log_in(index))


@pytest.fixture
def ward(database: Database) -> Iterator[Ward]:
    with (
        Simulator.start(accounts=50, media_each=0, account_calls=10**9, app_calls=10**9, user_calls=10**9) as meta,
        Ward.open(database, meta) as ward,
    ):
        with database.transaction() as tx:
            make_endpoint(tx)
        yield ward
    clock.put_right(timedelta(0))


@pytest.mark.parametrize(
    ("accounts", "days", "pace"),
    [
        pytest.param(2, 100, 2, marks=pytest.mark.cost(cpu_s=4)),
        # Some 10,000 looks: whoever looks after what is well comes by every third day only.
        pytest.param(50, 366, 3, marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
    ],
)
def test_every_account_lives_and_every_end_is_told_once(ward: Ward, accounts: int, days: int, pace: int) -> None:
    year = Year(ward, random.Random(7))
    year.join(accounts)

    for _ in range(days // pace):
        year.pass_days(pace)

    for account_id in year.account_of:
        assert ward.account(account_id).state == "active"
    told = [(one.account_id, one.detail["token"], one.detail["what"], one.detail["ends_at"]) for one in ward.notices()]
    assert {one.kind for one in ward.notices()} <= {"token.ends"}
    assert len(set(told)) == len(told)
    consents = Counter(who for who, _, what, _ in told if what == "data_access")
    for account_id, index in year.account_of.items():
        if index % 2:
            assert (consents[account_id], year.logins[index]) == (0, 0)
        else:
            # The consent lasts for 90 days and is told of 14 before: a person who comes at once is asked every 76, and
            # less often where the end of a token has called them in between.
            assert consents[account_id] <= days // 76
            assert year.logins[index] >= days // 90
