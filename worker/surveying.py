"""Where a token leads: its permissions, its Pages and their accounts (graph-api.md §1.3, §1.4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any

from graph.answers.errors import ErrorClass, GraphError
from graph.answers.paging import Page, iterate
from graph.client import GraphClient
from graph.login.discovery import FacebookPage
from graph.login.tokens import TokenState
from models.accounts.account import Login
from models.connecting.consenting import Candidate
from models.tokens.token import Facts
from pressrun import log
from pressrun.errors import NotPossible, RefusedByInstagram
from pressrun.instagram.permissions import NEEDED, cost_of
from worker.consenting import Step, Survey, Surveyor
from worker.tokens.look import facts_of

_MOST_NAMED = 5
_PERSONAL = "personal"
_PROOF = "appsecret_proof"
_log = log.get(__name__)


def on_facebook(step: Step) -> Survey:
    """The Pages of a person and of their businesses, and the accounts that are linked to them."""
    client = step.client(step.secret)
    state = _examined(step, client)
    facts = facts_of(state) if state is not None else Facts()
    check_granted(step.login, step.scopes_asked, facts.scopes)
    pages = _pages(client)
    linked = {page.ig_id: page for page in pages if page.ig_id is not None}
    if not linked:
        raise _nothing_linked(pages)
    found = tuple(
        Candidate(ig_id, page.username, page.id, page.name, may_publish=not page.tasks or page.may_publish)
        for ig_id, page in linked.items()
    )
    tokens = {ig_id: page.access_token for ig_id, page in linked.items() if page.access_token}
    return Survey(found, tokens, facts)


def on_instagram(step: Step) -> Survey:
    """The one account whose token it is."""
    check_granted(step.login, step.scopes_asked, step.scopes)
    profile = step.client(step.secret).users.me(("id", "user_id", "username", "account_type"))
    if (profile.account_type or "").lower() == _PERSONAL:
        who = f"@{profile.username}" if profile.username else profile.user_id or profile.id
        raise NotPossible(
            f"{who} is a personal account: make it a business or creator account in Instagram's app, "
            "and connect it once more",
            type="account.wrong_kind",
        )
    return Survey((Candidate(profile.user_id or profile.id, profile.username),))


SURVEYORS: Mapping[Login, Surveyor] = {Login.FACEBOOK: on_facebook, Login.INSTAGRAM: on_instagram}


def check_granted(login: Login, asked: Collection[str] | None, scopes: Collection[str] | None) -> None:
    """Raises RefusedByInstagram when a permission is missing: one that was asked for, or that everything needs."""
    if scopes is None:
        return
    wanted = dict.fromkeys((*NEEDED[login.value], *(asked or ())))
    missing = [f"{scope} ({cost})" if (cost := cost_of(scope)) else scope for scope in wanted if scope not in scopes]
    if missing:
        raise RefusedByInstagram(
            f"permissions are missing: without {', without '.join(missing)}: connect the account once more and leave "
            "all of them ticked, or ask for fewer",
            type="scope.missing",
        )


def _examined(step: Step, client: GraphClient) -> TokenState | None:
    """What Meta says of the token; None where it cannot be asked, or does not say."""
    app_id, secret = step.ctx.settings.app_of(step.login.value)
    if not app_id or not secret:
        return None
    try:
        state = client.tokens.debug()
    except GraphError as problem:
        if problem.http_status is None or problem.error_class in {ErrorClass.TRANSIENT, ErrorClass.THROTTLED}:
            raise
        if problem.error_class is ErrorClass.AUTH:  # of the app: what is wrong with the token itself is no error here
            raise of_another_app() from None
        _log.info("connect.not_examined", connection_id=step.lease.id, error=str(problem))
        return None
    if state.app_id is not None and state.app_id != app_id:
        raise of_another_app()
    if (state.kind or "").upper() == "PAGE":
        raise RefusedByInstagram(
            "this is the token of a Page: give that of the person who manages it, which leads to all of their Pages",
            type="token.of_a_page",
        )
    return state


def of_another_app() -> RefusedByInstagram:
    """The error of a token that another app was given."""
    return RefusedByInstagram(
        "this token was given to another app than PRESSRUN_APP_ID: connect the account with the app that is set here, "
        "or set the id and the secret of the other one",
        type="token.of_another_app",
    )


def is_of_another_app(problem: GraphError) -> bool:
    """Whether the proof that the app's secret makes does not fit the token (graph-api.md §1.4)."""
    return problem.code == 100 and _PROOF in problem.message


def _pages(client: GraphClient) -> list[FacebookPage]:
    """All of them, each once: those of the person first, since these come with their tokens."""
    try:
        pages = {page.id: page for page in _all(client.discovery.pages)}
    except GraphError as problem:
        if is_of_another_app(problem):
            raise of_another_app() from None
        raise
    for business in _where_granted(client.discovery.businesses):
        for edge in (client.discovery.owned_pages, client.discovery.client_pages):
            for page in _where_granted(partial(edge, business.id)):
                known = pages.get(page.id)
                if known is None or (known.access_token is None and page.access_token is not None):
                    pages[page.id] = page
    return list(pages.values())


def _where_granted(read: Callable[..., Page[Any]]) -> list[Any]:
    """All of a business's list; of one that is refused nothing, and the others count all the same.

    It takes a permission of its own, which most people do without: what their own list has is enough then.
    """
    try:
        return _all(read)
    except GraphError as problem:
        if problem.error_class not in {ErrorClass.PERMISSION, ErrorClass.INVALID_REQUEST}:
            raise
        _log.info("connect.no_businesses", error=str(problem))
        return []


def _all(read: Callable[..., Page[Any]]) -> list[Any]:
    return list(iterate(read))


def _nothing_linked(pages: list[FacebookPage]) -> NotPossible:
    if not pages:
        return NotPossible(
            "the person let Pressrun see no Page: connect it once more as whoever manages the Page of the account, "
            "and tick the Page",
            type="page.none",
        )
    names = ", ".join(page.name or page.id for page in pages[:_MOST_NAMED])
    more = f" and {len(pages) - _MOST_NAMED} more" if len(pages) > _MOST_NAMED else ""
    return NotPossible(
        f"no Instagram professional account is linked to {names}{more}: link it in the settings of the Page, "
        "or connect it with Instagram Login",
        type="page.without_account",
    )
