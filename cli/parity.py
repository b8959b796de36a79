"""Which face has which operation, found out from the code: the table of docs/api.md.

A command or a route has an operation when its function refers to it, itself or through functions beside it. A hole is
explained in `REASONS`, or a test fails: whatever a person can do, they can do by every face, or it is said why not. A
new face (pages) is one more entry of `FACES`.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cache
from types import ModuleType
from typing import Any

import operations
from console.mcp.tools import LEFT_OUT
from console.mcp.tools import tools as all_tools
from operations.operation import OPERATIONS, Operation, Scope

_ASKED = "told at once by number, and asked for: nobody waits in a request"
_OWN = "whoever is signed in does it on their own page, `/me`"
_WRITTEN = "a post is said whole at the command line; drafts are for where one writes"
_GATHERED = "gathered for a page from what the other lists have"
_DRAWN = "drawn for a page"
_NETWORK = "files of this machine are named by their paths"

REASONS: Mapping[tuple[str, str], str] = {
    ("account.connection", "command"): "`account add` waits for it",
    ("inquiry.outcome", "command"): "the command that asks waits for it",
    ("callback.*", "command"): "Meta calls it",
    ("callback.*", "route"): "`/connect/deauthorize` and `/connect/data-deletion`, signed by Meta",
    ("deletion.show", "command"): "`account deletions` has them all",
    ("deletion.show", "route"): "the page that whoever asked is given; `deletion.list` has them all",
    ("harvest.outcomes", "command"): "`harvest run` waits for it",
    ("comment.show", "command"): "it stands in `comment list`",
    ("mention.reply_shown", "command"): "`mention reply` and `comment reply` wait for it",
    ("notify.delivery", "command"): "`notify test` waits for it",
    ("backfill.list", "command"): "`harvest backfill` waits for them",
    ("reread.list", "command"): "`harvest reread` waits for them",
    ("*.await", "route"): _ASKED,
    ("*.await_*", "route"): _ASKED,
    ("post.list", "route"): "`post.search` is the same, page by page",
    ("post.search", "command"): "`post.list` is shown whole",
    ("post.timeline", "command"): "it stands in `post show`",
    ("post.bulk", "command"): "a loop of the shell",
    ("post.shift", "*"): "`post.move` of each: a program adds the days itself",
    ("post.import", "route"): "it names a file of this machine; `import.add_file` takes one that is sent",
    ("post.import", "tool"): "it names a file of this machine; `import.add` takes its rows",
    ("import.*", "command"): "`post import` does it, and tells at once what became of it",
    ("media.add", "route"): "it names files of this machine; `media.add_kept` takes one that was uploaded",
    ("draft.*", "command"): _WRITTEN,
    ("draft.judge", "route"): "a post that is rehearsed says the same",
    ("media.*", "command"): _NETWORK,
    ("event.past", "command"): "a stream is for programs and pages",
    ("system.invariants", "command"): "they stand in `doctor`",
    ("system.reseal", "*"): "done on the machine whose environment holds the keys",
    ("system.ready", "command"): "`doctor` says more",
    ("system.ready", "route"): "`/readyz`, for whoever looks after the process",
    ("webhook.receive", "command"): "Instagram calls it",
    ("webhook.receive", "route"): "`/webhooks/instagram`, signed by Instagram",
    ("today.show", "*"): _GATHERED,
    ("calendar.show", "*"): _GATHERED,
    ("calendar.columns", "*"): _GATHERED,
    ("calendar.list", "*"): _GATHERED,
    ("calendar.consequences", "*"): "a move that is rehearsed says the same",
    ("account.names", "*"): _GATHERED,
    ("post.cards", "*"): _GATHERED,
    ("post.surroundings", "*"): _GATHERED,
    ("post.picture", "*"): _DRAWN,
    ("media.picture", "*"): _DRAWN,
    ("insight.overview", "*"): "gathered for a page from views, which every face has whole",
    ("insight.coverage_by_day", "*"): "the worst of what `insight.coverage` says of each day",
    ("post.attempts", "command"): "they stand in `post show`",
    ("insight.grown", "*"): "a curve of `media_curve` beside others",
    ("import.read", "*"): "a table to correct in place; elsewhere the file is corrected",
    ("system.running", "*"): "`doctor`, `harvest list` and the metrics tell of it",
    ("system.settings", "*"): "they are the environment of the processes",
    ("me.*", "command"): _OWN,
    ("me.*", "route"): _OWN,
    ("access.sign_out", "*"): _OWN,
    ("audit.export", "route"): "`audit.list` tells the same, page by page",
    ("console.link", "route"): "it is made on the machine itself",
    **{(operation, "tool"): why for operation, why in LEFT_OUT.items()},
    ("console.has_somebody", "*"): "the console asks itself before it listens",
}
"""(Operation, face) → why it has none there. `*` stands for any characters.

