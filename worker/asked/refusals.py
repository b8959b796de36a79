"""What a person is told of an inquiry that Instagram has not answered: what is unknown, missing, or failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph.answers.errors import ErrorClass, GraphError
from graph.wire.endpoints import Endpoint
from models.accounts.account import Account, Login
from models.asked.inquiry import CHANGING, OF_COMMENT, InquiryKind
from pressrun.errors import NotPossible, PressrunError, RefusedByInstagram, ServerUnreachable, Unknown
from worker.context import GateShut

_OF_SHOPS = {InquiryKind.CATALOGS, InquiryKind.PRODUCTS, InquiryKind.APPEAL, InquiryKind.APPEAL_MAKE}
_READS = (Endpoint.CATALOG_SEARCH, Endpoint.PRODUCT_APPEAL)
_COMMENTS = {
    Login.FACEBOOK: "instagram_manage_comments",
    Login.INSTAGRAM: "instagram_business_manage_comments",
}
_NO_SUCH_OBJECT = 33


def told(problem: PressrunError, account: Account, kind: InquiryKind, asked: Mapping[str, Any]) -> PressrunError:
    """Whether Instagram said no, does not know what was named, or could not be asked."""
    if isinstance(problem, GateShut):
        return NotPossible(str(problem), type="gate.shut_now")
    if not isinstance(problem, GraphError):
        return problem
    if problem.http_status is None:
        return ServerUnreachable(str(problem), type="instagram.silent")
    if _is_of_what_was_named(problem, asked):
        return unknown_to(account, kind, asked)
    if problem.error_class is ErrorClass.PERMISSION:
        return _not_granted(problem, account, kind)
    return RefusedByInstagram(str(problem))


def unknown_to(account: Account, kind: InquiryKind, asked: Mapping[str, Any]) -> Unknown:
    """The error of an id that Instagram does not know of this account."""
    if kind is InquiryKind.PRODUCTS:
        said = f"{account.name} has no catalog {asked['catalog_id']}: list its catalogs for the id"
        return Unknown(said, type="catalog.unknown", field="catalog")
    said = f"{account.name} has no product {asked['product_id']}: search its catalog for the id"
    return Unknown(said, type="product.unknown", field="product")


def _is_of_what_was_named(problem: GraphError, asked: Mapping[str, Any]) -> bool:
    """An id is all that these calls take: one that they refuse is not the account's."""
    names_something = "product_id" in asked or "catalog_id" in asked
    is_refused = problem.error_class is ErrorClass.INVALID_REQUEST or problem.subcode == _NO_SUCH_OBJECT
    return names_something and is_refused and problem.endpoint in _READS


def _not_granted(problem: GraphError, account: Account, kind: InquiryKind) -> RefusedByInstagram:
    if kind in OF_COMMENT:  # graph-api.md §1.3
        scope = _COMMENTS[Login(account.login)]
        what = f"it takes the permission {scope}: connect the account once more and leave that ticked"
    elif kind in _OF_SHOPS:
        what = (
            "its shop takes the permissions catalog_management and instagram_shopping_tag_products, and a person who "
            "is an admin of the business that owns it: connect the account once more with those, as that person"
        )
    else:
        what = "a permission is missing: connect the account once more and leave all of them ticked"
    does_not = f"let {account.name} do" if kind in CHANGING else f"show {account.name}"
    said = f"Instagram does not {does_not} this; {what} ({problem.told})"
    return RefusedByInstagram(said, type="scope.missing")
