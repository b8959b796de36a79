"""Rate limits: rolling budgets per account, user and app, the usage headers, and blocks (graph-api.md §4.1, §4.2)."""

from __future__ import annotations

import json
import math
from collections import deque

from simulator.protocol import errors
from simulator.world.clock import real_seconds
from simulator.world.records import Account
from simulator.world.world import World

_SLOTS = 60
_NOTICE_GRACE_S = 1.0  # a call that was under way when the notice went out is no offence


class _Budget:
    """Calls of a rolling window, counted in sixty slots."""

    __slots__ = ("_limit", "_slots", "_total", "_width", "blocked_until", "code", "told_at")

    def __init__(self, limit: int, window_s: float, code: int) -> None:
        self._limit, self._width, self.code = limit, window_s / _SLOTS, code
        self._slots: deque[list[float]] = deque()
        self._total = 0
        self.blocked_until = 0.0
        self.told_at: float | None = None
        """Real time at which the caller learnt of the throttle."""

    def spend(self, now: float) -> tuple[int, bool]:
        """Count one call; the percentage used, this call included, and whether it is refused."""
        slot = now // self._width
        self._forget(slot)
        if self._slots and self._slots[-1][0] == slot:
            self._slots[-1][1] += 1
        else:
            self._slots.append([slot, 1])
        self._total += 1
        if self.blocked_until > now:
            return 100, True
        return min(100, self._total * 100 // self._limit), self._total > self._limit

    def minutes_left(self, now: float) -> int:
        """Whole minutes until calls pass again."""
        until = self.blocked_until
        total = self._total
        for slot, count in self._slots:
            if total < self._limit:
                break
            total -= int(count)
            until = max(until, (slot + _SLOTS) * self._width)
        return max(0, math.ceil((until - now) / 60))

    def _forget(self, slot: float) -> None:
        while self._slots and self._slots[0][0] <= slot - _SLOTS:
            self._total -= int(self._slots.popleft()[1])


class Usage:
    """Charges calls and keeps the tally of those made while throttled."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._accounts: dict[int, _Budget] = {}
        self._users: dict[int, _Budget] = {}
        config = world.config
        self._app = _Budget(config.app_calls, config.usage_window_s, 4)

    def charge(self, account: Account | None, *, is_platform: bool, headers: dict[str, str]) -> None:
        """Count the call and set its usage header. Raises GraphError while throttled."""
        now = self._world.now()
        if account is not None and not is_platform and self._app.blocked_until <= now:
            budget = self.of_account(account)
            percent, is_over = budget.spend(now)
            self._note(budget, percent, account)
            headers["x-business-use-case-usage"] = _business_header(account, budget, percent, now)
            if is_over:
                self._world.note("throttled", "refused")
                raise errors.throttled(budget.code)
            return
        percent, is_over = self._app.spend(now)
        tight = self._app
        if account is not None:
            user = self.of_user(account)
            used, is_user_over = user.spend(now)
            if used > percent:
                percent, tight = used, user
            is_over = is_over or is_user_over
        self._note(tight, percent, account)
        headers["x-app-usage"] = (
            f'{{"call_count":{percent},"total_time":{percent // 2},"total_cputime":{percent // 3}}}'
        )
        if is_over:
            self._world.note("throttled", "refused")
            raise errors.throttled(tight.code)

    def block(self, account: Account | None, seconds: float, code: int | None = None) -> int:
        """Throttle an account (or, without one, the app) for that long. The code of the refusals."""
        budget = self._app if account is None else self.of_account(account)
        budget.blocked_until = max(budget.blocked_until, self._world.now() + seconds)
        if code is not None:
            budget.code = code
        return budget.code

    def release(self) -> None:
        """Forget all calls and blocks."""
        self._accounts.clear()
        self._users.clear()
        config = self._world.config
        self._app = _Budget(config.app_calls, config.usage_window_s, 4)

    def headers_of(self, account: Account) -> dict[str, str]:
        """The header after a block was set by a fault."""
        budget = self.of_account(account)
        budget.told_at = budget.told_at or real_seconds()
        return {"x-business-use-case-usage": _business_header(account, budget, 100, self._world.now())}

    def of_account(self, account: Account) -> _Budget:
        budget = self._accounts.get(account.index)
        if budget is None:
            config = self._world.config
            budget = self._accounts[account.index] = _Budget(config.account_calls, config.usage_window_s, 80002)
        return budget

    def of_user(self, account: Account) -> _Budget:
        budget = self._users.get(account.index)
        if budget is None:
            config = self._world.config
            budget = self._users[account.index] = _Budget(config.user_calls, config.usage_window_s, 17)
        return budget

    def _note(self, budget: _Budget, percent: int, account: Account | None) -> None:
        if percent < 100:
            budget.told_at = None
            return
        real = real_seconds()
        if budget.told_at is None:
            budget.told_at = real
        elif real > budget.told_at + _NOTICE_GRACE_S:
            who = account.ig_id if account else "app"
            self._world.note("after_notice", who)


def _business_header(account: Account, budget: _Budget, percent: int, now: float) -> str:
    minutes = budget.minutes_left(now) if percent >= 100 else 0
    use = {"type": "instagram", "call_count": percent, "total_cputime": percent // 3, "total_time": percent // 2}
    return json.dumps({account.ig_id: [use | {"estimated_time_to_regain_access": minutes}]}, separators=(",", ":"))
