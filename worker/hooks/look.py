"""One look at what an account's webhooks are subscribed to: at the account itself, or at its Page (graph-api.md §7)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace

from graph.answers.errors import ErrorClass, GraphError
from graph.answers.paging import Page, iterate
from graph.client import GraphClient
from graph.login.discovery import FacebookPage
from graph.login.webhooks import Subscription as Subscribed
from models.accounts.account import Login
from models.hooks.subscription import Way
from models.owed.gate import Purpose
from pressrun import log
from pressrun.errors import PressrunError
from pressrun.instagram.meta_app import app_ids
from worker.asking import Asking

REFUSALS = (ErrorClass.INVALID_REQUEST, ErrorClass.PERMISSION)
_log = log.get(__name__)


class NotSubscribable(PressrunError):
    """Neither the account nor a Page of it can be subscribed."""


@dataclass(frozen=True)
class Reading:
    """What stands now. `fields` None: the app hears nothing of the account."""

    fields: frozenset[str] | None
    way: Way
    refused: Mapping[str, str] | None = field(default_factory=dict)
    """None: nothing was asked for."""

    @property
    def told(self) -> frozenset[str]:
        return self.fields or frozenset()


@dataclass
class Look(Asking):
    intended: frozenset[str]
    """What an earlier try, that ended in between, was to restore."""
    tries: int
    knows_owner: bool
    way: Way | None
    was_asked: bool
    only_reads: bool

    @property
    def is_on_facebook(self) -> bool:
        return self.account.login == Login.FACEBOOK.value


def read(look: Look) -> Reading:
    return Reading(_of_ours(look, look.ask(lambda client: client.webhooks.subscriptions())), Way.ACCOUNT)


def read_page(look: Look, page: FacebookPage) -> Reading:
    apps = look.ask(lambda client: client.webhooks.subscriptions(page_id=page.id, page_token=page.access_token))
    return Reading(_of_ours(look, apps), Way.PAGE)


def as_it_stands(look: Look) -> Reading:
    if look.way is not Way.PAGE:
        return replace(read(look), refused=None)
    page = page_of(look)
    if page is None:
        raise NotSubscribable("no Page of the account is seen with its tokens", type="subscription.no_page")
    return replace(read_page(look, page), refused=None)


def page_of(look: Look) -> FacebookPage | None:
    """The Page that the account is linked to, as one of its tokens shows it."""
    refused: GraphError | None = None
    for client in _clients(look):
        pages = iterate(_pages_with(look, client))
        try:
            for page in pages:
                if page.ig_id == look.account.ig_id:
                    return page
        except GraphError as refusal:
            if refusal.error_class not in REFUSALS:
                raise
            refused = refusal
    if refused is not None:
        _log.info("subscription.pages_refused", account_id=look.account.id, error=str(refused))
    return None


def _pages_with(look: Look, client: GraphClient) -> Callable[[str | None], Page[FacebookPage]]:
    return lambda after: look.ask(lambda one: one.discovery.pages(after), client)


def _clients(look: Look) -> list[GraphClient]:
    """With the account's token, and with the person's where there is another: a Page's shows no list of Pages."""
    credentials = look.client.credentials
    others = [replace(credentials, token=token, other_token=None) for token in credentials.tokens[1:]]
    return [look.client, *(look.ctx.client_of(one, look.account.id, Purpose.HARVEST) for one in others)]


def _of_ours(look: Look, apps: Collection[Subscribed]) -> frozenset[str] | None:
    """What the app is told, of all the apps that are; None when it is none of them.

    Where the app's id is not known, what the account's own token shows is the app's.
    """
    ids = app_ids(look.ctx.settings, on_facebook=look.is_on_facebook)
    ours = [one for one in apps if not ids or one.id in ids]
    return frozenset(name for one in ours for name in one.fields) if ours else None
