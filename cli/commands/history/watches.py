"""`pressrun harvest watch`, `unwatch` and `watches`: other accounts and hashtags that are read along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli.asking import asking
from cli.output import AllRows, AsJson, most_shown, say, show_json, show_rows

if TYPE_CHECKING:
    from operations.history.watches import Target

COLUMNS = ("account", "kind", "name", "media", "last_checked_at")

_Account = Annotated[str, typer.Option(help="The account that looks; on Facebook Login.")]
_Competitor = Annotated[str | None, typer.Option(help="User name of another professional account.")]
_Hashtag = Annotated[str | None, typer.Option(help="A hashtag; at most 30 for an account.")]


def watch(account: _Account, competitor: _Competitor = None, hashtag: _Hashtag = None, as_json: AsJson = False) -> None:
    """Read another account's public numbers, or the media below a hashtag, from now on."""
    from operations.history import watches as watching

    target = _target(competitor, hashtag)
    with asking() as (ctx, owner):
        done = watching.watch(ctx, owner, account, target)
    if as_json:
        show_json({"account": done.account, "kind": done.kind, "name": done.name, "is_new": done.has_changed})
    else:
        say(f"{done.account} {'watches' if done.has_changed else 'already watches'} the {done.kind} {done.name}")


def unwatch(
    account: _Account, competitor: _Competitor = None, hashtag: _Hashtag = None, as_json: AsJson = False
) -> None:
    """Read it no more. What was read stays."""
    from operations.history import watches as watching

    target = _target(competitor, hashtag)
    with asking() as (ctx, owner):
        done = watching.unwatch(ctx, owner, account, target)
    if as_json:
        show_json({"account": done.account, "kind": done.kind, "name": done.name})
    else:
        say(f"{done.account} watches the {done.kind} {done.name} no more")


def watches(
    account: Annotated[str | None, typer.Option(help="Only this account.")] = None,
    everything: AllRows = False,
    as_json: AsJson = False,
) -> None:
    """List the accounts and hashtags that are watched."""
    from operations.history.watches import list_watches

    with asking() as (ctx, owner):
        found = list_watches(ctx, owner, account)
    rows = [vars(one) for one in found]
    show_rows(COLUMNS, rows, as_json=as_json, empty="nothing is watched", most=most_shown(everything))


def _target(competitor: str | None, hashtag: str | None) -> Target:
    from operations.history.watches import Target
    from pressrun.errors import Invalid

    if (competitor is None) == (hashtag is None):
        raise Invalid("name one thing: --competitor NAME or --hashtag TAG")
    return Target.of(competitor=competitor, hashtag=hashtag)
