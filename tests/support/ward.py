"""Tokens under care in simulated time: worker steps driven one at a time, on a clock that jumps.

The clock of this process is put ahead (`pressrun/clock.py`), which is the simulator's too; the database's stays where
it is, and only leases live by it. So days cost what their steps cost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr
from sqlalchemy import Row, select, text

from graph.wire.transport import Transport
from models.accounts.account import Account, Login
from models.connecting.joining import NewAccount, join_account
from models.owed.claims import claim_due
from models.owed.works import WORKS
from models.store.session import Database
from pressrun import clock
from pressrun.network.hints import Hint, Queue, Task
from pressrun.settings import Settings
from pressrun.vault import Vault
from simulator.config import SimulatorConfig
from tests.factories.rows import KEY
from tests.support.simulator import Simulator
from worker.boundary import perform
from worker.context import WorkerContext
from worker.tasks import STEPS

_APP = {"client_id": SimulatorConfig.app_id, "client_secret": SimulatorConfig.app_secret}
_BACK = "http://127.0.0.1:8722/callback"
_DUE = text("""
    UPDATE tokens
       SET claim = claim + 1, leased_until = now() + interval '30 s', next_action_at = now() + interval '30 s'
     WHERE next_action_at <= :now AND (failing_since IS NOT NULL OR NOT :failing) OR id = ANY(:ids)
    RETURNING id, claim
