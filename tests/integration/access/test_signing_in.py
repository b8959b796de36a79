"""Coming in and going out by pages, as a browser does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import text

from console.access.asking import COOKIE, csrf_of
from console.app import create_app
from migrations import HEAD
from models.access.audit import AuditEntry
from operations.access import door, entering, factors, links, myself, passwords, tries, users
from operations.access.door import DOOR
from operations.access.entering import Visitor
from operations.operation import OWNER, Asker, Context, Face, NotAllowed, Scope
from pressrun import clock
from pressrun.errors import Conflict, Invalid, NotPossible, Unknown
from pressrun.network.trust import authorities
from tests.factories.rows import make_account
from tests.support.web import serve
from tests.unit.docs.pages import ROOT

PASSWORD = "correct horse battery"
HERE = Visitor("a browser", "127.0.0.1")


@pytest.fixture(autouse=True)
def _uncounted_and_quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No tries of other tests count, and passwords cost nothing: what they cost has a test of its own."""
    for name, value in (("MEMORY_KIB", 64), ("PASSES", 1)):
        monkeypatch.setattr(passwords, name, value)
    passwords.forget()
    tries.forget()
    yield
    passwords.forget()
    tries.forget()


@pytest.fixture
def http(ctx: Context, tmp_path: Path) -> Iterator[httpx.Client]:
    with (
        serve(create_app(ctx, media_keys=[], media_root=tmp_path, schema_head=HEAD)) as url,
        httpx.Client(base_url=url, timeout=30, verify=authorities()) as client,
    ):
        yield client


def _add(ctx: Context, name: str = "ana", **over: Any) -> None:
    users.add(ctx, OWNER, name, **{"role": "author", "password": PASSWORD} | over)


