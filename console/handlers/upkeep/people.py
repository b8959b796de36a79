"""`/users`, `/sessions`, `/audit`: who may come in, who is there, and who changed what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from fastapi import Path, Query, Response
from pydantic import Field, SecretStr

from console.handlers.asking import Acting, Asked, Ctx, Cursor, IfMatch, Limit, Number, etag
from console.handlers.bodies import Body, example
from console.handlers.route import Router, asks
from operations.access import audits, users
from operations.access.audits import EntryShown, Wish
from operations.access.users import Invited, SessionShown, UserShown
from pressrun.paging import Page, cut, page, place_of

router = Router("people")

Name = Annotated[str, Path(max_length=100)]
Role = Literal["viewer", "author", "admin"]
Accounts = Annotated[list[str] | None, Field(max_length=1000)]


class NewUser(Body):
    """A person and their password. Without accounts: they see all."""

    model_config = example(
        name="ana@example.com",
        role="author",
        password="correct horse battery",  # noqa: S106 - an example
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Role
    password: Annotated[SecretStr, Field(max_length=1000)]
    accounts: Accounts = None


class Invitation(Body):
    """A person who is to choose a password by a link."""

    model_config = example(name="ben@example.com", role="viewer")

    name: Annotated[str, Field(min_length=1, max_length=100)]
    role: Role | None = None
    accounts: Accounts = None


class UserChange(Body):
    """What is to be otherwise from the next request on."""

    model_config = example(role="viewer")

    role: Role | None = None
    accounts: Accounts = None
    all_accounts: bool = False


@dataclass(frozen=True)
class UserInvited:
    """`link`, a path of the console, lets them choose a password, once, until then. It is told this once."""

    user: UserShown
    link: str
    expires_at: datetime

    @classmethod
    def of(cls, invited: Invited) -> UserInvited:
        return cls(invited.user, invited.link.path, invited.link.expires_at)


@dataclass(frozen=True)
class Sessions:
    """Who is signed in, and from where."""

    items: list[SessionShown]


@router.get("/users", summary="List users", **asks("user.list"))
def list_users(ctx: Ctx, asker: Asked, cursor: Cursor = None, limit: Limit = 50) -> Page[UserShown]:
    """Users by name: what each may do and see, and when they last signed in."""
    return cut("users", users.list_users(ctx, asker), lambda one: one.name, cursor=cursor, limit=limit)


@router.post("/users", summary="Add a user", status_code=201, **asks("user.add", keeps=False))
def add_user(body: NewUser, ctx: Acting, asker: Asked) -> UserShown:
    """Let a person sign in with this password."""
    password = body.password.get_secret_value()
    return users.add(ctx, asker, body.name, role=body.role, password=password, accounts=body.accounts)


@router.post("/users/invite", summary="Invite a user", status_code=201, **asks("user.invite", keeps=False))
def invite_user(body: Invitation, ctx: Acting, asker: Asked) -> UserInvited:
    """Invite a person by a link; one that has not come yet gets another."""
    return UserInvited.of(users.invite(ctx, asker, body.name, role=body.role, accounts=body.accounts))


@router.patch("/users/{name}", summary="Edit a user", **asks("user.edit"))
def edit_user(
    name: Name, body: UserChange, response: Response, ctx: Acting, asker: Asked, if_match: IfMatch = None
) -> UserShown:
    """Change what a person may do or see."""
    edited = users.edit(
        ctx, asker, name, role=body.role, accounts=body.accounts, all_accounts=body.all_accounts, version=if_match
    )
    response.headers["ETag"] = etag(edited.version)
    return edited


@router.post("/users/{name}/disable", summary="Disable a user", **asks("user.disable"))
def disable_user(name: Name, ctx: Acting, asker: Asked) -> UserShown:
    """Let a person in no more, and end their sessions."""
    return users.disable(ctx, asker, name)


@router.post("/users/{name}/reset", summary="Reset a user", **asks("user.reset", keeps=False))
def reset_user(name: Name, ctx: Acting, asker: Asked) -> UserInvited:
    """Forget a person's password and second factor, end their sessions, and invite them anew."""
    return UserInvited.of(users.reset(ctx, asker, name))


@router.get("/sessions", summary="List sessions", **asks("session.list"))
def list_sessions(ctx: Ctx, asker: Asked) -> Sessions:
    """Who is signed in, and from where."""
    return Sessions(users.list_sessions(ctx, asker))


@router.delete("/sessions/{session}", summary="End a session", status_code=204, **asks("session.end"))
def end_session(session: Number, ctx: Acting, asker: Asked) -> None:
    """Let somebody sign in anew before they ask for anything more. One that is over stays so."""
    users.end_sessions(ctx, asker, session=session)


@router.get("/audit", summary="List the audit", **asks("audit.list"))
def list_audit(
    ctx: Ctx,
    asker: Asked,
    by: Annotated[str | None, Query(description="Who it was.")] = None,
    operation: Annotated[str | None, Query(description="`post.cancel` and the like.")] = None,
    since: str | None = None,
    until: str | None = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[EntryShown]:
    """Who changed what, by which face, newest first."""
    place = place_of("audit", cursor, int)
    before = None if place is None else place[0]
    wish = Wish.parse(by=by, operation=operation, since=since, until=until, before_id=before)
    rows = audits.list_entries(ctx, asker, wish, limit=limit + 1)
    return page("audit", rows, lambda one: (one.id,), limit=limit)
