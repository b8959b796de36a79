"""What a browser is shown that a consent page has led back to us. Nothing of the address is repeated in it."""

from __future__ import annotations

import html
from dataclasses import dataclass

from console.instagram.bare_page import bare_page
from operations.accounts import consents
from operations.accounts.consents import BROWSER
from operations.operation import Context
from pressrun import log
from pressrun.errors import PressrunError

_GOES_ON = "Pressrun asks Instagram for the rest. You can close this window: what comes of it is told where you began."
_log = log.get(__name__)


@dataclass(frozen=True)
class AnswerPage:
    """A whole HTML page, to be sent with the headers of `bare_page`."""

    status: int
    body: str
    error: str | None = None
    """Why the answer was not taken, for whoever waits for one."""


def take(ctx: Context, query: str, *, onward: str = "") -> AnswerPage:
    """Hand in the answer of a consent page and say what became of that. Never raises for what an address can hold.

    Args:
        onward: the page that says what comes of a connection, where there is one; its number is put behind it.
    """
    try:
        taken = consents.answer(ctx, BROWSER, query)
    except PressrunError as problem:
        _log.info("connect.answer_refused", type=problem.type)
        return _page(400, "Not connected", f"{_sentence(str(problem))}", error=str(problem))
    _log.info("connect.answered", connection_id=taken.connection_id, is_refused=taken.is_refused)
    if taken.is_refused:
        return _page(200, "Nothing was connected", _sentence(taken.error or ""))
    return _page(200, "Thank you", _GOES_ON, onward=f"{onward}/{taken.connection_id}" if onward else "")


def _page(status: int, title: str, said: str, *, error: str | None = None, onward: str = "") -> AnswerPage:
    # A link and no redirect: whoever answers may be somebody else than the one who asked and is signed in.
    link = f'<p><a href="{html.escape(onward)}">See what comes of it</a></p>' if onward else ""
    return AnswerPage(status, bare_page(title, said, more=link), error)


def _sentence(said: str) -> str:
    return f"{said[:1].upper()}{said[1:]}."
