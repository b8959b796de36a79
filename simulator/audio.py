"""GET /ig_audio (since 2026-06-01). The contract names the endpoint but no shape: the list is empty."""

from __future__ import annotations

from typing import Any

from simulator.calls import Call
from simulator.permissions import Need
from simulator.records import Account
from simulator.routing import endpoint


@endpoint("ig_audio", "GET", "/ig_audio", params="q limit after user_id", need=Need.AUDIO)
def search(_call: Call, _account: Account | None) -> Any:
    return {"data": []}
