"""Endpoints, their rules and their log, as any face asks for them."""

from __future__ import annotations

import subprocess
from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from models.telling.notice import News, NoticeKind, tell
from operations.operation import OWNER, Context
from operations.upkeep import notices
from operations.upkeep.notices import Timing
from pressrun.errors import Conflict, Invalid, NotPossible, PressrunError, Unknown
from pressrun.telling import by_apprise
from tests.factories.rows import make_account, make_delivery, make_endpoint

URL = "https://hooks.example.com:8443/pressrun/hunter2?key=hunter2"


def test_a_webhook_is_added_shown_without_its_address_and_removed(ctx: Context) -> None:
    done = notices.add(ctx, OWNER, webhook_url=URL)

    assert (done.name, done.way, done.place) == ("hooks.example.com", "webhook", "https://hooks.example.com:8443")
    assert done.secret is not None
    assert done.secret.startswith("whsec_")
    assert done.secret not in repr(done)
    [shown] = notices.list_endpoints(ctx, OWNER)
    assert (shown.name, shown.state, shown.owed, shown.missed) == ("hooks.example.com", "active", 0, 0)
    with ctx.database.transaction() as tx:
        [row] = tx.execute(text("SELECT to_jsonb(e)::text FROM endpoints e")).scalars()
    for secret in ("hunter2", done.secret, done.secret.removeprefix("whsec_")):
        assert secret not in row

    notices.remove(ctx, OWNER, "hooks.example.com")
    assert notices.list_endpoints(ctx, OWNER) == []
    assert notices.add(ctx, OWNER, webhook_url=URL).name == "hooks.example.com"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({}, None),
        ({"webhook_url": URL, "apprise": "json://localhost"}, None),
        ({"webhook_url": "ftp://hunter2.example.com"}, "webhook"),
        ({"webhook_url": "https://someone:hunter2@example.com/"}, "webhook"),
        ({"webhook_url": "https://example.com:hunter2/"}, "webhook"),
        ({"webhook_url": "https://exämple.com/hunter2"}, "webhook"),
        ({"webhook_url": "https://example.com/hunter2\nX: y"}, "webhook"),
        ({"webhook_url": "hunter2"}, "webhook"),
        ({"webhook_url": URL, "name": "a\nname"}, "name"),
        ({"webhook_url": URL, "name": ""}, None),
        ({"apprise": "hunter2"}, "apprise"),
        ({"apprise": "nonsense://hunter2/hunter2"}, "apprise"),
        ({"apprise": "syslog://"}, "apprise"),
    ],
)
def test_what_cannot_be_an_endpoint_is_refused_and_not_repeated(
    ctx: Context, given: dict[str, str], field: str | None
) -> None:
    if given.get("name") == "":
        assert notices.add(ctx, OWNER, **given).name == "hooks.example.com"
        return
    with pytest.raises(Invalid) as problem:
        notices.add(ctx, OWNER, **given)

    assert problem.value.field == field
    assert "hunter2" not in str(problem.value)
    assert notices.list_endpoints(ctx, OWNER) == []


