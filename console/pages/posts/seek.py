"""`/seek`: what is found while somebody types into the search: pages and accounts by name, posts by their words.

It answers with a part of a page; whoever has no script sends the form, and `/posts` answers.
"""

from __future__ import annotations

from fastapi import APIRouter, Response

from console.pages.house import House, Visit
from console.pages.places import PLACES, Place
from operations.accounts import accounts
from operations.posts import cards, post_search
from operations.posts.post_search import PostQuery

LEAST_WORDS = 2
"""Characters: one letter stands in nearly every post."""
_MOST_POSTS = 8
_MOST_ACCOUNTS = 5


def router(house: House) -> APIRouter:
    made = APIRouter()
    house.page(made, "/seek", show)
    return made


def show(visit: Visit) -> Response:
    words = (visit.asked("q") or "").strip()[:200]
    found: list[cards.Card] = []
    if len(words) >= LEAST_WORDS:
        query = PostQuery(q=words, sort="-publish_at")
        page = post_search.search(visit.ctx, visit.asker, query, limit=_MOST_POSTS)
        found = cards.show(visit.ctx, visit.asker, [one.id for one in page.items]) if page.items else []
    begun = words.casefold()
    answer = visit.render(
        "seek.html", wanted=words, pages=_pages(visit, begun), accounts=_accounts(visit, begun), found=found
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _pages(visit: Visit, words: str) -> list[Place]:
    """Those that somebody may open and one of whose words begins so."""
    if not words:
        return []
    return [one for one in PLACES if one.is_for(visit.asker) and one.name.casefold().startswith(words)]


def _accounts(visit: Visit, words: str) -> list[str]:
    """Those of their accounts in whose name it stands, if it begins so first."""
    if len(words) < LEAST_WORDS:
        return []
    holding = [one.name for one in accounts.names(visit.ctx, visit.asker) if words in one.name.casefold()]
    return sorted(holding, key=lambda name: (not name.casefold().startswith(words), name))[:_MOST_ACCOUNTS]