def _field(answer: httpx.Response, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert found, answer.text
    return found[1]


def test_the_owners_link_signs_in_once_and_says_so_the_second_time(ctx: Context, http: httpx.Client) -> None:
    path = links.link(ctx, OWNER).path

    assert http.head(path).status_code == 405
    first = http.get(path)

    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    asker = door.by_cookie(ctx, DOOR, http.cookies[COOKIE])
    assert asker is not None
    assert (asker.name, asker.face, asker.accounts) == ("owner", Face.PAGE, None)
    assert Scope.ADMIN in asker.scopes

    second = httpx.get(f"{http.base_url}{path}", verify=authorities())
    assert second.status_code == 410
    assert "This link is over" in second.text
    assert "set-cookie" not in second.headers


def test_a_link_works_for_ten_minutes(ctx: Context, http: httpx.Client) -> None:
    path = links.link(ctx, OWNER).path
    with ctx.database.transaction() as tx:
        lasts = tx.scalar(text("SELECT extract(epoch FROM expires_at - created_at) FROM links"))
        tx.execute(text("UPDATE links SET expires_at = now()"))

    assert 599 <= float(lasts) <= 601
    assert http.get(path).status_code == 410


def test_only_the_command_line_makes_links_for_the_owner(ctx: Context) -> None:
    admin = Asker("admin", frozenset(Scope), Face.API)
    with pytest.raises(NotAllowed, match="on the machine itself"):
        links.link(ctx, admin)


def test_a_user_signs_in_and_out(ctx: Context, http: httpx.Client) -> None:
    _add(ctx)
    assert http.get("/sign-in").status_code == 200

    answer = http.post("/sign-in", data={"name": " Ana", "password": PASSWORD, "next": "/posts?state=failed"})

    assert (answer.status_code, answer.headers["location"]) == (303, "/posts?state=failed")
    cookie = http.cookies[COOKIE]
    asker = door.by_cookie(ctx, DOOR, cookie)
    assert asker is not None
    assert (asker.name, asker.scopes) == ("ana", frozenset({Scope.SELF, Scope.READ, Scope.PUBLISH}))
    assert [(one.user, one.way, one.address) for one in users.list_sessions(ctx, OWNER)] == [
        ("ana", "password", "127.0.0.1")
    ]

    assert http.get("/sign-out").status_code == 405
    assert http.post("/sign-out").status_code == 403
    out = http.post("/sign-out", data={"csrf_token": csrf_of(cookie)})

    assert (out.status_code, out.headers["location"]) == (303, "/sign-in")
    assert COOKIE not in http.cookies
    assert door.by_cookie(ctx, DOOR, cookie) is None


@pytest.mark.parametrize("where", ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\nb"])
def test_signing_in_never_leads_elsewhere(ctx: Context, http: httpx.Client, where: str) -> None:
    _add(ctx)
    answer = http.post("/sign-in", data={"name": "ana", "password": PASSWORD, "next": where})
    assert (answer.status_code, answer.headers["location"]) == (303, "/")


def test_whoever_is_refused_learns_nothing_of_why(ctx: Context, http: httpx.Client) -> None:
    _add(ctx)
    _add(ctx, "ben")
    users.disable(ctx, OWNER, "ben")
    users.invite(ctx, OWNER, "eve")

    answers = [
        http.post("/sign-in", data={"name": name, "password": password})
        for name, password in (("ana", "wrong"), ("ben", PASSWORD), ("eve", ""), ("nobody", PASSWORD))
    ]

    assert {one.status_code for one in answers} == {401}
    told = {re.sub(r'value="[^"]*"|nonce="[^"]*"', "", one.text) for one in answers}
    assert len(told) == 1
    assert COOKIE not in http.cookies


def test_names_full_of_markup_are_only_text(http: httpx.Client) -> None:
    answer = http.post("/sign-in", data={"name": '"><script>alert(1)</script>', "password": "x"})
    assert answer.status_code == 401
    assert "<script>" not in answer.text


def test_a_name_that_no_text_can_be_signs_nobody_in(http: httpx.Client) -> None:
    answer = http.post("/sign-in", data={"name": "ana\0", "password": PASSWORD})

    assert (answer.status_code, "no text" in answer.text, COOKIE in answer.cookies) == (422, True, False)


def test_too_many_tries_are_refused_even_with_the_right_password(ctx: Context, http: httpx.Client) -> None:
    _add(ctx)
    wrong = [http.post("/sign-in", data={"name": "ana", "password": "wrong"}).status_code for _ in range(5)]

    right = http.post("/sign-in", data={"name": "ana", "password": PASSWORD})

    assert wrong == [401] * 5
    assert right.status_code == 429
    tries.forget()
    assert http.post("/sign-in", data={"name": "ana", "password": PASSWORD}).status_code == 303


def test_a_form_of_another_site_signs_nobody_in(ctx: Context, http: httpx.Client) -> None:
    _add(ctx)
    told = {"name": "ana", "password": PASSWORD}
    assert http.post("/sign-in", data=told, headers={"Origin": "https://evil.example"}).status_code == 403
    assert http.post("/sign-in", data=told, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert http.post("/sign-in", data=told, headers={"Sec-Fetch-Site": "same-site"}).status_code == 403
    for origin in ("null", "http://[::1"):
        assert http.post("/sign-in", data=told, headers={"Origin": origin}).status_code == 403
    ours = {"Origin": "null", "Sec-Fetch-Site": "same-origin"}  # as Chromium says it of a page without referrers
    assert http.post("/sign-in", data=told, headers=ours).status_code == 303
    assert http.post("/sign-in", data=told, headers={"Origin": str(http.base_url)}).status_code == 303


def test_a_form_that_is_too_large_is_not_read(http: httpx.Client) -> None:
    assert http.post("/sign-in", data={"name": "x" * 70_000, "password": "x"}).status_code == 413
    assert http.post("/sign-in", content=iter([b"name=x"])).status_code == 413


def test_an_invitation_is_taken_up_once(ctx: Context, http: httpx.Client) -> None:
    with ctx.database.transaction() as tx:
        make_account(tx, name="bakery")
    first = users.invite(ctx, OWNER, "eve@example.com", role="author", accounts=["bakery"])
    made = users.invite(ctx, OWNER, "eve@example.com")
    assert http.get(first.link.path).status_code == 410
    assert "eve@example.com" in http.get(made.link.path).text

    short = http.post(made.link.path, data={"password": "short", "again": "short"})
    differ = http.post(made.link.path, data={"password": PASSWORD, "again": PASSWORD + "!"})
    done = http.post(made.link.path, data={"password": PASSWORD, "again": PASSWORD})

    assert (short.status_code, differ.status_code) == (422, 422)
    assert (done.status_code, done.headers["location"]) == (303, "/")
    assert http.get(made.link.path).status_code == 410
    [user] = users.list_users(ctx, OWNER)
    assert (user.name, user.role, user.state, user.accounts) == ("eve@example.com", "author", "active", ["bakery"])
    with pytest.raises(Conflict, match="is a user already"):
        users.invite(ctx, OWNER, "EVE@example.com")


def test_a_second_factor_is_asked_for_and_each_code_works_once(ctx: Context, http: httpx.Client) -> None:
    _add(ctx)
    cookie = entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE).cookie
    asker = door.by_cookie(ctx, DOOR, cookie or "")
    assert asker is not None
    offered = myself.offer_factor(ctx, asker)
    assert offered.picture.startswith("<svg")
    with pytest.raises(entering.Refused):
        myself.take_factor(ctx, asker, offered.secret, "000000x", PASSWORD)
    now = clock.now().timestamp()
    codes = myself.take_factor(ctx, asker, offered.secret, pyotp.TOTP(offered.secret).at(now), PASSWORD)
    used, fresh = (pyotp.TOTP(offered.secret).at(now + later) for later in (0, 30))

    def show(code: str) -> httpx.Response:
        tries.forget()
        asked = http.post("/sign-in", data={"name": "ana", "password": PASSWORD})
        assert asked.status_code == 200
        return http.post("/sign-in/code", data={"code_for": _field(asked, "code_for"), "code": code})

    assert show(used).status_code == 401
    assert COOKIE not in http.cookies
    assert show(fresh).status_code == 303
    assert show(fresh).status_code == 401
    assert show(codes[3].upper()).status_code == 303
    assert show(codes[3]).status_code == 401
    assert myself.show(ctx, asker).recovery_codes_left == factors.RECOVERY_CODES - 1


def test_five_wrong_codes_end_it(ctx: Context) -> None:
    _add(ctx)
    asker = door.by_cookie(ctx, DOOR, entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE).cookie or "")
    assert asker is not None
    secret = factors.new_secret()
    codes = myself.take_factor(ctx, asker, secret, pyotp.TOTP(secret).at(clock.now().timestamp()), PASSWORD)
    asked = entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE)
    for _ in range(entering.MOST_CODES):
        tries.forget()
        with pytest.raises(entering.Refused):
            entering.show_code(ctx, DOOR, asked.code_for or "", "wrong", HERE)

    with pytest.raises(entering.LinkOver):
        entering.show_code(ctx, DOOR, asked.code_for or "", codes[0], HERE)


