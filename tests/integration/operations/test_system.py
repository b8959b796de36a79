"""The checks of the rows, each finding under a name that stays; and readers."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from models.history.media import bind_media
from operations.operation import OWNER, Asker, Context, NotAllowed, Scope
from operations.upkeep import running
from operations.upkeep.readers import grant_reader
from operations.upkeep.system import examine
from pressrun import clock
from pressrun.errors import Unknown
from pressrun.finding import Finding, Result
from pressrun.settings import Settings, load
from pressrun.vault import generate_key
from tests.factories.rows import first_part, make_account, make_post


def found(ctx: Context) -> dict[str, Finding]:
    return {one.check: one for one in examine(ctx, OWNER)}


def test_a_sound_database_has_a_finding_of_each_check(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_account(tx)

    checked = found(ctx)

    assert list(checked) == ["tokens", "partitions", "invariants"]
    assert {one.result for one in checked.values()} == {Result.OK}
    assert checked["tokens"].detail == "all 1 open"


def test_accounts_that_do_not_work_are_findings_of_their_own(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery", state="broken", state_reason="the token was refused")
        make_account(tx, name="studio", state="paused")

    broken, paused = (one for one in examine(ctx, OWNER) if one.check == "account")

    assert (broken.name, broken.result, broken.detail) == (
        "account bakery",
        Result.FAIL,
        "broken: the token was refused",
    )
    assert (paused.subject, paused.result, paused.advice) == ("studio", Result.NOTE, None)


def test_a_token_that_no_key_opens_is_named_by_its_account(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery", token="EAAGsecret")
        make_account(tx, name="studio")
    other = Context(ctx.database, Settings(secret_keys=[generate_key()], home=ctx.settings.home))

    tokens = found(other)["tokens"]

    assert tokens.result is Result.FAIL
    assert "bakery: " in tokens.detail
    assert "studio: " in tokens.detail
    assert "EAAG" not in f"{tokens}"


def test_without_keys_the_tokens_are_not_looked_at(ctx: Context) -> None:
    keyless = Context(ctx.database, Settings(home=ctx.settings.home))

    assert "tokens" not in found(keyless)


def test_posts_that_wait_for_a_person_or_did_not_go_out(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx)
        for state, age in (("failed", 1), ("failed", 2), ("expired", 1), ("failed", 8)):
            make_post(tx, account, state=state, publish_at=clock.now() - timedelta(days=age), next_action_at=None)

    checked = found(ctx)

    assert checked["posts not published"].detail == "1 expired, 2 failed in the last 7 days"
    assert "posts to review" not in checked


def test_posts_that_a_wrong_clock_holds_back_are_a_failure(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_post(tx, make_account(tx), wait_reason="clock")

    held = found(ctx)["posts held by a clock"]

    assert held.result is Result.FAIL
    assert held.detail.startswith("1 were not sent by a worker")


def test_no_finding_speaks_of_commands(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery", state="broken")
        make_post(tx, account, state="failed", publish_at=clock.now() - timedelta(days=1), next_action_at=None)

    assert not [one for one in examine(ctx, OWNER) if "`" in f"{one.detail}{one.advice}" or "--" in f"{one.advice}"]


def test_checks_and_readers_are_an_administrators(ctx: Context) -> None:
    publisher = Asker("ana", frozenset({Scope.READ, Scope.PUBLISH}))

    with pytest.raises(NotAllowed):
        examine(ctx, publisher)
    with pytest.raises(NotAllowed):
        grant_reader(ctx, publisher, "analyst")
    with pytest.raises(Unknown) as unknown:
        grant_reader(ctx, OWNER, "nobody-of-that-name")
    assert (unknown.value.type, unknown.value.field) == ("role.unknown", "role")


def test_live_posts_that_lack_something_are_told(ctx: Context) -> None:
    now = clock.now()
    with ctx.database.transaction() as tx:
        account = make_account(tx, name="bakery")
        gone = {"state": "published", "published_at": now - timedelta(days=2), "next_action_at": None}
        why = {"missing": {"comment": "refused", "permalink": "unread"}, "error": "refused; unread"}
        make_post(tx, account, parts=0, first_comment="hello", **gone, **why)
        post = make_post(tx, account, publish_at=now - timedelta(days=2), **gone)
        part = first_part(tx, post)
        part.media_id, part.published_at = "1790", now - timedelta(days=2)
        bind_media(tx, account.id, "1790", part.id, now=now)

    checked = found(ctx)

    assert checked["posts incomplete"].detail == "1 without their first comment, 1 without an address"
    assert checked["insights not begun"].detail.endswith(": 1 of bakery")


def test_what_a_process_listens_and_lives_by_is_no_process_of_its_own(ctx: Context) -> None:
    roles = ("lookout", "presence")
    with ExitStack() as opened:
        for role in roles:
            opened.enter_context(ctx.database.standing_connection(role=role))
        known = running.look(ctx, OWNER).processes

    assert [one.name for one in known] == [ctx.database.application_name.removeprefix("pressrun ")]
    assert known[0].connections > len(roles)


def test_posts_that_expire_by_a_rule_from_before_it_was_refused_are_a_failure(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        bakery = make_account(tx, name="bakery", max_lateness_s=0)
        studio = make_account(tx, name="studio")
        make_account(tx, name="at once", max_lateness_s=0, if_late="publish")
        make_post(tx, bakery, max_lateness_s=0)
        make_post(tx, studio, max_lateness_s=0)
        make_post(tx, studio, max_lateness_s=0, if_late="publish")
        make_post(tx, studio, max_lateness_s=0, state="expired")

    told = [(one.subject, one.result, one.detail) for one in examine(ctx, OWNER) if one.check == "lateness"]

    why = "may not be a second late: no post goes out in the very instant it is due"
    assert told == [
        ("bakery", Result.FAIL, f"its posts, 1 of them queued, {why}"),
        ("studio", Result.FAIL, f"1 of its queued posts {why}"),
    ]


def test_settings_are_shown_as_they_would_be_said(ctx: Context) -> None:
    told = load({"PRESSRUN_TRUSTED_PROXIES": "none", "PRESSRUN_CORS_ORIGINS": "https://a.example,https://b.example"})

    shown = {one.name: one.value for one in running.settings(replace(ctx, settings=told), OWNER)}

    assert shown["PRESSRUN_TRUSTED_PROXIES"] == "none"
    assert shown["PRESSRUN_CORS_ORIGINS"] == "https://a.example, https://b.example"
    assert shown["PRESSRUN_SECRET_KEYS"] == "not set"