Tools are made of routes: what is no route is no tool for the same reason, unless there is another.
"""


@dataclass(frozen=True)
class Row:
    """One operation, and where it is: face → commands or routes."""

    operation: Operation
    places: Mapping[str, tuple[str, ...]]

    def told(self, face: str) -> str | None:
        """Where it is, or why it is nowhere; None: neither is known."""
        if found := self.places[face]:
            return ", ".join(f"`{place}`" for place in found)
        reasons = (
            why
            for asked in ((face, "route") if face == "tool" else (face,))
            for (name, of), why in REASONS.items()
            if fnmatch(asked, of) and fnmatch(self.operation.name, name)
        )
        return next(reasons, None)


def rows() -> list[Row]:
    """All operations by name, but for those of the door: they say who somebody is, and nobody wants them."""
    load_operations()
    found = {face: _places(walk()) for face, walk in FACES.items()}
    wanted = sorted((one for one in OPERATIONS.values() if one.scope is not Scope.ENTER), key=lambda one: one.name)
    return [Row(one, {face: tuple(sorted(set(of[one.name]))) for face, of in found.items()}) for one in wanted]


def load_operations() -> None:
    """Have every operation registered."""
    for module in pkgutil.walk_packages(operations.__path__, "operations."):
        importlib.import_module(module.name)


def commands() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each command as it is typed, and its function."""
    import typer

    from cli.main import app

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Callable[..., Any]]]:
        for name, child in getattr(command, "commands", {}).items():
            yield from walk(child, (*path, name))
        if path and not hasattr(command, "commands"):
            yield " ".join(path), inspect.unwrap(command.callback)

    return walk(typer.main.get_command(app), ())


def routes() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each route of the API, below /api/v1, and its handler."""
    from console.handlers.routers import ROUTERS

    for router in ROUTERS:
        for route in router.routes:
            told: Any = route
            for method in sorted(told.methods):
                yield f"{method} {told.path}", told.endpoint


def tools() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Each tool of MCP, and its function."""
    return ((name, one.function) for name, one in all_tools().items())


FACES: Mapping[str, Callable[[], Iterator[tuple[str, Callable[..., Any]]]]] = {
    "command": commands,
    "route": routes,
    "tool": tools,
}
"""Face → its places, each with the function that is called there."""


def operations_of(function: Callable[..., Any]) -> set[str]:
    """Names of the operations that a function refers to, itself or through functions of its module."""
    module = inspect.getmodule(function)
    if module is None:
        return set()
    known = {one.function: one.name for one in OPERATIONS.values()}
    defined = _functions(module)
    found: set[str] = set()
    seen: set[str] = set()
    waiting = [function.__name__]
    while waiting:
        name = waiting.pop()
        if name in seen or name not in defined:
            continue
        seen.add(name)
        imported = _imports(module) | _imported(defined[name])
        for spoken in _spoken(defined[name]):
            waiting.append(spoken)
            target = _resolved(spoken, imported)
            if callable(target) and target in known:
                found.add(known[target])
    return found


def _places(walked: Iterator[tuple[str, Callable[..., Any]]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for place, function in walked:
        for name in operations_of(function):
            found[name].append(place)
    return found


@cache
def _functions(module: ModuleType) -> dict[str, ast.AST]:
    tree = ast.parse(inspect.getsource(module))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@cache
def _imports(module: ModuleType) -> dict[str, Any]:
    tree = ast.parse(inspect.getsource(module))
    return _imported(ast.Module([node for node in tree.body if isinstance(node, ast.ImportFrom)], []))


def _imported(tree: ast.AST) -> dict[str, Any]:
    """What `from operations… import …` names in it."""
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "operations":
            source = importlib.import_module(node.module or "")
            for one in node.names:
                found[one.asname or one.name] = getattr(source, one.name, None)
    return found


def _spoken(tree: ast.AST) -> Iterator[str]:
    """Names, and names with one attribute: `import_file`, `posts.add`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def _resolved(spoken: str, imported: Mapping[str, Any]) -> Any:
    name, _, attribute = spoken.partition(".")
    found = imported.get(name)
    return getattr(found, attribute, None) if attribute else found
