"""Rows as tests need them: plain functions, real rows, every default overridable."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from models.account import Account, token_context
from models.container import Container
from models.part import Part
from models.post import Post
from pressrun import clock
from pressrun.vault import Vault, generate_key

KEY = generate_key()
_numbers = itertools.count(1)


def make_account(tx: Session, **over: Any) -> Account:
    """An active account on Facebook Login; `token` is sealed under `KEY`."""
    number = next(_numbers)
    token = over.pop("token", f"SIM-TOKEN-{number}")
    values: dict[str, Any] = {
        "ig_id": str(17_841_499_000_000_000 + number),
        "login": "facebook",
        "name": f"account-{number}",
        "username": f"account_{number}",
        "state": "active",
        "token_sealed": "",
    }
    account = Account(**values | over)
    tx.add(account)
    tx.flush()
    account.token_sealed = Vault([KEY]).seal(token, context=token_context(account.id))
    tx.flush()
    return account


def make_post(tx: Session, account: Account, **over: Any) -> Post:
    """A scheduled image post due now, with its one part; `parts=0` makes none."""
    number = next(_numbers)
    parts = over.pop("parts", 1)
    now: datetime = over.pop("now", clock.now())
    publish_at = over.get("publish_at", now)
    values: dict[str, Any] = {
        "key": f"key-{number}",
        "content_digest": f"digest-{number}",
        "account_id": account.id,
        "type": "image",
        "state": "scheduled",
        "publish_at": publish_at,
        "timezone": "UTC",
        "caption": f"caption {number}",
        "params": {},
        "max_lateness_s": 900,
        "if_late": "expire",
        "next_action_at": now - timedelta(milliseconds=1),
    }
    post = Post(**values | over)
    tx.add(post)
    tx.flush()
    for position in range(parts):
        tx.add(Part(post_id=post.id, position=position, kind="image", source=f"photo-{position}.jpg", probe={}))
    tx.flush()
    return post


def make_container(tx: Session, part: Part, account: Account, **over: Any) -> Container:
    """A live container that is ready to be published."""
    values: dict[str, Any] = {
        "part_id": part.id,
        "account_id": account.id,
        "ig_id": f"1800{next(_numbers)}",
        "status_code": "FINISHED",
        "created_at": clock.now(),
    }
    container = Container(**values | over)
    tx.add(container)
    tx.flush()
    return container
