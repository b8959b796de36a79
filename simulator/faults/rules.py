"""Misbehaviour on request: which call it strikes, and what it does.

`accept_…` modes let the effect happen, durably, and spoil the answer; all others leave the world untouched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pressrun.errors import Invalid
from simulator.faults.alterations import read_changes
from simulator.protocol import errors
from simulator.protocol.names import NAMES
from simulator.world.journal import Event
from simulator.world.noise import unit
from simulator.world.records import Account, Token, TokenKind
from simulator.world.world import World, applies

ACCEPT = "accept_then_"
ALTERED = "altered"
SPOILED = frozenset({"hang", "reset", "500", "2207051", "fatal", "refuse", "html", "truncated", "empty"})
"""What can become of an answer after the effect."""
REFUSALS = frozenset({"refuse", "refuse_500", "refuse_2207051", "refuse_fatal", "quota", "flake_100_33", "throttle"})
WIRE = frozenset({"reset", "hang", "html", "empty", "truncated_json"})
CONTAINER_MODES = frozenset({"stuck_processing", "fail_processing", "not_ready", "stale"})
MODES = frozenset({ACCEPT + spoil for spoil in SPOILED}) | REFUSALS | WIRE | CONTAINER_MODES | {"slow", ALTERED}

_OWN = frozenset({"number", "seen", "fired", "is_lasting"})
_OF_A_CHANGE = frozenset({"pointer", "value", "raw", "remove"})
_SECONDS = {"throttle": 60.0, "stale": 60.0}
_ALIASES = {
    "media": frozenset({"user_media", "container_create"}),
    "insights": frozenset({"user_insights", "media_insights"}),
}


@dataclass(slots=True)
class Rule:
    """Strikes the calls of an endpoint from the `nth` on, `count` times, each with `probability`."""

    number: int
    endpoint: str
    mode: str
    probability: float = 1.0
    nth: int = 1
    count: int | None = None
    account: int | None = None
    seconds: float = 5.0
    subcode: int | None = None
    code: int | None = None
    status: int = 400
    message: str = "Refused by a fault rule"
    token: str | None = None
    """Strikes only calls that are made with this kind of token."""
    changes: list[dict[str, Any]] = field(default_factory=list)
    """What an altered answer has otherwise."""
    is_lasting: bool = True
    seen: int = 0
    fired: int = 0

    def describe(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


class Faults:
    """The rules in force, in the order in which they were added; the first that strikes wins."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._added = world.last_rule
        self.rules = [self._remembered(fields) for fields in world.rules.values()]

    def add(self, wanted: Mapping[str, Any], account: Account | None = None, *, is_lasting: bool = True) -> Rule:
        """A lasting rule and its counts outlive the process. Raises Invalid for a rule that makes no sense."""
        unknown = set(wanted) - set(Rule.__slots__) - _OWN - _OF_A_CHANGE
        if unknown:
            raise Invalid(f"a fault rule has no {', '.join(sorted(unknown))}")
        self._added += 1
        rule = _read(self._added, wanted)
        rule.account = account.index if account else None
        rule.is_lasting = is_lasting
        _check(rule)
        if is_lasting:
            fields = {name: value for name, value in rule.describe().items() if name not in {"seen", "fired"}}
            self._world.commit("fault.added", rule=fields)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        self.rules.clear()
        self._world.commit("faults.cleared")

    def pick(self, endpoint: str, account: Account | None, token: Token | None) -> Rule | None:
        """The rule that strikes this call."""
        for rule in self.rules:
            if rule.endpoint not in {"*", endpoint} and endpoint not in _ALIASES.get(rule.endpoint, ()):
                continue
            if rule.account is not None and (account is None or account.index != rule.account):
                continue
            if rule.token is not None and (token is None or token.kind != rule.token):
                continue
            self._count(rule, "seen")
            if rule.seen < rule.nth or (rule.count is not None and rule.fired >= rule.count):
                continue
            if rule.probability < 1 and unit(self._world.seed, "fault", rule.number, rule.seen) >= rule.probability:
                continue
            self._count(rule, "fired")
            self._world.note("faults_fired", f"{endpoint}:{rule.mode}")
            return rule
        return None

    def give_back(self, rule: Rule, endpoint: str) -> None:
        """The call failed by itself: the rule strikes the next one instead."""
        self._count(rule, "seen", -1)
        self._count(rule, "fired", -1)
        self._world.counters.add("faults_fired", f"{endpoint}:{rule.mode}", -1)

    def _count(self, rule: Rule, what: str, by: int = 1) -> None:
        setattr(rule, what, getattr(rule, what) + by)
        if rule.is_lasting:
            self._world.counters.add(f"fault_{what}", str(rule.number), by)

    def _remembered(self, fields: Event) -> Rule:
        rule, name, counters = Rule(**fields), str(fields["number"]), self._world.counters
        rule.seen, rule.fired = counters.get("fault_seen", name), counters.get("fault_fired", name)
        return rule