def test_an_apprise_address_is_known_by_its_service(ctx: Context) -> None:
    done = notices.add(ctx, OWNER, apprise="json://someone:hunter2@hooks.example.com/hunter2")

    assert (done.name, done.way, done.place, done.secret) == ("json", "apprise", "JSON", None)
    with pytest.raises(NotPossible):
        notices.rotate(ctx, OWNER, "json")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"webhook_url": "http://127.0.0.1:9/hunter2"}, "webhook"),
        ({"webhook_url": "https://[fd00::1]/hunter2"}, "webhook"),
        ({"webhook_url": "https://192.168.1.9/hunter2"}, "webhook"),
        ({"webhook_url": "http://localhost/hunter2"}, "webhook"),  # a name, which leads there now
        ({"apprise": "json://10.0.0.1/hunter2"}, "apprise"),
    ],
)
def test_an_address_in_a_private_network_is_refused_when_it_is_added(
    ctx: Context, given: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as problem:
        notices.add(ctx, OWNER, **given)

    assert (problem.value.type, problem.value.field) == ("endpoint.address", field)
    assert "PRESSRUN_ALLOW_PRIVATE_URLS=true" in str(problem.value)
    assert "hunter2" not in str(problem.value)
    assert notices.list_endpoints(ctx, OWNER) == []


def test_where_a_setting_allows_it_an_address_in_a_private_network_is_taken(ctx: Context) -> None:
    allowing = Context(ctx.database, ctx.settings.model_copy(update={"allow_private_urls": True}))

    assert notices.add(allowing, OWNER, webhook_url="http://127.0.0.1:9/hunter2").place == "http://127.0.0.1:9"


def test_a_name_is_taken_once(ctx: Context) -> None:
    notices.add(ctx, OWNER, webhook_url=URL, name="ops")

    with pytest.raises(Conflict) as problem:
        notices.add(ctx, OWNER, webhook_url=URL, name="ops")

    assert (problem.value.type, problem.value.field) == ("endpoint.taken", "name")


def test_rules_are_made_changed_and_taken_away(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_endpoint(tx, name="ops")
        make_account(tx, name="bakery")

    notices.rule(ctx, OWNER, "ops", how="digest")
    notices.rule(ctx, OWNER, "ops", how="digest")
    notices.rule(ctx, OWNER, "ops", how="at_once", kind="post.failed", account="bakery")
    found = notices.rule(ctx, OWNER, "ops", how="never", kind="post.failed", account="bakery")

    assert [(one.account, one.kind, one.how) for one in found] == [
        (None, None, "digest"),
        ("bakery", "post.failed", "never"),
    ]
    assert [one.how for one in notices.rule(ctx, OWNER, "ops", how="default")] == ["never"]
    assert notices.list_rules(ctx, OWNER) == notices.list_rules(ctx, OWNER, "ops")


@pytest.mark.parametrize(
    ("name", "rule", "error", "field"),
    [
        ("nobody", {"how": "never"}, Unknown, "name"),
        ("ops", {"how": "sometimes"}, Invalid, "how"),
        ("ops", {"how": "never", "kind": "post.eaten"}, Invalid, "kind"),
        ("ops", {"how": "never", "kind": "test"}, Invalid, "kind"),
        ("ops", {"how": "never", "account": "nobody"}, Unknown, "account"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(
    ctx: Context, name: str, rule: dict[str, Any], error: type[PressrunError], field: str
) -> None:
    with ctx.database.transaction() as tx:
        make_endpoint(tx, name="ops")
        make_account(tx, name="bakery")

    with pytest.raises(error) as problem:
        notices.rule(ctx, OWNER, name, **rule)

    assert problem.value.field == field


def test_quiet_hours_and_digest_are_set_in_a_zone(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        make_endpoint(tx, name="ops")

    said = Timing(timezone="Europe/Zurich", digest_at="7:45", quiet="22:00-07:00")
    shown = notices.edit(ctx, OWNER, "ops", said)
    assert (shown.timezone, shown.digest_at) == ("Europe/Zurich", time(7, 45))
    assert (shown.quiet_from, shown.quiet_to) == (time(22), time(7))

    assert notices.edit(ctx, OWNER, "ops", Timing(quiet="")).quiet_from is None


@pytest.mark.parametrize(
    "timing",
    [
        Timing(quiet="22:00"),
        Timing(quiet="22:00-22:00"),
        Timing(quiet="22:00-25:00"),
        Timing(digest_at="noon"),
        Timing(timezone="Mars/Olympus"),
    ],
)
def test_times_that_are_none_are_refused(ctx: Context, timing: Timing) -> None:
    with ctx.database.transaction() as tx:
        make_endpoint(tx, name="ops")

    with pytest.raises(Invalid):
        notices.edit(ctx, OWNER, "ops", timing)


def test_the_log_tells_what_was_sent_and_replay_what_was_missed(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        ops, mail = make_endpoint(tx, name="ops", state="parked"), make_endpoint(tx, name="mail")
        gone = {"next_action_at": None, "error": "the receiver answers 500"}
        failed = make_delivery(tx, ops, state="failed", **gone).id
        make_delivery(tx, ops, state="parked", **gone)
        make_delivery(tx, mail)

    assert [(one.endpoint, one.state) for one in notices.log(ctx, OWNER)] == [
        ("mail", "owed"),
        ("ops", "parked"),
        ("ops", "failed"),
    ]
    [row] = notices.log(ctx, OWNER, "ops", state="failed")
    assert (row.id, row.kinds, row.notices, row.error) == (failed, ["queue.silent"], 1, "the receiver answers 500")
    assert row.message_id.startswith("msg_")
    with pytest.raises(Invalid):
        notices.log(ctx, OWNER, state="eaten")
    with pytest.raises(NotPossible):
        notices.send_test(ctx, OWNER, "ops")

    assert notices.replay(ctx, OWNER, "ops") == 2
    assert {one.state for one in notices.log(ctx, OWNER, "ops")} == {"owed"}
    assert [one.state for one in notices.list_endpoints(ctx, OWNER)] == ["active", "active"]
    with pytest.raises(Unknown, match="no delivery 1000000000"):
        notices.replay(ctx, OWNER, "ops", delivery=10**9)


def test_a_secret_is_kept_for_no_longer_than_makes_sense(ctx: Context) -> None:
    first = notices.add(ctx, OWNER, webhook_url=URL, name="ops").secret

    rotated = notices.rotate(ctx, OWNER, "ops", keep_old=timedelta(days=7))

    assert rotated.secret != first
    with pytest.raises(Invalid):
        notices.rotate(ctx, OWNER, "ops", keep_old=timedelta(days=31))


def test_what_a_notice_says_holds_no_token(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        tell(tx, News(NoticeKind.ACCOUNT_BROKEN, "refused: access_token=EAAabcdefghijklmnop"))
        [said] = tx.execute(text("SELECT message FROM notices")).scalars()

    assert "EAAabc" not in said


def test_an_address_of_apprise_is_in_no_list_of_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []
    plainly = subprocess.run

    def seen(arguments: Any, **more: Any) -> Any:
        started.append((arguments, more["env"]))
        return plainly(arguments, **more)

    monkeypatch.setattr(subprocess, "run", seen)
    monkeypatch.setenv("PRESSRUN_SECRET_KEYS", "hunter2")
    by_apprise.check_address("json://someone:hunter2@localhost/hunter2", allow_private=True)

    assert started
    assert "hunter2" not in str(started)
