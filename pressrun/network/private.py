"""Hosts in private networks: told when somebody names one, by the rule of whoever connects later (`fetch.py`).

It is no guard: a name leads where its owner says at that moment, so each connection is judged again when it is opened.
"""

from __future__ import annotations

import queue
import threading

from pressrun.network.fetch import PRIVATE, is_public, look_up

__all__ = ["PRIVATE", "is_private"]

LONGEST_LOOK_S = 2.0
"""Somebody waits for the answer; whoever connects later waits longer."""


def is_private(host: str, *, within_s: float = LONGEST_LOOK_S) -> bool:
    """Whether any address of the host is private, as of now. One that is not told in that time is not: nor are those of
    a name that nobody knows yet.
    """
    answer: queue.SimpleQueue[list[str] | None] = queue.SimpleQueue()
    threading.Thread(target=look_up, args=(host, 0, answer), daemon=True).start()
    try:
        addresses = answer.get(timeout=within_s)
    except queue.Empty:
        return False
    return not all(is_public(address) for address in addresses or ())