@applies("fault.added")
def _added(world: World, event: Event) -> None:
    world.last_rule = event["rule"]["number"]
    world.rules[world.last_rule] = event["rule"]


@applies("faults.cleared")
def _cleared(world: World, _event: Event) -> None:
    world.rules.clear()


def _read(number: int, wanted: Mapping[str, Any]) -> Rule:
    rule = Rule(number, str(wanted.get("endpoint", "")), str(wanted.get("mode", "")))
    try:
        rule.probability = float(wanted.get("probability", 1.0))
        rule.nth = int(wanted.get("nth", 1))
        rule.count = int(wanted["count"]) if "count" in wanted else 1 if "nth" in wanted else None
        rule.seconds = float(wanted.get("seconds", _SECONDS.get(rule.mode, 5.0)))
        rule.subcode = int(wanted["subcode"]) if "subcode" in wanted else None
        rule.code = int(wanted["code"]) if "code" in wanted else None
        rule.status = int(wanted.get("status", 400))
    except (TypeError, ValueError, OverflowError) as problem:
        raise Invalid(f"the fault rule holds a bad number: {problem}") from None
    rule.message = str(wanted.get("message", rule.message))
    rule.token = str(wanted["token"]) if "token" in wanted else None
    rule.changes = read_changes(wanted)
    return rule


def read_rule(text: str) -> dict[str, Any]:
    """`media_publish:accept_then_hang:nth=3,account=1`, or the same as a JSON object. Raises Invalid."""
    if text.lstrip().startswith("{"):
        try:
            parsed = json.loads(text)
        except ValueError:
            raise Invalid(f"the fault rule {text!r} is not valid JSON") from None
        return dict(parsed)
    endpoint, _, rest = text.partition(":")
    mode, _, options = rest.partition(":")
    rule: dict[str, Any] = {"endpoint": endpoint.strip(), "mode": mode.strip()}
    for option in filter(None, options.split(",")):
        name, equals, value = option.partition("=")
        if not equals:
            raise Invalid(f"{option!r} in the fault rule {text!r} is not name=value")
        rule[name.strip()] = _as_json(value) if name.strip() in {"value", "remove"} else value.strip()
    return rule


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def refusal(rule: Rule) -> errors.GraphError | None:
    """The error of a rule that answers with one."""
    if rule.mode in {"refuse", f"{ACCEPT}refuse"}:
        return errors.GraphError(rule.code or 1, rule.message, subcode=rule.subcode, status=rule.status)
    made = {
        "refuse_500": errors.service_error,
        "refuse_2207051": errors.blocked,
        "refuse_fatal": errors.fatal,
        "quota": errors.quota_reached,
        f"{ACCEPT}500": errors.service_error,
        f"{ACCEPT}2207051": errors.blocked,
        f"{ACCEPT}fatal": errors.fatal,
    }.get(rule.mode)
    return made() if made else None


def _check(rule: Rule) -> None:
    if rule.mode not in MODES:
        raise Invalid(f"no fault mode is called {rule.mode!r}; there are {', '.join(sorted(MODES))}", field="mode")
    if rule.endpoint != "*" and rule.endpoint not in NAMES and rule.endpoint not in _ALIASES:
        known = ", ".join(sorted(NAMES))
        raise Invalid(f"no endpoint is called {rule.endpoint!r}; there are {known}", field="endpoint")
    if not 0 <= rule.probability <= 1 or rule.nth < 1 or (rule.count is not None and rule.count < 0):
        raise Invalid("a fault rule needs 0 <= probability <= 1, nth >= 1 and count >= 0")
    if rule.token not in {None, *TokenKind}:
        raise Invalid(f"token is one of {', '.join(TokenKind)}", field="token")
    if (rule.mode == ALTERED) != bool(rule.changes):
        raise Invalid("a rule of mode altered, and no other, has changes", field="changes")
    if rule.mode == "throttle" and rule.code not in {None, 4, 17, 613, 80002}:
        raise Invalid("code of a throttle rule is 4, 17, 613 or 80002", field="code")
    if not 200 <= rule.status <= 599:
        raise Invalid("status of a fault rule must be between 200 and 599", field="status")
    if not 0 <= rule.seconds <= 1e9:
        raise Invalid("seconds of a fault rule must be between 0 and 1e9", field="seconds")
