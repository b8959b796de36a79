"""The Facebook side of Facebook Login: who am I, which Pages, which businesses."""

from __future__ import annotations

from typing import Any

from simulator.calls import paging
from simulator.calls.call import Call
from simulator.calls.node_type import NodeType
from simulator.calls.permissions import Need
from simulator.calls.routing import endpoint
from simulator.nodes.users import USER
from simulator.protocol.fields import Field
from simulator.world import people
from simulator.world.records import Business, FacebookUser, Login, Page, TokenKind

PERSON = NodeType("User")
PAGE = NodeType("Page")
BUSINESS = NodeType("Business")
_TASKS = ("ADVERTISE", "ANALYZE", "CREATE_CONTENT", "MESSAGING", "MODERATE", "MANAGE")
_PAGING = "limit after before"
_UNLINKED_PAGE = "101599999999999"


@endpoint("me", "GET", "person", need=Need.NOTHING)
def person(call: Call, user: FacebookUser) -> Any:
    return PERSON.render(call, user, call.fields(), ("name",))


@endpoint("accounts", "GET", "person/accounts", params=_PAGING, need=Need.PAGES, is_platform=True)
def accounts(call: Call, user: FacebookUser) -> Any:
    """The person's Pages; the last one of the manager has no Instagram account."""
    selection = call.fields()
    own = [page for page in _pages(call, user) if page.account.page_listed == "person"]
    found = _page_list(call, own, f"{user.id}/accounts")
    if user.account is None and "next" not in found.get("paging", {}):
        unlinked = {"id": _UNLINKED_PAGE, "name": "Page without Instagram", "tasks": list(_TASKS)}
        names = {field.name for field in selection} or {"name", "tasks"}
        found["data"].append({name: value for name, value in unlinked.items() if name in names | {"id"}})
    return found


@endpoint("businesses", "GET", "person/businesses", params=_PAGING, need=Need.PAGES, is_platform=True)
def businesses(call: Call, user: FacebookUser) -> Any:
    owned = [Business(page.account) for page in _pages(call, user)]
    return paging.page(
        call,
        owned,
        key=lambda business: (-business.account.index, business.id),
        render=lambda business: BUSINESS.render(call, business, call.fields(), ("name",)),
        args=call.params,
        path=f"{user.id}/businesses",
    )


@endpoint("owned_pages", "GET", "business/owned_pages", params=_PAGING, need=Need.PAGES, is_platform=True)
def owned_pages(call: Call, business: Business) -> Any:
    pages = [Page(business.account)] if business.account.page_listed != "client" else []
    return _page_list(call, pages, f"{business.id}/owned_pages")


@endpoint("client_pages", "GET", "business/client_pages", params=_PAGING, need=Need.PAGES, is_platform=True)
def client_pages(call: Call, business: Business) -> Any:
    pages = [Page(business.account)] if business.account.page_listed == "client" else []
    return _page_list(call, pages, f"{business.id}/client_pages")


@endpoint("business", "GET", "business", need=Need.PAGES, is_platform=True)
def business_node(call: Call, business: Business) -> Any:
    return BUSINESS.render(call, business, call.fields(), ("name",))


@endpoint("page", "GET", "page", need=Need.PAGES, is_platform=True)
def page_node(call: Call, page: Page) -> Any:
    return PAGE.render(call, page, call.fields(), ("name",))


def _pages(call: Call, user: FacebookUser) -> list[Page]:
    if user.account is not None:
        return [Page(user.account)]
    return [Page(account) for account in call.world.accounts if account.login is Login.FACEBOOK]


def _page_list(call: Call, pages: list[Page], path: str) -> Any:
    return paging.page(
        call,
        pages,
        key=lambda page: (-page.account.index, page.id),
        render=lambda page: PAGE.render(call, page, call.fields(), ("name", "access_token", "tasks")),
        args=call.params,
        path=path,
    )


@PAGE.field("access_token")
def _page_token(call: Call, page: Page, _field: Field) -> str | None:
    for token in call.world.tokens.values():
        if token.kind is TokenKind.PAGE and token.account is page.account and token.refused is None:
            return token.text
    return None


@PAGE.field("tasks")
def _tasks(_call: Call, page: Page, _field: Field) -> list[str]:
    # New Pages report their tasks with a prefix (graph-api.md §1.4).
    prefix = "PROFILE_PLUS_" if page.account.index % 4 == 2 else ""
    return [prefix + task for task in (_TASKS if page.account.page_tasks is None else page.account.page_tasks)]


@PAGE.field("instagram_business_account")
def _linked(call: Call, page: Page, field: Field) -> Any:
    if page.account.is_personal:
        return None
    return USER.render(call, page.account, field.sub or ())


PERSON.plain("id", lambda user: user.id)
PERSON.plain("name", lambda user: user.account.name if user.account else people.MANAGER_NAME)
PAGE.plain("id", lambda page: page.id)
PAGE.plain("name", lambda page: page.account.name)
BUSINESS.plain("id", lambda business: business.id)
BUSINESS.plain("name", lambda business: f"{business.account.name} Ltd.")
