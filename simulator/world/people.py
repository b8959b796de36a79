"""Who lives in the simulated world: the accounts under test with their tokens, and strangers. Functions of the seed."""

from __future__ import annotations

from simulator.world import ids
from simulator.world.noise import whole
from simulator.world.records import Account, Login, Token, TokenKind

MANAGER_TOKEN = "SIM-TOKEN-ALL"  # noqa: S105 - a made-up account
MANAGER_NAME = "Manager of all Pages"

_FIRST = ("amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "iris", "juniper", "kelp", "linen")
_SECOND = ("studio", "bakery", "cycles", "press", "garden", "surf", "coffee", "ceramics", "travel", "kitchen", "yoga")
_STRANGERS = ("mona", "teo", "aya", "lukas", "ines", "omar", "freya", "noor", "pavel", "zoe", "kenji", "rosa")

FACEBOOK_SCOPES = frozenset(
    {
        "instagram_basic",
        "pages_read_engagement",
        "pages_show_list",
        "pages_manage_metadata",
        "instagram_content_publish",
        "instagram_manage_insights",
        "instagram_manage_comments",
        "instagram_manage_contents",
        "catalog_management",
        "instagram_shopping_tag_products",
        "instagram_public_content_access",
    }
)
INSTAGRAM_SCOPES = frozenset(
    {
        "instagram_business_basic",
        "instagram_business_content_publish",
        "instagram_business_manage_comments",
        "instagram_business_manage_messages",
        "instagram_business_manage_insights",
    }
)
TOKEN_LIFE_S = 60 * 86_400
DATA_ACCESS_S = 90 * 86_400


def account(seed: int, index: int) -> Account:
    """Account `index`: even ones use Facebook Login, odd ones Instagram Login."""
    first = _FIRST[whole(0, len(_FIRST) - 1, seed, index, "first")]
    second = _SECOND[whole(0, len(_SECOND) - 1, seed, index, "second")]
    login = Login.INSTAGRAM if index % 2 else Login.FACEBOOK
    return Account(
        index=index,
        username=f"{first}.{second}.{index}",
        name=f"{first.title()} {second.title()}",
        login=login,
        scopes=set(INSTAGRAM_SCOPES if login is Login.INSTAGRAM else FACEBOOK_SCOPES),
        base_followers=80 if index % 10 == 9 else whole(300, 25_000, seed, index, "followers"),
    )


def tokens_of(account: Account, epoch: float) -> list[Token]:
    """What the account can be reached with from the beginning, which was at `epoch`."""
    name = f"SIM-TOKEN-{account.index}"
    if account.login is Login.INSTAGRAM:
        return [_token(name, TokenKind.INSTAGRAM, account, epoch)]
    account.consented_at = epoch - 2 * 86_400
    page = _token(f"SIM-TOKEN-PAGE-{account.index}", TokenKind.PAGE, account, epoch)
    page.expires_at = None
    return [_token(name, TokenKind.USER, account, epoch), page]


def token_of_manager(epoch: float) -> Token:
    return _token(MANAGER_TOKEN, TokenKind.MANAGER, None, epoch)


def data_access_end(token: Token) -> float:
    """Until when its person's data are shown: 90 days after they were last asked, whatever becomes of their tokens."""
    return (token.account.consented_at if token.account else token.issued_at) + DATA_ACCESS_S


def _token(text: str, kind: TokenKind, account: Account | None, epoch: float) -> Token:
    # Issued two days before the world began: old enough to be refreshed at once.
    issued = epoch - 2 * 86_400
    return Token(text, kind, account, issued, issued + TOKEN_LIFE_S)


def stranger(*key: object) -> tuple[str, str]:
    """Username and id of somebody who is not under test."""
    number = whole(0, 9999, *key)
    return f"{_STRANGERS[number % len(_STRANGERS)]}_{number}", str(ids.FOREIGN_USER + number)
