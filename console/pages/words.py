"""How pages write times, numbers and states. A time is never without its zone, a state never without what it means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from markupsafe import Markup

from console.pages.excerpts import beginning, excerpt
from pressrun import clock

STATES: Mapping[str, tuple[str, str, str]] = {
    "draft": ("Draft", "It is kept and will not go out by itself.", "Resume it, or finish it in Compose."),
    "scheduled": ("Scheduled", "It waits for its time; its media are handed to Instagram some minutes before.", ""),
    "staging": ("Preparing", "Instagram is taking in its media.", ""),
    "staged": ("Ready", "Instagram has its media; one call is left, at its second.", ""),
    "publishing": ("Going out", "The one call is being made.", ""),
    "uncertain": (
        "Being found out",
        "Instagram's answer was lost. Pressrun reads the account until it is proved whether the post is live.",
        "Wait: it is never sent twice.",
    ),
    "published": ("Published", "It is live.", ""),
    "needs_review": (
        "Needs you",
        "Instagram's answer was lost and reading could not decide: it may be live or not.",
        "Look at the account on Instagram, then say which it is.",
    ),
    "failed": (
        "Failed",
        "It is not live; the reason stands with it.",
        "Try again once the cause is gone, or write one like it with what is said corrected.",
    ),
    "canceled": ("Canceled", "Somebody took it back before it was sent.", ""),
    "expired": ("Expired", "Its time passed, and it may not go out late.", "Try again with a new time."),
}
"""State → its name, what it means, what a person does."""
OPEN = ("draft", "scheduled", "staging", "staged")
"""Not sent yet: it can be moved, paused, resumed, canceled."""
ENDED = ("failed", "expired")
"""It can be tried again."""

WAITS: Mapping[str, str] = {
    "paused": "it is paused",
    "account": "its account is held back",
    "quota": "the account's publishing window is full",
    "spacing": "another post of the account went out a moment ago",
    "throttled": "Instagram asks for a pause",
    "clock": "the clock of the worker's machine is wrong",
    "container_budget": "the account has made as many containers as it may in a day",
    "reconcile": "it is being found out whether it is live",
    "worker": "its worker is gone; another takes it up",
}

REASONS: Mapping[str, str] = {
    "post.queued": "Queued",
    "post.edited": "Edited",
    "post.moved": "Moved to another time",
    "post.paused": "Paused",
    "post.resumed": "Resumed",
    "post.canceled": "Canceled",
    "post.expired": "Expired",
    "post.retried": "Queued again",
    "post.resolved": "Decided by a person",
    "post.staging": "Container made",
    "post.staged": "Media ready at Instagram",
    "post.waiting": "Waits",
    "publish.intent": "Publish call about to be made",
    "publish.succeeded": "Instagram confirmed it",
    "publish.unknown": "Instagram's answer was lost",
    "publish.refused": "Instagram refused to publish it",
    "container.failed": "Instagram could not use the media",
    "container.replaced": "A new container replaced the old one",
    "container.published_elsewhere": "The container was published by somebody else",
    "stage.refused": "Instagram refused the media",
    "reconcile.needs_review": "Reading could not decide",
    "comment.posted": "First comment posted",
    "comment.given_up": "First comment given up",
    "comment.needs_review": "First comment needs a person",
    "comment.resolved": "First comment decided by a person",
    "worker.gone": "Its worker was gone; another took over",
}

CLASSES: Mapping[str, str] = {
    "transient": "A passing trouble at Instagram: it is tried again by itself.",
    "throttled": "Instagram asks for a pause; nothing is called until it is over.",
    "quota": "The account may publish no more in these 24 hours; it waits for the window.",
    "auth": "The token is refused: connect the account again.",
    "permission": "The token lacks a right: connect the account again with all of them.",
    "invalid_media": "Instagram cannot use this file; another is needed.",
    "invalid_request": "Instagram does not accept what the post says.",
    "container_expired": "What was prepared lay too long; it is prepared anew.",
    "not_ready": "Instagram is still taking in the media.",
    "blocked": "Instagram suspects automation: the account is left alone for a while.",
}
"""Error class → what it means and what to do."""


def state_name(state: str) -> str:
    return STATES[state][0] if state in STATES else state.replace("_", " ").replace(".", " ").capitalize()


def reason_name(reason: str) -> str:
    return REASONS.get(reason, reason.replace(".", ": ").replace("_", " ").capitalize())


def local(at: datetime, zone: str) -> datetime:
    return at.astimezone(clock.zone(zone))


def at(moment: datetime | None, zone: str = "UTC", form: str = "full") -> Markup:
    """An instant in a zone: its text, and for machines and on hover the whole of it with zone and UTC."""
    if moment is None:
        return Markup('<span class="none">–</span>')
    here = local(moment, zone)
    text = _FORMS[form](here)
    whole = f"{here:%A, %-d %B %Y, %H:%M:%S} {zone} ({moment:%Y-%m-%d %H:%M:%S} UTC)"
    return Markup('<time datetime="{}" title="{}">{}</time>').format(moment.isoformat(), whole, text)


_FORMS: Mapping[str, Callable[[datetime], str]] = {
    "full": lambda at: f"{at:%a %-d %b %H:%M}",
    "long": lambda at: f"{at:%a %-d %b %Y, %H:%M:%S}",
    "time": lambda at: f"{at:%H:%M}",
    "second": lambda at: f"{at:%H:%M:%S}",
    "day": lambda at: f"{at:%a %-d %b}",
    "date": lambda at: f"{at:%-d %b %Y}",
}


def day(on: date) -> str:
    return f"{on:%a %-d %b}"


def span(value: timedelta | float) -> str:
    """A length of time in its two largest units, as people say it."""
    left = int(abs(value.total_seconds() if isinstance(value, timedelta) else value))
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for place, (name, size) in enumerate(units):
        if left >= size or name == "s":
            count, rest = divmod(left, size)
            finer = rest // units[place + 1][1] if place < 2 else 0
            return f"{count} {name}{f' {finer} {units[place + 1][0]}' if finer and place < 2 else ''}"
    return "0 s"


def relative(moment: datetime | None, now: datetime) -> str:
    """`in 3 h 5 min`, `2 d ago`."""
    if moment is None:
        return "never"
    apart = moment - now
    return f"in {span(apart)}" if apart > timedelta(0) else f"{span(apart)} ago"


def late(ms: int | None) -> str:
    """How late something was, so that milliseconds and hours are both read at a glance."""
    if ms is None:
        return "–"
    if ms < 1:
        return "on time"
    return f"{ms} ms" if ms < 1_000 else (f"{ms / 1000:.1f} s" if ms < 60_000 else span(ms / 1000))


def lateness(ms: int | None) -> str:
    """`30 ms late`, `on time`."""
    return late(ms) if ms is None or ms < 1 else f"{late(ms)} late"


def number(value: Any) -> str:
    """With groups of three; nothing known is a dash and never a 0."""
    if value is None:
        return "–"
    told = f"{value:,.0f}" if float(value) == int(value) else f"{value:,.1f}"
    return told.replace(",", "\u202f")  # narrow, and no line ends in it


def whole(value: Any) -> str:
    """Without what is behind the point."""
    return number(None if value is None else round(float(value)))


def compact(value: Any, among: float | None = None) -> str:
    """To three figures: 980, 12.3k, 4.1M; in the unit of the largest it stands `among`, so that an axis has one."""
    if value is None:
        return "–"
    size = abs(float(value)) if among is None else among
    for least, scale, unit in ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k")):
        if size >= least and value:
            return f"{float(value) / scale:.1f}".removesuffix(".0") + unit
    return number(value)


def change(new: Any, old: Any) -> str:
    """By how much it differs from before; empty where that is not known."""
    if new is None or not old:
        return ""
    percent = round((float(new) - float(old)) / float(old) * 100)
    return f"{abs(percent):,} % {'more' if percent > 0 else 'less'} than before" if percent else "as before"


def plural(count: int, one: str, many: str | None = None) -> str:
    return f"{count} {one if count == 1 else many or one + 's'}"


def plain(value: Any) -> str:
    """What a change said, without the marks of a language: `kind hashtag, name sourdough`."""
    if isinstance(value, Mapping):
        told = {
            name: browser(one) if name == "agent" else plain(one)
            for name, one in value.items()
            if one not in (None, "")
        }
        return ", ".join(f"{str(name).replace('_', ' ')} {one}" for name, one in told.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(plain, value))
    return "–" if value is None else str(value)


def is_media_id(text: str) -> bool:
    """Whether it looks like the id of a media on Instagram."""
    told = text.strip()
    return told.isascii() and told.isdigit() and len(told) > 12


def offset_of(zone: str, moment: datetime) -> str:
    """`UTC+2`, as the zone is at that instant."""
    away = local(moment, zone).utcoffset() or timedelta(0)
    minutes = int(away.total_seconds() // 60)
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'+' if minutes >= 0 else '−'}{hours}{f':{rest:02}' if rest else ''}"


def zoned(zone: str, moment: datetime) -> str:
    """A zone as a page names it: `Europe/Oslo (UTC+1)`."""
    return zone if zone == "UTC" else f"{zone} ({offset_of(zone, moment)})"


_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)")


def readable(text: str, zone: str) -> str:
    """A message with the instants in it as people of that zone write them."""

    def told(found: re.Match[str]) -> str:
        try:
            return f"{_FORMS['full'](local(datetime.fromisoformat(found[0]), zone))} {zone}"
        except ValueError:  # somebody's words that look like one
            return found[0]

    return _INSTANT.sub(told, text)


def sentence(message: str) -> str:
    """What a rule remarked, as a page says it: a file by no hash, and to its end."""
    told = re.sub(r"kept:[0-9a-f]{64}", "its file", message.strip())
    return told[:1].upper() + told[1:] + ("" if told.endswith((".", "!", "?")) else ".")


_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))


def browser(agent: Any) -> str:
    """`Chrome on Linux`; what is none that is known stays as it says itself."""
    told = str(agent or "")
    name = next((name for mark, name in _BROWSERS if mark in told), None)
    system = next((name for mark, name in _SYSTEMS if mark in told), None)
    return excerpt(told, 70) if name is None else f"{name} on {system}" if system else name


FILTERS: Mapping[str, Callable[..., Any]] = {
    "at": at,
    "span": span,
    "late": late,
    "number": number,
    "whole": whole,
    "compact": compact,
    "excerpt": excerpt,
    "beginning": beginning,
    "state_name": state_name,
    "reason_name": reason_name,
    "day": day,
    "plural": plural,
}
