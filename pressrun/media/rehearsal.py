"""The fetch of a file as Instagram makes it, rehearsed from outside, and what was seen put into words.

Instagram's fetcher calls itself `facebookexternalhit`, follows what robots.txt says of it, wants 200 with the right
type and no redirect, and reads large files by ranges (graph-api.md §2.2).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.robotparser import RobotFileParser

from pressrun.network import fetch
from pressrun.network.fetch import Peek, UrlNotFetchable

AGENT = "facebookexternalhit"
_AS_INSTAGRAM = {"User-Agent": f"{AGENT}/1.1 (+http://www.facebook.com/externalhit_uatext.php)"}
_TITLE = re.compile(rb"<title[^>]*>\s*([^<]{1,120}?)\s*</title>", re.IGNORECASE)
_REFUSALS = {401, 403, 406, 429, 503}
_NO_SERVER = {502, 503, 504}


@dataclass(frozen=True)
class Sample:
    """A small file, and the addresses at which it is offered: one for GET, one for HEAD."""

    content: bytes
    media_type: str
    url: str
    head_url: str


@dataclass(frozen=True)
class Sight:
    """Something that was seen and is not as it should be. `is_fatal`: Instagram gets no file like this."""

    what: str
    advice: str
    is_fatal: bool = True


def rehearse(sample: Sample, *, allow_private: bool, timeout_s: float = 10) -> list[Sight]:
    """Everything that would keep Instagram from the sample, or from larger files there; empty when it would get it."""
    look = _Look(allow_private, timeout_s)
    try:
        fatal = next(_whole(sample, look), None)
        return [fatal] if fatal is not None else list(_rest(sample, look))
    except UrlNotFetchable as problem:
        # A name may lead elsewhere from outside; a number does not.
        is_fatal = not problem.reason.startswith("the host has a private address") or _is_number(sample.url)
        return [Sight(f"{fetch.shown(sample.url)}: {problem.reason}", _advice_of(problem.reason), is_fatal)]


@dataclass(frozen=True)
class _Look:
    allow_private: bool
    timeout_s: float

    def at(self, url: str, *, method: str = "GET", agent: bool = True, **headers: str) -> Peek:
        more = (_AS_INSTAGRAM if agent else {}) | headers
        allowed, timeout_s = self.allow_private, self.timeout_s
        return fetch.peek(url, allow_private=allowed, timeout_s=timeout_s, method=method, headers=more)


def _whole(sample: Sample, look: _Look) -> Iterator[Sight]:
    place = urlsplit(sample.url)._replace(path="/robots.txt", query="", fragment="").geturl()
    robots = look.at(place)
    if robots.status == 200 and not _lets_in(robots.head, sample.url):
        what = f"{fetch.shown(place)} keeps Instagram's fetcher ({AGENT}) out of {urlsplit(sample.url).path[:30]}…"
        yield Sight(what, f"let the user agent {AGENT} in there")
    seen = look.at(sample.url)
    if seen.status != 200:
        yield _refusal(seen, sample, look)
    elif seen.content_type != sample.media_type:
        yield _wrong_type(seen, sample, look)
    elif seen.head != sample.content:
        what = f"what comes is not what is kept: {len(seen.head)} bytes of {len(sample.content)}, or others"
        yield Sight(what, "have whatever stands in between (a CDN, an optimizer) leave files as they are")


def _rest(sample: Sample, look: _Look) -> Iterator[Sight]:
    head = look.at(sample.head_url, method="HEAD")
    if head.status != 200 or head.content_type != sample.media_type or head.content_length != len(sample.content):
        what = f"HEAD is answered {head.status}, {head.content_type or 'without a type'}, length {head.content_length}"
        yield Sight(what, "let HEAD through like GET: some of Instagram's fetches begin with it", is_fatal=False)
    part = look.at(sample.url, Range="bytes=1-9")
    if part.status != 206 or part.head != sample.content[1:10] or part.content_length != len(sample.content):
        what = f"a Range request is answered {part.status} with {len(part.head)} bytes in place of 206 with 9"
        yield Sight(what, "let Range requests through: large videos are fetched by them", is_fatal=False)


def _refusal(seen: Peek, sample: Sample, look: _Look) -> Sight:
    if 300 <= seen.status < 400:
        to = fetch.shown(seen.location) if seen.location else "nowhere"
        advice = "Instagram does not follow it reliably: set PRESSRUN_PUBLIC_URL to the address that it leads to"
        return Sight(f"it is redirected to {to}", advice)
    if seen.content_type == "application/problem+json":
        return _from_console(seen)
    if seen.status in _REFUSALS and (other := look.at(sample.url, agent=False)).status == 200:
        what = f"{AGENT} is answered {seen.status}, others {other.status}: a firewall refuses Instagram's fetcher"
        return Sight(what, f"let the user agent {AGENT} in")
    if seen.status in _NO_SERVER:
        advice = "start the console, or correct where the proxy passes requests on to"
        return Sight(f"the proxy answers {seen.status}: it reaches no console", advice)
    return Sight(f"it is answered {seen.status}{_page(seen)}", "have /media/ passed on to the console")


def _from_console(seen: Peek) -> Sight:
    if seen.status == 403:
        advice = "give all services the same PRESSRUN_SECRET_KEYS, and set their clocks right"
        return Sight("our console there does not honour what was signed here", advice)
    return Sight(
        f"our console there does not have what is kept here ({seen.status})", "give all services the same PRESSRUN_HOME"
    )


def _wrong_type(seen: Peek, sample: Sample, look: _Look) -> Sight:
    if (seen.content_type or "").startswith("text/html"):
        other = look.at(sample.url, agent=False)
        if (other.status, other.content_type) == (200, sample.media_type):
            what = f"{AGENT} gets a page{_page(seen)}, others the file: a firewall stands before Instagram's fetcher"
            return Sight(what, f"let the user agent {AGENT} in without a challenge")
        advice = "have /media/ passed on to the console, without a login or a challenge before it"
        return Sight(f"a page comes in place of the file{_page(seen)}", advice)
    what = f"its Content-Type is {seen.content_type or 'missing'}, it should be {sample.media_type}"
    return Sight(what, "have whatever stands in between leave the Content-Type as it is")


def _page(seen: Peek) -> str:
    title = _TITLE.search(seen.head)
    return f" “{title[1].decode('utf-8', 'replace')}”" if title else ""


def _lets_in(robots: bytes, url: str) -> bool:
    rules = RobotFileParser()
    rules.parse(robots.decode("utf-8", "replace").splitlines())
    return rules.can_fetch(AGENT, url)


def _is_number(url: str) -> bool:
    try:
        ipaddress.ip_address(urlsplit(url).hostname or "")
    except ValueError:
        return False
    return True


def _advice_of(reason: str) -> str:
    if "private address" in reason:
        return "Instagram cannot reach it unless the name leads elsewhere from outside: give a public address"
    if "certificate" in reason or "TLS" in reason:
        return "Instagram takes valid certificates only: renew it, with its intermediates"
    return "start the console, or correct PRESSRUN_PUBLIC_URL"
