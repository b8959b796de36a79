"""What is asked about a token, and what the answers mean. Nothing is stored here.

Facebook Login  `debug_token` by the app's own token; where that cannot be had, says no, or the data access is over, the
                account is read with it: only an answer to the token itself proves that it is refused
Instagram Login `GET /me`

A failure that is none of the token's (no answer, a throttle, an app secret that is wrong) says nothing of it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from graph.answers.errors import ErrorClass, GraphError
from graph.client import CallRecord, GraphClient
from graph.login.tokens import Token as Fresh
from graph.login.tokens import TokenState
from graph.publishing.publishing import PublishingLimit
from models.accounts.account import Login
from models.tokens.token import Facts
from pressrun import clock
from worker.context import GateShut

LAPSED = (
    "Facebook lets nobody see its data any more, 90 days after its person was last active there; that person has to "
    "log in again: connect the account once more."
)
"""A token lives on without the consent to its data (graph-api.md §1.4)."""

_PERSONAL = "USER"
_NO_SUCH_OBJECT = 33


@dataclass(frozen=True)
class Patient:
    """The token that is looked at."""

    login: Login
    facts: Facts
    has_app: bool
    """App id and secret are set: without them Facebook tells nothing of tokens, and renews none."""

    @property
    def can_be_renewed(self) -> bool:
        """Whether there is a call that makes a fresh one of it: a Page's token there is none for."""
        if self.login is Login.INSTAGRAM:
            return True
        return self.has_app and self.facts.kind == _PERSONAL and self.facts.expires_at is not None

    def has_lapsed(self, now: datetime) -> bool:
        """Whether the person's consent to the data is over."""
        end = self.facts.data_access_expires_at
        return end is not None and end <= now


@dataclass(frozen=True)
class Seen:
    """What came of it. `facts`: what was said, None in a part that was not told."""

    facts: Facts
    refused: str | None = None
    """Instagram does not take the token, and why."""
    trouble: str | None = None
    """It came to nothing, or not to all, and why; it is tried again."""
    wait: timedelta | None = None
    """How long Instagram wants to be left alone."""
    is_taken: bool = False
    """Instagram has taken it, whatever came of the rest."""
    is_too_young: bool = False
    """It is not to be renewed yet; nor does anything say when."""
    fresh: Fresh | None = None
    limit: PublishingLimit | None = None


class Watch:
    """How far Instagram's clock is ahead of ours, by the last answer."""

    def __init__(self) -> None:
        self.ahead_ms: int | None = None

    def hear(self, record: CallRecord) -> None:
        if record.answered_at is None:
            return
        # The header is cut to the second, and was written somewhere between question and answer.
        then = record.answered_at.astimezone(UTC) + timedelta(seconds=0.5)
        ahead = then - (clock.now() - timedelta(seconds=record.duration_s / 2))
        self.ahead_ms = round(ahead.total_seconds() * 1000)


def facts_of(state: TokenState) -> Facts:
    """What Meta says of a token, in the words of its row."""
    return Facts(state.kind, state.expires_at, state.never_ends, state.data_access_expires_at, state.scopes or None)


def examine(client: GraphClient, patient: Patient, *, now: datetime) -> Seen:
    """Ask whether it lives, and what it may. Raises GateShut."""
    try:
        if patient.login is Login.INSTAGRAM:
            client.users.me(("id", "user_id", "username"))
            return Seen(Facts(), is_taken=True)
    except GraphError as problem:
        return judge(problem, Facts())
    return _examine_facebook(client, patient, now)


def _examine_facebook(client: GraphClient, patient: Patient, now: datetime) -> Seen:
    facts, doubt = Facts(), None
    is_settled = False
    if patient.has_app:
        try:
            state = client.tokens.debug()
        except GraphError as problem:  # the app may be what is refused: it says nothing of the token
            doubt = problem
        else:
            facts = facts_of(state)
            is_settled = state.is_valid
    known = replace(patient, facts=facts.over(patient.facts))
    if is_settled and not known.has_lapsed(now):
        return Seen(facts, is_taken=True)
    try:
        client.users.profile(("id",))
    except GraphError as problem:
        if known.has_lapsed(now) and _is_of_permission(problem):
            return Seen(facts, refused=LAPSED)
        return judge(problem, facts)
    taken = Seen(facts, is_taken=True)
    return taken if doubt is None else _troubled(taken, doubt)


def renew(client: GraphClient, patient: Patient, seen: Seen) -> Seen:
    """Have a fresh one made. Whatever goes wrong ends nothing: the token has just been taken. Raises GateShut."""
    try:
        return replace(seen, fresh=client.tokens.refresh())
    except GraphError as problem:
        is_of_unknown_age = patient.login is Login.INSTAGRAM and patient.facts.expires_at is None
        if is_of_unknown_age and problem.error_class is ErrorClass.INVALID_REQUEST:
            return replace(seen, is_too_young=True)
        return _troubled(seen, problem)


def ask_limit(client: GraphClient, seen: Seen) -> Seen:
    """How many posts it may still publish, for somebody who asks. Raises GateShut."""
    try:
        return replace(seen, limit=client.publishing.limit())
    except GraphError as problem:
        return _troubled(seen, problem)


def judge(problem: GraphError, facts: Facts) -> Seen:
    """What a failed read says of the token that it was made with."""
    if problem.error_class is ErrorClass.AUTH:
        return Seen(facts, refused=problem.advice)
    return _troubled(Seen(facts), problem)


def shut(gate: GateShut, seen: Seen, *, now: datetime) -> Seen:
    """No more could be asked."""
    return replace(seen, trouble=str(gate), wait=max(gate.until - now, timedelta(seconds=1)))


def _troubled(seen: Seen, problem: GraphError) -> Seen:
    wait = timedelta(seconds=problem.retry_after_s) if problem.retry_after_s else None
    return replace(seen, trouble=str(problem), wait=wait)


def _is_of_permission(problem: GraphError) -> bool:
    is_missing = problem.code == 100 and problem.subcode == _NO_SUCH_OBJECT
    return is_missing or problem.error_class is ErrorClass.PERMISSION