""")


class Hurried(Transport):
    """Its pauses between tries take no time: nobody else uses this Instagram, and its clock jumps."""

    def pause(self, seconds: float) -> None:
        pass


@dataclass
class Ward:
    """Accounts of the simulator, their tokens, and the worker that looks after them."""

    database: Database
    simulator: Simulator
    settings: Settings
    transport: Transport = field(default_factory=Hurried)
    facebook: int = 0
    """An account of the simulator on that login, which nobody has used yet."""
    instagram: int = 1

    @classmethod
    @contextmanager
    def open(cls, database: Database, simulator: Simulator, *, first: int = 0, **settings: Any) -> Iterator[Ward]:
        known: dict[str, Any] = {"app_id": _APP["client_id"], "app_secret": SecretStr(_APP["client_secret"])}
        told = Settings(
            **known | {"graph_url": simulator.url, "secret_keys": [SecretStr(KEY)], "call_deadline": "2s"} | settings
        )
        ward = cls(database, simulator, told, facebook=first, instagram=first + 1)
        try:
            yield ward
        finally:
            ward.transport.close()

    @property
    def page(self) -> str:
        """The Page's token of the account on Facebook Login."""
        return f"SIM-TOKEN-PAGE-{self.facebook}"

    @property
    def worker(self) -> WorkerContext:
        return WorkerContext(self.settings, self.database, Vault([KEY]), self.transport)

    def join(self, index: int = 0, token: str | None = None, person: str | None = None) -> int:
        """The simulator's account `index`, or another token of it; our number."""
        login = Login.INSTAGRAM if index % 2 else Login.FACEBOOK
        given = token or self.simulator.token(index)
        new = NewAccount(login, self.simulator.ig_id(index), f"sim-{index}", given, user_token=person)
        with self.database.transaction() as tx:
            return join_account(tx, new, Vault([KEY])).account_id

    def log_in(self, index: int) -> tuple[str, str | None]:
        """What a login gives today: the account's token, and on Facebook the person's beside the Page's."""
        dialog = "/oauth/authorize" if index % 2 else "/v25.0/dialog/oauth"
        asked = {"redirect_uri": _BACK, "account": str(index), "client_id": _APP["client_id"]}
        back = self.simulator.http.get(dialog, params=asked).headers["location"].removesuffix("#_")
        grant = _APP | {"redirect_uri": _BACK, "code": parse_qs(urlsplit(back).query)["code"][0]}
        if index % 2:
            form = grant | {"grant_type": "authorization_code"}
            short = self.simulator.http.post("/oauth/access_token", data=form).json()["data"][0]["access_token"]
            long = {"grant_type": "ig_exchange_token", "client_secret": _APP["client_secret"], "access_token": short}
            return self.simulator.http.get("/access_token", params=long).json()["access_token"], None
        person = self._facebook(_APP | {"grant_type": "fb_exchange_token", "fb_exchange_token": self._facebook(grant)})
        asked = {"fields": "access_token,instagram_business_account", "access_token": person}
        pages = self.simulator.http.get("/v25.0/me/accounts", params=asked).raise_for_status().json()["data"]
        its = [one for one in pages if one["instagram_business_account"]["id"] == self.simulator.ig_id(index)]
        return str(its[0]["access_token"]), person

    def short_lived(self, index: int) -> str:
        """What Facebook gives for a code: it lives for an hour."""
        return self._facebook(_APP | {"redirect_uri": _BACK, "code": f"SIM-CODE-{index}"})

    def _facebook(self, params: dict[str, str]) -> str:
        answer = self.simulator.http.get("/v25.0/oauth/access_token", params=params)
        return str(answer.raise_for_status().json()["access_token"])

    def later(self, time: timedelta) -> datetime:
        """Jump ahead, here and at Instagram; what time it is then."""
        clock.put_right(clock.offset() + time)
        return clock.now()

    def work(self, *ids: int, failing: bool = False) -> int:
        """Take every step that is due, or these ones; how many those were.

        Args:
            failing: only what is tried again.
        """
        with self.database.transaction() as tx:
            due = tx.execute(_DUE, {"now": clock.now(), "ids": list(ids), "failing": failing}).all()
        for row in due:
            self.perform(Hint(Task.TOKEN_CARE, Queue.PREPARE, row.id, row.claim))
        return len(due)

    def read_webhooks(self) -> None:
        """Take every look at webhooks that is due."""
        work = next(one for one in WORKS if one.name == "subscription")
        with self.database.transaction() as tx:
            hints = claim_due(tx, work, limit=100, lease_s=30.0)
        for hint in hints:
            self.perform(hint)

    def perform(self, hint: Hint) -> None:
        """What a worker does with that hint."""
        perform(self.worker, STEPS, hint)

    def settle(self) -> None:
        """Take steps until none is due."""
        while self.work():
            pass

    def live(self, time: timedelta, *, pace: timedelta = timedelta(0)) -> int:
        """Let that time pass, with each step at its time; how many those were.

        Args:
            pace: the worker comes by no more often than that, as if it were away in between.
        """
        over, steps = clock.now() + time, 0
        while True:
            steps += self.work()
            with self.database.transaction() as tx:
                due = tx.scalar(text("SELECT min(next_action_at) FROM tokens"))
            ahead = max(due - clock.now(), pace) if due is not None else time
            if due is None or clock.now() + ahead >= over:
                self.later(max(over - clock.now(), timedelta(0)))
                return steps
            self.later(ahead + timedelta(milliseconds=1))

    def hint(self, token_id: int) -> Hint:
        """Claim it, as if it were due now."""
        with self.database.transaction() as tx:
            row = tx.execute(_DUE, {"now": None, "ids": [token_id], "failing": False}).one()
        return Hint(Task.TOKEN_CARE, Queue.PREPARE, row.id, row.claim)

    def token(self, account_id: int, which: str = "account") -> Row[Any]:
        query = "SELECT * FROM tokens WHERE account_id = :id AND which = :which"
        with self.database.transaction() as tx:
            return tx.execute(text(query), {"id": account_id, "which": which}).one()

    def account(self, account_id: int) -> Account:
        with self.database.transaction() as tx:
            return tx.scalars(select(Account).where(Account.id == account_id)).one()

    def read_notices(self) -> None:
        """Nobody else is told of them."""
        with self.database.transaction() as tx:
            tx.execute(text("UPDATE notices SET next_action_at = NULL"))

    def notices(self, kind: str | None = None) -> list[Row[Any]]:
        query = "SELECT kind, account_id, message, detail FROM notices WHERE kind = coalesce(:kind, kind) ORDER BY id"
        with self.database.transaction() as tx:
            return list(tx.execute(text(query), {"kind": kind}).all())

    def calls(self, endpoint: str) -> int:
        return int(self.simulator.report()["calls"].get(endpoint, 0))