def test_another_password_ends_what_only_waits_for_a_code(ctx: Context) -> None:
    _add(ctx)
    asker = door.by_cookie(ctx, DOOR, entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE).cookie or "")
    assert asker is not None
    secret = factors.new_secret()
    codes = myself.take_factor(ctx, asker, secret, pyotp.TOTP(secret).at(clock.now().timestamp()), PASSWORD)
    asked = entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE)
    myself.change_password(ctx, asker, PASSWORD, "another good password")

    with pytest.raises(entering.LinkOver):
        entering.show_code(ctx, DOOR, asked.code_for or "", codes[0], HERE)


def test_who_confirms_again_and_again_keeps_nobody_else_from_it(ctx: Context) -> None:
    askers = []
    for name in ("ana", "eve"):
        _add(ctx, name)
        asker = door.by_cookie(ctx, DOOR, entering.sign_in(ctx, DOOR, name, PASSWORD, HERE).cookie or "")
        assert asker is not None
        askers.append(asker)
    ana, eve = askers
    for _ in range(tries.OF_ADDRESS[0]):
        myself.drop_factor(ctx, eve, PASSWORD)

    with pytest.raises(tries.TooMany):
        myself.drop_factor(ctx, eve, PASSWORD)
    myself.drop_factor(ctx, ana, PASSWORD)


def test_the_right_password_does_not_allow_more_codes(ctx: Context) -> None:
    _add(ctx)
    asker = door.by_cookie(ctx, DOOR, entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE).cookie or "")
    assert asker is not None
    secret = factors.new_secret()
    myself.take_factor(ctx, asker, secret, pyotp.TOTP(secret).at(clock.now().timestamp()), PASSWORD)
    tries.forget()

    def guess() -> None:
        asked = entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE)
        entering.show_code(ctx, DOOR, asked.code_for or "", "123456x", HERE)

    for _ in range(2):
        with pytest.raises(entering.Refused):
            guess()
    with pytest.raises(tries.TooMany):
        guess()


