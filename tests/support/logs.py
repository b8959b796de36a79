"""The suite's logging, which a command run in this process would replace by its own: bound to a stream that ends with
the test, it would fail each later test's lines with "--- Logging error ---".
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def logging_restored() -> Iterator[None]:
    """A command sets up logging for its process, which is not ours; a service also what tells of crashes."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    hooks = sys.excepthook, threading.excepthook
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        sys.excepthook, threading.excepthook = hooks


Hook = Callable[..., Any]
InForce = tuple[list[logging.Handler], Hook, Hook]


def in_force() -> InForce:
    """What of it a test must leave as it was: what writes lines, and what tells of crashes."""
    # Only these are ours: pytest's own handlers come and go.
    writing: list[logging.Handler] = [one for one in logging.getLogger().handlers if type(one) is logging.StreamHandler]
    return writing, sys.excepthook, threading.excepthook


def put_back(before: InForce) -> None:
    """As it was."""
    root = logging.getLogger()
    for handler in in_force()[0]:
        root.removeHandler(handler)
    for handler in before[0]:
        root.addHandler(handler)
    sys.excepthook, threading.excepthook = before[1:]
