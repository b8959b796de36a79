"""What can be read by address: posts, insights and the documentation.

pressrun://posts/{post}             as `post_show` tells it
pressrun://insights/{view}          as `insight_export` tells its first page
pressrun://insights/{view}/{account}
pressrun://docs/{page}              a page of docs/
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from console.mcp.answering import answer
from console.mcp.marking import mark
from console.mcp.tool import BaseUrl
from console.mcp.tools import tools
from operations.operation import Asker, Context
from pressrun.errors import Unknown

SCHEME = "pressrun://"
VIEWS: Mapping[str, str] = {
    "account_daily": "Each day of an account",
    "media_totals": "The newest values of each media",
    "media_curve": "How each media's values grew",
    "story_final": "The last values of each story",
    "audience": "Who an account's followers are",
    "follower_growth": "Followers, day by day",
}
TEMPLATES = (
    ("pressrun://posts/{post}", "A post", "One post by number or key: what it holds, and what happened to it."),
    ("pressrun://insights/{view}/{account}", "A view of one account", "The first rows of a view of the history."),
)
_OWN = "mcp.md"
_PAGE = re.compile(r"[a-z_]{1,40}", re.ASCII)


@dataclass(frozen=True)
class Listed:
    """A resource in the list."""

    uri: str
    name: str
    title: str
    media_type: str


@dataclass(frozen=True)
class Content:
    """What a resource holds."""

    text: str
    media_type: str


def listed(ctx: Context, asker: Asker, cursor: str | None, base: BaseUrl) -> tuple[list[Listed], str | None]:
    """A page of the list, and the cursor behind it: documentation and views first, then posts, the latest first.

    Raises NotAllowed, and Invalid for the cursor.
    """
    search = tools()["post_search"]
    found = answer(search, ctx, asker, {"sort": "-publish_at", "cursor": cursor}, base)
    posts = [_post(one) for one in found["items"]]
    return ([] if cursor else [*_pages(), *_views()]) + posts, found["next_cursor"]


def read(ctx: Context, asker: Asker, uri: str, base: BaseUrl) -> Content:
    """What stands at that address. Raises Unknown, NotAllowed, and Invalid for a view that there is not."""
    kind, *names = [unquote(one) for one in uri.removeprefix(SCHEME).split("/")]
    if not uri.startswith(SCHEME) or "" in names:
        raise _unknown(uri)
    if kind == "docs" and len(names) == 1:
        tools()["account_list"].require(asker)  # whoever may read at all
        return Content(_page(names[0], uri), "text/markdown")
    arguments: dict[str, Any]
    if kind == "posts" and len(names) == 1:
        name, arguments = "post_show", {"post": names[0]}
    elif kind == "insights" and len(names) in (1, 2):
        name, arguments = "insight_export", dict(zip(("view", "account"), names, strict=False))
    else:
        raise _unknown(uri)
    told = answer(tools()[name], ctx, asker, arguments, base)
    return Content(json.dumps(told, ensure_ascii=False), "application/json")


def _post(told: Mapping[str, Any]) -> Listed:
    title = f"{told['type']} of {told['account']}, {told['state']}, {told['publish_at']}"
    return Listed(f"{SCHEME}posts/{told['id']}", f"post {told['id']}", title, "application/json")


def _views() -> list[Listed]:
    return [Listed(f"{SCHEME}insights/{view}", view, title, "application/json") for view, title in VIEWS.items()]


def docs_of(module: Path) -> Path | None:
    """The folder of the documentation: within the package as it is installed, beside it in a checkout."""
    places = (module.parents[1] / "docs", module.parents[2] / "docs")
    return next((one for one in places if (one / _OWN).is_file()), None)  # a folder of that name may be another's


@cache
def _docs() -> Path | None:
    return docs_of(Path(__file__))


@cache
def _pages() -> tuple[Listed, ...]:
    found, docs = [], _docs()
    for path in sorted(docs.glob("*.md")) if docs else ():
        title = path.read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ").strip()
        found.append(Listed(f"{SCHEME}docs/{path.stem}", path.stem, title, "text/markdown"))
    return tuple(found)


def _page(name: str, uri: str) -> str:
    docs = _docs()
    if docs is None or not _PAGE.fullmatch(name) or not (docs / f"{name}.md").is_file():
        raise _unknown(uri)
    return (docs / f"{name}.md").read_text(encoding="utf-8")


def _unknown(uri: str) -> Unknown:
    return Unknown(f"there is nothing at {mark(uri[:200])}", type="resource.unknown", field="uri")