def test_disabling_resetting_and_another_password_end_sessions(ctx: Context) -> None:
    def sign_in(name: str, password: str = PASSWORD) -> str:
        return entering.sign_in(ctx, DOOR, name, password, HERE).cookie or ""

    _add(ctx)
    _add(ctx, "ben")
    first, second, bens = sign_in("ana"), sign_in("ana"), sign_in("ben")
    ana = door.by_cookie(ctx, DOOR, first)
    assert ana is not None

    myself.change_password(ctx, ana, PASSWORD, "another good password")
    assert [door.by_cookie(ctx, DOOR, one) is not None for one in (first, second)] == [True, False]
    users.disable(ctx, OWNER, "ben")
    assert door.by_cookie(ctx, DOOR, bens) is None
    made = users.reset(ctx, OWNER, "ana")
    assert door.by_cookie(ctx, DOOR, first) is None
    assert (made.user.state, made.user.has_second_factor) == ("invited", False)
    with pytest.raises(entering.Refused):
        sign_in("ana", "another good password")
    with pytest.raises(Unknown):
        users.disable(ctx, OWNER, "nobody")


def test_a_change_of_rights_counts_from_the_next_request(ctx: Context) -> None:
    with ctx.database.transaction() as tx:
        bakery = make_account(tx, name="bakery").id
    _add(ctx)
    cookie = entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE).cookie or ""

    before = door.by_cookie(ctx, DOOR, cookie)
    assert before is not None

    users.edit(ctx, OWNER, "ana", role="viewer", accounts=["bakery"])

    assert door.held(ctx, DOOR, [before]) == set()
    asker = door.by_cookie(ctx, DOOR, cookie)
    assert asker is not None
    assert (asker.scopes, asker.accounts) == (frozenset({Scope.SELF, Scope.READ}), frozenset({bakery}))


@pytest.mark.parametrize(
    ("name", "role", "password"),
    [("", "viewer", PASSWORD), ("owner", "viewer", PASSWORD), ("ana", "king", PASSWORD), ("ana", "viewer", "short")],
)
def test_what_cannot_be_a_user_is_none(ctx: Context, name: str, role: str, password: str) -> None:
    with pytest.raises(Invalid):
        users.add(ctx, OWNER, name, role=role, password=password)
    assert users.list_users(ctx, OWNER) == []


def test_the_owner_is_no_user(ctx: Context) -> None:
    cookie = entering.follow_link(ctx, DOOR, links.link(ctx, OWNER).path.rpartition("/")[2], HERE).cookie or ""
    owner = door.by_cookie(ctx, DOOR, cookie)
    assert owner is not None
    with pytest.raises(NotPossible, match="the owner of the machine comes in by links"):
        myself.show(ctx, owner)


def test_nothing_secret_stands_in_clear(ctx: Context) -> None:
    _add(ctx)
    asker = door.by_cookie(ctx, DOOR, entering.sign_in(ctx, DOOR, "ana", PASSWORD, HERE).cookie or "")
    assert asker is not None
    secret = factors.new_secret()
    code = pyotp.TOTP(secret).at(clock.now().timestamp())
    codes = myself.take_factor(ctx, asker, secret, code, PASSWORD)
    link = users.invite(ctx, OWNER, "eve").link.path.rpartition("/")[2]
    secrets = [PASSWORD, secret, link, *codes, *(one.replace("-", "") for one in codes)]

    with ctx.database.transaction() as tx:
        rows = [
            row
            for table in ("users", "sessions", "links", "audit")
            for row in tx.scalars(text(f"SELECT t::text FROM {table} t"))  # noqa: S608 - our names
        ]
        entered = tx.query(AuditEntry).filter(AuditEntry.operation == "access.sign_in").one()
    assert not [(one, row) for one in secrets for row in rows if one in row]
    assert (entered.asker, entered.after) == ("door", {"user": "ana", "way": "password"})


