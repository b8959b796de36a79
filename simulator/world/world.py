"""The whole simulated Instagram: every change is one event, journalled first and applied second.

Applying the events of the journal in order rebuilds the same world, so nothing outside `apply` handlers changes state.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from simulator.config import SimulatorConfig
from simulator.world import ids, people, seeding
from simulator.world.clock import SimClock, real_seconds
from simulator.world.counters import Counters
from simulator.world.journal import Event, Journal
from simulator.world.records import (
    Account,
    Business,
    Comment,
    Container,
    Due,
    FacebookUser,
    Hashtag,
    Login,
    Media,
    Mention,
    Page,
    Publish,
    Token,
)

Apply = Callable[["World", Event], None]
_APPLY: dict[str, Apply] = {}

Node = Account | Container | Media | Comment | Hashtag | Page | Business | FacebookUser


def applies(kind: str) -> Callable[[Apply], Apply]:
    """Register how events of this kind change the world."""

    def register(function: Apply) -> Apply:
        _APPLY[kind] = function
        return function

    return register


class World:
    """State of one simulator. Not safe for threads: it lives in one event loop."""

    def __init__(self, config: SimulatorConfig) -> None:
        self.config = config
        self.seed = config.seed
        self.clock = SimClock(config.speed)
        self.epoch = real_seconds()
        self.readings: dict[str, str] = dict(config.readings)
        self.webhook_url = config.webhook_url
        self.accounts: list[Account] = []
        self.by_username: dict[str, Account] = {}
        self.nodes: dict[str, Node] = {}
        self.tokens: dict[str, Token] = {}
        self.codes: dict[str, str] = {}
        """Where consent led back to, by code."""
        self.used_codes: set[str] = set()
        self.consenting: dict[str, str] = {}
        """Who is at the browser, by login: the index of an account, or ALL; where there is none, account 0 or 1."""
        self.publishes: list[Publish] = []
        self.mentions: list[Mention] = []
        self.mentioned: set[tuple[int, str, str | None]] = set()
        self.deliveries: dict[int, dict[str, Any]] = {}
        self.dues: list[Due] = []
        self.rules: dict[int, Event] = {}
        self.last_rule = 0
        self.count = 0
        self.journal = Journal(config.state_dir)
        self.counters = Counters(config.state_dir)
        self._replay()

    def now(self) -> float:
        return self.clock.now()

    def commit(self, kind: str, /, **data: Any) -> None:
        """Make one change durable, then real."""
        event: Event = {"kind": kind, "now": self.now(), "count": self.count, **data}
        self.journal.append(event)
        _APPLY[kind](self, event)

    def note(self, about: str, what: str) -> None:
        """Count for the report."""
        self.counters.add(about, what)

    def new_id(self, prefix: str) -> str:
        self.count += 1
        return ids.scattered(prefix, self.count)

    def reading(self, name: str, default: str) -> str:
        return self.readings.get(name, default)

    def find(self, node: str) -> Node | None:
        """The object with this id, seeded ones included."""
        found = self.nodes.get(node)
        if found is None:
            owner = ids.seeded_owner(node)
            if owner is not None and owner < len(self.accounts):
                self.media_of(self.accounts[owner])
                found = self.nodes.get(node)
        return found

    def media_of(self, account: Account) -> list[Media]:
        """The account's media, oldest first; the seeded ones appear on first need."""
        if not account.is_seeded:
            account.is_seeded = True
            self._furnish(account)
        return account.media

    def _furnish(self, account: Account) -> None:
        """Add the account's past. Media that a replayed journal has already added stay after it in time."""
        past = seeding.past_of(self.seed, self.epoch, account, media_each=self.config.media_each)
        account.media[:0] = past.media
        account.tags[:0] = past.tags
        for media in [*past.media, *past.tags]:
            self.nodes[media.id] = media
            self.nodes.update({child.id: child for child in media.children})
            self.nodes.update({comment.id: comment for comment in media.comments})

    def account(self, reference: object) -> Account | None:
        """By index, Instagram id or username."""
        if isinstance(reference, bool):
            return None
        text = str(reference)
        if text in self.by_username:
            return self.by_username[text]
        found = self.nodes.get(text)
        if isinstance(found, Account):
            return found
        if text.isascii() and text.isdigit() and len(text) < 7 and int(text) < len(self.accounts):
            return self.accounts[int(text)]
        return None

    def _replay(self) -> None:
        born = False
        for event in self.journal.replay():
            if not born:
                self._be_born(event)
                born = True
                continue
            self.count = max(self.count, event["count"])
            _APPLY[event["kind"]](self, event)
        if not born:
            first: Event = {"kind": "world.born", "now": self.epoch, "seed": self.seed, "real": self.epoch}
            first |= {"accounts": self.config.accounts, "speed": self.config.speed, "count": 0}
            self.journal.append(first)
            self._be_born(first)
            return
        if self.clock.speed != self.config.speed:
            self.commit("clock.anchored", real=real_seconds(), sim=self.now(), speed=self.config.speed)
        if len(self.accounts) < self.config.accounts:
            self.commit("accounts.grown", accounts=self.config.accounts)

    def _be_born(self, event: Event) -> None:
        self.seed, self.epoch = event["seed"], event["now"]
        self.clock.anchor(real=event["real"], sim=event["now"], speed=event["speed"])
        _grow(self, event)

    def settle(self, index: int) -> None:
        """Account `index` moves in, with its tokens; with the first one comes the manager of all Pages."""
        account = people.account(self.seed, index)
        self.accounts.append(account)
        self.by_username[account.username] = account
        self.nodes[account.ig_id] = account
        if account.login is Login.INSTAGRAM:
            self.nodes[account.app_scoped_id] = account
        else:
            for node in (FacebookUser(account), Page(account), Business(account)):
                self.nodes[node.id] = node
        tokens = people.tokens_of(account, self.epoch)
        if index == 0:
            tokens.append(people.token_of_manager(self.epoch))
            manager = FacebookUser(None)
            self.nodes[manager.id] = manager
        self.tokens.update({token.text: token for token in tokens})


@applies("accounts.grown")
def _grow(world: World, event: Event) -> None:
    for index in range(len(world.accounts), event["accounts"]):
        world.settle(index)


@applies("clock.anchored")
def _anchor(world: World, event: Event) -> None:
    world.clock.anchor(real=event["real"], sim=event["sim"], speed=event["speed"])


@applies("dues.told")
def _told(world: World, event: Event) -> None:
    world.dues += [Due(world.accounts[post["account"]], post["caption"], post["at"]) for post in event["posts"]]


@applies("readings.chosen")
def _choose(world: World, event: Event) -> None:
    world.readings |= event["readings"]


@applies("account.renamed")
def _renamed(world: World, event: Event) -> None:
    account = world.accounts[event["account"]]
    world.media_of(account)  # what was written before the renaming names the account as it was called then
    del world.by_username[account.username]
    account.username = event["username"]
    world.by_username[account.username] = account


@applies("account.changed")
def _changed(world: World, event: Event) -> None:
    account = world.accounts[event["account"]]
    for name, value in event["changes"].items():
        setattr(account, name, set(value) if name in {"scopes", "withheld"} else value)
