"""`pressrun catalog|product|live|invite`: what Instagram says now. A worker asks, the command waits."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli.output import AsJson, show_rows

if TYPE_CHECKING:
    from operations.operation import Asker, Context

catalog = typer.Typer(help="See the shop's catalog and its products.", no_args_is_help=True)
product = typer.Typer(help="See the review of products, and appeal.", no_args_is_help=True)
appeal = typer.Typer(help="See how the review of a product stands, and appeal.", no_args_is_help=True)
live = typer.Typer(help="See broadcasts that are under way.", no_args_is_help=True)
invite = typer.Typer(help="See invitations to be a co-author.", no_args_is_help=True)
product.add_typer(appeal, name="appeal")

CATALOGS = ("catalog_id", "catalog_name", "shop_name", "product_count")
PRODUCTS = ("product_id", "product_name", "review_status", "retailer_id", "merchant_id", "variants", "catalog_id")
APPEALS = ("product_id", "review_status", "eligible_for_appeal")
LIVES = ("id", "media_type", "media_product_type", "timestamp", "permalink", "caption")
INVITES = ("media_id", "owner_username", "caption", "media_url")

Account = Annotated[str | None, typer.Option(help="Name of the account; may be left out where there is one.")]
ProductId = Annotated[str, typer.Argument(metavar="PRODUCT", help="Its id in `catalog search`.")]
Limit = Annotated[int, typer.Option(min=1, max=1000, help="At most this many.")]


@catalog.command("list")
def list_catalogs(account: Account = None, as_json: AsJson = False) -> None:
    """Show the catalog that products can be tagged from."""
    from operations.history import inquiries

    rows = answer_to(lambda ctx, owner: inquiries.list_catalogs(ctx, owner, account))
    show_rows(CATALOGS, rows, as_json=as_json, empty="this account has no catalog")


@catalog.command("search")
def search(
    words: Annotated[str | None, typer.Argument(metavar="[WORDS]", help="Part of a name; without it, all.")] = None,
    account: Account = None,
    catalog_id: Annotated[
        str | None, typer.Option("--catalog", help="Id of a catalog; not given: the only one.")
    ] = None,
    limit: Limit = 100,
    as_json: AsJson = False,
) -> None:
    """Find products to tag. Those that are not approved are listed, and cannot be tagged."""
    from operations.history import inquiries

    def ask(ctx: Context, owner: Asker) -> int:
        return inquiries.search_catalog(ctx, owner, account, words, catalog=catalog_id, limit=limit)

    show_rows(PRODUCTS, answer_to(ask), as_json=as_json, empty="no such product")


@appeal.command("show")
def show_appeal(product_id: ProductId, account: Account = None, as_json: AsJson = False) -> None:
    """Show how the review of a product stands, and whether it can be appealed for."""
    from operations.history import inquiries

    rows = answer_to(lambda ctx, owner: inquiries.show_appeal(ctx, owner, product_id, account))
    show_rows(APPEALS, rows, as_json=as_json, empty="Instagram lists no such product")


@appeal.command("make")
def make_appeal(
    product_id: ProductId,
    reason: Annotated[str, typer.Option(help="Why it is to be reviewed again.")],
    account: Account = None,
    as_json: AsJson = False,
) -> None:
    """Appeal for a product that was rejected. Done means that it will be reviewed."""
    from operations.history import inquiries

    rows = answer_to(lambda ctx, owner: inquiries.make_appeal(ctx, owner, product_id, reason, account))
    show_rows(APPEALS, rows, as_json=as_json)


@live.command("list")
def list_lives(account: Account = None, as_json: AsJson = False) -> None:
    """Show the broadcast under way."""
    from operations.history import inquiries

    rows = answer_to(lambda ctx, owner: inquiries.list_lives(ctx, owner, account))
    show_rows(LIVES, rows, as_json=as_json, empty="no broadcast is under way")


@invite.command("list")
def list_invites(account: Account = None, limit: Limit = 100, as_json: AsJson = False) -> None:
    """Show invitations to be a co-author that are not answered."""
    from operations.history import inquiries

    rows = answer_to(lambda ctx, owner: inquiries.list_invites(ctx, owner, account, limit=limit))
    show_rows(INVITES, rows, as_json=as_json, empty="no invitation is waiting")


def answer_to(ask: Callable[[Context, Asker], int]) -> Sequence[dict[str, Any]]:
    """What Instagram says to the inquiry that is made here."""
    from cli.commands.lending import lending
    from machine.runtime import read_settings, runtime
    from operations.history import inquiries
    from operations.operation import OWNER, Context

    with runtime(read_settings()) as here:
        ctx = Context(here.database, here.settings)
        return inquiries.await_outcome(ctx, OWNER, ask(ctx, OWNER), hands=lending(here)).rows
