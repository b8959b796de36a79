"""The life of tokens: issue, exchange, refresh, death (graph-api.md §1.4)."""

from __future__ import annotations

from typing import Any

from pressrun.errors import Invalid
from simulator.protocol.errors import TOKEN_SUBCODES
from simulator.world.journal import Event
from simulator.world.people import TOKEN_LIFE_S
from simulator.world.records import Account, Login, Token, TokenKind
from simulator.world.world import World, applies

SHORT_LIFE_S = 3600
_ACTIONS = ("expire", "revoke", "rotate", "restore", "foreign")


def is_current(token: Token, now: float) -> bool:
    """Whether this is a long-lived token of a user that works."""
    return (
        token.account is not None
        and (token.expires_at is None or now < token.expires_at)
        and token.refused is None
        and not token.is_short
        and not token.is_foreign
        and token.kind in {TokenKind.USER, TokenKind.INSTAGRAM}
    )


def current(world: World, account: Account) -> Token | None:
    """The token that works: the first one as long as it lives, else the newest."""
    first = world.tokens[f"SIM-TOKEN-{account.index}"]
    now = world.now()
    if is_current(first, now):
        return first
    found = [token for token in world.tokens.values() if token.account is account and is_current(token, now)]
    return found[-1] if found else None


def issue(
    world: World, kind: TokenKind, account: Account | None, *, is_short: bool = False, is_foreign: bool = False
) -> Token:
    """A new token, durable before it is shown. Those of Pages have no end."""
    name = "ALL" if account is None else str(account.index)
    world.count += 1
    text = f"SIM-TOKEN-{name}-N{world.count}"
    life = SHORT_LIFE_S if is_short else TOKEN_LIFE_S
    now = world.now()
    world.commit(
        "token.issued",
        text=text,
        type=kind.value,
        account=None if account is None else account.index,
        at=now,
        expires_at=None if kind is TokenKind.PAGE else now + life,
        is_short=is_short,
        is_foreign=is_foreign,
    )
    return world.tokens[text]


def renew_pages(world: World, account: Account | None) -> None:
    """Whoever consents anew gets Page tokens that work, where those before are dead."""
    for one in world.accounts if account is None else [account]:
        has_live = any(
            token.kind is TokenKind.PAGE and token.account is one and token.refused is None
            for token in world.tokens.values()
        )
        if one.login is Login.FACEBOOK and not has_live:
            issue(world, TokenKind.PAGE, one)


def control(world: World, account: Account, action: str, subcode: int | None) -> dict[str, Any]:
    """What `/_sim/token` does. Raises Invalid."""
    if action not in _ACTIONS:
        raise Invalid(f"action is one of {', '.join(_ACTIONS)}", field="action")
    if subcode is not None and subcode not in TOKEN_SUBCODES:
        raise Invalid(f"subcode is one of {', '.join(map(str, sorted(TOKEN_SUBCODES)))}", field="subcode")
    if action == "foreign":
        kind = TokenKind.INSTAGRAM if account.login is Login.INSTAGRAM else TokenKind.USER
        return {"account": account.ig_id, "token": issue(world, kind, account, is_foreign=True).text}
    if action == "restore":
        world.commit("tokens.refused", account=account.index, subcode=None, keep=None)
    elif action == "rotate":
        kind = TokenKind.INSTAGRAM if account.login is Login.INSTAGRAM else TokenKind.USER
        fresh = issue(world, kind, account)
        world.commit("tokens.refused", account=account.index, subcode=subcode or 460, keep=fresh.text)
    else:
        world.commit(
            "tokens.refused",
            account=account.index,
            subcode=subcode or (463 if action == "expire" else 458),
            keep=None,
        )
    token = current(world, account)
    return {"account": account.ig_id, "token": token.text if token else None}


@applies("token.issued")
def _issued(world: World, event: Event) -> None:
    account = None if event["account"] is None else world.accounts[event["account"]]
    world.tokens[event["text"]] = Token(
        event["text"],
        TokenKind(event["type"]),
        account,
        event["at"],
        event["expires_at"],
        is_short=event["is_short"],
        is_foreign=event.get("is_foreign", False),
    )


@applies("tokens.refused")
def _refused(world: World, event: Event) -> None:
    """All tokens of an account, page tokens included, except the one to keep."""
    account = world.accounts[event["account"]]
    for token in world.tokens.values():
        if token.account is account and token.text != event["keep"]:
            token.refused = event["subcode"]


@applies("code.used")
def _code_used(world: World, event: Event) -> None:
    world.used_codes.add(event["code"])