def test_passwords_cost_what_is_stated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    passwords.forget()

    assert passwords.digest_of(PASSWORD).startswith("$argon2id$v=19$m=32768,t=3,p=1$")
    told = (ROOT / "docs/access.md").read_text()
    assert "32 MiB, 3 passes, 1 lane" in told
    assert f"Passwords** have {passwords.SHORTEST} to {passwords.LONGEST} characters" in told


def test_at_most_two_passwords_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "WAITS_S", 0.0)
    with passwords._turn(), passwords._turn(), pytest.raises(passwords.TooBusy):
        passwords.is_right(None, PASSWORD)
    assert passwords.is_right(None, PASSWORD) is False


def test_a_user_looks_after_their_own_way_in(ctx: Context, http: httpx.Client) -> None:
    _add(ctx)
    elsewhere = entering.sign_in(ctx, DOOR, "ana", PASSWORD, Visitor("<b>another</b>", "10.0.0.7")).cookie or ""
    http.post("/sign-in", data={"name": "ana", "password": PASSWORD})
    token = {"csrf_token": csrf_of(http.cookies[COOKIE])}

    shown = http.get("/me").text
    assert "&lt;b&gt;another&lt;/b&gt;" in shown
    ended = re.search(r"/me/sessions/(\d+)/end", shown)
    assert ended
    assert http.post(ended[0]).status_code == 403
    assert http.post(ended[0], data=token).status_code == 303
    unknown = http.post(f"/me/sessions/{'9' * 23}/end", data=token)
    assert (unknown.status_code, "you have no session" in unknown.text) == (422, True)
    assert door.by_cookie(ctx, DOOR, elsewhere) is None

    secret = _field(http.get("/me/factor"), "secret")
    code = pyotp.TOTP(secret).at(clock.now().timestamp())
    told = {"secret": secret, "password": PASSWORD} | token
    assert http.post("/me/factor", data=told | {"code": "1"}).status_code == 422
    assert http.post("/me/factor", data=told | {"code": code, "secret": "x"}).status_code == 422
    codes = re.findall(r"<code>([a-z2-7-]{19})</code>", http.post("/me/factor", data=told | {"code": code}).text)
    assert len(codes) == factors.RECOVERY_CODES
    assert "10 recovery codes are left" in http.get("/me").text
    assert http.post("/me/factor/drop", data=token | {"password": "wrong"}).status_code == 422
    assert http.post("/me/factor/drop", data=token | {"password": PASSWORD}).status_code == 303

    new = "another good password"
    wanted = token | {"old": PASSWORD, "new": new, "again": new}
    assert http.post("/me/password", data=wanted | {"again": "x"}).status_code == 422
    assert http.post("/me/password", data=wanted).status_code == 303
    assert entering.sign_in(ctx, DOOR, "ana", new, HERE).cookie


def test_whoever_is_not_signed_in_is_led_to_the_page_and_back(ctx: Context, http: httpx.Client) -> None:
    _add(ctx)
    asked = http.get("/me?x=1", headers={"Accept": "text/html"})
    assert (asked.status_code, asked.headers["location"]) == (303, "/sign-in?next=%2Fme%3Fx%3D1")
    assert http.get("/me").status_code == 401
    assert _field(http.get(asked.headers["location"]), "next") == "/me?x=1"


def test_the_owner_is_told_that_users_have_passwords(ctx: Context, http: httpx.Client) -> None:
    http.get(links.link(ctx, OWNER).path)
    assert "You came in as the owner" in http.get("/me").text
    assert http.get("/me/factor").status_code == 422


def test_pages_run_nothing_that_is_not_ours(http: httpx.Client) -> None:
    first, second = http.get("/sign-in"), http.get("/sign-in")
    policies = [one.headers["content-security-policy"] for one in (first, second)]
    nonces = [re.findall(r"'nonce-([^']+)'", one) for one in policies]

    assert "unsafe" not in policies[0]
    assert "default-src 'none'" in policies[0]
    assert "frame-ancestors 'none'" in policies[0]
    assert nonces[0] != nonces[1]
    assert "<script" not in first.text
    assert "<style" not in first.text
    assert first.headers["x-content-type-options"] == "nosniff"
    assert first.headers["referrer-policy"] == "no-referrer"
    assert http.get("/healthz").headers["x-content-type-options"] == "nosniff"
