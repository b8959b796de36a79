"""The house of pages: who may come in, what they are shown, and what is said when it goes wrong.

A page is a plain function of a visit. It runs off the event loop; what it raises becomes a page that says so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from console.access.asking import NotOurPage, NotSignedIn
from console.pages import saying, words
from console.pages.assets import THEMES, Assets
from console.pages.charts import drawing, markers
from console.pages.door import Door, require_from_here
from console.pages.icons import icon, mark
from console.pages.places import PLACES
from console.pages.saying import Said
from operations.operation import Asker, Context, Scope
from operations.outages import Outages
from pressrun import __version__, clock, log
from pressrun.errors import Invalid, Kind, PressrunError, Unknown
from pressrun.written import odd_character

STATUS = {
    Kind.INVALID: 400,
    Kind.UNKNOWN: 404,
    Kind.CONFLICT: 409,
    Kind.NOT_POSSIBLE: 409,
    Kind.UNREACHABLE: 503,
    Kind.REFUSED: 502,
    Kind.NOT_ALLOWED: 403,
    Kind.FAILED: 500,
}
LARGEST_FORM_FILES = 20
MOST_FIELDS = 20_000
"""A thousand rows of a campaign, with all that most of them say."""
_TEMPLATES = Path(__file__).parent / "templates"

NOBODY = Asker("nobody", frozenset())

_log = log.get(__name__)


@dataclass(frozen=True)
class Visit:
    """One request for a page, by somebody who may come in."""

    house: House
    request: Request
    asker: Asker
    form: FormData = field(default_factory=FormData)

    @property
    def nonce(self) -> str:
        """Of this very answer; `console/access/headers.py` makes it and writes the policy."""
        return str(getattr(self.request.state, "csp_nonce", ""))

    @property
    def ctx(self) -> Context:
        return self.house.ctx

    @property
    def here(self) -> str:
        """The address of this page."""
        query = self.request.url.query
        return self.request.url.path + (f"?{query}" if query else "")

    def may(self, scope: str) -> bool:
        """Whether the asker has that right: pages offer nothing that would be refused."""
        return Scope(scope) in self.asker.scopes

    def asked(self, name: str, default: str | None = None) -> str | None:
        """What the address says of it; empty is nothing."""
        return self.request.query_params.get(name) or default

    def whole(self, name: str, default: int) -> int:
        """A number of the address; what is none counts as not said."""
        told = self.request.query_params.get(name, "")
        return int(told) if told.isascii() and told.isdigit() and len(told) < 10 else default

    def number(self, name: str) -> int:
        """The number that the path names something by. Raises Unknown for what is none."""
        told = str(self.request.path_params[name])
        found = _number(told)
        if found is None:
            raise Unknown(f"there is no {name} {told[:30]!r}", type=f"{name}.unknown", field=name)
        return found

    def given_number(self, name: str) -> int | None:
        """A number of the form; what is none counts as not said."""
        return _number(self.given(name))

    def given(self, name: str, default: str = "") -> str:
        """What the form says."""
        value = self.form.get(name, default)
        return value if isinstance(value, str) else default

    def way_back(self, otherwise: str) -> str:
        """The page that the form stood on."""
        path = self.given("back", otherwise)
        return path if path.startswith("/") and not path.startswith(("//", "/\\")) else otherwise

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        return self.house.render(self, template, status, values)

    def back(self, path: str, said: Said | None = None) -> Response:
        """On to another page, which says what came of it."""
        answer = RedirectResponse(path, 303)
        if said is not None:
            saying.say(answer, said)
        return answer


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


Page = Callable[[Visit], Response]


class House:
    """Renders and routes. `signed`: extra values that every template may use."""

    def __init__(self, ctx: Context, door: Door) -> None:
        self.ctx, self.door, self.assets = ctx, door, Assets()
        self.events = ""
        """Where a page hears that something has happened; empty: it does not."""
        self.connect_path: str | None = None
        """Where an account is connected in the browser, once there is such a page."""
        self._templates = _environment(self.assets)

    def page(self, router: APIRouter, path: str, page: Page) -> None:
        async def answer(request: Request) -> Response:
            return await run_in_threadpool(self._shown, request, page)

        router.add_api_route(path, answer, methods=["GET", "HEAD"], include_in_schema=False)

    def action(self, router: APIRouter, path: str, act: Page) -> None:
        """What a form does; it answers by sending the browser on."""

        async def answer(request: Request) -> Response:
            async with request.form(max_files=LARGEST_FORM_FILES, max_fields=MOST_FIELDS) as form:
                return await run_in_threadpool(self._done, request, form, act)

        router.add_api_route(path, answer, methods=["POST"], include_in_schema=False)

    def render(self, visit: Visit, template: str, status: int, values: Mapping[str, Any]) -> Response:
        told = saying.heard(visit.request)
        theme = visit.request.cookies.get("theme")
        shown = self._templates.get_template(template).render(
            **{"now": clock.now(), **values},
            visit=visit,
            said=told,
            theme=theme if theme in THEMES else None,
            csrf=self.door.token_of(visit.request),
        )
        answer = HTMLResponse(shown, status)
        if told is not None:
            saying.forget(answer)
        return answer

    def _shown(self, request: Request, page: Page) -> Response:
        visit = Visit(self, request, NOBODY)
        try:
            with Outages():
                _require_text(visit)
                visit = replace(visit, asker=self.door.asked_by(request, None))
                if Scope.READ not in visit.asker.scopes:
                    return self._told(visit, 403, "You may not look at this.")
                return page(visit)
        except NotSignedIn:
            return RedirectResponse(f"{self.door.sign_in}?next={quote(visit.here, safe='')}", 303)
        except PressrunError as problem:
            return self._told(visit, STATUS[problem.kind], str(problem))
        except Exception as bug:
            return self._failed(visit, bug, "The page could not be made; the log of the console says why.")

    def _done(self, request: Request, form: FormData, act: Page) -> Response:
        told = form.get(self.door.field) or request.headers.get(self.door.header)
        visit = Visit(self, request, NOBODY, form)
        try:
            with Outages():
                require_from_here(request)
                _require_text(visit)
                visit = replace(visit, asker=self.door.asked_by(request, told if isinstance(told, str) else None))
                return act(visit)
        except NotSignedIn:
            return RedirectResponse(self.door.sign_in, 303)
        except NotOurPage as stranger:
            return self._told(visit, stranger.status_code, stranger.detail)
        except PressrunError as problem:
            if problem.kind is Kind.UNREACHABLE:
                return self._told(visit, STATUS[problem.kind], str(problem))
            return visit.back(visit.way_back("/"), Said.of(problem))
        except Exception as bug:
            return self._failed(
                visit, bug, "It could not be done; the log of the console says why. Look before you try again."
            )

    def _failed(self, visit: Visit, bug: Exception, message: str) -> Response:
        """A fault of ours."""
        _log.error("page.failed", path=visit.request.url.path, error=type(bug).__name__, exc_info=True)
        return self._told(visit, 500, message)

    def _told(self, visit: Visit, status: int, message: str) -> Response:
        return visit.render("problem.html", status, message=message, code=status, here="")


def _environment(assets: Assets) -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "asset": assets,
        "icon": icon,
        "mark": mark,
        "draw": drawing,
        "markers": markers,
        "words": words,
        "places": PLACES,
        "version": __version__,
        "with_query": with_query,
        "one_day": timedelta(days=1),
    }
    environment.filters |= words.FILTERS
    return environment


def _require_text(visit: Visit) -> None:
    """Raises Invalid for what no text may hold, wherever it was asked by: no reading or keeping takes it."""
    asked = [*visit.request.path_params.items(), *visit.request.query_params.multi_items(), *visit.form.multi_items()]
    for name, value in asked:
        if odd_character(f"{name}{value}" if isinstance(value, str) else name):
            shown = "".join(character for character in name if not odd_character(character))
            raise Invalid(f"{shown!r} holds a character that no text may hold: write it anew", type="text.invalid")


def with_query(request: Request, **over: Any) -> str:
    """The address of this page with some of what it asks for changed; None takes it away."""
    told = [(name, value) for name, value in request.query_params.multi_items() if name not in over]
    told += [(name, str(value)) for name, value in over.items() if value is not None]
    return f"{request.url.path}{f'?{urlencode(told)}' if told else ''}"
