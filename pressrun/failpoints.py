"""Named points between two durable steps that tests can turn into a crash, an exception or a stall.

Production runs with PRESSRUN_FAILPOINTS unset and every point is a dictionary look-up. The setting is a comma list of
`name=action` with the actions `exit` (SIGKILL to oneself), `raise`, `stall:<seconds>`, each with an optional `@n`:
only the n-th time the point is reached in this process. With PRESSRUN_FAILPOINTS_ONCE_DIR set, a point fires once
over all processes that share the folder, so that a restarted process survives.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pressrun.errors import Invalid

POINTS = (
    "fix.begun",
    "fix.converted",
    "fix.kept",
    "fix.settled",
    "stage.before_container",
    "stage.after_container",
    "stage.after_record",
    "poll.after_read",
    "arm.after_claim",
    "arm.after_intents",
    "publish.before_intent",
    "publish.after_intent",
    "publish.after_response",
    "publish.after_record",
    "reconcile.after_read",
    "reconcile.after_record",
    "comment.after_intent",
    "comment.after_response",
    "comment.after_record",
    "comment.after_read",
    "harvest.after_read",
    "harvest.after_store",
    "backfill.after_read",
    "backfill.after_store",
    "inbox.after_read",
    "reply.after_intent",
    "reply.after_response",
    "reply.after_record",
    "reply.after_read",
    "connect.after_code",
    "connect.after_exchange",
    "connect.after_answer",
    "connect.after_record",
    "care.after_look",
    "care.after_renewal",
    "care.after_record",
    "delivery.after_send",
    "subscription.after_intent",
    "deletion.after_account",
    "inquiry.after_intent",
    "inquiry.after_response",
    "object.before_part",
    "object.after_put",
    "object.after_leaving",
    "object.after_delete",
    "object.after_record",
    "upload.after_read",
    "upload.before_part",
    "upload.after_send",
    "upload.after_record",
    "dispatch.after_claim",
)


class FailpointRaised(Exception):
    """A failpoint was set to raise here."""


@dataclass(frozen=True)
class _Armed:
    action: str
    stall_s: float
    nth: int | None


_armed: dict[str, _Armed] = {}
_reached: dict[str, int] = {}
_lock = threading.Lock()
_once_dir: Path | None = None
_watcher: Callable[[str], None] | None = None


def arm(spec: str, *, once_dir: Path | None = None) -> None:
    """Replace what is armed by `spec`. Raises Invalid on an unknown name or action."""
    global _once_dir  # noqa: PLW0603 - process-wide by nature: points have no object to hang on
    parsed = dict(_parse(item.strip()) for item in spec.split(",") if item.strip())
    with _lock:
        _armed.clear()
        _armed.update(parsed)
        _reached.clear()
        _once_dir = once_dir


def reach(name: str) -> None:
    """Do what is armed for this point, normally nothing."""
    if _watcher is not None:
        _watcher(name)
    armed = _armed.get(name)
    if armed is None:
        return
    with _lock:
        _reached[name] = _reached.get(name, 0) + 1
        due = armed.nth is None or _reached[name] == armed.nth
    if due and _first_to_fire(name):
        _fire(name, armed)


@contextmanager
def watched(watcher: Callable[[str], None]) -> Iterator[None]:
    """Let `watcher` decide at every point what happens there: for tests that run many posts in one process."""
    global _watcher  # noqa: PLW0603 - as above
    _watcher = watcher
    try:
        yield
    finally:
        _watcher = None


def _fire(name: str, armed: _Armed) -> None:
    if armed.action == "exit":
        os.kill(os.getpid(), signal.SIGKILL)
    if armed.action == "raise":
        raise FailpointRaised(name)
    threading.Event().wait(armed.stall_s)


def _first_to_fire(name: str) -> bool:
    if _once_dir is None:
        return True
    try:
        os.close(os.open(_once_dir / name, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return False
    return True


def _parse(item: str) -> tuple[str, _Armed]:
    name, _, action = item.partition("=")
    action, _, nth = action.partition("@")
    action, _, stall = action.partition(":")
    if name not in POINTS:
        raise _invalid(f"no failpoint is called {name!r}")
    if action not in {"exit", "raise", "stall"} or (action == "stall") != bool(stall):
        raise _invalid(f"{item!r} is not name=exit, name=raise or name=stall:SECONDS")
    try:
        return name, _Armed(action, float(stall or 0), int(nth) if nth else None)
    except ValueError:
        raise _invalid(f"{item!r} holds a number that cannot be read") from None


def _invalid(what: str) -> Invalid:
    return Invalid(f"PRESSRUN_FAILPOINTS: {what}", type="setting.invalid", field="PRESSRUN_FAILPOINTS")
